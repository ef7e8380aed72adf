-- GB-hours (10^9 bytes) of each bucket, volume and snapshot by storage class and day, with what they cost.
-- Buckets are those of silver.unit_bucket_classes, volumes and snapshots those of silver.unit_volumes: units_source
-- says how their size is known; where it is not gb_hours is null. stored_hours are those it was billed for on that day.
-- extra_cost is egress and restores of a bucket, which go with its classes as their cost does; where nothing is stored
-- that day they have a row without a class. Labels are those of its charges, null where these differ. A bucket has a
-- row by class and day, whatever else one by charge.
-- grain: storage_kind, resource_id, project_id, storage_class, usage_date, billing_currency, charge_key
-- partition: billing_month
-- stored: view
with

converted as (

    select * from silver.unit_bucket_classes

),

-- egress and restores of a bucket go with its classes as their cost does: parts of a running total, so that they add up
extras as (

    select
        resource_id,
        project_id,
        usage_date,
        billing_currency,
        any_value(environment) as environment,
        any_value(product) as product,
        any_value(tenant) as tenant,
        cast(cast(sum(billed_cost) as decimal(26, 12)) * 1000000000000 as hugeint) as amount,
        billing_month
    from silver.unit_bucket_charges
    where storage_class is null
    group by all
    having sum(billed_cost) <> 0

),

-- only a bucket with egress has something to share out
weighed as (

    select
        converted.resource_id,
        converted.project_id,
        converted.usage_date,
        converted.billing_currency,
        converted.storage_class,
        extras.amount,
        cast(cast(greatest(coalesce(converted.billed_cost, 0), 0) as decimal(26, 12)) * 1000000 as hugeint) as weight
    from converted
    inner join extras
        on
            converted.resource_id = extras.resource_id
            and converted.project_id = extras.project_id
            and converted.usage_date = extras.usage_date
            and converted.billing_currency = extras.billing_currency

),

running as (

    select
        *,
        sum(weight) over (
            partition by resource_id, project_id, usage_date, billing_currency
            order by storage_class
        ) as weight_until,
        sum(weight) over (partition by resource_id, project_id, usage_date, billing_currency)
            as whole_weight
    from weighed

),

parts as (

    select
        *,
        amount * weight_until // whole_weight - amount * (weight_until - weight) // whole_weight as extra_amount
    from running
    where whole_weight > 0

),

shared as (

    select
        converted.*,
        coalesce(parts.extra_amount, 0) as extra_amount
    from converted
    left join parts
        on
            converted.resource_id = parts.resource_id
            and converted.project_id = parts.project_id
            and converted.usage_date = parts.usage_date
            and converted.billing_currency = parts.billing_currency
            and converted.storage_class = parts.storage_class

),

unplaced as (

    select extras.*
    from extras
    where
        not exists (
            select 1
            from parts
            where
                parts.resource_id = extras.resource_id
                and parts.project_id = extras.project_id
                and parts.usage_date = extras.usage_date
                and parts.billing_currency = extras.billing_currency
        )

)


select
    'object' as storage_kind,
    resource_id,
    project_id,
    storage_class,
    usage_date,
    cast(null as varchar) as charge_key,
    coalesce(environment, 'unknown') as environment,
    product,
    tenant,
    gb_hours,
    live_gb_hours,
    stored_hours,
    units_coverage,
    units_source,
    billed_cost,
    cast(cast(extra_amount as decimal(38, 0)) * cast(0.000000000001 as decimal(12, 12)) as decimal(38, 12))
        as extra_cost,
    billing_currency,
    billing_month
from shared
union all
select
    'object' as storage_kind,
    resource_id,
    project_id,
    cast(null as varchar) as storage_class,
    usage_date,
    cast(null as varchar) as charge_key,
    coalesce(environment, 'unknown') as environment,
    product,
    tenant,
    cast(null as decimal(38, 12)) as gb_hours,
    cast(null as decimal(38, 12)) as live_gb_hours,
    cast(null as decimal(38, 12)) as stored_hours,
    cast(0 as decimal(38, 12)) as units_coverage,
    cast(null as varchar) as units_source,
    cast(0 as decimal(38, 12)) as billed_cost,
    cast(cast(amount as decimal(38, 0)) * cast(0.000000000001 as decimal(12, 12)) as decimal(38, 12)) as extra_cost,
    billing_currency,
    billing_month
from unplaced
union all
select
    storage_kind,
    resource_id,
    project_id,
    storage_class,
    usage_date,
    charge_key,
    environment,
    product,
    tenant,
    gb_hours,
    cast(null as decimal(38, 12)) as live_gb_hours,
    stored_hours,
    units_coverage,
    units_source,
    billed_cost,
    cast(0 as decimal(38, 12)) as extra_cost,
    billing_currency,
    billing_month
from silver.unit_volumes
