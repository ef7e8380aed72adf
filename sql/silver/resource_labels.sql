-- Labels that a resource's tags and annotations say, whatever way they were written: env=prod, env:production, prod.
-- tags_json holds all as one object: `key=value` by key, a bare tag as true; tag_texts lists them in lower case.
-- grain: resource_id, valid_from
-- partition: none
-- holds: held_from until held_until
select
    holders.holder_id as resource_id,
    holders.valid_from,
    holders.tagged_environment,
    holders.environment_said_by,
    holders.owner,
    holders.owner_said_by,
    holders.team,
    holders.team_said_by,
    holders.tenant,
    holders.tenant_said_by,
    holders.product,
    holders.product_said_by,
    holders.has_tags,
    holders.tags_json,
    holders.tag_texts,
    -- the days they speak of: none before the resource was made
    greatest(resources.counts_from, coalesce(cast(resources.created_at as date), resources.counts_from)) as held_from,
    resources.counts_until as held_until
from silver.label_holders as holders
inner join silver.resources as resources
    on holders.holder_id = resources.resource_id and holders.valid_from = resources.valid_from
where holders.source = 'scaleway'
