-- What the inventory showed of each resource, as received, and from when until when: a row holds until the resource
-- changed or went. Dates at which something was last touched or will be next are no change. Buckets, which are read
-- in the words of S3, join here as items of the same form; their tags are an object, not a list.
-- grain: resource_id, valid_from
-- partition: none
with

snapshots as (

    select
        question_hash,
        answer_hash,
        asked_at,
        lead(asked_at) over (partition by question_hash order by asked_at) as next_asked_at,
        row_number() over (partition by question_hash order by asked_at) as snapshot_number
    from bronze.answers
    where page = 1

),

rows_received as (

    select
        answer_hash,
        position,
        source,
        json_extract_string(item, '$.id') as resource_id,
        -- compared instead of the item, so that a year of snapshots fits into memory
        md5(regexp_replace(
            item,
            '"(updated_at|modification_date|next_run_at|last_run|next_update|download_url_expires_at)":("[^"]*"|null)',
            '', 'g'
        )) as content_hash
    from bronze.resources

),

-- IPAM lists addresses that their own product may list too, by the same identifier: that one is kept
listed_by_products as (

    select distinct resource_id
    from rows_received
    where source <> 'ipam.ips' and resource_id is not null

),

items as (

    select
        snapshots.question_hash,
        snapshots.snapshot_number,
        snapshots.asked_at,
        snapshots.next_asked_at,
        rows_received.answer_hash,
        rows_received.position,
        rows_received.source,
        rows_received.resource_id,
        rows_received.content_hash
    from rows_received
    inner join snapshots on rows_received.answer_hash = snapshots.answer_hash
    where
        rows_received.resource_id is not null
        and (
            rows_received.source <> 'ipam.ips'
            or rows_received.resource_id not in (select listed_by_products.resource_id from listed_by_products)
        )

),

changes as (

    select
        *,
        coalesce(
            content_hash = lag(content_hash) over resource_history
            and snapshot_number = lag(snapshot_number) over resource_history + 1,
            false
        ) as is_same
    from items
    window resource_history as (partition by question_hash, resource_id order by snapshot_number)

),

islands as (

    select
        *,
        count(*) filter (where not is_same) over (
            partition by question_hash, resource_id
            order by snapshot_number
        ) as island
    from changes

),

periods as (

    select
        resource_id,
        source,
        arg_max(answer_hash, snapshot_number) as answer_hash,
        arg_max(position, snapshot_number) as position,
        cast(min(asked_at) as date) as valid_from,
        -- the newest snapshot has no next one: what it shows still holds
        case when count(*) = count(next_asked_at) then cast(max(next_asked_at) as date) end as valid_to,
        count(*) > count(next_asked_at) as is_current,
        max(asked_at) as last_seen_at
    from islands
    group by question_hash, resource_id, source, island

),

latest_of_day as (

    select *
    from periods
    qualify row_number() over (
        partition by resource_id, valid_from order by is_current desc, last_seen_at desc, answer_hash desc, position
    ) = 1

)

select
    latest_of_day.resource_id,
    -- 'instance.servers' lists things of type 'instance_server'
    regexp_replace(replace(latest_of_day.source, '.', '_'), 's$', '') as resource_type,
    resources.path,
    resources.item,
    latest_of_day.valid_from,
    latest_of_day.valid_to,
    latest_of_day.is_current,
    latest_of_day.last_seen_at
from latest_of_day
inner join bronze.resources
    on latest_of_day.answer_hash = resources.answer_hash and latest_of_day.position = resources.position
union all
select
    bucket as resource_id,
    'object_storage_bucket' as resource_type,
    null as path,
    cast(
        json_object(
            'created_at', strftime(created_at, '%Y-%m-%dT%H:%M:%S.%fZ'),
            'id', bucket,
            'lifecycle_rules', cast(lifecycle_rules as json),
            'name', bucket,
            'project_id', project_id,
            'region', region_id,
            'tags', cast(tags as json),
            'tags_as_of', tags_as_of,
            'versioning', versioning
        ) as varchar
    ) as item,
    valid_from,
    valid_to,
    is_current,
    last_seen_at
from silver.buckets
