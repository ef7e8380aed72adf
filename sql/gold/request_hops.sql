-- Requests of the last four weeks known of the month by project, route and hop: where they enter (Edge Services, else a
-- load balancer, else a container), and what they cause behind. Only routes are compared that more than one hop counts;
-- failed_share is that of imported numbers of the route, null where nobody told. A hop is one row with its resources.
-- grain: usage_month, project_id, route, hop
-- partition: usage_month
-- reads: silver.requests_daily 1 month back
with

hops as (

    select
        unnest(['edge_services', 'load_balancer', 'serverless_container', 'serverless_function']) as service_type,
        unnest([1, 2, 3, 4]) as hop

),

months as (

    select
        usage_month,
        max(usage_date) + 1 as known_until,
        max(usage_date) - 27 as known_from
    from silver.requests_daily
    group by all

),

counted as (

    select
        months.usage_month,
        months.known_from,
        months.known_until,
        requests.project_id,
        requests.route,
        hops.hop,
        hops.service_type,
        list(distinct requests.resource_id order by requests.resource_id) as resource_ids,
        count(distinct requests.usage_date) as counted_days,
        sum(requests.requests) as requests
    from silver.requests_daily as requests
    inner join hops on requests.service_type = hops.service_type
    inner join months
        on requests.usage_date >= months.known_from and requests.usage_date < months.known_until
    where requests.route is not null and requests.resource_id is not null and requests.requests is not null
    group by all

),

entries as (

    select
        usage_month,
        project_id,
        route,
        min(hop) as entry_hop
    from counted
    where requests > 0
    group by all
    having count(*) > 1

),

told as (

    select
        months.usage_month,
        facts.project_id,
        facts.route,
        sum(facts.failed) as failed,
        sum(facts.requests) as requests
    from silver.imported_facts as facts
    inner join months on facts.day >= months.known_from and facts.day < months.known_until
    where facts.kind = 'requests' and facts.failed is not null and not coalesce(facts.is_health_check, false)
    group by all

),

caches as (

    select distinct project_id
    from silver.resources
    where resource_type = 'edge_services_pipeline' and valid_to is null

)

select
    counted.project_id,
    counted.route,
    counted.hop,
    counted.service_type,
    counted.resource_ids,
    counted.counted_days,
    counted.requests,
    entry.service_type as entry_service_type,
    entry.counted_days as entry_counted_days,
    entry.requests as entry_requests,
    cast(cast(told.failed as double) / nullif(cast(told.requests as double), 0) as decimal(38, 12)) as failed_share,
    caches.project_id is not null as has_edge_cache,
    counted.known_from,
    counted.known_until,
    counted.usage_month
from counted
inner join entries
    on
        counted.usage_month = entries.usage_month
        and counted.project_id = entries.project_id
        and counted.route = entries.route
inner join counted as entry
    on
        entries.usage_month = entry.usage_month
        and entries.project_id = entry.project_id
        and entries.route = entry.route
        and entries.entry_hop = entry.hop
left join told
    on
        counted.usage_month = told.usage_month
        and counted.project_id = told.project_id
        and counted.route = told.route
left join caches on counted.project_id = caches.project_id
where counted.hop > entries.entry_hop
