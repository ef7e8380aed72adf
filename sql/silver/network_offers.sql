-- Types of load balancers, with the bandwidth that Scaleway's product pages give them (November 2026) and the list
-- price of an hour by zone, and of public gateways as far as the organisation has one of the type: the inventory tells
-- their bandwidth, and they are in no price list.
-- grain: product, offer_name, availability_zone
-- partition: none
-- stored: view
with

balancers as (

    select unnest([
        { product: 'load_balancer', offer_name: 'lb-s', megabits_per_second: 200 },
        { product: 'load_balancer', offer_name: 'lb-gp-m', megabits_per_second: 500 },
        { product: 'load_balancer', offer_name: 'lb-gp-l', megabits_per_second: 1000 },
        { product: 'load_balancer', offer_name: 'lb-gp-xl', megabits_per_second: 4000 }
    ], recursive := true)

),

-- a type the organisation has none of is not known
gateways as (

    select
        'gateway' as product,
        lower(json_extract_string(item, '$.type')) as offer_name,
        cast(max(try_cast(json_extract_string(item, '$.bandwidth') as bigint)) // 1000000 as integer)
            as megabits_per_second
    from silver.resource_periods
    where resource_type = 'vpc_gw_gateway' and valid_to is null
    group by lower(json_extract_string(item, '$.type'))

),

types as (

    select *
    from balancers
    union all
    select *
    from gateways

),

listed as (

    select
        'lb-' || regexp_extract(sku, '^/network/loadbalancer/loadbalancer-([a-z-]+)/', 1) as offer_name,
        availability_zone,
        max(list_unit_price) as list_unit_price,
        any_value(billing_currency) as billing_currency
    from silver.prices
    where
        valid_to is null
        and availability_zone is not null
        and regexp_matches(sku, '^/network/loadbalancer/loadbalancer-[a-z-]+/')
    group by all

)

select
    types.product,
    types.offer_name,
    listed.availability_zone,
    types.megabits_per_second,
    listed.list_unit_price,
    listed.billing_currency
from types
left join listed on types.offer_name = listed.offer_name
