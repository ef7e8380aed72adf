-- How busy each serverless container and function was in the last four weeks known of the month, the busiest of its
-- instances by hour, beside what its settings allow. idle_hours are measured hours without a request; a wake-up is a
-- request after such an hour, at least one cold start if nothing is kept warm. Levels are of the hours: the 99.5th
-- percentile of the hours' own 99.5th percentiles. What nothing measures is null.
-- grain: usage_month, resource_id
-- partition: usage_month
-- reads: silver.usage_hourly 1 month back
with

months as (

    select
        usage_month,
        max(usage_date) + 1 as known_until,
        max(usage_date) - 27 as known_from
    from silver.usage_hourly
    where coalesce(list_contains(getvariable('built_months'), usage_month), true)
    group by all

),

settings as (

    select
        months.usage_month,
        months.known_from,
        months.known_until,
        told.resource_id,
        cast(coalesce(told.memory_limit_bytes, 1000000 * told.memory_megabytes) as bigint) as memory_limit_bytes,
        cast(told.milli_vcpus as bigint) as milli_vcpus,
        cast(told.min_scale as bigint) as min_scale,
        cast(told.max_scale as bigint) as max_scale
    from silver.resource_settings as told
    inner join months
        on
            told.valid_from < months.known_until
            and coalesce(told.valid_to >= months.known_until, true)
    where told.resource_type in ('containers_container', 'functions_function')
    qualify row_number() over (
        partition by months.usage_month, told.resource_id
        order by told.valid_from desc
    ) = 1

),

received as (

    select
        settings.usage_month,
        settings.resource_id,
        regexp_replace(usage.metric, '^(container|function)_', '') as measure,
        usage.usage_hour,
        usage.usage_date,
        usage.samples,
        usage.expected_samples,
        cast(usage.mean_value as double) as mean_value,
        cast(usage.p95_value as double) as p95_value,
        cast(usage.p995_value as double) as p995_value,
        cast(usage.max_value as double) as max_value
    from silver.usage_hourly as usage
    inner join settings
        on
            usage.resource_id = settings.resource_id
            and usage.usage_date >= settings.known_from
            and usage.usage_date < settings.known_until

),

-- a series counts for the share of the hour in which it was there
hours as (

    select
        usage_month,
        resource_id,
        measure,
        usage_hour,
        usage_date,
        max(samples) as samples,
        max(expected_samples) as expected_samples,
        sum(mean_value * samples / expected_samples) as total,
        max(p95_value) as p95_value,
        max(p995_value) as p995_value,
        max(max_value) as max_value
    from received
    group by all

),

wakings as (

    select
        usage_month,
        resource_id,
        usage_hour,
        total,
        coalesce(lag(total) over by_hour = 0, false) as was_idle
    from hours
    where measure = 'requests'
    window by_hour as (partition by usage_month, resource_id order by usage_hour)

),

requests as (

    select
        usage_month,
        resource_id,
        count(*) as request_hours,
        count(*) filter (where total = 0) as idle_hours,
        count(*) filter (where total > 0 and was_idle) as wake_ups,
        cast(sum(total * 3600) as decimal(38, 12)) as requests
    from wakings
    group by all

),

levels as (

    select
        usage_month,
        resource_id,
        max(expected_samples) as expected_samples,
        count(distinct usage_date) filter (where measure = 'memory_used_bytes') as memory_days,
        count(distinct yearweek(usage_date)) filter (
            where measure = 'memory_used_bytes' and isodow(usage_date) >= 6
        ) as memory_weekends,
        sum(samples) filter (where measure = 'memory_used_bytes') as memory_samples,
        cast(quantile_cont(p95_value, 0.95) filter (where measure = 'memory_used_bytes') as decimal(38, 12))
            as memory_p95_bytes,
        cast(quantile_cont(p995_value, 0.995) filter (where measure = 'memory_used_bytes') as decimal(38, 12))
            as memory_p995_bytes,
        cast(max(max_value) filter (where measure = 'memory_used_bytes') as decimal(38, 12)) as memory_max_bytes,
        cast(quantile_cont(p95_value, 0.95) filter (where measure = 'cpu_percent') as decimal(38, 12))
            as cpu_p95_percent,
        cast(quantile_cont(p995_value, 0.995) filter (where measure = 'cpu_percent') as decimal(38, 12))
            as cpu_p995_percent,
        cast(avg(total) filter (where measure = 'instances') as decimal(38, 12)) as instances_mean,
        cast(max(max_value) filter (where measure = 'instances') as decimal(38, 12)) as instances_max
    from hours
    group by all

)

select
    settings.resource_id,
    settings.known_from,
    settings.known_until,
    settings.memory_limit_bytes,
    settings.milli_vcpus,
    settings.min_scale,
    settings.max_scale,
    levels.expected_samples,
    levels.memory_days,
    levels.memory_weekends,
    levels.memory_samples,
    levels.memory_p95_bytes,
    levels.memory_p995_bytes,
    levels.memory_max_bytes,
    levels.cpu_p95_percent,
    levels.cpu_p995_percent,
    levels.instances_mean,
    levels.instances_max,
    requests.request_hours,
    requests.idle_hours,
    requests.wake_ups,
    requests.requests,
    settings.usage_month
from settings
left join levels on settings.usage_month = levels.usage_month and settings.resource_id = levels.resource_id
left join requests on settings.usage_month = requests.usage_month and settings.resource_id = requests.resource_id
