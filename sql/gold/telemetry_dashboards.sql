-- Who asked databases and warehouses in the last seventeen weeks that imported numbers of queries tell of: dashboards,
-- reports and services, with the day they last asked and how much in the last four weeks known. is_unused says that
-- each source that told of it tells of no query in its own last four weeks; an import that ended marks nothing. Of two
-- sources that count the same one the larger count holds.
-- grain: service, resource_id
-- partition: none
with

told as (

    select
        service,
        resource_id,
        source,
        usage_date,
        sum(queries) as queries
    from silver.business_numbers
    where kind = 'queries' and queries is not null and service is not null and not is_whole_month
    group by all

),

sources as (

    select
        source,
        max(usage_date) + 1 as known_until
    from told
    group by source

),

asked as (

    select
        told.service,
        told.resource_id,
        told.source,
        sources.known_until,
        max(told.usage_date) filter (where told.queries > 0) as last_asked,
        coalesce(sum(told.queries) filter (where told.usage_date >= sources.known_until - 28), 0) as queries,
        sum(told.queries) filter (where told.usage_date < sources.known_until - 28) as queries_before
    from told
    inner join sources on told.source = sources.source
    where told.usage_date >= sources.known_until - 119
    group by told.service, told.resource_id, told.source, sources.known_until

)

select
    service,
    resource_id,
    max(known_until) as known_until,
    max(last_asked) as last_asked,
    cast(max(queries) as bigint) as queries,
    cast(max(queries_before) as bigint) as queries_before,
    max(queries) = 0 as is_unused
from asked
where last_asked is not null
group by service, resource_id
