-- When each Instance that exists was busy and charged in the last four weeks that are known of the month: by hour since
-- known_from (0 to 671, UTC) the largest share of its processors or GPU that 95 % of the samples stayed below, and the
-- stretches it was charged for. Hours without samples are left out, not zero; the bytes a second that passed the
-- network are known of machines with an agent alone. Nodes name their Kapsule pool.
-- grain: billing_month, resource_id, billing_currency
-- partition: billing_month
-- reads: silver.power_days 1 month back
-- reads: silver.usage_hourly 1 month back
with

months as (

    select
        billing_month,
        charges_until as known_until,
        charges_until - 28 as known_from,
        charges_until = max(charges_until) over () as is_newest
    from silver.billing_months
    where charges_until is not null

),

existing as (

    select
        months.billing_month,
        months.known_from,
        months.known_until,
        resources.resource_id
    from months
    inner join silver.resources as resources
        on
            case
                when months.is_newest then resources.valid_to is null
                else
                    months.known_until > resources.valid_from
                    and coalesce(months.known_until <= resources.valid_to, true)
            end
    where resources.resource_type = 'instance_server'
    group by all

),

hours as (

    select
        months.billing_month,
        usage.resource_id,
        cast(date_diff('hour', cast(months.known_from as timestamp), usage.usage_hour at time zone 'UTC') as smallint)
            as hour_number,
        max(case when usage.metric = 'gpu_utilization_percent' then usage.p95_value / 100 else usage.p95_value end)
            as busy_share
    from silver.usage_hourly as usage
    inner join months on usage.usage_date >= months.known_from and usage.usage_date < months.known_until
    where
        usage.metric in ('instance_cpu_ratio', 'node_cpu_ratio', 'gpu_utilization_percent')
        and usage.resource_id is not null
        and usage.p95_value is not null
    group by all

),

busy as (

    select
        billing_month,
        resource_id,
        list(hour_number order by hour_number) as measured_hours,
        list(cast(busy_share as float) order by hour_number) as busy_shares
    from hours
    group by all

),

traffic_hours as (

    select
        months.billing_month,
        usage.resource_id,
        cast(date_diff('hour', cast(months.known_from as timestamp), usage.usage_hour at time zone 'UTC') as smallint)
            as hour_number,
        sum(usage.mean_value) as traffic_bytes
    from silver.usage_hourly as usage
    inner join months on usage.usage_date >= months.known_from and usage.usage_date < months.known_until
    where
        usage.metric in (
            'node_network_received_bytes', 'node_network_sent_bytes',
            'instance_network_received_bytes', 'instance_network_sent_bytes'
        )
        and usage.resource_id is not null
        and usage.mean_value is not null
    group by all

),

traffic as (

    select
        billing_month,
        resource_id,
        list(hour_number order by hour_number) as traffic_hours,
        list(cast(traffic_bytes as double) order by hour_number) as traffic_bytes_per_second
    from traffic_hours
    group by all

),

charged as (

    select
        months.billing_month,
        power_days.resource_id,
        power_days.billing_currency,
        flatten(list(power_days.charges order by power_days.usage_date)) as charges,
        cast(sum(power_days.charged_cost) as decimal(38, 12)) as charged_cost
    from silver.power_days as power_days
    inner join months
        on power_days.usage_date >= months.known_from and power_days.usage_date < months.known_until
    where power_days.charges is not null
    group by all

),

pools as (

    select
        runs.linked_id as resource_id,
        any_value(belongs.linked_id) as pool_id
    from silver.resource_links as runs
    inner join silver.resource_links as belongs
        on runs.resource_id = belongs.resource_id and belongs.link_type = 'part_of' and belongs.valid_to is null
    inner join silver.resources as named
        on belongs.linked_id = named.resource_id and named.resource_type = 'k8s_pool' and named.valid_to is null
    where runs.link_type = 'runs_on' and runs.valid_to is null
    group by runs.linked_id

)

select
    existing.resource_id,
    pools.pool_id,
    existing.known_from,
    existing.known_until,
    busy.measured_hours,
    busy.busy_shares,
    traffic.traffic_hours,
    traffic.traffic_bytes_per_second,
    charged.charges,
    charged.charged_cost,
    charged.billing_currency,
    existing.billing_month
from existing
left join busy on existing.billing_month = busy.billing_month and existing.resource_id = busy.resource_id
left join traffic on existing.billing_month = traffic.billing_month and existing.resource_id = traffic.resource_id
left join charged on existing.billing_month = charged.billing_month and existing.resource_id = charged.resource_id
left join pools on existing.resource_id = pools.resource_id
