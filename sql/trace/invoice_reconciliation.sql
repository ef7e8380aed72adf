-- Behind the difference of bill and invoice: the consumption lines, and the invoice with the opposite sign.
-- figure: consumption_residual
with

invoices as (

    select *
    from silver.invoices
    where invoice_type = 'periodic' and invoice_state not in ('draft', 'voided')

),

lines as (

    select consumptions.*
    from silver.consumptions
    where
        exists (
            select 1
            from invoices
            where
                invoices.billing_month = consumptions.billing_month
                and invoices.billing_currency = consumptions.billing_currency
        )

)

select
    billing_month,
    billing_currency,
    project_id as project_name,
    sku,
    resource_label as resource_name,
    consumed_cost as amount,
    'consumption line' as evidence,
    concat_ws(' ', billing_month, unit) as evidence_key,
    answer_hash
from lines
union all
select
    billing_month,
    billing_currency,
    null as project_name,
    null as sku,
    null as resource_name,
    -undiscounted_cost as amount,
    'invoice' as evidence,
    invoice_id as evidence_key,
    answer_hash
from invoices
