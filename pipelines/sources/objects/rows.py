"""Storage as tables: Arrow rows of what was read, as of one day."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from pipelines.sources.objects.buckets import Bucket
from pipelines.sources.objects.histogram import depth_of
from pipelines.sources.objects.listing import BucketListing
from pipelines.sources.objects.tables import BUCKETS_SCHEMA, HISTOGRAMS_SCHEMA, LISTINGS_SCHEMA, UPLOADS_SCHEMA
from pipelines.sources.objects.uploads import Uploads


def bucket_table(buckets: Iterable[Bucket], today: date) -> pa.Table:
    """One row per bucket."""
    rows = [
        {
            **_place(bucket, today),
            "created_at": bucket.created_at,
            "tags": None if bucket.tags is None else sorted(bucket.tags.items()),
            "versioning": bucket.versioning,
            "lifecycle_rules": bucket.lifecycle_rules,
            "gaps": list(bucket.gaps),
        }
        for bucket in buckets
    ]
    return pa.Table.from_pylist(rows, BUCKETS_SCHEMA)


def listing_table(listings: Iterable[BucketListing]) -> pa.Table:
    """One row per bucket that was listed, with the share seen."""
    rows = [
        {
            **_place(listing.bucket, listing.today),
            **_sample(listing),
            "statement": listing.statement,
            "covers_versions": listing.covers_versions,
            "requests": listing.requests,
            "objects": listing.objects,
            "bytes": listing.bytes,
            "expected_objects": listing.expected_objects,
            "prefixes_listed": listing.parts_listed,
            "prefixes_found": listing.parts_found,
            "last_key": listing.last_key,
        }
        for listing in listings
    ]
    return pa.Table.from_pylist(rows, LISTINGS_SCHEMA)


def histogram_table(listings: Iterable[BucketListing]) -> pa.Table:
    """One row per cell of each bucket's histogram; none for an empty bucket."""
    rows = [
        {
            **_place(listing.bucket, listing.today),
            **row._asdict(),
            "prefix_depth": depth_of(row.prefix),
            **_sample(listing),
        }
        for listing in listings
        for row in listing.rows
    ]
    return pa.Table.from_pylist(rows, HISTOGRAMS_SCHEMA)


def upload_table(counted: Iterable[tuple[Bucket, Uploads]], today: date) -> pa.Table:
    """One row per bucket, storage class and age; one row that says 0 where a bucket holds none."""
    rows = [
        {
            **_place(bucket, today),
            **row,
            "is_sample": not uploads.is_complete,
            "requests": uploads.requests,
        }
        for bucket, uploads in counted
        for row in _upload_rows(uploads)
    ]
    return pa.Table.from_pylist(rows, UPLOADS_SCHEMA)


def _upload_rows(uploads: Uploads) -> Sequence[Mapping[str, Any]]:
    if not uploads.rows:
        # a listing that never began says nothing, not even zero
        none = 0 if uploads.is_complete else None
        return [{"uploads": none, "measured_uploads": none, "parts": none, "bytes": none}]
    return [row._asdict() for row in uploads.rows]


def _place(bucket: Bucket, today: date) -> dict[str, Any]:
    return {
        "usage_month": f"{today:%Y-%m}",
        "as_of": today,
        "region_id": bucket.region,
        "project_id": bucket.project_id,
        "bucket": bucket.name,
    }


def _sample(listing: BucketListing) -> dict[str, Any]:
    return {"is_sample": listing.is_sample, "sample_method": listing.method}
