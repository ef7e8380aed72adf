-- Objects and bytes of each bucket as of the days it was listed, by prefix, class, state, age and size.
-- Ages count to the midnight at the start of as_of, as lifecycle rules do; (other) is all prefixes with fewer bytes.
-- grain: region_id, project_id, bucket, as_of, prefix, storage_class, state, age_days_from, size_bytes_from
-- partition: usage_month
select
    histograms.as_of,
    histograms.region_id,
    histograms.project_id,
    histograms.bucket,
    histograms.prefix,
    histograms.prefix_depth,
    histograms.storage_class,
    histograms.state,
    histograms.age_days_from,
    histograms.age_days_to,
    histograms.size_bytes_from,
    histograms.size_bytes_to,
    histograms.objects,
    histograms.bytes,
    histograms.oldest_at,
    histograms.newest_at,
    histograms.is_sample,
    histograms.sample_method,
    histograms.usage_month
from bronze.storage_histograms as histograms
inner join silver.latest_measurements as latest on histograms.reading_hash = latest.reading_hash
where latest.source = 'storage.histograms'
