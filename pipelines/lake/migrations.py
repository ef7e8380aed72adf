"""What brings a table of an earlier version under a contract that an earlier reader would not understand.

Most changes need nothing here: columns that were added are filled in by whatever writes the table next, and a table
that a select makes is made anew from what it reads as soon as its columns are others. What cannot be made again,
because people or the passing of days made it, is listed with the function that carries its rows over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from pipelines.errors import LakeUnavailable
from pipelines.lake.changes import with_columns
from pipelines.lake.seals import commit_of, read
from pipelines.lake.state import said
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable
from pipelines.lake.versions import WRITER

BEFORE_TOLD = "0.1.0"
"""The version that wrote commits which do not tell."""


@dataclass(frozen=True)
class Migration:
    """How a table comes under the contract of that major number, which the release brought.

    `carry` turns the rows of the contract before; None where the table is made anew from what it reads.
    """

    table: str
    contract: int
    release: str
    how: str
    carry: Callable[[pa.Table], pa.Table] | None = None


def _confidence_as_number(rows: pa.Table) -> pa.Table:
    """`confidence` was a text of any kind; what is no number from 0 to 1 is not known."""
    at = rows.schema.get_field_index("confidence")
    numbers = [_share(value) for value in rows.column(at).to_pylist()]
    return rows.set_column(at, "confidence", pa.array(numbers, pa.float64()))


def _share(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "gold.recommendations",
        2,
        "0.2.0",
        "0.1.0 declared the table and wrote nothing into it. Rows that something else wrote are carried over: a "
        "confidence that is a number stays, and one in words is unknown.",
        _confidence_as_number,
    ),
)


def migrated(lake: Lake, declared: Mapping[str, PythonTable]) -> list[str]:
    """Carry over the tables whose columns are still those of an earlier contract; which ones is returned.

    One commit a table, and the version before stays readable. Nothing is done a second time.
    """
    done = []
    for migration in MIGRATIONS:
        table = declared.get(migration.table)
        if migration.carry is None or table is None or lake.fits(table.name, table.schema):
            continue
        _carry(lake, table, migration.carry)
        done.append(table.name)
    return done


def _carry(lake: Lake, table: PythonTable, carry: Callable[[pa.Table], pa.Table]) -> None:
    state = lake.state(table.name)
    assert state.delta is not None
    rows = carry(state.delta.to_pyarrow_table())
    if unknown := sorted({*rows.column_names} - {*table.schema.names}):
        raise LakeUnavailable(
            f"{table.name}: nothing is known of its columns {', '.join(unknown)}; use the version that wrote it"
        )
    with lake.new_files(table.name, table.schema, table.partition_by) as files:
        files.add(with_columns(rows, table.schema))
        lake.remake(files, state.partitions)


def written_by(lake: Lake, table: str) -> str | None:
    """The version of the product that wrote the newest version of a table; None where it was never written."""
    newest = lake.state(table).version
    if newest < 0:
        return None
    return said(read(lake.folder(table), commit_of(newest))).get(WRITER, BEFORE_TOLD)
