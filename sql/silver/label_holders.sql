-- Labels that the tags and annotations of a resource, or of an imported line, say, and which of the two said it.
-- The first key of a label counts, a tag before an annotation; an environment in a known spelling before another.
-- grain: source, holder_id, valid_from
-- partition: none
-- stored: view
with

values_said as (

    select
        pairs.source,
        pairs.holder_id,
        pairs.valid_from,
        pairs.said_by,
        keys.dimension,
        keys.position,
        case when keys.dimension = 'tenant' then pairs.tag_value else lower(pairs.tag_value) end as label_value
    from silver.label_pairs as pairs
    inner join silver.label_keys as keys on lower(pairs.tag_key) = lower(keys.tag_key)
    where pairs.tag_value is not null
    union all
    -- a bare tag that is an environment
    select
        pairs.source,
        pairs.holder_id,
        pairs.valid_from,
        pairs.said_by,
        'environment' as dimension,
        1000 as position,
        environments.spelling as label_value
    from silver.label_pairs as pairs
    inner join silver.environments as environments on lower(pairs.tag_key) = environments.spelling
    where pairs.tag_value is null
    union all
    -- a bare `team-data` names a team, and whose it is
    select
        source,
        holder_id,
        valid_from,
        said_by,
        unnest(['owner', 'team']) as dimension,
        1000 as position,
        lower(tag_key) as label_value
    from silver.label_pairs
    where tag_value is null and lower(tag_key) like 'team-%'

),

ranked as (

    select
        said.source,
        said.holder_id,
        said.valid_from,
        said.dimension,
        -- `owner=data` and `team-data` name the same team
        case
            when said.dimension in ('owner', 'team') then regexp_replace(said.label_value, '^team-', '')
            else said.label_value
        end as label_value,
        said.said_by,
        row_number() over (
            partition by said.source, said.holder_id, said.valid_from, said.dimension
            order by
                said.dimension = 'environment' and environments.spelling is null,
                said.said_by = 'annotation',
                said.position,
                said.label_value
        ) as choice
    from values_said as said
    left join silver.environments as environments on said.label_value = environments.spelling

),

labels as (

    select
        source,
        holder_id,
        valid_from,
        max(label_value) filter (where dimension = 'owner') as owner,
        max(said_by) filter (where dimension = 'owner') as owner_said_by,
        max(label_value) filter (where dimension = 'team') as team,
        max(said_by) filter (where dimension = 'team') as team_said_by,
        max(label_value) filter (where dimension = 'environment') as tagged_environment,
        max(said_by) filter (where dimension = 'environment') as environment_said_by,
        max(label_value) filter (where dimension = 'tenant') as tenant,
        max(said_by) filter (where dimension = 'tenant') as tenant_said_by,
        max(label_value) filter (where dimension = 'product') as product,
        max(said_by) filter (where dimension = 'product') as product_said_by
    from ranked
    where choice = 1
    group by source, holder_id, valid_from

),

values_by_key as (

    select
        source,
        holder_id,
        valid_from,
        tag_key,
        case when max(tag_value) is null then 'true' else cast(to_json(max(tag_value)) as varchar) end as json_text,
        list_distinct(list(lower(tag_key || coalesce('=' || tag_value, '')))) as tag_texts,
        -- Kubernetes puts kapsule=, pool= and node= on what it makes: links, not labels
        lower(tag_key) in ('kapsule', 'pool', 'pool-name', 'node', 'node-name', 'runtime', 'managed') as is_link
    from silver.label_pairs
    group by all

),

holders as (

    select
        source,
        holder_id,
        valid_from,
        '{' || string_agg(cast(to_json(tag_key) as varchar) || ': ' || json_text, ', ' order by tag_key) || '}'
            as tags_json,
        list_sort(flatten(list(tag_texts))) as tag_texts,
        bool_or(not is_link) as has_tags
    from values_by_key
    group by all

)

select
    holders.source,
    holders.holder_id,
    holders.valid_from,
    labels.* exclude (source, holder_id, valid_from),
    holders.has_tags,
    holders.tags_json,
    holders.tag_texts
from holders
left join labels
    on
        holders.source = labels.source
        and holders.holder_id = labels.holder_id
        and holders.valid_from = labels.valid_from
