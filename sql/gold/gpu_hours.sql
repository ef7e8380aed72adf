-- What charged GPUs did in each hour, by machine: busy (DCGM's engine active, else its utilisation), and idle by what
-- kept them: requests that wait although a GPU idles (queue), a model that lies in memory unused (warm), nobody at all.
-- Hours are GPU-hours, no more of them than were charged; what DCGM did not see is unmeasured, and where it saw nothing
-- busy and idle are null, never zero. charged = busy + idle + unmeasured; idle = queue + warm + nobodys + unsorted.
-- Of an idle GPU whose memory is not told it is not known what keeps it: unsorted. Power is that of all its GPUs.
-- grain: resource_id, usage_hour, billing_currency
-- partition: billing_month
with

stretches as (

    select distinct
        resource_id,
        charge_start,
        charge_end,
        billing_currency,
        billing_month
    from silver.labelled_costs
    where
        service_name in ('GPU Instances', 'Dedicated Inference')
        and resource_id is not null
        and charge_end > charge_start

),

touched as (

    select
        *,
        unnest(
            generate_series(
                date_trunc('hour', charge_start),
                date_trunc('hour', charge_end - interval 1 microsecond),
                interval 1 hour
            )
        ) as usage_hour
    from stretches

),

charged as (

    select
        resource_id,
        usage_hour,
        billing_currency,
        billing_month,
        cast(usage_hour as date) as usage_date,
        -- stretches of a machine do not overlap, and where a bill says one twice an hour has no more than sixty minutes
        least(
            cast(1 as decimal(38, 12)),
            cast(
                sum(
                    epoch_us(least(charge_end, usage_hour + interval 1 hour))
                    - epoch_us(greatest(charge_start, usage_hour))
                ) / 3600000000 as decimal(38, 12)
            )
        ) as charged_hours
    from touched
    group by resource_id, usage_hour, billing_currency, billing_month

),

gpu_counts as (

    select distinct
        resource_id,
        charge_date,
        billing_currency,
        gpus
    from gold.gpu_costs

),

readings as (

    select
        resource_id,
        raw_id,
        usage_hour,
        max(least(1, coalesce(samples / nullif(expected_samples, 0), 1)))
        filter (where metric in ('gpu_engine_active_ratio', 'gpu_utilization_percent')) as seen_share,
        max(mean_value) filter (where metric = 'gpu_engine_active_ratio') as engine_active,
        max(mean_value) filter (where metric = 'gpu_utilization_percent') / 100 as utilization,
        max(mean_value) filter (where metric = 'gpu_tensor_active_ratio') as tensor_active,
        max(mean_value) filter (where metric = 'gpu_memory_used_mebibytes') * 1048576 as memory_used,
        max(mean_value) filter (where metric = 'gpu_memory_free_mebibytes') * 1048576 as memory_free,
        max(mean_value) filter (where metric = 'gpu_power_watts') as power
    from silver.usage_hourly
    where resource_type = 'gpu' and resource_id is not null
    group by resource_id, raw_id, usage_hour

),

seen as (

    select
        *,
        -- least() passes over nulls
        case
            when coalesce(engine_active, utilization) is not null
                then greatest(0, least(1, coalesce(engine_active, utilization)))
        end as active
    from readings

),

machines as (

    select
        resource_id,
        usage_hour,
        count(active) as measured_gpus,
        sum(seen_share) filter (where active is not null) as measured_hours,
        sum(active * seen_share) as active_hours,
        max(active) as busiest_active,
        count(*) filter (
            where active < 0.01 and coalesce(memory_used / nullif(memory_used + memory_free, 0) < 0.05, true)
        ) as unused_gpus,
        avg(tensor_active) as tensor_active,
        sum(memory_used) as memory_used,
        case when count(*) = count(memory_used + memory_free) then sum(memory_used + memory_free) end as memory_seen,
        sum(power) as power,
        case when bool_and(engine_active is not null) then 'engine active' else 'utilisation' end as measured_by
    from seen
    group by resource_id, usage_hour

),

served as (

    select
        resource_id,
        usage_hour,
        sum(requests) as requests,
        max(waiting_requests) as waiting_requests
    from silver.gpu_served_hours
    where resource_id is not null
    group by resource_id, usage_hour

),

joined as (

    select
        charged.*,
        gpu_counts.gpus,
        machines.* exclude (resource_id, usage_hour),
        served.requests,
        served.waiting_requests,
        charged.charged_hours * gpu_counts.gpus as charged_gpu_hours,
        cast(least(machines.measured_hours, charged.charged_hours * gpu_counts.gpus) as decimal(38, 12))
            as measured_gpu_hours,
        machines.memory_used / nullif(machines.memory_seen, 0) as memory_share
    from charged
    left join gpu_counts
        on
            charged.resource_id = gpu_counts.resource_id
            and charged.usage_date = gpu_counts.charge_date
            and charged.billing_currency = gpu_counts.billing_currency
    left join machines
        on charged.resource_id = machines.resource_id and charged.usage_hour = machines.usage_hour
    left join served
        on charged.resource_id = served.resource_id and charged.usage_hour = served.usage_hour

),

busy as (

    select
        *,
        case
            when measured_hours > 0 and gpus is not null
                then cast(least(measured_gpu_hours, active_hours) as decimal(38, 12))
        end as busy_gpu_hours
    from joined

),

idle as (

    select
        *,
        measured_gpu_hours - busy_gpu_hours as idle_gpu_hours,
        cast(
            least(measured_gpu_hours - busy_gpu_hours, measured_gpu_hours * least(1, coalesce(waiting_requests, 0)))
            as decimal(38, 12)
        ) as waited_gpu_hours,
        -- a driver alone takes less than a twentieth
        memory_share >= 0.05 as holds_a_model
    from busy

)

select
    resource_id,
    usage_hour,
    usage_date,
    gpus,
    measured_by,
    cast(measured_gpus as integer) as measured_gpus,
    cast(case when busy_gpu_hours is not null then unused_gpus end as integer) as unused_gpus,
    cast(charged_hours as decimal(38, 12)) as charged_hours,
    cast(charged_gpu_hours as decimal(38, 12)) as charged_gpu_hours,
    busy_gpu_hours,
    cast(idle_gpu_hours as decimal(38, 12)) as idle_gpu_hours,
    cast(case when busy_gpu_hours is not null then waited_gpu_hours end as decimal(38, 12)) as queue_idle_gpu_hours,
    cast(
        case when holds_a_model then idle_gpu_hours - waited_gpu_hours when busy_gpu_hours is not null then 0 end
        as decimal(38, 12)
    ) as warm_idle_gpu_hours,
    cast(
        case when not holds_a_model then idle_gpu_hours - waited_gpu_hours when busy_gpu_hours is not null then 0 end
        as decimal(38, 12)
    ) as nobodys_gpu_hours,
    cast(
        case
            when holds_a_model is null then idle_gpu_hours - waited_gpu_hours when busy_gpu_hours is not null then 0
        end as decimal(38, 12)
    ) as unsorted_idle_gpu_hours,
    cast(charged_gpu_hours - coalesce(idle_gpu_hours + busy_gpu_hours, 0) as decimal(38, 12)) as unmeasured_gpu_hours,
    cast(busiest_active as decimal(38, 12)) as busiest_gpu_active_ratio,
    cast(tensor_active as decimal(38, 12)) as tensor_active_ratio,
    cast(memory_used as bigint) as memory_used_bytes,
    cast(memory_share as decimal(38, 12)) as memory_used_ratio,
    cast(power as decimal(38, 12)) as power_watts,
    cast(requests as decimal(38, 12)) as requests,
    billing_currency,
    billing_month
from idle
