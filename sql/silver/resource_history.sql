-- How each resource came, changed and went: one row per period, with the fields that differ from the period before.
-- An answer equal to the last one is not stored, so last_seen of what still exists is the day it last changed anything
-- in its listing; gone_on is the day it was first missed.
-- grain: resource_id, valid_from
-- partition: none
with

periods as (

    select
        *,
        lag(item) over (
            partition by resource_id
            order by valid_from
        ) as previous_item,
        lag(valid_to) over (
            partition by resource_id
            order by valid_from
        ) as previous_valid_to
    from silver.resource_periods
    where resource_type <> 'annotations_binding'

),

fields as (

    select
        resource_id,
        valid_from,
        item,
        previous_item,
        unnest(list_distinct(list_concat(json_keys(item), json_keys(previous_item)))) as field
    from periods
    where previous_item is not null

),

changed as (

    select
        resource_id,
        valid_from,
        list(field order by field) as changed_fields
    from fields
    where
        field not in (
            'updated_at', 'modification_date', 'next_run_at', 'last_run', 'next_update', 'tags_as_of'
        )
        and json_extract(item, '/' || replace(replace(field, '~', '~0'), '/', '~1'))
        is distinct from json_extract(previous_item, '/' || replace(replace(field, '~', '~0'), '/', '~1'))
    group by resource_id, valid_from

)

select
    periods.resource_id,
    periods.resource_type,
    periods.valid_from,
    periods.valid_to,
    min(periods.valid_from) over (partition by periods.resource_id) as first_seen,
    cast(max(periods.last_seen_at) over (partition by periods.resource_id) as date) as last_seen,
    case
        when not bool_or(periods.is_current) over (partition by periods.resource_id)
            then max(periods.valid_to) over (partition by periods.resource_id)
    end as gone_on,
    bool_or(periods.is_current) over (partition by periods.resource_id) as is_current,
    -- it was missing for a while, and is back
    coalesce(periods.previous_valid_to < periods.valid_from, false) as came_back,
    coalesce(changed.changed_fields, []) as changed_fields
from periods
left join changed on periods.resource_id = changed.resource_id and periods.valid_from = changed.valid_from
