-- How busy and how full each block volume was in the last four weeks known of the month, as the machine that has it
-- measured: a machine counts the operations of all its volumes together, so what it tells of one of several is a bound.
-- Levels are of the hours: the 95th percentile of the hours' own 95th percentiles and so on. volume_count is how many
-- volumes the machine has; the filesystem's share is known where that is one. What nothing measures is null.
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

volumes as (

    select
        months.usage_month,
        months.known_from,
        months.known_until,
        settings.resource_id,
        settings.availability_zone,
        settings.operations_per_second,
        settings.volume_class,
        settings.size_bytes
    from silver.resource_settings as settings
    inner join months
        on
            settings.valid_from < months.known_until
            and coalesce(settings.valid_to >= months.known_until, true)
    where settings.resource_type in ('block_volume', 'instance_volume')
    qualify row_number() over (
        partition by months.usage_month, settings.resource_id
        order by settings.valid_from desc
    ) = 1

),

attached as (

    select
        volumes.*,
        links.linked_id as server_id,
        count(*) over (partition by volumes.usage_month, links.linked_id) as volume_count
    from volumes
    inner join silver.resource_links as links
        on
            volumes.resource_id = links.resource_id
            and links.link_type = 'attached_to'
            and volumes.known_until > links.valid_from
            and coalesce(volumes.known_until <= links.valid_to, true)

),

machines as (

    select distinct
        usage_month,
        known_from,
        known_until,
        server_id
    from attached

),

-- the highest of a machine's disks or filesystems counts
hours as (

    select
        machines.usage_month,
        machines.server_id,
        usage.metric,
        usage.usage_hour,
        usage.usage_date,
        max(usage.samples) as samples,
        max(usage.expected_samples) as expected_samples,
        cast(max(usage.p50_value) as double) as p50_value,
        cast(max(usage.p95_value) as double) as p95_value,
        cast(max(usage.p99_value) as double) as p99_value,
        cast(max(usage.p995_value) as double) as p995_value,
        cast(max(usage.max_value) as double) as max_value
    from silver.usage_hourly as usage
    inner join machines
        on
            usage.resource_id = machines.server_id
            and usage.usage_date >= machines.known_from
            and usage.usage_date < machines.known_until
    where
        usage.metric in (
            'node_disk_operations', 'node_disk_bytes', 'node_disk_queue', 'node_disk_fsync_seconds',
            'node_filesystem_used_ratio'
        )
    group by all

),

levels as (

    select
        usage_month,
        server_id,
        max(expected_samples) as expected_samples,
        count(distinct usage_date) filter (where metric = 'node_disk_operations') as disk_days,
        count(distinct yearweek(usage_date)) filter (
            where metric = 'node_disk_operations' and isodow(usage_date) >= 6
        ) as disk_weekends,
        sum(samples) filter (where metric = 'node_disk_operations') as disk_samples,
        cast(quantile_cont(p50_value, 0.5) filter (where metric = 'node_disk_operations') as decimal(38, 12))
            as disk_operations_p50,
        cast(quantile_cont(p95_value, 0.95) filter (where metric = 'node_disk_operations') as decimal(38, 12))
            as disk_operations_p95,
        cast(quantile_cont(p995_value, 0.995) filter (where metric = 'node_disk_operations') as decimal(38, 12))
            as disk_operations_p995,
        cast(max(max_value) filter (where metric = 'node_disk_operations') as decimal(38, 12)) as disk_operations_max,
        cast(quantile_cont(p995_value, 0.995) filter (where metric = 'node_disk_bytes') as decimal(38, 12))
            as disk_bytes_p995,
        cast(quantile_cont(p99_value, 0.99) filter (where metric = 'node_disk_queue') as decimal(38, 12))
            as disk_queue_p99,
        cast(quantile_cont(p99_value, 0.99) filter (where metric = 'node_disk_fsync_seconds') as decimal(38, 12))
            as fsync_p99_seconds,
        count(distinct usage_date) filter (where metric = 'node_filesystem_used_ratio') as filesystem_days,
        count(distinct yearweek(usage_date)) filter (
            where metric = 'node_filesystem_used_ratio' and isodow(usage_date) >= 6
        ) as filesystem_weekends,
        cast(arg_min(p50_value, usage_hour) filter (where metric = 'node_filesystem_used_ratio') as decimal(38, 12))
            as filesystem_first_ratio,
        cast(max(max_value) filter (where metric = 'node_filesystem_used_ratio') as decimal(38, 12))
            as filesystem_max_ratio
    from hours
    group by all

)

select
    attached.resource_id,
    attached.server_id,
    attached.known_from,
    attached.known_until,
    attached.availability_zone,
    attached.volume_class,
    attached.operations_per_second,
    attached.size_bytes,
    attached.volume_count,
    levels.expected_samples,
    levels.disk_days,
    levels.disk_weekends,
    levels.disk_samples,
    levels.disk_operations_p50,
    levels.disk_operations_p95,
    levels.disk_operations_p995,
    levels.disk_operations_max,
    levels.disk_bytes_p995,
    levels.disk_queue_p99,
    levels.fsync_p99_seconds,
    levels.filesystem_days,
    levels.filesystem_weekends,
    case when attached.volume_count = 1 then levels.filesystem_first_ratio end as filesystem_first_ratio,
    case when attached.volume_count = 1 then levels.filesystem_max_ratio end as filesystem_max_ratio,
    attached.usage_month
from attached
left join levels on attached.usage_month = levels.usage_month and attached.server_id = levels.server_id
