-- How much telemetry a data source took in, by day: samples, bytes and lines. `source` says how it was measured:
-- 'ingested samples' and 'cockpit usage' are whole data sources, 'stored samples' metrics by name, 'stored logs' and
-- 'log index' services. They overlap and are never added up. Scaleway's own telemetry is free, custom is billed.
-- grain: source, data_source_id, project_id, region_id, signal, origin, metric_name, service_name, level, usage_date
-- partition: usage_month
with

readings as (

    select reading_hash
    from silver.latest_measurements
    where
        source in ('cockpit.telemetry', 'cockpit.telemetry_names', 'cockpit.logs', 'cockpit.usage_overview')
        and reading_hash is not null

)

select
    telemetry.source,
    telemetry.data_source_id,
    telemetry.project_id,
    telemetry.region as region_id,
    telemetry.signal,
    telemetry.origin,
    telemetry.origin = 'custom' as is_billed,
    telemetry.metric_name,
    telemetry.service_name,
    telemetry.level,
    telemetry.day as usage_date,
    try_cast(telemetry.samples as bigint) as samples,
    telemetry.active_series,
    try_cast(telemetry.bytes as bigint) as bytes,
    try_cast(telemetry.lines as bigint) as lines,
    telemetry.retention_days,
    telemetry.is_complete,
    telemetry.usage_month
from bronze.telemetry_daily as telemetry
inner join readings on telemetry.reading_hash = readings.reading_hash
