-- When each Instance was charged and measured, by day: the charges of its own type with their hours and cost, and the
-- hours of the day (UTC) that have samples of its processors. A machine that is stopped in place is charged and not
-- measured, one that is off is neither. A day without either has no row.
-- grain: resource_id, usage_date, billing_currency
-- partition: billing_month
with

charged as (

    select
        resource_id,
        charge_date as usage_date,
        billing_currency,
        billing_month,
        list(
            { starts_at: charge_start, ends_at: charge_end, cost: billed_cost } order by charge_start, sku, charge_key
        ) as charges,
        cast(sum(billed_cost) as decimal(38, 12)) as charged_cost
    from silver.costs
    where sku like '/compute/%' and resource_id is not null and charge_end > charge_start
    group by all

),

measured as (

    select
        resource_id,
        usage_date,
        usage_month as billing_month,
        list(distinct hour(usage_hour at time zone 'UTC') order by hour(usage_hour at time zone 'UTC')) as sampled_hours
    from silver.usage_hourly
    where metric in ('instance_cpu_ratio', 'node_cpu_ratio') and resource_id is not null and samples > 0
    group by all

)

select
    coalesce(charged.resource_id, measured.resource_id) as resource_id,
    coalesce(charged.usage_date, measured.usage_date) as usage_date,
    charged.billing_currency,
    charged.charges,
    charged.charged_cost,
    measured.sampled_hours,
    coalesce(charged.billing_month, measured.billing_month) as billing_month
from charged
full join measured
    on
        charged.resource_id = measured.resource_id
        and charged.usage_date = measured.usage_date
        and charged.billing_month = measured.billing_month
