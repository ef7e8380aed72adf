-- How far what scales by itself may go: serverless containers, functions and jobs, and Kapsule pools, with the settings
-- that hold them back, what one instance costs by the hour at list price, and how far they went in the four weeks
-- known of the month. Of jobs: runs, the longest one that succeeded, those that ran until their timeout, and what these
-- took beyond the longest one that succeeded. A limit that is not set is null.
-- grain: billing_month, resource_id
-- partition: billing_month
-- reads: silver.usage_hourly 1 month back
with

months as (

    select
        billing_month,
        charges_until as known_until,
        charges_until - 28 as known_from
    from silver.billing_months
    where charges_until is not null

),

sized as (

    select
        months.billing_month,
        months.known_from,
        months.known_until,
        settings.resource_id,
        settings.resource_type,
        settings.region_id,
        case settings.resource_type
            when 'containers_container' then 'caas'
            when 'functions_function' then 'faas'
            when 'serverless_jobs_job_definition' then 'jobs'
        end as product,
        settings.milli_vcpus / 1000 as vcpus,
        -- of jobs 1,024 MiB are billed as one GB
        coalesce(
            settings.memory_limit_bytes / 1000000000,
            settings.memory_megabytes / if(settings.resource_type = 'serverless_jobs_job_definition', 1024, 1000)
        ) as memory_gb,
        settings.min_scale,
        settings.max_scale,
        settings.is_autoscaled,
        settings.timeout_seconds
    from months
    inner join silver.resource_settings as settings
        on
            months.known_until > settings.valid_from
            and coalesce(months.known_until <= settings.valid_to, true)
    where
        settings.resource_type in (
            'containers_container', 'functions_function', 'serverless_jobs_job_definition', 'k8s_pool'
        )
    qualify row_number() over (
        partition by months.billing_month, settings.resource_id
        order by settings.valid_from desc
    ) = 1

),

runs as (

    select
        sized.billing_month,
        sized.resource_id,
        count(*) as runs,
        count(distinct runs.run_date) as run_days,
        max(runs.duration_seconds) filter (where runs.status = 'succeeded') as longest_seconds,
        count(*) filter (where runs.status <> 'succeeded' and runs.duration_seconds >= 0.99 * sized.timeout_seconds)
            as timed_out_runs,
        sum(runs.duration_seconds) filter (
            where runs.status <> 'succeeded' and runs.duration_seconds >= 0.99 * sized.timeout_seconds
        ) as timed_out_seconds
    from sized
    inner join silver.job_runs as runs
        on
            sized.resource_id = runs.job_id
            and sized.known_from <= runs.run_date and sized.known_until > runs.run_date
    where runs.duration_seconds is not null
    group by all

),

peaks as (

    select
        sized.billing_month,
        sized.resource_id,
        max(usage.max_value) as peak_instances,
        count(distinct usage.usage_date) as measured_days
    from sized
    inner join silver.usage_hourly as usage
        on
            sized.resource_id = usage.resource_id
            and sized.known_from <= usage.usage_date and sized.known_until > usage.usage_date
    where usage.metric in ('container_instances', 'function_instances')
    group by all

),

nodes as (

    select
        belongs.linked_id as resource_id,
        list(distinct runs.linked_id order by runs.linked_id) as node_ids
    from silver.resource_links as belongs
    inner join silver.resource_links as runs
        on belongs.resource_id = runs.resource_id and runs.link_type = 'runs_on' and runs.valid_to is null
    where belongs.link_type = 'part_of' and belongs.valid_to is null
    group by belongs.linked_id

),

prices as (

    select
        sku,
        list_unit_price,
        billing_currency
    from silver.prices
    where valid_to is null and starts_with(sku, '/paas/')

)

select
    sized.resource_id,
    sized.resource_type,
    sized.known_from,
    sized.known_until,
    cast(sized.vcpus as decimal(38, 12)) as vcpus,
    cast(sized.memory_gb as decimal(38, 12)) as memory_gb,
    sized.min_scale,
    sized.max_scale,
    sized.is_autoscaled,
    sized.timeout_seconds,
    nodes.node_ids,
    cast(
        3600 * (
            coalesce(sized.vcpus * processors.list_unit_price, 0) + sized.memory_gb * memory.list_unit_price
        ) as decimal(38, 12)
    ) as list_price_per_hour,
    coalesce(memory.billing_currency, processors.billing_currency) as billing_currency,
    runs.runs,
    runs.run_days,
    cast(runs.longest_seconds as decimal(38, 12)) as longest_seconds,
    coalesce(runs.timed_out_runs, 0) as timed_out_runs,
    cast(runs.timed_out_seconds as decimal(38, 12)) as timed_out_seconds,
    cast(peaks.peak_instances as decimal(38, 12)) as peak_instances,
    peaks.measured_days,
    sized.billing_month
from sized
left join prices as processors on processors.sku = '/paas/' || sized.product || '/vcpu/' || sized.region_id
left join prices as memory on memory.sku = '/paas/' || sized.product || '/memory/' || sized.region_id
left join runs on sized.billing_month = runs.billing_month and sized.resource_id = runs.resource_id
left join peaks on sized.billing_month = peaks.billing_month and sized.resource_id = peaks.resource_id
left join nodes on sized.resource_id = nodes.resource_id
