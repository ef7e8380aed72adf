"""Reading files of business numbers: every line is either accepted as what it says, or set apart with a reason.

A file is read in batches and handed on batch by batch, so that its size does not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import ConfigurationError, UsageError
from pipelines.files.lines import numbered, raw_line, refuse_what_is_no_table
from pipelines.files.opening import Expected, RawFile, find_files, open_file
from pipelines.files.values import shorten, without_nulls
from pipelines.imports.casting import Reader
from pipelines.imports.columns import (
    Columns,
    Settings,
    columns_of,
    kind_column_of,
    known_names,
    origin_named,
    require_columns,
    unit_named,
    zone_named,
)
from pipelines.imports.duplicates import SeenLines
from pipelines.imports.kinds import KINDS, Kind, check_columns
from pipelines.imports.rows import typed_rows
from pipelines.imports.schema import NUMBERS_SCHEMA, QUARANTINE_SCHEMA, STORED_AS

SUFFIXES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".parquet")
WHAT = "file"
BLOCK = 2 << 20


@dataclass(frozen=True)
class Request:
    """What a person asked: the kind of all lines (None: each says its own), whose numbers they are, and what the
    settings say of columns and times."""

    kind: Kind | None
    source: str
    imports: Settings = field(default_factory=dict)
    time_zone: str | None = None


@dataclass
class Reading:
    """One file while it is read; the counts are complete when `batches` is consumed."""

    raw: RawFile
    path: Path
    request: Request
    columns: dict[str, Columns]
    readers: dict[str, Reader]
    kind_column: str | None
    seen: SeenLines = field(default_factory=SeenLines)
    accepted: Counter[str] = field(default_factory=Counter)
    quarantined: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def received(self) -> int:
        """Lines of the file, its header left out."""
        return sum(self.accepted.values()) + self.quarantined

    def batches(self) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Accepted and quarantined lines, batch by batch. Raises UsageError when the file turns out to be no table."""
        ragged = 0
        for batch, numbers in numbered(self.raw):
            yield from self._take(batch, numbers)
            if len(self.raw.ragged) > ragged:
                yield NUMBERS_SCHEMA.empty_table(), self._set_apart(None, self.raw.ragged[ragged:])
                ragged = len(self.raw.ragged)
        if len(self.raw.ragged) > ragged:
            yield NUMBERS_SCHEMA.empty_table(), self._set_apart(None, self.raw.ragged[ragged:])
        refuse_what_is_no_table(self.path, self.raw, self.received - len(self.raw.ragged), WHAT)
        if not self.received:
            raise UsageError(f"{self.path}: has a header and no line; export it again")

    def _take(self, batch: pa.Table, numbers: list[int]) -> Iterator[tuple[pa.Table, pa.Table]]:
        text = {name: batch.column(name).combine_chunks() for name in batch.column_names}
        if self.kind_column is None:
            assert self.request.kind is not None
            yield self._rows_of(self.request.kind.name, text, numbers)
            return
        kinds = pc.utf8_trim_whitespace(without_nulls(text[self.kind_column]))
        for name in sorted(pc.unique(kinds).to_pylist(), key=str):
            rows = pc.indices_nonzero(pc.equal(kinds, name) if name is not None else pc.is_null(kinds))
            chosen = {column: values.take(rows) for column, values in text.items()}
            lines = [numbers[row] for row in rows.to_pylist()]
            wrong = self._wrong_kind(name)
            if wrong is None:
                yield self._rows_of(name, chosen, lines)
            else:
                found = [(line, wrong, raw_line(chosen, row)) for row, line in enumerate(lines)]
                yield NUMBERS_SCHEMA.empty_table(), self._set_apart(name, found)

    def _wrong_kind(self, name: str | None) -> str | None:
        """Why lines of this kind cannot be used; None when they can."""
        if name is None:
            return "kind is missing"
        asked = self.request.kind
        if asked is not None and name != asked.name:
            return f"kind {shorten(name)!r} is not the {asked.name} the file was imported as"
        if name not in KINDS:
            return f"kind {shorten(name)!r} is none of {', '.join(KINDS)}"
        lacking = self.columns[name].lacking
        return f"{', '.join(lacking)}: {name} need it, and the file has no such column" if lacking else None

    def _rows_of(self, kind: str, text: dict[str, pa.Array], numbers: list[int]) -> tuple[pa.Table, pa.Table]:
        rows, faults = typed_rows(self.columns[kind], self.readers[kind], text, len(numbers))
        usable = [row for row in range(len(numbers)) if row not in faults.faults]
        identity = rows.identity
        if self.columns[kind].counts_lines:
            identity = identity.append_column("line", pa.array(numbers, pa.int64()))
        identity = identity.take(pa.array(usable, pa.int64()))
        again = self.seen.repeats(identity, [numbers[row] for row in usable])
        for position, line in again.items():
            faults.fault(usable[position], f"speaks of the same {rows.spoken} as line {line}; a file says a thing once")
        wrong = sorted(faults.faults)
        keep = pc.invert(pc.is_in(pa.array(range(len(numbers)), pa.int64()), pa.array(wrong, pa.int64())))
        accepted = self._lines(kind, rows.values, numbers).filter(keep)
        self.accepted[kind] += accepted.num_rows
        refused = [(numbers[row], "; ".join(faults.faults[row]), raw_line(text, row)) for row in wrong]
        return accepted, self._set_apart(kind, refused)

    def _lines(self, kind: str, values: dict[str, pa.Array], numbers: list[int]) -> pa.Table:
        count = len(numbers)
        told = {
            "source_file": pa.repeat(pa.scalar(self.raw.source_file), count),
            "source_hash": pa.repeat(pa.scalar(self.raw.source_hash), count),
            "line_number": pa.array(numbers, pa.int64()),
            "source": pa.repeat(pa.scalar(self.request.source), count),
            "kind": pa.repeat(pa.scalar(kind), count),
            **{STORED_AS.get(name, name): held for name, held in values.items()},
        }
        columns = [told[item.name] if item.name in told else pa.nulls(count, item.type) for item in NUMBERS_SCHEMA]
        return pa.Table.from_arrays(columns, schema=NUMBERS_SCHEMA)

    def _set_apart(self, kind: str | None, rows: list[tuple[int, str, str]]) -> pa.Table:
        self.quarantined += len(rows)
        origin = (self.raw.source_file, self.raw.source_hash)
        listed = [(*origin, line, self.request.source, kind, reason, text) for line, reason, text in rows]
        named = [dict(zip(QUARANTINE_SCHEMA.names, row, strict=True)) for row in listed]
        return pa.Table.from_pylist(named, schema=QUARANTINE_SCHEMA)


def files_of(path: Path) -> list[tuple[Path, str]]:
    """The files to read, each with the name it is known by."""
    return find_files(path, Expected(WHAT, SUFFIXES, ()))


def open_numbers(path: Path, source_file: str, request: Request) -> Reading:
    """One file, its columns understood. Raises UsageError when it cannot be what it was called."""
    check_columns(request.imports)
    raw = open_file(path, source_file, Expected(WHAT, SUFFIXES, known_names(request.kind, request.imports), BLOCK))
    kind_column = kind_column_of(path, raw.names, request.kind)
    kinds = [request.kind] if request.kind else list(KINDS.values())
    columns = {kind.name: columns_of(raw.names, kind, request.imports, kind_column) for kind in kinds}
    if request.kind:
        require_columns(path, columns[request.kind.name])
    readers = {kind.name: _reader(kind, request) for kind in kinds}
    notes = [*raw.notes, *(note for each in columns.values() for note in each.notes)]
    return Reading(raw, path, request, columns, readers, kind_column, notes=notes)


def _reader(kind: Kind, request: Request) -> Reader:
    settings = request.imports.get(kind.name, {})
    zone = _zone(zone_named(kind, request.imports, request.time_zone))
    return Reader(zone, unit_named(kind.name, settings), origin_named(kind.name, settings))


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # unknown, malformed, or a folder of the zone data
        raise ConfigurationError(f"time zone {name!r} is not known; write one such as Europe/Paris or UTC") from None
