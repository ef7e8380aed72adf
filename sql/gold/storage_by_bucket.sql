-- What lay in each bucket when it was last listed in a month, by storage class and state: how much, how old, how small.
-- States are those of a listing, and incomplete_upload, whose bytes are those of the measured uploads. A month without
-- a listing has no row, and a sample (is_sample) says nothing of what it did not see.
-- grain: usage_month, region_id, project_id, bucket, storage_class, state
-- partition: usage_month
with

listed as (

    select
        region_id,
        project_id,
        bucket,
        max(as_of) as as_of,
        usage_month
    from silver.storage_listings
    group by all

),

counted as (

    select
        region_id,
        project_id,
        bucket,
        max(as_of) as as_of,
        usage_month
    from silver.storage_uploads
    group by all

),

cells as (

    select
        cells.region_id,
        cells.project_id,
        cells.bucket,
        cells.as_of,
        cells.storage_class,
        cells.state,
        cells.age_days_from,
        cells.objects,
        cells.bytes,
        case when cells.size_bytes_to <= 1000000 then cells.bytes else 0 end as small_bytes,
        case when cells.size_bytes_to <= 1000000 then cells.objects else 0 end as small_objects,
        cells.is_sample,
        cells.usage_month
    from silver.storage_histograms as cells
    inner join listed
        on
            cells.region_id = listed.region_id
            and cells.project_id = listed.project_id
            and cells.bucket = listed.bucket
            and cells.as_of = listed.as_of
    union all
    select
        uploads.region_id,
        uploads.project_id,
        uploads.bucket,
        uploads.as_of,
        uploads.storage_class,
        'incomplete_upload' as state,
        uploads.age_days_from,
        uploads.uploads as objects,
        uploads.bytes,
        null as small_bytes,
        null as small_objects,
        uploads.is_sample or uploads.measured_uploads < uploads.uploads as is_sample,
        uploads.usage_month
    from silver.storage_uploads as uploads
    inner join counted
        on
            uploads.region_id = counted.region_id
            and uploads.project_id = counted.project_id
            and uploads.bucket = counted.bucket
            and uploads.as_of = counted.as_of
    -- the one row of a bucket without any
    where uploads.age_days_from is not null

),

summed as (

    select
        usage_month,
        region_id,
        project_id,
        bucket,
        storage_class,
        state,
        any_value(as_of) as as_of,
        sum(objects) as objects,
        sum(bytes) as bytes,
        coalesce(sum(bytes) filter (where age_days_from >= 30), 0) as bytes_30_days_old,
        coalesce(sum(bytes) filter (where age_days_from >= 90), 0) as bytes_90_days_old,
        coalesce(sum(bytes) filter (where age_days_from >= 180), 0) as bytes_180_days_old,
        coalesce(sum(bytes) filter (where age_days_from >= 365), 0) as bytes_365_days_old,
        sum(small_objects) as small_objects,
        sum(small_bytes) as small_bytes,
        bool_or(is_sample) as is_sample
    from cells
    group by usage_month, region_id, project_id, bucket, storage_class, state

)

select
    usage_month,
    region_id,
    project_id,
    bucket,
    storage_class,
    state,
    as_of,
    cast(objects as bigint) as objects,
    cast(bytes as bigint) as bytes,
    case when bytes is not null then cast(bytes_30_days_old as bigint) end as bytes_30_days_old,
    case when bytes is not null then cast(bytes_90_days_old as bigint) end as bytes_90_days_old,
    case when bytes is not null then cast(bytes_180_days_old as bigint) end as bytes_180_days_old,
    case when bytes is not null then cast(bytes_365_days_old as bigint) end as bytes_365_days_old,
    cast(bytes_30_days_old / nullif(bytes, 0) as decimal(38, 12)) as older_than_30_days_share,
    cast(bytes_90_days_old / nullif(bytes, 0) as decimal(38, 12)) as older_than_90_days_share,
    cast(bytes_180_days_old / nullif(bytes, 0) as decimal(38, 12)) as older_than_180_days_share,
    cast(bytes_365_days_old / nullif(bytes, 0) as decimal(38, 12)) as older_than_365_days_share,
    -- below 1 MB each, which Scaleway advises to leave out of Glacier
    cast(small_objects as bigint) as small_objects,
    cast(small_bytes as bigint) as small_bytes,
    is_sample
from summed
