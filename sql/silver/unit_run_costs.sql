-- What each run of a job that ended cost, by the day it ran. Serverless: what the run was given × its duration, at the
-- public price of the day in its region; the free tier is left out of account. Others: the cost of the host during the
-- run, shared evenly among the runs that ran there at once. A run of which neither is known has no row.
-- grain: source, run_id, cost_date, basis, billing_currency
-- partition: none
-- stored: view
with

ended as (

    select * from silver.unit_runs

),

-- an imported run of a serverless job ran where its definition is
regions as (

    select
        resource_id,
        arg_max(region_id, valid_from) as region_id
    from silver.resources
    where resource_type = 'serverless_jobs_job_definition'
    group by resource_id

),

serverless as (

    select
        ended.source,
        ended.run_id,
        ended.run_date as cost_date,
        cast(
            cast(ended.vcpu_seconds as decimal(26, 9)) * cast(vcpus.list_unit_price as decimal(12, 9))
            + cast(ended.gb_seconds as decimal(26, 9)) * cast(memories.list_unit_price as decimal(12, 9))
            as decimal(38, 12)
        ) as cost,
        vcpus.billing_currency,
        'public price × duration' as basis
    from ended
    left join regions on ended.job_id = regions.resource_id
    inner join silver.prices as vcpus
        on
            '/paas/jobs/vcpu/' || coalesce(ended.region_id, regions.region_id) = vcpus.sku
            and ended.run_date >= vcpus.valid_from
            and ended.run_date < coalesce(vcpus.valid_to, date '9999-12-31')
    inner join silver.prices as memories
        on
            '/paas/jobs/memory/' || coalesce(ended.region_id, regions.region_id) = memories.sku
            and vcpus.billing_currency = memories.billing_currency
            and ended.run_date >= memories.valid_from
            and ended.run_date < coalesce(memories.valid_to, date '9999-12-31')
    where ended.resource_id is null and ended.vcpu_seconds is not null and ended.gb_seconds is not null

),

hosted as (

    select
        source,
        run_id,
        resource_id,
        started_at,
        ended_at
    from ended
    where resource_id is not null and ended_at > started_at

),

-- a host's day is cut wherever a run begins or ends
cuts as (

    select
        resource_id,
        started_at as cut_at
    from hosted
    union
    select
        resource_id,
        ended_at as cut_at
    from hosted
    union
    select
        resource_id,
        cast(unnest(generate_series(
            cast(started_at as date) + 1, cast(ended_at as date), interval 1 day
        )) as timestamptz) as cut_at
    from hosted

),

pieces as (

    select
        resource_id,
        cut_at as piece_start,
        lead(cut_at) over (
            partition by resource_id
            order by cut_at
        ) as piece_end
    from cuts

),

running as (

    select
        hosted.source,
        hosted.run_id,
        pieces.resource_id,
        pieces.piece_start,
        cast(pieces.piece_start as date) as cost_date,
        epoch_us(pieces.piece_end) - epoch_us(pieces.piece_start) as microseconds,
        count(*) over (partition by pieces.resource_id, pieces.piece_start) as runs_at_once
    from pieces
    inner join hosted
        on
            pieces.resource_id = hosted.resource_id
            and pieces.piece_start >= hosted.started_at
            and pieces.piece_end <= hosted.ended_at
    where pieces.piece_end is not null

),

host_days as (

    select
        resource_id,
        charge_date,
        billing_currency,
        sum(billed_cost) as host_cost,
        greatest(max(epoch_us(charge_end)) - min(epoch_us(charge_start)), 1) as microseconds
    from silver.labelled_costs
    where resource_id in (select hosted.resource_id from hosted)
    group by all
    having sum(billed_cost) is not null

),

on_hosts as (

    select
        running.source,
        running.run_id,
        running.cost_date,
        cast(sum(
            cast(host_days.host_cost as decimal(24, 12)) * cast(running.microseconds as decimal(12, 0))
            / (host_days.microseconds * running.runs_at_once)
        ) as decimal(38, 12)) as cost,
        host_days.billing_currency,
        'share of the host' as basis
    from running
    inner join host_days on running.resource_id = host_days.resource_id and running.cost_date = host_days.charge_date
    group by all

)

select * from serverless
union all
select * from on_hosts
