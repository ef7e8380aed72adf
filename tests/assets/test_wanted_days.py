"""Which days a source of daily measurements is asked for, given what the lake knows already."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.bronze.telemetry_days import Calendar, first_kept, is_settled, stretches
from pipelines.lake.address import parse_address
from pipelines.lake.measurements import READING_HASH, Measurement, keep
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable
from pipelines.sources.cockpit.account import DataSource

NOW = datetime(2026, 11, 18, 6, tzinfo=UTC)
TODAY = NOW.date()
COLUMNS = pa.schema([("level", pa.int64()), ("usage_month", pa.string())])
TABLE = PythonTable("bronze.levels", "Levels.", pa.schema([(READING_HASH, pa.string()), *COLUMNS]), "usage_month")


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def source(retention: int | None = None, created: datetime | None = None) -> DataSource:
    return DataSource("s", "p", "fr-par", "metrics", "scaleway", "https://x", retention, None, created)


@pytest.mark.parametrize(
    ("retention", "now", "first"),
    [(None, NOW, 31), (31, NOW, 30), (31, datetime(2026, 11, 18, tzinfo=UTC), 31), (400, NOW, 31), (1, NOW, 0)],
)
def test_the_first_day_is_one_that_is_wholly_kept(retention, now, first):
    assert first_kept(source(retention), 31, now) == ago(first)


def test_no_day_before_a_data_source_was_made_is_asked_for():
    assert first_kept(source(31, datetime(2026, 11, 12, 23, tzinfo=UTC)), 31, NOW) == date(2026, 11, 12)
    assert first_kept(source(31, datetime(2020, 1, 1, tzinfo=UTC)), 31, NOW) == ago(30)


def test_a_day_is_settled_an_hour_after_its_end():
    assert not is_settled(ago(1), datetime(2026, 11, 18, 0, 59, 59, tzinfo=UTC))
    assert is_settled(ago(1), datetime(2026, 11, 18, 1, tzinfo=UTC))


@given(st.sets(st.integers(0, 60)), st.integers(1, 9))
def test_stretches_hold_each_day_once_without_holes_and_are_no_longer_than_allowed(numbers, longest):
    days = [ago(number) for number in sorted(numbers, reverse=True)]
    cut = list(stretches(days, longest))
    assert [day for stretch in cut for day in stretch] == days
    assert all(1 <= len(stretch) <= longest for stretch in cut)
    assert all(b - a == timedelta(days=1) for stretch in cut for a, b in pairwise(stretch))


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(parse_address(str(tmp_path / "lake")))


def known(lake: Lake, *days: int, is_final: bool = True, is_gap: bool = False, place: str = "s") -> None:
    """Days ago that were measured."""
    rows = None if is_gap else pa.Table.from_pylist([], schema=COLUMNS)
    keep(lake, TABLE, [Measurement("levels", place, ago(day), NOW, rows, is_final) for day in days])


def wanted(lake: Lake, first: int, place: str = "s") -> list[int]:
    """Days ago that are asked for."""
    return [(TODAY - day).days for day in Calendar(lake, "levels", NOW).wanted(place, ago(first))]


def test_complete_days_that_are_not_known_are_wanted_the_oldest_first_and_today_never(lake):
    assert wanted(lake, 3) == [3, 2, 1]
    known(lake, 3, 1)
    known(lake, 2, place="another")
    assert wanted(lake, 3) == [2]
    assert wanted(lake, 0) == []


def test_a_gap_is_asked_again_and_a_day_with_a_part_missing_for_a_week(lake):
    known(lake, 20, 5, is_gap=True, is_final=False)
    known(lake, *range(6, 20), *range(1, 5))
    assert wanted(lake, 20) == [20, 5]
    known(lake, 12, 7, is_final=False)
    assert wanted(lake, 20) == [20, 7, 5]


def test_a_history_that_was_read_is_not_looked_at_again_and_one_that_was_not_is_finished(lake):
    known(lake, *range(60, 100))
    assert wanted(lake, 100) == [100, *range(59, 0, -1)], "a first run that died goes on"
    known(lake, *range(1, 60))
    assert wanted(lake, 100) == [], "what the edge of the last weeks knows as settled was dealt with"
