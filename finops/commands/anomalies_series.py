"""A file of times and values as `finops anomalies check` reads it: whatever people save, line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from finops.commands.anomalies_cells import Number, Seconds, number_reader, plain_number, plain_seconds, time_reader
from finops.commands.anomalies_lines import LOOKED_AT, read_lines
from pipelines.errors import UsageError

_TIME_NAMES: Final = (
    *("timestamp", "time", "date", "datetime", "day", "ds", "ts", "month", "usage_date", "charge_date", "hour"),
    *("datum", "jour", "zeit"),
)
_VALUE_NAMES: Final = (
    *("value", "y", "cost", "amount", "billed_cost", "effective_cost", "count", "requests"),
    *("wert", "kosten", "betrag", "valeur", "montant", "coût"),
)
_NO_NAME: Final = "column_"
_LONGEST: Final = 40

Rows = list[tuple[int, list[str]]]


@dataclass
class SeriesFile:
    """The rows as received, with time and value where they could be read."""

    names: list[str]
    rows: list[list[str]] = field(default_factory=list)
    seconds: list[int | None] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # one reason per line that could not be used
    notes: list[str] = field(default_factory=list)  # how the file was read, where that is not plain


def read_series_file(
    path: Path, time_column: str | None, value_column: str | None, where: Sequence[str] = ()
) -> SeriesFile:
    """All lines of a file, or those whose columns hold what `where` (COLUMN=TEXT) says.

    Raises UsageError where there are no columns of time and value.
    """
    lines = read_lines(path)
    header = lines.rows[0][1]
    has_names = all(plain_seconds(cell) is None for cell in header)
    names = [cell.strip() or f"{_NO_NAME}{at}" for at, cell in enumerate(header, start=1)]
    names = _each_once(names if has_names else [f"{_NO_NAME}{at + 1}" for at in range(len(header))])
    body = _chosen(path, names, lines.rows[1:] if has_names else lines.rows, where)
    time_at, value_at = _columns(path, names, [row for _, row in body[:LOOKED_AT]], time_column, value_column)
    second_of, time_note = time_reader(_column(body, time_at))
    value_of, value_note = number_reader(_column(body, value_at), lines.delimiter)
    read = SeriesFile(names, notes=[*lines.notes, *filter(None, (time_note, value_note))])
    for number, row in body:
        _take(read, row, number, (time_at, second_of), (value_at, value_of))
    return read


def _each_once(names: Sequence[str]) -> list[str]:
    """A name that comes twice gets a number, so that no cell hides another."""
    found: list[str] = []
    for name in names:
        number, free = 2, name
        while free in found:
            number, free = number + 1, f"{name}_{number}"
        found.append(free)
    return found


def _chosen(path: Path, names: Sequence[str], rows: Rows, where: Sequence[str]) -> Rows:
    for condition in where:
        column, is_pair, wanted = condition.partition("=")
        if not is_pair:
            raise UsageError(f"--where {condition!r} is no condition; write COLUMN=TEXT")
        at = _named(path, names, column.strip(), ())
        assert at is not None
        rows = [(number, row) for number, row in rows if at < len(row) and row[at].strip() == wanted.strip()]
        if not rows:
            raise UsageError(f"{path}: no line has {wanted.strip()!r} as {column.strip()}; look into the file")
    return rows


def _columns(
    path: Path, names: Sequence[str], sample: Sequence[Sequence[str]], time: str | None, value: str | None
) -> tuple[int, int]:
    """Where time and value are: by the given names, else by usual names, else by what can be read as such."""
    if len(names) < 2:
        raise UsageError(f"{path}: has one column only; give a csv with a time and a value on each line")
    time_at = _named(path, names, time, _TIME_NAMES)
    if time_at is None:
        time_at = _mostly(
            sample, range(len(names)), lambda cell: plain_seconds(cell) is not None and plain_number(cell) is None
        )
        time_at = 0 if time_at is None else time_at
    others = [at for at in range(len(names)) if at != time_at]
    value_at = _named(path, names, value, _VALUE_NAMES)
    if value_at is None or value_at == time_at:
        value_at = _mostly(sample, others, lambda cell: plain_number(cell) is not None and bool(cell.strip()))
    return time_at, others[0] if value_at is None else value_at


def _named(path: Path, names: Sequence[str], wanted: str | None, usual: Sequence[str]) -> int | None:
    folded = [name.casefold() for name in names]
    if wanted is not None:
        if wanted.casefold() not in folded:
            raise UsageError(f"{path}: has no column {wanted!r}; it has {', '.join(names)}")
        return folded.index(wanted.casefold())
    return next((folded.index(name) for name in usual if name in folded), None)


def _mostly(sample: Sequence[Sequence[str]], places: Sequence[int] | range, fits: Callable[[str], bool]) -> int | None:
    """The first column most of whose cells fit."""
    for at in places:
        if sum(fits(row[at]) for row in sample if at < len(row)) * 2 > len(sample):
            return at
    return None


def _column(rows: Rows, at: int) -> list[str]:
    return [row[at] for _, row in rows if at < len(row)]


def _take(read: SeriesFile, row: list[str], number: int, time: tuple[int, Seconds], value: tuple[int, Number]) -> None:
    width, (time_at, second_of), (value_at, value_of) = len(read.names), time, value
    second = second_of(row[time_at]) if time_at < len(row) else None
    amount = value_of(row[value_at]) if value_at < len(row) else None
    is_wide = len(row) > width and any(cell.strip() for cell in row[width:])
    read.rows.append((row + [""] * width)[:width])
    if second is None or amount is None or is_wide:
        if is_wide:
            unread = f"{len(row)} cells where {width} are named"
        elif second is None:
            unread = f"time {_short(row, time_at)}"
        else:
            unread = f"value {_short(row, value_at)}"
        read.refused.append(f"line {number}: {unread}")
        second, amount = None, float("nan")
    read.seconds.append(second)
    read.values.append(amount)


def _short(row: Sequence[str], at: int) -> str:
    text = row[at].strip() if at < len(row) else ""
    return repr(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…") if text else "is missing"
