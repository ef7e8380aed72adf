"""Keeps what was measured of one day at one place: rows first, then the line in `bronze.measurements` that points at
them. So a run that dies between the two commits leaves rows that nothing points at; the next run finds them there.

A measurement that says the same as the newest one of its day and place is not stored again. What could not be
measured is kept too, with the reason: a gap is known, not silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256

import pyarrow as pa

from pipelines.lake.engine import Catalog, connect
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake
from pipelines.lake.tables import PYTHON_TABLES
from pipelines.lake.tables.bronze import MEASUREMENTS
from pipelines.lake.tables.python_table import PythonTable

READING_HASH = "reading_hash"
"""First column of every table of measured rows."""

FLUSH_ROWS = 150_000
FLUSH_LINES = 1_000
"""Rows and measurements gathered before they are committed, so that a long history is bounded in memory and a run that
dies loses little of it."""


@dataclass(frozen=True)
class Measurement:
    """One day at one place. `rows` lack the column `reading_hash`; None means that it could not be measured, and
    `note` says why. `is_final` is false when the day may still grow."""

    source: str
    place: str
    day: date
    asked_at: datetime
    rows: pa.Table | None
    is_final: bool = True
    project_id: str | None = None
    region_id: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Kept:
    """Measurements offered, those that said something new, and rows written."""

    asked: int
    new: int
    rows: int


@dataclass(frozen=True)
class Known:
    """The newest that is stored of one day at one place."""

    asked_at: datetime
    reading_hash: str | None
    is_final: bool
    note: str


def measured_days(lake: Lake, source: str, since: date) -> dict[str, dict[date, Known]]:
    """What is known from `since` on, by place and day."""
    rows = Catalog(lake, Layered({})).query(
        "select place, day, asked_at, reading_hash, is_final, note from bronze.measurements "
        f"where source = '{source}' and usage_month >= '{since:%Y-%m}' and day >= date '{since}' order by asked_at"
    )
    known: dict[str, dict[date, Known]] = {}
    for row in rows.to_pylist():
        newest = Known(row["asked_at"], row[READING_HASH], row["is_final"], row["note"])
        known.setdefault(row["place"], {})[row["day"]] = newest
    return known


def keep(
    lake: Lake,
    table: PythonTable,
    measurements: Iterable[Measurement],
    flush_rows: int = FLUSH_ROWS,
    flush_lines: int = FLUSH_LINES,
) -> Kept:
    """Append to `table` and `bronze.measurements` what is new: two commits for each `flush_rows` rows or `flush_lines`
    measurements that were gathered, or none."""
    writer = _Writer(lake, table)
    asked = 0
    for measurement in measurements:
        asked += 1
        writer.take(measurement)
        if writer.waiting_rows >= flush_rows or writer.waiting_lines >= flush_lines:
            writer.flush()
    writer.flush()
    for each in (table.name, MEASUREMENTS.name) if writer.new else ():
        lake.settle(each)
    return Kept(asked, writer.new, writer.written)


class _Writer:
    def __init__(self, lake: Lake, table: PythonTable) -> None:
        self._lake, self._table = lake, table
        self._catalog = Catalog(lake, Layered({}), {**PYTHON_TABLES, table.name: table})
        self._known: dict[tuple[str, str], dict[str, dict[date, Known]]] = {}
        self._stored: dict[str, set[str]] = {}
        self._waiting: list[Measurement] = []
        self.waiting_rows = self.new = self.written = 0

    @property
    def waiting_lines(self) -> int:
        """Measurements taken since the last flush."""
        return len(self._waiting)

    def take(self, measurement: Measurement) -> None:
        """Gather one measurement."""
        self._waiting.append(measurement)
        self.waiting_rows += 0 if measurement.rows is None else measurement.rows.num_rows

    def flush(self) -> None:
        """Commit what is new of what was gathered: the rows, then the lines that point at them."""
        schema = self._table.schema
        contents: list[pa.Table] = [_measured(schema).empty_table()]
        stamps: list[str] = []
        lines: list[Mapping[str, object]] = []
        for measurement, found in zip(self._waiting, self._hashes(), strict=True):
            dated = self._if_new(measurement, found)
            if dated is None:
                continue
            lines.append(_line(dated, found))
            if dated.rows is not None and found is not None and found not in self._stored_in(dated.day):
                self._stored_in(dated.day).add(found)
                contents.append(_conforming(dated.rows, _measured(schema)))
                stamps += [found] * dated.rows.num_rows
        rows = pa.concat_tables(contents).add_column(0, READING_HASH, pa.array(stamps, pa.string())).cast(schema)
        _append(self._lake, self._table, rows, READING_HASH)
        _append(self._lake, MEASUREMENTS, pa.Table.from_pylist(lines, MEASUREMENTS.schema), *MEASUREMENTS.schema.names)
        self.new += len(lines)
        self.written += rows.num_rows
        self._waiting, self.waiting_rows = [], 0

    def _if_new(self, measurement: Measurement, found: str | None) -> Measurement | None:
        """The measurement, dated after what it supersedes; None when that says the same."""
        key = (measurement.source, f"{measurement.day:%Y-%m}")
        if key not in self._known:
            self._known[key] = measured_days(self._lake, measurement.source, measurement.day.replace(day=1))
        days = self._known[key].setdefault(measurement.place, {})
        before = days.get(measurement.day)
        said = (found, measurement.is_final, measurement.note)
        if before is not None:
            if (before.reading_hash, before.is_final, before.note) == said:
                return None
            if before.asked_at >= measurement.asked_at:
                measurement = replace(measurement, asked_at=before.asked_at + timedelta.resolution)
        days[measurement.day] = Known(measurement.asked_at, *said)
        return measurement

    def _hashes(self) -> list[str | None]:
        """The hash of each gathered measurement's rows, whatever their order; None of what was not measured."""
        content = _content_hashes([each.rows for each in self._waiting], self._table.schema)
        return [
            None if each.rows is None else _digest([each.source, each.place, str(each.day), found])
            for each, found in zip(self._waiting, content, strict=True)
        ]

    def _stored_in(self, day: date) -> set[str]:
        month = f"{day:%Y-%m}"
        if month not in self._stored:
            rows = self._catalog.query(
                f"select distinct {READING_HASH} from {self._table.name} where usage_month = '{month}'"
            )
            self._stored[month] = set(rows[READING_HASH].to_pylist())
        return self._stored[month]


def _append(lake: Lake, table: PythonTable, rows: pa.Table, *telling: str) -> None:
    """One commit, or none without rows; the columns in `telling` stand for the content."""
    if not rows.num_rows:
        return
    by_month: dict[str, list[str]] = {}
    for told in rows.group_by(list(dict.fromkeys(("usage_month", *telling)))).aggregate([]).to_pylist():
        by_month.setdefault(told["usage_month"], []).append("|".join(map(str, told.values())))
    hashes = {month: _digest(sorted(told)) for month, told in by_month.items()}
    lake.append(table.name, rows, hashes, table.partition_by)


def _content_hashes(tables: Sequence[pa.Table | None], schema: pa.Schema) -> list[str]:
    """All in one question, since opening a connection for each would cost more than the work."""
    measured = _measured(schema)
    given = [measured.empty_table() if table is None else _conforming(table, measured) for table in tables]
    numbers = [number for number, table in enumerate(given) for _ in range(table.num_rows)]
    with connect() as connection:
        connection.register("measured", pa.concat_tables([measured.empty_table(), *given]))
        connection.register("numbered", pa.table({"number": pa.array(numbers, pa.int64())}))
        # sum and xor of the rows' hashes stay the same in any order; a cryptographic hash of each row takes 30 times as
        # long, and nobody gains by a collision here
        found = connection.execute(
            """
            select numbered.number, sum(hash(measured)::hugeint), bit_xor(hash(measured)), count(*)
            from measured positional join numbered group by numbered.number
            """
        ).fetchall()
    told = {number: f"{total} {mixed} {rows}" for number, total, mixed, rows in found}
    return [told.get(number, "") for number in range(len(given))]


def _measured(schema: pa.Schema) -> pa.Schema:
    """The columns of a table that a measurement brings."""
    return pa.schema([column for column in schema if column.name != READING_HASH])


def _conforming(table: pa.Table, schema: pa.Schema) -> pa.Table:
    return table if table.schema.equals(schema) else table.cast(schema)


def _line(measurement: Measurement, found: str | None) -> Mapping[str, object]:
    return {
        READING_HASH: found,
        "source": measurement.source,
        "place": measurement.place,
        "project_id": measurement.project_id,
        "region_id": measurement.region_id,
        "day": measurement.day,
        "asked_at": measurement.asked_at,
        "measured_rows": None if measurement.rows is None else measurement.rows.num_rows,
        "is_final": measurement.is_final,
        "note": measurement.note,
        "usage_month": f"{measurement.day:%Y-%m}",
    }


def _digest(parts: Sequence[str]) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:32]
