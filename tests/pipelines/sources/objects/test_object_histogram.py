"""Counting is exact: for any objects, any pages, any interruption and however few prefixes are kept."""

from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SourceUnavailable
from pipelines.sources.objects.histogram import REST, Ages, Entry, Histogram, Shape, prefix_of
from pipelines.sources.objects.listing import ListingRules, list_objects

TODAY = date(2026, 11, 18)
MIDNIGHT = datetime(2026, 11, 18, tzinfo=UTC)
AGES, SIZES = (0, 30, 90, 365), (0, 1, 131_072, 1_000_000)

KEYS = st.lists(
    st.tuples(
        st.sampled_from(["", "a/", "b/", "a/x/", "a/y/", "c/z/", "日/", "/", "a//"]),
        st.sampled_from(["1", "2", "ü +%", "\x01", "…"]),
    ).map("".join),
    unique=True,
    max_size=25,
)
WRITTEN = st.integers(0, 500 * 24).map(lambda hours: MIDNIGHT + timedelta(hours=6 - hours))
VERSION = st.tuples(st.booleans(), st.sampled_from([0, 1, 131_071, 131_072, 10**6, 10**12]), WRITTEN)


@st.composite
def listings(draw):
    """Entries in S3's order: keys by bytes, versions of a key from the newest on."""
    entries = []
    for key in sorted(draw(KEYS), key=str.encode):
        versions = draw(st.lists(VERSION, min_size=1, max_size=4))
        storage_class = draw(st.sampled_from(["STANDARD", "ONEZONE_IA", "GLACIER"]))
        times = sorted((written for *_, written in versions), reverse=True)
        for number, ((is_marker, size, _), written) in enumerate(zip(versions, times, strict=True)):
            # a second apart: what was written and deleted at one instant has no order of its own
            apart = written - timedelta(seconds=number)
            entries.append((key, number, is_marker, 0 if is_marker else size, apart, storage_class))
    return entries


def brute_force(entries, shape, with_versions):
    """The same by definition: one pass over all entries, keeping every one of them."""
    cells, by_prefix = defaultdict(list), defaultdict(int)
    for key, number, is_marker, size, written, storage_class in entries:
        if not with_versions and (number or is_marker):
            continue
        since = written
        if number:
            since = next(e[4] for e in entries if e[0] == key and e[1] == number - 1)
        state = ("noncurrent_" if number and is_marker else "noncurrent" if number else "") + (
            "delete_marker" if is_marker else "" if number else "current"
        )
        days = max(0, (MIDNIGHT - since) // timedelta(days=1))
        folders = key.split("/")[:-1][: shape.prefix_depth]
        prefix = "".join(f"{folder}/" for folder in folders)
        age = max(edge for edge in shape.age_edges_days if edge <= days)
        size_from = max(edge for edge in shape.size_edges_bytes if edge <= size)
        cells[prefix, None if is_marker else storage_class, state, age, size_from].append((size, since))
        by_prefix[prefix] += size
    kept = sorted(by_prefix, key=lambda prefix: (-by_prefix[prefix], prefix))[: shape.most_prefixes]
    folded = defaultdict(list)
    for (prefix, *place), found in cells.items():
        folded[prefix if prefix in kept else REST, *place] += found
    return {
        place: (len(found), sum(s for s, _ in found), min(t for _, t in found), max(t for _, t in found))
        for place, found in folded.items()
    }


def as_cells(rows):
    return {
        (row.prefix, row.storage_class, row.state, row.age_days_from, row.size_bytes_from): tuple(row[7:])
        for row in rows
    }


SHAPES = st.builds(
    Shape,
    prefix_depth=st.integers(0, 3),
    most_prefixes=st.integers(1, 6),
    age_edges_days=st.just(AGES),
    size_edges_bytes=st.just(SIZES),
)
CUTS = st.lists(st.integers(1, 4), min_size=1, max_size=5)


@pytest.fixture(autouse=True, scope="module")
def _fold_as_soon_as_allowed():
    """So that few objects suffice to fold prefixes in the middle of a listing."""
    with pytest.MonkeyPatch.context() as patch:
        made = Histogram.__init__

        def impatient(self, today, shape):
            made(self, today, shape)
            self._room = shape.most_prefixes

        patch.setattr(Histogram, "__init__", impatient)
        yield


@settings(max_examples=200, deadline=None)
@given(entries=listings(), shape=SHAPES, cuts=CUTS, with_versions=st.booleans())
def test_any_listing_in_any_pages_gives_the_histogram_of_its_objects(
    paged_bucket, a_bucket, entries, shape, cuts, with_versions
):
    bucket = a_bucket(versioning="suspended" if with_versions else "never")
    listing = list_objects(paged_bucket(entries, cuts), bucket, TODAY, ListingRules(shape))
    expected = brute_force(entries, shape, with_versions)
    assert as_cells(listing.rows) == expected
    assert (listing.objects, listing.bytes) == (
        sum(cell[0] for cell in expected.values()),
        sum(cell[1] for cell in expected.values()),
    )
    assert (listing.is_sample, listing.method, listing.covers_versions) == (False, "all keys", True)


class Killed(BaseException):
    """Ends a run as a signal would: nothing of ours catches it."""


class Memory:
    """Checkpoints in memory."""

    def __init__(self):
        self.states = {}

    def load(self, name):
        return self.states.get(name)

    def save(self, name, state):
        self.states[name] = state

    def discard(self, name):
        self.states.pop(name, None)


@settings(max_examples=150, deadline=None)
@given(
    entries=listings(),
    shape=SHAPES,
    cuts=CUTS,
    deaths=st.lists(st.tuples(st.integers(1, 12), st.sampled_from([Killed, SourceUnavailable])), max_size=6),
    pages=st.integers(1, 3),
    budget=st.none() | st.integers(1, 30),
    expected=st.none() | st.just(1000),
)
def test_a_listing_that_dies_again_and_again_ends_like_an_undisturbed_one(
    paged_bucket, a_bucket, entries, shape, cuts, deaths, pages, budget, expected
):
    rules = ListingRules(shape, most_requests=budget, page_size=3, pages_between_checkpoints=pages)
    bucket = a_bucket(versioning="enabled")
    undisturbed = list_objects(paged_bucket(entries, cuts), bucket, TODAY, rules, expected_objects=expected)

    checkpoints = Memory()
    for after, death in deaths:
        source = paged_bucket(entries, cuts)

        def die(*_, source=source, after=after, death=death):
            if len(source.asked) >= after:
                raise death("killed")

        source.before = die
        with suppress(Killed, SourceUnavailable):
            list_objects(source, bucket, TODAY, rules, checkpoints, expected)
    resumed = list_objects(paged_bucket(entries, cuts), bucket, TODAY, rules, checkpoints, expected)

    assert checkpoints.states == {}
    if budget is None:
        assert replace(resumed, requests=0) == replace(undisturbed, requests=0)
    else:  # requests that came to nothing are lost to it
        assert resumed.requests <= budget
        assert resumed.objects <= undisturbed.objects
        assert resumed.is_sample or resumed.rows == undisturbed.rows


@given(written=WRITTEN, days=st.sampled_from(AGES[1:]))
def test_an_age_bucket_begins_where_a_rule_of_as_many_days_acts(written, days):
    # S3 adds the days and rounds up to the next midnight
    due = written + timedelta(days=days)
    acts = due if due.time() == datetime.min.time() else due.replace(hour=0, minute=0) + timedelta(days=1)
    ages = Ages(TODAY, AGES)
    assert (ages.bounds(ages.index(written))[0] >= days) == (acts <= MIDNIGHT)


def test_what_is_younger_than_today_has_age_zero():
    ages = Ages(TODAY, AGES)
    assert [ages.bounds(ages.index(MIDNIGHT + timedelta(days=d)))[0] for d in (0, 5, -30)] == [0, 0, 30]
    assert ages.bounds(3) == (365, None)


@pytest.mark.parametrize(
    ("key", "prefixes"),
    [
        ("a", ["", "", ""]),
        ("a/b", ["", "a/", "a/"]),
        ("a/b/c/d", ["", "a/", "a/b/"]),
        ("/a//", ["", "/", "/a/"]),
        ("a/", ["", "a/", "a/"]),
    ],
)
def test_a_prefix_is_the_first_folders_of_a_key(key, prefixes):
    assert [prefix_of(key, depth) for depth in range(3)] == prefixes


def test_memory_stays_bounded_however_many_prefixes_come():
    shape = Shape(prefix_depth=1, most_prefixes=10)
    histogram, most = Histogram(TODAY, shape), 0
    for page in range(50):
        for number in range(100):
            histogram.add(Entry(f"{page:03}-{number:03}/x", page, MIDNIGHT, "STANDARD", "current"))
        histogram.fold(f"{page:03}-099/x")
        most = max(most, len(histogram.dump()))
    assert most <= 10 + 1 + 1  # kept, going on, the rest
    rows = histogram.rows()
    assert {row.prefix for row in rows} == {f"049-{n:03}/" for n in range(10)} | {REST}
    assert sum(row.objects for row in rows) == 5000
    assert sum(row.bytes for row in rows) == sum(range(50)) * 100


@pytest.mark.parametrize("edges", [(), (1, 2), (0, 5, 5), (0, 9, 3)])
def test_edges_that_do_not_rise_from_zero_are_refused(edges):
    with pytest.raises(ValueError, match="do not rise from 0"):
        Shape(age_edges_days=edges)
