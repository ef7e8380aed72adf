-- Requests by product, environment, tenant and day, by each way they were counted. Ways are never added up, nor are the
-- hops of one request: of a product's day one way is its entry (is_entry), in this order: imported numbers of sources
-- that are said to count where requests first enter (units.first_entry_sources), Edge Services, load balancers,
-- containers and functions that are not private, model servers, other imported numbers. Of its month one way counts too
-- (is_month_entry): the first in that order that counted on most of the month's days, else the one that did on more
-- days than others. is_tenant_driver is the first way that tells tenants. A measured request has the product of what
-- served it; an imported one the product called like its service, else that of its resource, else the only one of its
-- project, else its service is the product. Imported numbers without an environment are taken as production, and source
-- says so. Numbers of several services of one product, none of which is said to be its entry, are not usable, and gap
-- says so.
-- grain: usage_date, product, environment, tenant, entry_rank, source
-- partition: billing_month
with

asked as (

    select requests.resource_id
    from silver.requests_daily as requests
    where requests.resource_id is not null
    union
    select numbers.resource_id
    from silver.business_numbers as numbers
    where numbers.kind = 'requests' and numbers.resource_id is not null

),

labels as (

    select distinct
        asked.resource_id,
        costs.project_id,
        costs.charge_date,
        costs.product,
        nullif(costs.environment, 'unknown') as environment,
        costs.service_name = 'Edge Services' as is_edge
    from silver.labelled_costs as costs
    left join asked on costs.resource_id = asked.resource_id

),

served as (

    select
        resource_id,
        charge_date,
        case when count(distinct product) = 1 then min(product) end as product,
        case when count(distinct environment) = 1 then min(environment) end as environment
    from labels
    where resource_id is not null
    group by resource_id, charge_date

),

by_project as (

    select
        project_id,
        charge_date,
        case when count(distinct product) = 1 then min(product) end as product,
        case when count(distinct environment) = 1 then min(environment) end as environment,
        case when count(distinct product) filter (where is_edge) = 1 then min(product) filter (where is_edge) end
            as edge_product
    from labels
    group by project_id, charge_date

),

products as (

    select
        lower(product) as spelled,
        min(product) as product
    from labels
    where product is not null
    group by lower(product)

),

first_entries as (

    select distinct
        unnest(first_entry_sources) as source,
        true as is_first_entry
    from silver.unit_settings

),

-- what two data sources tell of one thing is the same thing
measured as (

    select
        requests.*,
        case requests.service_type
            when 'edge_content_delivery_service' then 1
            when 'load_balancer' then 2
            when 'serverless_container' then 3
            when 'serverless_function' then 3
            when 'vllm' then 4
        end as entry_rank,
        coalesce(
            regexp_matches(lower(requests.route), '(^|/)(healthz?|health[-_]?checks?|livez?|readyz?|ping)/?$'), false
        ) as is_health_check
    from silver.requests_daily as requests
    where
        requests.requests is not null
        and requests.service_type in (
            'edge_content_delivery_service', 'load_balancer', 'serverless_container', 'serverless_function', 'vllm'
        )
        and coalesce(
            requests.resource_id not in (select private.resource_id from silver.private_services as private), true
        )
    qualify row_number() over (
        partition by
            requests.service_type, requests.project_id, requests.region_id, requests.raw_id, requests.resource_name,
            requests.route, requests.tenant, requests.usage_date
        order by requests.coverage desc nulls last, requests.requests desc, requests.data_source_id
    ) = 1

),

from_services as (

    select
        measured.usage_date,
        case
            when measured.entry_rank = 1 then coalesce(by_project.edge_product, by_project.product)
            else served.product
        end as product,
        coalesce(
            case when measured.entry_rank = 1 then by_project.environment else served.environment end, 'unknown'
        ) as environment,
        measured.tenant,
        measured.entry_rank,
        measured.source || ': ' || measured.service_type as source,
        case when not measured.is_health_check then measured.requests else 0 end as requests,
        cast(null as decimal(38, 12)) as successful_requests,
        case when measured.is_health_check then measured.requests else 0 end as health_check_requests,
        measured.coverage,
        coalesce(measured.is_complete, false) as is_complete,
        cast(null as varchar) as service,
        measured.usage_month as billing_month
    from measured
    left join served on measured.resource_id = served.resource_id and measured.usage_date = served.charge_date
    left join by_project
        on
            measured.entry_rank = 1
            and measured.project_id = by_project.project_id
            and measured.usage_date = by_project.charge_date

),

from_files as (

    select
        numbers.usage_date,
        coalesce(products.product, served.product, by_project.product, lower(numbers.service)) as product,
        coalesce(numbers.environment, served.environment, 'prod') as environment,
        numbers.tenant,
        case when settings.is_first_entry then 0 else 9 end as entry_rank,
        'imported: ' || numbers.source || case when settings.is_first_entry then ', first entry' else '' end
        || case
            when coalesce(numbers.environment, served.environment) is null then ', taken as production' else ''
        end as source,
        cast(numbers.requests as decimal(38, 12)) as requests,
        -- a line about health checks says nothing of the others
        cast(
            case when numbers.requests = 0 then 0 else numbers.successful_requests end as decimal(38, 12)
        ) as successful_requests,
        cast(coalesce(numbers.health_check_requests, 0) as decimal(38, 12)) as health_check_requests,
        cast(1 as decimal(38, 12)) as coverage,
        true as is_complete,
        numbers.service,
        numbers.usage_month as billing_month
    from silver.business_numbers as numbers
    left join first_entries as settings on numbers.source = settings.source
    left join products on lower(numbers.service) = products.spelled
    left join served on numbers.resource_id = served.resource_id and numbers.usage_date = served.charge_date
    left join by_project
        on numbers.project_id = by_project.project_id and numbers.usage_date = by_project.charge_date
    where numbers.kind = 'requests'

),

counted as (

    select * from from_services
    union all
    select * from from_files

),

ways as (

    select
        usage_date,
        product,
        environment,
        entry_rank,
        source,
        entry_rank = 9 and count(distinct lower(service)) > 1 as is_ambiguous,
        count(tenant) > 0 as tells_tenants,
        billing_month
    from counted
    group by usage_date, product, environment, entry_rank, source, billing_month

),

-- days on which a product could be counted: those with charges, or those with any count of it
charged_days as (

    select
        strftime(charge_date, '%Y-%m') as billing_month,
        count(distinct charge_date) as days
    from by_project
    group by all

),

counted_days as (

    select
        billing_month,
        product,
        environment,
        count(distinct usage_date) as days
    from ways
    group by all

),

month_ways as (

    select
        ways.billing_month,
        ways.product,
        ways.environment,
        ways.entry_rank,
        ways.source,
        count(*) filter (where not ways.is_ambiguous) as days,
        count(*) filter (where not ways.is_ambiguous) * 2
        > greatest(coalesce(any_value(charged_days.days), 0), any_value(counted_days.days)) as counts_most_days
    from ways
    inner join counted_days
        on
            ways.billing_month = counted_days.billing_month
            and ways.product is not distinct from counted_days.product
            and ways.environment = counted_days.environment
    left join charged_days on ways.billing_month = charged_days.billing_month
    group by all

),

month_entries as (

    select
        billing_month,
        product,
        environment,
        entry_rank,
        source
    from month_ways
    qualify row_number() over (
        partition by billing_month, product, environment
        order by counts_most_days desc, case when counts_most_days then 0 else days end desc, entry_rank, source
    ) = 1

),

chosen as (

    select
        *,
        row_number() over (partition by usage_date, product, environment order by entry_rank, source) = 1 as is_entry,
        tells_tenants and not is_ambiguous and row_number() over (
            partition by usage_date, product, environment
            order by tells_tenants and not is_ambiguous desc, entry_rank, source
        ) = 1 as is_tenant_driver
    from ways

),

summed as (

    select
        usage_date,
        product,
        environment,
        tenant,
        entry_rank,
        source,
        sum(requests) as requests,
        case when count(*) = count(successful_requests) then sum(successful_requests) end as successful_requests,
        sum(health_check_requests) as health_check_requests,
        min(coverage) as coverage,
        bool_and(is_complete) as is_complete,
        billing_month
    from counted
    group by all

)

select
    summed.usage_date,
    summed.product,
    summed.environment,
    summed.tenant,
    summed.entry_rank,
    summed.source,
    chosen.is_entry,
    month_entries.source is not null as is_month_entry,
    chosen.is_tenant_driver,
    cast(case when not chosen.is_ambiguous then summed.requests end as decimal(38, 12)) as requests,
    cast(case when not chosen.is_ambiguous then summed.successful_requests end as decimal(38, 12))
        as successful_requests,
    cast(summed.health_check_requests as decimal(38, 12)) as health_check_requests,
    cast(summed.coverage as decimal(38, 12)) as coverage,
    summed.is_complete,
    case
        when chosen.is_ambiguous
            then
                'several services of it are counted and none says that requests enter there first: '
                || 'name their source in units.first_entry_sources'
    end as gap,
    summed.billing_month
from summed
inner join chosen
    on
        summed.usage_date = chosen.usage_date
        and summed.product is not distinct from chosen.product
        and summed.environment = chosen.environment
        and summed.entry_rank = chosen.entry_rank
        and summed.source = chosen.source
left join month_entries
    on
        summed.billing_month = month_entries.billing_month
        and summed.product is not distinct from month_entries.product
        and summed.environment = month_entries.environment
        and summed.entry_rank = month_entries.entry_rank
        and summed.source = month_entries.source
