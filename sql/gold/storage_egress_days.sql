-- What the traffic out of each bucket cost on each day of the last four weeks known of the month, beside its usual day.
-- is_beyond says that it was more than one and a half times the median day of the weeks before; a day without traffic
-- has no row.
-- grain: billing_month, resource_id, billing_currency, charge_date
-- partition: billing_month
-- reads: silver.labelled_costs 1 month back
-- stored: view
with

days as (

    select
        resource_id,
        billing_currency,
        charge_date,
        sum(billed_cost) as billed_cost
    from silver.labelled_costs
    where
        starts_with(sku, '/storage/obj/bandwidth/to-external/')
        and resource_id is not null
        and billed_cost is not null
    group by resource_id, billing_currency, charge_date

)

select
    egress.billing_month,
    egress.resource_id,
    egress.billing_currency,
    days.charge_date,
    cast(days.billed_cost as decimal(38, 12)) as billed_cost,
    egress.usual_daily_cost,
    cast(days.billed_cost / nullif(egress.usual_daily_cost, 0) as decimal(38, 12)) as usual_factor,
    days.billed_cost > egress.median_daily_cost * 1.5 as is_beyond
from gold.storage_egress as egress
inner join days
    on
        egress.resource_id = days.resource_id
        and egress.billing_currency = days.billing_currency
        and egress.known_from <= days.charge_date
        and egress.known_until > days.charge_date
