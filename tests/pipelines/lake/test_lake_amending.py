"""Two who change one partition at once both get their way, and a commit whose answer is lost is made once."""

import pyarrow as pa
import pytest
from deltalake.exceptions import CommitFailedError, DeltaError

from pipelines.errors import LakeUnavailable
from pipelines.lake import amending
from pipelines.lake.address import parse_address
from pipelines.lake.amending import amend
from pipelines.lake.failures import Overtaken
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables import PythonTable

SCHEMA = pa.schema([("cost", pa.int64()), ("billing_month", pa.string())])
TABLE = PythonTable("gold.things", "", SCHEMA, "billing_month")
MONTH = "2026-03"


def row(cost, month=MONTH):
    return pa.Table.from_pylist([{"cost": cost, "billing_month": month}], schema=SCHEMA)


def adding(cost):
    return lambda rows: pa.concat_tables([rows, row(cost)])


def read(address):
    return sorted(each["cost"] for each in Lake(address).state(TABLE.name).delta.to_pyarrow_table().to_pylist())


@pytest.fixture
def folder(tmp_path):
    return parse_address(str(tmp_path / "lake"))


def test_rows_of_two_writers_who_read_the_same_version_are_both_there(address, monkeypatch):
    monkeypatch.setattr(amending, "_WAIT_SECONDS", 0)
    amend(Lake(address), TABLE, MONTH, adding(0))
    asked = []

    def change(rows):
        if not asked:
            amend(Lake(address), TABLE, MONTH, adding(1))
        asked.append(rows["cost"].to_pylist())
        return pa.concat_tables([rows, row(2)])

    assert amend(Lake(address), TABLE, MONTH, change) == 2
    assert asked == [[0], [0, 1]]
    assert read(address) == [0, 1, 2]


def test_another_partition_that_changes_meanwhile_is_no_reason_to_begin_again(folder):
    lake = Lake(folder)
    amend(lake, TABLE, MONTH, adding(0))
    base = lake.state(TABLE.name)
    amend(Lake(folder), TABLE, "2026-04", lambda rows: pa.concat_tables([rows, row(9, "2026-04")]))
    lake.replace(TABLE.name, row(1), {MONTH: PartitionState("1")}, "billing_month", base=base)
    assert read(folder) == [1, 9]


def test_a_replacement_from_a_version_that_is_no_more_is_refused_and_leaves_no_file(folder):
    lake = Lake(folder)
    amend(lake, TABLE, MONTH, adding(0))
    base = lake.state(TABLE.name)
    amend(Lake(folder), TABLE, MONTH, adding(1))
    files = sorted(folder.folder.rglob("*"))
    with pytest.raises(Overtaken, match=r"gold\.things: another writer changed \['2026-03'\]; read it again"):
        lake.replace(TABLE.name, row(2), {MONTH: PartitionState("2")}, "billing_month", base=base)
    assert read(folder) == [0, 1]
    assert sorted(folder.folder.rglob("*")) == files


def test_equal_rows_make_no_version_and_a_bounded_number_of_attempts_is_made(folder, monkeypatch):
    lake = Lake(folder)
    amend(lake, TABLE, MONTH, adding(0))
    assert amend(lake, TABLE, MONTH, lambda rows: rows) == 1
    assert Lake(folder).state(TABLE.name).version == 0
    monkeypatch.setattr(amending, "_WAIT_SECONDS", 0)

    def overtaken(rows):
        amend(Lake(folder), TABLE, MONTH, adding(1))
        return pa.concat_tables([rows, row(2)])

    with pytest.raises(Overtaken, match="other writers came first 3 times in 2026-03"):
        amend(lake, TABLE, MONTH, overtaken, most_attempts=3)
    assert read(folder) == [0, 1, 1, 1]


def test_the_hashes_of_a_version_are_its_own_while_another_writes(folder, monkeypatch):
    """They were once asked of the table's history, which was ahead of the version by then."""
    amend(Lake(folder), TABLE, MONTH, adding(0))
    lake, told = Lake(folder), Lake._state_of

    def overtaken(self, table, delta):
        if self is lake:
            amend(Lake(folder), TABLE, MONTH, adding(1))
        return told(self, table, delta)

    monkeypatch.setattr(Lake, "_state_of", overtaken)
    seen = lake.state(TABLE.name)
    monkeypatch.undo()
    assert seen.version == 0
    assert seen.partitions == Lake(folder).state_at(TABLE.name, 0).partitions
    assert seen.partitions != Lake(folder).state(TABLE.name).partitions


class Unanswered(Lake):
    """A lake whose store takes a commit in, or not, and fails to say so, once."""

    def __init__(self, address, error, is_made) -> None:
        super().__init__(address)
        self.error, self.is_made = error, is_made

    def _write(self, *arguments) -> None:
        if self.is_made or self.error is None:
            super()._write(*arguments)
        error, self.error = self.error, None
        if error is not None:
            raise error


@pytest.mark.parametrize("error", [CommitFailedError("version exists"), DeltaError("connection reset")])
@pytest.mark.parametrize("is_first", [True, False], ids=["first commit", "later commit"])
def test_a_commit_whose_answer_was_lost_is_not_made_twice(folder, error, is_first):
    if not is_first:
        amend(Lake(folder), TABLE, MONTH, adding(0))
    lake = Unanswered(folder, error, is_made=True)
    lake.append(TABLE.name, row(5), {MONTH: "5"}, "billing_month")
    assert read(folder) == ([5] if is_first else [0, 5])
    assert Lake(folder).state(TABLE.name).version == (0 if is_first else 1)


def test_what_a_failed_commit_may_yet_name_is_not_deleted(folder):
    amend(Lake(folder), TABLE, MONTH, adding(0))
    before = sorted(folder.folder.rglob("*.parquet"))
    with pytest.raises(LakeUnavailable, match=r"gold\.things: connection reset; .* run again"):
        Unanswered(folder, DeltaError("connection reset"), is_made=False).append(
            TABLE.name, row(5), {MONTH: "5"}, "billing_month"
        )
    assert read(folder) == [0]
    assert len(sorted(folder.folder.rglob("*.parquet"))) == len(before) + 1
