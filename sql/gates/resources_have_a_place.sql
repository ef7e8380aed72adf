-- Every resource has an identity and a type, and no period of it ends before it begins.
-- checks: silver.resources
select
    resource_type,
    count(*) as resources,
    count(*) filter (where coalesce(resource_id, '') = '') as without_id,
    count(*) filter (where valid_to < valid_from) as backwards
from silver.resources
group by resource_type
