"""Tables of gold that Python makes, month by month: written only where their inputs and then their rows differ.

A made table says its grain as a file of `sql/` does, and its rows are checked against it. No Dagster here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from inspect import getsource
from types import ModuleType
from typing import Any, TypeAlias

import pyarrow as pa

from pipelines.lake.build import Built, is_worth_telling
from pipelines.lake.content import ContentDigest
from pipelines.lake.dated import content_in_month, holds_by_day
from pipelines.lake.engine import Catalog
from pipelines.lake.store import PartitionState
from pipelines.lake.tables import PythonTable

MONTH = "billing_month"
_MONTHS = (MONTH, "usage_month")

Rows: TypeAlias = Sequence[Mapping[str, Any]] | pa.Table


@dataclass(frozen=True)
class MadeTable:
    """A table, what one row of it is, what it is made from and how many months back, and the code that makes it."""

    table: PythonTable
    grain: tuple[str, ...]
    reads: tuple[str, ...]
    code: tuple[ModuleType, ...]
    months_back: int = 0

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def code_fingerprint(self) -> str:
        """Changes with any line of the code that makes it."""
        told = sha256(repr((self.grain, str(self.table.schema))).encode())
        for module in self.code:
            told.update(getsource(module).encode())
        return told.hexdigest()[:16]


def build_months(catalog: Catalog, made: MadeTable, months: Sequence[str], make: Callable[[str], Rows]) -> Built:
    """Bring the months up to date: `make` is asked for those whose inputs changed, and only other rows are written.

    A table that an earlier version wrote with other columns is made anew, with every month it holds.
    """
    state = catalog.state(made.name)
    if state.delta is not None and not catalog.lake.fits(made.name, made.table.schema):
        return _remade(catalog, made, sorted({*months, *state.partitions}), make)
    written: list[str] = []
    parts: list[pa.Table] = []
    states: dict[str, PartitionState] = {}
    same: dict[str, PartitionState] = {}
    for month in sorted(months):
        inputs = _inputs(catalog, made, month)
        known = state.partitions.get(month)
        if known is not None and known.inputs == inputs:
            continue
        rows = in_order(made, make(month))
        content = content_of(rows)
        if known is None or known.content != content:
            written.append(month)
            parts.append(rows)
            states[month] = PartitionState(content, inputs)
        else:
            same[month] = PartitionState(content, inputs)
    if not states and not is_worth_telling(tuple(same), months):
        return Built(made.name, tuple(sorted(months)), (), 0)
    rows = pa.concat_tables([made.table.schema.empty_table(), *parts])
    catalog.lake.replace(made.name, rows, states, made.table.partition_by, same)
    catalog.forget(made.name)
    return Built(made.name, tuple(sorted(months)), tuple(written), rows.num_rows)


def _remade(catalog: Catalog, made: MadeTable, months: Sequence[str], make: Callable[[str], Rows]) -> Built:
    states: dict[str, PartitionState] = {}
    with catalog.lake.new_files(made.name, made.table.schema, made.table.partition_by) as files:
        for month in months:
            inputs = _inputs(catalog, made, month)
            rows = in_order(made, make(month))
            states[month] = PartitionState(content_of(rows), inputs)
            files.take(month, rows)
        written = catalog.lake.remake(files, states)
    catalog.forget(made.name)
    return Built(made.name, tuple(months), tuple(months), written)


def stale_months_of(catalog: Catalog, made: MadeTable, months: Sequence[str]) -> list[str]:
    """Of `months`, those in which the table is not what its inputs and its code would make it now."""
    known = catalog.state(made.name).partitions
    return [month for month in months if month not in known or known[month].inputs != _inputs(catalog, made, month)]


def in_order(made: MadeTable, rows: Rows) -> pa.Table:
    """The rows as the table's columns, sorted by its grain, so that equal rows have equal content."""
    if not isinstance(rows, pa.Table):
        rows = pa.Table.from_pylist([dict(row) for row in rows], schema=made.table.schema)
    return rows.sort_by([(column, "ascending") for column in made.grain])


def content_of(rows: pa.Table) -> str:
    """The hash of rows that are in order."""
    digest = ContentDigest(rows.schema)
    digest.add(rows)
    return digest.hexdigest()


def _inputs(catalog: Catalog, made: MadeTable, month: str) -> str:
    """What the month is made from: the code, and what it reads of this month, of those before it or of all."""
    parts = [made.code_fingerprint]
    for table in sorted(_stored(catalog, made.reads)):
        state = catalog.state(table)
        if state.partition_by is None and holds_by_day(catalog, table):
            parts.append(f"{table} in {month}={content_in_month(catalog, table, month)}")
            continue
        near = months_until(month, made.months_back)
        names = near if state.partition_by in _MONTHS else sorted(state.partitions)
        parts += [f"{table}/{name}={state.partitions[name].content}" for name in names if name in state.partitions]
    parts += [catalog.models.by_name[table].fingerprint for table in made.reads if table in catalog.models.by_name]
    return sha256("|".join(parts).encode()).hexdigest()[:32]


def months_until(month: str, back: int) -> list[str]:
    """The month and so many before it, oldest first."""
    newest = int(month[:4]) * 12 + int(month[5:]) - 1
    return [f"{ordinal // 12:04d}-{ordinal % 12 + 1:02d}" for ordinal in range(newest - back, newest + 1)]


def _stored(catalog: Catalog, tables: Iterable[str]) -> set[str]:
    return {name for table in tables for name in catalog.physical(table)}
