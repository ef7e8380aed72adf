-- What each machine asked of its hardware in the last four weeks known of the month, for a replay against other sizes:
-- one row a machine that exists. Processors are what was wanted: used ÷ (1 − steal), where steal is known; memory is
-- what its agent or node_exporter sees in use. Both are shares of the machine, network and disk kB/s (of the two
-- directions of the network the busier). In the bins, part 0 is the newest day and part k the k-th week before the end;
-- a slice of an hour's samples counts at its upper end. off_days are those (days before the end, 0 the newest) on which
-- it was neither charged nor measured though charges are known. What nothing measures is null, never zero.
-- grain: usage_month, resource_id
-- partition: usage_month
-- reads: silver.usage_hourly 1 month back
-- reads: silver.costs 1 month back
with months as (

    select
        usage_month,
        max(usage_date) + 1 as known_until,
        max(usage_date) - 27 as known_from,
        usage_month = max(usage_month) over () as is_newest
    from silver.usage_hourly
    group by usage_month
    qualify coalesce(list_contains(getvariable('built_months'), usage_month), true)

),

nodes as (

    select
        runs.linked_id as resource_id,
        arg_max(parts.linked_id, parts.valid_from) as pool_id
    from silver.resource_links as runs
    inner join silver.resource_links as parts on runs.resource_id = parts.resource_id and parts.link_type = 'part_of'
    inner join silver.resources as pools on parts.linked_id = pools.resource_id and pools.resource_type = 'k8s_pool'
    where runs.link_type = 'runs_on'
    group by all

),

machines as (

    select
        months.*,
        resources.resource_id,
        coalesce(cast(resources.created_at as date), months.known_from) as created_on
    from months
    cross join silver.resources as resources
    where
        resources.resource_type in ('instance_server', 'baremetal_server')
        and case
            when months.is_newest then resources.valid_to is null
            else resources.valid_from < months.known_until and coalesce(resources.valid_to >= months.known_until, true)
        end
    qualify row_number() over (
        partition by months.usage_month, resources.resource_id
        order by resources.valid_from desc
    ) = 1

),

volumes as (

    select
        links.linked_id as resource_id,
        count(distinct volumes.resource_id) as volume_count,
        cast(coalesce(
            sum(volumes.size_bytes) filter (where volumes.resource_class in ('l_ssd', 'scratch')), 0
        ) as bigint) as local_volume_bytes,
        list(distinct volumes.resource_id order by volumes.resource_id)
        filter (where volumes.resource_class in ('l_ssd', 'scratch')) as local_volume_ids
    from silver.resource_links as links
    inner join silver.resources as volumes on links.resource_id = volumes.resource_id
    where
        links.link_type = 'attached_to'
        and volumes.resource_type in ('instance_volume', 'block_volume')
        and links.valid_to is null
        and volumes.valid_to is null
    group by all

),

metrics as (

    select unnest([
        { metric: 'instance_cpu_ratio', measure: 'cpu', rank: 1, factor: 1.0 },
        { metric: 'node_cpu_ratio', measure: 'cpu', rank: 2, factor: 1.0 },
        { metric: 'node_cpu_steal_ratio', measure: 'steal', rank: 1, factor: 1.0 },
        { metric: 'node_memory_used_ratio', measure: 'memory', rank: 1, factor: 1.0 },
        { metric: 'instance_memory_used_bytes', measure: 'memory', rank: 2, factor: 1.0 },
        { metric: 'instance_memory_bytes', measure: 'memory_size', rank: 1, factor: 1.0 },
        { metric: 'node_network_received_bytes', measure: 'network', rank: 1, factor: 0.001 },
        { metric: 'node_network_sent_bytes', measure: 'network', rank: 1, factor: 0.001 },
        { metric: 'instance_network_received_bytes', measure: 'network', rank: 2, factor: 0.001 },
        { metric: 'instance_network_sent_bytes', measure: 'network', rank: 2, factor: 0.001 },
        { metric: 'node_disk_bytes', measure: 'disk', rank: 1, factor: 0.001 },
        { metric: 'node_disk_operations', measure: 'disk_operations', rank: 1, factor: 1.0 },
        { metric: 'node_disk_queue', measure: 'disk_queue', rank: 1, factor: 1.0 },
        { metric: 'node_network_received_packets', measure: 'packets', rank: 1, factor: 1.0 },
        { metric: 'node_network_sent_packets', measure: 'packets', rank: 1, factor: 1.0 },
        { metric: 'node_tcp_retransmits', measure: 'retransmits', rank: 1, factor: 1.0 }
    ], recursive := true)

),

hours as (

    select
        months.usage_month,
        usage.resource_id,
        metrics.measure,
        metrics.rank,
        usage.usage_hour,
        date_diff('day', usage.usage_date, months.known_until) - 1 as days_ago,
        max(usage.samples) as samples,
        max(usage.expected_samples) as expected_samples,
        -- of the disks of a machine, or of sent and received, the busiest
        max(cast(usage.mean_value as double) * metrics.factor) as mean_value,
        max(cast(usage.min_value as double) * metrics.factor) as min_value,
        max(cast(usage.p50_value as double) * metrics.factor) as p50_value,
        max(cast(usage.p95_value as double) * metrics.factor) as p95_value,
        max(cast(usage.p99_value as double) * metrics.factor) as p99_value,
        max(cast(usage.p995_value as double) * metrics.factor) as p995_value,
        max(cast(usage.max_value as double) * metrics.factor) as max_value
    from silver.usage_hourly as usage
    inner join metrics on usage.metric = metrics.metric
    inner join months
        on usage.usage_date >= months.known_from and usage.usage_date < months.known_until
    where usage.resource_id is not null
    group by all

),

-- an hour is told by one source
chosen as (

    select *
    from hours
    qualify rank = min(rank) over (partition by usage_month, resource_id, measure, usage_hour)

),

-- node_exporter counts stolen time as busy, the hypervisor does not; memory in bytes becomes a share
scales as (

    select
        hours.*,
        case
            when hours.measure = 'cpu' and hours.rank = 2 then coalesce(beside.mean_value, 0) else 0
        end as taken,
        case
            when hours.measure = 'cpu' then 1 - coalesce(beside.mean_value, 0)
            when hours.measure = 'memory' and hours.rank = 2 then beside.mean_value
            else 1
        end as whole
    from chosen as hours
    left join chosen as beside
        on
            hours.usage_month = beside.usage_month
            and hours.resource_id = beside.resource_id
            and hours.usage_hour = beside.usage_hour
            and beside.measure
            = case
                when hours.measure = 'cpu' then 'steal'
                when hours.measure = 'memory' and hours.rank = 2 then 'memory_size'
            end

),

measured as (

    select
        usage_month,
        resource_id,
        measure,
        days_ago,
        samples,
        expected_samples,
        greatest(min_value - taken, 0) / whole as min_value,
        greatest(p50_value - taken, 0) / whole as p50_value,
        greatest(p95_value - taken, 0) / whole as p95_value,
        greatest(p99_value - taken, 0) / whole as p99_value,
        greatest(p995_value - taken, 0) / whole as p995_value,
        greatest(max_value - taken, 0) / whole as max_value
    from scales
    where
        whole > 0
        and samples > 0
        and measure <> 'memory_size'
        and min_value is not null
        and p50_value is not null
        and p95_value is not null
        and p99_value is not null
        and p995_value is not null
        and max_value is not null

),

levels as (

    select
        usage_month,
        resource_id,
        max(expected_samples) filter (where measure = 'cpu') as expected_samples,
        quantile_cont(p95_value, 0.95) filter (where measure = 'cpu') as cpu_p95_ratio,
        quantile_cont(p995_value, 0.995) filter (where measure = 'cpu') as cpu_p995_ratio,
        quantile_cont(p95_value, 0.95) filter (where measure = 'memory') as memory_p95_ratio,
        max(max_value) filter (where measure = 'memory') as memory_max_ratio,
        quantile_cont(p95_value, 0.95) filter (where measure = 'steal') as steal_p95_ratio,
        quantile_cont(p99_value, 0.99) filter (where measure = 'disk_operations') as disk_operations_p99,
        quantile_cont(p95_value, 0.95) filter (where measure = 'disk_queue') as disk_queue_p95,
        quantile_cont(p99_value, 0.99) filter (where measure = 'packets') as packets_p99,
        quantile_cont(p99_value, 0.99) filter (where measure = 'retransmits') as retransmits_p99
    from measured
    group by all

),

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
        measured.usage_month,
        measured.resource_id,
        measured.measure,
        case when measured.days_ago = 0 then 0 else measured.days_ago // 7 + 1 end as part,
        measured.samples * slices.weight as samples,
        case
            when slices.up_to <= 0.5
                then measured.min_value + (measured.p50_value - measured.min_value) * slices.up_to / 0.5
            when slices.up_to <= 0.95
                then measured.p50_value + (measured.p95_value - measured.p50_value) * (slices.up_to - 0.5) / 0.45
            when slices.up_to <= 0.99
                then measured.p95_value + (measured.p99_value - measured.p95_value) * (slices.up_to - 0.95) / 0.04
            when slices.up_to <= 0.995 then measured.p995_value
            else measured.max_value
        end as level
    from measured
    cross join slices
    where measured.measure in ('cpu', 'memory', 'network', 'disk')

),

binned as (

    select
        usage_month,
        resource_id,
        measure,
        part,
        cast(sum(samples) as double) as samples,
        max(level) as highest
    from sliced
    -- eight bins an octave, the lowest below a thousandth
    group by usage_month, resource_id, measure, part, floor(8 * log2(greatest(level, 1 / 1024)))

),

bins as (

    select
        usage_month,
        resource_id,
        list({ part: part, samples: samples, highest: highest } order by highest, part)
        filter (where measure = 'cpu') as cpu_bins,
        list({ part: part, samples: samples, highest: highest } order by highest, part)
        filter (where measure = 'memory') as memory_bins,
        list({ part: part, samples: samples, highest: highest } order by highest, part)
        filter (where measure = 'network') as network_bins,
        list({ part: part, samples: samples, highest: highest } order by highest, part)
        filter (where measure = 'disk') as disk_bins
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
    from measured
    where measure in ('cpu', 'memory', 'network', 'disk')
    group by all

),

days as (

    select
        usage_month,
        resource_id,
        list({ days_ago: days_ago, samples: samples, highest: highest } order by days_ago)
        filter (where measure = 'cpu') as cpu_by_day,
        list({ days_ago: days_ago, samples: samples, highest: highest } order by days_ago)
        filter (where measure = 'memory') as memory_by_day,
        list({ days_ago: days_ago, samples: samples, highest: highest } order by days_ago)
        filter (where measure = 'network') as network_by_day,
        list({ days_ago: days_ago, samples: samples, highest: highest } order by days_ago)
        filter (where measure = 'disk') as disk_by_day
    from by_day
    group by all

),

charged_until as (

    select max(charge_date) + 1 as charged_until
    from silver.costs

),

charged as (

    select distinct
        resource_id,
        charge_date
    from silver.costs
    where resource_id is not null

),

back as (select unnest(range(0, 28)) as days_ago),

off as (

    select
        machines.usage_month,
        machines.resource_id,
        list(back.days_ago order by back.days_ago) as off_days
    from machines
    cross join back
    cross join charged_until
    left join charged
        on
            machines.resource_id = charged.resource_id
            and charged.charge_date = machines.known_until - cast(back.days_ago as integer) - 1
    left join by_day
        on
            machines.usage_month = by_day.usage_month
            and machines.resource_id = by_day.resource_id
            and by_day.measure = 'cpu'
            and back.days_ago = by_day.days_ago
    where
        charged.resource_id is null
        and by_day.resource_id is null
        and machines.known_until - cast(back.days_ago as integer) - 1 >= machines.created_on
        and machines.known_until - cast(back.days_ago as integer) - 1 < charged_until.charged_until
    group by all

)

select
    machines.resource_id,
    machines.known_from,
    machines.known_until,
    nodes.pool_id,
    volumes.volume_count,
    coalesce(volumes.local_volume_bytes, 0) as local_volume_bytes,
    coalesce(volumes.local_volume_ids, cast([] as varchar[])) as local_volume_ids,
    levels.expected_samples,
    cast(levels.cpu_p95_ratio as decimal(38, 12)) as cpu_p95_ratio,
    cast(levels.cpu_p995_ratio as decimal(38, 12)) as cpu_p995_ratio,
    cast(levels.memory_p95_ratio as decimal(38, 12)) as memory_p95_ratio,
    cast(levels.memory_max_ratio as decimal(38, 12)) as memory_max_ratio,
    cast(levels.steal_p95_ratio as decimal(38, 12)) as steal_p95_ratio,
    cast(levels.disk_operations_p99 as decimal(38, 12)) as disk_operations_p99,
    cast(levels.disk_queue_p95 as decimal(38, 12)) as disk_queue_p95,
    cast(levels.packets_p99 as decimal(38, 12)) as packets_p99,
    cast(levels.retransmits_p99 as decimal(38, 12)) as retransmits_p99,
    bins.cpu_bins,
    bins.memory_bins,
    bins.network_bins,
    bins.disk_bins,
    days.cpu_by_day,
    days.memory_by_day,
    days.network_by_day,
    days.disk_by_day,
    coalesce(off.off_days, cast([] as bigint[])) as off_days,
    machines.usage_month
from machines
left join nodes on machines.resource_id = nodes.resource_id
left join volumes on machines.resource_id = volumes.resource_id
left join levels on machines.usage_month = levels.usage_month and machines.resource_id = levels.resource_id
left join bins on machines.usage_month = bins.usage_month and machines.resource_id = bins.resource_id
left join days on machines.usage_month = days.usage_month and machines.resource_id = days.resource_id
left join off on machines.usage_month = off.usage_month and machines.resource_id = off.resource_id
