-- Who spends most: projects, services, owners and resources by rank, with the change against the month before.
-- grain: billing_month, dimension, item_id, billing_currency
-- partition: billing_month
-- reads: silver.labelled_costs 1 month back
with

charges as (

    select
        days.billing_month,
        days.is_previous,
        costs.project_id,
        costs.project_name,
        costs.service_name,
        costs.owner,
        costs.resource_id,
        costs.resource_name,
        costs.billing_currency,
        sum(costs.billed_cost) as billed_cost
    from gold.comparison_days as days
    inner join silver.labelled_costs as costs on days.charge_date = costs.charge_date
    group by all

),

items as (

    select
        billing_month,
        is_previous,
        billing_currency,
        billed_cost,
        'project' as dimension,
        project_id as item_id,
        project_name as item_name,
        owner
    from charges
    union all
    select
        billing_month,
        is_previous,
        billing_currency,
        billed_cost,
        'service' as dimension,
        service_name as item_id,
        service_name as item_name,
        owner
    from charges
    union all
    select
        billing_month,
        is_previous,
        billing_currency,
        billed_cost,
        'owner' as dimension,
        coalesce(owner, '') as item_id,
        owner as item_name,
        owner
    from charges
    union all
    select
        billing_month,
        is_previous,
        billing_currency,
        billed_cost,
        'resource' as dimension,
        resource_id as item_id,
        coalesce(resource_name, resource_id) as item_name,
        owner
    from charges
    where resource_id is not null

),

owners as (

    -- the owner shown is the one most of the item's cost belongs to
    select
        billing_month,
        dimension,
        item_id,
        billing_currency,
        arg_max(owner, owned_cost) as owner
    from (
        select
            billing_month,
            dimension,
            item_id,
            billing_currency,
            owner,
            sum(billed_cost) as owned_cost
        from items
        where owner is not null and not is_previous
        group by all
    )
    group by all

),

totals as (

    select
        billing_month,
        dimension,
        item_id,
        billing_currency,
        max(item_name) as item_name,
        coalesce(sum(billed_cost) filter (where not is_previous), 0) as billed_cost,
        coalesce(sum(billed_cost) filter (where is_previous), 0) as previous_cost
    from items
    group by all

),

known as (

    -- the month before must have been read at all: missing is not zero
    select
        billing_month,
        bool_or(is_previous) as knows_previous
    from charges
    group by billing_month

),

sums as (

    select
        totals.* exclude (previous_cost),
        case when known.knows_previous then totals.previous_cost end as previous_cost
    from totals
    inner join known on totals.billing_month = known.billing_month

),

lengths as (

    select
        billing_month,
        count(*) filter (where not is_previous) as days,
        count(*) filter (where is_previous) as previous_days
    from gold.comparison_days
    group by billing_month

)

select
    sums.dimension,
    row_number() over (
        partition by sums.billing_month, sums.dimension, sums.billing_currency
        order by sums.billed_cost desc, sums.item_id
    ) as rank,
    sums.item_id,
    sums.item_name,
    owners.owner,
    sums.billing_currency,
    cast(sums.billed_cost as decimal(38, 12)) as billed_cost,
    cast(
        sums.billed_cost
        / nullif(sum(sums.billed_cost) over (partition by sums.billing_month, sums.dimension, sums.billing_currency), 0)
        as decimal(38, 12)
    ) as cost_share,
    cast(sums.previous_cost as decimal(38, 12)) as previous_cost,
    cast(sums.billed_cost - sums.previous_cost as decimal(38, 12)) as delta_cost,
    cast(sums.billed_cost / lengths.days as decimal(38, 12)) as cost_per_day,
    cast(sums.previous_cost / lengths.previous_days as decimal(38, 12)) as previous_cost_per_day,
    cast(sums.billed_cost / lengths.days - sums.previous_cost / lengths.previous_days as decimal(38, 12))
        as delta_cost_per_day,
    sums.billing_month
from sums
inner join lengths on sums.billing_month = lengths.billing_month
left join owners
    on
        sums.billing_month = owners.billing_month
        and sums.dimension = owners.dimension
        and sums.item_id = owners.item_id
        and sums.billing_currency = owners.billing_currency
