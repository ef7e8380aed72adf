-- Backups and snapshots that exist, of what, since when, how large and until when they are kept; copies of what is gone
-- too. A copy is restore-tested where something was made from it, or where its tag says so (restore-tested). Scheduled
-- copies expire by themselves.
-- grain: resource_id
-- partition: none
-- stored: view
with

existing as (

    select
        resource_id,
        resource_type,
        item
    from silver.resource_periods
    where
        valid_to is null
        and resource_type in (
            'block_snapshot', 'instance_snapshot', 'rdb_database_backup', 'rdb_snapshot', 'mongodb_snapshot'
        )

),

restored as (

    select distinct linked_id as resource_id
    from silver.resource_links
    where link_type = 'made_from'

),

sources as (

    select distinct resource_id
    from silver.resource_periods
    where valid_to is null

),

copies as (

    select
        resource_id,
        resource_type,
        json_extract_string(item, '$.name') as resource_name,
        coalesce(
            json_extract_string(item, '$.instance_id'),
            json_extract_string(item, '$.parent_volume.id'),
            json_extract_string(item, '$.base_volume.id')
        ) as source_id,
        json_extract_string(item, '$.database_name') as database_name,
        try_cast(
            coalesce(json_extract_string(item, '$.created_at'), json_extract_string(item, '$.creation_date'))
            as timestamptz
        ) as created_at,
        try_cast(json_extract_string(item, '$.expires_at') as timestamptz) as expires_at,
        try_cast(
            coalesce(
                json_extract_string(item, '$.size'),
                json_extract_string(item, '$.size_bytes'),
                json_extract_string(item, '$.volume.size')
            ) as bigint
        ) as size_bytes,
        coalesce(json_extract_string(item, '$.status'), json_extract_string(item, '$.state')) as copy_state,
        coalesce(json_extract_string(item, '$.tags'), '') as tags
    from existing

)

select
    copies.resource_id,
    copies.resource_type,
    copies.resource_name,
    copies.source_id,
    copies.database_name,
    copies.created_at,
    copies.expires_at,
    copies.size_bytes,
    copies.copy_state,
    sources.resource_id is not null as source_exists,
    restored.resource_id is not null or copies.tags ilike '%restore-tested%' as is_restore_tested
from copies
left join sources on copies.source_id = sources.resource_id
left join restored on copies.resource_id = restored.resource_id
