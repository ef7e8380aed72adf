-- The share of the cost of measured machines that went into hours in which they idled, by day and month, by service,
-- and of all in the row of is_sum. A machine's hours of a day share its cost of that day evenly. What was not measured
-- is not in the denominator; cost_coverage is the measured share of what machines, databases and the like cost.
-- grain: period, period_start, service_name, is_sum, billing_currency
-- partition: billing_month
with

charged as (

    select
        charge_date,
        resource_id,
        service_name,
        billing_currency,
        billing_month,
        coalesce(sum(billed_cost), 0) as billed_cost,
        -- the hours of the clock that were paid for
        greatest(
            1,
            date_diff(
                'hour',
                date_trunc('hour', min(charge_start)),
                date_trunc('hour', max(charge_end) - interval 1 microsecond)
            ) + 1
        ) as billed_hours
    from silver.labelled_costs
    where
        service_category in ('Compute', 'Databases')
        or service_name in ('Load Balancers', 'Dedicated Inference')
    group by all

),

-- a node is judged by its cluster, a GPU machine by its GPU, everything else by its CPU
judged as (

    select
        idle_hours.resource_id,
        idle_hours.usage_date,
        kinds.is_gpu,
        arg_min(
            struct_pack(measured := idle_hours.measured_hours, idle := idle_hours.idle_hours),
            row(idle_hours.measured_by <> 'kubernetes', idle_hours.measured_by)
        ) as hours
    from silver.idle_hours
    cross join (values (true), (false)) as kinds (is_gpu)
    where idle_hours.measured_by = 'kubernetes' or (idle_hours.measured_by = 'gpu') = kinds.is_gpu
    group by all

),

measured as (

    select
        charged.*,
        judged.hours.measured as measured_hours,
        judged.hours.idle as idle_hours
    from charged
    left join judged
        on
            charged.resource_id = judged.resource_id
            and charged.charge_date = judged.usage_date
            and (charged.service_name = 'GPU Instances') = judged.is_gpu

),

shared_out as (

    select
        charge_date,
        service_name,
        billing_currency,
        billing_month,
        billed_cost,
        -- least() passes over nulls, so what was not measured is told apart first
        case
            when measured_hours is null then 0
            else cast(billed_cost * least(1, measured_hours / billed_hours) as decimal(38, 12))
        end as measured_cost,
        case
            when measured_hours is null then 0
            else
                cast(
                    billed_cost * least(1, measured_hours / billed_hours) * (idle_hours / measured_hours)
                    as decimal(38, 12)
                )
        end as idle_cost
    from measured

),

days as (

    select
        'day' as period,
        charge_date as period_start,
        service_name,
        billing_currency,
        billing_month,
        sum(billed_cost) as billed_cost,
        sum(measured_cost) as measured_cost,
        sum(idle_cost) as idle_cost
    from shared_out
    group by all

),

periods as (

    select *
    from days
    union all
    select
        'month' as period,
        cast(billing_month || '-01' as date) as period_start,
        service_name,
        billing_currency,
        billing_month,
        sum(billed_cost) as billed_cost,
        sum(measured_cost) as measured_cost,
        sum(idle_cost) as idle_cost
    from days
    group by all

),

scoped as (

    select
        *,
        false as is_sum
    from periods
    union all
    select
        period,
        period_start,
        'all' as service_name,
        billing_currency,
        billing_month,
        sum(billed_cost) as billed_cost,
        sum(measured_cost) as measured_cost,
        sum(idle_cost) as idle_cost,
        true as is_sum
    from periods
    group by all

)

select
    scoped.period,
    scoped.period_start,
    scoped.service_name,
    scoped.is_sum,
    scoped.billing_currency,
    cast(scoped.idle_cost as decimal(38, 12)) as numerator,
    cast(scoped.measured_cost as decimal(38, 12)) as denominator,
    'share of measured cost' as unit,
    cast(
        case when scoped.measured_cost > 0 then scoped.idle_cost / scoped.measured_cost end as decimal(38, 12)
    ) as value,
    cast(
        case when scoped.billed_cost > 0 then scoped.measured_cost / scoped.billed_cost end as decimal(38, 12)
    ) as cost_coverage,
    'usage by the hour' as units_source,
    cast(
        case when scoped.billed_cost > 0 then scoped.measured_cost / scoped.billed_cost end as decimal(38, 12)
    ) as units_coverage,
    scoped.period = 'day' or months.is_complete as is_complete,
    case when scoped.billed_cost > 0 then scoped.measured_cost / scoped.billed_cost < 0.95 else false end as is_marked,
    case
        when scoped.billed_cost <= 0 then 'nothing was charged, or no more than was credited'
        when scoped.measured_cost <= 0 then 'no usage was measured of what was charged'
    end as reason,
    scoped.billing_month
from scoped
inner join silver.billing_months as months on scoped.billing_month = months.billing_month
