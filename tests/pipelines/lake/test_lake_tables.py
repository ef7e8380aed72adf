"""Named Delta tables in a folder and in a bucket: what is written is there, exactly, whoever else writes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import ConfigurationError, LakeUnavailable
from pipelines.lake.address import parse_address
from pipelines.lake.build import content_hashes
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables import PythonTable

MONEY = pa.decimal128(38, 12)
SCHEMA = pa.schema(
    [("cost", MONEY), ("at", pa.timestamp("us", tz="UTC")), ("day", pa.date32()), ("billing_month", pa.string())]
)
TABLE = PythonTable("silver.things", "", SCHEMA, "billing_month")


def rows_of(month: str, *costs: str) -> pa.Table:
    at = datetime(int(month[:4]), int(month[5:]), 1, 23, 59, 59, 999999, tzinfo=UTC)
    return pa.Table.from_pylist(
        [{"cost": Decimal(cost), "at": at, "day": at.date(), "billing_month": month} for cost in costs], schema=SCHEMA
    )


def append(lake: Lake, month: str, *costs: str, hashed: str = "h") -> None:
    lake.append(TABLE.name, rows_of(month, *costs), {month: hashed}, TABLE.partition_by)


def read(lake: Lake, sql: str = f"select * from {TABLE.name} order by billing_month, cost") -> list[dict]:
    return Catalog(lake, Layered({}), {TABLE.name: TABLE}).query(sql).to_pylist()


def costs_in(lake: Lake) -> list[tuple[str, Decimal]]:
    return [(row["billing_month"], row["cost"]) for row in read(lake)]


def test_a_row_comes_back_with_every_digit_and_microsecond(address):
    lake = Lake(address)
    exact = ["123456789012345.123456789012", "-0.000000000001", "0.3"]
    append(lake, "2026-10", *exact)
    rows = read(lake)
    assert sorted(row["cost"] for row in rows) == sorted(map(Decimal, exact))
    assert {row["at"] for row in rows} == {datetime(2026, 10, 1, 23, 59, 59, 999999, tzinfo=UTC)}
    assert {row["day"] for row in rows} == {date(2026, 10, 1)}
    (total,) = read(lake, f"select sum(cost) as total, typeof(any_value(cost)) as kind from {TABLE.name}")
    assert total == {"total": Decimal("123456789012345.423456789011"), "kind": "DECIMAL(38,12)"}


def test_replacing_a_month_leaves_the_others_and_the_older_version_stays_readable(address):
    lake = Lake(address)
    append(lake, "2026-09", "9")
    append(lake, "2026-10", "1", "2")
    before = lake.state(TABLE.name).version
    lake.replace(TABLE.name, rows_of("2026-10", "7"), {"2026-10": PartitionState("new", "inputs")}, "billing_month")
    assert costs_in(lake) == [("2026-09", Decimal(9)), ("2026-10", Decimal(7))]
    state = lake.state(TABLE.name)
    assert state.partitions["2026-10"] == PartitionState("new", "inputs")
    assert state.partitions["2026-09"].content
    options = address.s3.delta_options if address.s3 else None
    older = DeltaTable(lake.uri(TABLE.name), version=before, storage_options=options)
    assert sorted(older.to_pyarrow_table()["cost"].to_pylist()) == [Decimal(1), Decimal(2), Decimal(9)]


def test_a_month_replaced_by_nothing_is_empty_and_known(address):
    lake = Lake(address)
    append(lake, "2026-09", "9")
    append(lake, "2026-10", "1")
    lake.replace(TABLE.name, SCHEMA.empty_table(), {"2026-10": PartitionState("empty")}, "billing_month")
    assert costs_in(lake) == [("2026-09", Decimal(9))]
    assert lake.state(TABLE.name).partitions["2026-10"].content == "empty"


def test_an_empty_table_can_be_asked_and_appending_nothing_commits_nothing(address):
    lake = Lake(address)
    assert read(lake) == []
    for _ in range(2):
        lake.append(TABLE.name, SCHEMA.empty_table(), {}, "billing_month")
        assert read(lake) == []
        assert lake.state(TABLE.name).version == 0
    (row,) = read(lake, f"select count(*) as rows, sum(cost) as cost from {TABLE.name}")
    assert row == {"rows": 0, "cost": None}


class Overtaken(Lake):
    """A lake in which somebody else commits between our look at the table and our commit, once."""

    def __init__(self, address, somebody) -> None:
        super().__init__(address)
        self.somebody = somebody

    def _write(self, *arguments, **keywords) -> None:
        if self.somebody is not None:
            commit, self.somebody = self.somebody, None
            commit()
        super()._write(*arguments, **keywords)


@pytest.mark.parametrize("is_first", [True, False], ids=["first commit", "later commit"])
def test_an_append_that_was_overtaken_keeps_both_rows_and_both_hashes(address, is_first):
    other = Lake(address)
    if not is_first:
        append(other, "2026-08", "8", hashed="before")
    lake = Overtaken(address, lambda: append(other, "2026-09", "9", hashed="theirs"))
    append(lake, "2026-10", "10", hashed="ours")
    expected = [] if is_first else [("2026-08", Decimal(8))]
    assert costs_in(lake) == [*expected, ("2026-09", Decimal(9)), ("2026-10", Decimal(10))]
    assert set(lake.state(TABLE.name).partitions) == {month for month, _ in costs_in(lake)}


@pytest.mark.parametrize("is_first", [True, False], ids=["first commit", "later commit"])
def test_a_replacement_that_was_overtaken_by_another_month_loses_neither(address, is_first):
    other = Lake(address)
    if not is_first:
        append(other, "2026-08", "8")

    def replace_month(lake: Lake, month: str, cost: str) -> None:
        lake.replace(TABLE.name, rows_of(month, cost), {month: PartitionState(f"of {month}")}, "billing_month")

    lake = Overtaken(address, lambda: replace_month(other, "2026-09", "9"))
    replace_month(lake, "2026-10", "10")
    expected = [] if is_first else [("2026-08", Decimal(8))]
    assert costs_in(lake) == [*expected, ("2026-09", Decimal(9)), ("2026-10", Decimal(10))]
    states = lake.state(TABLE.name).partitions
    assert (states["2026-09"].content, states["2026-10"].content) == ("of 2026-09", "of 2026-10")


WIDER = pa.schema([SCHEMA.field("cost"), ("why", pa.string()), *list(SCHEMA)[1:]])


def wider(month: str, cost: str, why: str) -> pa.Table:
    row = rows_of(month, cost).to_pylist()[0] | {"why": why}
    return pa.Table.from_pylist([row], schema=WIDER)


@pytest.mark.parametrize("way", ["append", "replace"])
def test_a_table_of_an_earlier_version_gets_the_columns_it_lacks(address, way):
    lake = Lake(address)
    append(lake, "2026-09", "9")
    append(lake, "2026-10", "1", "2")
    declared = {TABLE.name: replace(TABLE, schema=WIDER)}
    sql = f"select cost, why from {TABLE.name} order by cost"
    assert {row["why"] for row in Catalog(lake, Layered({}), declared).query(sql).to_pylist()} == {None}
    if way == "append":
        lake.append(TABLE.name, wider("2026-10", "7", "because"), {"2026-10": "new"}, "billing_month")
    else:
        lake.replace(TABLE.name, wider("2026-09", "7", "because"), {"2026-09": PartitionState("new")}, "billing_month")
    rows = Catalog(lake, Layered({}), declared).query(sql).to_pylist()
    kept = [1, 2, 9] if way == "append" else [1, 2]
    assert [(row["cost"], row["why"]) for row in rows] == sorted([*((cost, None) for cost in kept), (7, "because")])
    assert lake.state(TABLE.name).schema.names == WIDER.names
    assert sorted(lake.state(TABLE.name).partitions) == ["2026-09", "2026-10"]
    with pytest.raises(LakeUnavailable, match=r"silver\.things: the rows have other columns than the table \(why\)"):
        append(lake, "2026-10", "3")


def test_threads_that_append_at_once_all_land(address):
    numbers = range(8)
    with ThreadPoolExecutor(len(numbers)) as writers:
        list(writers.map(lambda n: append(Lake(address), f"2026-{n % 2 + 1:02d}", str(n)), numbers))
    lake = Lake(address)
    assert sorted(cost for _, cost in costs_in(lake)) == list(numbers)
    assert lake.state(TABLE.name).version == len(numbers) - 1
    assert set(lake.state(TABLE.name).partitions) == {"2026-01", "2026-02"}


WRITER = """
import sys
from decimal import Decimal
import pyarrow as pa
from pipelines.lake.address import S3Access, parse_address
from pipelines.lake.store import Lake
root, first, *key = sys.argv[1:]
lake = Lake(parse_address(root, S3Access(*key) if key else None))
schema = pa.schema([("cost", pa.decimal128(38, 12)), ("billing_month", pa.string())])
for number in range(int(first), int(first) + 4):
    rows = pa.Table.from_pylist([{"cost": Decimal(number), "billing_month": "2026-10"}], schema=schema)
    lake.append("silver.things", rows, {"2026-10": str(number)}, "billing_month")
"""


def test_processes_that_append_at_once_all_land(address):
    key = (address.s3.access_key, address.s3.secret_key, address.s3.endpoint_url) if address.s3 else ()
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, address.root, first, *key],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for first in ("0", "4")
    ]
    told = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], told
    lake = Lake(address)
    schema = pa.schema([("cost", MONEY), ("billing_month", pa.string())])
    catalog = Catalog(lake, Layered({}), {TABLE.name: replace(TABLE, schema=schema)})
    rows = catalog.query(f"select cost from {TABLE.name} order by cost").to_pylist()
    assert [row["cost"] for row in rows] == list(range(8))
    assert lake.state(TABLE.name).version == 7


def told_by(lake: Lake, act) -> str:
    with pytest.raises(LakeUnavailable) as raised:
        act(lake)
    return str(raised.value)


def test_a_wrong_key_is_told_in_one_line_without_the_secret(s3_server, lake_bucket):
    from pipelines.lake.address import S3Access

    wrong = S3Access(s3_server.access_key, "not-the-secret", s3_server.endpoint_url)
    lake = Lake(parse_address(f"s3://{lake_bucket}/wrong-key", wrong))
    for act in (lambda lake: lake.state(TABLE.name), lambda lake: append(lake, "2026-10", "1")):
        message = told_by(lake, act)
        assert "\n" not in message
        assert message.startswith("silver.things: ")
        assert "not-the-secret" not in message
        assert s3_server.secret_key not in message
    assert "not-the-secret" not in repr(lake.address)


def test_a_missing_bucket_is_told_in_one_line(s3_server):
    from pipelines.lake.address import S3Access

    access = S3Access(s3_server.access_key, s3_server.secret_key, s3_server.endpoint_url)
    lake = Lake(parse_address("s3://no-such-bucket/lake", access))
    message = told_by(lake, lambda lake: append(lake, "2026-10", "1"))
    assert "\n" not in message
    assert s3_server.secret_key not in message
    assert "no-such-bucket" not in s3_server.client().ls("/")


def test_an_unreachable_store_is_told_in_one_line(free_port):
    from pipelines.lake.address import S3Access

    access = S3Access("key", "a-secret-nobody-may-see", f"http://127.0.0.1:{free_port}")
    lake = Lake(parse_address("s3://bucket/lake", access))
    lake._options |= {"max_retries": "0", "retry_timeout": "1s"}
    message = told_by(lake, lambda lake: lake.state(TABLE.name))
    assert "\n" not in message
    assert "a-secret-nobody-may-see" not in message


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("a file where the lake should be")
    lake = Lake(parse_address(str(tmp_path / "file" / "lake")))
    message = told_by(lake, lambda lake: append(lake, "2026-10", "1"))
    assert "\n" not in message
    assert "run again" in message


def test_a_data_file_that_was_lost_is_told_in_one_line(address):
    lake = Lake(address)
    append(lake, "2026-10", "1")
    (file,) = lake.state(TABLE.name).files()
    if address.s3:
        s3fs = pytest.importorskip("s3fs")
        s3fs.S3FileSystem(
            key=address.s3.access_key, secret=address.s3.secret_key, endpoint_url=address.s3.endpoint_url
        ).rm_file(file)
    else:
        Path(file).unlink()
    with pytest.raises(LakeUnavailable, match="finops lake check") as raised:
        read(lake)
    assert "\n" not in str(raised.value)
    assert "part-" in str(raised.value)


@pytest.mark.parametrize(
    ("written", "word"),
    [("s3://", "names no bucket"), ("s3://bucket/lake", "needs a key"), ("https://x/y", "not understood")],
)
def test_a_wrong_address_is_a_configuration_error_that_names_it(written, word):
    with pytest.raises(ConfigurationError, match=word) as raised:
        parse_address(written)
    assert repr(written) in str(raised.value)


def test_a_folder_is_named_by_path_or_url_and_may_hold_spaces_and_accents(tmp_path):
    folder = tmp_path / "été 100%"
    addresses = [parse_address(str(folder)), parse_address(folder.as_uri()), parse_address(f"{folder}/")]
    assert len(set(addresses)) == 1
    lake = Lake(addresses[0])
    append(lake, "2026-10", "1")
    assert costs_in(lake) == [("2026-10", Decimal(1))]
    assert (folder / "silver" / "things" / "_delta_log").is_dir()


CELL = st.one_of(st.none(), st.integers(-9, 9))
ROWS = st.lists(st.tuples(st.sampled_from(["2026-01", "2026-02"]), CELL, CELL), max_size=8)


def hashes_of(rows: list[tuple]) -> dict[str, str]:
    with connect() as connection:
        connection.execute("create table r (billing_month varchar, a integer, b integer)")
        if rows:
            connection.executemany("insert into r values (?, ?, ?)", rows)
        return content_hashes(connection, "r", "billing_month", ["2026-01", "2026-02"])


@settings(max_examples=25, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_a_content_hash_does_not_depend_on_the_order_of_rows(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert hashes_of(rows) == hashes_of(shuffled)


@settings(max_examples=25, deadline=None)
@given(ROWS, ROWS)
def test_partitions_have_equal_hashes_exactly_when_their_rows_are_equal(one, other):
    mine, theirs = hashes_of(one), hashes_of(other)
    for month in ("2026-01", "2026-02"):
        rows = [sorted((row for row in side if row[0] == month), key=repr) for side in (one, other)]
        assert (mine[month] == theirs[month]) == (rows[0] == rows[1])
