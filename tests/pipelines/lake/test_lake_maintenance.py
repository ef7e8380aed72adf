"""The lake's own retention: old files go when they are asked to, and never those a closed month stands on."""

import inspect

import pyarrow as pa
import pytest

from finops.commands.lake_maintenance import maintain
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.maintenance import KEEP_DAYS, maintained
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables import PythonTable

SCHEMA = pa.schema([("cost", pa.int64()), ("billing_month", pa.string())])
TABLE = PythonTable("silver.things", "", SCHEMA, "billing_month")


@pytest.fixture
def lake(tmp_path):
    return Lake(parse_address(str(tmp_path / "lake")))


def write(lake, month, cost):
    rows = pa.Table.from_pylist([{"cost": cost, "billing_month": month}], schema=SCHEMA)
    lake.replace(TABLE.name, rows, {month: PartitionState(f"{cost}")}, TABLE.partition_by)


def look(lake, **more):
    """What is told of the table, by a catalog that knows nothing yet."""
    (told,) = maintained(Catalog(lake, Layered({}), {TABLE.name: TABLE}), more.pop("pinned", {}), **more)
    return told


def read(lake, version=None):
    state = lake.state(TABLE.name) if version is None else lake.state_at(TABLE.name, version)
    return sorted(row["cost"] for row in state.delta.to_pyarrow_table().to_pylist())


@pytest.fixture
def rewritten(lake):
    """March written three times, April once."""
    for cost in (1, 2, 3):
        write(lake, "2026-03", cost)
    write(lake, "2026-04", 10)
    return lake


def test_it_tells_what_is_current_and_what_earlier_versions_keep(rewritten):
    told = look(rewritten)
    assert (told.partitions, told.files, told.versions, told.small_files) == (2, 2, told.version + 1, 0)
    assert (told.old_files, told.removable_files, told.removed_files) == (2, 0, 0)
    assert told.bytes > 0
    assert told.old_bytes == pytest.approx(told.bytes, rel=0.2)


def test_the_command_keeps_what_the_log_keeps_unless_told_otherwise():
    assert inspect.signature(maintain).parameters["keep_days"].default == KEEP_DAYS


def test_looking_removes_nothing_and_makes_no_commit(rewritten):
    before = rewritten.state(TABLE.name).version
    told = look(rewritten, keep_days=0)
    assert (told.removable_files, told.removed_files) == (2, 0)
    assert rewritten.state(TABLE.name).version == before
    assert look(rewritten, remove=True).removed_files == 0, "nothing is older than the log keeps"
    assert rewritten.state(TABLE.name).version == before


def test_what_is_too_old_goes_and_neither_rows_nor_hashes_change(rewritten):
    before = rewritten.state(TABLE.name).partitions
    assert look(rewritten, keep_days=0, remove=True).removed_files == 2
    assert read(rewritten) == [3, 10]
    assert rewritten.state(TABLE.name).partitions == before
    again = look(rewritten, keep_days=0, remove=True)
    assert (again.old_files, again.old_bytes, again.removed_files) == (0, 0, 0)


def test_a_version_a_closed_month_was_read_at_stays_readable(rewritten):
    first = next(version for version in range(10) if read(rewritten, version) == [1])
    told = look(rewritten, keep_days=0, remove=True, pinned={TABLE.name: {first}})
    assert told.removed_files == 1
    assert read(rewritten, first) == [1]
    assert read(rewritten) == [3, 10]
