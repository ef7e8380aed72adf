-- What each machine with GPUs cost in a day and what its GPUs did for it: its cost as billed, volumes and addresses
-- included, spread evenly over its charged GPU-hours. busy_cost is what GPUs that worked took; the rest is idle, by
-- what kept them, and cost of hours that DCGM did not see. The parts add up to allocation_cost; where nothing was seen
-- they are null, and on a day on which a machine was off all is unmeasured. training_gpu_hours ran an imported run.
-- grain: charge_date, resource_id, billing_currency
-- partition: billing_month
with

costs as (

    select
        charge_date,
        resource_id,
        billing_currency,
        billing_month,
        any_value(resource_name) as resource_name,
        any_value(resource_type) as resource_type,
        any_value(pool_id) as pool_id,
        any_value(project_id) as project_id,
        any_value(project_name) as project_name,
        any_value(environment) as environment,
        any_value(owner) as owner,
        any_value(team) as team,
        any_value(commercial_type) as commercial_type,
        any_value(gpu_name) as gpu_name,
        any_value(gpus) as gpus,
        any_value(model_name) as model_name,
        sum(billed_cost) as allocation_cost,
        coalesce(sum(billed_cost) filter (where part = 'machine'), 0) as machine_cost
    from gold.gpu_costs
    where resource_id is not null
    group by all

),

hours as (

    select
        resource_id,
        usage_date,
        billing_currency,
        sum(charged_hours) as charged_hours,
        sum(charged_gpu_hours) as charged_gpu_hours,
        sum(busy_gpu_hours) as busy_gpu_hours,
        sum(idle_gpu_hours) as idle_gpu_hours,
        sum(queue_idle_gpu_hours) as queue_idle_gpu_hours,
        sum(warm_idle_gpu_hours) as warm_idle_gpu_hours,
        sum(nobodys_gpu_hours) as nobodys_gpu_hours,
        sum(unsorted_idle_gpu_hours) as unsorted_idle_gpu_hours,
        sum(unmeasured_gpu_hours) as unmeasured_gpu_hours,
        sum(requests) as requests
    from gold.gpu_hours
    group by resource_id, usage_date, billing_currency

),

runs as (

    select
        unnest(resource_ids) as resource_id,
        started_at,
        ended_at
    from silver.training_runs
    where ended_at > started_at

),

-- runs at once on one machine take an hour together, not one each
training as (

    select
        hours.resource_id,
        hours.usage_date,
        hours.billing_currency,
        sum(
            least(
                hours.charged_hours,
                cast(
                    (
                        epoch_us(least(runs.ended_at, hours.usage_hour + interval 1 hour))
                        - epoch_us(greatest(runs.started_at, hours.usage_hour))
                    ) / 3600000000 as decimal(38, 12)
                )
            )
        ) as run_hours
    from gold.gpu_hours as hours
    inner join runs
        on
            hours.resource_id = runs.resource_id
            and hours.usage_hour < runs.ended_at
            and hours.usage_hour + interval 1 hour > runs.started_at
    group by hours.resource_id, hours.usage_date, hours.billing_currency

),

joined as (

    select
        costs.*,
        hours.* exclude (resource_id, usage_date, billing_currency),
        case
            when hours.charged_gpu_hours > 0
                then least(hours.charged_hours, coalesce(training.run_hours, 0)) * costs.gpus
        end as training_gpu_hours,
        case when hours.charged_gpu_hours > 0 and hours.busy_gpu_hours is not null then hours.charged_gpu_hours end
            as spread_over
    from costs
    left join hours
        on
            costs.resource_id = hours.resource_id
            and costs.charge_date = hours.usage_date
            and costs.billing_currency = hours.billing_currency
    left join training
        on
            costs.resource_id = training.resource_id
            and costs.charge_date = training.usage_date
            and costs.billing_currency = training.billing_currency

),

-- sums up to each part, so that no rounding makes a part negative
reached as (

    select
        *,
        cast(allocation_cost * busy_gpu_hours / spread_over as decimal(38, 12)) as to_busy,
        cast(allocation_cost * (busy_gpu_hours + queue_idle_gpu_hours) / spread_over as decimal(38, 12)) as to_queue,
        cast(
            allocation_cost * (busy_gpu_hours + queue_idle_gpu_hours + warm_idle_gpu_hours) / spread_over
            as decimal(38, 12)
        ) as to_warm,
        cast(
            allocation_cost * (busy_gpu_hours + idle_gpu_hours - unsorted_idle_gpu_hours) / spread_over
            as decimal(38, 12)
        ) as to_nobodys,
        case
            when spread_over is null then null
            when unmeasured_gpu_hours = 0 then cast(allocation_cost as decimal(38, 12))
            else cast(allocation_cost * (busy_gpu_hours + idle_gpu_hours) / spread_over as decimal(38, 12))
        end as to_idle
    from joined

)

select
    charge_date,
    resource_id,
    resource_name,
    resource_type,
    pool_id,
    project_id,
    project_name,
    environment,
    owner,
    team,
    commercial_type,
    gpu_name,
    gpus,
    model_name,
    cast(machine_cost as decimal(38, 12)) as machine_cost,
    cast(allocation_cost as decimal(38, 12)) as allocation_cost,
    to_busy as busy_cost,
    to_idle - to_busy as idle_cost,
    to_queue - to_busy as queue_idle_cost,
    to_warm - to_queue as warm_idle_cost,
    to_nobodys - to_warm as nobodys_cost,
    to_idle - to_nobodys as unsorted_idle_cost,
    cast(allocation_cost - coalesce(to_idle, 0) as decimal(38, 12)) as unmeasured_cost,
    cast(charged_hours as decimal(38, 12)) as charged_hours,
    cast(charged_gpu_hours as decimal(38, 12)) as charged_gpu_hours,
    cast(busy_gpu_hours as decimal(38, 12)) as busy_gpu_hours,
    cast(idle_gpu_hours as decimal(38, 12)) as idle_gpu_hours,
    cast(queue_idle_gpu_hours as decimal(38, 12)) as queue_idle_gpu_hours,
    cast(warm_idle_gpu_hours as decimal(38, 12)) as warm_idle_gpu_hours,
    cast(nobodys_gpu_hours as decimal(38, 12)) as nobodys_gpu_hours,
    cast(unsorted_idle_gpu_hours as decimal(38, 12)) as unsorted_idle_gpu_hours,
    cast(unmeasured_gpu_hours as decimal(38, 12)) as unmeasured_gpu_hours,
    cast(training_gpu_hours as decimal(38, 12)) as training_gpu_hours,
    cast(requests as decimal(38, 12)) as requests,
    case
        when charged_gpu_hours > 0 and busy_gpu_hours is null then 'no DCGM metrics of the day'
        when coalesce(charged_gpu_hours, 0) = 0 and gpus is null then 'its number of GPUs is not known'
        when coalesce(charged_gpu_hours, 0) = 0 then 'it was off all day'
    end as reason,
    billing_currency,
    billing_month
from reached
