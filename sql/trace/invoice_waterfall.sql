-- Behind a step of the waterfall: the consumption lines it adds up, or the invoices that say it.
-- figure: amount
with

lines as (

    select
        *,
        case
            when category_name = 'Contracts' or sku like '/billing/%' then 3
            when sku like '/offer/%' or sku like '%/free-tier/%' then 2
            else 1
        end as own_step
    from silver.consumptions

),

agreed as (

    select
        billing_month,
        billing_currency,
        cast(round(denominator - charged_cost, 2) as decimal(38, 12)) as taken_off
    from gold.effective_savings_rate
    where
        reason is null
        and denominator > charged_cost
        and (committed_cost > 0 or denominator - charged_cost > denominator * cast(0.01 as decimal(4, 2)))

),

steps as (

    select unnest([1, 2, 3, 4]) as step_number

),

invoices as (

    select *
    from silver.invoices
    where invoice_type = 'periodic' and invoice_state not in ('draft', 'voided')

),

said as (

    select
        invoice_id,
        billing_month,
        billing_currency,
        answer_hash,
        5 as step_number,
        undiscounted_cost as amount
    from invoices
    union all
    select
        invoice_id,
        billing_month,
        billing_currency,
        answer_hash,
        6 as step_number,
        discount as amount
    from invoices
    union all
    select
        invoice_id,
        billing_month,
        billing_currency,
        answer_hash,
        7 as step_number,
        untaxed_cost as amount
    from invoices
    union all
    select
        invoice_id,
        billing_month,
        billing_currency,
        answer_hash,
        8 as step_number,
        tax as amount
    from invoices
    union all
    select
        invoice_id,
        billing_month,
        billing_currency,
        answer_hash,
        9 as step_number,
        taxed_cost as amount
    from invoices

)

select
    lines.billing_month,
    steps.step_number,
    lines.billing_currency,
    lines.project_id as project_name,
    lines.sku,
    lines.resource_label as resource_name,
    lines.consumed_cost as amount,
    'consumption line' as evidence,
    concat_ws(' ', lines.billing_month, lines.unit) as evidence_key,
    lines.answer_hash
from lines
inner join steps on lines.own_step = steps.step_number or steps.step_number = 4
union all
select
    billing_month,
    step_number,
    billing_currency,
    null as project_name,
    null as sku,
    null as resource_name,
    amount,
    'invoice' as evidence,
    invoice_id as evidence_key,
    answer_hash
from said
union all
-- the step between consumption and invoice is the invoice less the consumption
select
    billing_month,
    5 as step_number,
    billing_currency,
    project_id as project_name,
    sku,
    resource_label as resource_name,
    -consumed_cost as amount,
    'consumption line' as evidence,
    concat_ws(' ', billing_month, unit) as evidence_key,
    answer_hash
from lines
union all
-- what lines are net of: in the list price, and taken off in the step after it
select
    agreed.billing_month,
    sides.step_number,
    agreed.billing_currency,
    null as project_name,
    null as sku,
    null as resource_name,
    cast(case when sides.step_number = 1 then agreed.taken_off else -agreed.taken_off end as decimal(38, 12)) as amount,
    'gold.effective_savings_rate' as evidence,
    agreed.billing_month as evidence_key,
    null as answer_hash
from agreed
cross join (values (1), (3)) as sides (step_number)
