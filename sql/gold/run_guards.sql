-- Runs of jobs and training runs that broke a guard, with their cost. Guards are one and a half times what is usual:
-- runtime, in hours, and concurrency, the runs of one job or model under way at once when the run began, rounded up.
-- Usual is the median of this month and the one before: of the hours of runs that succeeded, three of them at least,
-- and of how many ran at once. beyond_cost is what a guard would have saved: the hours beyond the limit, or all of a
-- run that began although as many as the limit were under way. timeout_hours is what the job itself is given today;
-- null where it has no such setting. A run of which no cost is known is told without one.
-- grain: kind, source, run_id, guard, billing_currency
-- partition: none
-- stored: view
with

timeouts as (

    select
        resource_id,
        arg_max(timeout_seconds, valid_from) as timeout_seconds
    from silver.resource_settings
    where resource_type = 'serverless_jobs_job_definition'
    group by resource_id

),

run_costs as (

    select
        source,
        run_id,
        billing_currency,
        sum(cost) as cost
    from silver.unit_run_costs
    group by source, run_id, billing_currency

),

runs as (

    select
        'job' as kind,
        runs.source,
        runs.run_id,
        coalesce(runs.job_id, runs.job_name) as job_id,
        runs.job_name,
        runs.status,
        runs.status = 'succeeded' as is_good,
        runs.started_at,
        runs.ended_at,
        runs.duration_seconds / 3600 as run_hours,
        timeouts.timeout_seconds / 3600 as timeout_hours,
        run_costs.billing_currency,
        run_costs.cost
    from silver.unit_runs as runs
    left join timeouts on runs.job_id = timeouts.resource_id
    left join run_costs on runs.source = run_costs.source and runs.run_id = run_costs.run_id
    where runs.ended_at > runs.started_at
    union all
    select
        'training' as kind,
        source,
        run_id,
        model as job_id,
        model as job_name,
        status,
        status = 'completed' as is_good,
        started_at,
        ended_at,
        run_hours,
        null as timeout_hours,
        billing_currency,
        allocation_cost as cost
    from gold.cost_per_training
    where scope = 'run' and run_hours > 0

),

-- a run of several currencies is one run
each_run as (

    select distinct
        kind,
        source,
        run_id,
        job_id,
        is_good,
        started_at,
        ended_at,
        run_hours,
        date_trunc('month', started_at at time zone 'UTC') as run_month
    from runs

),

moments as (

    select
        *,
        started_at as moment,
        1 as step
    from each_run
    union all by name
    select
        *,
        ended_at as moment,
        -1 as step
    from each_run

),

-- what ends when another begins makes room for it
counted as (

    select
        * exclude (moment),
        sum(step) over (
            partition by kind, job_id
            order by moment, step, source, run_id
            rows between unbounded preceding and current row
        ) as runs_at_once
    from moments

),

begun as (

    select * exclude (step)
    from counted
    where step = 1

),

job_months as (

    select distinct
        kind,
        job_id,
        run_month
    from begun

),

usual as (

    select
        months.kind,
        months.job_id,
        months.run_month,
        case
            when count(*) filter (where begun.is_good) >= 3
                then median(begun.run_hours) filter (where begun.is_good)
        end as usual_hours,
        median(begun.runs_at_once) as usual_at_once
    from job_months as months
    inner join begun
        on
            months.kind = begun.kind
            and months.job_id = begun.job_id
            and months.run_month >= begun.run_month
            and months.run_month - interval 1 month <= begun.run_month
    group by months.kind, months.job_id, months.run_month

),

guarded as (

    select
        begun.kind,
        begun.source,
        begun.run_id,
        'runtime' as guard,
        usual.usual_hours as usual_value,
        1.5 * usual.usual_hours as limit_value,
        begun.run_hours as actual_value,
        1 - 1.5 * usual.usual_hours / begun.run_hours as beyond_ratio
    from begun
    inner join usual
        on begun.kind = usual.kind and begun.job_id = usual.job_id and begun.run_month = usual.run_month
    where begun.run_hours > 1.5 * usual.usual_hours
    union all
    select
        begun.kind,
        begun.source,
        begun.run_id,
        'concurrency' as guard,
        usual.usual_at_once as usual_value,
        ceil(1.5 * usual.usual_at_once) as limit_value,
        begun.runs_at_once as actual_value,
        1 as beyond_ratio
    from begun
    inner join usual
        on begun.kind = usual.kind and begun.job_id = usual.job_id and begun.run_month = usual.run_month
    where begun.runs_at_once > ceil(1.5 * usual.usual_at_once)

)

select
    guarded.kind,
    guarded.source,
    guarded.run_id,
    guarded.guard,
    runs.job_id,
    runs.job_name,
    runs.status,
    runs.started_at,
    runs.ended_at,
    cast(guarded.usual_value as decimal(38, 12)) as usual_value,
    cast(guarded.limit_value as decimal(38, 12)) as limit_value,
    cast(guarded.actual_value as decimal(38, 12)) as actual_value,
    cast(runs.timeout_hours as decimal(38, 12)) as timeout_hours,
    runs.billing_currency,
    cast(runs.cost as decimal(38, 12)) as run_cost,
    cast(runs.cost * guarded.beyond_ratio as decimal(38, 12)) as beyond_cost,
    strftime(runs.started_at at time zone 'UTC', '%Y-%m') as billing_month
from guarded
inner join runs
    on guarded.kind = runs.kind and guarded.source = runs.source and guarded.run_id = runs.run_id
