-- Bytes of each bucket by storage class on the days it was listed, all versions and incomplete parts included; of them
-- those of current versions, and those of the whole bucket.
-- grain: project_id, bucket, as_of, storage_class
-- partition: usage_month
-- stored: view
with

cells as (

    select
        project_id,
        bucket,
        as_of,
        lower(storage_class) as storage_class,
        sum(bytes) as bytes,
        coalesce(sum(bytes) filter (where state = 'current'), 0) as live_bytes
    from silver.storage_histograms
    group by all
    union all
    select
        project_id,
        bucket,
        as_of,
        lower(storage_class) as storage_class,
        sum(bytes) as bytes,
        0 as live_bytes
    from silver.storage_uploads
    where bytes > 0
    group by all

)

select
    project_id,
    bucket,
    as_of,
    storage_class,
    cast(sum(bytes) as hugeint) as bytes,
    cast(sum(live_bytes) as hugeint) as live_bytes,
    cast(sum(sum(bytes)) over (partition by project_id, bucket, as_of) as hugeint) as bucket_bytes
from cells
group by project_id, bucket, as_of, storage_class
