-- What existed, as the dated snapshots of the inventory show it: a row holds until the resource changed or went.
-- The first row of a resource also answers for the days before it (counts_from); tags_as_of dates the tags.
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

items as (

    select
        snapshots.question_hash,
        snapshots.snapshot_number,
        snapshots.asked_at,
        snapshots.next_asked_at,
        -- 'instance.servers' lists things of type 'instance_server'
        regexp_replace(replace(resources.source, '.', '_'), 's$', '') as resource_type,
        resources.path,
        resources.item,
        json_extract_string(resources.item, '$.id') as resource_id
    from bronze.resources
    inner join snapshots on resources.answer_hash = snapshots.answer_hash

),

changes as (

    select
        *,
        coalesce(
            item = lag(item) over resource_history
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
        resource_type,
        path,
        item,
        cast(min(asked_at) as date) as valid_from,
        -- the newest snapshot has no next one: what it shows still holds
        case when count(*) = count(next_asked_at) then cast(max(next_asked_at) as date) end as valid_to,
        count(*) > count(next_asked_at) as is_current,
        max(asked_at) as last_seen_at
    from islands
    group by question_hash, resource_id, resource_type, path, item, island

),

latest_of_day as (

    select *
    from periods
    qualify row_number() over (
        partition by resource_id, valid_from order by is_current desc, last_seen_at desc, item
    ) = 1

),

described as (

    select
        *,
        coalesce(
            json_extract_string(item, '$.zone'), nullif(regexp_extract(path, '/zones/([a-z]+-[a-z]+-[0-9])/', 1), '')
        ) as availability_zone
    from latest_of_day

)

select
    resource_id,
    resource_type,
    json_extract_string(item, '$.name') as resource_name,
    coalesce(json_extract_string(item, '$.project_id'), json_extract_string(item, '$.project')) as project_id,
    coalesce(
        json_extract_string(item, '$.region'),
        regexp_extract(availability_zone, '^[a-z]+-[a-z]+'),
        nullif(regexp_extract(path, '/regions/([a-z]+-[a-z]+)/', 1), '')
    ) as region_id,
    availability_zone,
    coalesce(json_extract_string(item, '$.state'), json_extract_string(item, '$.status')) as resource_state,
    coalesce(
        json_extract_string(item, '$.commercial_type'),
        json_extract_string(item, '$.volume_type'),
        json_extract_string(item, '$.type'),
        json_extract_string(item, '$.class')
    ) as resource_class,
    cast(json_extract_string(item, '$.size') as bigint) as size_bytes,
    coalesce(from_json(json_extract(item, '$.tags'), '["VARCHAR"]'), []) as tags,
    cast(
        coalesce(json_extract_string(item, '$.creation_date'), json_extract_string(item, '$.created_at'))
        as timestamptz
    ) as created_at,
    valid_from,
    valid_to,
    valid_from as tags_as_of,
    case
        when row_number() over (partition by resource_id order by valid_from) = 1 then date '1970-01-01'
        else valid_from
    end as counts_from,
    -- a charge may follow the last snapshot that shows its resource
    case
        when row_number() over (partition by resource_id order by valid_from desc) = 1 then date '9999-12-31'
        else lead(valid_from) over (partition by resource_id order by valid_from)
    end as counts_until
from described
