-- One minus the saving that lies open in the month's recommendations, over the spend that can be optimised: support,
-- tax and the committed floor are no part of it. Of recommendations that overlap the counted ones stand in it, so that
-- no saving is added twice; suppressed ones stay in, and suppressed_saving shows them. By month, since savings are; a
-- month that is over keeps what lay open when its charges last changed.
-- grain: period, period_start, billing_currency
-- partition: billing_month
-- reads: gold.recommendations now
with

spend as (

    select
        billing_month,
        billing_currency,
        coalesce(sum(billed_cost), 0) as total_cost,
        coalesce(sum(billed_cost) filter (where service_name not in ('Support', 'Contract')), 0) as unsupported_cost,
        coalesce(
            sum(billed_cost) filter (where sku in (select skus.sku from silver.savings_plan_skus as skus)), 0
        ) as eligible_cost
    from silver.labelled_costs
    group by all

),

lengths as (

    select
        billing_month,
        cast(billing_month || '-01' as date) as first_day,
        cast(cast(billing_month || '-01' as date) + interval 1 month as date) as end_day,
        date_diff(
            'day',
            cast(billing_month || '-01' as date),
            least(charges_until, last_day(cast(billing_month || '-01' as date)) + 1)
        ) as days_charged,
        day(last_day(cast(billing_month || '-01' as date))) as days,
        is_complete
    from silver.billing_months

),

committed as (

    select
        lengths.billing_month,
        plans.billing_currency,
        sum(
            cast(
                plans.monthly_commitment * (1 - plans.discount)
                * greatest(
                    0,
                    date_diff(
                        'day',
                        greatest(plans.starts_on, lengths.first_day),
                        least(plans.ends_on, lengths.first_day + cast(lengths.days_charged as integer))
                    )
                ) / lengths.days
                as decimal(38, 12)
            )
        ) as committed_cost
    from lengths
    cross join silver.savings_plans as plans
    group by all

),

made as (

    select
        lengths.billing_month,
        recommendations.currency as billing_currency,
        count(*) as recommendations
    from lengths
    inner join gold.recommendations as recommendations on lengths.end_day > recommendations.first_seen
    group by all

),

open_ones as (

    select
        lengths.billing_month,
        recommendations.currency as billing_currency,
        sum(recommendations.monthly_saving) as saving,
        coalesce(
            sum(recommendations.monthly_saving) filter (where recommendations.status = 'suppressed'), 0
        ) as suppressed
    from lengths
    inner join gold.recommendations as recommendations on lengths.end_day > recommendations.first_seen
    where
        recommendations.status in ('open', 'accepted', 'suppressed')
        and recommendations.is_counted
        and recommendations.monthly_saving > 0
        and recommendations.last_seen >= lengths.first_day
    group by all

),

found as (

    select
        made.billing_month,
        made.billing_currency,
        made.recommendations as made,
        coalesce(open_ones.saving, 0) as saving,
        coalesce(open_ones.suppressed, 0) as suppressed
    from made
    left join open_ones
        on
            made.billing_month = open_ones.billing_month
            and made.billing_currency = open_ones.billing_currency

),

joined as (

    select
        spend.billing_month,
        spend.billing_currency,
        spend.total_cost,
        lengths.first_day,
        lengths.is_complete,
        found.made,
        spend.unsupported_cost
        - least(coalesce(committed.committed_cost, 0), greatest(spend.eligible_cost, 0)) as optimisable_cost,
        -- of a running month as much of the monthly saving as there are days
        cast(found.saving * lengths.days_charged / lengths.days as decimal(38, 12)) as open_saving,
        cast(found.suppressed * lengths.days_charged / lengths.days as decimal(38, 12)) as suppressed_saving
    from spend
    inner join lengths on spend.billing_month = lengths.billing_month
    left join committed
        on spend.billing_month = committed.billing_month and spend.billing_currency = committed.billing_currency
    left join found
        on spend.billing_month = found.billing_month and spend.billing_currency = found.billing_currency

)

select
    'month' as period,
    first_day as period_start,
    billing_currency,
    cast(optimisable_cost - open_saving as decimal(38, 12)) as numerator,
    cast(optimisable_cost as decimal(38, 12)) as denominator,
    'share of optimisable cost' as unit,
    cast(
        case when made > 0 and optimisable_cost > 0 then (optimisable_cost - open_saving) / optimisable_cost end
        as decimal(38, 12)
    ) as value,
    cast(open_saving as decimal(38, 12)) as open_saving,
    cast(suppressed_saving as decimal(38, 12)) as suppressed_saving,
    cast(case when total_cost > 0 then optimisable_cost / total_cost end as decimal(38, 12)) as optimisable_share,
    cast(1 as decimal(38, 12)) as cost_coverage,
    'recommendations' as units_source,
    cast(null as decimal(38, 12)) as units_coverage,
    is_complete,
    false as is_marked,
    case
        when coalesce(made, 0) = 0 then 'no recommendations have been made yet'
        when optimisable_cost <= 0 then 'nothing was charged that could be optimised'
    end as reason,
    billing_month
from joined
