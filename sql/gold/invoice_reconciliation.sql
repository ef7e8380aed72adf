-- The month's three views of one bill side by side: charges, consumption lines, invoice.
-- Products invoiced apart have an invoice of their own and are in neither charges nor consumption.
-- grain: billing_month, billing_currency
-- partition: billing_month
with

lines as (

    select
        billing_month,
        billing_currency,
        cast(coalesce(sum(charged_cost), 0) as decimal(38, 12)) as charged_cost,
        cast(coalesce(sum(consumed_cost), 0) as decimal(38, 12)) as consumed_cost,
        cast(coalesce(sum(residual) filter (where explanation = 'rounding to the cent'), 0) as decimal(38, 12))
            as rounding_residual,
        cast(coalesce(sum(residual) filter (where explanation like 'contract%'), 0) as decimal(38, 12))
            as contract_residual,
        cast(coalesce(sum(residual) filter (where is_alarm), 0) as decimal(38, 12)) as unexplained_residual,
        count(*) filter (where is_alarm) as alarms
    from gold.reconciliation
    group by all

),

invoices as (

    select
        billing_month,
        billing_currency,
        sum(undiscounted_cost) filter (where invoice_type = 'periodic' and invoice_state not in ('draft', 'voided'))
            as invoiced_cost,
        sum(untaxed_cost) filter (where invoice_type = 'purchase') as invoiced_apart_cost,
        sum(untaxed_cost) filter (where invoice_type = 'credit_note') as credit_note_cost
    from silver.invoices
    group by all

)

select
    lines.billing_currency,
    lines.charged_cost,
    lines.consumed_cost,
    cast(invoices.invoiced_cost as decimal(38, 12)) as invoiced_cost,
    cast(lines.consumed_cost - invoices.invoiced_cost as decimal(38, 12)) as consumption_residual,
    cast(lines.consumed_cost - lines.charged_cost as decimal(38, 12)) as charge_residual,
    lines.rounding_residual,
    lines.contract_residual,
    lines.unexplained_residual,
    lines.alarms,
    months.invoice_state,
    cast(coalesce(invoices.invoiced_apart_cost, 0) as decimal(38, 12)) as invoiced_apart_cost,
    cast(coalesce(invoices.credit_note_cost, 0) as decimal(38, 12)) as credit_note_cost,
    lines.billing_month
from lines
left join invoices
    on lines.billing_month = invoices.billing_month and lines.billing_currency = invoices.billing_currency
left join silver.billing_months as months on lines.billing_month = months.billing_month
