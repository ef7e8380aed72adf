"""Lines of time and value as a regular series: unsorted, doubled, missing and unreadable lines each have one rule.

Lines of one time are added up, because the lines of a bill are parts of a cost; several times within one step are
readings of the same thing and are averaged. A missing value stays missing: it is never zero and never guessed.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from pipelines.errors import UsageError
from pipelines.forecast.steps import Grid, grid_of

Floats = npt.NDArray[np.float64]

TIME_NAMES = ("time", "timestamp", "date", "datetime", "day", "ds", "ts", "month", "week", "hour", "charge_date")
VALUE_NAMES = ("value", "cost", "y", "amount", "billed_cost", "usage", "count", "requests", "sessions")
LEAST_VALUES = 10
LARGEST = 1e100
_MOST_EMPTY = 20  # points of the grid for each value: above, a time is wrong
_NO_VALUE = frozenset({"", "nan", "null", "none", "na", "n/a", "-", "nat"})
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})", re.ASCII)
_EARLIEST, _LATEST = 1900, 2200


@dataclass(frozen=True)
class Series:
    """Values at equal distances; a missing one is NaN, the first and the last are not missing."""

    values: Floats
    grid: Grid

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Reading:
    """What lines gave: the series, the lines that could not be used with the reason, and what was done to the rest."""

    series: Series
    unusable: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]


def read_series(lines: Iterable[tuple[int, str, str]]) -> Reading:
    """The series of `(line number, time, value)`. UsageError when too little is left to forecast from."""
    totals: dict[datetime, float] = {}
    unusable: list[tuple[int, str]] = []
    notes: list[str] = []
    count = empty = doubled = zoneless = 0
    for number, time_text, value_text in lines:
        count += 1
        moment, value, has_zone = _parsed(time_text, value_text)
        if isinstance(moment, str):
            unusable.append((number, moment))
        elif value is None:
            empty += 1
        else:
            doubled += moment in totals
            zoneless += not has_zone
            totals[moment] = totals.get(moment, 0.0) + value
    if empty:
        notes.append(f"{empty} lines have no value: missing, not zero")
    if doubled:
        notes.append(f"{doubled} lines repeat a time: lines of one time are added up")
    if len(totals) < LEAST_VALUES:
        raise UsageError(
            f"{len(totals)} of {count} lines have a usable time and value; a forecast needs {LEAST_VALUES} different "
            f"times, so give a longer history{_first_reason(unusable)}"
        )
    series, more = _regular(_as_days(totals))
    if zoneless and not series.grid.step.is_whole_days:
        notes.append("times without a zone are taken as UTC")
    return Reading(series, tuple(unusable), (*notes, *more))


def choose_columns(names: Sequence[str], time: str | None, value: str | None) -> tuple[str, str]:
    """The columns of time and value: those named, else those with a usual name, else the only two there are."""
    chosen = [_column(names, time, TIME_NAMES, 0), _column(names, value, VALUE_NAMES, 1)]
    for place, option in ((0, "--time"), (1, "--value")):
        other = chosen[1 - place]
        if chosen[place] is None and len(names) == 2 and other is not None:
            chosen[place] = next(name for name in names if name != other)
        elif chosen[place] is None:
            raise UsageError(f"which of the columns {', '.join(names)} is meant? Name it with {option}")
    first, second = chosen
    assert first is not None
    assert second is not None
    if first == second:
        raise UsageError(f"column {first} cannot be both time and value; name two with --time and --value")
    return first, second


def _column(names: Sequence[str], wanted: str | None, usual: Sequence[str], place: int) -> str | None:
    by_name = {name.casefold(): name for name in reversed(names)}
    if wanted is not None:
        if wanted.casefold() not in by_name:
            raise UsageError(f"no column is called {wanted}; there are {', '.join(names)}")
        return by_name[wanted.casefold()]
    found = next((by_name[each] for each in usual if each in by_name), None)
    return names[place] if found is None and place == 0 and len(names) == 2 else found


def is_data(names: Sequence[str]) -> bool:
    """Whether what stands where the header should be is a first line of time and value."""
    return len(names) == 2 and parse_moment(names[0].strip()) is not None and bool(_NUMBER.fullmatch(names[1].strip()))


def series_of(values: Iterable[float], grid: Grid) -> Series:
    """Values that are regular already, NaN where missing; the ends are trimmed to values."""
    array = np.array(list(values), dtype=np.float64)
    array[~np.isfinite(array)] = np.nan
    if (np.abs(array) > LARGEST).any():
        raise UsageError(f"value {np.nanmax(np.abs(array)):g} is too large; values reach to {LARGEST:g}")
    known = np.flatnonzero(np.isfinite(array))
    if len(known) < LEAST_VALUES:
        raise UsageError(f"{len(known)} values; a forecast needs {LEAST_VALUES}, so give a longer history")
    first, last = int(known[0]), int(known[-1])
    return Series(array[first : last + 1], grid.moved(first))


def _first_reason(unusable: list[tuple[int, str]]) -> str:
    return f"; line {unusable[0][0]}: {unusable[0][1]}" if unusable else ""


def _as_days(totals: dict[datetime, float]) -> dict[datetime, float]:
    """Midnights are days as their writer counts them, whatever the offset; other times become UTC."""
    are_days = not any(moment.hour or moment.minute or moment.second for moment in totals)
    found: defaultdict[datetime, float] = defaultdict(float)
    for moment, value in totals.items():
        found[moment.replace(tzinfo=UTC) if are_days else moment.astimezone(UTC)] += value
    return found


def _regular(totals: dict[datetime, float]) -> tuple[Series, list[str]]:
    moments = sorted(totals)
    grid = grid_of(moments)
    cells: defaultdict[int, list[float]] = defaultdict(list)
    for moment in moments:
        cells[grid.index(moment)].append(totals[moment])
    first, length = min(cells), max(cells) - min(cells) + 1
    if length > _MOST_EMPTY * len(cells):
        raise UsageError(
            f"{len(cells)} values at a distance of one {grid.step} lie between {moments[0]:%Y-%m-%d} and "
            f"{moments[-1]:%Y-%m-%d}; correct the times that are far from the others"
        )
    values = np.full(length, np.nan)
    for index, found in cells.items():
        values[index - first] = math.fsum(found) / len(found)
    notes = []
    shared = len(moments) - len(cells)
    if shared:
        notes.append(f"{shared} times lie within the {grid.step} of another: they are averaged")
    if length > len(cells):
        notes.append(f"{length - len(cells)} of {length} points ({grid.step}) are missing: left out, not zero")
    return series_of(values, grid.moved(first)), notes


def _parsed(time_text: str, value_text: str) -> tuple[datetime | str, float | None, bool]:
    """A moment, or why there is none; the value or None; whether the text named its zone."""
    text = time_text.strip()
    found = parse_moment(text)
    if found is None:
        return f"time {_short(text)!r} is not a date or time such as 2026-09-01 or 2026-09-01T00:00:00Z", None, False
    moment, has_zone = found
    stripped = value_text.strip()
    if stripped.lower() in _NO_VALUE:
        return moment, None, has_zone
    if not _NUMBER.fullmatch(stripped):
        return f"value {_short(stripped)!r} is not a number", None, False
    value = float(stripped)
    if abs(value) > LARGEST:
        return f"value {_short(stripped)!r} is too large", None, False
    return moment, value, has_zone


def parse_moment(text: str) -> tuple[datetime, bool] | None:
    """An ISO year, month, date or time, or seconds or milliseconds since 1970; UTC where the text names no zone."""
    try:
        found = _moment(text)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and _EARLIEST <= found[0].year < _LATEST else None


def _moment(text: str) -> tuple[datetime, bool] | None:
    if _DIGITS.fullmatch(text) and len(text) in (9, 10, 12, 13):
        seconds = int(text) if len(text) < 11 else int(text) / 1000
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), True
    month = _MONTH.fullmatch(text)
    if month:
        return datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC), True
    if not _DIGITS.fullmatch(text[:4]):
        return None
    if len(text) == 4:
        return datetime(int(text), 1, 1, tzinfo=UTC), True
    moment = datetime.fromisoformat(text.replace("/", "-").removesuffix(" UTC"))
    return (moment, True) if moment.tzinfo else (moment.replace(tzinfo=UTC), False)


def _short(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
