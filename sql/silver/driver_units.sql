-- What may drive a project's cost of a service, by source and day: of usage requests, tokens, telemetry in GB or
-- samples; of capacity the GB-hours stored, where all of the project's were measured and none is derived from the bill.
-- Sources that count the same stand side by side and are never added up.
-- grain: usage_date, project_id, service_name, behaviour, driver, source
-- partition: billing_month
with

counted as (

    select
        source,
        project_id,
        case service_type
            when 'generative_apis' then 'Generative APIs'
            when 'serverless_container' then 'Serverless Containers'
            when 'serverless_function' then 'Serverless Functions'
            when 'object_storage_bucket' then 'Object Storage'
        end as service_name,
        case service_type when 'generative_apis' then 'tokens' else 'requests' end as driver,
        usage_date,
        usage_month,
        cast(
            sum(
                case service_type
                    when 'generative_apis' then coalesce(input_tokens, 0) + coalesce(output_tokens, 0)
                    else requests
                end
            ) as decimal(38, 12)
        ) as units
    from silver.requests_daily
    where is_complete
    group by all

),

ingested as (

    select
        source || ' ' || signal as source,
        project_id,
        'Cockpit' as service_name,
        case when sum(bytes) is not null then 'GB of telemetry' else 'samples' end as driver,
        usage_date,
        usage_month,
        coalesce(
            cast(cast(sum(bytes) as decimal(28, 0)) * cast(0.000000001 as decimal(10, 9)) as decimal(38, 12)),
            cast(sum(samples) as decimal(38, 12))
        ) as units
    from silver.telemetry_daily
    where is_complete and is_billed
    group by source, signal, project_id, usage_date, usage_month

),

stored as (

    select
        min(units_source) as source,
        project_id,
        case storage_kind
            when 'object' then 'Object Storage' when 'block' then 'Block Storage' when 'snapshot' then 'Snapshots'
        end as service_name,
        'GB-hours' as driver,
        usage_date,
        billing_month,
        cast(sum(gb_hours) as decimal(38, 12)) as units
    from silver.unit_storage
    where storage_class is not null or gb_hours is not null
    group by project_id, storage_kind, usage_date, billing_month
    having
        bool_and(coalesce(units_source like 'bucket metrics%' or units_source = 'inventory', false))
        and bool_and(coalesce(units_coverage >= 0.9, false))

)

select
    source,
    project_id,
    service_name,
    'usage' as behaviour,
    driver,
    usage_date,
    units,
    usage_month as billing_month
from counted
where service_name is not null and units is not null
union all
select
    source,
    project_id,
    service_name,
    'usage' as behaviour,
    driver,
    usage_date,
    units,
    usage_month as billing_month
from ingested
where units is not null
union all
select
    case when source = 'inventory' then source else 'bucket metrics' end as source,
    project_id,
    service_name,
    'capacity' as behaviour,
    driver,
    usage_date,
    units,
    billing_month
from stored
where service_name is not null and units is not null
