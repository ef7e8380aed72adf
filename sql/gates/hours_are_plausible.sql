-- Quantiles of an hour rise, it has samples, no more than fit, and none of them is infinite; the newest two months.
-- checks: bronze.usage_hourly
select
    metric,
    count(*) as hours,
    count(*) filter (
        where not (min <= p50 and p50 <= p95 and p95 <= p99 and p99 <= p995 and p995 <= max)
    ) as unordered,
    count(*) filter (where samples < 1) as empty_hours,
    count(*) filter (where samples > expected_samples) as overfull,
    count(*) filter (where not isfinite(mean)) as not_finite
from bronze.usage_hourly
where
    usage_month in (
        select newest.usage_month
        from bronze.usage_hourly as newest
        group by all
        order by all desc
        limit 2
    )
group by metric
