-- What the newest listing of each bucket and day saw: how many objects and bytes, and which share of all that is.
-- Versions and delete markers are objects too. Nothing is extrapolated.
-- grain: region_id, project_id, bucket, as_of
-- partition: usage_month
select
    listings.as_of,
    listings.region_id,
    listings.project_id,
    listings.bucket,
    listings.is_sample,
    listings.sample_method,
    listings.statement,
    listings.covers_versions,
    listings.requests,
    listings.objects,
    listings.bytes,
    listings.expected_objects,
    listings.prefixes_listed,
    listings.prefixes_found,
    listings.last_key,
    listings.usage_month
from bronze.storage_listings as listings
inner join silver.latest_measurements as latest on listings.reading_hash = latest.reading_hash
where latest.source = 'storage.listings'
