-- Tags and annotations as keys and values, of Scaleway's resources by period and of imported lines by what they say.
-- A bare tag has no value. said_by tells a resource's own tag from an annotation bound to it.
-- grain: source, holder_id, valid_from, tag_key, tag_value, said_by
-- partition: none
-- stored: view
with

tags as (

    select
        resource_id,
        valid_from,
        trim(unnest(tags)) as tag
    from silver.resources
    -- a bucket's come with the annotations, their keys apart from their values
    where resource_type is distinct from 'object_storage_bucket'

),

annotated as (

    select
        resource_id,
        valid_from,
        resource_type,
        tags,
        unnest(map_entries(json_transform(annotations, '"MAP(VARCHAR, VARCHAR)"'))) as entry
    from silver.resources
    where annotations is not null

),

imported as (

    select
        line_key,
        unnest(map_entries(json_transform(tags, '"MAP(VARCHAR, VARCHAR)"'))) as entry
    from silver.label_imported_kinds
    where json_valid(tags) and json_type(tags) = 'OBJECT'

)

select distinct
    'scaleway' as source,
    resource_id as holder_id,
    valid_from,
    coalesce(nullif(regexp_extract(tag, '^([^=:]+)[=:](.+)$', 1), ''), tag) as tag_key,
    nullif(regexp_extract(tag, '^([^=:]+)[=:](.+)$', 2), '') as tag_value,
    'tag' as said_by
from tags
where tag <> ''
union
select
    'scaleway' as source,
    resource_id as holder_id,
    valid_from,
    trim(entry.key) as tag_key,
    nullif(trim(entry.value), '') as tag_value,
    case
        when
            resource_type = 'object_storage_bucket' and list_contains(tags, entry.key || '=' || entry.value)
            then 'tag'
        else 'annotation'
    end as said_by
from annotated
union
select
    'import' as source,
    line_key as holder_id,
    date '1970-01-01' as valid_from,
    trim(entry.key) as tag_key,
    nullif(nullif(trim(entry.value), ''), 'true') as tag_value,
    'tag' as said_by
from imported
