-- The share of the cost each environment has, and in the row of is_sum all that is not production together, by day and
-- month. Shared cost is neither production nor not; cost whose environment nobody knows stands in the denominator and
-- in a row of its own, and cost_coverage is what remains known. loaded_value is the share once shared pools are split,
-- null on days whose costs have not been allocated.
-- grain: period, period_start, environment, is_sum, billing_currency
-- partition: billing_month
with

costs as (

    select
        charge_date,
        coalesce(environment, 'unknown') as environment,
        billing_currency,
        billing_month,
        coalesce(sum(billed_cost), 0) as billed_cost
    from silver.labelled_costs
    group by all

),

allocated as (

    select
        charge_date,
        coalesce(environment, 'unknown') as environment,
        billing_currency,
        billing_month,
        coalesce(sum(billed_cost), 0) as loaded_cost
    from gold.allocated_costs
    group by all

),

-- an environment may bear shared cost only
joined as (

    select
        coalesce(costs.charge_date, allocated.charge_date) as charge_date,
        coalesce(costs.environment, allocated.environment) as environment,
        coalesce(costs.billing_currency, allocated.billing_currency) as billing_currency,
        coalesce(costs.billing_month, allocated.billing_month) as billing_month,
        coalesce(costs.billed_cost, 0) as billed_cost,
        coalesce(allocated.loaded_cost, 0) as loaded_cost,
        allocated.charge_date is not null as is_allocated
    from costs
    full outer join allocated
        on
            costs.charge_date = allocated.charge_date
            and costs.environment = allocated.environment
            and costs.billing_currency is not distinct from allocated.billing_currency

),

periods as (

    select
        'day' as period,
        charge_date as period_start,
        environment,
        billing_currency,
        billing_month,
        billed_cost,
        loaded_cost,
        is_allocated
    from joined
    union all
    select
        'month' as period,
        cast(billing_month || '-01' as date) as period_start,
        environment,
        billing_currency,
        billing_month,
        sum(billed_cost) as billed_cost,
        sum(loaded_cost) as loaded_cost,
        bool_or(is_allocated) as is_allocated
    from joined
    group by all

),

totals as (

    select
        period,
        period_start,
        billing_currency,
        billing_month,
        bool_or(is_allocated) as is_allocated,
        sum(loaded_cost) as total_loaded_cost,
        coalesce(sum(loaded_cost) filter (where environment not in ('prod', 'shared', 'unknown')), 0)
            as non_production_loaded_cost,
        sum(billed_cost) as total_cost,
        coalesce(sum(billed_cost) filter (where environment <> 'unknown'), 0) as known_cost,
        coalesce(sum(billed_cost) filter (where environment not in ('prod', 'shared', 'unknown')), 0)
            as non_production_cost
    from periods
    group by all

),

scoped as (

    select
        period,
        period_start,
        environment,
        false as is_sum,
        billing_currency,
        billing_month,
        billed_cost as numerator,
        loaded_cost as loaded_numerator
    from periods
    union all
    select
        period,
        period_start,
        'non-production' as environment,
        true as is_sum,
        billing_currency,
        billing_month,
        non_production_cost as numerator,
        non_production_loaded_cost as loaded_numerator
    from totals

)

select
    scoped.period,
    scoped.period_start,
    scoped.environment,
    scoped.is_sum,
    scoped.billing_currency,
    cast(scoped.numerator as decimal(38, 12)) as numerator,
    cast(totals.total_cost as decimal(38, 12)) as denominator,
    'share of cost' as unit,
    cast(
        case when totals.total_cost > 0 then scoped.numerator / totals.total_cost end as decimal(38, 12)
    ) as value,
    cast(
        case
            when totals.is_allocated and totals.total_loaded_cost > 0
                then scoped.loaded_numerator / totals.total_loaded_cost
        end as decimal(38, 12)
    ) as loaded_value,
    cast(
        case when totals.total_cost > 0 then totals.known_cost / totals.total_cost end as decimal(38, 12)
    ) as cost_coverage,
    'charges' as units_source,
    cast(1 as decimal(38, 12)) as units_coverage,
    scoped.period = 'day' or months.is_complete as is_complete,
    case when totals.total_cost > 0 then totals.known_cost / totals.total_cost < 0.95 else false end as is_marked,
    case when totals.total_cost <= 0 then 'nothing was charged, or no more than was credited' end as reason,
    scoped.billing_month
from scoped
inner join totals
    on
        scoped.period = totals.period
        and scoped.period_start = totals.period_start
        and scoped.billing_currency is not distinct from totals.billing_currency
inner join silver.billing_months as months on scoped.billing_month = months.billing_month
