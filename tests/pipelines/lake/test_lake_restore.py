"""A table goes back to an earlier version, with all it knew; a version that lost a file is not gone back to."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.cli import main
from pipelines.errors import LakeUnavailable, UsageError
from pipelines.lake.address import parse_address
from pipelines.lake.restoring import restore, versions
from pipelines.lake.store import Lake, PartitionState

SCHEMA = pa.schema([("cost", pa.int64()), ("billing_month", pa.string())])
TABLE = "silver.things"


def write(lake, month, cost):
    rows = pa.Table.from_pylist([{"cost": cost, "billing_month": month}], schema=SCHEMA)
    lake.replace(TABLE, rows, {month: PartitionState(f"{cost}", f"made of {cost}")}, "billing_month")


def read(lake):
    return sorted(row["cost"] for row in lake.state(TABLE).delta.to_pyarrow_table().to_pylist())


@pytest.fixture
def lake(tmp_path):
    made = Lake(parse_address(str(tmp_path / "lake")))
    for month, cost in (("2026-03", 1), ("2026-03", 2), ("2026-04=x y", 10), ("2026-03", 3)):
        write(made, month, cost)
    return made


def test_an_earlier_version_becomes_the_newest_and_knows_what_it_knew(lake):
    assert read(lake) == [3, 10]
    assert restore(lake, TABLE, 1) == 4
    assert read(lake) == [2]
    assert lake.state(TABLE).partitions == {"2026-03": PartitionState("2", "made of 2")}
    assert restore(lake, TABLE, 3) == 5
    assert read(lake) == [3, 10]
    write(lake, "2026-03", 4)
    assert read(lake) == [4, 10]


def test_versions_are_listed_and_one_that_lost_a_file_is_refused(lake):
    [file] = [Path(uri) for uri in lake.state_at(TABLE, 1).files()]
    file.unlink()
    told = versions(lake, TABLE)
    assert [(each.version, each.missing_files) for each in told] == [(3, 0), (2, 1), (1, 1), (0, 0)]
    with pytest.raises(LakeUnavailable, match="version 1 lacks 1 files"):
        restore(lake, TABLE, 1)
    assert read(lake) == [3, 10]


@pytest.mark.parametrize(("version", "words"), [(3, "is the newest"), (9, "it has 0 to 3"), (-1, "it has 0 to 3")])
def test_a_version_that_cannot_be_gone_back_to_is_told(lake, version, words):
    with pytest.raises(UsageError, match=words):
        restore(lake, TABLE, version)
    with pytest.raises(UsageError, match="was never written here"):
        restore(lake, "silver.nothing", 0)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["2026-03", "2026-04"]), st.integers(0, 99)), min_size=2, max_size=6), st.data()
)
def test_whatever_was_written_any_version_can_come_back(tmp_path_factory, writes, data):
    lake, seen = Lake(parse_address(str(tmp_path_factory.mktemp("lake")))), []
    for month, cost in writes:
        write(lake, month, cost)
        seen.append(read(lake))
    version = data.draw(st.integers(0, len(seen) - 2))
    restore(lake, TABLE, version)
    assert read(lake) == seen[version]


def test_the_command_lists_and_goes_back(lake, tmp_path, capsys):
    assert main(["lake", "restore", TABLE, "--lake", str(tmp_path / "lake")]) == 0
    assert "missing_files" in capsys.readouterr().out
    assert main(["lake", "restore", TABLE, "--version", "0", "--lake", str(tmp_path / "lake")]) == 0
    assert "is version 4 now" in capsys.readouterr().out
    assert read(Lake(parse_address(str(tmp_path / "lake")))) == [1]
