-- Invoices as issued, with the signs Scaleway gives: a discount is negative.
-- grain: invoice_id
-- partition: none
with

items as (

    select
        invoices.answer_hash,
        json_transform(
            invoices.item,
            '{
                "id": "VARCHAR", "organization_id": "VARCHAR", "organization_name": "VARCHAR", "type": "VARCHAR",
                "state": "VARCHAR", "number": "VARCHAR", "seller_name": "VARCHAR", "billing_period": "VARCHAR",
                "start_date": "VARCHAR", "stop_date": "VARCHAR", "issued_date": "VARCHAR", "due_date": "VARCHAR",
                "total_untaxed": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"},
                "total_taxed": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"},
                "total_tax": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"},
                "total_discount": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"},
                "total_undiscount": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"}
            }'
        ) as invoice
    from bronze.invoices
    inner join silver.latest_answers on invoices.answer_hash = latest_answers.answer_hash
    where latest_answers.source = 'billing.invoices'

),

amounts as (

    select
        *,
        cast(0.000000001 as decimal(10, 9)) as nano
    from items

)

select
    invoice.id as invoice_id,
    strftime(cast(invoice.billing_period as timestamptz), '%Y-%m') as billing_month,
    invoice.organization_id,
    invoice.organization_name,
    invoice.type as invoice_type,
    invoice.state as invoice_state,
    invoice.number as invoice_number,
    invoice.seller_name,
    cast(invoice.start_date as timestamptz) as period_start,
    cast(invoice.stop_date as timestamptz) as period_inclusive_end,
    cast(invoice.issued_date as timestamptz) as issued_at,
    cast(invoice.due_date as timestamptz) as due_at,
    cast(
        cast(
            coalesce(
                invoice.total_undiscount.units, case when invoice.total_undiscount.nanos is not null then 0 end
            ) as decimal(38, 9)
        )
        + cast(coalesce(invoice.total_undiscount.nanos, 0) as decimal(18, 0)) * nano as decimal(38, 12)
    ) as undiscounted_cost,
    cast(
        cast(
            coalesce(invoice.total_discount.units, case when invoice.total_discount.nanos is not null then 0 end) as decimal(
                38, 9
            )
        )
        + cast(coalesce(invoice.total_discount.nanos, 0) as decimal(18, 0)) * nano as decimal(38, 12)
    ) as discount,
    cast(
        cast(
            coalesce(invoice.total_untaxed.units, case when invoice.total_untaxed.nanos is not null then 0 end) as decimal(
                38, 9
            )
        )
        + cast(coalesce(invoice.total_untaxed.nanos, 0) as decimal(18, 0)) * nano as decimal(38, 12)
    ) as untaxed_cost,
    cast(
        cast(coalesce(invoice.total_tax.units, case when invoice.total_tax.nanos is not null then 0 end) as decimal(38, 9))
        + cast(coalesce(invoice.total_tax.nanos, 0) as decimal(18, 0)) * nano as decimal(38, 12)
    ) as tax,
    cast(
        cast(
            coalesce(invoice.total_taxed.units, case when invoice.total_taxed.nanos is not null then 0 end) as decimal(38, 9)
        )
        + cast(coalesce(invoice.total_taxed.nanos, 0) as decimal(18, 0)) * nano as decimal(38, 12)
    ) as taxed_cost,
    coalesce(nullif(invoice.total_undiscount.currency_code, ''), invoice.total_untaxed.currency_code)
        as billing_currency,
    answer_hash
from amounts
