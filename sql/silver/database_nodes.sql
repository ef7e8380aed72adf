-- Databases and caches that exist, as the inventory shows them now: node type, how many nodes, volume, backups and
-- settings. A standby or replica counts among the nodes; read replicas apart. What a product has none of is null.
-- grain: resource_id
-- partition: none
-- stored: view
with

existing as (

    select
        resource_id,
        resource_type,
        path,
        item
    from silver.resource_periods
    where valid_to is null and resource_type in ('rdb_instance', 'redis_cluster', 'mongodb_instance')

)

select
    resource_id,
    resource_type,
    case resource_type
        when 'rdb_instance' then 'rdb'
        when 'redis_cluster' then 'redis'
        else 'mongodb'
    end as product,
    json_extract_string(item, '$.name') as resource_name,
    coalesce(json_extract_string(item, '$.engine'), json_extract_string(item, '$.version')) as engine,
    lower(json_extract_string(item, '$.node_type')) as node_type,
    -- a highly available database has a standby node of the same type
    coalesce(
        try_cast(json_extract_string(item, '$.node_amount') as bigint),
        try_cast(json_extract_string(item, '$.cluster_size') as bigint),
        case
            when try_cast(json_extract_string(item, '$.is_ha_cluster') as boolean) then 2
            when try_cast(json_extract_string(item, '$.is_ha_cluster') as boolean) = false then 1
        end
    ) as node_count,
    json_array_length(json_extract(item, '$.read_replicas')) as read_replica_count,
    coalesce(
        json_extract_string(item, '$.region'),
        regexp_extract(json_extract_string(item, '$.zone'), '^[a-z]+-[a-z]+')
    ) as region_id,
    json_extract_string(item, '$.zone') as availability_zone,
    json_extract_string(item, '$.volume.type') as volume_type,
    try_cast(
        coalesce(json_extract_string(item, '$.volume.size'), json_extract_string(item, '$.volume.size_bytes'))
        as bigint
    ) as volume_bytes,
    coalesce(
        try_cast(json_extract_string(item, '$.backup_schedule.disabled') as boolean) = false,
        try_cast(json_extract_string(item, '$.snapshot_schedule.enabled') as boolean)
    ) as is_backed_up,
    coalesce(
        try_cast(json_extract_string(item, '$.backup_schedule.retention') as bigint),
        try_cast(json_extract_string(item, '$.snapshot_schedule.retention_days') as bigint)
    ) as backup_retention_days,
    coalesce(
        try_cast(json_extract_string(item, '$.backup_schedule.frequency') as bigint),
        try_cast(json_extract_string(item, '$.snapshot_schedule.frequency_hours') as bigint)
    ) as backup_frequency_hours,
    try_cast(
        list_extract(
            list_filter(
                from_json(json_extract(item, '$.settings'), '[{"name": "VARCHAR", "value": "VARCHAR"}]'),
                lambda setting: setting['name'] = 'max_connections'
            ), 1
        )['value'] as bigint
    ) as max_connections
from existing
