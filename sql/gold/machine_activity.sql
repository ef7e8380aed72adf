-- How busy each machine that exists was in the last five weeks known of the month, weeks that hold every day of the
-- month once: its processors as wanted (used ÷ (1 − steal), where steal is known), its GPUs and its network. Levels are
-- of the hours: the 99.5th percentile of the hours' own 99.5th percentiles. What nothing measures is null.
-- last_active_on is the last day of the month and the three before it on which an hour was above the setting
-- kpis.idle_below, last_charged_on the last one on which the machine itself was charged.
-- grain: billing_month, resource_id
-- partition: billing_month
-- reads: silver.usage_hourly 2 months back
-- reads: silver.idle_hours 3 months back
-- reads: silver.costs 3 months back
-- reads: silver.billing_months 3 months back
with

known as (

    select
        billing_month,
        charges_until as known_until,
        charges_until - cast(days_read as integer) as read_from,
        cast(billing_month || '-01' as date) as begins_on
    from silver.billing_months
    where charges_until is not null

),

-- nothing is read before the third month back, and nothing was read before the first one
months as (

    select
        known.billing_month,
        known.known_until,
        known.known_until - 35 as known_from,
        min(greatest(cast(known.begins_on - interval 3 month as date), earlier.read_from)) as history_from
    from known
    inner join known as earlier
        on
            known.begins_on >= earlier.begins_on
            and known.begins_on - interval 3 month <= earlier.begins_on
    where coalesce(list_contains(getvariable('built_months'), known.billing_month), true)
    group by all

),

machines as (

    select
        months.*,
        resources.resource_id,
        resources.resource_state
    from months
    cross join silver.resources as resources
    where
        resources.resource_type in (
            'instance_server', 'baremetal_server', 'apple_silicon_server', 'dedibox_server'
        )
        and resources.counts_from < months.known_until
        and coalesce(resources.valid_to >= months.known_until, true)
        and coalesce(cast(resources.created_at as date) < months.known_until, true)
    qualify row_number() over (
        partition by months.billing_month, resources.resource_id
        order by resources.valid_from desc
    ) = 1

),

nodes as (

    select distinct
        runs.linked_id as resource_id,
        parts.linked_id as pool_id,
        parts.valid_from,
        parts.valid_to
    from silver.resource_links as runs
    inner join silver.resource_links as parts on runs.resource_id = parts.resource_id and parts.link_type = 'part_of'
    where runs.link_type = 'runs_on'
    union
    select
        resource_id,
        linked_id as pool_id,
        valid_from,
        valid_to
    from silver.resource_links
    where link_type = 'part_of'

),

pools as (

    select distinct resource_id
    from silver.resources
    where resource_type = 'k8s_pool'

),

pooled as (

    select
        machines.billing_month,
        machines.resource_id,
        max(pools.resource_id) as pool_id
    from machines
    inner join nodes on machines.resource_id = nodes.resource_id
    left join pools on nodes.pool_id = pools.resource_id
    where
        nodes.valid_from < machines.known_until
        and coalesce(nodes.valid_to >= machines.known_until, true)
    group by all

),

received as (

    select
        machines.billing_month,
        machines.resource_id,
        usage.metric,
        usage.usage_hour,
        usage.usage_date,
        cast(usage.mean_value as double) as mean_value,
        cast(usage.p95_value as double) as p95_value,
        cast(usage.p995_value as double) as p995_value,
        cast(usage.max_value as double) as max_value
    from silver.usage_hourly as usage
    inner join machines
        on
            usage.resource_id = machines.resource_id
            and usage.usage_date >= machines.known_from
            and usage.usage_date < machines.known_until
    where
        usage.metric in (
            'instance_cpu_ratio', 'node_cpu_ratio', 'node_cpu_steal_ratio', 'gpu_utilization_percent',
            'instance_network_received_bytes', 'instance_network_sent_bytes',
            'node_network_received_bytes', 'node_network_sent_bytes'
        )

),

-- of several series of one measure the busiest decides
hours as (

    select
        billing_month,
        resource_id,
        usage_hour,
        usage_date,
        max(p95_value) filter (where metric in ('instance_cpu_ratio', 'node_cpu_ratio')) as cpu_p95,
        max(p995_value) filter (where metric in ('instance_cpu_ratio', 'node_cpu_ratio')) as cpu_p995,
        max(max_value) filter (where metric in ('instance_cpu_ratio', 'node_cpu_ratio')) as cpu_max,
        max(mean_value) filter (where metric = 'node_cpu_steal_ratio') as steal,
        avg(mean_value) filter (where metric = 'gpu_utilization_percent') as gpu_mean,
        max(p995_value) filter (where metric = 'gpu_utilization_percent') as gpu_p995,
        max(max_value) filter (where metric = 'gpu_utilization_percent') as gpu_max,
        -- measured from inside or from outside, and never both counted
        greatest(
            sum(mean_value) filter (
                where metric in ('node_network_received_bytes', 'node_network_sent_bytes')
            ),
            sum(mean_value) filter (
                where metric in ('instance_network_received_bytes', 'instance_network_sent_bytes')
            )
        ) as network_bytes_per_second
    from received
    group by billing_month, resource_id, usage_hour, usage_date

),

levels as (

    select
        billing_month,
        resource_id,
        count(distinct usage_date) filter (where cpu_p995 is not null) as cpu_days,
        count(distinct yearweek(usage_date)) filter (
            where cpu_p995 is not null and isodow(usage_date) >= 6
        ) as cpu_weekends,
        count(cpu_p995) as cpu_hours,
        quantile_cont(cpu_p95 / (1 - least(coalesce(steal, 0), 0.99)), 0.95) as cpu_p95_ratio,
        quantile_cont(cpu_p995 / (1 - least(coalesce(steal, 0), 0.99)), 0.995) as cpu_p995_ratio,
        max(cpu_max) as cpu_max_ratio,
        max(steal) as steal_max_ratio,
        count(distinct usage_date) filter (where gpu_p995 is not null) as gpu_days,
        count(distinct yearweek(usage_date)) filter (
            where gpu_p995 is not null and isodow(usage_date) >= 6
        ) as gpu_weekends,
        avg(gpu_mean) as gpu_mean_percent,
        quantile_cont(gpu_p995, 0.995) as gpu_p995_percent,
        max(gpu_max) as gpu_max_percent,
        count(distinct usage_date) filter (where network_bytes_per_second is not null) as network_days,
        86400 * avg(network_bytes_per_second) as network_bytes_per_day
    from hours
    group by billing_month, resource_id

),

active as (

    select
        machines.billing_month,
        machines.resource_id,
        min(idle.usage_date) as measured_from,
        max(idle.usage_date) filter (where idle.idle_hours < idle.measured_hours) as last_active_on
    from silver.idle_hours as idle
    inner join machines
        on
            idle.resource_id = machines.resource_id
            and idle.usage_date >= machines.history_from
            and idle.usage_date < machines.known_until
    where idle.measured_by <> 'kubernetes'
    group by machines.billing_month, machines.resource_id

),

charged as (

    select
        machines.billing_month,
        machines.resource_id,
        max(costs.charge_date) as last_charged_on
    from silver.costs as costs
    inner join machines
        on
            costs.resource_id = machines.resource_id
            and costs.charge_date >= machines.history_from
            and costs.charge_date < machines.known_until
    where costs.billed_cost > 0
    group by machines.billing_month, machines.resource_id

)

select
    machines.resource_id,
    machines.resource_state,
    pooled.resource_id is not null as is_node,
    pooled.pool_id,
    machines.known_from,
    machines.known_until,
    machines.history_from,
    levels.cpu_days,
    levels.cpu_weekends,
    levels.cpu_hours,
    cast(levels.cpu_p95_ratio as decimal(38, 12)) as cpu_p95_ratio,
    cast(levels.cpu_p995_ratio as decimal(38, 12)) as cpu_p995_ratio,
    cast(levels.cpu_max_ratio as decimal(38, 12)) as cpu_max_ratio,
    cast(levels.steal_max_ratio as decimal(38, 12)) as steal_max_ratio,
    levels.gpu_days,
    levels.gpu_weekends,
    cast(levels.gpu_mean_percent as decimal(38, 12)) as gpu_mean_percent,
    cast(levels.gpu_p995_percent as decimal(38, 12)) as gpu_p995_percent,
    cast(levels.gpu_max_percent as decimal(38, 12)) as gpu_max_percent,
    levels.network_days,
    cast(levels.network_bytes_per_day as decimal(38, 12)) as network_bytes_per_day,
    active.measured_from,
    active.last_active_on,
    charged.last_charged_on,
    machines.billing_month
from machines
left join levels on machines.billing_month = levels.billing_month and machines.resource_id = levels.resource_id
left join active on machines.billing_month = active.billing_month and machines.resource_id = active.resource_id
left join charged on machines.billing_month = charged.billing_month and machines.resource_id = charged.resource_id
left join pooled on machines.billing_month = pooled.billing_month and machines.resource_id = pooled.resource_id
