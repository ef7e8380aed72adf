-- What workloads of a cluster asked for and used, by day, as OpenCost tells it; is_idle is what no workload asked for.
-- The costs are OpenCost's own estimate at the prices it was given, not the bill's.
-- grain: cluster_id, window_start, allocation
-- partition: usage_month
with

readings as (

    select reading_hash
    from silver.latest_measurements
    where source = 'opencost.allocations' and reading_hash is not null

)

select
    allocations.cluster_id,
    allocations.window_start,
    allocations.window_end,
    cast(allocations.window_start as date) as usage_date,
    allocations.allocation,
    allocations.namespace,
    allocations.controller,
    allocations.controller_kind,
    allocations.is_idle,
    try_cast(allocations.minutes as decimal(38, 12)) as minutes,
    try_cast(allocations.cpu_core_hours as decimal(38, 12)) as cpu_core_hours,
    try_cast(allocations.cpu_cores_requested as decimal(38, 12)) as cpu_cores_requested,
    try_cast(allocations.cpu_cores_used as decimal(38, 12)) as cpu_cores_used,
    try_cast(allocations.ram_byte_hours as decimal(38, 12)) as ram_byte_hours,
    try_cast(allocations.ram_bytes_requested as decimal(38, 12)) as ram_bytes_requested,
    try_cast(allocations.ram_bytes_used as decimal(38, 12)) as ram_bytes_used,
    try_cast(allocations.gpu_hours as decimal(38, 12)) as gpu_hours,
    allocations.estimated_cpu_cost,
    allocations.estimated_ram_cost,
    allocations.estimated_gpu_cost,
    allocations.estimated_volume_cost,
    allocations.estimated_network_cost,
    allocations.estimated_load_balancer_cost,
    allocations.estimated_cost,
    allocations.currency as billing_currency,
    allocations.usage_month
from bronze.cluster_allocations as allocations
inner join readings on allocations.reading_hash = readings.reading_hash
