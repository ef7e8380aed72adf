-- What the traffic out of each bucket cost in the last four weeks known of the month, beside what was usual.
-- rising_since is the first day after the last one that was not beyond one and a half times the median of its weekday
-- in the twenty weeks before; null where the last known day is not. usual_daily_cost is where the whole weeks before
-- that day would have come to in the last four by their own growth (usual_weekly_growth, a part of each week: the
-- Theil-Sen slope of the logarithms, also of the weeks since, each side for itself); where nothing rises, or fewer than
-- eight weeks (usual_weeks) are known before, it is the median of the days before. usual_daily_cost_low and _high hold
-- it in nine of ten cases: the error of predicting four weeks from a line whose weeks stray as those before the rise
-- did (1.4826 times their median distance from it); null where no growth is known. median_daily_cost is that of the
-- twenty weeks.
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

buckets as (

    select
        billing_month,
        resource_id,
        billing_currency,
        any_value(known_until) as known_until,
        any_value(recent_from) as known_from,
        cast(median(billed_cost) filter (where charge_date < recent_from) as decimal(38, 12)) as median_daily_cost,
        count(*) filter (where charge_date < recent_from) as usual_days,
        sum(billed_cost) filter (where charge_date >= recent_from) as recent_cost,
        count(*) filter (where charge_date >= recent_from) as recent_days
    from days
    group by billing_month, resource_id, billing_currency

),

weekdays as (

    select
        billing_month,
        resource_id,
        billing_currency,
        isodow(charge_date) as weekday,
        median(billed_cost) filter (where charge_date < recent_from) as usual_cost
    from days
    group by all

),

ends as (

    select
        days.billing_month,
        days.resource_id,
        days.billing_currency,
        max(days.charge_date) filter (where days.billed_cost <= weekdays.usual_cost * 1.5) + 1 as calm_until,
        max(days.charge_date) as last_day
    from days
    inner join weekdays
        on
            days.billing_month = weekdays.billing_month
            and days.resource_id = weekdays.resource_id
            and days.billing_currency = weekdays.billing_currency
            and isodow(days.charge_date) = weekdays.weekday
    group by all

),

rises as (

    select
        billing_month,
        resource_id,
        billing_currency,
        calm_until as rising_since
    from ends
    where calm_until <= last_day

),

-- whole weeks, so that no weekday weighs more than another; 0 is the newest, and one with a day missing tells nothing
weeks as (

    select
        days.billing_month,
        days.resource_id,
        days.billing_currency,
        (days.known_until - 1 - days.charge_date) // 7 as week,
        max(days.charge_date) < any_value(rises.rising_since) as is_calm,
        ln(cast(sum(days.billed_cost) as double)) as logarithm
    from days
    inner join rises
        on
            days.billing_month = rises.billing_month
            and days.resource_id = rises.resource_id
            and days.billing_currency = rises.billing_currency
    group by all
    having
        count(*) = 7
        and sum(days.billed_cost) > 0
        and (
            max(days.charge_date) < any_value(rises.rising_since)
            or min(days.charge_date) >= any_value(rises.rising_since)
        )

),

growths as (

    select
        newer.billing_month,
        newer.resource_id,
        newer.billing_currency,
        median((newer.logarithm - older.logarithm) / (older.week - newer.week)) as growth
    from weeks as newer
    inner join weeks as older
        on
            newer.billing_month = older.billing_month
            and newer.resource_id = older.resource_id
            and newer.billing_currency = older.billing_currency
            and newer.is_calm = older.is_calm
            and newer.week < older.week
    group by newer.billing_month, newer.resource_id, newer.billing_currency

),

levels as (

    select
        weeks.billing_month,
        weeks.resource_id,
        weeks.billing_currency,
        any_value(growths.growth) as growth,
        count(*) as usual_weeks,
        median(weeks.logarithm + growths.growth * weeks.week) as newest_week,
        avg(weeks.week) as mean_week
    from weeks
    inner join growths
        on
            weeks.billing_month = growths.billing_month
            and weeks.resource_id = growths.resource_id
            and weeks.billing_currency = growths.billing_currency
    where weeks.is_calm
    group by weeks.billing_month, weeks.resource_id, weeks.billing_currency
    having count(*) >= 8

),

-- how far the weeks on either side lie from their mean, which is what their growth stands on
reaches as (

    select
        billing_month,
        resource_id,
        billing_currency,
        sum(reach) as reach
    from (
        select
            billing_month,
            resource_id,
            billing_currency,
            count(*) * var_pop(week) as reach
        from weeks
        group by billing_month, resource_id, billing_currency, is_calm
    )
    group by billing_month, resource_id, billing_currency

),

-- 1.645 standard errors of the mean of four weeks: their own straying, the level's (a median's), and the growth's
errors as (

    select
        levels.billing_month,
        levels.resource_id,
        levels.billing_currency,
        1.645 * 1.4826 * any_value(levels.usual_weeks / (levels.usual_weeks - 2))
        * median(abs(weeks.logarithm + levels.growth * weeks.week - levels.newest_week))
        * sqrt(
            0.25
            + any_value(pi() / 2 / levels.usual_weeks)
            + any_value(power(levels.mean_week - 1.5, 2) / reaches.reach)
        ) as part
    from levels
    inner join reaches
        on
            levels.billing_month = reaches.billing_month
            and levels.resource_id = reaches.resource_id
            and levels.billing_currency = reaches.billing_currency
    inner join weeks
        on
            levels.billing_month = weeks.billing_month
            and levels.resource_id = weeks.resource_id
            and levels.billing_currency = weeks.billing_currency
    where weeks.is_calm
    group by levels.billing_month, levels.resource_id, levels.billing_currency

),

newest as (

    select
        levels.*,
        errors.part,
        exp(levels.newest_week)
        * (1 + exp(-levels.growth) + exp(-2 * levels.growth) + exp(-3 * levels.growth)) / 28 as daily_cost
    from levels
    inner join errors
        on
            levels.billing_month = errors.billing_month
            and levels.resource_id = errors.resource_id
            and levels.billing_currency = errors.billing_currency

),

-- days before the rise alone, where it is not known how they grew
calm as (

    select
        days.billing_month,
        days.resource_id,
        days.billing_currency,
        cast(median(days.billed_cost) as decimal(38, 12)) as calm_daily_cost
    from days
    inner join rises
        on
            days.billing_month = rises.billing_month
            and days.resource_id = rises.resource_id
            and days.billing_currency = rises.billing_currency
    where days.charge_date < rises.rising_since and days.charge_date < days.recent_from
    group by days.billing_month, days.resource_id, days.billing_currency

)

select
    buckets.billing_month,
    buckets.resource_id,
    buckets.billing_currency,
    buckets.known_from,
    buckets.known_until,
    buckets.median_daily_cost,
    coalesce(
        cast(newest.daily_cost as decimal(38, 12)),
        calm.calm_daily_cost,
        buckets.median_daily_cost
    ) as usual_daily_cost,
    cast(newest.daily_cost * exp(-newest.part) as decimal(38, 12)) as usual_daily_cost_low,
    cast(newest.daily_cost * exp(newest.part) as decimal(38, 12)) as usual_daily_cost_high,
    newest.usual_weeks,
    cast(exp(newest.growth) - 1 as decimal(38, 12)) as usual_weekly_growth,
    buckets.usual_days,
    cast(buckets.recent_cost as decimal(38, 12)) as recent_cost,
    buckets.recent_days,
    rises.rising_since
from buckets
left join rises
    on
        buckets.billing_month = rises.billing_month
        and buckets.resource_id = rises.resource_id
        and buckets.billing_currency = rises.billing_currency
left join newest
    on
        buckets.billing_month = newest.billing_month
        and buckets.resource_id = newest.resource_id
        and buckets.billing_currency = newest.billing_currency
left join calm
    on
        buckets.billing_month = calm.billing_month
        and buckets.resource_id = calm.resource_id
        and buckets.billing_currency = calm.billing_currency
