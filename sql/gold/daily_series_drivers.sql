-- What may drive a project's cost of a service, by day: of usage requests, tokens, telemetry in GB or samples; of
-- capacity the GB-hours stored, where all of the project's were measured and none is derived from the bill. Of several
-- sources that count the same, the one with most days holds; sources are never added up.
-- grain: usage_date, project_id, service_name, behaviour
-- partition: none
-- stored: view
with

ranked as (

    select
        *,
        count(*) over (partition by project_id, service_name, behaviour, source, driver) as days
    from silver.driver_units

)

select
    usage_date,
    project_id,
    service_name,
    behaviour,
    driver,
    source,
    units
from ranked
qualify
    dense_rank() over (
        partition by project_id, service_name, behaviour
        order by days desc, source, driver
    ) = 1
