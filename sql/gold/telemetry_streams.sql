-- How much each stream of telemetry holds, as of the newest day known of the month: logs by service and level, metrics
-- by name, and a data source as a whole where nothing finer was measured. Counts are of the last four weeks, of days
-- read completely; `days` says of how many, since single metrics may be known of fewer days than the rest.
-- `source_…` is the whole of what one way of measuring found in the data source, `ingested_…` what it took in as a
-- whole, and `ingested_meanwhile` that of the days its metrics were counted on, since only the largest of them are.
-- grain: usage_month, data_source_id, signal, origin, service_name, level, metric_name
-- partition: usage_month
-- reads: silver.telemetry_daily 1 month back
with

-- of the ways to measure one data source the finest comes first; they overlap, so only one of them counts
ways as (

    select
        unnest(['stored samples', 'stored logs', 'log index', 'ingested samples', 'cockpit usage']) as source,
        unnest([1, 1, 2, 3, 4]) as place

),

months as (

    select
        usage_month,
        max(usage_date) + 1 as known_until,
        max(usage_date) - 27 as known_from
    from silver.telemetry_daily
    group by usage_month

),

measured as (

    select
        months.usage_month,
        months.known_from,
        months.known_until,
        ways.place,
        telemetry.*
        exclude (usage_month)
    from silver.telemetry_daily as telemetry
    inner join ways on telemetry.source = ways.source
    inner join months
        on telemetry.usage_date >= months.known_from and telemetry.usage_date < months.known_until
    where telemetry.is_complete and telemetry.data_source_id is not null

),

finest as (

    select
        usage_month,
        data_source_id,
        signal,
        origin,
        min(place) as place
    from measured
    where samples is not null or bytes is not null
    group by usage_month, data_source_id, signal, origin

),

chosen as (

    select measured.*
    from measured
    inner join finest
        on
            measured.usage_month = finest.usage_month
            and measured.data_source_id = finest.data_source_id
            and measured.signal = finest.signal
            and measured.origin = finest.origin
            and measured.place = finest.place

),

sources as (

    select
        usage_month,
        data_source_id,
        signal,
        origin,
        count(distinct usage_date) as source_days,
        sum(samples) as source_samples,
        sum(bytes) as source_bytes,
        sum(bytes) filter (where usage_date >= known_until - 7) as last_week_bytes,
        sum(samples) filter (where usage_date >= known_until - 7) as last_week_samples,
        count(distinct usage_date) filter (where usage_date >= known_until - 7) as last_week_days
    from chosen
    group by usage_month, data_source_id, signal, origin

),

counted_days as (

    select distinct
        usage_month,
        data_source_id,
        signal,
        origin,
        usage_date
    from chosen

),

ingested as (

    select
        measured.usage_month,
        measured.data_source_id,
        measured.signal,
        measured.origin,
        count(distinct measured.usage_date) as ingested_days,
        sum(measured.samples) as ingested_samples,
        sum(measured.samples) filter (where counted_days.usage_date is not null) as ingested_meanwhile
    from measured
    left join counted_days
        on
            measured.usage_month = counted_days.usage_month
            and measured.data_source_id = counted_days.data_source_id
            and measured.signal = counted_days.signal
            and measured.origin = counted_days.origin
            and measured.usage_date = counted_days.usage_date
    where measured.source = 'ingested samples' and measured.samples is not null
    group by measured.usage_month, measured.data_source_id, measured.signal, measured.origin

),

retentions as (

    select
        usage_month,
        data_source_id,
        arg_max(retention_days, usage_date) filter (where retention_days is not null) as retention_days
    from measured
    group by usage_month, data_source_id

),

streams as (

    select
        usage_month,
        known_from,
        known_until,
        data_source_id,
        project_id,
        region_id,
        signal,
        origin,
        is_billed,
        service_name,
        level,
        metric_name,
        any_value(source) as source,
        -- a stream that was silent on a day has no row of it, so its days are those of its data source
        count(distinct usage_date) as seen_days,
        max(usage_date) as last_seen,
        sum(samples) as samples,
        sum(bytes) as bytes,
        sum(lines) as lines,
        arg_max(active_series, usage_date) as active_series,
        arg_max(samples, usage_date) as newest_samples
    from chosen
    group by all

)

select
    streams.usage_month,
    streams.known_from,
    streams.known_until,
    streams.data_source_id,
    streams.project_id,
    streams.region_id,
    streams.signal,
    streams.origin,
    streams.is_billed,
    streams.service_name,
    streams.level,
    streams.metric_name,
    streams.source,
    sources.source_days as days,
    streams.seen_days,
    streams.last_seen,
    cast(streams.samples as bigint) as samples,
    cast(streams.bytes as bigint) as bytes,
    cast(streams.lines as bigint) as lines,
    streams.active_series,
    -- as if every series had lived all day: where series come and go, they are scraped more often than this says
    cast(86400.0 * streams.active_series / nullif(streams.newest_samples, 0) as decimal(38, 12)) as scrape_seconds,
    cast(sources.source_samples as bigint) as source_samples,
    cast(sources.source_bytes as bigint) as source_bytes,
    cast(sources.last_week_bytes as bigint) as last_week_bytes,
    cast(sources.last_week_samples as bigint) as last_week_samples,
    sources.last_week_days,
    cast(ingested.ingested_samples as bigint) as ingested_samples,
    cast(ingested.ingested_meanwhile as bigint) as ingested_meanwhile,
    ingested.ingested_days,
    retentions.retention_days
from streams
inner join sources
    on
        streams.usage_month = sources.usage_month
        and streams.data_source_id = sources.data_source_id
        and streams.signal = sources.signal
        and streams.origin = sources.origin
left join ingested
    on
        streams.usage_month = ingested.usage_month
        and streams.data_source_id = ingested.data_source_id
        and streams.signal = ingested.signal
        and streams.origin = ingested.origin
left join retentions
    on streams.usage_month = retentions.usage_month and streams.data_source_id = retentions.data_source_id
