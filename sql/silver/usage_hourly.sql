-- How busy a thing was, by metric and hour: mean, quantiles and extremes of the samples of the newest reading.
-- An hour without samples has no row; samples of expected_samples say how much of the hour was seen.
-- raw_id is what the series call the thing, resource_id what the bill does, null where that is not known.
-- grain: data_source_id, metric, labels, usage_hour
-- partition: usage_month
with

readings as (

    select reading_hash
    from silver.latest_measurements
    where source = 'cockpit.usage' and reading_hash is not null

)

select
    usage.data_source_id,
    usage.project_id,
    usage.region as region_id,
    usage.metric,
    usage.resource_type,
    resources.resource_id,
    usage.resource_id as raw_id,
    usage.resource_name,
    usage.labels,
    usage.hour as usage_hour,
    cast(usage.hour as date) as usage_date,
    usage.samples,
    usage.expected_samples,
    try_cast(usage.mean as decimal(38, 12)) as mean_value,
    try_cast(usage.p50 as decimal(38, 12)) as p50_value,
    try_cast(usage.p95 as decimal(38, 12)) as p95_value,
    try_cast(usage.p99 as decimal(38, 12)) as p99_value,
    try_cast(usage.p995 as decimal(38, 12)) as p995_value,
    try_cast(usage.max as decimal(38, 12)) as max_value,
    try_cast(usage.min as decimal(38, 12)) as min_value,
    usage.usage_month
from bronze.usage_hourly as usage
inner join readings on usage.reading_hash = readings.reading_hash
left join silver.measured_resources as resources
    on
        usage.project_id is not distinct from resources.project_id
        and usage.resource_type = resources.resource_type
        and usage.resource_id is not distinct from resources.raw_id
        and usage.resource_name is not distinct from resources.resource_name
        and cast(usage.hour as date) = resources.usage_date
