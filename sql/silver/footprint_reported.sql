-- What Scaleway reports of carbon and water, by project, place and SKU of the days asked for, newest answer.
-- A place is a zone, or a region for what is sold by region; a SKU told of a zone and of its region counts once.
-- grain: window_start, window_end, project_id, region_id, availability_zone, sku
-- partition: billing_month
with

answers as (

    select
        answer_hash,
        cast(left(json_extract_string(parameters, '$.start_date'), 10) as date) as window_start,
        cast(left(json_extract_string(parameters, '$.end_date'), 10) as date) as window_end
    from silver.latest_answers
    where source = 'environmental_footprint.projects'

),

regions as (

    select
        answers.window_start,
        answers.window_end,
        footprints.billing_month,
        json_extract_string(footprints.item, '$.project_id') as project_id,
        unnest(
            json_transform(
                json_extract(footprints.item, '$.regions'),
                '[{
                    "region": "VARCHAR",
                    "skus": [{
                        "sku": "VARCHAR", "service_category": "VARCHAR", "product_category": "VARCHAR",
                        "total_sku_impact": {"kg_co2_equivalent": "VARCHAR", "m3_water_usage": "VARCHAR"}
                    }],
                    "zones": [{
                        "zone": "VARCHAR",
                        "skus": [{
                            "sku": "VARCHAR", "service_category": "VARCHAR", "product_category": "VARCHAR",
                            "total_sku_impact": {"kg_co2_equivalent": "VARCHAR", "m3_water_usage": "VARCHAR"}
                        }]
                    }]
                }]'
            )
        ) as told
    from bronze.footprints
    inner join answers on footprints.answer_hash = answers.answer_hash

),

zones as (

    select
        window_start,
        window_end,
        billing_month,
        project_id,
        told.region as region_id,
        unnest(told.zones) as told_zone
    from regions

),

in_zones as (

    select
        window_start,
        window_end,
        billing_month,
        project_id,
        region_id,
        told_zone.zone as availability_zone,
        unnest(told_zone.skus) as told_sku
    from zones

),

of_regions as (

    select
        window_start,
        window_end,
        billing_month,
        project_id,
        told.region as region_id,
        unnest(told.skus) as told_sku
    from regions

),

placed as (

    select
        window_start,
        window_end,
        billing_month,
        project_id,
        region_id,
        availability_zone,
        told_sku
    from in_zones
    union all
    select
        window_start,
        window_end,
        billing_month,
        project_id,
        region_id,
        cast(null as varchar) as availability_zone,
        told_sku
    from of_regions
    where
        not exists (
            select 1
            from in_zones
            where
                in_zones.window_start = of_regions.window_start
                and in_zones.window_end = of_regions.window_end
                and in_zones.project_id = of_regions.project_id
                and in_zones.region_id = of_regions.region_id
                and in_zones.told_sku.sku = of_regions.told_sku.sku
        )

)

select
    window_start,
    window_end,
    project_id,
    region_id,
    availability_zone,
    told_sku.sku as sku,
    max(told_sku.service_category) as service_category,
    max(told_sku.product_category) as product_category,
    sum(try_cast(told_sku.total_sku_impact.kg_co2_equivalent as decimal(38, 18))) as kg_co2e,
    sum(try_cast(told_sku.total_sku_impact.m3_water_usage as decimal(38, 18))) as m3_water,
    billing_month
from placed
group by window_start, window_end, project_id, region_id, availability_zone, told_sku.sku, billing_month
