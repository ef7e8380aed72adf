-- How busy each load balancer and public gateway was in the last four weeks known of the month. A load balancer tells
-- shares of what its type can do, a gateway the bytes a second of both directions. Levels are of the hours: the 99.5th
-- percentile of the hours' own 99.5th percentiles. What nothing measures is null.
-- grain: usage_month, resource_id
-- partition: usage_month
-- reads: silver.usage_hourly 1 month back
with

months as (

    select
        usage_month,
        max(usage_date) + 1 as known_until,
        max(usage_date) - 27 as known_from
    from silver.usage_hourly
    group by all

),

hours as (

    select
        months.usage_month,
        months.known_from,
        months.known_until,
        usage.resource_id,
        regexp_replace(usage.metric, '^(load_balancer|public_gateway)_', '') as measure,
        usage.usage_hour,
        usage.usage_date,
        max(usage.samples) as samples,
        max(usage.expected_samples) as expected_samples,
        cast(max(usage.p995_value) as double) as p995_value,
        cast(max(usage.max_value) as double) as max_value
    from silver.usage_hourly as usage
    inner join months
        on usage.usage_date >= months.known_from and usage.usage_date < months.known_until
    where usage.resource_id is not null and usage.resource_type in ('load_balancer', 'public_gateway')
    group by all

)

select
    resource_id,
    any_value(known_from) as known_from,
    any_value(known_until) as known_until,
    max(expected_samples) as expected_samples,
    count(distinct usage_date) filter (
        where measure in ('bandwidth_out_ratio', 'received_bytes')
    ) as measured_days,
    count(distinct yearweek(usage_date)) filter (
        where measure in ('bandwidth_out_ratio', 'received_bytes') and isodow(usage_date) >= 6
    ) as measured_weekends,
    sum(samples) filter (where measure in ('bandwidth_out_ratio', 'received_bytes')) as samples,
    cast(quantile_cont(p995_value, 0.995) filter (where measure = 'bandwidth_in_ratio') as decimal(38, 12))
        as bandwidth_in_p995_ratio,
    cast(quantile_cont(p995_value, 0.995) filter (where measure = 'bandwidth_out_ratio') as decimal(38, 12))
        as bandwidth_out_p995_ratio,
    cast(quantile_cont(p995_value, 0.995) filter (where measure = 'connection_ratio') as decimal(38, 12))
        as connections_p995_ratio,
    cast(quantile_cont(p995_value, 0.995) filter (where measure = 'cpu_ratio') as decimal(38, 12)) as cpu_p995_ratio,
    cast(quantile_cont(p995_value, 0.995) filter (where measure = 'memory_ratio') as decimal(38, 12))
        as memory_p995_ratio,
    cast(max(max_value) filter (where measure = 'sessions') as decimal(38, 12)) as sessions_max,
    cast(quantile_cont(p995_value, 0.995) filter (where measure = 'received_bytes') as decimal(38, 12))
        as received_p995_bytes,
    cast(quantile_cont(p995_value, 0.995) filter (where measure = 'sent_bytes') as decimal(38, 12)) as sent_p995_bytes,
    usage_month
from hours
group by usage_month, resource_id
