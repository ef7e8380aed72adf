-- Cost by month, project, service, environment, owner and region, with euros per day beside the total.
-- grain: billing_month, project_id, service_name, environment, owner, region_id, billing_currency
-- partition: billing_month
with

months as (

    select
        billing_month,
        days_read
    from silver.billing_months

)

select
    daily_costs.project_id,
    daily_costs.project_name,
    daily_costs.service_name,
    daily_costs.environment,
    daily_costs.owner,
    daily_costs.region_id,
    daily_costs.billing_currency,
    cast(sum(daily_costs.billed_cost) as decimal(38, 12)) as billed_cost,
    months.days_read as charged_days,
    cast(sum(daily_costs.billed_cost) / months.days_read as decimal(38, 12)) as cost_per_day,
    daily_costs.billing_month
from gold.daily_costs
inner join months on daily_costs.billing_month = months.billing_month
group by all
