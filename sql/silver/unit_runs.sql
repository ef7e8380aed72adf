-- Runs of jobs that ended, with the window of six hours of the day (UTC) they began in.
-- grain: source, run_id
-- partition: billing_month
-- stored: view
select
    source,
    run_id,
    job_name,
    lpad(cast(hour(started_at) // 6 * 6 as varchar), 2, '0') || '-'
    || lpad(cast(hour(started_at) // 6 * 6 + 6 as varchar), 2, '0') as batch_window,
    region_id,
    job_id,
    resource_id,
    status,
    started_at,
    coalesce(ended_at, started_at + to_microseconds(cast(duration_seconds * 1000000 as bigint))) as ended_at,
    duration_seconds,
    vcpu_seconds,
    gb_seconds,
    run_date,
    billing_month
from silver.job_runs
where started_at is not null and duration_seconds is not null and status not in ('queued', 'running')
