-- How busy each database and cache was in the last four weeks known of the month: of every hour, its busiest node.
-- Processors are what was wanted: used ÷ (1 − steal), where steal is known. Levels (p95 to max) are of the hours: the
-- 95th percentile of the hours' own 95th percentiles, and so on. Bins and days hold the whole load for a replay, as
-- shares of the node: part 0 is the newest day, part k the k-th week before the end; a slice of an hour's samples
-- counts at its upper end. What nothing measures is null.
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

received as (

    select
        months.usage_month,
        months.known_from,
        months.known_until,
        usage.resource_id,
        coalesce(json_extract_string(usage.labels, '$.instance'), '') as node,
        regexp_replace(usage.metric, '^(postgresql|mysql|redis|mongodb)_', '') as measure,
        usage.usage_hour,
        usage.usage_date,
        usage.samples,
        usage.expected_samples,
        cast(usage.mean_value as double) as mean_value,
        cast(usage.min_value as double) as min_value,
        cast(usage.p50_value as double) as p50_value,
        cast(usage.p95_value as double) as p95_value,
        cast(usage.p99_value as double) as p99_value,
        cast(usage.p995_value as double) as p995_value,
        cast(usage.max_value as double) as max_value
    from silver.usage_hourly as usage
    inner join months
        on usage.usage_date >= months.known_from and usage.usage_date < months.known_until
    where
        usage.resource_id is not null
        and regexp_matches(usage.metric, '^(postgresql|mysql|redis|mongodb)_')

),

-- nodes and hours of each measure; several series of one node (its disks) are taken by the highest
hours as (

    select
        usage_month,
        known_from,
        known_until,
        resource_id,
        node,
        measure,
        usage_hour,
        usage_date,
        max(samples) as samples,
        max(expected_samples) as expected_samples,
        max(mean_value) as mean_value,
        max(min_value) as min_value,
        max(p50_value) as p50_value,
        max(p95_value) as p95_value,
        max(p99_value) as p99_value,
        max(p995_value) as p995_value,
        max(max_value) as max_value
    from received
    group by all

),

-- time that was taken from the machine is neither idle nor used by it
demands as (

    select
        hours.* exclude (measure, mean_value, min_value, p50_value, p95_value, p99_value, p995_value, max_value),
        'cpu' as measure,
        hours.mean_value,
        (hours.min_value - coalesce(steal.mean_value, 0)) / (1 - coalesce(steal.mean_value, 0)) as min_value,
        (hours.p50_value - coalesce(steal.mean_value, 0)) / (1 - coalesce(steal.mean_value, 0)) as p50_value,
        (hours.p95_value - coalesce(steal.mean_value, 0)) / (1 - coalesce(steal.mean_value, 0)) as p95_value,
        (hours.p99_value - coalesce(steal.mean_value, 0)) / (1 - coalesce(steal.mean_value, 0)) as p99_value,
        (hours.p995_value - coalesce(steal.mean_value, 0)) / (1 - coalesce(steal.mean_value, 0)) as p995_value,
        (hours.max_value - coalesce(steal.mean_value, 0)) / (1 - coalesce(steal.mean_value, 0)) as max_value
    from hours
    left join hours as steal
        on
            hours.usage_month = steal.usage_month
            and hours.resource_id = steal.resource_id
            and hours.node = steal.node
            and hours.usage_hour = steal.usage_hour
            and steal.measure = 'cpu_steal_ratio'
    where hours.measure = 'cpu_ratio' and coalesce(steal.mean_value < 1, true)

),

-- what a cache holds, of what it may hold
held as (

    select
        used.* exclude (measure, mean_value, min_value, p50_value, p95_value, p99_value, p995_value, max_value),
        'memory' as measure,
        used.mean_value / most.mean_value as mean_value,
        used.min_value / most.mean_value as min_value,
        used.p50_value / most.mean_value as p50_value,
        used.p95_value / most.mean_value as p95_value,
        used.p99_value / most.mean_value as p99_value,
        used.p995_value / most.mean_value as p995_value,
        used.max_value / most.mean_value as max_value
    from hours as used
    inner join hours as most
        on
            used.usage_month = most.usage_month
            and used.resource_id = most.resource_id
            and used.node = most.node
            and used.usage_hour = most.usage_hour
            and most.measure = 'memory_limit_bytes'
    where used.measure = 'memory_used_bytes' and most.mean_value > 0

),

measured as (

    select *
    from demands
    union all by name
    select *
    from held
    union all by name
    select
        hours.* replace (
            case hours.measure
                when 'memory_used_ratio' then 'memory'
                when 'storage_used_ratio' then 'storage'
                else hours.measure
            end as measure
        )
    from hours
    where
        hours.measure in (
            'memory_used_ratio', 'storage_used_ratio', 'connections', 'disk_operations', 'disk_bytes',
            'memory_limit_bytes'
        )

),

-- the busiest node of each hour
busiest as (

    select
        usage_month,
        known_from,
        known_until,
        resource_id,
        measure,
        usage_hour,
        usage_date,
        date_diff('day', usage_date, known_until) - 1 as days_ago,
        max(samples) as samples,
        max(expected_samples) as expected_samples,
        max(min_value) as min_value,
        max(p50_value) as p50_value,
        max(p95_value) as p95_value,
        max(p99_value) as p99_value,
        max(p995_value) as p995_value,
        max(max_value) as max_value
    from measured
    group by all

),

levels as (

    select
        usage_month,
        resource_id,
        any_value(known_from) as known_from,
        any_value(known_until) as known_until,
        max(expected_samples) as expected_samples,
        count(distinct usage_date) filter (where measure = 'cpu') as cpu_days,
        sum(samples) filter (where measure = 'cpu') as cpu_samples,
        cast(quantile_cont(p95_value, 0.95) filter (where measure = 'cpu') as decimal(38, 12)) as cpu_p95_ratio,
        cast(quantile_cont(p995_value, 0.995) filter (where measure = 'cpu') as decimal(38, 12)) as cpu_p995_ratio,
        cast(max(max_value) filter (where measure = 'cpu') as decimal(38, 12)) as cpu_max_ratio,
        count(distinct usage_date) filter (where measure = 'memory') as memory_days,
        count(distinct yearweek(usage_date)) filter (
            where measure = 'memory' and isodow(usage_date) >= 6
        ) as memory_weekends,
        sum(samples) filter (where measure = 'memory') as memory_samples,
        cast(quantile_cont(p95_value, 0.95) filter (where measure = 'memory') as decimal(38, 12)) as memory_p95_ratio,
        cast(quantile_cont(p995_value, 0.995) filter (where measure = 'memory') as decimal(38, 12))
            as memory_p995_ratio,
        cast(max(max_value) filter (where measure = 'memory') as decimal(38, 12)) as memory_max_ratio,
        cast(max(max_value) filter (where measure = 'memory_limit_bytes') as decimal(38, 12)) as memory_limit_bytes,
        count(distinct usage_date) filter (where measure = 'storage') as storage_days,
        count(distinct yearweek(usage_date)) filter (
            where measure = 'storage' and isodow(usage_date) >= 6
        ) as storage_weekends,
        cast(max(max_value) filter (where measure = 'storage') as decimal(38, 12)) as storage_max_ratio,
        cast(arg_min(p50_value, usage_hour) filter (where measure = 'storage') as decimal(38, 12))
            as storage_first_ratio,
        cast(arg_max(p50_value, usage_hour) filter (where measure = 'storage') as decimal(38, 12))
            as storage_last_ratio,
        cast(quantile_cont(p95_value, 0.95) filter (where measure = 'connections') as decimal(38, 12))
            as connections_p95,
        cast(max(max_value) filter (where measure = 'connections') as decimal(38, 12)) as connections_max,
        count(distinct usage_date) filter (where measure = 'disk_operations') as disk_days,
        count(distinct yearweek(usage_date)) filter (
            where measure = 'disk_operations' and isodow(usage_date) >= 6
        ) as disk_weekends,
        sum(samples) filter (where measure = 'disk_operations') as disk_samples,
        cast(quantile_cont(p50_value, 0.5) filter (where measure = 'disk_operations') as decimal(38, 12))
            as disk_operations_p50,
        cast(quantile_cont(p95_value, 0.95) filter (where measure = 'disk_operations') as decimal(38, 12))
            as disk_operations_p95,
        cast(quantile_cont(p995_value, 0.995) filter (where measure = 'disk_operations') as decimal(38, 12))
            as disk_operations_p995,
        cast(max(max_value) filter (where measure = 'disk_operations') as decimal(38, 12)) as disk_operations_max,
        cast(quantile_cont(p95_value, 0.95) filter (where measure = 'disk_bytes') as decimal(38, 12)) as disk_bytes_p95,
        cast(quantile_cont(p995_value, 0.995) filter (where measure = 'disk_bytes') as decimal(38, 12))
            as disk_bytes_p995
    from busiest
    group by all

),

-- between two known quantiles of an hour the level is taken from the straight line, at the slice's upper end
slices as (

    select unnest([
        { up_to: 0.125, weight: 0.125 }, { up_to: 0.25, weight: 0.125 }, { up_to: 0.375, weight: 0.125 },
        { up_to: 0.5, weight: 0.125 }, { up_to: 0.6, weight: 0.1 }, { up_to: 0.7, weight: 0.1 },
        { up_to: 0.8, weight: 0.1 }, { up_to: 0.9, weight: 0.1 }, { up_to: 0.95, weight: 0.05 },
        { up_to: 0.97, weight: 0.02 }, { up_to: 0.99, weight: 0.02 }, { up_to: 0.995, weight: 0.005 },
        { up_to: 1.0, weight: 0.005 }
    ], recursive := true)

),

sliced as (

    select
        busiest.usage_month,
        busiest.resource_id,
        busiest.measure,
        case when busiest.days_ago = 0 then 0 else busiest.days_ago // 7 + 1 end as part,
        busiest.samples * slices.weight as samples,
        case
            when slices.up_to <= 0.5
                then busiest.min_value + (busiest.p50_value - busiest.min_value) * slices.up_to / 0.5
            when slices.up_to <= 0.95
                then busiest.p50_value + (busiest.p95_value - busiest.p50_value) * (slices.up_to - 0.5) / 0.45
            when slices.up_to <= 0.99
                then busiest.p95_value + (busiest.p99_value - busiest.p95_value) * (slices.up_to - 0.95) / 0.04
            when slices.up_to <= 0.995 then busiest.p995_value
            else busiest.max_value
        end as level
    from busiest
    cross join slices
    where busiest.measure in ('cpu', 'memory')

),

binned as (

    select
        usage_month,
        resource_id,
        measure,
        part,
        -- eight bins an octave, the lowest below a thousandth
        floor(8 * log2(greatest(level, 1 / 1024))) as bin,
        cast(sum(samples) as double) as samples,
        max(level) as highest
    from sliced
    where level is not null
    group by all

),

bins as (

    select
        usage_month,
        resource_id,
        list({ part: part, samples: samples, highest: highest } order by part, highest)
        filter (where measure = 'cpu') as cpu_bins,
        list({ part: part, samples: samples, highest: highest } order by part, highest)
        filter (where measure = 'memory') as memory_bins
    from binned
    group by all

),

by_day as (

    select
        usage_month,
        resource_id,
        measure,
        days_ago,
        cast(sum(samples) as bigint) as samples,
        max(max_value) as highest
    from busiest
    where measure in ('cpu', 'memory') and max_value is not null
    group by all

),

days as (

    select
        usage_month,
        resource_id,
        list({ days_ago: days_ago, samples: samples, highest: highest } order by days_ago)
        filter (where measure = 'cpu') as cpu_by_day,
        list({ days_ago: days_ago, samples: samples, highest: highest } order by days_ago)
        filter (where measure = 'memory') as memory_by_day
    from by_day
    group by all

)

select
    levels.* exclude (usage_month),
    bins.cpu_bins,
    bins.memory_bins,
    days.cpu_by_day,
    days.memory_by_day,
    levels.usage_month
from levels
left join bins on levels.usage_month = bins.usage_month and levels.resource_id = bins.resource_id
left join days on levels.usage_month = days.usage_month and levels.resource_id = days.resource_id
