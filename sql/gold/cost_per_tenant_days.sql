-- What each tenant bears of production by day: its tagged cost, plus its share of the cost that the tenants of a
-- product have in common, by the requests of that day, else by the GB stored for each that day. Shares of pools that
-- were split by tenant (also by weight) come as the allocation gives them. Parts add up to the whole to the last
-- decimal. What no tenant bears, and cost of no known environment, has no tenant; other environments are left out.
-- direct_cost is what carries the tenant's tag, has_direct whether anything does.
-- grain: charge_date, tenant, billing_currency
-- partition: billing_month
with

costs as (

    select
        charge_date,
        case when environment = 'prod' and allocation_method <> 'unallocated' then product end as product,
        case when environment = 'prod' and allocation_method <> 'unallocated' then tenant end as tenant,
        is_direct,
        billing_currency,
        sum(billed_cost) as billed_cost,
        billing_month
    from gold.allocated_costs
    where coalesce(environment, 'unknown') in ('prod', 'shared', 'unknown')
    group by all

),

requests as (

    select
        usage_date,
        product,
        tenant,
        1 as preference,
        cast(cast(sum(requests) as decimal(32, 6)) * 1000000 as hugeint) as weight
    from silver.unit_requests
    where is_tenant_driver and environment = 'prod'
    group by usage_date, product, tenant
    having sum(requests) > 0

),

stored as (

    select
        usage_date,
        product,
        tenant,
        2 as preference,
        cast(cast(sum(gb_hours) as decimal(32, 6)) * 1000000 as hugeint) as weight
    from silver.unit_storage_days
    where environment = 'prod'
    group by usage_date, product, tenant
    having sum(gb_hours) > 0

),

told as (

    select * from requests
    union all
    select * from stored

),

-- the first of both that names a tenant
drivers as (

    select *
    from told
    where product is not null
    qualify
        preference = min(preference) filter (where tenant is not null) over (partition by usage_date, product)

),

running as (

    select
        *,
        sum(weight) over (partition by usage_date, product order by tenant nulls last) as weight_until,
        sum(weight) over (partition by usage_date, product) as whole_weight
    from drivers

),

common as (

    select
        charge_date,
        product,
        billing_currency,
        cast(cast(sum(billed_cost) as decimal(26, 12)) * 1000000000000 as hugeint) as amount,
        billing_month
    from costs
    where tenant is null and product is not null
    group by all

),

-- parts of a running total add up to it; requests of no known tenant keep their part unattributed
shares as (

    select
        common.charge_date,
        running.tenant,
        common.billing_currency,
        cast(
            cast(
                common.amount * running.weight_until // running.whole_weight
                - common.amount * (running.weight_until - running.weight) // running.whole_weight as decimal(38, 0)
            ) * cast(0.000000000001 as decimal(12, 12)) as decimal(38, 12)
        ) as loaded_cost,
        common.billing_month
    from common
    inner join running on common.charge_date = running.usage_date and common.product = running.product

),

borne as (

    select
        charge_date,
        tenant,
        billing_currency,
        case when is_direct then billed_cost else 0 end as direct_cost,
        billed_cost as loaded_cost,
        is_direct,
        billing_month
    from costs
    where
        tenant is not null
        or product is null
        or not exists (
            select 1
            from running
            where running.usage_date = costs.charge_date and running.product = costs.product
        )
    union all
    select
        charge_date,
        tenant,
        billing_currency,
        0 as direct_cost,
        loaded_cost,
        false as is_direct,
        billing_month
    from shares

)

select
    charge_date,
    tenant,
    billing_currency,
    cast(sum(direct_cost) as decimal(38, 12)) as direct_cost,
    cast(sum(loaded_cost) as decimal(38, 12)) as loaded_cost,
    bool_or(is_direct) as has_direct,
    billing_month
from borne
group by all
