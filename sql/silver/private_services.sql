-- Serverless containers and functions that answer to a token only: nobody outside enters there.
-- grain: resource_id
-- partition: none
select resource_id
from silver.resource_periods
where resource_type in ('containers_container', 'functions_function')
group by resource_id
having arg_max(json_extract_string(item, '$.privacy'), valid_from) = 'private'
