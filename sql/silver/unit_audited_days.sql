-- Days about which the Audit Trail was asked as a whole: of these it tells every call that changed something.
-- grain: audited_date
-- partition: billing_month
-- stored: view
with

days as (

    select distinct
        cast(
            unnest(
                generate_series(
                    cast(json_extract_string(parameters, '$.recorded_after') as timestamptz),
                    cast(json_extract_string(parameters, '$.recorded_before') as timestamptz) - interval 1 day,
                    interval 1 day
                )
            ) as date
        ) as audited_date
    from silver.latest_answers
    where source = 'audit_trail.events'

)

select
    audited_date,
    strftime(audited_date, '%Y-%m') as billing_month
from days
