-- What the traffic out of each bucket cost in the last four weeks known of the month, beside what was usual: the median
-- day of the twenty weeks before. rising_since is the first day after the last one that was not beyond one and a half
-- times the usual; null where the last known day is not.
-- grain: billing_month, resource_id, billing_currency
-- partition: billing_month
-- reads: silver.labelled_costs 6 months back
with

months as (

    select
        billing_month,
        charges_until as known_until,
        charges_until - 28 as recent_from,
        charges_until - 168 as usual_from
    from silver.billing_months
    where charges_until is not null

),

days as (

    select
        months.billing_month,
        months.known_until,
        months.recent_from,
        costs.resource_id,
        costs.billing_currency,
        costs.charge_date,
        sum(costs.billed_cost) as billed_cost
    from months
    inner join silver.labelled_costs as costs
        on months.usual_from <= costs.charge_date and months.known_until > costs.charge_date
    where
        starts_with(costs.sku, '/storage/obj/bandwidth/to-external/')
        and costs.resource_id is not null
        and costs.billed_cost is not null
    group by all

),

usual as (

    select
        billing_month,
        resource_id,
        billing_currency,
        any_value(known_until) as known_until,
        any_value(recent_from) as known_from,
        cast(median(billed_cost) filter (where charge_date < recent_from) as decimal(38, 12)) as usual_daily_cost,
        count(*) filter (where charge_date < recent_from) as usual_days,
        sum(billed_cost) filter (where charge_date >= recent_from) as recent_cost,
        count(*) filter (where charge_date >= recent_from) as recent_days
    from days
    group by billing_month, resource_id, billing_currency

),

rises as (

    select
        days.billing_month,
        days.resource_id,
        days.billing_currency,
        max(days.charge_date) filter (where days.billed_cost <= usual.usual_daily_cost * 1.5) + 1 as calm_until,
        max(days.charge_date) as last_day
    from days
    inner join usual
        on
            days.billing_month = usual.billing_month
            and days.resource_id = usual.resource_id
            and days.billing_currency = usual.billing_currency
    group by all

)

select
    usual.billing_month,
    usual.resource_id,
    usual.billing_currency,
    usual.known_from,
    usual.known_until,
    usual.usual_daily_cost,
    usual.usual_days,
    cast(usual.recent_cost as decimal(38, 12)) as recent_cost,
    usual.recent_days,
    case when rises.calm_until <= rises.last_day then rises.calm_until end as rising_since
from usual
inner join rises
    on
        usual.billing_month = rises.billing_month
        and usual.resource_id = rises.resource_id
        and usual.billing_currency = rises.billing_currency
