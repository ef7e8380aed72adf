-- Daily costs by every scope in which they are judged: the organization, projects, services, regions, SKUs, resources
-- and labels. Costs are before vouchers and tax. What is bought by the month, invoiced apart or lowers the bill (plans,
-- contracts, credits, free tiers) moves on its own calendar and is left out.
-- grain: level, project_id, service_name, region_id, sku, resource_id, label_key, label_value, billing_currency, day
-- partition: billing_month
with

costs as (

    select
        costs.charge_date,
        costs.project_id,
        costs.service_name,
        costs.region_id,
        costs.sku,
        coalesce(costs.resource_id, '') as resource_id,
        costs.team,
        costs.environment,
        costs.product,
        costs.billing_currency,
        costs.billing_month,
        cast(sum(costs.billed_cost) as decimal(38, 12)) as billed_cost
    from silver.labelled_costs as costs
    left join silver.billing_behaviours as behaviours on costs.sku = behaviours.sku
    where
        costs.billed_cost is not null
        and costs.billing_currency is not null
        and coalesce(behaviours.behaviour, 'usage') not in ('fixed', 'credits')
    group by all

),

summed as (

    select
        charge_date,
        project_id,
        service_name,
        region_id,
        sku,
        resource_id,
        team,
        environment,
        product,
        billing_currency,
        billing_month,
        case
            when grouping(resource_id) = 0 then 'resource'
            when grouping(sku) = 0 then 'sku'
            when grouping(region_id) = 0 then 'region'
            when grouping(service_name) = 0 then 'service'
            when grouping(project_id) = 0 then 'project'
            when grouping(team) = 0 then 'team'
            when grouping(environment) = 0 then 'environment'
            when grouping(product) = 0 then 'product'
            else 'organization'
        end as cut,
        cast(sum(billed_cost) as decimal(38, 12)) as billed_cost
    from costs
    group by grouping sets (
        (billing_month, billing_currency, charge_date),
        (billing_month, billing_currency, charge_date, project_id),
        (billing_month, billing_currency, charge_date, project_id, service_name),
        (billing_month, billing_currency, charge_date, project_id, region_id),
        (billing_month, billing_currency, charge_date, project_id, service_name, sku),
        (billing_month, billing_currency, charge_date, project_id, service_name, resource_id),
        (billing_month, billing_currency, charge_date, team),
        (billing_month, billing_currency, charge_date, environment),
        (billing_month, billing_currency, charge_date, product)
    )

)

select
    case when cut in ('team', 'environment', 'product') then 'label' else cut end as level,
    charge_date as day,
    project_id,
    service_name,
    region_id,
    sku,
    resource_id,
    case when cut in ('team', 'environment', 'product') then cut end as label_key,
    coalesce(team, environment, product) as label_value,
    billing_currency,
    billed_cost,
    billing_month
from summed
where
    -- a charge that names no resource, or bears no label, is judged in the wider scopes
    (cut <> 'resource' or resource_id <> '')
    and (cut not in ('team', 'environment', 'product') or coalesce(team, environment, product) is not null)
