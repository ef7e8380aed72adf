-- Requests and tokens by service, resource, route, tenant and day. Each source counts in its own way, so sources are
-- never added up; what was not counted is null, and coverage is the share of the day's samples that were seen.
-- raw_id is what the source calls the thing, resource_id what the bill does, null where that is not known.
-- grain: source, data_source_id, service_type, project_id, region_id, raw_id, resource_name, route, tenant, usage_date
-- partition: usage_month
with

readings as (

    select
        source,
        reading_hash,
        asked_at
    from silver.latest_measurements
    where source in ('cockpit.requests', 'edge_services.requests') and reading_hash is not null

),

from_cockpit as (

    select
        'cockpit' as source,
        requests.data_source_id,
        requests.service_type,
        resources.resource_id,
        requests.resource_id as raw_id,
        requests.resource_name,
        requests.project_id,
        requests.region as region_id,
        requests.route,
        requests.tenant,
        requests.day as usage_date,
        requests.requests,
        requests.input_tokens,
        requests.output_tokens,
        requests.source as counted_by,
        requests.coverage,
        requests.is_complete,
        requests.usage_month
    from bronze.requests_daily as requests
    inner join readings on requests.reading_hash = readings.reading_hash and readings.source = 'cockpit.requests'
    left join silver.measured_resources as resources
        on
            requests.project_id is not distinct from resources.project_id
            and requests.service_type = resources.resource_type
            and requests.resource_id is not distinct from resources.raw_id
            and requests.resource_name is not distinct from resources.resource_name
            and requests.day = resources.usage_date

),

-- Edge Services tell the month to date, which begins anew with each month
edge_snapshots as (

    select
        requests.*,
        readings.asked_at,
        lag(requests.day) over project_history as previous_day,
        lag(requests.requests) over project_history as previous_requests,
        lag(readings.asked_at) over project_history as previous_asked_at
    from bronze.requests_daily as requests
    inner join readings on requests.reading_hash = readings.reading_hash and readings.source = 'edge_services.requests'
    window project_history as (partition by requests.project_id order by requests.day)

),

from_edge as (

    select
        'edge services' as source,
        data_source_id,
        service_type,
        cast(null as varchar) as resource_id,
        resource_id as raw_id,
        resource_name,
        project_id,
        region as region_id,
        route,
        tenant,
        day - 1 as usage_date,
        case when day(day) = 2 then requests else requests - previous_requests end as requests,
        input_tokens,
        output_tokens,
        source as counted_by,
        coverage,
        asked_at - cast(day as timestamptz) < interval 1 hour
        and (day(day) = 2 or previous_asked_at - cast(previous_day as timestamptz) < interval 1 hour) as is_complete,
        usage_month
    from edge_snapshots
    -- a month's last hours are not told any more, and a count that fell is one of another plan
    where day(day) = 2 or (day(day) > 2 and previous_day = day - 1 and requests >= previous_requests)

),

counted as (

    select * from from_cockpit
    union all
    select * from from_edge

)

select
    source,
    data_source_id,
    service_type,
    resource_id,
    raw_id,
    resource_name,
    project_id,
    region_id,
    route,
    tenant,
    usage_date,
    try_cast(requests as decimal(38, 12)) as requests,
    try_cast(input_tokens as decimal(38, 12)) as input_tokens,
    try_cast(output_tokens as decimal(38, 12)) as output_tokens,
    counted_by,
    try_cast(coverage as decimal(38, 12)) as coverage,
    is_complete,
    usage_month
from counted
