-- Node types of dedicated inference deployments and what one costs by the hour, as the price list says now, with the
-- GPUs of the Instance type of that family and size, null where no type sold is of it.
-- grain: region_id, node_type, billing_currency
-- partition: none
with

types as (

    select
        upper(regexp_extract(commercial_type, '^(.+)-[0-9]+-[0-9]+G$', 1)) as family,
        gpus,
        min(gpu_name) as gpu_name,
        min(gpu_memory_bytes) as gpu_memory_bytes
    from silver.gpu_offers
    group by family, gpus

),

listed as (

    select
        upper(replace(split_part(sku, '/', 5), '_', '-')) as node_type,
        coalesce(region_id, split_part(sku, '/', 6)) as region_id,
        billing_currency,
        max(
            case pricing_unit
                when 'hour' then list_unit_price
                when 'minute' then 60 * list_unit_price
                when 'node_minute' then 60 * list_unit_price
            end
        ) as hourly_list_price
    from silver.prices
    where valid_to is null and sku like '/ai/inference_dedicated/deployment/%/%'
    group by all

),

-- `H100-2` is a node with two GPUs of the family H100, `L4` one with one; `H100-SXM-2` is of another family
sized as (

    select
        *,
        regexp_replace(node_type, '-[0-9]+$', '') as family,
        coalesce(try_cast(nullif(regexp_extract(node_type, '-([0-9]+)$', 1), '') as integer), 1) as gpus
    from listed
    where hourly_list_price is not null

)

select
    sized.region_id,
    sized.node_type,
    sized.billing_currency,
    cast(sized.hourly_list_price as decimal(38, 12)) as hourly_list_price,
    types.gpu_name,
    sized.gpus,
    types.gpu_memory_bytes
from sized
left join types on sized.family = types.family and sized.gpus = types.gpus
