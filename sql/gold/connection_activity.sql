-- How many connections each database had in the last four weeks known of the month: of every hour the nodes together.
-- What tells nothing of its connections has no row.
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
        usage.usage_hour,
        usage.usage_date,
        cast(sum(usage.mean_value) as double) as mean_value,
        cast(sum(usage.max_value) as double) as max_value
    from silver.usage_hourly as usage
    inner join months
        on usage.usage_date >= months.known_from and usage.usage_date < months.known_until
    where
        usage.resource_id is not null
        and usage.max_value is not null
        and regexp_matches(usage.metric, '^(postgresql|mysql|redis|mongodb)_(connections|connected_clients)$')
    group by all

)

select
    resource_id,
    any_value(known_from) as known_from,
    any_value(known_until) as known_until,
    count(distinct usage_date) as measured_days,
    count(distinct yearweek(usage_date)) filter (where isodow(usage_date) >= 6) as measured_weekends,
    count(*) as measured_hours,
    count(*) filter (where max_value > 0) as connected_hours,
    cast(avg(mean_value) as decimal(38, 12)) as connections_mean,
    cast(max(max_value) as decimal(38, 12)) as connections_max,
    max(usage_date) filter (where max_value > 0) as last_connected_on,
    usage_month
from hours
group by usage_month, resource_id
