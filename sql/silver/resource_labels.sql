-- Environment and owner that a resource's tags say, whatever way they were written: env=prod, env:production, prod.
-- An annotation counts as a tag. tags_json holds all as one object: `key=value` by key, a bare tag as true.
-- grain: resource_id, valid_from
-- partition: none
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
        unnest(map_entries(json_transform(annotations, '"MAP(VARCHAR, VARCHAR)"'))) as entry
    from silver.resources
    where annotations is not null

),

pairs as (

    select distinct
        resource_id,
        valid_from,
        coalesce(nullif(regexp_extract(tag, '^([^=:]+)[=:](.+)$', 1), ''), tag) as tag_key,
        nullif(regexp_extract(tag, '^([^=:]+)[=:](.+)$', 2), '') as tag_value
    from tags
    where tag <> ''
    union
    select
        resource_id,
        valid_from,
        trim(entry.key) as tag_key,
        nullif(trim(entry.value), '') as tag_value
    from annotated

),

said as (

    select
        *,
        case
            when lower(tag_key) in ('env', 'environment', 'stage') then lower(tag_value)
            when
                tag_value is null
                and lower(tag_key) in (
                    'prod', 'production', 'prd', 'staging', 'stage', 'preprod',
                    'dev', 'development', 'develop', 'sandbox', 'sbx', 'shared', 'test'
                )
                then lower(tag_key)
        end as environment,
        case
            when lower(tag_key) in ('owner', 'team', 'squad') then lower(tag_value)
            when tag_value is null and lower(tag_key) like 'team-%' then lower(tag_key)
        end as owner,
        -- Kubernetes puts kapsule=, pool= and node= on what it makes: links, not labels
        lower(tag_key) in ('kapsule', 'pool', 'pool-name', 'node', 'node-name', 'runtime', 'managed') as is_link
    from pairs

),

values_by_key as (

    select
        resource_id,
        valid_from,
        tag_key,
        case when max(tag_value) is null then 'true' else cast(to_json(max(tag_value)) as varchar) end as json_text
    from pairs
    group by all

),

objects as (

    select
        resource_id,
        valid_from,
        '{' || string_agg(cast(to_json(tag_key) as varchar) || ': ' || json_text, ', ' order by tag_key) || '}'
            as tags_json
    from values_by_key
    group by all

)

select
    said.resource_id,
    said.valid_from,
    min(said.environment) as tagged_environment,
    -- `owner=data` and `team-data` name the same team
    min(regexp_replace(said.owner, '^team-', '')) as owner,
    bool_or(not said.is_link) as has_tags,
    any_value(objects.tags_json) as tags_json
from said
inner join objects on said.resource_id = objects.resource_id and said.valid_from = objects.valid_from
group by said.resource_id, said.valid_from
