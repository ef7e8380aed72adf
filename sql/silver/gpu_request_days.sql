-- Imported requests to models by day, from counts or from logs of single requests: each thing once, where two files of
-- one source speak of the same the one imported last holds. Lines of days of which one file alone speaks need no
-- comparing, so that a log of millions of lines is read once. A sum to which a line gives no number is null.
-- grain: source, usage_date, model, version, deployment, resource_id, tenant
-- partition: none
with

-- the key of a file tells the source too
by_file as (

    select
        import_key,
        any_value(source) as source,
        day as usage_date,
        model,
        version,
        deployment,
        resource_id,
        tenant,
        count(*) as imported_lines,
        sum(requests) as requests,
        sum(failed) as failed_requests,
        sum(input_tokens) as input_tokens,
        sum(cached_tokens) as cached_tokens,
        sum(output_tokens) as output_tokens,
        count(failed) as failed_lines,
        count(input_tokens) as input_lines,
        count(cached_tokens) as cached_lines,
        count(output_tokens) as output_lines
    from bronze.business_numbers
    where kind = 'inferences'
    group by import_key, day, model, version, deployment, resource_id, tenant
    having day is not null

),

shared_days as (

    select
        source,
        usage_date
    from by_file
    group by source, usage_date
    having count(distinct import_key) > 1

),

-- a file may say a thing several times where its lines are counted: all of them come from the file that holds
newest as (

    select
        lines.import_key,
        lines.source,
        lines.day as usage_date,
        lines.model,
        lines.version,
        lines.deployment,
        lines.resource_id,
        lines.tenant,
        lines.requests,
        lines.failed,
        lines.input_tokens,
        lines.cached_tokens,
        lines.output_tokens
    from bronze.business_numbers as lines
    inner join shared_days on lines.source = shared_days.source and lines.day = shared_days.usage_date
    where lines.kind = 'inferences'
    qualify lines.import_key = first_value(lines.import_key) over (
        partition by
            lines.source, lines.day, lines.happened_at, lines.model, lines.version, lines.deployment,
            lines.resource_id, lines.tenant, lines.labels
        order by lines.imported_at desc, lines.source_file desc, lines.import_key
    )

),

told as (

    select by_file.*
    from by_file
    left join shared_days on by_file.source = shared_days.source and by_file.usage_date = shared_days.usage_date
    where shared_days.source is null
    union all
    select
        import_key,
        source,
        usage_date,
        model,
        version,
        deployment,
        resource_id,
        tenant,
        count(*) as imported_lines,
        sum(requests) as requests,
        sum(failed) as failed_requests,
        sum(input_tokens) as input_tokens,
        sum(cached_tokens) as cached_tokens,
        sum(output_tokens) as output_tokens,
        count(failed) as failed_lines,
        count(input_tokens) as input_lines,
        count(cached_tokens) as cached_lines,
        count(output_tokens) as output_lines
    from newest
    group by import_key, source, usage_date, model, version, deployment, resource_id, tenant

)

select
    source,
    usage_date,
    model,
    version,
    deployment,
    resource_id,
    tenant,
    cast(sum(imported_lines) as bigint) as imported_lines,
    cast(sum(requests) as bigint) as requests,
    cast(case when sum(failed_lines) = sum(imported_lines) then sum(failed_requests) end as bigint) as failed_requests,
    cast(case when sum(input_lines) = sum(imported_lines) then sum(input_tokens) end as bigint) as input_tokens,
    cast(case when sum(cached_lines) = sum(imported_lines) then sum(cached_tokens) end as bigint) as cached_tokens,
    cast(case when sum(output_lines) = sum(imported_lines) then sum(output_tokens) end as bigint) as output_tokens
from told
group by source, usage_date, model, version, deployment, resource_id, tenant
