-- Which resource a metric speaks of, by what its series call it and by day. Most name the identifier themselves; a
-- machine that runs node_exporter, an NVIDIA exporter or vLLM is known by its name or an address of it, a Kapsule
-- cluster by its name, and a bucket's name is its identifier. A machine that was gone before the inventory was first
-- read is known by the name its charges of that day carry. A name that could be meant for two things means neither:
-- resource_id is null where it is not known. project_id is the data source's where the series say none.
-- grain: project_id, resource_type, raw_id, resource_name, usage_date
-- partition: usage_month
with

machines as (

    select
        resource_id,
        -- a Kapsule node is the Instance it runs on
        billed_id,
        project_id,
        lower(resource_name) as known_as,
        cast(created_at as date) as created_on,
        valid_from,
        valid_to
    from silver.resources
    where
        resource_type in (
            'instance_server', 'baremetal_server', 'dedibox_server', 'apple_silicon_server', 'k8s_node'
        )

),

names as (

    select
        'machine' as kind,
        billed_id as resource_id,
        project_id,
        known_as,
        created_on,
        valid_from,
        valid_to
    from machines
    union all
    select
        'machine' as kind,
        machines.billed_id as resource_id,
        machines.project_id,
        split_part(addresses.resource_name, '/', 1) as known_as,
        machines.created_on,
        greatest(machines.valid_from, links.valid_from) as valid_from,
        least(machines.valid_to, links.valid_to) as valid_to
    from silver.resource_links as links
    inner join silver.resources as addresses on links.resource_id = addresses.resource_id
    inner join machines on links.linked_id = machines.resource_id
    where links.link_type = 'attached_to' and addresses.resource_type in ('instance_ip', 'ipam_ip')
    union all
    select
        'cluster' as kind,
        resource_id,
        project_id,
        lower(resource_name) as known_as,
        cast(created_at as date) as created_on,
        valid_from,
        valid_to
    from silver.resources
    where resource_type = 'k8s_cluster'

),

machine_skus as (

    select distinct costs.sku
    from silver.costs as costs
    inner join silver.sku_families as families on regexp_matches(lower(costs.sku), families.sku_pattern)
    where families.service_name in ('Instances', 'GPU Instances', 'Elastic Metal', 'Apple silicon', 'Dedibox')

),

charged as (

    select distinct
        costs.resource_id,
        costs.project_id,
        lower(costs.resource_name) as known_as,
        costs.charge_date
    from silver.costs as costs
    inner join machine_skus on costs.sku = machine_skus.sku
    where costs.resource_id is not null and costs.resource_name is not null

),

-- 'web-1:9100' is the port of an exporter on web-1
sought as (

    select
        *,
        case
            when resource_type in ('machine', 'gpu', 'vllm', 'tgi', 'triton') then 'machine'
            when resource_type = 'kubernetes_cluster' then 'cluster'
        end as kind,
        [
            lower(regexp_replace(raw_id, ':[0-9]+$', '')),
            lower(regexp_replace(resource_name, ':[0-9]+$', ''))
        ] as names_told
    from silver.measured_things

),

-- machines of many projects may send to one data source, so those of its own project come first; and what the
-- inventory shows on a day comes before what it showed on others, when it was perhaps not looked at yet; a name on the
-- bill says nothing about a machine that the inventory of the same projects knows
candidates as (

    select
        sought.project_id,
        sought.resource_type,
        sought.raw_id,
        sought.resource_name,
        sought.usage_date,
        names.resource_id,
        case when sought.project_id = names.project_id then 0 else 3 end
        + case
            when sought.usage_date >= names.valid_from and coalesce(sought.usage_date < names.valid_to, true) then 0
            else 1
        end as distance
    from sought
    inner join names
        on
            sought.kind = names.kind
            and list_contains(sought.names_told, names.known_as)
            and coalesce(sought.usage_date >= names.created_on, true)
            and (sought.project_id = names.project_id or sought.kind = 'machine')
    union all
    select
        sought.project_id,
        sought.resource_type,
        sought.raw_id,
        sought.resource_name,
        sought.usage_date,
        charged.resource_id,
        case when sought.project_id = charged.project_id then 2 else 5 end as distance
    from sought
    inner join charged
        on
            sought.usage_date = charged.charge_date
            and list_contains(sought.names_told, charged.known_as)
    where sought.kind = 'machine'

),

nearest as (

    select *
    from candidates
    qualify
        distance = min(distance) over (
            partition by project_id, resource_type, raw_id, resource_name, usage_date
        )

),

found as (

    select
        project_id,
        resource_type,
        raw_id,
        resource_name,
        usage_date,
        any_value(resource_id) as resource_id
    from nearest
    group by project_id, resource_type, raw_id, resource_name, usage_date
    having count(distinct resource_id) = 1

)

select
    called.project_id,
    called.resource_type,
    called.raw_id,
    called.resource_name,
    called.usage_date,
    case
        when
            regexp_full_match(lower(called.raw_id), '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
            then lower(called.raw_id)
        when called.resource_type = 'object_storage_bucket' then called.raw_id
        else found.resource_id
    end as resource_id,
    called.usage_month
from silver.measured_things as called
left join found
    on
        called.project_id is not distinct from found.project_id
        and called.resource_type = found.resource_type
        and called.raw_id is not distinct from found.raw_id
        and called.resource_name is not distinct from found.resource_name
        and called.usage_date = found.usage_date
