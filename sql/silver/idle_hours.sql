-- How many hours of a day a machine was measured and how many of them it idled: 95 % of the hour's samples show less
-- CPU, of a GPU machine less GPU, than the setting kpis.idle_below. Of several series the busiest one decides.
-- A Kapsule node idles by the share of its cluster that no workload asked for, where OpenCost tells of it.
-- grain: resource_id, usage_date, measured_by
-- partition: billing_month
with

shares as (

    select
        resource_id,
        usage_hour,
        usage_date,
        usage_month,
        case when metric = 'gpu_utilization_percent' then 'gpu' else 'cpu' end as measured_by,
        case when metric like '%_percent' then p95_value / 100 else p95_value end as p95_share
    from silver.usage_hourly
    where
        resource_id is not null
        and p95_value is not null
        and metric in (
            'instance_cpu_ratio', 'node_cpu_ratio', 'postgresql_cpu_ratio', 'mysql_cpu_ratio', 'redis_cpu_ratio',
            'load_balancer_cpu_ratio', 'serverless_sql_cpu_ratio', 'container_cpu_percent', 'function_cpu_percent',
            'opensearch_cpu_percent', 'gpu_utilization_percent'
        )

),

hours as (

    select
        resource_id,
        usage_hour,
        usage_date,
        usage_month,
        measured_by,
        max(p95_share) as p95_share
    from shares
    group by all

),

machines as (

    select
        hours.resource_id,
        hours.usage_date,
        hours.measured_by,
        count(*) as measured_hours,
        count(*) filter (where hours.p95_share < kpi_settings.idle_below) as idle_hours,
        hours.usage_month as billing_month
    from hours
    cross join silver.kpi_settings
    where kpi_settings.idle_below is not null
    group by all

),

clusters as (

    select
        cluster_id,
        usage_date,
        usage_month,
        sum(coalesce(estimated_cpu_cost, 0) + coalesce(estimated_ram_cost, 0) + coalesce(estimated_gpu_cost, 0))
            as estimated_cost,
        sum(coalesce(estimated_cpu_cost, 0) + coalesce(estimated_ram_cost, 0) + coalesce(estimated_gpu_cost, 0))
        filter (where is_idle) as idle_cost
    from silver.cluster_allocations
    group by all

),

machines_billed as (

    select distinct
        resource_id,
        billed_id
    from silver.resources
    where resource_type in ('instance_server', 'k8s_node')

),

nodes as (

    select distinct
        machines_billed.billed_id as resource_id,
        links.linked_id as cluster_id,
        links.valid_from,
        links.valid_to
    from silver.resource_links as links
    inner join machines_billed on links.resource_id = machines_billed.resource_id
    where links.link_type = 'part_of'

),

in_clusters as (

    select
        nodes.resource_id,
        clusters.usage_date,
        max(cast(24 * coalesce(clusters.idle_cost, 0) / clusters.estimated_cost as decimal(38, 12))) as idle_hours,
        clusters.usage_month as billing_month
    from clusters
    inner join nodes
        on
            clusters.cluster_id = nodes.cluster_id
            and clusters.usage_date >= nodes.valid_from
            and clusters.usage_date < coalesce(nodes.valid_to, date '9999-12-31')
    where clusters.estimated_cost > 0
    group by nodes.resource_id, clusters.usage_date, clusters.usage_month

)

select
    resource_id,
    usage_date,
    measured_by,
    cast(measured_hours as decimal(38, 12)) as measured_hours,
    cast(idle_hours as decimal(38, 12)) as idle_hours,
    billing_month
from machines
union all
select
    resource_id,
    usage_date,
    'kubernetes' as measured_by,
    cast(24 as decimal(38, 12)) as measured_hours,
    least(idle_hours, 24) as idle_hours,
    billing_month
from in_clusters
