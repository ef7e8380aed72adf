"""Every list that Scaleway really gave: resources in are resources out, and what is no resource says why."""

import pytest

from benchmarks.recorded_lists import OTHERS, RESOURCES
from benchmarks.recorded_products import Report, lines, recordings, report


@pytest.fixture(scope="module")
def folder(reference_data):
    return reference_data / "fixtures" / "scaleway-recorded"


@pytest.fixture(scope="module")
def told(folder, tmp_path_factory) -> Report:
    return report(folder, tmp_path_factory.mktemp("lake") / "lake")


def test_resources_in_are_resources_out_by_product(told):
    print("", *lines(told), sep="\n")
    assert told.problems == []
    for kind, ids in told.expected.items():
        assert sorted(told.silver[kind]) == sorted(ids)
    everything = [identifier for ids in told.silver.values() for identifier in ids]
    assert len(everything) == len(set(everything)) == 690
    held = [row for row in told.rows if row.source]
    assert sum(row.recorded for row in held) == sum(row.received for row in held) == 506


def test_every_kind_of_list_is_read_as_resources_or_has_a_reason(told):
    kinds = {row.endpoint for row in told.rows}
    assert len(kinds) == 109
    assert not RESOURCES.keys() & OTHERS.keys()
    assert set(OTHERS) <= kinds
    assert all(reason.strip() for reason in OTHERS.values())


def test_every_listing_of_several_pages_gives_each_row_once(folder, told):
    several = [each for each in recordings(folder) if len(each.pages) > 1]
    assert len(several) == 16
    paged = {each.endpoint for each in several}
    assert {row.endpoint for row in told.rows if row.pages > row.answers} == paged
    for row in told.rows:
        if row.endpoint in paged and row.received:
            assert row.received == row.recorded


def test_a_lost_or_doubled_resource_would_be_told(told):
    kind = max(told.silver, key=lambda each: len(told.silver[each]))
    short = Report(told.rows, told.singles, {**told.silver, kind: told.silver[kind][1:]}, told.expected)
    double = Report(told.rows, told.singles, {**told.silver, kind: [*told.silver[kind], "x"]}, told.expected)
    assert len(short.problems) == len(double.problems) == 1
