"""Schemas of what this package reads: what was asked, what was found, and which share of it was seen.

A bucket that was listed always has a row in `storage_listings`, and one whose uploads were counted a row in
`storage_uploads`, so that empty is told apart from not asked.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

_TEXT = pa.string()
_COUNT = pa.int64()
_UTC = pa.timestamp("us", tz="UTC")


def _column(name: str, kind: Any, description: str) -> pa.Field:
    return pa.field(name, kind, metadata={"description": description})


_PLACE = [
    _column("usage_month", _TEXT, "month of as_of, 'YYYY-MM'"),
    _column("as_of", pa.date32(), "day of the snapshot; ages count to the midnight UTC at its start"),
    _column("region_id", _TEXT, "region whose endpoint was asked"),
    _column("project_id", _TEXT, "project asked for; null is the API key's preferred project"),
    _column("bucket", _TEXT, "name of the bucket"),
]
_AGE = [
    _column("age_days_from", _COUNT, "least whole days of age"),
    _column("age_days_to", _COUNT, "whole days at which the next bucket begins; null has no end"),
]
_SAMPLE = [
    _column("is_sample", pa.bool_(), "true when not everything was listed; nothing is ever extrapolated"),
    _column(
        "sample_method", _TEXT, "'all keys', 'first keys' (in key order) or 'whole prefixes' (in an order of chance)"
    ),
]

BUCKETS_SCHEMA = pa.schema(
    [
        *_PLACE,
        _column("created_at", _UTC, "when the bucket was made"),
        _column("tags", pa.map_(_TEXT, _TEXT), "tags by key; empty: none, null: could not be read"),
        _column("versioning", _TEXT, "'never', 'enabled' or 'suspended'; null: could not be read"),
        _column("lifecycle_rules", _TEXT, "rules as a JSON list in S3's words; '[]': none, null: could not be read"),
        _column("gaps", pa.list_(_TEXT), "what could not be read, and why"),
    ]
)

LISTINGS_SCHEMA = pa.schema(
    [
        *_PLACE,
        *_SAMPLE,
        _column("statement", _TEXT, "which share was seen, in words"),
        _column(
            "covers_versions", pa.bool_(), "false: only current objects could be listed, older versions are unknown"
        ),
        _column("requests", _COUNT, "requests this listing took"),
        _column("objects", _COUNT, "objects, versions and delete markers seen"),
        _column("bytes", _COUNT, "sum of their sizes"),
        _column("expected_objects", _COUNT, "objects according to the metrics, where they were given"),
        _column("prefixes_listed", _COUNT, "prefixes listed to their end; a whole bucket counts as one"),
        _column("prefixes_found", _COUNT, "prefixes there are; null: more than were found"),
        _column("last_key", _TEXT, "last key seen"),
    ]
)

HISTOGRAMS_SCHEMA = pa.schema(
    [
        *_PLACE,
        _column("prefix", _TEXT, "first folders of the keys; '' is the top, '(other)' all prefixes with fewer bytes"),
        _column("prefix_depth", _COUNT, "number of folders in the prefix; null for '(other)'"),
        _column("storage_class", _TEXT, "STANDARD, ONEZONE_IA, GLACIER, …; null for a delete marker"),
        _column("state", _TEXT, "'current', 'noncurrent', 'delete_marker' or 'noncurrent_delete_marker'"),
        *_AGE,
        _column("size_bytes_from", _COUNT, "least size"),
        _column("size_bytes_to", _COUNT, "size at which the next bucket begins; null has no end"),
        _column("objects", _COUNT, "number of objects, versions or markers"),
        _column("bytes", _COUNT, "sum of their sizes"),
        _column("oldest_at", _UTC, "where age counts from, earliest: written, or for the noncurrent superseded"),
        _column("newest_at", _UTC, "where age counts from, latest"),
        *_SAMPLE,
    ]
)

UPLOADS_SCHEMA = pa.schema(
    [
        *_PLACE,
        _column("storage_class", _TEXT, "class the parts are stored in; null in the one row of a bucket without any"),
        *_AGE,
        _column("uploads", _COUNT, "uploads begun and not completed"),
        _column("measured_uploads", _COUNT, "those of them whose parts were asked for"),
        _column("parts", _COUNT, "parts of the measured ones; null: none measured"),
        _column("bytes", _COUNT, "sum of those parts' sizes; null: none measured"),
        _column("oldest_at", _UTC, "begin of the oldest"),
        _column("newest_at", _UTC, "begin of the newest"),
        _column("is_sample", pa.bool_(), "true when the budget ended before all uploads were counted"),
        _column("requests", _COUNT, "requests the bucket's uploads took"),
    ]
)

STORAGE_SCHEMAS: Mapping[str, pa.Schema] = {
    "storage_buckets": BUCKETS_SCHEMA,
    "storage_listings": LISTINGS_SCHEMA,
    "storage_histograms": HISTOGRAMS_SCHEMA,
    "storage_uploads": UPLOADS_SCHEMA,
}
