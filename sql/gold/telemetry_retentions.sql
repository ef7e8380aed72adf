-- For how long each data source of Cockpit keeps what it holds, as of the newest day known of the month, and when in
-- the weeks before that last became another number of days: changed_on is the first day that showed it.
-- grain: usage_month, data_source_id
-- partition: usage_month
-- reads: silver.telemetry_daily 1 month back
with

months as (

    select
        usage_month,
        max(usage_date) as last_date
    from silver.telemetry_daily
    group by usage_month

),

days as (

    select
        months.usage_month,
        telemetry.data_source_id,
        telemetry.usage_date,
        max(telemetry.signal) as signal,
        max(telemetry.retention_days) as retention_days
    from months
    inner join silver.telemetry_daily as telemetry
        on months.last_date >= telemetry.usage_date and months.last_date - 45 < telemetry.usage_date
    where telemetry.data_source_id is not null and telemetry.retention_days is not null
    group by months.usage_month, telemetry.data_source_id, telemetry.usage_date

),

compared as (

    select
        *,
        lag(retention_days) over (partition by usage_month, data_source_id order by usage_date) as previous_days
    from days

)

select
    usage_month,
    data_source_id,
    any_value(signal) as signal,
    arg_max(retention_days, usage_date) as retention_days,
    max(usage_date) as seen_until,
    max(usage_date) filter (where previous_days <> retention_days) as changed_on,
    arg_max(previous_days, usage_date) filter (where previous_days <> retention_days) as previous_days
from compared
group by usage_month, data_source_id
