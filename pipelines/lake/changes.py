"""What a commit does to a table: the partitions it replaces, their states after it, and the columns a table lacks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from pipelines.lake.state import WHOLE, PartitionState, TableState


@dataclass(frozen=True)
class Change:
    """What a commit does: states of the partitions after it, and which of them it replaces; None means all."""

    mode: Literal["append", "overwrite"]
    states: Callable[[TableState], dict[str, PartitionState]]
    partitions: Sequence[str] | None = None
    is_remade: bool = False
    base: TableState | None = None

    def is_overtaken(self, state: TableState) -> bool:
        """Whether somebody changed what it replaces after the version it was made from."""
        if self.base is None:
            return False
        told = [state.partitions.get(name) for name in self.partitions or [WHOLE]]
        seen = [self.base.partitions.get(name) for name in self.partitions or [WHOLE]]
        return [each and each.content for each in told] != [each and each.content for each in seen]


def chain(before: str, added: str) -> str:
    """The hash of what is there after something of that hash was added."""
    return hashlib.sha256(f"{before}{added}".encode()).hexdigest()[:32]


def with_columns(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with the columns of `schema`; those they lack are null."""
    missing = [column for column in schema if column.name not in rows.schema.names]
    for column in missing:
        rows = rows.append_column(column, pa.nulls(rows.num_rows, column.type))
    return rows.select(schema.names).cast(schema)


def difference(rows: pa.Schema, table: pa.Schema) -> str:
    """Columns that differ, of either side."""
    other = {column.name for column in {*rows} ^ {*table}}
    return ", ".join(sorted(other))
