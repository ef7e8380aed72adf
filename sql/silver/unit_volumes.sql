-- GB-hours (10^9 bytes) of each volume and snapshot by charge and day: the size the inventory shows of it on that day
-- for as long as it was billed, else derived from the bill (charge ÷ list price of the day). units_source says which;
-- where neither can be told gb_hours is null.
-- grain: charge_key, usage_date
-- partition: billing_month
-- stored: view
with

prices as (

    select
        sku,
        billing_currency,
        list_unit_price,
        pricing_unit,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to
    from silver.prices
    where starts_with(sku, '/storage/') and list_unit_price > 0 and pricing_unit like 'gigabyte%'

),

sizes as (

    select
        resource_id,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
        size_bytes
    from silver.resources
    where size_bytes is not null

),

volumes as (

    select
        case
            when regexp_matches(costs.sku, '^/storage/(block/snapshot|snapshot)') then 'snapshot'
            when starts_with(costs.sku, '/storage/block/') then 'block'
            else 'local'
        end as storage_kind,
        costs.resource_id,
        costs.project_id,
        case
            when starts_with(costs.sku, '/storage/block/snapshot') then 'block snapshot'
            else split_part(costs.sku, '/', 4)
        end as storage_class,
        costs.charge_date as usage_date,
        costs.charge_key,
        costs.environment,
        costs.product,
        costs.tenant,
        sizes.size_bytes,
        least((epoch_us(costs.charge_end) - epoch_us(costs.charge_start)) // 1000000, 86400) as stored_seconds,
        prices.list_unit_price,
        prices.pricing_unit,
        case
            when sizes.size_bytes is not null then 'inventory'
            when prices.list_unit_price > 0 and costs.billed_cost is not null then 'bill (charge ÷ list price)'
        end as units_source,
        costs.billed_cost,
        costs.billing_currency,
        costs.billing_month
    from silver.labelled_costs as costs
    left join sizes
        on
            costs.resource_id = sizes.resource_id
            and costs.charge_date >= sizes.valid_from
            and costs.charge_date < sizes.valid_to
    left join prices
        on
            costs.sku = prices.sku
            and costs.billing_currency = prices.billing_currency
            and costs.charge_date >= prices.valid_from
            and costs.charge_date < prices.valid_to
    where regexp_matches(costs.sku, '^/storage/(block|local|snapshot)/')

)

select
    storage_kind,
    resource_id,
    project_id,
    storage_class,
    usage_date,
    charge_key,
    environment,
    product,
    tenant,
    cast(
        case
            when units_source = 'inventory'
                then
                    cast(cast(size_bytes as hugeint) * stored_seconds // 3600 as decimal(29, 0))
                    * cast(0.000000001 as decimal(9, 9))
            when units_source is not null
                then
                    billed_cost / list_unit_price
                    * case pricing_unit when 'gigabyte_month' then 730 when 'gigabyte_day' then 24 else 1 end
        end as decimal(38, 12)
    ) as gb_hours,
    cast(stored_seconds / 3600 as decimal(38, 12)) as stored_hours,
    cast(case when units_source is not null then 1 else 0 end as decimal(38, 12)) as units_coverage,
    units_source,
    cast(billed_cost as decimal(38, 12)) as billed_cost,
    billing_currency,
    billing_month
from volumes
