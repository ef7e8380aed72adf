-- What the workloads of each Kapsule cluster asked for and used in the last four weeks known of the month, one row a
-- cluster: its workloads as a list, what no workload asked for, and how the cluster's processors and nodes were used.
-- Use is by day as OpenCost tells it, so the highest is that of the busiest day. kind_cost_ratio is the share of
-- processors in OpenCost's estimate of processors and memory together, by which the cost of nodes is split in two.
-- grain: usage_month, cluster_id
-- partition: usage_month
-- reads: silver.cluster_allocations 1 month back
-- reads: silver.usage_hourly 1 month back
with

months as (

    select
        usage_month,
        max(usage_date) + 1 as known_until,
        max(usage_date) - 27 as known_from
    from silver.usage_hourly
    group by usage_month

),

allocated as (

    select
        months.usage_month,
        allocations.*
        exclude (usage_month)
    from silver.cluster_allocations as allocations
    inner join months
        on allocations.usage_date >= months.known_from and allocations.usage_date < months.known_until

),

workloads as (

    select
        usage_month,
        cluster_id,
        allocation,
        any_value(namespace) as namespace,
        any_value(controller) as controller,
        any_value(controller_kind) as controller_kind,
        count(distinct usage_date) as days,
        max(usage_date) as last_seen_on,
        arg_max(cpu_cores_requested, window_start) as cpu_requested,
        max(cpu_cores_used) as cpu_used_max,
        arg_max(ram_bytes_requested, window_start) as memory_requested,
        max(ram_bytes_used) as memory_used_max
    from allocated
    where not is_idle
    group by usage_month, cluster_id, allocation

),

clusters as (

    select
        usage_month,
        cluster_id,
        count(distinct usage_date) as days,
        max(usage_date) as last_seen_on,
        cast(sum(cpu_core_hours) as double) / nullif(24 * count(distinct usage_date), 0) as cpu_capacity,
        cast(sum(ram_byte_hours) as double) / nullif(24 * count(distinct usage_date), 0) as memory_capacity,
        cast(sum(estimated_cpu_cost) as double)
        / nullif(cast(sum(estimated_cpu_cost) + sum(estimated_ram_cost) as double), 0) as kind_cost_ratio
    from allocated
    group by usage_month, cluster_id

),

used as (

    select
        months.usage_month,
        usage.resource_id as cluster_id,
        count(distinct usage.usage_date) filter (where usage.metric = 'kubernetes_cpu_used') as days,
        quantile_cont(usage.p99_value, 0.99) filter (where usage.metric = 'kubernetes_cpu_used') as cpu_used_p99,
        quantile_cont(usage.p50_value, 0.5) filter (where usage.metric = 'kubernetes_cpu_used') as cpu_used_p50,
        quantile_cont(usage.p50_value, 0.1) filter (where usage.metric = 'kubernetes_cpu_used') as cpu_used_p10,
        quantile_cont(usage.p50_value, 0.5) filter (where usage.metric = 'kubernetes_cpu_capacity') as cpu_capacity
    from silver.usage_hourly as usage
    inner join months
        on usage.usage_date >= months.known_from and usage.usage_date < months.known_until
    where usage.metric in ('kubernetes_cpu_used', 'kubernetes_cpu_capacity') and usage.resource_id is not null
    group by months.usage_month, usage.resource_id

),

listed as (

    select
        usage_month,
        cluster_id,
        list(
            {
                allocation: allocation, namespace: namespace, controller: controller, kind: controller_kind,
                days: days, last_seen_on: last_seen_on,
                cpu_requested: cpu_requested, cpu_used_max: cpu_used_max,
                memory_requested: memory_requested, memory_used_max: memory_used_max
            }
            order by allocation
        ) as workloads
    from workloads
    group by usage_month, cluster_id

)

select
    used.cluster_id,
    months.known_from,
    months.known_until,
    used.days as usage_days,
    clusters.days as allocation_days,
    clusters.last_seen_on,
    cast(used.cpu_used_p10 as decimal(38, 12)) as cpu_used_p10,
    cast(used.cpu_used_p50 as decimal(38, 12)) as cpu_used_p50,
    cast(used.cpu_used_p99 as decimal(38, 12)) as cpu_used_p99,
    cast(coalesce(clusters.cpu_capacity, cast(used.cpu_capacity as double)) as decimal(38, 12)) as cpu_capacity,
    cast(clusters.memory_capacity as decimal(38, 6)) as memory_capacity,
    cast(clusters.kind_cost_ratio as decimal(38, 12)) as kind_cost_ratio,
    listed.workloads,
    used.usage_month
from used
inner join months on used.usage_month = months.usage_month
left join clusters on used.usage_month = clusters.usage_month and used.cluster_id = clusters.cluster_id
left join listed on used.usage_month = listed.usage_month and used.cluster_id = listed.cluster_id
