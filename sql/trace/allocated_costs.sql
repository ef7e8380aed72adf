-- Behind what somebody bears: the charges labelled as theirs; of a shared pool all charges of that day, project,
-- service and region, and what others bear of these with the opposite sign.
-- grain: charge_date, project_id, service_name, region_id, owner, team, environment, tenant, product
-- grain: pool, allocation_method, billing_currency
-- figure: billed_cost
with

direct as (

    select costs.*
    from silver.labelled_costs as costs
    where
        costs.pool is null
        and exists (
            select 1
            from chosen
            where
                chosen.is_direct
                and chosen.charge_date = costs.charge_date
                and chosen.billing_currency = costs.billing_currency
                and chosen.project_id is not distinct from costs.project_id
                and chosen.service_name = costs.service_name
                and chosen.region_id = costs.region_id
                and chosen.owner is not distinct from costs.owner
                and chosen.team is not distinct from costs.team
                and chosen.environment is not distinct from nullif(costs.environment, 'unknown')
                and chosen.tenant is not distinct from costs.tenant
                and chosen.product is not distinct from costs.product
        )

),

pooled as (

    select costs.*
    from silver.labelled_costs as costs
    where
        exists (
            select 1
            from chosen
            where
                chosen.pool = costs.pool
                and chosen.charge_date = costs.charge_date
                and chosen.billing_currency = costs.billing_currency
                and chosen.project_id is not distinct from costs.project_id
                and chosen.service_name = costs.service_name
                and chosen.region_id = costs.region_id
        )

),

others as (

    select *
    from gold.allocated_costs
    where
        exists (
            select 1
            from chosen
            where
                chosen.pool = allocated_costs.pool
                and chosen.charge_date = allocated_costs.charge_date
                and chosen.billing_currency = allocated_costs.billing_currency
                and chosen.project_id is not distinct from allocated_costs.project_id
                and chosen.service_name = allocated_costs.service_name
                and chosen.region_id = allocated_costs.region_id
        )
        and not exists (
            select 1
            from chosen
            where
                chosen.pool = allocated_costs.pool
                and chosen.allocation_method = allocated_costs.allocation_method
                and chosen.charge_date = allocated_costs.charge_date
                and chosen.billing_currency = allocated_costs.billing_currency
                and chosen.project_id is not distinct from allocated_costs.project_id
                and chosen.service_name = allocated_costs.service_name
                and chosen.region_id = allocated_costs.region_id
                and chosen.owner is not distinct from allocated_costs.owner
                and chosen.team is not distinct from allocated_costs.team
                and chosen.environment is not distinct from allocated_costs.environment
                and chosen.tenant is not distinct from allocated_costs.tenant
                and chosen.product is not distinct from allocated_costs.product
        )

),

charges as (

    select
        *,
        'charge' as evidence
    from direct
    union all by name
    select
        *,
        'charge of the pool' as evidence
    from pooled

)

select
    charge_date,
    project_name,
    sku,
    resource_name,
    billing_currency,
    billed_cost as amount,
    evidence,
    charge_key as evidence_key,
    answer_hash
from charges
union all
select
    charge_date,
    project_name,
    null as sku,
    concat_ws(', ', owner, team, environment, tenant, product) as resource_name,
    billing_currency,
    -billed_cost as amount,
    'borne by others' as evidence,
    concat_ws(' of ', allocation_method, pool) as evidence_key,
    null as answer_hash
from others
