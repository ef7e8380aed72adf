-- Every machine with GPUs: Instances, Kapsule nodes, Elastic Metal, dedicated inference deployments; how many GPUs of
-- which kind, by the listings of types that are sold. What only the bill knows, gone before the inventory was first
-- read, is described by its SKU. gpus counts all nodes of a deployment; null where no listing tells, never zero.
-- gpu_memory_bytes is that of one GPU. A node of a pool is the Instance that is billed, and names its pool.
-- grain: resource_id, valid_from
-- partition: none
with

types as (

    select
        server_types.source,
        server_types.item
    from bronze.server_types
    inner join silver.latest_answers
        on server_types.answer_hash = latest_answers.answer_hash and server_types.source = latest_answers.source
    where server_types.source in ('instance.server_types', 'baremetal.offers')

),

-- `L4-1-24G` of the listing is `l4_1_24g` in SKUs and pools
sold as (

    select
        lower(replace(json_extract_string(item, '$.commercial_type'), '-', '_')) as type_key,
        min(json_extract_string(item, '$.commercial_type')) as commercial_type,
        max(try_cast(json_extract_string(item, '$.gpu') as integer)) as gpus,
        min(json_extract_string(item, '$.gpu_info.gpu_name')) as gpu_name,
        max(try_cast(json_extract_string(item, '$.gpu_info.gpu_memory') as bigint)) as gpu_memory_bytes
    from types
    where source = 'instance.server_types' and try_cast(json_extract_string(item, '$.gpu') as integer) > 0
    group by type_key
    union all
    select
        lower(json_extract_string(item, '$.name')) as type_key,
        min(json_extract_string(item, '$.name')) as commercial_type,
        max(cast(json_array_length(item, '$.gpus') as integer)) as gpus,
        min(json_extract_string(item, '$.gpus[0].name')) as gpu_name,
        max(try_cast(json_extract_string(item, '$.gpus[0].vram') as bigint)) as gpu_memory_bytes
    from types
    where source = 'baremetal.offers' and json_array_length(item, '$.gpus') > 0
    group by type_key

),

things as (

    select
        *,
        case
            when resource_type = 'baremetal_server' then lower(resource_class)
            else lower(replace(resource_class, '-', '_'))
        end as type_key
    from silver.resources
    where resource_type in ('instance_server', 'k8s_node', 'k8s_pool', 'baremetal_server')

),

pools as (

    select
        links.resource_id,
        links.linked_id as pool_id,
        links.valid_from,
        links.valid_to,
        arg_max(things.type_key, things.valid_from) as type_key
    from silver.resource_links as links
    inner join things on links.linked_id = things.resource_id and things.resource_type = 'k8s_pool'
    where links.link_type = 'part_of'
    group by all

),

-- a node's Instance is listed in most projects; of a node alone the pool knows the type
machines as (

    select
        things.billed_id as resource_id,
        things.resource_name,
        things.resource_type,
        things.project_id,
        things.region_id,
        things.availability_zone,
        things.resource_state,
        things.created_at,
        pools.pool_id,
        coalesce(things.type_key, pools.type_key) as type_key,
        things.valid_from,
        things.valid_to
    from things
    left join pools
        on
            things.resource_id = pools.resource_id
            and things.valid_from < coalesce(pools.valid_to, date '9999-12-31')
            and coalesce(things.valid_to, date '9999-12-31') > pools.valid_from
    where things.resource_type <> 'k8s_pool'
    qualify row_number() over (
        partition by things.billed_id, things.valid_from
        order by things.resource_type = 'k8s_node', pools.valid_from desc, things.resource_id
    ) = 1

),

known as (

    select
        machines.*,
        sold.commercial_type,
        sold.gpu_name,
        sold.gpus,
        sold.gpu_memory_bytes,
        cast(null as varchar) as model_name,
        'inventory' as known_by
    from machines
    inner join sold on machines.type_key = sold.type_key
    union all by name
    select
        resource_id,
        resource_name,
        'inference_deployment' as resource_type,
        project_id,
        region_id,
        resource_state,
        created_at,
        valid_from,
        valid_to,
        node_type as commercial_type,
        gpu_name,
        node_count * gpus_per_node as gpus,
        gpu_memory_bytes,
        model_name,
        'inventory' as known_by
    from silver.inference_deployments

),

-- its name is the one it had when it was last charged
charged as (

    select
        costs.resource_id,
        arg_max(costs.resource_name, costs.charge_date) as resource_name,
        arg_max(costs.project_id, costs.charge_date) as project_id,
        arg_max(skus.region_id, costs.charge_date) as region_id,
        arg_max(skus.availability_zone, costs.charge_date) as availability_zone,
        arg_max(costs.sku, costs.charge_date) as sku,
        case arg_max(skus.service_name, costs.charge_date)
            when 'Dedicated Inference' then 'inference_deployment' else 'instance_server'
        end as resource_type,
        min(costs.charge_date) as valid_from,
        max(costs.charge_date) + 1 as valid_to
    from silver.costs as costs
    inner join silver.skus as skus on costs.sku = skus.sku
    where
        skus.service_name in ('GPU Instances', 'Dedicated Inference')
        and costs.resource_id is not null
        and costs.resource_id not in (select known.resource_id from known)
    group by costs.resource_id

),

billed as (

    select
        charged.* exclude (sku),
        sold.commercial_type,
        sold.gpu_name,
        sold.gpus,
        sold.gpu_memory_bytes,
        'bill' as known_by
    from charged
    left join sold on regexp_extract(lower(charged.sku), '^/compute/([^/]+)/', 1) = sold.type_key

),

together as (

    select * from known
    union all by name
    select * from billed

)

select
    resource_id,
    resource_name,
    resource_type,
    project_id,
    region_id,
    availability_zone,
    resource_state,
    pool_id,
    commercial_type,
    gpu_name,
    gpus,
    gpu_memory_bytes,
    model_name,
    known_by,
    created_at,
    valid_from,
    valid_to
from together
