-- Charges beside the bill's own lines, per project, SKU and month, with the difference explained.
-- The bill rounds every line to the cent; an issued month may differ by no more than that, or says why.
-- grain: billing_month, project_id, sku, billing_currency
-- partition: billing_month
with

charged as (

    select
        billing_month,
        project_id,
        sku,
        billing_currency,
        coalesce(sum(billed_cost), 0) as charged_cost,
        count(*) as charges
    from silver.costs
    group by all

),

consumed as (

    select
        billing_month,
        project_id,
        sku,
        billing_currency,
        any_value(category_name) as category_name,
        sum(consumed_cost) as consumed_cost,
        count(*) as lines
    from silver.consumptions
    group by all

),

sides as (

    select
        coalesce(charged.billing_month, consumed.billing_month) as billing_month,
        coalesce(charged.project_id, consumed.project_id) as project_id,
        coalesce(charged.sku, consumed.sku) as sku,
        coalesce(charged.billing_currency, consumed.billing_currency) as billing_currency,
        consumed.category_name,
        charged.charged_cost,
        consumed.consumed_cost,
        cast(coalesce(consumed.consumed_cost, 0) - coalesce(charged.charged_cost, 0) as decimal(38, 12)) as residual,
        -- half a cent a line of the bill, half a nano a charge
        cast(
            0.005 * coalesce(consumed.lines, 1) + 0.0000000005 * coalesce(charged.charges, 0) as decimal(38, 12)
        ) as tolerance
    from charged
    full outer join consumed
        on
            charged.billing_month = consumed.billing_month
            and charged.project_id = consumed.project_id
            and charged.sku = consumed.sku
            and charged.billing_currency = consumed.billing_currency

),

explained as (

    select
        sides.*,
        months.is_final,
        case
            when abs(sides.residual) <= sides.tolerance and sides.consumed_cost is null
                then 'below half a cent, no line on the bill'
            when abs(sides.residual) <= sides.tolerance then 'rounding to the cent'
            when sides.charged_cost is null and (sides.category_name = 'Contracts' or sides.sku like '/billing/%')
                then 'contract line, billed without a charge'
            when not coalesce(months.is_final, false)
                then 'month not invoiced yet: charges and bill are read at different times'
            else 'unexplained'
        end as explanation
    from sides
    left join silver.billing_months as months on sides.billing_month = months.billing_month

)

select
    explained.project_id,
    coalesce(projects.project_name, explained.project_id) as project_name,
    explained.sku,
    explained.billing_currency,
    explained.charged_cost,
    explained.consumed_cost,
    explained.residual,
    explained.explanation,
    explained.tolerance,
    explained.explanation = 'unexplained' as is_alarm,
    explained.billing_month
from explained
left join silver.projects on explained.project_id = projects.project_id
