-- What each product bears of all bills by day and environment, those of other providers included: direct_cost is what
-- carries its label, loaded_cost adds its share of shared pools. is_scaleway and providers say whose bills these are.
-- Cost that no product bears has rows without one, cost of no known environment is in 'unknown'.
-- grain: charge_date, product, environment, billing_currency
-- partition: billing_month
-- stored: view
with

imported as (

    select
        lines.charge_date,
        lines.product,
        lines.environment,
        lines.billing_currency,
        lines.billing_month,
        lines.allocation_method,
        lines.is_direct,
        lines.billed_cost,
        providers.providers
    from gold.allocated_imports as lines
    left join silver.unit_providers as providers
        on lines.project_id = providers.project_id and lines.billing_month = providers.billing_month

),

billed as (

    select
        charge_date,
        case when allocation_method <> 'unallocated' then product end as product,
        coalesce(environment, 'unknown') as environment,
        billing_currency,
        billing_month,
        cast(
            case when bool_or(is_direct) then sum(billed_cost) filter (where is_direct) else 0 end as decimal(38, 18)
        ) as direct_cost,
        cast(sum(billed_cost) as decimal(38, 18)) as loaded_cost,
        bool_or(is_direct) as has_direct,
        true as is_scaleway,
        cast(null as varchar) as providers
    from gold.allocated_costs
    group by all
    union all by name
    select
        charge_date,
        case when allocation_method <> 'unallocated' then product end as product,
        coalesce(environment, 'unknown') as environment,
        billing_currency,
        billing_month,
        case when bool_or(is_direct) then sum(billed_cost) filter (where is_direct) else 0 end as direct_cost,
        sum(billed_cost) as loaded_cost,
        bool_or(is_direct) as has_direct,
        false as is_scaleway,
        providers
    from imported
    group by all

)

select
    charge_date,
    product,
    environment,
    billing_currency,
    billing_month,
    sum(direct_cost) as direct_cost,
    sum(loaded_cost) as loaded_cost,
    bool_or(has_direct) as has_direct,
    bool_or(is_scaleway) as is_scaleway,
    string_agg(distinct providers, ', ' order by providers) as providers
from billed
group by all
