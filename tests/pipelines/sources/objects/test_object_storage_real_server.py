"""The reader against a real S3 server: what was put there is what is counted, also after a kill."""

import json
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.errors import PermissionDenied, SourceUnavailable
from pipelines.sources.objects.buckets import buckets, described
from pipelines.sources.objects.checkpoints import FolderCheckpoints, Unstored
from pipelines.sources.objects.client import ObjectStorage, S3Key
from pipelines.sources.objects.histogram import Shape
from pipelines.sources.objects.listing import ListingRules, list_objects
from pipelines.sources.objects.rows import bucket_table, histogram_table, listing_table, upload_table
from pipelines.sources.objects.survey import Due, survey
from pipelines.sources.objects.tables import STORAGE_SCHEMAS
from pipelines.sources.objects.uploads import incomplete_uploads

ROOT = Path(__file__).parents[4]
TODAY = datetime.now(UTC).date() + timedelta(days=40)  # the server dates objects itself; so they are 40 days old
BY_FOLDER = Shape(prefix_depth=1)
ODD_KEYS = [
    "plain",
    "ä ö/ü",
    "日本/語",
    "sp ace/two  spaces",
    "pl+us",
    "per%20cent%",
    "a&b<c>'\"",
    "tab\there",
    "new\nline",
    "..hidden",
    "question?mark#hash",
    "x/" * 40 + "deep",
    "k" * 200,
]


@pytest.fixture(scope="module")
def versioned(s3_writer, new_bucket):
    """A bucket with tags, rules, three versions, delete markers and begun uploads."""
    name = new_bucket()
    s3_writer.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3_writer.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "owner", "Value": "équipe data"}]})
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 365}}
    s3_writer.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    for size in (1, 200_000, 3):
        for key in ("logs/one", "logs/two", "top"):
            s3_writer.put_object(Bucket=name, Key=key, Body=b"x" * size)
    s3_writer.delete_object(Bucket=name, Key="logs/one")
    s3_writer.delete_object(Bucket=name, Key="top")
    s3_writer.put_object(Bucket=name, Key="top", Body=b"")
    for key, sizes in {"up/l +%oäd": (100, 23), "up/none": ()}.items():
        begun = s3_writer.create_multipart_upload(Bucket=name, Key=key)
        for number, size in enumerate(sizes, 1):
            s3_writer.upload_part(Bucket=name, Key=key, UploadId=begun["UploadId"], PartNumber=number, Body=b"z" * size)
    return name


@pytest.fixture(scope="module")
def plain(s3_writer, new_bucket):
    """A bucket of 1,300 objects in five folders, and a few with odd keys."""
    name = new_bucket()
    keys = [f"folder-{number % 5}/{number:04}" for number in range(1300)]

    def put(key):
        s3_writer.put_object(Bucket=name, Key=key, Body=b"x" * size_of(key))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, [*keys, *ODD_KEYS]))
    return name, keys


def size_of(key):
    return len(key.encode()) * 3


def test_a_bucket_is_read_with_all_its_configuration(s3_storage, versioned, plain):
    found = {bucket.name: bucket for bucket in buckets(s3_storage)}
    bucket = found[versioned]
    assert bucket.tags == {"owner": "équipe data"}
    assert bucket.versioning == "enabled"
    assert [
        (rule["ID"], rule["Status"], rule["Expiration"]["Days"]) for rule in json.loads(bucket.lifecycle_rules)
    ] == [("old", "Enabled", 365)]
    assert abs(bucket.created_at - datetime.now(UTC)) < timedelta(hours=1)
    nothing = found[plain[0]]
    assert (nothing.tags, nothing.versioning, nothing.lifecycle_rules, nothing.gaps) == ({}, "never", "[]", ())


@pytest.mark.parametrize("page_size", [1000, 3, 1])
def test_versions_and_delete_markers_are_all_counted(s3_storage, versioned, page_size):
    bucket = described(s3_storage, versioned, None)
    listing = list_objects(s3_storage, bucket, TODAY, ListingRules(BY_FOLDER, page_size=page_size))
    counted = {(row.prefix, row.state, row.size_bytes_from): (row.objects, row.bytes) for row in listing.rows}
    assert counted == {
        ("", "current", 0): (1, 0),
        ("", "noncurrent", 1): (2, 4),
        ("", "noncurrent", 131_072): (1, 200_000),
        ("", "noncurrent_delete_marker", 0): (1, 0),
        ("logs/", "current", 1): (1, 3),
        ("logs/", "delete_marker", 0): (1, 0),
        ("logs/", "noncurrent", 1): (3, 5),
        ("logs/", "noncurrent", 131_072): (2, 400_000),
    }
    assert (listing.objects, listing.bytes, listing.covers_versions) == (12, 600_012, True)
    assert {row.age_days_from for row in listing.rows} == {30}


@pytest.mark.parametrize("page_size", [1000, 70])
def test_more_than_one_page_and_odd_keys_are_counted_once_each(s3_storage, plain, page_size):
    name, keys = plain
    listing = list_objects(
        s3_storage, described(s3_storage, name, None), TODAY, ListingRules(BY_FOLDER, page_size=page_size)
    )
    expected, sizes = Counter(), Counter()
    for key in [*keys, *ODD_KEYS]:
        folder, slash, _ = key.partition("/")
        prefix = folder + slash if slash else ""
        expected[prefix] += 1
        sizes[prefix] += size_of(key)
    objects, stored = Counter(), Counter()
    for row in listing.rows:
        objects[row.prefix] += row.objects
        stored[row.prefix] += row.bytes
    assert (objects, stored) == (expected, sizes)
    assert listing.requests >= 1300 // page_size


def test_begun_uploads_are_counted_and_measured_as_far_as_the_budget_goes(s3_storage, versioned, plain):
    counted = incomplete_uploads(s3_storage, versioned, TODAY)
    (row,) = counted.rows
    assert (row.uploads, row.measured_uploads, row.parts, row.bytes) == (2, 2, 2, 123)
    assert (row.storage_class, row.age_days_from, counted.requests) == ("STANDARD", 30, 3)
    one_by_one = incomplete_uploads(s3_storage, versioned, TODAY, page_size=1)
    assert one_by_one.rows == counted.rows
    short = incomplete_uploads(s3_storage, versioned, TODAY, most_requests=2)
    assert (short.rows[0].uploads, short.rows[0].measured_uploads, short.is_complete) == (2, 1, True)
    (none,) = incomplete_uploads(s3_storage, versioned, TODAY, most_requests=1).rows
    assert (none.uploads, none.measured_uploads, none.parts, none.bytes) == (2, 0, None, None)
    assert incomplete_uploads(s3_storage, versioned, TODAY, most_requests=0).is_complete is False
    assert incomplete_uploads(s3_storage, plain[0], TODAY).rows == []


LISTER = """
import os, signal, sys
from datetime import date
from pathlib import Path
from pipelines.sources.objects.buckets import described
from pipelines.sources.objects.checkpoints import FolderCheckpoints
from pipelines.sources.objects.client import ObjectStorage, S3Key
from pipelines.sources.objects.histogram import Shape
from pipelines.sources.objects.listing import ListingRules, list_objects

url, access_key, secret_key, bucket, folder, today, page_size = sys.argv[1:]

class Dying(ObjectStorage):
    asked = 0
    def call(self, operation, budget=None, **parameters):
        self.asked += operation.startswith("ListObject")
        if self.asked == 9:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().call(operation, budget, **parameters)

storage = Dying(S3Key(access_key, secret_key), "fr-par", url, requests_per_second=0)
rules = ListingRules(Shape(prefix_depth=1), page_size=int(page_size), pages_between_checkpoints=3)
bucket = described(storage, bucket, None)
list_objects(storage, bucket, date.fromisoformat(today), rules, FolderCheckpoints(Path(folder)))
"""


@pytest.mark.parametrize("of_versions", [False, True])
def test_a_listing_killed_in_the_middle_goes_on_and_ends_like_an_undisturbed_one(
    s3_server, s3_storage, plain, versioned, tmp_path, of_versions
):
    name, page_size = (versioned, 1) if of_versions else (plain[0], 100)
    words = [s3_server.endpoint_url, s3_server.access_key, s3_server.secret_key, name, tmp_path, TODAY, page_size]
    killed = subprocess.run([sys.executable, "-c", LISTER, *map(str, words)], cwd=ROOT, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    checkpoints = FolderCheckpoints(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1

    bucket = described(s3_storage, name, None)
    rules = ListingRules(BY_FOLDER, page_size=page_size, pages_between_checkpoints=3)
    undisturbed = list_objects(s3_storage, bucket, TODAY, rules)
    before = s3_storage.requests
    resumed = list_objects(s3_storage, bucket, TODAY, rules, checkpoints)
    assert resumed == undisturbed
    assert s3_storage.requests - before == undisturbed.requests - 6  # six pages were safe
    assert list(tmp_path.iterdir()) == []


def test_a_finished_listing_leaves_its_last_state_until_it_is_stored(s3_storage, plain, tmp_path):
    bucket, folder = described(s3_storage, plain[0], None), FolderCheckpoints(tmp_path)
    rules = ListingRules(BY_FOLDER, page_size=100, pages_between_checkpoints=3)
    checkpoints = Unstored(folder)
    listing = list_objects(s3_storage, bucket, TODAY, rules, checkpoints)
    before = s3_storage.requests
    assert list_objects(s3_storage, bucket, TODAY, rules, Unstored(folder)) == listing  # as after a kill
    assert s3_storage.requests - before == listing.requests - 12
    checkpoints.stored()
    assert list(tmp_path.iterdir()) == []


def test_a_sample_of_whole_prefixes_counts_them_as_a_full_listing_does(s3_storage, plain):
    bucket = described(s3_storage, plain[0], None)
    rules = ListingRules(BY_FOLDER, page_size=100)
    whole = list_objects(s3_storage, bucket, TODAY, rules)
    sample = list_objects(s3_storage, bucket, TODAY, replace(rules, most_requests=8), expected_objects=1313)
    assert (sample.method, sample.requests) == ("whole prefixes", 8)
    assert 0 < sample.parts_listed < sample.parts_found
    exact = set(whole.rows)
    assert len([row for row in sample.rows if row in exact]) >= sample.parts_listed
    unlimited = list_objects(s3_storage, bucket, TODAY, replace(rules, most_requests=13), expected_objects=10**6)
    assert unlimited.is_sample or unlimited.rows == whole.rows


def test_a_key_that_is_refused_says_so_and_shows_no_secret(s3_server, versioned):
    wrong = "wrong-secret-key-0000-0000-000000000000"
    storage = ObjectStorage(S3Key(s3_server.access_key, wrong), "fr-par", s3_server.endpoint_url)
    with pytest.raises(PermissionDenied, match="SCW_SECRET_KEY") as refused:
        buckets(storage)
    assert wrong not in str(refused.value)


def test_what_may_not_be_read_is_named_and_the_rest_goes_on(s3_server, s3_storage, versioned):
    """The server's key may do all, so one permission after the other is taken away before it is asked."""

    class Limited(ObjectStorage):
        refused = ()

        def call(self, operation, budget=None, **parameters):
            if operation in self.refused:
                raise PermissionDenied(f"{operation}: HTTP 403 AccessDenied")
            return super().call(operation, budget, **parameters)

    key = S3Key(s3_server.access_key, s3_server.secret_key)
    storage = Limited(key, "fr-par", s3_server.endpoint_url, requests_per_second=0)

    def configured():
        return next(bucket for bucket in buckets(storage) if bucket.name == versioned)

    def surveyed():
        (found,) = survey(storage, [Due(configured())], TODAY)
        return found

    full = surveyed()
    assert (configured().gaps, full.gaps) == ((), ())
    missing = {"GetBucketTagging": "tags", "GetBucketLifecycleConfiguration": "lifecycle rules"}
    for operation, what in missing.items():
        storage.refused = (operation,)
        assert configured().gaps == (f"{what}: {operation}: HTTP 403 AccessDenied",)
        assert surveyed().listing.rows == full.listing.rows
    storage.refused = ("ListMultipartUploads",)
    found = surveyed()
    assert (found.listing.rows, found.uploads, full.uploads.count) == (full.listing.rows, None, 2)
    assert found.gaps == ("incomplete uploads: ListMultipartUploads: HTTP 403 AccessDenied",)
    storage.refused = ("GetBucketVersioning",)  # then all versions are asked for
    assert (configured().versioning, surveyed().listing.rows) == (None, full.listing.rows)
    storage.refused = ("ListObjectVersions", "ListObjectsV2")
    found = surveyed()
    assert (found.listing, found.uploads.count) == (None, 2)
    assert found.gaps[0].startswith("objects: ListObjects")


def test_only_what_is_due_is_asked_for(s3_server, versioned, plain):
    asked = []

    class Told(ObjectStorage):
        def call(self, operation, budget=None, **parameters):
            asked.append((operation, parameters["Bucket"]))
            return super().call(operation, budget, **parameters)

    key = S3Key(s3_server.access_key, s3_server.secret_key)
    storage = Told(key, "fr-par", s3_server.endpoint_url, requests_per_second=0)
    both = {name: described(storage, name, None) for name in (versioned, plain[0])}
    asked.clear()
    due = [Due(both[plain[0]], uploads=False), Due(both[versioned], objects=False)]
    one, two = survey(storage, due, TODAY)
    assert (one.listing.objects, one.uploads, two.listing, two.uploads.count) == (1313, None, None, 2)
    assert {operation for operation, bucket in asked if bucket == plain[0]} == {"ListObjectsV2"}
    assert {operation for operation, bucket in asked if bucket == versioned} == {"ListMultipartUploads", "ListParts"}


@pytest.mark.parametrize("of", ["configuration", "objects"])
def test_one_broken_bucket_does_not_stop_the_others_and_two_in_a_row_do(s3_server, versioned, plain, of):
    class Flaky(ObjectStorage):
        broken = ()

        def call(self, operation, budget=None, **parameters):
            if parameters.get("Bucket") in self.broken and operation.startswith("List" if of == "objects" else "Get"):
                raise SourceUnavailable(f"{operation}: HTTP 503")
            return super().call(operation, budget, **parameters)

    key = S3Key(s3_server.access_key, s3_server.secret_key)
    storage = Flaky(key, "fr-par", s3_server.endpoint_url, requests_per_second=0)
    everything = buckets(storage)
    storage.broken = [everything[1].name]
    if of == "configuration":
        found = buckets(storage)
        assert found[1].gaps == ("configuration: GetBucketTagging: HTTP 503",)
        assert (found[1].tags, found[1].versioning, found[1].lifecycle_rules) == (None, None, None)
        assert [each for each in found if each.gaps] == found[1:2]
    else:
        surveyed = list(survey(storage, map(Due, everything), TODAY))
        assert [each.bucket for each in surveyed if each.listing is None] == everything[1:2]
        assert [gap.partition(":")[0] for gap in surveyed[1].gaps] == ["objects", "incomplete uploads"]
    storage.broken = [each.name for each in everything]
    if of == "configuration":
        with pytest.raises(SourceUnavailable, match="503"):
            buckets(storage)
    else:
        walk = survey(storage, map(Due, everything), TODAY)
        assert [next(walk).listing, next(walk).listing] == [None, None]
        with pytest.raises(SourceUnavailable, match="503"):
            next(walk)


def test_tables_hold_what_was_found_and_tell_empty_from_unknown(s3_storage, versioned, plain, a_bucket):
    due = [Due(bucket) for bucket in buckets(s3_storage) if bucket.name in (versioned, plain[0])]
    found = list(survey(s3_storage, due, TODAY))
    tables = {
        "storage_buckets": bucket_table([each.bucket for each in found], TODAY),
        "storage_listings": listing_table([each.listing for each in found]),
        "storage_histograms": histogram_table([each.listing for each in found]),
        "storage_uploads": upload_table([(each.bucket, each.uploads) for each in found], TODAY),
    }
    assert {name: table.schema for name, table in tables.items()} == dict(STORAGE_SCHEMAS)
    assert all(field.metadata for schema in STORAGE_SCHEMAS.values() for field in schema)
    listings, cells = tables["storage_listings"].to_pylist(), tables["storage_histograms"].to_pylist()
    for listed in listings:
        mine = [cell for cell in cells if cell["bucket"] == listed["bucket"]]
        assert sum(cell["objects"] for cell in mine) == listed["objects"] > 0
        assert sum(cell["bytes"] for cell in mine) == listed["bytes"]
        assert (listed["as_of"], listed["usage_month"]) == (TODAY, f"{TODAY:%Y-%m}")
    uploads = {row["bucket"]: row for row in tables["storage_uploads"].to_pylist()}
    assert (uploads[versioned]["uploads"], uploads[versioned]["bytes"]) == (2, 123)
    assert (uploads[plain[0]]["uploads"], uploads[plain[0]]["storage_class"]) == (0, None)

    unknown = a_bucket(versioning=None, tags=None, lifecycle_rules=None, gaps=("tags: no",))
    (row,) = bucket_table([unknown], date(2026, 1, 31)).to_pylist()
    assert (row["tags"], row["versioning"], row["lifecycle_rules"]) == (None, None, None)
    assert (row["gaps"], row["usage_month"]) == (["tags: no"], "2026-01")
    not_counted = incomplete_uploads(s3_storage, plain[0], TODAY, most_requests=0)
    (row,) = upload_table([(unknown, not_counted)], TODAY).to_pylist()
    assert (row["uploads"], row["is_sample"]) == (None, True)
