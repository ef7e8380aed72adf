-- The buckets that exist, with what their newest listing saw and which incomplete uploads were counted last.
-- A bucket and its listed_on lead to its cells in silver.storage_histograms, its uploads_counted_on to its uploads.
-- Objects and bytes are null where nothing was listed yet, or not since the bucket was made anew; bytes of incomplete
-- uploads are those of the measured ones.
-- grain: region_id, project_id, bucket
-- partition: none
-- stored: view
with

existing as (

    select
        region_id,
        project_id,
        bucket,
        created_at,
        versioning,
        lifecycle_rules,
        coalesce(cast(created_at as date), date '1970-01-01') as created_on
    from silver.buckets
    where is_current

),

newest as (

    select
        existing.region_id,
        existing.project_id,
        existing.bucket,
        (
            select max(listings.as_of)
            from silver.storage_listings as listings
            where
                listings.bucket = existing.bucket
                and listings.region_id = existing.region_id
                and listings.project_id = existing.project_id
                and listings.as_of >= existing.created_on
        ) as listed_on,
        (
            select max(uploads.as_of)
            from silver.storage_uploads as uploads
            where
                uploads.bucket = existing.bucket
                and uploads.region_id = existing.region_id
                and uploads.project_id = existing.project_id
                and uploads.as_of >= existing.created_on
        ) as uploads_counted_on
    from existing

),

counted as (

    select
        region_id,
        project_id,
        bucket,
        as_of,
        cast(sum(uploads) as bigint) as uploads,
        cast(sum(measured_uploads) as bigint) as measured_uploads,
        cast(sum(bytes) as bigint) as bytes,
        bool_or(is_sample) as is_sample
    from silver.storage_uploads
    group by all

)

select
    existing.bucket,
    existing.region_id,
    existing.project_id,
    existing.created_at,
    existing.versioning,
    existing.lifecycle_rules,
    newest.listed_on,
    listings.objects,
    listings.bytes,
    listings.is_sample,
    listings.statement,
    listings.covers_versions,
    newest.uploads_counted_on,
    counted.uploads as incomplete_uploads,
    counted.measured_uploads,
    counted.bytes as incomplete_upload_bytes,
    counted.is_sample as is_upload_sample
from existing
inner join newest
    on
        existing.bucket = newest.bucket
        and existing.region_id = newest.region_id
        and existing.project_id = newest.project_id
left join silver.storage_listings as listings
    on
        newest.bucket = listings.bucket
        and newest.region_id = listings.region_id
        and newest.project_id = listings.project_id
        and newest.listed_on = listings.as_of
left join counted
    on
        newest.bucket = counted.bucket
        and newest.region_id = counted.region_id
        and newest.project_id = counted.project_id
        and newest.uploads_counted_on = counted.as_of
