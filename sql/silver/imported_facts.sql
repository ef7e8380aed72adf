-- What imported files of business numbers say, each thing once: where two files of one source speak of the same, the
-- one imported last holds. Lines of one file that say the same are as many things.
-- grain: import_key, line_number
-- partition: none
-- stored: view
select *
from bronze.business_numbers
qualify import_key = first_value(import_key) over (
    partition by
        source, kind, day, month, contract_start, happened_at, started_at, ended_at, service, resource_id, resource_ids,
        project_id, environment, tenant, route, is_health_check, digest, version, job, run_id, model, deployment, run,
        labels
    order by imported_at desc, source_file desc, import_key desc
)
