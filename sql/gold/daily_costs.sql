-- Cost by day, project, service, region and labels as the charges bear them; what everything else adds up from.
-- grain: charge_date, project_id, service_name, environment, owner, team, tenant, product, region_id, billing_currency
-- partition: billing_month
select
    charge_date,
    project_id,
    project_name,
    service_name,
    environment,
    owner,
    team,
    tenant,
    product,
    region_id,
    billing_currency,
    cast(coalesce(sum(billed_cost), 0) as decimal(38, 12)) as billed_cost,
    count(*) as charges,
    billing_month
from silver.labelled_costs
group by all
