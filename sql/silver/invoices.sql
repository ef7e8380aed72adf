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
        cast(invoice.total_undiscount.units as decimal(38, 9))
        + cast(invoice.total_undiscount.nanos as decimal(18, 0)) * nano as decimal(38, 12)
    ) as undiscounted_cost,
    cast(
        cast(invoice.total_discount.units as decimal(38, 9))
        + cast(invoice.total_discount.nanos as decimal(18, 0)) * nano as decimal(38, 12)
    ) as discount,
    cast(
        cast(invoice.total_untaxed.units as decimal(38, 9))
        + cast(invoice.total_untaxed.nanos as decimal(18, 0)) * nano as decimal(38, 12)
    ) as untaxed_cost,
    cast(
        cast(invoice.total_tax.units as decimal(38, 9))
        + cast(invoice.total_tax.nanos as decimal(18, 0)) * nano as decimal(38, 12)
    ) as tax,
    cast(
        cast(invoice.total_taxed.units as decimal(38, 9))
        + cast(invoice.total_taxed.nanos as decimal(18, 0)) * nano as decimal(38, 12)
    ) as taxed_cost,
    coalesce(nullif(invoice.total_undiscount.currency_code, ''), invoice.total_untaxed.currency_code)
        as billing_currency,
    answer_hash
from amounts
