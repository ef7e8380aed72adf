-- What is asked of a model in a project in the last four weeks known of the month, what it costs and how fast it is
-- answered: of machines that serve it, dedicated deployments and Generative APIs. A machine counts whole with the model
-- it is asked most for. hourly_requests has one number for each hour from known_from on, hourly_tokens likewise, null
-- in hours of which nothing is known; what is billed by the token has tokens alone. Requests that were imported by the
-- day are spread evenly over its hours, of which hours_spread tells how many. Seconds are those of requests,
-- most_running the most at once on one machine in an hour. What nothing counts is null.
-- grain: billing_month, project_id, provider, model, gpu_name, billing_currency
-- partition: billing_month
-- reads: gold.gpu_days 1 month back
-- reads: gold.gpu_costs 1 month back
-- reads: silver.gpu_served_hours 1 month back
-- reads: gold.cost_per_inference 1 month back
with

months as (

    select
        billing_month,
        charges_until as known_until,
        charges_until - 28 as known_from
    from silver.billing_months
    where charges_until is not null

),

labels as (

    select
        months.billing_month,
        days.resource_id,
        days.billing_currency,
        arg_max(days.project_id, days.charge_date) as project_id,
        arg_max(days.project_name, days.charge_date) as project_name,
        arg_max(days.environment, days.charge_date) as environment,
        arg_max(coalesce(days.owner, days.team), days.charge_date) as owner,
        sum(days.charged_hours) as charged_hours
    from gold.gpu_days as days
    inner join months on days.charge_date >= months.known_from and days.charge_date < months.known_until
    group by all

),

places as (

    select
        months.billing_month,
        costs.resource_id,
        costs.billing_currency,
        arg_max(costs.region_id, costs.charge_date) as region_id
    from gold.gpu_costs as costs
    inner join months on costs.charge_date >= months.known_from and costs.charge_date < months.known_until
    group by all

),

machines as (

    select
        load.billing_month,
        load.known_from,
        load.known_until,
        load.resource_id,
        load.billing_currency,
        labels.project_id,
        labels.project_name,
        labels.environment,
        labels.owner,
        labels.charged_hours,
        places.region_id,
        case load.resource_type when 'inference_deployment' then 'dedicated' else 'self-hosted' end as provider,
        coalesce(load.model, deployments.model_name) as model,
        load.commercial_type,
        load.gpu_name,
        load.gpus,
        load.memory_used_bytes,
        load.window_cost,
        load.window_machine_cost
    from gold.gpu_load as load
    inner join labels
        on
            load.billing_month = labels.billing_month
            and load.resource_id = labels.resource_id
            and load.billing_currency = labels.billing_currency
    left join places
        on
            load.billing_month = places.billing_month
            and load.resource_id = places.resource_id
            and load.billing_currency = places.billing_currency
    left join silver.inference_deployments as deployments
        on load.resource_id = deployments.resource_id and deployments.is_current
    where coalesce(load.model, deployments.model_name) is not null and load.days_charged > 0

),

served as (

    select
        months.billing_month,
        hours.resource_id,
        hours.usage_date,
        epoch(hours.usage_hour) as hour_epoch,
        sum(hours.requests) as requests,
        sum(hours.input_tokens) as input_tokens,
        sum(hours.cached_tokens) as cached_tokens,
        sum(hours.output_tokens) as output_tokens,
        sum(hours.prefill_seconds) as prefill_seconds,
        sum(hours.decode_seconds) as decode_seconds,
        sum(hours.running_requests) as running_requests,
        max(hours.first_token_p95_seconds) as first_token_p95_seconds
    from silver.gpu_served_hours as hours
    inner join months on hours.usage_date >= months.known_from and hours.usage_date < months.known_until
    where hours.resource_id is not null and hours.service <> 'generative'
    group by all

),

of_machines as (

    select
        machines.billing_month,
        machines.project_id,
        machines.provider,
        machines.model,
        machines.gpu_name,
        machines.billing_currency,
        served.hour_epoch,
        sum(served.requests) as requests,
        sum(served.input_tokens) as input_tokens,
        sum(served.cached_tokens) as cached_tokens,
        sum(served.output_tokens) as output_tokens,
        sum(served.prefill_seconds) as prefill_seconds,
        sum(served.decode_seconds) as decode_seconds,
        max(served.running_requests) as most_running,
        max(served.first_token_p95_seconds) filter (where served.requests > 0) as first_token_p95_seconds
    from machines
    inner join served
        on machines.billing_month = served.billing_month and machines.resource_id = served.resource_id
    group by all

),

-- days of which an import alone tells the requests: their hours are not known
imported as (

    select
        machines.billing_month,
        machines.project_id,
        machines.provider,
        machines.model,
        machines.gpu_name,
        machines.billing_currency,
        inference.period_start as usage_date,
        sum(inference.completed_requests + coalesce(inference.failed_requests, 0)) as requests,
        sum(inference.input_tokens) as input_tokens,
        sum(inference.cached_tokens) as cached_tokens,
        sum(inference.output_tokens) as output_tokens
    from machines
    inner join gold.cost_per_inference as inference
        on
            machines.resource_id = inference.resource_id
            and machines.billing_currency = inference.billing_currency
            and machines.known_from <= inference.period_start
            and machines.known_until > inference.period_start
    where
        inference.period = 'day'
        and inference.is_sum
        and inference.units_source = 'import'
        and (inference.resource_id, inference.period_start) not in (
            select
                served.resource_id,
                served.usage_date
            from served
        )
    group by all

),

spread as (

    select
        imported.* exclude (usage_date) replace (
            imported.requests / 24 as requests,
            imported.input_tokens / 24 as input_tokens,
            imported.cached_tokens / 24 as cached_tokens,
            imported.output_tokens / 24 as output_tokens
        ),
        epoch(imported.usage_date) + 3600 * places.hour_of_day as hour_epoch
    from imported
    cross join generate_series(0, 23) as places (hour_of_day)

),

by_machines as (

    select
        billing_month,
        any_value(known_from) as known_from,
        any_value(known_until) as known_until,
        project_id,
        any_value(project_name) as project_name,
        provider,
        model,
        gpu_name,
        billing_currency,
        arg_max(environment, resource_id) as environment,
        arg_max(owner, resource_id) as owner,
        list(resource_id order by resource_id) as resource_ids,
        arg_max(region_id, resource_id) as region_id,
        arg_max(commercial_type, row(gpus, commercial_type)) as commercial_type,
        sum(gpus) as gpus,
        max(memory_used_bytes / nullif(gpus, 0)) as gpu_memory_used_bytes,
        sum(charged_hours) as charged_hours,
        sum(window_cost) as window_cost,
        sum(window_machine_cost) as window_machine_cost
    from machines
    group by billing_month, project_id, provider, model, gpu_name, billing_currency

),

api_costs as (

    select
        months.billing_month,
        any_value(months.known_from) as known_from,
        any_value(months.known_until) as known_until,
        inference.project_id,
        any_value(inference.project_name) as project_name,
        'generative-apis' as provider,
        inference.model,
        cast(null as varchar) as gpu_name,
        inference.billing_currency,
        arg_max(inference.environment, inference.period_start) as environment,
        sum(coalesce(inference.allocation_cost, 0) + coalesce(inference.uncounted_cost, 0)) as window_cost
    from gold.cost_per_inference as inference
    inner join months
        on inference.period_start >= months.known_from and inference.period_start < months.known_until
    where inference.period = 'day' and inference.is_sum and inference.provider = 'generative-apis'
    group by all

),

of_apis as (

    select
        months.billing_month,
        hours.project_id,
        'generative-apis' as provider,
        hours.model,
        epoch(hours.usage_hour) as hour_epoch,
        sum(hours.input_tokens) as input_tokens,
        sum(hours.output_tokens) as output_tokens
    from silver.gpu_served_hours as hours
    inner join months on hours.usage_date >= months.known_from and hours.usage_date < months.known_until
    where hours.service = 'generative'
    group by all

),

of_all as (

    select
        *,
        0 as spread
    from of_machines
    union all by name
    select
        *,
        1 as spread
    from spread
    union all by name
    select
        of_apis.*,
        api_costs.billing_currency,
        0 as spread
    from of_apis
    inner join api_costs
        on
            of_apis.billing_month = api_costs.billing_month
            and of_apis.project_id = api_costs.project_id
            and of_apis.model = api_costs.model

),

hours as (

    select
        billing_month,
        project_id,
        provider,
        model,
        gpu_name,
        billing_currency,
        hour_epoch,
        max(spread) as spread,
        sum(requests) as requests,
        sum(input_tokens) as input_tokens,
        sum(cached_tokens) as cached_tokens,
        sum(output_tokens) as output_tokens,
        sum(prefill_seconds) as prefill_seconds,
        sum(decode_seconds) as decode_seconds,
        max(most_running) as most_running,
        max(first_token_p95_seconds) as first_token_p95_seconds
    from of_all
    group by all

),

workloads as (

    select * from by_machines
    union all by name
    select * from api_costs

),

slots as (

    select
        *,
        unnest(generate_series(0, 671)) as slot
    from workloads

),

series as (

    select
        slots.billing_month,
        slots.project_id,
        slots.provider,
        slots.model,
        slots.gpu_name,
        slots.billing_currency,
        list(cast(hours.requests as double) order by slots.slot) as hourly_requests,
        list(
            cast(
                case
                    when coalesce(hours.input_tokens, hours.output_tokens) is not null
                        then coalesce(hours.input_tokens, 0) + coalesce(hours.output_tokens, 0)
                end as double
            )
            order by slots.slot
        ) as hourly_tokens,
        count(hours.hour_epoch) as hours_counted,
        coalesce(sum(hours.spread), 0) as hours_spread,
        sum(hours.requests) as requests,
        sum(hours.input_tokens) as input_tokens,
        sum(hours.cached_tokens) as cached_tokens,
        sum(hours.output_tokens) as output_tokens,
        sum(hours.prefill_seconds) as prefill_seconds,
        sum(hours.decode_seconds) as decode_seconds,
        max(hours.most_running) as most_running,
        quantile_disc(hours.first_token_p95_seconds, 0.95) as first_token_p95_seconds
    from slots
    left join hours
        on
            slots.billing_month = hours.billing_month
            and slots.project_id = hours.project_id
            and slots.provider = hours.provider
            and slots.model = hours.model
            and slots.gpu_name is not distinct from hours.gpu_name
            and slots.billing_currency = hours.billing_currency
            and hours.hour_epoch = epoch(slots.known_from) + slots.slot * 3600
    group by all

)

select
    workloads.billing_month,
    workloads.project_id,
    workloads.provider,
    workloads.model,
    workloads.gpu_name,
    workloads.billing_currency,
    workloads.project_name,
    workloads.environment,
    workloads.owner,
    workloads.known_from,
    workloads.known_until,
    workloads.region_id,
    workloads.resource_ids,
    workloads.commercial_type,
    cast(workloads.gpus as integer) as gpus,
    cast(workloads.gpu_memory_used_bytes as bigint) as gpu_memory_used_bytes,
    cast(workloads.charged_hours as decimal(38, 12)) as charged_hours,
    cast(workloads.window_cost as decimal(38, 12)) as window_cost,
    cast(workloads.window_machine_cost as decimal(38, 12)) as window_machine_cost,
    cast(series.hours_counted as integer) as hours_counted,
    cast(series.hours_spread as integer) as hours_spread,
    series.hourly_requests,
    series.hourly_tokens,
    cast(series.requests as decimal(38, 12)) as requests,
    cast(series.input_tokens as decimal(38, 12)) as input_tokens,
    cast(series.cached_tokens as decimal(38, 12)) as cached_tokens,
    cast(series.output_tokens as decimal(38, 12)) as output_tokens,
    cast(series.prefill_seconds as decimal(38, 12)) as prefill_seconds,
    cast(series.decode_seconds as decimal(38, 12)) as decode_seconds,
    cast(series.most_running as decimal(38, 12)) as most_running,
    cast(series.first_token_p95_seconds as decimal(38, 12)) as first_token_p95_seconds
from workloads
inner join series
    on
        workloads.billing_month = series.billing_month
        and workloads.project_id = series.project_id
        and workloads.provider = series.provider
        and workloads.model = series.model
        and workloads.gpu_name is not distinct from series.gpu_name
        and workloads.billing_currency = series.billing_currency
