-- Public prices by day, from dated snapshots of the price list; before the first snapshot a price is not known.
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
                "sku": "VARCHAR", "service_category": "VARCHAR", "product_category": "VARCHAR",
                "product": "VARCHAR", "variant": "VARCHAR", "description": "VARCHAR", "status": "VARCHAR",
                "locality": {"global": "BOOLEAN", "region": "VARCHAR", "zone": "VARCHAR", "datacenter": "VARCHAR"},
                "price": {
                    "retail_price": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"}
                },
                "unit_of_measure": {"unit": "VARCHAR", "size": "BIGINT"},
                "environmental_impact_estimation": {
                    "kg_co2_equivalent": "VARCHAR", "m3_water_usage": "VARCHAR"
                }
            }'
        ) as product
    from bronze.products
    inner join snapshots on products.answer_hash = snapshots.answer_hash

),

priced as (

    select
        snapshot_number,
        asked_at,
        next_asked_at,
        product.sku,
        product.service_category,
        product.product_category,
        product.product,
        product.variant,
        product.description,
        product.status,
        product.locality.region as region_id,
        product.locality.zone as availability_zone,
        product.price.retail_price.currency_code as billing_currency,
        product.unit_of_measure.unit as pricing_unit,
        coalesce(product.unit_of_measure.size, 1) as pricing_unit_size,
        try_cast(product.environmental_impact_estimation.kg_co2_equivalent as decimal(38, 18)) as kg_co2e,
        try_cast(product.environmental_impact_estimation.m3_water_usage as decimal(38, 18)) as m3_water,
        cast(
            cast(
                coalesce(
                    product.price.retail_price.units, case when product.price.retail_price.nanos is not null then 0 end
                ) as decimal(38, 9)
            )
            + cast(coalesce(product.price.retail_price.nanos, 0) as decimal(18, 0))
            * cast(0.000000001 as decimal(10, 9))
            as decimal(38, 18)
        ) as list_price
    from listed
    where product.sku is not null
    qualify row_number() over (partition by snapshot_number, product.sku order by product.variant) = 1

),

changes as (

    select
        *,
        coalesce(
            list_price = lag(list_price) over sku_history
            and pricing_unit is not distinct from lag(pricing_unit) over sku_history
            and pricing_unit_size = lag(pricing_unit_size) over sku_history
            and kg_co2e is not distinct from lag(kg_co2e) over sku_history
            and m3_water is not distinct from lag(m3_water) over sku_history
            and snapshot_number = lag(snapshot_number) over sku_history + 1,
            false
        ) as is_same
    from priced
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
    arg_max(pricing_unit, snapshot_number) as pricing_unit,
    arg_max(pricing_unit_size, snapshot_number) as pricing_unit_size,
    -- price of one unit: token prices are given per thousand, audio per sixty seconds; `//` keeps the digits exact
    cast(
        cast(
            cast(arg_max(list_price, snapshot_number) * 1000000000 as hugeint) * 1000000000
            // arg_max(pricing_unit_size, snapshot_number)
            as decimal(38, 0)
        ) * cast(0.000000000000000001 as decimal(18, 18))
        as decimal(38, 18)
    ) as list_unit_price,
    arg_max(billing_currency, snapshot_number) as billing_currency,
    -- what one pricing unit emits by the price list's own estimate
    arg_max(kg_co2e, snapshot_number) as kg_co2e,
    arg_max(m3_water, snapshot_number) as m3_water,
    arg_max(service_category, snapshot_number) as service_category,
    arg_max(product_category, snapshot_number) as product_category,
    arg_max(product, snapshot_number) as product,
    arg_max(variant, snapshot_number) as variant,
    arg_max(description, snapshot_number) as description,
    arg_max(status, snapshot_number) as status,
    arg_max(region_id, snapshot_number) as region_id,
    arg_max(availability_zone, snapshot_number) as availability_zone
from islands
group by sku, island
having
    count(*) > count(next_asked_at)
    or cast(max(next_asked_at) as date) > cast(min(asked_at) as date)
