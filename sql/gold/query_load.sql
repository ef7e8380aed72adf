-- What imported query statistics say of the last four weeks they know: by what was asked, who asked and which query,
-- how many there were and, where the import has the columns scanned_bytes and seconds, what they read and how long they
-- took together. What was not imported is null; of two sources that count one resource the larger count holds.
-- grain: resource_id, service, query
-- partition: none
with

facts as (

    select
        resource_id,
        service,
        source,
        coalesce(json_extract_string(labels, '$.query'), '') as query,
        day as usage_date,
        queries,
        try_cast(json_extract_string(labels, '$.scanned_bytes') as decimal(38, 12)) as scanned_bytes,
        try_cast(json_extract_string(labels, '$.seconds') as decimal(38, 12)) as seconds
    from silver.imported_facts
    where kind = 'queries' and resource_id is not null and day is not null and service is not null

),

known as (

    select
        max(usage_date) + 1 as known_until,
        max(usage_date) - 27 as known_from
    from facts

),

sources as (

    select
        facts.resource_id,
        facts.source
    from facts
    cross join known
    where facts.usage_date >= known.known_from
    group by facts.resource_id, facts.source
    qualify row_number() over (
        partition by facts.resource_id
        order by sum(facts.queries) desc, facts.source
    ) = 1

)

select
    facts.resource_id,
    facts.service,
    facts.query,
    known.known_from,
    known.known_until,
    count(distinct facts.usage_date) as days,
    cast(sum(facts.queries) as bigint) as queries,
    -- a sum over days of which some are not known would be too small
    case when count(*) = count(facts.scanned_bytes) then cast(sum(facts.scanned_bytes) as decimal(38, 12)) end
        as scanned_bytes,
    case when count(*) = count(facts.seconds) then cast(sum(facts.seconds) as decimal(38, 12)) end as seconds
from facts
inner join sources on facts.resource_id = sources.resource_id and facts.source = sources.source
cross join known
where facts.usage_date >= known.known_from
group by facts.resource_id, facts.service, facts.query, known.known_from, known.known_until
