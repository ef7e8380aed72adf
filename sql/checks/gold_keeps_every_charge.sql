-- The daily costs add up to the charges, to the last decimal, whatever was joined in between.
-- checks: gold.daily_costs
-- severity: error
with

charged as (

    select
        billing_month,
        billing_currency,
        coalesce(sum(billed_cost), 0) as billed_cost
    from silver.costs
    group by all

),

shown as (

    select
        billing_month,
        billing_currency,
        sum(billed_cost) as billed_cost
    from gold.daily_costs
    group by all

)

select
    coalesce(charged.billing_month, shown.billing_month) as billing_month,
    charged.billed_cost as charged_cost,
    shown.billed_cost as shown_cost
from charged
full outer join shown
    on charged.billing_month = shown.billing_month and charged.billing_currency = shown.billing_currency
where charged.billed_cost is distinct from shown.billed_cost
