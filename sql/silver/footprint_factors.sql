-- What one unit of a SKU emits by the price list's own estimate, beside the price of that unit, from dated snapshots.
-- A charge has no quantity: it is the charge divided by the price. A SKU without an estimate has no row, as GPUs.
-- grain: sku, valid_from
-- partition: none
-- holds: valid_from until valid_to
with

snapshots as (

    select
        answer_hash,
        asked_at,
        lead(asked_at) over (order by asked_at) as next_asked_at,
        row_number() over (order by asked_at) as snapshot_number
    from bronze.answers
    where source = 'catalog.products' and page = 1

),

listed as (

    select
        snapshots.snapshot_number,
        snapshots.asked_at,
        snapshots.next_asked_at,
        json_transform(
            products.item,
            '{
                "sku": "VARCHAR", "variant": "VARCHAR",
                "price": {
                    "retail_price": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"}
                },
                "environmental_impact_estimation": {
                    "kg_co2_equivalent": "VARCHAR", "m3_water_usage": "VARCHAR"
                }
            }'
        ) as product
    from bronze.products
    inner join snapshots on products.answer_hash = snapshots.answer_hash
    where products.item like '%environmental_impact_estimation%'

),

estimated as (

    select
        snapshot_number,
        asked_at,
        next_asked_at,
        product.sku,
        product.price.retail_price.currency_code as billing_currency,
        cast(
            cast(coalesce(product.price.retail_price.units, 0) as decimal(38, 9))
            + cast(coalesce(product.price.retail_price.nanos, 0) as decimal(18, 0))
            * cast(0.000000001 as decimal(10, 9))
            as decimal(38, 18)
        ) as list_price,
        try_cast(product.environmental_impact_estimation.kg_co2_equivalent as decimal(38, 18)) as kg_co2e,
        try_cast(product.environmental_impact_estimation.m3_water_usage as decimal(38, 18)) as m3_water
    from listed
    where product.sku is not null
    qualify row_number() over (partition by snapshot_number, product.sku order by product.variant) = 1

),

changes as (

    select
        *,
        coalesce(
            row(list_price, billing_currency, kg_co2e, m3_water)
            = lag(row(list_price, billing_currency, kg_co2e, m3_water)) over sku_history
            and snapshot_number = lag(snapshot_number) over sku_history + 1,
            false
        ) as is_same
    from estimated
    where list_price > 0 and (kg_co2e is not null or m3_water is not null)
    window sku_history as (partition by sku order by snapshot_number)

),

islands as (

    select
        *,
        count(*) filter (where not is_same) over (partition by sku order by snapshot_number) as island
    from changes

)

select
    sku,
    cast(min(asked_at) as date) as valid_from,
    -- the newest snapshot has no next one: what it shows still holds
    case when count(*) = count(next_asked_at) then cast(max(next_asked_at) as date) end as valid_to,
    arg_max(list_price, snapshot_number) as list_price,
    arg_max(billing_currency, snapshot_number) as billing_currency,
    arg_max(kg_co2e, snapshot_number) as kg_co2e,
    arg_max(m3_water, snapshot_number) as m3_water
from islands
group by sku, island
having
    count(*) > count(next_asked_at)
    or cast(max(next_asked_at) as date) > cast(min(asked_at) as date)
