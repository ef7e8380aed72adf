-- What lay in each bucket when it was last listed in a month, as lifecycle rules see it: by the first part of its keys,
-- storage class, state, age, and whether objects are smaller than 1 MB (10^6 bytes). An empty prefix is keys without a
-- slash, null those a listing counted together. Incomplete uploads have a state of their own and no prefix; bytes of
-- uploads nobody measured are null.
-- grain: usage_month, resource_id, prefix, storage_class, state, age_days_from, is_small
-- partition: usage_month
with

newest as (

    select
        usage_month,
        region_id,
        project_id,
        bucket,
        max(as_of) as as_of
    from silver.storage_listings
    group by all

),

newest_uploads as (

    select
        usage_month,
        region_id,
        project_id,
        bucket,
        max(as_of) as as_of
    from silver.storage_uploads
    group by all

)

select
    cells.usage_month,
    cells.bucket as resource_id,
    cells.as_of,
    case
        when cells.prefix = '(other)' then null
        when contains(cells.prefix, '/') then split_part(cells.prefix, '/', 1) || '/'
        else ''
    end as prefix,
    cells.storage_class,
    cells.state,
    cells.age_days_from,
    any_value(cells.age_days_to) as age_days_to,
    coalesce(cells.size_bytes_to <= 1000000, false) as is_small,
    cast(sum(cells.objects) as bigint) as objects,
    cast(sum(cells.bytes) as bigint) as bytes
from silver.storage_histograms as cells
inner join newest
    on
        cells.usage_month = newest.usage_month
        and cells.region_id = newest.region_id
        and cells.project_id = newest.project_id
        and cells.bucket = newest.bucket
        and cells.as_of = newest.as_of
group by all
union all
select
    uploads.usage_month,
    uploads.bucket as resource_id,
    uploads.as_of,
    cast(null as varchar) as prefix,
    uploads.storage_class,
    'incomplete_upload' as state,
    uploads.age_days_from,
    uploads.age_days_to,
    false as is_small,
    uploads.uploads as objects,
    uploads.bytes
from silver.storage_uploads as uploads
inner join newest_uploads
    on
        uploads.usage_month = newest_uploads.usage_month
        and uploads.region_id = newest_uploads.region_id
        and uploads.project_id = newest_uploads.project_id
        and uploads.bucket = newest_uploads.bucket
        and uploads.as_of = newest_uploads.as_of
-- the one row of a bucket without any
where uploads.age_days_from is not null
