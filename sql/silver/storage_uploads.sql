-- Uploads begun and not completed, by bucket, class and age, as of the days they were counted.
-- A bucket without any has one row that says 0; bytes are null where no upload was measured.
-- grain: region_id, project_id, bucket, as_of, storage_class, age_days_from
-- partition: usage_month
select
    uploads.as_of,
    uploads.region_id,
    uploads.project_id,
    uploads.bucket,
    uploads.storage_class,
    uploads.age_days_from,
    uploads.age_days_to,
    uploads.uploads,
    uploads.measured_uploads,
    uploads.parts,
    uploads.bytes,
    uploads.oldest_at,
    uploads.newest_at,
    uploads.is_sample,
    uploads.requests,
    uploads.usage_month
from bronze.storage_uploads as uploads
inner join silver.latest_measurements as latest on uploads.reading_hash = latest.reading_hash
where latest.source = 'storage.uploads'
