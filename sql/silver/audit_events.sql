-- Who did what to which resource, as the Audit Trail recorded it: one row for each resource of an event.
-- principal_id, source_ip and user_agent are personal data: whoever may read the lake may read them.
-- grain: event_id, resource_id
-- partition: billing_month
-- reads: bronze.audit_events 1 month back
-- reads: bronze.answers 1 month back
with

-- an event at midnight may be in the answers of both days
events as (

    select
        audit_events.item,
        audit_events.answer_hash,
        json_extract_string(audit_events.item, '$.id') as event_id,
        cast(json_extract_string(audit_events.item, '$.recorded_at') as timestamptz) as recorded_at
    from bronze.audit_events
    inner join silver.latest_answers on audit_events.answer_hash = latest_answers.answer_hash
    where latest_answers.source = 'audit_trail.events'
    qualify row_number() over (
        partition by json_extract_string(audit_events.item, '$.id')
        order by latest_answers.asked_at desc, audit_events.answer_hash, audit_events.position
    ) = 1

),

resources as (

    select
        *,
        -- an event without a resource is one row all the same
        unnest(
            case
                when json_array_length(item, '$.resources') > 0 then json_extract(item, '$.resources[*]')
                else [cast('{}' as json)]
            end
        ) as resource
    from events

)

select
    event_id,
    recorded_at,
    coalesce(json_extract_string(resource, '$.id'), '') as resource_id,
    any_value(json_extract_string(resource, '$.type')) as resource_type,
    any_value(json_extract_string(resource, '$.name')) as resource_name,
    json_extract_string(item, '$.organization_id') as organization_id,
    json_extract_string(item, '$.project_id') as project_id,
    json_extract_string(item, '$.locality') as locality,
    json_extract_string(item, '$.product_name') as product_name,
    json_extract_string(item, '$.service_name') as service_name,
    json_extract_string(item, '$.method_name') as method_name,
    -- of an action on a machine, which: poweron, poweroff, stop_in_place, …
    json_extract_string(item, '$.request_body.action') as action,
    try_cast(json_extract_string(item, '$.status_code') as integer) as status_code,
    json_extract_string(item, '$.principal.id') as principal_id,
    json_extract_string(item, '$.source_ip') as source_ip,
    json_extract_string(item, '$.user_agent') as user_agent,
    cast(json_extract(item, '$.request_body') as varchar) as request_body,
    answer_hash,
    strftime(recorded_at, '%Y-%m') as billing_month
from resources
group by all
