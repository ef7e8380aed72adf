-- The newest measurement of every source, place and day; what it says supersedes all earlier ones.
-- A measurement that could not be made has no reading_hash, and its note says why.
-- grain: source, place, day
-- partition: usage_month
-- stored: view
select
    source,
    place,
    day,
    arg_max(reading_hash, row(asked_at, coalesce(reading_hash, ''))) filter (where reading_hash is not null)
        as reading_hash,
    arg_max(project_id, asked_at) as project_id,
    arg_max(region_id, asked_at) as region_id,
    arg_max(measured_rows, asked_at) as measured_rows,
    arg_max(is_final, asked_at) as is_final,
    arg_max(note, asked_at) as note,
    max(asked_at) as asked_at,
    any_value(usage_month) as usage_month
from bronze.measurements
group by source, place, day
