-- Where work that may wait would find GPUs that are paid anyway: by machine and hour of the day (UTC) in the last four
-- weeks known of the month, the GPU-hours nobody used and what they cost, volumes and addresses included. Hours in
-- which requests waited are not free. is_candidate says that the hour was measured on fourteen days at least and that
-- on nineteen of twenty of them no GPU of the machine was active for more than a tenth of it; what a model holds of
-- the memory (memory_used_ratio, the most) is not free then. Null where nothing measured it.
-- grain: billing_month, resource_id, billing_currency, hour_of_day
-- partition: billing_month
-- reads: gold.gpu_hours 1 month back
-- reads: gold.gpu_days 1 month back
-- stored: view
with

months as (

    select
        billing_month,
        charges_until as known_until,
        charges_until - 28 as known_from
    from silver.billing_months
    where charges_until is not null

),

prices as (

    select
        resource_id,
        charge_date,
        billing_currency,
        resource_name,
        project_id,
        project_name,
        commercial_type,
        gpu_name,
        allocation_cost / nullif(charged_gpu_hours, 0) as gpu_hour_cost
    from gold.gpu_days

),

summed as (

    select
        months.billing_month,
        months.known_from,
        months.known_until,
        hours.resource_id,
        hours.billing_currency,
        cast(hour(hours.usage_hour at time zone 'UTC') as integer) as hour_of_day,
        arg_max(prices.resource_name, hours.usage_date) as resource_name,
        arg_max(prices.project_id, hours.usage_date) as project_id,
        arg_max(prices.project_name, hours.usage_date) as project_name,
        arg_max(prices.commercial_type, hours.usage_date) as commercial_type,
        arg_max(prices.gpu_name, hours.usage_date) as gpu_name,
        arg_max(hours.gpus, hours.usage_date) as gpus,
        count(*) as days_charged,
        count(hours.busy_gpu_hours) as days_measured,
        sum(hours.charged_gpu_hours) as charged_gpu_hours,
        sum(hours.busy_gpu_hours) as busy_gpu_hours,
        sum(hours.idle_gpu_hours - hours.queue_idle_gpu_hours) as free_gpu_hours,
        sum((hours.idle_gpu_hours - hours.queue_idle_gpu_hours) * prices.gpu_hour_cost) as free_cost,
        quantile_disc(hours.busiest_gpu_active_ratio, 0.95) as busiest_gpu_active_ratio,
        max(hours.memory_used_ratio) as memory_used_ratio,
        sum(hours.requests) as requests
    from gold.gpu_hours as hours
    inner join months on hours.usage_date >= months.known_from and hours.usage_date < months.known_until
    left join prices
        on
            hours.resource_id = prices.resource_id
            and hours.usage_date = prices.charge_date
            and hours.billing_currency = prices.billing_currency
    group by all

)

select
    billing_month,
    known_from,
    known_until,
    resource_id,
    resource_name,
    project_id,
    project_name,
    commercial_type,
    gpu_name,
    gpus,
    hour_of_day,
    days_charged,
    days_measured,
    cast(charged_gpu_hours as decimal(38, 12)) as charged_gpu_hours,
    cast(busy_gpu_hours as decimal(38, 12)) as busy_gpu_hours,
    cast(free_gpu_hours as decimal(38, 12)) as free_gpu_hours,
    billing_currency,
    cast(free_cost as decimal(38, 12)) as free_cost,
    cast(busiest_gpu_active_ratio as decimal(38, 12)) as busiest_gpu_active_ratio,
    cast(memory_used_ratio as decimal(38, 12)) as memory_used_ratio,
    cast(requests as decimal(38, 12)) as requests,
    case when days_measured > 0 then days_measured >= 14 and busiest_gpu_active_ratio <= 0.1 end as is_candidate
from summed
