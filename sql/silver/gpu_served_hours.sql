-- What servers of models counted in an hour, by model: vLLM, TGI and Triton, and tokens of Generative APIs. Counters
-- are told as rates; a count is the mean rate × the seconds the samples stand for, and seen_share is their share of
-- the hour. prefill, decode and queue are seconds of requests, so that requests at once add up to more than an hour.
-- vLLM counts an aborted request among those it ended well; its label tells them apart here.
-- Cached tokens are those of the prompt that the prefix cache answered. What is not counted is null, never zero.
-- resource_id is what the bill calls the machine, null where that is not known or there is none.
-- grain: project_id, service, raw_id, resource_id, model, tenant, usage_hour
-- partition: usage_month
with

rates as (

    select
        project_id,
        regexp_extract(metric, '^(vllm|tgi|triton|generative)_', 1) as service,
        regexp_replace(metric, '^(vllm|tgi|triton|generative)_', '') as measure,
        json_extract_string(labels, '$.type') as token_type,
        json_extract_string(labels, '$.finished_reason') as finished_reason,
        coalesce(json_extract_string(labels, '$.tenant'), json_extract_string(labels, '$.tenant_id')) as tenant,
        resource_id,
        raw_id,
        resource_name as model,
        usage_hour,
        usage_date,
        least(1, coalesce(samples / nullif(expected_samples, 0), 1)) as seen_share,
        mean_value,
        usage_month
    from silver.usage_hourly
    where regexp_matches(metric, '^(vllm|tgi|triton|generative)_') and mean_value is not null

),

-- a count below zero is none
named as (

    select
        *,
        case
            when measure = 'requests' and finished_reason = 'abort' then 'aborted'
            when measure = 'requests' then 'requests'
            when measure = 'failed_requests' then 'failed'
            when measure = 'prompt_tokens' or token_type = 'input_tokens' then 'input'
            when measure = 'generated_tokens' or token_type = 'output_tokens' then 'output'
            when measure = 'cache_hits' then 'hits'
            when measure = 'cache_queries' then 'queries'
            when measure = 'prefill_seconds' then 'prefill'
            when measure = 'decode_seconds' then 'decode'
            when measure = 'queue_seconds' then 'queue'
        end as counted,
        greatest(mean_value, 0) * seen_share * 3600 as amount
    from rates

)

select
    project_id,
    service,
    raw_id,
    resource_id,
    model,
    tenant,
    usage_hour,
    usage_date,
    cast(max(seen_share) as decimal(38, 12)) as seen_share,
    cast(sum(amount) filter (where counted = 'requests') as decimal(38, 12)) as requests,
    cast(sum(amount) filter (where counted = 'aborted') as decimal(38, 12)) as aborted_requests,
    cast(sum(amount) filter (where counted = 'failed') as decimal(38, 12)) as failed_requests,
    cast(sum(amount) filter (where counted = 'input') as decimal(38, 12)) as input_tokens,
    cast(sum(amount) filter (where counted = 'output') as decimal(38, 12)) as output_tokens,
    cast(sum(amount) filter (where counted = 'hits') as decimal(38, 12)) as cached_tokens,
    cast(sum(amount) filter (where counted = 'queries') as decimal(38, 12)) as cache_queried_tokens,
    cast(sum(amount) filter (where counted = 'prefill') as decimal(38, 12)) as prefill_seconds,
    cast(sum(amount) filter (where counted = 'decode') as decimal(38, 12)) as decode_seconds,
    cast(sum(amount) filter (where counted = 'queue') as decimal(38, 12)) as queue_seconds,
    cast(max(greatest(mean_value, 0)) filter (where measure = 'waiting') as decimal(38, 12)) as waiting_requests,
    cast(max(greatest(mean_value, 0)) filter (where measure = 'running') as decimal(38, 12)) as running_requests,
    cast(max(greatest(mean_value, 0)) filter (where measure = 'first_token_p95_seconds') as decimal(38, 12))
        as first_token_p95_seconds,
    cast(max(greatest(mean_value, 0)) filter (where measure = 'inter_token_p95_seconds') as decimal(38, 12))
        as inter_token_p95_seconds,
    usage_month
from named
group by project_id, service, raw_id, resource_id, model, tenant, usage_hour, usage_date, usage_month
