-- The month in one row: what was spent, per day, against the month before, and how certain it is.
-- A running month is compared with the same first days of the month before it.
-- grain: billing_month, billing_currency
-- partition: billing_month
-- reads: gold.daily_costs 12 months back
with

daily as (

    select
        charge_date,
        billing_month,
        billing_currency,
        cast(sum(billed_cost) as decimal(38, 12)) as billed_cost,
        cast(coalesce(sum(billed_cost) filter (where owner is not null), 0) as decimal(38, 12)) as owned_cost
    from gold.daily_costs
    group by all

),

compared as (

    select
        days.billing_month,
        daily.billing_currency,
        coalesce(sum(daily.billed_cost) filter (where not days.is_previous), 0) as billed_cost,
        sum(daily.billed_cost) filter (where days.is_previous) as previous_cost,
        coalesce(sum(daily.owned_cost) filter (where not days.is_previous), 0) as owned_cost
    from gold.comparison_days as days
    inner join daily on days.charge_date = daily.charge_date
    group by days.billing_month, daily.billing_currency

),

lengths as (

    select
        billing_month,
        count(*) filter (where is_previous) as previous_days
    from gold.comparison_days
    group by billing_month

),

years as (

    select
        months.billing_month,
        daily.billing_currency,
        sum(daily.billed_cost) as year_to_date_cost,
        min(daily.charge_date) as year_known_from
    from silver.billing_months as months
    inner join daily
        on
            left(daily.billing_month, 4) = left(months.billing_month, 4)
            and months.billing_month >= daily.billing_month
    group by months.billing_month, daily.billing_currency

)

select
    compared.billing_currency,
    cast(compared.billed_cost as decimal(38, 12)) as billed_cost,
    months.days_read as charged_days,
    cast(compared.billed_cost / months.days_read as decimal(38, 12)) as cost_per_day,
    cast(compared.previous_cost as decimal(38, 12)) as previous_cost,
    case when compared.previous_cost is not null then lengths.previous_days end as previous_days,
    cast(compared.previous_cost / nullif(lengths.previous_days, 0) as decimal(38, 12)) as previous_cost_per_day,
    cast(compared.billed_cost - compared.previous_cost as decimal(38, 12)) as delta_cost,
    cast(
        compared.billed_cost / months.days_read - compared.previous_cost / nullif(lengths.previous_days, 0)
        as decimal(38, 12)
    ) as delta_cost_per_day,
    cast(
        (compared.billed_cost / months.days_read)
        / nullif(compared.previous_cost / nullif(lengths.previous_days, 0), 0) - 1
        as decimal(38, 12)
    ) as delta_per_day_ratio,
    cast(years.year_to_date_cost as decimal(38, 12)) as year_to_date_cost,
    years.year_known_from,
    months.is_complete,
    months.invoice_state,
    months.is_final,
    months.charges_until,
    cast(compared.owned_cost as decimal(38, 12)) as owned_cost,
    cast(compared.owned_cost / nullif(compared.billed_cost, 0) as decimal(38, 12)) as owned_cost_ratio,
    compared.billing_month
from compared
inner join silver.billing_months as months on compared.billing_month = months.billing_month
inner join lengths on compared.billing_month = lengths.billing_month
left join years
    on
        compared.billing_month = years.billing_month
        and compared.billing_currency = years.billing_currency
