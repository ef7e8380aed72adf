-- Which days of two months are compared: all of both, or, while a month runs, the same first days of the one before.
-- grain: billing_month, charge_date, is_previous
-- partition: billing_month
-- stored: view
with

months as (

    select
        billing_month,
        is_complete,
        cast(billing_month || '-01' as date) as month_start,
        charges_until
    from silver.billing_months

),

compared as (

    select
        billing_month,
        month_start,
        charges_until,
        cast(month_start - interval 1 month as date) as previous_start,
        case
            when is_complete then month_start
            else
                least(
                    cast(
                        month_start - interval 1 month + to_days(cast(charges_until - month_start as integer)) as date
                    ),
                    month_start
                )
        end as previous_until
    from months

)

select
    billing_month,
    false as is_previous,
    cast(unnest(generate_series(month_start, charges_until - 1, interval 1 day)) as date) as charge_date
from compared
union all
select
    billing_month,
    true as is_previous,
    cast(unnest(generate_series(previous_start, previous_until - 1, interval 1 day)) as date) as charge_date
from compared
