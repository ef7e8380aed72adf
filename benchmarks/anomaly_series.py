"""Real series for the anomaly benchmark, as plain arrays: daily costs and counts, NAB's and CMD's files."""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

_LEAST_DAYS = 85  # shorter daily series leave nothing to judge after learning
_DAY = 86_400
_TIMES = ("date", "day", "ds", "timestamp", "time", "usage_date", "charge_date")
_MONEY = ("cost", "usd", "eur", "amount", "spend", "billed", "charge")


@dataclass(frozen=True)
class Daily:
    """One daily series: a value for each day, NaN where the file has none."""

    name: str
    first: date
    values: Floats
    is_cost: bool = True  # of the folder of costs: other daily series there are what drives them
    is_money: bool = False

    @property
    def days(self) -> list[date]:
        """All days from the first to the last."""
        return [self.first + timedelta(days=at) for at in range(len(self.values))]

    @property
    def years(self) -> float:
        """Length, for rates per year."""
        return len(self.values) / 365.25


@dataclass(frozen=True)
class Stream:
    """One labelled series: times in seconds, values, and the labelled stretches as first and last index."""

    name: str
    seconds: Places
    values: Floats
    events: tuple[tuple[int, int], ...]


def daily_series(folder: Path) -> list[Daily]:
    """All daily series below a data folder: its costs first, then every daily sum that can be made of the rest."""
    found = [each for path in sorted((folder / "cost_daily").glob("*.csv*")) for each in _costs(path)]
    for path in sorted((folder / "forecast").glob("*.csv*")):
        rows = _table(path)
        if rows and {"ds", "y"} <= rows[0].keys():
            found += list(_yearly(path.name.split(".")[0], rows))
        else:
            found += [replace(each, is_cost=False, is_money=False) for each in _costs(path)]
    for path in sorted((folder / "nab" / "data").glob("*/*.csv*")):
        sums = _daily_sums(_table(path))
        if path.parent.name != "realAWSCloudwatch" and not path.parent.name.startswith("artificial"):
            found += [each for each in [_daily(path.name.split(".")[0], sums, is_cost=False)] if each is not None]
    return [each for each in found if np.nan_to_num(each.values).any()]


def nab_streams(folder: Path) -> list[Stream]:
    """NAB's series with their label windows."""
    windows: Mapping[str, list[list[str]]] = json.loads((folder / "nab" / "labels_windows.json").read_text())
    found = []
    for name in sorted(windows):
        path = next((folder / "nab" / "data").glob(f"{name}*"), None)
        if path is None:
            continue
        rows = _table(path)
        seconds = np.array([_seconds(row["timestamp"]) for row in rows], dtype=np.int64)
        place = {second: at for at, second in reversed(list(enumerate(seconds.tolist())))}
        events = tuple((place[_seconds(start)], place[_seconds(end)]) for start, end in windows[name])
        found.append(Stream(name, seconds, np.array([_number(row["value"]) for row in rows]), events))
    return found


def cmd_streams(folder: Path) -> list[Stream]:
    """CMD's series with the stretches experts labelled; points of one time become one."""
    found = []
    for path in sorted((folder / "cmd").glob("*.csv*")):
        at_time: dict[int, list[tuple[float, bool]]] = defaultdict(list)
        for row in _table(path):
            at_time[_seconds(row["timestamp"])].append((_number(row["value"]), row["label"] not in ("", "0", "0.0")))
        seconds = sorted(at_time)
        values = [_mean([value for value, _ in at_time[second]]) for second in seconds]
        labels = np.array([any(label for _, label in at_time[second]) for second in seconds])
        found.append(Stream(path.name.split(".")[0], np.array(seconds), np.array(values), tuple(runs(labels))))
    return found


def runs(flags: Flags) -> list[tuple[int, int]]:
    """First and last index of each stretch of true values."""
    at = np.flatnonzero(flags)
    if not len(at):
        return []
    breaks = np.flatnonzero(np.diff(at) > 1)
    return list(zip(at[np.r_[0, breaks + 1]].tolist(), at[np.r_[breaks, len(at) - 1]].tolist(), strict=True))


def _costs(path: Path) -> Iterator[Daily]:
    """Every series of a long or a wide file of daily values."""
    by_name: dict[str, dict[date, float]] = defaultdict(dict)
    money: set[str] = set()
    for row in _table(path):
        time = next((row[name] for name in _TIMES if row.get(name)), "")
        if not _is_date(time):
            continue
        words = [name for name, text in row.items() if np.isnan(_number(text)) and text and text != time]
        label = "/".join(row[name] for name in words) or path.name.split(".")[0]
        numbers = [name for name, text in row.items() if name not in words and text != time]
        for name in numbers:
            key = label if len(numbers) == 1 else f"{label}/{name}"
            by_name[key][date.fromisoformat(time[:10])] = _number(row[name])
            if any(word in f"{path.name} {name}".lower() for word in _MONEY):
                money.add(key)
    for name, sums in by_name.items():
        made = _daily(name, sums, is_cost=True)
        if made is not None:
            yield replace(made, is_money=name in money)


def _yearly(name: str, rows: list[dict[str, str]]) -> Iterator[Daily]:
    """A long daily series whose values are logarithms, year by year, with seven weeks of the next."""
    sums = {date.fromisoformat(row["ds"][:10]): float(np.exp(_number(row["y"]))) for row in rows}
    for year in sorted({day.year for day in sums}):
        part = {day: value for day, value in sums.items() if date(year, 1, 1) <= day <= date(year + 1, 2, 20)}
        made = _daily(f"{name}-{year}", part, is_cost=False)
        if made is not None and np.isfinite(made.values).sum() > 200:
            yield made


def _daily_sums(rows: list[dict[str, str]]) -> dict[date, float]:
    """Sums of whole days; the first and the last day are seldom whole."""
    sums: dict[date, float] = defaultdict(float)
    for row in rows:
        sums[date.fromisoformat(row["timestamp"][:10])] += _number(row["value"])
    whole = sorted(sums)[1:-1]
    return {day: sums[day] for day in whole}


def _daily(name: str, sums: Mapping[date, float], *, is_cost: bool) -> Daily | None:
    if not sums or (max(sums) - min(sums)).days + 1 < _LEAST_DAYS:
        return None
    first = min(sums)
    values = np.full((max(sums) - first).days + 1, np.nan)
    for day, value in sums.items():
        values[(day - first).days] = value
    return Daily(name, first, values, is_cost)


def _table(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _seconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _mean(values: list[float]) -> float:
    known = [value for value in values if value == value]
    return sum(known) / len(known) if known else float("nan")
