"""What was measured of a day is kept once, however often it is asked for, and whenever the run dies."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import LakeUnavailable
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.measurements import READING_HASH, Kept, Measurement, keep, measured_days
from pipelines.lake.sql_models import load_models
from pipelines.lake.store import Lake
from pipelines.lake.tables import PYTHON_TABLES, PythonTable

COLUMNS = pa.schema([("place", pa.string()), ("level", pa.float64()), ("usage_month", pa.string())])
TABLE = PythonTable("bronze.levels", "Water levels.", pa.schema([(READING_HASH, pa.string()), *COLUMNS]), "usage_month")
LEDGER = "bronze.measurements"
SEPTEMBER, OCTOBER = date(2026, 9, 30), date(2026, 10, 1)
MORNING = datetime(2026, 10, 2, 6, tzinfo=UTC)


def levels(day: date, *found: float, at: str = "quay") -> pa.Table:
    rows = [{"place": at, "level": level, "usage_month": f"{day:%Y-%m}"} for level in found]
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def level(*found: float, day: date = OCTOBER, at: str = "quay", hour: int = 0, **more) -> Measurement:
    """A measurement of one day; without levels it measured that there were none."""
    asked_at = MORNING + timedelta(hours=hour)
    return Measurement("levels", at, day, asked_at, levels(day, *found, at=at), **more)


def gap(note: str, day: date = OCTOBER, hour: int = 0) -> Measurement:
    return Measurement("levels", "quay", day, MORNING + timedelta(hours=hour), None, is_final=False, note=note)


def read(lake: Lake, sql: str) -> list[tuple]:
    catalog = Catalog(lake, load_models(), {**PYTHON_TABLES, TABLE.name: TABLE})
    return [tuple(row.values()) for row in catalog.query(sql).to_pylist()]


def told(lake: Lake) -> list[tuple]:
    """What silver sees: the rows of the newest reading of each day and place."""
    return read(
        lake,
        f"""
        select latest.place, latest.day, rows.level from silver.latest_measurements as latest
        inner join {TABLE.name} as rows on latest.reading_hash = rows.reading_hash order by all
        """,
    )


def counts(lake: Lake) -> tuple[int, int]:
    return read(lake, f"select (select count(*) from {TABLE.name}), (select count(*) from {LEDGER})")[0]


def versions(lake: Lake) -> list[int]:
    return [lake.state(table).version for table in (TABLE.name, LEDGER)]


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(parse_address(str(tmp_path / "lake")))


def test_equal_content_makes_no_commit_in_whatever_order_it_comes(address):
    lake = Lake(address)
    first = [level(1, 2, 2), level(day=SEPTEMBER), level(5, at="lock")]
    assert keep(lake, TABLE, first) == Kept(asked=3, new=3, rows=4)
    before = versions(lake)
    again = [level(2, 1, 2, hour=1), level(day=SEPTEMBER, hour=1), level(5, at="lock", hour=1)]
    assert keep(lake, TABLE, again) == Kept(3, 0, 0)
    assert versions(lake) == before
    assert told(lake) == [("lock", OCTOBER, 5.0), *(("quay", OCTOBER, each) for each in (1.0, 2.0, 2.0))]


def test_equal_rows_of_two_days_or_places_are_both_kept(lake):
    same = levels(OCTOBER, 1)
    given = [replace(level(day=day, at=at), rows=same) for day in (OCTOBER, date(2026, 10, 2)) for at in ("a", "b")]
    assert keep(lake, TABLE, given) == Kept(4, 4, 4)
    assert len(told(lake)) == 4


def test_a_value_supersedes_a_gap_and_a_gap_after_a_value_keeps_it_and_says_why(lake):
    keep(lake, TABLE, [gap("asleep")])
    assert told(lake) == []
    keep(lake, TABLE, [level(1, hour=1)])
    keep(lake, TABLE, [gap("dead", hour=2)])
    keep(lake, TABLE, [gap("dead", hour=3)])
    assert told(lake) == [("quay", OCTOBER, 1.0)]
    assert read(lake, "select is_final, note from silver.latest_measurements") == [(False, "dead")]
    assert counts(lake) == (1, 3)
    known = measured_days(lake, "levels", SEPTEMBER)["quay"][OCTOBER]
    assert (known.reading_hash, known.note) == (None, "dead")
    keep(lake, TABLE, [level(1, hour=4)])
    assert read(lake, "select is_final, note from silver.latest_measurements") == [(True, "")]
    assert counts(lake) == (1, 4), "the rows were there already"


def test_what_is_kept_later_is_newer_though_it_was_asked_at_the_same_moment(lake):
    keep(lake, TABLE, [level(1, is_final=False), level(2)])
    keep(lake, TABLE, [gap("refused")])
    keep(lake, TABLE, [level(3, note="one part is missing")])
    assert told(lake) == [("quay", OCTOBER, 3.0)]
    assert read(lake, "select note from silver.latest_measurements") == [("one part is missing",)]
    assert counts(lake) == (3, 4)


def test_a_day_that_is_measured_to_its_end_is_known_as_final_though_nothing_else_changed(lake):
    keep(lake, TABLE, [level(1, is_final=False)])
    assert not measured_days(lake, "levels", OCTOBER)["quay"][OCTOBER].is_final
    assert keep(lake, TABLE, [level(1, hour=1)]) == Kept(1, 1, 0)
    assert measured_days(lake, "levels", OCTOBER)["quay"][OCTOBER].is_final
    assert measured_days(lake, "levels", OCTOBER + timedelta(days=1)) == {}
    assert measured_days(lake, "other", SEPTEMBER) == {}


@pytest.mark.parametrize(("limits", "commits"), [((10, 100), 3), ((1, 100), 10), ((1000, 3), 4), ((1000, 100), 1)])
def test_a_long_history_is_committed_in_pieces_of_as_many_rows_or_lines_as_allowed(lake, limits, commits):
    days = [SEPTEMBER - timedelta(days=number) for number in range(10)]

    def measurements():
        for number, day in enumerate(days):
            # what was taken before is stored by now, but for the last piece
            stored = counts(lake)[1] if lake.exists(LEDGER) else 0
            assert number - stored <= -(-10 // commits)
            yield level(1, 2, 3, day=day)

    assert keep(lake, TABLE, measurements(), *limits) == Kept(10, 10, 30)
    assert versions(lake) == [commits - 1, commits - 1]
    assert len(told(lake)) == 30


@pytest.mark.parametrize("dies_before", [TABLE.name, LEDGER])
def test_a_run_that_dies_between_its_commits_leaves_nothing_lost_or_doubled(address, monkeypatch, dies_before):
    lake, undisturbed = Lake(address), Lake(type(address)(f"{address.root}-undisturbed", address.s3))
    append, made = Lake.append, []

    def dying(self, table, *arguments):
        made.append(table)
        if table == dies_before and made.count(table) == 2:
            raise LakeUnavailable(f"{table}: the disk is full")
        return append(self, table, *arguments)

    given = [level(1, 2, day=SEPTEMBER), level(3), gap("asleep", day=date(2026, 10, 2)), level(4, at="lock")]
    with monkeypatch.context() as patch:
        patch.setattr(Lake, "append", dying)
        with pytest.raises(LakeUnavailable):
            keep(lake, TABLE, given, flush_rows=2)
    assert told(lake) == [("quay", SEPTEMBER, 1.0), ("quay", SEPTEMBER, 2.0)]

    later = [replace(each, asked_at=each.asked_at + timedelta(hours=1)) for each in given]
    kept = keep(lake, TABLE, later, flush_rows=2)
    keep(undisturbed, TABLE, given, flush_rows=2)
    assert kept.new == 3
    assert told(lake) == told(undisturbed)
    assert counts(lake) == counts(undisturbed) == (4, 4)


RUNS = st.lists(
    st.lists(
        st.tuples(st.sampled_from([SEPTEMBER, OCTOBER]), st.sampled_from(["quay", "lock"]),
                  st.none() | st.lists(st.integers(1, 2), max_size=2)),
        max_size=5,
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(RUNS, st.integers(1, 4))
def test_whatever_is_measured_in_whatever_runs_the_newest_value_of_each_day_and_place_is_told(
    tmp_path_factory, runs, flush_lines
):
    lake = Lake(parse_address(str(tmp_path_factory.mktemp("lake"))))
    newest: dict[tuple[str, date], list[float]] = {}
    for hour, run in enumerate(runs):
        given = []
        for day, at, found in run:
            if found is None:
                given.append(replace(gap("asleep", day, hour), place=at))
            else:
                given.append(level(*found, day=day, at=at, hour=hour))
                newest[at, day] = sorted(map(float, found))
        keep(lake, TABLE, given, flush_lines=flush_lines)
    assert told(lake) == sorted((*key, each) for key, found in newest.items() for each in found)
    assert read(lake, f"select count(*) from {TABLE.name}")[0][0] == sum(
        read(lake, f"select measured_rows from {LEDGER} where reading_hash = '{found}' limit 1")[0][0]
        for (found,) in read(lake, f"select distinct reading_hash from {LEDGER} where reading_hash is not null")
    )
