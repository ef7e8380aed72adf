"""Files of business numbers into the lake: read in batches, kept on this machine's disk, stored in one commit."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from assets.tables import IMPORT_KEY, IMPORTED_AT
from pipelines.errors import UsageError
from pipelines.imports.read import Reading, Request, files_of, open_numbers
from pipelines.imports.schema import NUMBERS_SCHEMA, QUARANTINE_SCHEMA
from pipelines.lake.build import content_hashes
from pipelines.lake.engine import connect
from pipelines.lake.store import WHOLE, Lake, PartitionState

NUMBERS, QUARANTINE = "bronze.business_numbers", "bronze.business_quarantine"
_SHOWN = 5


@dataclass(frozen=True)
class ImportedNumbers:
    """What became of one file; accepted + quarantined = received."""

    file: str
    kinds: Mapping[str, int]
    received: int
    accepted: int
    quarantined: int
    changed: bool
    notes: list[str] = field(default_factory=list)
    reasons: list[tuple[int, str]] = field(default_factory=list)


def import_metrics(
    lake: Lake, paths: Sequence[Path], request: Request, now: datetime, dry_run: bool = False
) -> list[ImportedNumbers]:
    """Read files and folders; what each says replaces what a file of its name said before of that kind and source.

    All are read before the first is stored, so that a file that cannot be used leaves the lake as it was.
    """
    named = [found for path in paths for found in files_of(path)]
    counted = Counter(name for _, name in named)
    twice = [str(file) for file, name in named if counted[name] > 1]
    if twice:
        raise UsageError(f"{twice[0]} and {twice[1]} have one name, so the second would replace the first; rename one")
    with TemporaryDirectory(prefix="finops-import-") as folder:
        read = [
            _read(open_numbers(file, name, request), Path(folder), number) for number, (file, name) in enumerate(named)
        ]
        return [_imported(each, lake, now, dry_run) for each in read]


@dataclass(frozen=True)
class _Spooled:
    """Lines of a file that was read to its end: where they lie, and the hash of what they say."""

    path: Path
    schema: pa.Schema
    content: str


@dataclass(frozen=True)
class _Read:
    """A file that was read to its end, and the first reasons why lines of it cannot be used."""

    reading: Reading
    accepted: _Spooled
    quarantined: _Spooled
    reasons: list[tuple[int, str]]


class _Spool:
    """Lines on their way into a table: in an Arrow file on this machine, and as a hash of what they say."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema
        self._writer = pa.ipc.new_file(str(path), schema)
        self._digest = hashlib.sha256()
        self._connection = connect()

    def add(self, lines: pa.Table) -> None:
        """One more batch; the same file gives the same batches."""
        if not lines.num_rows:
            return
        self._writer.write_table(lines)
        self._connection.register("lines", lines)
        content = content_hashes(self._connection, "lines", None, [WHOLE])[WHOLE]
        self._digest.update(content.encode())

    def close(self) -> _Spooled:
        """Finish the file."""
        self._writer.close()
        self._connection.close()
        return _Spooled(self._path, self._schema, self._digest.hexdigest()[:32])


def _read(reading: Reading, folder: Path, number: int) -> _Read:
    accepted = _Spool(folder / f"{number}.accepted", NUMBERS_SCHEMA)
    quarantined = _Spool(folder / f"{number}.quarantined", QUARANTINE_SCHEMA)
    reasons: list[tuple[int, str]] = []
    try:
        for kept, refused in reading.batches():
            accepted.add(kept)
            quarantined.add(refused)
            told = refused.select(["line_number", "reason"]).slice(0, _SHOWN).to_pylist()
            reasons = sorted([*reasons, *((row["line_number"], row["reason"]) for row in told)])[:_SHOWN]
    finally:
        spooled = accepted.close(), quarantined.close()
    return _Read(reading, *spooled, reasons)


def _imported(read: _Read, lake: Lake, now: datetime, dry_run: bool) -> ImportedNumbers:
    reading = read.reading
    changed = False if dry_run else _store(lake, read, now)
    return ImportedNumbers(
        reading.raw.source_file,
        dict(sorted(reading.accepted.items())),
        reading.received,
        sum(reading.accepted.values()),
        reading.quarantined,
        changed,
        reading.notes,
        read.reasons,
    )


def _store(lake: Lake, read: _Read, now: datetime) -> bool:
    reading = read.reading
    kind = reading.request.kind
    parts = (reading.request.source, kind.name if kind else "", reading.raw.source_file)
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    # what could not be used is kept first, so that no accepted line is ever there without its file's refused ones
    refused = _replaced(lake, QUARANTINE, read.quarantined, key, now)
    accepted = _replaced(lake, NUMBERS, read.accepted, key, now)
    return refused or accepted


def _replaced(lake: Lake, table: str, lines: _Spooled, key: str, now: datetime) -> bool:
    """Make a file's partition hold exactly these lines; when they were imported is no difference."""
    stored = lake.state(table).partitions.get(key)
    if stored is not None and stored.content == lines.content:
        return False
    lake.replace(table, _Lines(lines, now, key), {key: PartitionState(lines.content)}, IMPORT_KEY)
    return True


class _Lines:
    """Spooled lines as a stream that is read batch by batch, with when they were imported and the key of their file."""

    def __init__(self, spooled: _Spooled, now: datetime, key: str) -> None:
        self._path = spooled.path
        self._told = {
            IMPORTED_AT: pa.scalar(now, pa.timestamp("us", tz="UTC")),
            IMPORT_KEY: pa.scalar(key, pa.string()),
        }
        self.schema = pa.schema([*spooled.schema, *(pa.field(name, value.type) for name, value in self._told.items())])

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        reader = pa.RecordBatchReader.from_batches(self.schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_file(file) as lines:
            for number in range(lines.num_record_batches):
                batch = lines.get_batch(number)
                told = [pa.repeat(value, batch.num_rows) for value in self._told.values()]
                yield pa.RecordBatch.from_arrays([*batch.columns, *told], schema=self.schema)
