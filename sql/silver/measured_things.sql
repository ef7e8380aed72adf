-- What metrics and requests were measured of, by what the series call it and by day.
-- grain: project_id, resource_type, raw_id, resource_name, usage_date
-- partition: usage_month
with

readings as (

    select
        source,
        reading_hash
    from silver.latest_measurements
    where source in ('cockpit.usage', 'cockpit.requests') and reading_hash is not null

)

select distinct
    usage.project_id,
    usage.resource_type,
    usage.resource_id as raw_id,
    usage.resource_name,
    cast(usage.hour as date) as usage_date,
    usage.usage_month
from bronze.usage_hourly as usage
inner join readings on usage.reading_hash = readings.reading_hash and readings.source = 'cockpit.usage'
union
select distinct
    requests.project_id,
    requests.service_type as resource_type,
    requests.resource_id as raw_id,
    requests.resource_name,
    requests.day as usage_date,
    requests.usage_month
from bronze.requests_daily as requests
inner join readings on requests.reading_hash = readings.reading_hash and readings.source = 'cockpit.requests'
