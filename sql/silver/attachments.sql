-- What each thing that only serves others is used by: volumes and addresses by what they are attached to, load
-- balancers by the servers behind them, gateways by their networks, clusters and pools by their nodes, snapshots and
-- images by what was made from them, namespaces of the registry by containers. used_by is null where the inventory does
-- not tell. unused_since is the day from which it is known; what was never seen in use (was_used) is unused since it
-- was first seen. parts are the snapshots an image is made of.
-- grain: resource_id
-- partition: none
-- stored: view
with

current_things as (

    select
        resource_id,
        resource_type,
        item,
        path
    from silver.resource_periods
    where valid_to is null

),

known as (

    select
        resource_id,
        min(valid_from) as first_seen,
        cast(min(created_at) as date) as created_on,
        arg_max(size_bytes, valid_from) as size_bytes,
        arg_max(resource_name, valid_from) as resource_name,
        bool_or(valid_to is null) as exists_now
    from silver.resources
    group by resource_id

),

things as (

    select
        current_things.*,
        known.first_seen,
        known.created_on,
        known.size_bytes
    from current_things
    inner join known on current_things.resource_id = known.resource_id
    where
        current_things.resource_type in (
            'block_volume', 'instance_volume', 'instance_ip', 'flexible_ip_flexible_ip', 'ipam_ip', 'lb_ip',
            'vpc_gw_ip', 'lb_lb', 'vpc_gw_gateway', 'k8s_cluster', 'k8s_pool', 'block_snapshot', 'instance_snapshot',
            'instance_image', 'registry_namespace'
        )

),

attached as (

    select
        resource_id,
        count(*) filter (where valid_to is null) as used_by,
        max(valid_to) as last_until,
        arg_max(linked_id, row(coalesce(valid_to, date '9999-12-31'), linked_id)) as last_used_by
    from silver.resource_links
    where link_type = 'attached_to'
    group by resource_id

),

-- backends that cannot be read are told by their number alone
backends as (

    select
        json_extract_string(item, '$.lb.id') as resource_id,
        sum(
            coalesce(json_array_length(item, '$.pool'), 0)
            + case when nullif(json_extract_string(item, '$.failover_host'), '') is null then 0 else 1 end
        ) as used_by
    from current_things
    where resource_type = 'lb_backend'
    group by all

),

nodes as (

    select
        links.linked_id as resource_id,
        count(distinct links.resource_id) as used_by
    from silver.resource_links as links
    inner join current_things on links.resource_id = current_things.resource_id
    where links.link_type = 'part_of' and links.valid_to is null and current_things.resource_type = 'k8s_node'
    group by links.linked_id

),

wanted_nodes as (

    select
        json_extract_string(item, '$.cluster_id') as cluster_id,
        sum(try_cast(json_extract_string(item, '$.size') as bigint)) as node_count
    from current_things
    where resource_type = 'k8s_pool'
    group by all

),

-- what was made from a snapshot or an image, and what pulls from a registry
users as (

    select
        links.linked_id as resource_id,
        count(*) as used_by
    from silver.resource_links as links
    inner join current_things on links.resource_id = current_things.resource_id
    where links.link_type in ('made_from', 'uses') and links.valid_to is null
    group by links.linked_id

),

parts_of_images as (

    select
        resource_id,
        list(distinct linked_id order by linked_id) as parts
    from silver.resource_links
    where link_type = 'made_from' and valid_to is null
    group by resource_id

),

-- when the last of those that used a thing went away: said by them, and by a gateway of its networks
ends as (

    select
        unnest(case when link_type = 'uses' then [linked_id, resource_id] else [linked_id] end) as resource_id,
        valid_to
    from silver.resource_links
    where link_type in ('part_of', 'made_from', 'uses') and valid_to is not null

),

last_ends as (

    select
        resource_id,
        max(valid_to) as last_until
    from ends
    group by resource_id

),

sources as (

    select
        resource_id,
        any_value(linked_id) as source_id
    from silver.resource_links
    where link_type = 'taken_from'
    group by resource_id

),

clusters as (

    select
        links.resource_id,
        any_value(links.linked_id) as cluster_id,
        bool_or(current_things.resource_id is not null) as cluster_exists
    from silver.resource_links as links
    left join current_things on links.linked_id = current_things.resource_id
    where links.link_type = 'part_of' and links.valid_to is null
    group by links.resource_id

),

pushed as (

    select
        json_extract_string(item, '$.image_id') as image_id,
        json_extract_string(item, '$.namespace_id') as namespace_id,
        try_cast(
            coalesce(json_extract_string(item, '$.updated_at'), json_extract_string(item, '$.created_at'))
            as timestamptz
        ) as pushed_at
    from current_things
    where resource_type in ('registry_image', 'registry_tag')

),

images as (

    select
        resource_id,
        json_extract_string(item, '$.namespace_id') as namespace_id
    from current_things
    where resource_type = 'registry_image'

),

pushes as (

    select
        coalesce(images.namespace_id, pushed.namespace_id) as resource_id,
        max(pushed.pushed_at) as last_pushed_at
    from pushed
    left join images on pushed.image_id = images.resource_id
    group by all

),

counted as (

    select
        things.*,
        case
            when
                things.resource_type in (
                    'block_volume', 'instance_volume', 'instance_ip', 'flexible_ip_flexible_ip', 'ipam_ip', 'lb_ip',
                    'vpc_gw_ip'
                )
                then coalesce(attached.used_by, 0)
            when things.resource_type = 'lb_lb'
                then
                    coalesce(
                        backends.used_by, try_cast(json_extract_string(things.item, '$.backend_count') as bigint)
                    )
            when things.resource_type = 'vpc_gw_gateway' then json_array_length(things.item, '$.gateway_networks')
            when things.resource_type = 'k8s_cluster'
                then greatest(coalesce(nodes.used_by, 0), coalesce(wanted_nodes.node_count, 0))
            when things.resource_type = 'k8s_pool'
                then
                    greatest(
                        coalesce(nodes.used_by, 0),
                        try_cast(json_extract_string(things.item, '$.size') as bigint)
                    )
            else coalesce(users.used_by, 0)
        end as used_by,
        coalesce(attached.last_until, last_ends.last_until) as last_until,
        attached.last_used_by,
        sources.source_id,
        clusters.cluster_id,
        clusters.cluster_exists,
        pushes.last_pushed_at,
        case when things.resource_type = 'instance_image' then parts_of_images.parts end as parts
    from things
    left join attached on things.resource_id = attached.resource_id
    left join last_ends on things.resource_id = last_ends.resource_id
    left join backends on things.resource_id = backends.resource_id
    left join nodes on things.resource_id = nodes.resource_id
    left join wanted_nodes on things.resource_id = wanted_nodes.cluster_id
    left join users on things.resource_id = users.resource_id
    left join sources on things.resource_id = sources.resource_id
    left join clusters on things.resource_id = clusters.resource_id
    left join pushes on things.resource_id = pushes.resource_id
    left join parts_of_images on things.resource_id = parts_of_images.resource_id

)

select
    counted.resource_id,
    counted.resource_type,
    cast(counted.used_by as bigint) as used_by,
    case
        when counted.used_by = 0
            then
                coalesce(
                    try_cast(json_extract_string(counted.item, '$.last_detached_at') as date),
                    counted.last_until,
                    greatest(counted.first_seen, counted.created_on)
                )
    end as unused_since,
    coalesce(
        json_extract_string(counted.item, '$.last_detached_at') is not null
        or counted.last_used_by is not null
        or counted.last_until is not null,
        false
    ) as was_used,
    counted.last_used_by,
    last_users.resource_name as last_used_by_name,
    coalesce(last_users.exists_now, false) as last_user_exists,
    counted.source_id,
    coalesce(source_things.exists_now, false) as source_exists,
    counted.cluster_id,
    coalesce(counted.cluster_exists, false) as cluster_exists,
    cast(counted.last_pushed_at as date) as last_pushed_on,
    counted.created_on,
    counted.size_bytes,
    counted.parts
from counted
left join known as last_users on counted.last_used_by = last_users.resource_id
left join known as source_things on counted.source_id = source_things.resource_id
