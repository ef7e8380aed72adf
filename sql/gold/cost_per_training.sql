-- What training runs and their epochs cost: the hours a run had of its machines × what those cost that day by the hour
-- they were charged, volumes, addresses and idle hours of the run included; runs at once on one machine share it.
-- A run counts in the month it ended in. Rows of the scope run are one run each, those of the scope model all runs of
-- a model and outcome in the month. epoch_cost is cost ÷ completed epochs; runs that failed or were given up have rows
-- of their own, and waste_cost is what they took. busy is the part in which the GPUs worked, null without DCGM.
-- cost_coverage is the share of the run's hours that its machines were charged for. typical_hours is the median of the
-- model's completed runs of this month and the one before, runs_at_once the most that shared a machine with it.
-- grain: billing_month, scope, source, run_id, model, status, billing_currency
-- partition: billing_month
-- reads: gold.gpu_hours 1 month back
-- reads: gold.gpu_days 1 month back
with

runs as (

    select
        source,
        run_id,
        model,
        status,
        started_at,
        ended_at,
        duration_seconds / 3600 as run_hours,
        completed_epochs as epochs,
        len(resource_ids) as machines,
        billing_month,
        resource_ids
    from silver.training_runs
    where ended_at > started_at

),

on_machines as (

    select
        source,
        run_id,
        started_at,
        ended_at,
        unnest(resource_ids) as resource_id
    from runs

),

in_hours as (

    select
        on_machines.source,
        on_machines.run_id,
        hours.resource_id,
        hours.usage_hour,
        hours.usage_date,
        hours.billing_currency,
        hours.charged_hours,
        (
            epoch_us(least(on_machines.ended_at, hours.usage_hour + interval 1 hour))
            - epoch_us(greatest(on_machines.started_at, hours.usage_hour))
        ) / 3600000000 as wanted_hours
    from gold.gpu_hours as hours
    inner join on_machines
        on
            hours.resource_id = on_machines.resource_id
            and hours.usage_hour < on_machines.ended_at
            and hours.usage_hour + interval 1 hour > on_machines.started_at

),

shared as (

    select
        *,
        wanted_hours * least(1, charged_hours / sum(wanted_hours) over at_once) as used_hours,
        count(*) over at_once as runs_at_once
    from in_hours
    window at_once as (partition by resource_id, usage_hour, billing_currency)

),

used as (

    select
        source,
        run_id,
        resource_id,
        usage_date,
        billing_currency,
        sum(used_hours) as used_hours,
        max(runs_at_once) as runs_at_once
    from shared
    group by all

),

costed as (

    select
        used.source,
        used.run_id,
        days.billing_currency,
        any_value(days.project_id) as project_id,
        any_value(days.project_name) as project_name,
        string_agg(distinct days.resource_name, ', ' order by days.resource_name) as resource_names,
        string_agg(distinct days.gpu_name, ', ' order by days.gpu_name) as gpu_names,
        max(used.runs_at_once) as runs_at_once,
        sum(used.used_hours) as used_hours,
        sum(used.used_hours * days.gpus) as gpu_hours,
        sum(days.allocation_cost * (used.used_hours / days.charged_hours)) as allocation_cost,
        case
            when count(*) = count(days.busy_cost) then sum(days.busy_cost * (used.used_hours / days.charged_hours))
        end as busy_cost
    from used
    inner join gold.gpu_days as days
        on
            used.resource_id = days.resource_id
            and used.usage_date = days.charge_date
            and used.billing_currency = days.billing_currency
            and days.charged_hours > 0
    group by used.source, used.run_id, days.billing_currency

),

typical as (

    select
        months.billing_month,
        runs.model,
        median(runs.run_hours) as typical_hours
    from silver.billing_months as months
    inner join runs
        on
            cast(runs.billing_month || '-01' as date) <= cast(months.billing_month || '-01' as date)
            and cast(runs.billing_month || '-01' as date)
            >= cast(months.billing_month || '-01' as date) - interval 1 month
    where runs.status = 'completed'
    group by months.billing_month, runs.model

),

joined as (

    select
        runs.*,
        costed.* exclude (source, run_id),
        typical.typical_hours
    from runs
    inner join silver.billing_months as months on runs.billing_month = months.billing_month
    left join costed on runs.source = costed.source and runs.run_id = costed.run_id
    left join typical on runs.billing_month = typical.billing_month and runs.model = typical.model

),

summed as (

    select
        scopes.scope,
        source,
        case when scopes.scope = 'run' then run_id end as run_id,
        model,
        status,
        billing_currency,
        billing_month,
        case when count(distinct project_id) = 1 then max(project_id) end as project_id,
        case when count(distinct project_id) = 1 then max(project_name) end as project_name,
        any_value(case when scopes.scope = 'run' then resource_ids end) as resource_ids,
        string_agg(distinct resource_names, ', ' order by resource_names) as resource_names,
        string_agg(distinct gpu_names, ', ' order by gpu_names) as gpu_names,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        count(*) as runs,
        sum(epochs) as epochs,
        sum(run_hours) as run_hours,
        sum(run_hours * machines) as machine_hours,
        sum(used_hours) as used_hours,
        sum(gpu_hours) as gpu_hours,
        sum(allocation_cost) as allocation_cost,
        case when count(allocation_cost) = count(busy_cost) then sum(busy_cost) end as busy_cost,
        max(runs_at_once) as runs_at_once,
        max(typical_hours) as typical_hours,
        sum(allocation_cost * (greatest(0, run_hours - typical_hours) / run_hours)) as over_typical_cost
    from joined
    cross join (values ('run'), ('model')) as scopes (scope)
    group by all

)

select
    scope,
    source,
    run_id,
    model,
    status,
    project_id,
    project_name,
    resource_ids,
    resource_names,
    gpu_names,
    started_at,
    ended_at,
    runs,
    cast(epochs as bigint) as epochs,
    cast(run_hours as decimal(38, 12)) as run_hours,
    cast(gpu_hours as decimal(38, 12)) as gpu_hours,
    cast(typical_hours as decimal(38, 12)) as typical_hours,
    runs_at_once,
    billing_currency,
    cast(allocation_cost as decimal(38, 12)) as allocation_cost,
    cast(busy_cost as decimal(38, 12)) as busy_cost,
    cast(case when status <> 'completed' then allocation_cost end as decimal(38, 12)) as waste_cost,
    cast(over_typical_cost as decimal(38, 12)) as over_typical_cost,
    cast(allocation_cost / nullif(epochs, 0) as decimal(38, 12)) as epoch_cost,
    cast(busy_cost / nullif(epochs, 0) as decimal(38, 12)) as busy_epoch_cost,
    cast(allocation_cost / nullif(runs, 0) as decimal(38, 12)) as run_cost,
    cast(coalesce(used_hours, 0) / nullif(machine_hours, 0) as decimal(38, 12)) as cost_coverage,
    case
        when allocation_cost is null then 'its machines were not charged in its hours'
        when coalesce(epochs, 0) = 0 then 'no epoch was completed'
        when busy_cost is null then 'no DCGM metrics: the busy basis is not known'
    end as reason,
    billing_month
from summed
