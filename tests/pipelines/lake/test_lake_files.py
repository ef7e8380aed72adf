"""Files of a table before the commit that names them: written as rows come, read by nobody, gone when given up."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import LakeUnavailable
from pipelines.lake import files as written
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables import PythonTable

TABLE = PythonTable(
    "bronze.things",
    "",
    pa.schema(
        [
            ("number", pa.int64()),
            ("name", pa.string()),
            ("cost", pa.decimal128(38, 12)),
            ("day", pa.date32()),
            ("at", pa.timestamp("us", tz="UTC")),
            ("tags", pa.list_(pa.string())),
            ("part", pa.struct([("a", pa.int32()), ("b", pa.string())])),
            ("is_new", pa.bool_()),
            ("file", pa.string()),
        ]
    ),
    "file",
)
NAMES = ["2026-10", "a b/c%20ü.csv", "x=y&z.csv", "100%", "+plus"]


def thing(number: int, file: str = "2026-10", **others) -> dict:
    at = datetime(2026, 10, 1, 23, 59, 59, 999999, tzinfo=UTC)
    row = {"number": number, "name": f"thing {number}", "cost": Decimal("-0.000000000001"), "day": date(2026, 10, 1)}
    row |= {"at": at, "tags": ["x", None], "part": {"a": 1, "b": None}, "is_new": True, "file": file}
    return row | others


def rows_of(*things: dict) -> pa.Table:
    return pa.Table.from_pylist(list(things), schema=TABLE.schema)


def read(lake: Lake, sql: str = "select * from bronze.things order by number") -> list[dict]:
    return Catalog(lake, Layered({}), {TABLE.name: TABLE}).query(sql).to_pylist()


def put(lake: Lake, *things: dict) -> None:
    lake.append(TABLE.name, rows_of(*things), {each["file"]: "h" for each in things}, TABLE.partition_by)


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(parse_address(str(tmp_path / "lake")))


def test_rows_of_every_type_come_back_from_a_partition_of_any_name(address):
    lake = Lake(address)
    things = [thing(number, file) for number, file in enumerate(NAMES)]
    things.append(thing(9, name=None, cost=None, day=None, at=None, tags=None, part=None, is_new=None))
    put(lake, *things)
    put(lake, thing(10, NAMES[1]))
    assert read(lake) == [*things, thing(10, NAMES[1])]
    lake.replace(TABLE.name, rows_of(thing(11, NAMES[1])), {NAMES[1]: PartitionState("new")}, TABLE.partition_by)
    assert [row["number"] for row in read(lake)] == [0, 2, 3, 4, 9, 11]
    assert {name: len(lake.state(TABLE.name).files([name])) for name in NAMES} == dict.fromkeys(NAMES, 1)


def test_rows_are_written_as_they_come_and_count_from_the_commit_on(lake, monkeypatch):
    monkeypatch.setattr(written, "GROUP_ROWS", 10)
    with lake.new_files(TABLE.name, TABLE.schema, TABLE.partition_by) as files:
        for number in range(0, 100, 5):
            files.add(rows_of(*(thing(each) for each in range(number, number + 5))))
            assert sum(each.rows for each in files._open.values()) < 10
        assert read(lake) == []
        lake.append_files(files, {"2026-10": "h"})
    assert [row["number"] for row in read(lake)] == list(range(100))
    (file,) = lake.state(TABLE.name).files()
    assert pq.ParquetFile(file).num_row_groups == 10


def test_waiting_rows_of_all_partitions_together_are_bounded(lake, monkeypatch):
    monkeypatch.setattr(written, "GROUP_BYTES", 2_000)
    with lake.new_files(TABLE.name, TABLE.schema, TABLE.partition_by) as files:
        for number in range(60):
            files.add(rows_of(thing(number, NAMES[number % 3])))
            assert sum(each.bytes for each in files._open.values()) < 2_000
        lake.append_files(files, {})
    assert len(read(lake)) == 60


def test_what_is_not_committed_is_gone(lake, tmp_path):
    put(lake, thing(1))
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())

    def give_up() -> None:
        with lake.new_files(TABLE.name, TABLE.schema, TABLE.partition_by) as files:
            files.add(rows_of(thing(2), thing(3, "2026-11")))
            assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before


def test_files_that_are_held_touch_the_folder_with_the_commit_only(lake, tmp_path):
    with lake.new_files(TABLE.name, TABLE.schema, TABLE.partition_by, held=True) as files:
        files.add(rows_of(thing(1), thing(2, "2026-11"), thing(3, "2026-12")))
        files.leave_out(["2026-11"])
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        assert lake.replace_files(files, {"2026-10": PartitionState("a"), "2026-12": PartitionState("b")}) == 2
    assert [row["number"] for row in read(lake)] == [1, 3]


def test_the_log_tells_exact_bounds_and_none_where_it_cannot(lake):
    put(lake, thing(3), thing(-7, name="é"), thing(5, name=None, day=date(2025, 1, 1)))
    put(lake, thing(1, "2026-11", name="x" * 65), thing(2, "2026-11"))
    put(lake, thing(4, "2026-12", name=None, day=None))
    log = lake.address.folder / "bronze" / "things" / "_delta_log"
    actions = [json.loads(line).get("add") for path in sorted(log.glob("*.json")) for line in path.open()]
    told = {each["partitionValues"]["file"]: json.loads(each["stats"]) for each in actions if each}
    assert [told[month]["numRecords"] for month in sorted(told)] == [3, 2, 1]
    october, november, december = (told[month] for month in sorted(told))
    assert october["minValues"] == {"number": -7, "name": "thing 3", "day": "2025-01-01"}
    assert october["maxValues"] == {"number": 5, "name": "é", "day": "2026-10-01"}
    assert {name: october["nullCount"][name] for name in ("number", "name", "day")} == {
        "number": 0,
        "name": 1,
        "day": 0,
    }
    assert "name" not in november["minValues"]
    assert december["minValues"] == {"number": 4}
    pruned = lake.state(TABLE.name).delta.file_uris(file_pruning_predicate="number = -7")
    assert [uri.rpartition("/")[2] for uri in pruned] == [
        uri.rpartition("/")[2] for uri in lake.state(TABLE.name).files(["2026-10"])
    ]


def test_what_is_over_lies_in_one_file_each_and_what_still_grows_is_left(lake):
    for number in range(5):
        put(lake, *(thing(10 * month + number, f"2026-0{month}") for month in (1, 2, 3)))
    put(lake, thing(99, "2025-12"))
    before, hashes = read(lake), lake.state(TABLE.name).partitions
    lake.settle(TABLE.name)
    files = [file.partition for file in lake.state(TABLE.name).data_files]
    assert {name: files.count(name) for name in files} == {"2025-12": 1, "2026-01": 1, "2026-02": 1, "2026-03": 5}
    assert read(lake) == before
    assert lake.state(TABLE.name).partitions == hashes
    version = lake.state(TABLE.name).version
    lake.settle(TABLE.name)
    lake.settle("bronze.never_written")
    assert lake.state(TABLE.name).version == version


def test_rows_that_lack_a_column_of_the_table_are_refused_by_its_name(lake):
    put(lake, thing(1))
    narrower = rows_of(thing(2)).drop_columns(["number"])
    with pytest.raises(LakeUnavailable, match=r"^bronze\.things: .*number"):
        lake.append(TABLE.name, narrower, {}, TABLE.partition_by)
    assert [row["number"] for row in read(lake)] == [1]
