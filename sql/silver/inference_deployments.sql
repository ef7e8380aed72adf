-- Dedicated inference deployments as dated snapshots show them: model, node type and number of nodes, and the GPU the
-- node type has, where the Instance types sold then name one of that family and size.
-- grain: resource_id, valid_from
-- partition: none
with

sold as (

    select
        regexp_extract(json_extract_string(server_types.item, '$.commercial_type'), '^(.+)-[0-9]+-[0-9]+G$', 1)
            as family,
        try_cast(json_extract_string(server_types.item, '$.gpu') as integer) as gpus,
        json_extract_string(server_types.item, '$.gpu_info.gpu_name') as gpu_name,
        try_cast(json_extract_string(server_types.item, '$.gpu_info.gpu_memory') as bigint) as gpu_memory_bytes
    from bronze.server_types
    inner join silver.latest_answers on server_types.answer_hash = latest_answers.answer_hash
    where latest_answers.source = 'instance.server_types'

),

gpus as (

    select
        family,
        gpus,
        min(gpu_name) as gpu_name,
        min(gpu_memory_bytes) as gpu_memory_bytes
    from sold
    where gpus > 0 and gpu_name is not null
    group by family, gpus

),

deployments as (

    select
        resource_id,
        valid_from,
        valid_to,
        is_current,
        item,
        upper(json_extract_string(item, '$.node_type_name')) as node_type
    from silver.resource_periods
    where resource_type = 'inference_deployment'

)

select
    deployments.resource_id,
    json_extract_string(deployments.item, '$.name') as resource_name,
    json_extract_string(deployments.item, '$.project_id') as project_id,
    json_extract_string(deployments.item, '$.region') as region_id,
    json_extract_string(deployments.item, '$.status') as resource_state,
    json_extract_string(deployments.item, '$.model_id') as model_id,
    json_extract_string(deployments.item, '$.model_name') as model_name,
    try_cast(json_extract_string(deployments.item, '$.quantization.bits') as integer) as quantization_bits,
    deployments.node_type,
    try_cast(json_extract_string(deployments.item, '$.size') as integer) as node_count,
    try_cast(json_extract_string(deployments.item, '$.min_size') as integer) as min_node_count,
    try_cast(json_extract_string(deployments.item, '$.max_size') as integer) as max_node_count,
    gpus.gpu_name,
    gpus.gpus as gpus_per_node,
    gpus.gpu_memory_bytes,
    try_cast(json_extract_string(deployments.item, '$.created_at') as timestamptz) as created_at,
    deployments.valid_from,
    deployments.valid_to,
    deployments.is_current
from deployments
-- `H100-2` is a node with two GPUs of the family H100, `L4` one with one
left join gpus
    on
        regexp_replace(deployments.node_type, '-[0-9]+$', '') = gpus.family
        and coalesce(try_cast(nullif(regexp_extract(deployments.node_type, '-([0-9]+)$', 1), '') as integer), 1)
        = gpus.gpus
