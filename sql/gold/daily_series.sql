-- Cost by day, project, service and billing behaviour: the series that forecasts are made of.
-- grain: charge_date, project_id, service_name, behaviour, billing_currency
-- partition: billing_month
select
    costs.charge_date,
    costs.project_id,
    costs.project_name,
    costs.service_name,
    coalesce(behaviours.behaviour, 'usage') as behaviour,
    costs.billing_currency,
    cast(coalesce(sum(costs.billed_cost), 0) as decimal(38, 12)) as billed_cost,
    costs.billing_month
from silver.labelled_costs as costs
left join silver.billing_behaviours as behaviours on costs.sku = behaviours.sku
group by all
