-- What belongs to what, by resource id and from when until when: volumes and addresses of machines, snapshots of
-- volumes, images and what they are made of, Kapsule nodes, pools and clusters, parts of a namespace or load balancer.
-- link_type reads from the resource to the linked one: attached_to, part_of, taken_from, made_from, runs_on, uses.
-- grain: resource_id, link_type, linked_id, valid_from
-- partition: none
-- holds: valid_from until valid_to
with

-- the documents are read once; everything after is narrow
extracted as (

    select
        resource_id,
        resource_type,
        valid_from,
        valid_to,
        -- one identifier in one place
        list_filter([
            { link_type: 'attached_to', linked_id: json_extract_string(item, '$.server.id') },
            { link_type: 'attached_to', linked_id: json_extract_string(item, '$.server_id') },
            { link_type: 'attached_to', linked_id: json_extract_string(item, '$.lb_id') },
            { link_type: 'attached_to', linked_id: json_extract_string(item, '$.gateway_id') },
            { link_type: 'attached_to', linked_id: json_extract_string(item, '$.resource.id') },
            { link_type: 'part_of', linked_id: json_extract_string(item, '$.cluster_id') },
            { link_type: 'part_of', linked_id: json_extract_string(item, '$.pool_id') },
            { link_type: 'part_of', linked_id: json_extract_string(item, '$.namespace_id') },
            { link_type: 'part_of', linked_id: json_extract_string(item, '$.job_definition_id') },
            { link_type: 'part_of', linked_id: json_extract_string(item, '$.lb.id') },
            { link_type: 'part_of', linked_id: json_extract_string(item, '$.vpc_id') },
            { link_type: 'taken_from', linked_id: json_extract_string(item, '$.instance_id') },
            { link_type: 'taken_from', linked_id: json_extract_string(item, '$.database_id') },
            { link_type: 'taken_from', linked_id: json_extract_string(item, '$.parent_volume.id') },
            { link_type: 'taken_from', linked_id: json_extract_string(item, '$.base_volume.id') },
            { link_type: 'taken_from', linked_id: nullif(json_extract_string(item, '$.from_server'), '') },
            { link_type: 'made_from', linked_id: json_extract_string(item, '$.parent_snapshot_id') },
            { link_type: 'made_from', linked_id: json_extract_string(item, '$.root_volume.id') },
            {
                link_type: 'made_from',
                linked_id: case when resource_type = 'instance_server' then json_extract_string(item, '$.image.id') end
            },
            {
                link_type: 'runs_on',
                linked_id: nullif(regexp_extract(json_extract_string(item, '$.provider_id'), '/([^/]+)$', 1), '')
            },
            { link_type: 'uses', linked_id: json_extract_string(item, '$.private_network_id') },
            { link_type: 'uses', linked_id: json_extract_string(item, '$.registry_namespace_id') },
            { link_type: 'uses', linked_id: json_extract_string(item, '$.load_balancer_id') }
        ], lambda found: found.linked_id is not null) as own_links,
        -- several identifiers in one place
        case
            when resource_type = 'instance_image' then json_extract_string(item, '$.extra_volumes.*.id')
        end as made_from,
        case
            when resource_type = 'block_volume'
                then json_extract_string(item, '$.references[*].product_resource_id')
        end as attached_to,
        case
            when resource_type = 'vpc_gw_gateway'
                then json_extract_string(item, '$.gateway_networks[*].private_network_id')
        end as uses,
        -- said by the other side: by a machine of its volumes and addresses, by a balancer and a gateway of theirs
        case resource_type
            when 'instance_server'
                then list_concat(
                    json_extract_string(item, '$.volumes.*.id'), json_extract_string(item, '$.public_ips[*].id')
                )
            when 'lb_lb' then json_extract_string(item, '$.ip[*].id')
            when 'vpc_gw_gateway' then [json_extract_string(item, '$.ipv4.id')]
        end as owned,
        -- 'kapsule=<id>' and the like, as Kapsule tags what it makes
        case
            when json_type(item, '$.tags') = 'ARRAY' and resource_type <> 'registry_image'
                then list_filter(
                    from_json(json_extract(item, '$.tags'), '["VARCHAR"]'),
                    lambda tag: regexp_matches(tag, '^(kapsule|pool|node)=')
                )
        end as kapsule_tags
    from silver.resource_periods

),

said as (

    select
        resource_id,
        valid_from,
        valid_to,
        unnest(own_links) as link
    from extracted

),

lists as (

    select
        resource_id,
        valid_from,
        valid_to,
        'made_from' as link_type,
        unnest(made_from) as linked_id
    from extracted
    union all
    select
        resource_id,
        valid_from,
        valid_to,
        'attached_to' as link_type,
        unnest(attached_to) as linked_id
    from extracted
    union all
    select
        resource_id,
        valid_from,
        valid_to,
        'uses' as link_type,
        unnest(uses) as linked_id
    from extracted
    union all
    select
        resource_id,
        valid_from,
        valid_to,
        'part_of' as link_type,
        regexp_extract(unnest(kapsule_tags), '^(?:kapsule|pool)=(.+)$', 1) as linked_id
    from extracted

),

owned as (

    select
        resource_id,
        valid_from,
        valid_to,
        unnest(owned) as owned_id
    from extracted

),

nodes as (

    select
        resource_id,
        valid_from,
        valid_to,
        regexp_extract(unnest(kapsule_tags), '^node=(.+)$', 1) as node_id
    from extracted
    where resource_type = 'instance_server'

),

-- each said once, so that rows of a link have an order
links as (

    select
        resource_id,
        link.link_type,
        link.linked_id,
        valid_from,
        valid_to
    from said
    union
    select
        resource_id,
        link_type,
        linked_id,
        valid_from,
        valid_to
    from lists
    union
    select
        owned_id as resource_id,
        'attached_to' as link_type,
        resource_id as linked_id,
        valid_from,
        valid_to
    from owned
    union
    select
        node_id as resource_id,
        'runs_on' as link_type,
        resource_id as linked_id,
        valid_from,
        valid_to
    from nodes

),

-- the same link, told by both sides and unchanged over many snapshots, is one row
marked as (

    select
        *,
        coalesce(valid_to, date '9999-12-31') as ends_on,
        coalesce(
            valid_from <= max(coalesce(valid_to, date '9999-12-31')) over (
                partition by resource_id, link_type, linked_id
                order by valid_from, coalesce(valid_to, date '9999-12-31')
                rows between unbounded preceding and 1 preceding
            ),
            false
        ) as goes_on
    from links
    where nullif(resource_id, '') is not null and nullif(linked_id, '') is not null

),

numbered as (

    select
        *,
        count(*) filter (where not goes_on) over (
            partition by resource_id, link_type, linked_id
            order by valid_from, ends_on
            rows between unbounded preceding and current row
        ) as stretch
    from marked

)

select
    resource_id,
    link_type,
    linked_id,
    min(valid_from) as valid_from,
    nullif(max(ends_on), date '9999-12-31') as valid_to
from numbered
group by resource_id, link_type, linked_id, stretch
