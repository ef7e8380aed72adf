"""Importing a provider's FOCUS bill: every line is either accepted exactly or quarantined with a reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import UsageError
from pipelines.files.lines import numbered, raw_line, refuse_what_is_no_table
from pipelines.focus.columns import (
    BY_NAME,
    FOCUS_LINES_SCHEMA,
    QUARANTINE_SCHEMA,
    detect_version,
    mandatory_of,
)
from pipelines.focus.duplicates import RepeatedLines
from pipelines.focus.files import bill_files, open_bill
from pipelines.focus.lines import Reading, quarantine, take

_LENIENT_COLUMNS = ("BilledCost", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart")


@dataclass(frozen=True)
class FocusBatch:
    """What an import found: `accepted.num_rows + quarantined.num_rows == received`."""

    accepted: pa.Table
    quarantined: pa.Table
    received: int
    version: str
    notes: list[str]


def read_focus(path: Path, *, lenient: bool = False) -> FocusBatch:
    """Read a FOCUS 1.0 to 1.4 bill: a CSV, a compressed CSV, a Parquet file, or a folder of them.

    Lines that cannot be used are quarantined. A file that is no FOCUS bill at all is a `UsageError`.
    `lenient` takes absent mandatory columns as empty.
    """
    readings = [_read_file(file, name, lenient) for file, name in bill_files(path)]
    accepted = [table for reading in readings for table in reading.accepted]
    quarantined = [table for reading in readings for table in reading.quarantined]
    kept = pa.concat_tables([FOCUS_LINES_SCHEMA.empty_table(), *accepted])
    refused = pa.concat_tables([QUARANTINE_SCHEMA.empty_table(), *quarantined])
    received = kept.num_rows + refused.num_rows
    if not received:
        raise UsageError(f"{path}: has a header and no line; export the bill again")
    versions = sorted({reading.version for reading in readings})
    notes = [note for reading in readings for note in _notes(reading, several=len(readings) > 1)]
    if len(versions) > 1:
        notes.append(f"the files follow FOCUS {', '.join(versions)}; each line keeps its own version")
    return FocusBatch(kept, refused, received, versions[-1], [*notes, *_currency_notes(kept)])


def _read_file(path: Path, source_file: str, lenient: bool) -> Reading:
    raw = open_bill(path, source_file)
    names = _focus_names(raw.names)
    version = detect_version(set(names))
    _require_columns(path, names, version, lenient)
    reading = Reading(raw, path, version, names, RepeatedLines(raw.names))
    for batch, numbers in numbered(raw):
        take(reading, batch, numbers)
    _take_ragged(reading)
    _set_repeats_apart(reading)
    return reading


def _focus_names(names: list[str]) -> dict[str, str]:
    """FOCUS name to the file's own spelling of it; case and underscores do not matter."""
    known = {name.lower(): name for name in BY_NAME}
    found = {}
    for name in names:
        focus = known.get(name.replace("_", "").lower())
        if focus and (focus not in found or name == focus):
            found[focus] = name
    return found


def _require_columns(path: Path, names: dict[str, str], version: str, lenient: bool) -> None:
    wanted = _LENIENT_COLUMNS if lenient else mandatory_of(version)
    missing = [name for name in wanted if name not in names]
    if not missing:
        return
    if "BilledCost" not in names:
        raise UsageError(
            f"{path}: is not a FOCUS bill (it lacks {', '.join(missing[:3])} and more); export the bill in FOCUS format"
        )
    remedy = "export with every mandatory column" + ("" if lenient else ", or import with --lenient")
    raise UsageError(f"{path}: lacks {', '.join(missing)}, mandatory in FOCUS {version}; {remedy}")


def _take_ragged(reading: Reading) -> None:
    ragged = reading.raw.ragged
    if not ragged:
        return
    good = sum(table.num_rows for table in [*reading.accepted, *reading.quarantined])
    refuse_what_is_no_table(reading.path, reading.raw, good, "bill")
    reading.quarantined.append(quarantine(reading.raw, ragged))


def _set_repeats_apart(reading: Reading) -> None:
    """Move lines that repeat a unique id to quarantine; other exact repeats are charges and stay."""
    repeated = reading.repeats.find()
    if not repeated.lines:
        return
    if repeated.id_column is None:
        reading.counts["lines equal to an earlier one, kept: no column proves them the same charge"] += len(
            repeated.lines
        )
        return
    again = pa.array(sorted(repeated.lines), pa.int64())
    twice: list[int] = []
    for position, table in enumerate(reading.accepted):
        repeats = pc.is_in(table.column("line_number"), again)
        twice += table.filter(repeats).column("line_number").to_pylist()
        reading.accepted[position] = table.filter(pc.invert(repeats))
    texts = _texts_of(reading, set(twice))
    rows = [
        (line, f"repeats line {repeated.lines[line]}, {repeated.id_column} included", texts[line]) for line in twice
    ]
    reading.quarantined.append(quarantine(reading.raw, rows))


def _texts_of(reading: Reading, wanted: set[int]) -> dict[int, str]:
    """Some lines as received, from a second pass over the file."""
    texts: dict[int, str] = {}
    for batch, numbers in numbered(open_bill(reading.path, reading.raw.source_file)):
        text = {name: batch.column(name).combine_chunks() for name in batch.column_names}
        texts |= {line: raw_line(text, row) for row, line in enumerate(numbers) if line in wanted}
    return texts


def _notes(reading: Reading, *, several: bool) -> Iterator[str]:
    where = f"{reading.raw.source_file}: " if several else ""
    yield from (where + note for note in reading.raw.notes)
    yield from (f"{where}{count} {what}" for what, count in reading.counts.items() if count)
    absent = [name for name in mandatory_of(reading.version) if name not in reading.names]
    if absent:
        yield f"{where}taken as empty, because the file lacks them: {', '.join(absent)}"
    if reading.extra:
        yield f"{where}kept in x_columns: {', '.join(reading.extra)}"


def _currency_notes(accepted: pa.Table) -> Iterator[str]:
    currencies = sorted(pc.unique(accepted.column("billing_currency").drop_null()).to_pylist())
    if len(currencies) > 1:
        yield f"several currencies, kept side by side and never added: {', '.join(currencies)}"
