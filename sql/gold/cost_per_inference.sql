-- What requests to models and their tokens cost, by model, machine or deployment, day and month, and by tenant where
-- the counts name them; the rows of is_sum hold all tenants. Two bases side by side: allocation is the machine as
-- billed, volumes, addresses and idle hours included, training left out; busy is the part in which its GPUs worked,
-- null on days without DCGM, and then in neither side of a month's ratio (busy_coverage). Compare with an API at
-- allocation. A request that completed is one, whatever it streamed; failed and aborted ones are in failed_requests,
-- and failed_cost is their share, which the completed ones bear.
-- Prompts and answers share the cost by measured prefill and decode time (split_by), else an answer's token counts as
-- two and a half of a prompt's. Cached tokens took no prefill: they are taken out of the input, cost nothing, and
-- cached_saved_cost is what they would have. Days whose requests were not counted are in uncounted_cost alone.
-- Generative APIs are billed by the token and stand beside with their own cost.
-- grain: period, period_start, provider, resource_id, project_id, model, version, tenant, is_sum, billing_currency
-- partition: billing_month
with

machines as (

    select distinct
        resource_id,
        lower(resource_name) as known_as
    from silver.gpu_machines
    union
    select distinct
        resource_id,
        lower(resource_id) as known_as
    from silver.gpu_machines

),

names as (

    select
        known_as,
        min(resource_id) as resource_id
    from machines
    group by known_as
    having count(distinct resource_id) = 1

),

imported as (

    select
        coalesce(numbers.resource_id, names.resource_id) as resource_id,
        numbers.usage_date,
        numbers.model,
        numbers.version,
        numbers.tenant,
        numbers.source,
        sum(numbers.requests) as requests,
        sum(numbers.failed_requests) as failed_requests,
        case when count(*) = count(numbers.input_tokens) then sum(numbers.input_tokens) end as input_tokens,
        case when count(*) = count(numbers.cached_tokens) then sum(numbers.cached_tokens) end as cached_tokens,
        case when count(*) = count(numbers.output_tokens) then sum(numbers.output_tokens) end as output_tokens
    from silver.gpu_request_days as numbers
    left join names on lower(numbers.deployment) = names.known_as
    group by all

),

served as (

    select
        resource_id,
        usage_date,
        model,
        sum(prefill_seconds) as prefill_seconds,
        sum(decode_seconds) as decode_seconds,
        sum(failed_requests) as failed_requests,
        sum(aborted_requests) / nullif(sum(coalesce(requests, 0) + coalesce(aborted_requests, 0)), 0)
            as aborted_ratio,
        sum(cached_tokens) / nullif(sum(cache_queried_tokens), 0) as cached_ratio
    from silver.gpu_served_hours
    where resource_id is not null
    group by all

),

-- vLLM's request_success_total counts what was answered and what was aborted; what failed is counted apart, or not
counted as (

    select
        requests.resource_id,
        requests.usage_date,
        requests.resource_name as model,
        cast(null as varchar) as version,
        requests.tenant,
        requests.source,
        sum(requests.requests) as requests,
        cast(null as decimal(38, 12)) as failed_requests,
        sum(requests.input_tokens) as input_tokens,
        cast(null as decimal(38, 12)) as cached_tokens,
        sum(requests.output_tokens) as output_tokens,
        min(requests.coverage) as coverage
    from silver.requests_daily as requests
    where
        requests.service_type in ('vllm', 'tgi', 'triton')
        and requests.resource_id is not null
        and (requests.resource_id, requests.usage_date) not in (
            select
                imported.resource_id,
                imported.usage_date
            from imported
            where imported.resource_id is not null
        )
    group by all

),

facts as (

    select
        counted.* replace (
            case
                when coalesce(served.aborted_ratio, served.failed_requests) is not null
                    then
                        coalesce(counted.requests * served.aborted_ratio, 0)
                        + case when counted.tenant is null then coalesce(served.failed_requests, 0) else 0 end
            end as failed_requests,
            case when served.cached_ratio is not null then counted.input_tokens * least(1, served.cached_ratio) end
                as cached_tokens
        ),
        counted.requests * (1 - coalesce(served.aborted_ratio, 0)) as completed_requests,
        'metrics' as units_source
    from counted
    left join served
        on
            counted.resource_id = served.resource_id
            and counted.usage_date = served.usage_date
            and counted.model = served.model
    union all by name
    select
        *,
        requests - coalesce(failed_requests, 0) as completed_requests,
        cast(1 as decimal(38, 12)) as coverage,
        'import' as units_source
    from imported

),

-- seconds of prefill and decode where all models of the machine are measured, else tokens, else requests
weighed as (

    select
        facts.*,
        facts.input_tokens - coalesce(facts.cached_tokens, 0) as computed_tokens,
        served.prefill_seconds
        * (
            (facts.input_tokens - coalesce(facts.cached_tokens, 0))
            / nullif(sum(facts.input_tokens - coalesce(facts.cached_tokens, 0)) over one_model, 0)
        ) as prefill_weight,
        served.decode_seconds * (facts.output_tokens / nullif(sum(facts.output_tokens) over one_model, 0))
            as decode_weight
    from facts
    left join served
        on
            facts.resource_id = served.resource_id
            and facts.usage_date = served.usage_date
            and facts.model = served.model
    window one_model as (partition by facts.resource_id, facts.usage_date, facts.model)

),

based as (

    select
        *,
        case
            when
                count(*) over one_day = count(prefill_weight + decode_weight) over one_day
                and sum(prefill_weight + decode_weight) over one_day > 0
                then 'measured time'
            when
                count(*) over one_day = count(computed_tokens + output_tokens) over one_day
                and sum(computed_tokens + output_tokens) over one_day > 0
                then 'tokens'
            when sum(completed_requests) over one_day > 0 then 'requests'
            else 'rows'
        end as basis
    from weighed
    window one_day as (partition by resource_id, usage_date)

),

shares as (

    select
        *,
        case basis
            when 'measured time' then prefill_weight
            when 'tokens' then computed_tokens
            when 'requests' then coalesce(completed_requests, 0)
            else 1
        end as input_weight,
        case basis
            when 'measured time' then decode_weight
            when 'tokens' then 2.5 * output_tokens
            else 0
        end as output_weight
    from based

),

day_weights as (

    select
        resource_id,
        usage_date,
        sum(input_weight + output_weight) as weight
    from shares
    where resource_id is not null
    group by resource_id, usage_date

),

-- training on the same machine is no part of it
days as (

    select
        charge_date,
        resource_id,
        resource_name,
        resource_type,
        project_id,
        project_name,
        environment,
        model_name,
        billing_currency,
        billing_month,
        charged_hours,
        cast(
            allocation_cost * (1 - coalesce(training_gpu_hours / nullif(charged_gpu_hours, 0), 0)) as decimal(38, 12)
        ) as allocation_cost,
        cast(busy_cost * (1 - coalesce(training_gpu_hours / nullif(charged_gpu_hours, 0), 0)) as decimal(38, 12))
            as busy_cost
    from gold.gpu_days

),

of_machines as (

    select
        days.charge_date,
        case days.resource_type when 'inference_deployment' then 'dedicated' else 'self-hosted' end as provider,
        days.resource_id,
        days.resource_name,
        days.project_id,
        days.project_name,
        days.environment,
        days.billing_currency,
        days.billing_month,
        shares.model,
        shares.version,
        shares.tenant,
        shares.completed_requests,
        shares.failed_requests,
        shares.input_tokens,
        shares.cached_tokens,
        shares.computed_tokens,
        shares.output_tokens,
        shares.coverage,
        shares.units_source,
        case shares.basis when 'measured time' then 'measured time' when 'tokens' then 'tokens, output × 2.5' end
            as split_by,
        days.allocation_cost * ((shares.input_weight + shares.output_weight) / day_weights.weight) as allocation_cost,
        days.busy_cost * ((shares.input_weight + shares.output_weight) / day_weights.weight) as busy_cost,
        case
            when shares.basis in ('measured time', 'tokens')
                then shares.input_weight / nullif(shares.input_weight + shares.output_weight, 0)
        end as input_ratio
    from days
    inner join shares on days.resource_id = shares.resource_id and days.charge_date = shares.usage_date
    inner join day_weights
        on shares.resource_id = day_weights.resource_id and shares.usage_date = day_weights.usage_date

),

-- the price list names models as metrics do, SKUs spell them shorter
api_models as (

    select
        sku,
        arg_max(product, valid_from) as model
    from silver.prices
    where sku like '/ai/generative_apis/%' and product <> ''
    group by sku

),

api_charges as (

    select
        costs.*,
        coalesce(
            api_models.model,
            nullif(
                regexp_extract(
                    costs.sku, '^/ai/generative_apis/(?:consumption/)?(.+?)(?:[/_](?:input|output)[^/]*)?/[^/]*$', 1
                ),
                ''
            ),
            costs.sku
        ) as model,
        split_part(costs.sku, '/', -2) as direction
    from silver.labelled_costs as costs
    left join api_models on costs.sku = api_models.sku
    where costs.service_name = 'Generative APIs' and costs.sku like '/ai/generative_apis/%'

),

of_apis as (

    select
        charge_date,
        project_id,
        project_name,
        environment,
        billing_currency,
        billing_month,
        model,
        -- a direction that was not charged yet has no cost, rather than none to pay
        sum(billed_cost) filter (where regexp_matches(direction, '(^|_)input(_|$)')) as input_cost,
        sum(billed_cost) filter (where regexp_matches(direction, '(^|_)output(_|$)')) as output_cost,
        coalesce(sum(billed_cost), 0) as allocation_cost
    from api_charges
    group by all

),

api_tokens as (

    select
        usage_date,
        project_id,
        resource_name as model,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        sum(requests) as requests,
        min(coverage) as coverage
    from silver.requests_daily
    where service_type = 'generative_apis'
    group by all

),

lines as (

    select
        * exclude (input_ratio, charge_date),
        charge_date as usage_date,
        allocation_cost * input_ratio as input_cost,
        allocation_cost * (1 - input_ratio) as output_cost,
        busy_cost * input_ratio as busy_input_cost,
        busy_cost * (1 - input_ratio) as busy_output_cost,
        cast(0 as decimal(38, 12)) as uncounted_cost
    from of_machines
    union all by name
    select
        of_apis.* exclude (charge_date) replace (
            case when api_tokens.input_tokens is not null then of_apis.input_cost end as input_cost,
            case when api_tokens.output_tokens is not null then of_apis.output_cost end as output_cost,
            case when api_tokens.model is not null then of_apis.allocation_cost end as allocation_cost
        ),
        of_apis.charge_date as usage_date,
        'generative-apis' as provider,
        api_tokens.requests as completed_requests,
        api_tokens.input_tokens,
        api_tokens.input_tokens as computed_tokens,
        api_tokens.output_tokens,
        api_tokens.coverage,
        case when api_tokens.model is not null then 'metrics' end as units_source,
        'price list' as split_by,
        case when api_tokens.model is null then of_apis.allocation_cost else 0 end as uncounted_cost
    from of_apis
    left join api_tokens
        on
            of_apis.charge_date = api_tokens.usage_date
            and of_apis.project_id = api_tokens.project_id
            and of_apis.model = api_tokens.model

),

-- machines that serve a model, on days without counts
serving as (

    select distinct
        lines.resource_id,
        lines.billing_month,
        lines.model,
        lines.version
    from lines
    where lines.resource_id is not null

),

silent as (

    select
        days.charge_date as usage_date,
        case days.resource_type when 'inference_deployment' then 'dedicated' else 'self-hosted' end as provider,
        days.resource_id,
        days.resource_name,
        days.project_id,
        days.project_name,
        days.environment,
        days.billing_currency,
        days.billing_month,
        coalesce(serving.model, days.model_name) as model,
        serving.version,
        days.allocation_cost / count(*) over (partition by days.resource_id, days.charge_date, days.billing_currency)
            as uncounted_cost
    from days
    left join serving on days.resource_id = serving.resource_id and days.billing_month = serving.billing_month
    where
        (serving.resource_id is not null or days.resource_type = 'inference_deployment')
        and (days.resource_id, days.charge_date) not in (
            select
                lines.resource_id,
                lines.usage_date
            from lines
            where lines.resource_id is not null
        )

),

-- requests whose machine is not known have no cost to bear
homeless as (

    select
        usage_date,
        strftime(usage_date, '%Y-%m') as billing_month,
        model,
        version,
        tenant,
        requests - coalesce(failed_requests, 0) as completed_requests,
        failed_requests,
        input_tokens,
        cached_tokens,
        input_tokens - coalesce(cached_tokens, 0) as computed_tokens,
        output_tokens,
        'unknown' as provider,
        'import' as units_source
    from imported
    where
        (resource_id is null or resource_id not in (select machines.resource_id from machines))
        and strftime(usage_date, '%Y-%m') in (select months.billing_month from silver.billing_months as months)

),

all_lines as (

    select * from lines
    union all by name
    select * from silent
    union all by name
    select * from homeless

),

summed as (

    select
        spans.period,
        case spans.period when 'day' then usage_date else cast(billing_month || '-01' as date) end as period_start,
        scopes.is_sum,
        case when not scopes.is_sum then all_lines.tenant end as of_tenant,
        provider,
        resource_id,
        model,
        version,
        project_id,
        billing_currency,
        billing_month,
        any_value(resource_name) as resource_name,
        any_value(project_name) as project_name,
        arg_max(environment, usage_date) as environment,
        sum(allocation_cost) as allocation_cost,
        sum(busy_cost) as busy_cost,
        sum(uncounted_cost) as uncounted_cost,
        sum(completed_requests) as completed_requests,
        sum(failed_requests) as failed_requests,
        sum(allocation_cost * failed_requests / nullif(completed_requests + failed_requests, 0)) as failed_cost,
        sum(input_tokens) as input_tokens,
        sum(cached_tokens) as cached_tokens,
        sum(output_tokens) as output_tokens,
        sum(computed_tokens) filter (where input_cost is not null) as computed_tokens,
        sum(output_tokens) filter (where output_cost is not null) as priced_output_tokens,
        sum(input_cost) as input_cost,
        sum(output_cost) as output_cost,
        sum(busy_input_cost) as busy_input_cost,
        sum(busy_output_cost) as busy_output_cost,
        sum(allocation_cost) filter (where busy_cost is not null) as measured_cost,
        sum(completed_requests) filter (where busy_cost is not null) as busy_requests,
        sum(computed_tokens) filter (where busy_input_cost is not null) as busy_computed_tokens,
        sum(output_tokens) filter (where busy_output_cost is not null) as busy_output_tokens,
        nullif(array_to_string(list_sort(list_distinct(list(split_by))), ', '), '') as split_by,
        nullif(array_to_string(list_sort(list_distinct(list(units_source))), ', '), '') as units_source,
        min(coverage) as units_coverage
    from all_lines
    cross join (values ('day'), ('month')) as spans (period)
    cross join (values (true), (false)) as scopes (is_sum)
    where scopes.is_sum or all_lines.tenant is not null
    group by all

)

select
    period,
    period_start,
    provider,
    resource_id,
    resource_name,
    project_id,
    project_name,
    environment,
    model,
    version,
    of_tenant as tenant,
    is_sum,
    billing_currency,
    cast(completed_requests as decimal(38, 12)) as completed_requests,
    cast(failed_requests as decimal(38, 12)) as failed_requests,
    cast(input_tokens as decimal(38, 12)) as input_tokens,
    cast(cached_tokens as decimal(38, 12)) as cached_tokens,
    cast(output_tokens as decimal(38, 12)) as output_tokens,
    cast(allocation_cost as decimal(38, 12)) as allocation_cost,
    cast(busy_cost as decimal(38, 12)) as busy_cost,
    cast(measured_cost - busy_cost as decimal(38, 12)) as idle_cost,
    cast(failed_cost as decimal(38, 12)) as failed_cost,
    cast(input_cost as decimal(38, 12)) as input_cost,
    cast(output_cost as decimal(38, 12)) as output_cost,
    cast(uncounted_cost as decimal(38, 12)) as uncounted_cost,
    cast(1000 * allocation_cost / nullif(completed_requests, 0) as decimal(38, 12)) as thousand_requests_cost,
    cast(1000 * busy_cost / nullif(busy_requests, 0) as decimal(38, 12)) as busy_thousand_requests_cost,
    cast(1000000 * input_cost / nullif(computed_tokens, 0) as decimal(38, 12)) as million_input_tokens_cost,
    cast(1000000 * busy_input_cost / nullif(busy_computed_tokens, 0) as decimal(38, 12))
        as busy_million_input_tokens_cost,
    cast(case when cached_tokens > 0 then 0 end as decimal(38, 12)) as million_cached_tokens_cost,
    cast(1000000 * output_cost / nullif(priced_output_tokens, 0) as decimal(38, 12)) as million_output_tokens_cost,
    cast(1000000 * busy_output_cost / nullif(busy_output_tokens, 0) as decimal(38, 12))
        as busy_million_output_tokens_cost,
    cast(1000000 * allocation_cost / nullif(input_tokens + coalesce(output_tokens, 0), 0) as decimal(38, 12))
        as million_tokens_cost,
    cast(input_cost * cached_tokens / nullif(computed_tokens, 0) as decimal(38, 12)) as cached_saved_cost,
    split_by,
    units_source,
    cast(units_coverage as decimal(38, 12)) as units_coverage,
    cast(measured_cost / nullif(allocation_cost, 0) as decimal(38, 12)) as busy_coverage,
    case
        when provider = 'unknown' then 'the machine that answered is not known; name its deployment in the import'
        when units_source is null then 'its requests and tokens are not counted'
        when provider = 'generative-apis' and completed_requests is null then 'requests are not told, tokens are'
        when coalesce(completed_requests, 0) = 0 then 'no request completed'
        when busy_cost is null then 'no DCGM metrics: the busy basis is not known'
    end as reason,
    billing_month
from summed
