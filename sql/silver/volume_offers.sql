-- Classes of network volumes that the price list sells now: how many operations a second each is made for, and its list
-- price, for block volumes and for the volumes of managed databases. The price's unit is the product's own, so prices
-- compare within a product. Local disks and classes that do not say what they are made for have no operations.
-- grain: product, volume_class, availability_zone
-- partition: none
-- stored: view
with

listed as (

    select
        sku,
        availability_zone,
        billing_currency,
        list_unit_price,
        case split_part(sku, '/', 3) when 'mgdb' then 'mongodb' else split_part(sku, '/', 3) end as product,
        case
            when split_part(sku, '/', 3) = 'block'
                then 'sbs_' || regexp_extract(sku, '/volume-low-latency-([0-9]+k)/', 1)
            else split_part(sku, '/', 5)
        end as volume_class
    from silver.prices
    where
        valid_to is null
        and availability_zone is not null
        and regexp_matches(
            sku, '^/storage/block/volume-low-latency-[0-9]+k/|^/storage/(rdb|mgdb)/storage/(sbs_[0-9]+k|lssd)/'
        )

)

select
    product,
    volume_class,
    availability_zone,
    regexp_extract(availability_zone, '^[a-z]+-[a-z]+') as region_id,
    any_value(sku) as sku,
    any_value(billing_currency) as billing_currency,
    max(list_unit_price) as list_unit_price,
    1000 * try_cast(regexp_extract(any_value(volume_class), '^sbs_([0-9]+)k$', 1) as bigint) as operations_per_second
from listed
group by product, volume_class, availability_zone
