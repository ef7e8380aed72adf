-- Cost by month, project, service, environment, owner and region, with euros per day beside the total.
-- grain: billing_month, project_id, service_name, environment, owner, region_id, billing_currency
-- partition: billing_month
with

sums as (

    select
        billing_month,
        project_id,
        project_name,
        service_name,
        environment,
        owner,
        region_id,
        billing_currency,
        sum(billed_cost) as billed_cost
    from gold.daily_costs
    group by all

)

select
    sums.project_id,
    sums.project_name,
    sums.service_name,
    sums.environment,
    sums.owner,
    sums.region_id,
    sums.billing_currency,
    cast(sums.billed_cost as decimal(38, 12)) as billed_cost,
    months.days_read as charged_days,
    cast(sums.billed_cost / months.days_read as decimal(38, 12)) as cost_per_day,
    sums.billing_month
from sums
inner join silver.billing_months as months on sums.billing_month = months.billing_month
