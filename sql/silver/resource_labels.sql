-- Environment and owner that a resource's tags say, whatever way they were written: env=prod, env:production, prod.
-- grain: resource_id, valid_from
-- partition: none
with

tags as (

    select
        resource_id,
        valid_from,
        lower(trim(unnest(tags))) as tag
    from silver.resources

),

pairs as (

    select
        resource_id,
        valid_from,
        tag,
        nullif(regexp_extract(tag, '^([^=:]+)[=:](.+)$', 1), '') as tag_key,
        coalesce(nullif(regexp_extract(tag, '^([^=:]+)[=:](.+)$', 2), ''), tag) as tag_value
    from tags

),

read as (

    select
        resource_id,
        valid_from,
        case
            when tag_key in ('env', 'environment', 'stage') then tag_value
            when
                tag_key is null
                and tag_value in (
                    'prod', 'production', 'prd', 'staging', 'stage', 'preprod',
                    'dev', 'development', 'develop', 'sandbox', 'sbx', 'shared', 'test'
                )
                then tag_value
        end as environment,
        case
            when tag_key in ('owner', 'team', 'squad') then tag_value
            when tag_key is null and tag_value like 'team-%' then tag_value
        end as owner
    from pairs
    -- Kubernetes puts kapsule=, pool= and node= on what it makes: links, not labels
    where coalesce(tag_key, '') not in ('kapsule', 'pool', 'node', 'managed')

)

select
    resource_id,
    valid_from,
    min(environment) as tagged_environment,
    -- `owner=data` and `team-data` name the same team
    min(regexp_replace(owner, '^team-', '')) as owner,
    count(*) > 0 as has_tags
from read
group by resource_id, valid_from
