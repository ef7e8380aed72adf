"""What a listing says of itself: which share it saw, from when, and what it could not see."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.errors import PermissionDenied, SourceUnavailable
from pipelines.sources.objects.checkpoints import FolderCheckpoints
from pipelines.sources.objects.histogram import Shape
from pipelines.sources.objects.listing import ListingRules, list_objects
from pipelines.sources.objects.refusals import Refused

TODAY = date(2026, 11, 18)
WRITTEN = datetime(2026, 10, 1, tzinfo=UTC)
SHAPE = Shape(prefix_depth=1)


def entry(key, size=10):
    return (key, 0, False, size, WRITTEN, "STANDARD")


FOLDERS = [entry(f"{folder}/{n:02}") for folder in "abcdefgh" for n in range(10)] + [entry("readme")]


def test_a_budget_ends_the_listing_and_says_up_to_where_it_came(paged_bucket, a_bucket):
    source = paged_bucket(FOLDERS, [10])
    listing = list_objects(source, a_bucket(), TODAY, ListingRules(SHAPE, most_requests=3, page_size=10))
    assert len(source.asked) == 3
    assert (listing.is_sample, listing.method, listing.objects, listing.last_key) == (True, "first keys", 30, "c/09")
    assert listing.statement == (
        "the first 30 objects in key order, up to 'c/09', after 3 of 3 requests; the rest is unknown"
    )
    assert {row.prefix for row in listing.rows} == {"a/", "b/", "c/"}


def test_a_bucket_known_to_be_too_large_is_sampled_by_whole_prefixes(paged_bucket, a_bucket):
    rules = ListingRules(SHAPE, most_requests=8, page_size=5)
    listing = list_objects(paged_bucket(FOLDERS, [5]), a_bucket(), TODAY, rules, expected_objects=81)
    assert (listing.is_sample, listing.method, listing.requests) == (True, "whole prefixes", 8)
    # one request finds the prefixes and the object beside them, two list a prefix
    assert (listing.parts_listed, listing.parts_found, listing.objects) == (3, 8, 1 + 30 + 5)
    by_prefix = {row.prefix: row.objects for row in listing.rows}
    assert by_prefix.pop("") == 1
    assert sorted(by_prefix.values()) == [5, 10, 10, 10]
    assert sorted(by_prefix) != ["a/", "b/", "c/", "d/"]
    assert listing.statement.startswith("3 of 8 prefixes and one up to '")
    assert listing.statement.endswith("': 36 objects of 81 expected, after 8 of 8 requests; the rest is unknown")
    again = list_objects(paged_bucket(FOLDERS, [5]), a_bucket(), TODAY, rules, expected_objects=81)
    assert again == listing
    enough = replace(rules, most_requests=16)
    assert list_objects(paged_bucket(FOLDERS, [50]), a_bucket(), TODAY, enough, expected_objects=81).is_sample is False


def test_a_sample_looks_below_a_lonely_folder_and_falls_back_to_keys_where_there_is_none(paged_bucket, a_bucket):
    rules = ListingRules(SHAPE, most_requests=10, page_size=5)
    below = [(f"data/{key}", *rest) for key, *rest in FOLDERS]
    listing = list_objects(paged_bucket(below, [5]), a_bucket(), TODAY, rules, expected_objects=81)
    assert (listing.method, listing.parts_found, listing.parts_listed) == ("whole prefixes", 8, 4)
    flat = [entry(f"{n:03}") for n in range(100)]
    listing = list_objects(paged_bucket(flat, [5]), a_bucket(), TODAY, rules, expected_objects=100)
    assert (listing.method, listing.objects, listing.requests) == ("first keys", 45, 10)


def test_where_versions_may_not_be_listed_the_current_objects_are_and_it_says_so(paged_bucket, a_bucket):
    def refuse(operation, _):
        if operation == "ListObjectVersions":
            raise PermissionDenied("no")

    for versioning in ("enabled", None):
        source = paged_bucket(FOLDERS, [50], before=refuse)
        listing = list_objects(source, a_bucket(versioning=versioning), TODAY)
        assert (listing.objects, listing.covers_versions, listing.is_sample) == (81, False, False)
        assert listing.statement == "all 81 current objects, versions unknown"


def test_when_nothing_may_be_listed_it_is_an_error_and_not_an_empty_bucket(paged_bucket, a_bucket):
    def refuse(*_):
        raise PermissionDenied("no")

    with pytest.raises(PermissionDenied):
        list_objects(paged_bucket(FOLDERS, before=refuse), a_bucket(versioning="enabled"), TODAY)


def test_a_listing_that_turns_in_circles_is_an_error(paged_bucket, a_bucket):
    source = paged_bucket(FOLDERS, [10])
    answered = source.call
    source.call = lambda *a, **p: {**answered(*a, **p), "IsTruncated": True, "NextContinuationToken": "10"}
    with pytest.raises(SourceUnavailable, match="another page"):
        list_objects(source, a_bucket(), TODAY)


def interrupted(paged_bucket, bucket, checkpoints, today=TODAY, rules=None):
    """Leave a checkpoint after four pages of ten."""

    def fail(*_):
        if len(source.asked) == 4:
            raise SourceUnavailable("gone")

    source = paged_bucket(FOLDERS, [10], before=fail)
    with pytest.raises(SourceUnavailable):
        list_objects(source, bucket, today, rules or ListingRules(SHAPE, page_size=10), checkpoints)


def resumed(paged_bucket, bucket, checkpoints, today=TODAY, rules=None):
    """The finished listing and how many requests that took."""
    source = paged_bucket(FOLDERS, [10])
    listing = list_objects(source, bucket, today, rules or ListingRules(SHAPE, page_size=10), checkpoints)
    assert (listing.objects, listing.is_sample) == (81, False)
    return listing, len(source.asked)


def test_a_resumed_listing_keeps_the_day_it_was_begun(paged_bucket, a_bucket, tmp_path):
    checkpoints = FolderCheckpoints(tmp_path / "listings")
    interrupted(paged_bucket, a_bucket(), checkpoints)
    listing, requests = resumed(paged_bucket, a_bucket(), checkpoints, TODAY + timedelta(days=1))
    assert (requests, listing.today) == (5, TODAY)
    assert list((tmp_path / "listings").iterdir()) == []


def test_requests_before_a_break_count_against_the_budget(paged_bucket, a_bucket, tmp_path):
    checkpoints = FolderCheckpoints(tmp_path)
    rules = ListingRules(SHAPE, most_requests=7, page_size=10)
    interrupted(paged_bucket, a_bucket(), checkpoints, rules=rules)
    source = paged_bucket(FOLDERS, [10])
    listing = list_objects(source, a_bucket(), TODAY, rules, checkpoints)
    # four pages and the request that failed; two were left
    assert (len(source.asked), listing.requests, listing.objects, listing.is_sample) == (2, 7, 60, True)


@pytest.mark.parametrize(
    "change",
    [
        {"bucket": {"name": "other"}},
        {"bucket": {"created_at": WRITTEN}},  # deleted and made again under the same name
        {"bucket": {"versioning": "enabled"}},
        {"bucket": {"project_id": "22222222-2222-2222-2222-222222222222"}},
        {"rules": ListingRules(Shape(prefix_depth=2), page_size=10)},
        {"today": TODAY + timedelta(days=3)},
        {"today": TODAY - timedelta(days=1)},
    ],
)
def test_a_checkpoint_of_another_question_is_not_gone_on_from(paged_bucket, a_bucket, tmp_path, change):
    checkpoints = FolderCheckpoints(tmp_path)
    interrupted(paged_bucket, a_bucket(), checkpoints)
    bucket = a_bucket(**change.pop("bucket", {}))
    today = change.get("today", TODAY)
    listing, requests = resumed(paged_bucket, bucket, checkpoints, **change)
    assert (requests, listing.today) == (9, today)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 0}', "null", '{"format": 1, "question": 3}'])
def test_a_checkpoint_that_cannot_be_read_is_not_gone_on_from(paged_bucket, a_bucket, tmp_path, content):
    checkpoints = FolderCheckpoints(tmp_path)
    interrupted(paged_bucket, a_bucket(), checkpoints)
    (file,) = tmp_path.iterdir()
    file.write_text(content)
    assert resumed(paged_bucket, a_bucket(), checkpoints)[1] == 9


def test_a_marker_the_server_no_longer_knows_begins_the_listing_again(paged_bucket, a_bucket, tmp_path):
    checkpoints = FolderCheckpoints(tmp_path)
    interrupted(paged_bucket, a_bucket(), checkpoints)
    source = paged_bucket(FOLDERS, [10])

    def forget(_, parameters):
        if parameters.get("ContinuationToken") == "40" and not source.asked:
            raise Refused("InvalidArgument")

    source.before = forget
    listing = list_objects(source, a_bucket(), TODAY, ListingRules(SHAPE, page_size=10), checkpoints)
    assert (listing.objects, len(source.asked)) == (81, 9)


def test_a_version_deleted_within_the_second_of_its_writing_ages_from_that_second(paged_bucket, a_bucket):
    later = WRITTEN + timedelta(days=40)
    entries = [
        ("k", 0, False, 1, later, "STANDARD"),
        ("k", 1, True, 0, WRITTEN, ""),
        ("k", 2, False, 7, WRITTEN, "STANDARD"),
    ]
    rows = list_objects(paged_bucket(entries), a_bucket(versioning="enabled"), TODAY).rows
    assert {row.state: row.oldest_at for row in rows} == {
        "current": later,
        "noncurrent_delete_marker": later,
        "noncurrent": WRITTEN,
    }
