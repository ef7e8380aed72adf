-- How every machine with GPUs was used in the last four weeks known of the month: what it cost, how busy its GPUs
-- were, how much memory they held, how many of several never worked, and which model it served to how many requests;
-- beside it what the same tokens cost at Generative APIs in realtime by the newest price list: of the model itself
-- where it is listed, and of the cheapest one listed that answers. Levels are over hours: the 99th percentile of the
-- busiest GPU, the most memory its GPUs held together. What nothing measures or counts is null. Of several models it
-- names the one most asked.
-- grain: billing_month, resource_id, billing_currency
-- partition: billing_month
-- reads: gold.gpu_days 1 month back
-- reads: gold.gpu_hours 1 month back
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

costs as (

    select
        months.billing_month,
        months.known_from,
        months.known_until,
        days.resource_id,
        days.billing_currency,
        arg_max(days.resource_type, days.charge_date) as resource_type,
        arg_max(days.commercial_type, days.charge_date) as commercial_type,
        arg_max(days.pool_id, days.charge_date) as pool_id,
        arg_max(days.gpu_name, days.charge_date) as gpu_name,
        arg_max(days.gpus, days.charge_date) as gpus,
        sum(days.allocation_cost) as window_cost,
        sum(days.machine_cost) as window_machine_cost,
        sum(days.busy_cost) as busy_cost,
        sum(days.idle_cost) as idle_cost,
        sum(days.charged_gpu_hours) as charged_gpu_hours,
        sum(days.busy_gpu_hours) as busy_gpu_hours,
        sum(days.training_gpu_hours) as training_gpu_hours,
        count(*) filter (where days.charged_hours > 0) as days_charged,
        count(days.busy_gpu_hours) as days_measured
    from gold.gpu_days as days
    inner join months on days.charge_date >= months.known_from and days.charge_date < months.known_until
    group by all

),

levels as (

    select
        months.billing_month,
        hours.resource_id,
        hours.billing_currency,
        count(hours.busy_gpu_hours) as hours_measured,
        count(*) as hours_charged,
        count(*) filter (where hours.requests >= 0.5) as hours_asked,
        quantile_disc(hours.busiest_gpu_active_ratio, 0.99) as busiest_gpu_active_ratio,
        max(hours.memory_used_bytes) as memory_used_bytes,
        -- only hours in which all of its GPUs were seen tell how many did nothing
        min(hours.unused_gpus) filter (where hours.measured_gpus = hours.gpus) as unused_gpus
    from gold.gpu_hours as hours
    inner join months on hours.usage_date >= months.known_from and hours.usage_date < months.known_until
    group by all

),

served as (

    select
        months.billing_month,
        inference.resource_id,
        inference.billing_currency,
        inference.model,
        count(distinct inference.period_start) filter (where inference.completed_requests is not null) as days_counted,
        sum(inference.completed_requests) as requests,
        sum(inference.input_tokens) as input_tokens,
        sum(inference.output_tokens) as output_tokens
    from gold.cost_per_inference as inference
    inner join months
        on inference.period_start >= months.known_from and inference.period_start < months.known_until
    where inference.period = 'day' and inference.is_sum and inference.resource_id is not null
    group by all

),

models as (

    select
        billing_month,
        resource_id,
        billing_currency,
        arg_max(model, row(requests, model)) as model,
        count(distinct model) as models,
        max(days_counted) as days_counted,
        sum(requests) as requests,
        case when count(*) = count(input_tokens) then sum(input_tokens) end as input_tokens,
        case when count(*) = count(output_tokens) then sum(output_tokens) end as output_tokens
    from served
    group by all

),

listed as (

    select
        model,
        billing_currency,
        cast(min(million_price) filter (where token_type = 'input_token') * 0.000001 as decimal(38, 18)) as input_price,
        cast(min(million_price) filter (where token_type = 'output_token') * 0.000001 as decimal(38, 18))
            as output_price
    from silver.model_prices
    where consumption_mode = 'realtime'
    group by all

),

-- `mistral/mistral-small-3.2:fp8` of a deployment is `mistral-small-3.2` on the list
joined as (

    select
        costs.*,
        levels.* exclude (billing_month, resource_id, billing_currency),
        models.* exclude (billing_month, resource_id, billing_currency),
        same.model as api_model,
        models.input_tokens * same.input_price + coalesce(models.output_tokens * same.output_price, 0)
            as api_window_cost,
        others.model as other_model,
        models.input_tokens * others.input_price + models.output_tokens * others.output_price as other_window_cost,
        same.input_price as api_input_price,
        same.output_price as api_output_price,
        others.input_price as other_input_price,
        others.output_price as other_output_price
    from costs
    left join levels
        on
            costs.billing_month = levels.billing_month
            and costs.resource_id = levels.resource_id
            and costs.billing_currency = levels.billing_currency
    left join models
        on
            costs.billing_month = models.billing_month
            and costs.resource_id = models.resource_id
            and costs.billing_currency = models.billing_currency
    left join listed as same
        on
            lower(regexp_replace(regexp_replace(models.model, '^[^/]+/', ''), ':[^:]*$', '')) = lower(same.model)
            and costs.billing_currency = same.billing_currency
    left join listed as others
        on
            costs.billing_currency = others.billing_currency
            and others.output_price is not null
            and models.output_tokens is not null
    qualify row_number() over (
        partition by costs.billing_month, costs.resource_id, costs.billing_currency
        order by
            models.input_tokens * others.input_price + models.output_tokens * others.output_price,
            others.input_price + others.output_price,
            others.model
    ) = 1

)

select
    billing_month,
    resource_id,
    billing_currency,
    known_from,
    known_until,
    resource_type,
    commercial_type,
    pool_id,
    gpu_name,
    gpus,
    days_charged,
    days_measured,
    hours_charged,
    hours_measured,
    hours_asked,
    cast(window_cost as decimal(38, 12)) as window_cost,
    cast(window_machine_cost as decimal(38, 12)) as window_machine_cost,
    cast(busy_cost as decimal(38, 12)) as busy_cost,
    cast(idle_cost as decimal(38, 12)) as idle_cost,
    cast(charged_gpu_hours as decimal(38, 12)) as charged_gpu_hours,
    cast(busy_gpu_hours as decimal(38, 12)) as busy_gpu_hours,
    cast(training_gpu_hours as decimal(38, 12)) as training_gpu_hours,
    cast(busiest_gpu_active_ratio as decimal(38, 12)) as busiest_gpu_active_ratio,
    cast(memory_used_bytes as bigint) as memory_used_bytes,
    unused_gpus,
    model,
    models,
    days_counted,
    cast(requests as decimal(38, 12)) as requests,
    cast(input_tokens as decimal(38, 12)) as input_tokens,
    cast(output_tokens as decimal(38, 12)) as output_tokens,
    api_model,
    cast(api_input_price * 1000000 as decimal(38, 12)) as api_input_price,
    cast(api_output_price * 1000000 as decimal(38, 12)) as api_output_price,
    cast(api_window_cost as decimal(38, 12)) as api_window_cost,
    other_model,
    cast(other_input_price * 1000000 as decimal(38, 12)) as other_input_price,
    cast(other_output_price * 1000000 as decimal(38, 12)) as other_output_price,
    cast(other_window_cost as decimal(38, 12)) as other_window_cost
from joined
