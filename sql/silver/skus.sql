-- Every SKU that was charged, consumed or listed: its service, and where it is sold as far as that can be known.
-- The place comes from the price list, else from the SKU's text in its several spellings, else it is unknown.
-- grain: sku
-- partition: none
with

listed as (

    select
        sku,
        arg_max(product_category, valid_from) as product_category,
        arg_max(product, valid_from) as product,
        arg_max(description, valid_from) as description,
        arg_max(region_id, valid_from) as region_id,
        arg_max(availability_zone, valid_from) as availability_zone,
        arg_max(pricing_unit, valid_from) as pricing_unit
    from silver.prices
    group by sku

),

consumed as (

    select
        sku,
        arg_max(product_name, billing_month) as product_name,
        arg_max(resource_label, billing_month) as resource_label,
        arg_max(category_name, billing_month) as category_name,
        arg_max(unit, billing_month) as unit
    from silver.consumptions
    group by sku

),

named as (

    select sku from listed
    union
    select sku from consumed
    union
    select sku from silver.costs

),

spelled as (

    select
        sku,
        -- the last place named: what goes `to-nl-ams` leaves from the one after it
        regexp_extract(sku, '^.*(fr-par|nl-ams|pl-waw|it-mil|par|ams|waw|mil)-?([1-3])?(/|$)', 1) as place,
        regexp_extract(sku, '^.*(fr-par|nl-ams|pl-waw|it-mil|par|ams|waw|mil)-?([1-3])?(/|$)', 2) as zone_number
    from named

),

placed as (

    select
        sku,
        case
            when place in ('fr-par', 'par') or sku like '/tools/%/fr' then 'fr-par'
            when place in ('nl-ams', 'ams') then 'nl-ams'
            when place in ('pl-waw', 'waw') then 'pl-waw'
            when place in ('it-mil', 'mil') then 'it-mil'
        end as spelled_region,
        nullif(zone_number, '') as zone_number
    from spelled

),

families as (

    select
        placed.sku,
        arg_min(sku_families.service_name, sku_families.family_number) as service_name,
        arg_min(sku_families.service_category, sku_families.family_number) as service_category,
        arg_min(sku_families.service_subcategory, sku_families.family_number) as service_subcategory
    from placed
    inner join silver.sku_families on regexp_matches(lower(placed.sku), sku_families.sku_pattern)
    group by placed.sku

)

select
    placed.sku,
    coalesce(families.service_name, consumed.category_name, 'Other') as service_name,
    coalesce(families.service_category, 'Other') as service_category,
    coalesce(families.service_subcategory, 'Other (Other)') as service_subcategory,
    coalesce(listed.product, consumed.product_name, placed.sku) as product_name,
    coalesce(nullif(consumed.resource_label, ''), listed.description, placed.sku) as charge_description,
    coalesce(listed.region_id, regexp_extract(listed.availability_zone, '^[a-z]+-[a-z]+'), placed.spelled_region)
        as region_id,
    coalesce(listed.availability_zone, placed.spelled_region || '-' || placed.zone_number) as availability_zone,
    coalesce(listed.pricing_unit, consumed.unit) as unit,
    listed.sku is not null as is_listed
from placed
left join families on placed.sku = families.sku
left join listed on placed.sku = listed.sku
left join consumed on placed.sku = consumed.sku
