-- What building and deploying costs by day and part: of products units.ci_products and pools units.ci_pools, buckets
-- are artifacts and the rest runners; all of the Container Registry is the registry; what is left of the environments
-- units.ephemeral_environments is ephemeral. product is whose it is, null for what services have in common. is_own is
-- what the CI is charged itself, no share of another pool.
-- grain: charge_date, part, product, is_own, billing_currency
-- partition: billing_month
with

settings as (

    select
        coalesce(ci_products, []) as ci_products,
        coalesce(ci_pools, []) as ci_pools,
        coalesce(ephemeral_environments, []) as ephemeral_environments
    from silver.unit_settings

),

marked as (

    select
        costs.charge_date,
        costs.product,
        costs.service_name,
        costs.is_direct,
        costs.billed_cost,
        costs.billing_currency,
        costs.billing_month,
        coalesce(list_contains(settings.ci_products, costs.product), false) as has_ci_product,
        coalesce(list_contains(settings.ci_pools, costs.pool), false) as has_ci_pool,
        coalesce(list_contains(settings.ephemeral_environments, costs.environment), false) as is_ephemeral
    from gold.allocated_costs as costs
    cross join settings

)

select
    charge_date,
    case
        when service_name = 'Container Registry' then 'registry'
        when (has_ci_product or has_ci_pool) and service_name = 'Object Storage' then 'artifacts'
        when has_ci_product or has_ci_pool then 'runners'
        else 'ephemeral'
    end as part,
    case when not has_ci_product then lower(product) end as product,
    is_direct or has_ci_pool or service_name = 'Container Registry' as is_own,
    cast(sum(billed_cost) as decimal(38, 12)) as billed_cost,
    billing_currency,
    billing_month
from marked
where service_name = 'Container Registry' or has_ci_product or has_ci_pool or is_ephemeral
group by all
