-- What a bridge of the month's total is made from: cost, usage and price of each SKU by project and product, and of the
-- days before. No known product is an empty one.
-- A charge has no quantity: usage is the charge divided by the list price of its day, unknown where one has no price.
-- The unit price is the highest of its period's days.
-- Requests are known where they were counted on every day compared.
-- grain: billing_month, project_id, product, sku, billing_currency
-- partition: billing_month
-- reads: silver.labelled_costs 1 month back
-- reads: silver.requests_daily 1 month back
with

charges as (

    select
        days.billing_month,
        days.is_previous,
        costs.project_id,
        coalesce(costs.product, '') as product,
        costs.sku,
        costs.billing_currency,
        nullif(prices.list_unit_price, 0) as unit_price,
        max(costs.project_name) as project_name,
        max(costs.service_name) as service_name,
        sum(costs.billed_cost) as billed_cost,
        count(costs.billed_cost) as charges,
        count(*) as all_charges
    from gold.comparison_days as days
    inner join silver.labelled_costs as costs on days.charge_date = costs.charge_date
    left join silver.prices
        on
            costs.sku = prices.sku
            and costs.billing_currency = prices.billing_currency
            and costs.charge_date >= prices.valid_from
            and costs.charge_date < coalesce(prices.valid_to, date '9999-12-31')
    group by all

),

known as (

    -- the month before must have been read at all, or everything would look new
    select billing_month
    from charges
    where is_previous
    group by billing_month
    having sum(all_charges) > 0

),

sums as (

    select
        billing_month,
        project_id,
        product,
        sku,
        billing_currency,
        max(project_name) as project_name,
        max(service_name) as service_name,
        sum(billed_cost) filter (where is_previous) as previous_cost,
        sum(billed_cost) filter (where not is_previous) as billed_cost,
        sum(cast(billed_cost / unit_price as decimal(38, 12))) filter (where is_previous) as previous_quantity,
        sum(cast(billed_cost / unit_price as decimal(38, 12))) filter (where not is_previous) as quantity,
        coalesce(sum(charges) filter (where is_previous and unit_price is null), 0) as previous_unpriced,
        coalesce(sum(charges) filter (where not is_previous and unit_price is null), 0) as unpriced,
        min(unit_price) filter (where is_previous) as previous_lowest_price,
        min(unit_price) filter (where not is_previous) as lowest_price,
        max(unit_price) filter (where is_previous) as previous_unit_price,
        max(unit_price) filter (where not is_previous) as unit_price
    from charges
    group by all

),

lengths as (

    select
        billing_month,
        count(*) filter (where not is_previous) as days,
        count(*) filter (where is_previous) as previous_days
    from gold.comparison_days
    group by billing_month

),

counted as (

    select
        days.billing_month,
        requests.project_id,
        requests.service_type,
        days.is_previous,
        sum(requests.requests) as requests
    from gold.comparison_days as days
    inner join lengths on days.billing_month = lengths.billing_month
    inner join silver.requests_daily as requests on days.charge_date = requests.usage_date
    where requests.source = 'cockpit'
    group by all
    having
        bool_and(requests.is_complete and requests.coverage >= 1)
        and count(requests.requests) = count(*)
        and count(distinct days.charge_date)
        = max(case when days.is_previous then lengths.previous_days else lengths.days end)

),

drivers as (

    select
        billing_month,
        project_id,
        service_type,
        sum(requests) filter (where is_previous) as previous_requests,
        sum(requests) filter (where not is_previous) as requests
    from counted
    group by all

)

select
    sums.project_id,
    sums.project_name,
    sums.product,
    sums.sku,
    sums.service_name,
    behaviours.pricing_unit,
    sums.billing_currency,
    cast(sums.previous_cost as decimal(38, 12)) as previous_cost,
    cast(sums.billed_cost as decimal(38, 12)) as billed_cost,
    cast(case when sums.previous_unpriced = 0 then sums.previous_quantity end as decimal(38, 12)) as previous_quantity,
    cast(case when sums.unpriced = 0 then sums.quantity end as decimal(38, 12)) as quantity,
    coalesce(sums.previous_lowest_price = sums.previous_unit_price, false) as is_previous_priced_once,
    coalesce(sums.lowest_price = sums.unit_price, false) as is_priced_once,
    cast(sums.previous_unit_price as decimal(38, 18)) as previous_unit_price,
    cast(sums.unit_price as decimal(38, 18)) as unit_price,
    behaviours.behaviour,
    behaviours.counted_service_type as driver,
    cast(drivers.previous_requests as decimal(38, 12)) as previous_requests,
    cast(drivers.requests as decimal(38, 12)) as requests,
    lengths.days,
    lengths.previous_days,
    sums.billing_month
from sums
inner join known on sums.billing_month = known.billing_month
inner join lengths on sums.billing_month = lengths.billing_month
left join gold.bridge_behaviours as behaviours on sums.sku = behaviours.sku
left join drivers
    on
        sums.billing_month = drivers.billing_month
        and sums.project_id = drivers.project_id
        and behaviours.counted_service_type = drivers.service_type
