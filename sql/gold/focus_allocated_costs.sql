-- Allocated cost in FOCUS's words: Scaleway's and imported charges by day, with the Allocated columns of FOCUS 1.3
-- where a shared pool was split. The bearer's labels name what the cost is allocated to; a part that could not be split
-- has no allocated resource. Direct cost has none of these columns.
-- grain: charge_date, sub_account_id, service_name, region_id, labels, pool, allocated_method_id, billing_currency
-- partition: billing_month
-- stored: view
with

lines as (

    select
        'Scaleway' as provider_name,
        * replace (cast(billed_cost as decimal(38, 18)) as billed_cost)
    from gold.allocated_costs
    union all by name
    select
        'imported' as provider_name,
        *
    from gold.allocated_imports

),

described as (

    select
        *,
        cast(
            json_merge_patch(
                '{}',
                json_object(
                    'owner', owner, 'team', team, 'environment', environment, 'tenant', tenant, 'product', product
                )
            ) as varchar
        ) as labels,
        concat_ws(
            ', ', 'product ' || product, 'tenant ' || tenant, 'team ' || team, 'owner ' || owner,
            'environment ' || environment
        ) as bearer
    from lines

)

select
    provider_name,
    charge_date,
    cast(charge_date as timestamptz) as charge_period_start,
    cast(charge_date + 1 as timestamptz) as charge_period_end,
    project_id as sub_account_id,
    project_name as sub_account_name,
    service_name,
    nullif(region_id, 'unknown') as region_id,
    labels,
    pool,
    case when not is_direct then allocation_method end as allocated_method_id,
    allocation_detail as allocated_method_details,
    case when not is_direct and allocation_method <> 'unallocated' then coalesce(nullif(bearer, ''), 'nobody known') end
        as allocated_resource_id,
    case when not is_direct and allocation_method <> 'unallocated' then coalesce(nullif(bearer, ''), 'nobody known') end
        as allocated_resource_name,
    case when not is_direct and allocation_method <> 'unallocated' then labels end as allocated_tags,
    billed_cost,
    billed_cost as effective_cost,
    billed_cost as contracted_cost,
    billing_currency,
    billing_month
from described
