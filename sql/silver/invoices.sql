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
        invoice,
        answer_hash,
        invoice.total_undiscount as undiscount,
        invoice.total_discount as reduction,
        invoice.total_untaxed as untaxed,
        invoice.total_tax as tax_part,
        invoice.total_taxed as taxed,
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
    -- an amount may leave out one of its parts; one without any stays unknown
    cast(
        cast(coalesce(undiscount.units, case when undiscount.nanos is not null then 0 end) as decimal(38, 9))
        + cast(coalesce(undiscount.nanos, 0) as decimal(18, 0)) * nano as decimal(38, 12)
    ) as undiscounted_cost,
    cast(
        cast(coalesce(reduction.units, case when reduction.nanos is not null then 0 end) as decimal(38, 9))
        + cast(coalesce(reduction.nanos, 0) as decimal(18, 0)) * nano as decimal(38, 12)
    ) as discount,
    cast(
        cast(coalesce(untaxed.units, case when untaxed.nanos is not null then 0 end) as decimal(38, 9))
        + cast(coalesce(untaxed.nanos, 0) as decimal(18, 0)) * nano as decimal(38, 12)
    ) as untaxed_cost,
    cast(
        cast(coalesce(tax_part.units, case when tax_part.nanos is not null then 0 end) as decimal(38, 9))
        + cast(coalesce(tax_part.nanos, 0) as decimal(18, 0)) * nano as decimal(38, 12)
    ) as tax,
    cast(
        cast(coalesce(taxed.units, case when taxed.nanos is not null then 0 end) as decimal(38, 9))
        + cast(coalesce(taxed.nanos, 0) as decimal(18, 0)) * nano as decimal(38, 12)
    ) as taxed_cost,
    coalesce(nullif(undiscount.currency_code, ''), untaxed.currency_code) as billing_currency,
    answer_hash
from amounts
