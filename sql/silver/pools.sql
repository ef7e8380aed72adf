-- The node pools of Kapsule as the inventory shows them now: what their nodes are, how many there are and may be, and
-- the Instances that carry them.
-- grain: pool_id
-- partition: none
with

pools as (

    select
        resource_id as pool_id,
        json_transform(
            item,
            '{
                "cluster_id": "VARCHAR", "node_type": "VARCHAR", "zone": "VARCHAR", "autoscaling": "BOOLEAN",
                "size": "BIGINT", "min_size": "BIGINT", "max_size": "BIGINT"
            }'
        ) as pool
    from silver.resource_periods
    where resource_type = 'k8s_pool' and valid_to is null

),

nodes as (

    select
        parts.linked_id as pool_id,
        list(distinct runs.linked_id order by runs.linked_id) as node_ids
    from silver.resource_links as runs
    inner join silver.resource_links as parts on runs.resource_id = parts.resource_id
    where
        runs.link_type = 'runs_on'
        and parts.link_type = 'part_of'
        and runs.valid_to is null
        and parts.valid_to is null
    group by parts.linked_id

)

select
    pools.pool_id,
    pools.pool.cluster_id,
    replace(upper(pools.pool.node_type), '_', '-') as node_type,
    pools.pool.zone as availability_zone,
    pools.pool.size as node_count,
    pools.pool.min_size,
    pools.pool.max_size,
    coalesce(pools.pool.autoscaling, false) as has_autoscaling,
    coalesce(nodes.node_ids, cast([] as varchar[])) as node_ids
from pools
left join nodes on pools.pool_id = nodes.pool_id
