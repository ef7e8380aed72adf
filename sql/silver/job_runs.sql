-- Runs of jobs, each once with its newest state: those of serverless jobs, which Scaleway forgets after 60 days, and
-- those of other jobs as imported. vCPU-seconds and GB-seconds are what a run was given for as long as it took; 1,024
-- MiB are billed as one GB.
-- grain: source, run_id
-- partition: none
-- holds: on run_date
with

runs as (

    select
        resource_id,
        arg_max(item, last_seen_at) as item
    from silver.resource_periods
    where resource_type = 'serverless_jobs_job_run'
    group by resource_id

),

described as (

    select
        resource_id,
        arg_max(resource_name, valid_from) as job_name,
        arg_max(project_id, valid_from) as project_id
    from silver.resources
    where resource_type = 'serverless_jobs_job_definition'
    group by resource_id

),

limits as (

    select
        resource_id,
        arg_max(json_extract_string(item, '$.cpu_limit'), last_seen_at) as cpu_limit,
        arg_max(json_extract_string(item, '$.memory_limit'), last_seen_at) as memory_limit
    from silver.resource_periods
    where resource_type = 'serverless_jobs_job_definition'
    group by resource_id

),

-- thousandths of a vCPU, and MiB
definitions as (

    select
        described.*,
        cast(try_cast(limits.cpu_limit as decimal(18, 0)) * cast(0.001 as decimal(4, 3)) as decimal(38, 9)) as vcpus,
        cast(
            try_cast(limits.memory_limit as decimal(18, 0)) * cast(0.0009765625 as decimal(11, 10)) as decimal(38, 9)
        ) as memory_gb
    from described
    inner join limits on described.resource_id = limits.resource_id

),

serverless as (

    select
        'serverless_jobs' as source,
        runs.resource_id as run_id,
        json_extract_string(runs.item, '$.job_definition_id') as job_id,
        coalesce(definitions.job_name, json_extract_string(runs.item, '$.job_definition_id')) as job_name,
        definitions.project_id,
        json_extract_string(runs.item, '$.region') as region_id,
        cast(null as varchar) as resource_id,
        json_extract_string(runs.item, '$.state') as reported_state,
        json_extract_string(runs.item, '$.reason') as reason,
        try_cast(json_extract_string(runs.item, '$.created_at') as timestamptz) as created_at,
        try_cast(json_extract_string(runs.item, '$.started_at') as timestamptz) as started_at,
        try_cast(json_extract_string(runs.item, '$.terminated_at') as timestamptz) as ended_at,
        try_cast(
            rtrim(json_extract_string(runs.item, '$.run_duration'), 's') as decimal(38, 6)
        ) as reported_seconds,
        -- a run keeps what it started with; one that does not say it has what its definition has
        coalesce(
            cast(
                try_cast(json_extract_string(runs.item, '$.cpu_limit') as decimal(18, 0))
                * cast(0.001 as decimal(4, 3)) as decimal(38, 9)
            ),
            definitions.vcpus
        ) as vcpus,
        coalesce(
            cast(
                try_cast(json_extract_string(runs.item, '$.memory_limit') as decimal(18, 0))
                * cast(0.0009765625 as decimal(11, 10)) as decimal(38, 9)
            ),
            definitions.memory_gb
        ) as memory_gb
    from runs
    left join definitions on json_extract_string(runs.item, '$.job_definition_id') = definitions.resource_id

),

-- an imported run may be one that Scaleway lists, or has forgotten since: then it has what its definition has
imported as (

    select
        facts.source,
        coalesce(facts.run_id, facts.import_key || '/' || cast(facts.line_number as varchar)) as run_id,
        coalesce(definitions.resource_id, facts.job) as job_id,
        facts.job as job_name,
        definitions.project_id,
        cast(null as varchar) as region_id,
        case when definitions.resource_id is null then facts.resource_id end as resource_id,
        facts.status as reported_state,
        cast(null as varchar) as reason,
        facts.started_at as created_at,
        facts.started_at,
        coalesce(facts.ended_at, facts.started_at + to_microseconds(cast(facts.duration_s * 1000000 as bigint)))
            as ended_at,
        cast(facts.duration_s as decimal(38, 6)) as reported_seconds,
        coalesce(facts.cpu, definitions.vcpus) as vcpus,
        coalesce(facts.memory, definitions.memory_gb) as memory_gb
    from silver.imported_facts as facts
    left join definitions on facts.resource_id = definitions.resource_id
    where
        facts.kind = 'jobs'
        and (facts.run_id is null or facts.run_id not in (select serverless.run_id from serverless))
    -- told in two states, it is in the later one
    qualify row_number() over (
        partition by facts.source, coalesce(facts.run_id, facts.import_key || '/' || cast(facts.line_number as varchar))
        order by facts.ended_at desc nulls last, facts.imported_at desc, facts.source_file, facts.line_number desc
    ) = 1

),

measured as (

    select
        *,
        -- measured by whoever ran it, else from its begin to its end; a run under way has none yet
        coalesce(
            reported_seconds,
            cast(cast(epoch_us(ended_at) - epoch_us(started_at) as decimal(18, 0)) * 0.000001 as decimal(38, 6))
        ) as duration_seconds
    from (
        select * from serverless
        union all
        select * from imported
    )

)

select
    source,
    run_id,
    job_id,
    job_name,
    project_id,
    region_id,
    resource_id,
    case
        when reported_state in ('initialized', 'validated', 'queued') then 'queued'
        when reported_state in ('running', 'retrying', 'interrupting') then 'running'
        else reported_state
    end as status,
    reason,
    created_at,
    started_at,
    ended_at,
    duration_seconds,
    vcpus,
    memory_gb,
    cast(
        cast(duration_seconds as decimal(20, 6)) * cast(vcpus as decimal(18, 9)) as decimal(38, 12)
    ) as vcpu_seconds,
    cast(
        cast(duration_seconds as decimal(20, 6)) * cast(memory_gb as decimal(18, 9)) as decimal(38, 12)
    ) as gb_seconds,
    cast(coalesce(started_at, created_at) as date) as run_date,
    strftime(coalesce(started_at, created_at), '%Y-%m') as billing_month
from measured
