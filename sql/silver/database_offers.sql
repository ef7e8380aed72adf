-- Node types of databases and caches that the price list sells in each region now, with list prices by the hour: of the
-- management, the first node and each further one, in the region's dearest zone. Processors and memory are those of the
-- Instance of the same name, null where the price list has none; a Redis node's size is not in it.
-- grain: product, region_id, node_type
-- partition: none
-- stored: view
with

listed as (

    select
        sku,
        billing_currency,
        list_unit_price,
        coalesce(region_id, regexp_extract(availability_zone, '^[a-z]+-[a-z]+')) as region_id,
        case split_part(sku, '/', 3) when 'mgdb' then 'mongodb' else split_part(sku, '/', 3) end as product,
        split_part(sku, '/', 4) as part,
        lower(split_part(sku, '/', 5)) as node_type,
        coalesce(status not in ('end_of_sale', 'end_of_life', 'retired', 'preview'), true) as is_sold
    from silver.prices
    where
        valid_to is null
        and pricing_unit = 'hour'
        and regexp_matches(sku, '^/storage/(rdb|mgdb)/(instance|node)/|^/storage/redis/(main|additional)-node/')

),

machines as (

    select
        lower(json_extract_string(item, '$.properties.instance.offer_id')) as offer_name,
        max(try_cast(json_extract_string(item, '$.properties.hardware.cpu.virtual.count') as bigint)) as vcpus,
        max(try_cast(json_extract_string(item, '$.properties.hardware.ram.size') as bigint)) as memory_bytes
    from bronze.products
    where
        answer_hash in (
            select latest_answers.answer_hash
            from silver.latest_answers
            where latest_answers.source = 'catalog.products'
        )
    group by all

),

offers as (

    select
        product,
        region_id,
        node_type,
        max(billing_currency) as billing_currency,
        max(list_unit_price) filter (where part = 'instance') as management_price,
        max(list_unit_price) filter (where part in ('node', 'main-node')) as node_price,
        max(list_unit_price) filter (where part in ('node', 'additional-node')) as further_node_price,
        bool_and(is_sold) as is_sold
    from listed
    group by all

)

select
    offers.product,
    offers.region_id,
    offers.node_type,
    offers.billing_currency,
    offers.management_price,
    offers.node_price,
    offers.further_node_price,
    offers.is_sold,
    machines.vcpus,
    machines.memory_bytes
from offers
left join machines
    on
        offers.product <> 'redis'
        and machines.offer_name = regexp_replace(
            regexp_replace(offers.node_type, '^(db|mgdb)-', ''), '^(dev|gp)-', '\11-'
        )
