-- What a run of a job costs, by job and by the window of the day it began in, and in all. silver.unit_run_costs says
-- how a run's cost is found: serverless at the public price, others as a share of their host; what a host idled no run
-- pays.
-- All runs that ended count, failed ones too (failed_runs). A run counts on the day it began, what it cost on the days
-- it ran, so that a day can bear the rest of a run of the day before. cost_coverage is the share of run time whose cost
-- is known; runs without are in uncosted_runs and in neither side. loaded_cost is not known: no pool is shared by runs.
-- grain: period, period_start, scope, job_name, batch_window, billing_currency
-- partition: billing_month
-- reads: silver.job_runs all
with

ended as (

    select * from silver.unit_runs

),

costed as (

    select * from silver.unit_run_costs

),

-- one currency a run: a host billed in two has two costs, each with its rows
run_currencies as (

    select
        source,
        run_id,
        billing_currency,
        any_value(basis) as basis
    from costed
    group by source, run_id, billing_currency

),

currencies as (

    select distinct billing_currency
    from costed

),

-- a run whose cost nobody knows has no currency, and is missing from each
counted as (

    select
        ended.*,
        coalesce(run_currencies.billing_currency, currencies.billing_currency) as billing_currency,
        run_currencies.basis
    from ended
    left join run_currencies on ended.source = run_currencies.source and ended.run_id = run_currencies.run_id
    left join currencies on run_currencies.basis is null

),

facts as (

    select
        run_date as fact_date,
        job_name,
        batch_window,
        billing_currency,
        cast(null as decimal(38, 12)) as cost,
        1 as runs,
        case when basis is null then 1 else 0 end as uncosted_runs,
        case when basis is not null and status = 'succeeded' then 1 else 0 end as succeeded_runs,
        case when status <> 'succeeded' then 1 else 0 end as failed_runs,
        duration_seconds,
        case when basis is not null then duration_seconds else 0 end as costed_seconds,
        basis,
        source
    from counted
    union all
    select
        costed.cost_date as fact_date,
        ended.job_name,
        ended.batch_window,
        costed.billing_currency,
        costed.cost,
        0 as runs,
        0 as uncosted_runs,
        0 as succeeded_runs,
        0 as failed_runs,
        0 as duration_seconds,
        0 as costed_seconds,
        costed.basis,
        ended.source
    from costed
    inner join ended on costed.source = ended.source and costed.run_id = ended.run_id

),

-- Scaleway forgets runs after 60 days: a month is whole when it is over and inside of what was seen
reach as (

    select
        min(run_date) as first_date,
        max(run_date) as last_date
    from ended

),

summed as (

    select
        spans.period,
        case
            when spans.period = 'day' then facts.fact_date else cast(date_trunc('month', facts.fact_date) as date)
        end as period_start,
        scopes.scope,
        case when scopes.scope = 'job' then facts.job_name end as job_name,
        case when scopes.scope = 'window' then facts.batch_window end as batch_window,
        facts.billing_currency,
        strftime(facts.fact_date, '%Y-%m') as billing_month,
        sum(facts.cost) as direct_cost,
        sum(facts.runs) - sum(facts.uncosted_runs) as runs,
        sum(facts.uncosted_runs) as uncosted_runs,
        sum(facts.succeeded_runs) as succeeded_runs,
        sum(facts.failed_runs) as failed_runs,
        sum(facts.duration_seconds) as duration_seconds,
        sum(facts.costed_seconds) as costed_seconds,
        string_agg(distinct facts.basis, ', ' order by facts.basis) as cost_basis,
        string_agg(distinct facts.source, ', ' order by facts.source) as units_source
    from facts
    cross join (values ('day'), ('month')) as spans (period)
    cross join (values ('job'), ('window'), ('all jobs')) as scopes (scope)
    group by all

),

judged as (

    select
        summed.*,
        case
            when summed.direct_cost is null and summed.uncosted_runs > 0
                then 'neither the price of the day nor the cost of its host is known'
            when summed.runs = 0 then 'no run began then; this is the rest of runs of the day before'
            when summed.direct_cost is null then 'its cost is not known'
        end as reason,
        case
            when summed.period = 'day' then true
            else
                date_trunc('month', summed.period_start) > date_trunc('month', reach.first_date)
                and date_trunc('month', summed.period_start) < date_trunc('month', reach.last_date)
        end as is_inside
    from summed
    cross join reach

)

select
    period,
    period_start,
    scope,
    job_name,
    batch_window,
    billing_currency,
    cast(direct_cost as decimal(38, 12)) as direct_cost,
    cast(null as decimal(38, 12)) as loaded_cost,
    cast(runs as decimal(38, 12)) as units,
    'run' as unit,
    cast(case when reason is null then direct_cost / runs end as decimal(38, 12)) as unit_cost,
    cast(null as decimal(38, 12)) as loaded_unit_cost,
    cast(costed_seconds / nullif(duration_seconds, 0) as decimal(38, 12)) as cost_coverage,
    units_source,
    cast(1 as decimal(38, 12)) as units_coverage,
    is_inside and uncosted_runs = 0 as is_complete,
    coalesce(costed_seconds / nullif(duration_seconds, 0) < 0.95, false) as is_marked,
    reason,
    cost_basis,
    cast(succeeded_runs as bigint) as succeeded_runs,
    cast(failed_runs as bigint) as failed_runs,
    cast(uncosted_runs as bigint) as uncosted_runs,
    cast(duration_seconds as decimal(38, 6)) as duration_seconds,
    cast(case when reason is null then direct_cost / nullif(succeeded_runs, 0) end as decimal(38, 12))
        as succeeded_run_cost,
    billing_month
from judged
