"""How good are the forecasts on the series of a folder, beside what others would have said?

`python -m benchmarks.forecast [DIR…] [--file FILE] [--made-up N] [--held-out N] [--write PAGE]` goes through the past
of each series from origin to origin: every forecast is made from nothing but the lines up to there. It prints the WAPE
of ours and of the others by horizon and for the total of the current month, ours with its bias, how often its bounds
held, and by how much the best other one was worse, with the standard error of that. Files are csv with a time, a value
and, where there are several series in one, columns of text that name them.
"""

import argparse
import csv
import gzip
import io
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.forecast_held_out import HELD_OUT
from benchmarks.forecast_kinds import KINDS, made_up
from benchmarks.forecast_margin import Margin, margin
from benchmarks.forecast_page import Group, Row, lake_lines, margin_words, page, read_lake
from benchmarks.forecast_rivals import RIVALS
from pipelines.errors import FinopsError
from pipelines.forecast.days import Holidays
from pipelines.forecast.forecast import forecast
from pipelines.forecast.models import season_length
from pipelines.forecast.series import TIME_NAMES, Floats, Series, parse_moment, read_series
from pipelines.forecast.steps import days_in_month

HORIZONS = (1, 7, 14, 30, 60, 90)
MONTH = "month"
_LONGEST_MONTH = 31
_LEAST, _FIRST_SHARE, _FIRST = 60, 0.3, 35
_OURS = "ours"
_MADE = ("made up", "held-out kinds")


@dataclass
class Sums:
    """Errors of one method at one horizon, added up."""

    missed: list[float] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    """Of the origins, counted in steps of the series."""
    signed: float = 0.0
    size: float = 0.0
    held: list[bool] = field(default_factory=list)

    @property
    def tries(self) -> int:
        return len(self.missed)

    @property
    def wape(self) -> float:
        return sum(self.missed) / self.size

    def add(self, day: int, told: float, came: float, size: float) -> None:
        self.missed.append(abs(told - came))
        self.days.append(day)
        self.signed, self.size = self.signed + told - came, self.size + abs(size)


Tally = dict[tuple[str, int | str], Sums]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", nargs="*", type=Path, help="folders of csv or csv.gz files")
    parser.add_argument("--file", action="append", default=[], type=Path, help="a single file; repeatable")
    parser.add_argument("--made-up", type=int, default=0, help="also N made-up series of each kind")
    parser.add_argument("--held-out", type=int, default=0, help="also N series of each kind that no model was made for")
    parser.add_argument("--lake", help="also what gold.forecast_accuracy of this lake says of the organisation")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the overall figures as markdown")
    parser.add_argument("--level", type=float, default=80, help="of the bounds (80)")
    parser.add_argument("--origins", type=int, default=400, help="origins a series, at most (400: every day of a year)")
    parser.add_argument("--made-origins", type=int, default=60, help="of made-up series, which are many (60)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="series measured at once")
    parser.add_argument("--holidays", default="none", choices=list(Holidays), help="days off that may be learnt")
    parser.add_argument("--speed", type=int, default=0, help="CPU of N series of 400 points instead")
    chosen = parser.parse_args(arguments)
    if chosen.speed:
        return _speed(chosen.speed)
    results = []
    for name, found in _groups(chosen):
        print(f"\n{name}")
        most = min(chosen.origins, chosen.made_origins) if name in _MADE else chosen.origins
        with ProcessPoolExecutor(chosen.jobs) as pool:
            every = list(pool.map(partial(measured, chosen=chosen, most=most), [series for _, series in found]))
        for (label, series), tally in zip(found, every, strict=True):
            print(f"  {label} ({len(series)} × {series.grid.step}, {tally[_OURS, HORIZONS[0]].tries} origins)")
            _table([tally])
        tallies = [each for each in every if each[_OURS, HORIZONS[0]].tries]
        _overall(tallies)
        results.append(Group(Path(name).name, overall(tallies), [label for label, _ in found]))
    told = read_lake(chosen.lake) if chosen.lake else []
    for line in lake_lines(told):
        print(line)
    if chosen.write:
        chosen.write.write_text(page(results, told, chosen), encoding="utf-8")
    return 0


def _groups(chosen: argparse.Namespace) -> list[tuple[str, list[tuple[str, Series]]]]:
    """The series of each folder and file, and the made-up ones."""
    groups: list[tuple[str, list[tuple[str, Series]]]] = []
    for folder in chosen.folders:
        files = sorted(each for each in folder.iterdir() if each.name.endswith((".csv", ".csv.gz")))
        groups.append((str(folder), [found for file in files for found in series_of_file(file)]))
    groups += [(str(file), list(series_of_file(file))) for file in chosen.file]
    if chosen.made_up:
        made = [(f"{kind} {seed}", made_up(kind, seed)) for kind in KINDS for seed in range(chosen.made_up)]
        groups.append((_MADE[0], made))
    if chosen.held_out:
        made = [
            (f"{kind} {n}", made_up(kind, n, None, HELD_OUT[kind])) for kind in HELD_OUT for n in range(chosen.held_out)
        ]
        groups.append((_MADE[1], made))
    return groups


def series_of_file(file: Path) -> Iterator[tuple[str, Series]]:
    """Each series of a file; one that cannot be forecast is named and left out."""
    text = (gzip.decompress(file.read_bytes()) if file.name.endswith(".gz") else file.read_bytes()).decode()
    header, *rows = csv.reader(io.StringIO(text))
    times = [place for place, name in enumerate(header) if name.casefold() in TIME_NAMES]
    at = times[0] if times else next(place for place, text in enumerate(rows[0]) if parse_moment(text))
    numeric = [place for place in range(len(header)) if place != at and _is_number(rows[0][place])]
    labels = [place for place in range(len(header)) if place != at and place not in numeric]
    lines: dict[tuple[str, ...], list[tuple[int, str, str]]] = defaultdict(list)
    for number, row in enumerate(rows, 2):
        lines[tuple(row[place] for place in labels)].append((number, row[at], row[numeric[0]]))
    for names, mine in sorted(lines.items()):
        label = " ".join([file.name.split(".")[0], *names])
        try:
            series = read_series(mine).series
        except FinopsError as error:
            print(f"  {label}: {error}")
            continue
        if np.nanmax(np.abs(series.values)) == 0 or len(series) < _LEAST:
            print(f"  {label}: left out, {'always 0' if len(series) >= _LEAST else f'{len(series)} points only'}")
        else:
            yield label, series


def _is_number(text: str) -> bool:
    return text.strip().replace(".", "", 1).replace("-", "", 1).replace("e-", "", 1).isdigit()


def measured(series: Series, chosen: argparse.Namespace, most: int) -> Tally:
    """Errors of every method at up to `most` origins of a series."""
    tally: Tally = defaultdict(Sums)
    count = len(series)
    first = max(_FIRST, int(_FIRST_SHARE * count))
    every = max(1, -(-(count - 1 - first) // most))
    every += every % 7 == 0  # not always the same weekday
    length = season_length(series.grid.step, count)
    for origin in range(first, count - 1, every):
        known = Series(series.values[: origin + 1], series.grid)
        if np.isfinite(known.values[-1]):
            _one_origin(tally, known, series.values[origin + 1 :], length, chosen)
    return tally


def _one_origin(tally: Tally, known: Series, coming: Floats, length: int, chosen: argparse.Namespace) -> None:
    horizon, left, so_far = max(HORIZONS), 0, 0.0
    if known.grid.step.is_day:
        today = known.grid.time(len(known) - 1)
        left = days_in_month(today.year, today.month) - today.day
        month = np.concatenate([known.values[-today.day :], coming[:left]])
        if len(known) < today.day or len(coming) < left or not np.isfinite(month).all():
            left = 0
        so_far = float(known.values[-today.day :].sum())
    found = forecast(known, horizon, chosen.level, holidays=Holidays(chosen.holidays), totals=(left,) if left else ())
    seconds = known.grid.step.seconds
    day = len(known) + (round(known.grid.start.timestamp() / seconds) if seconds else 0)
    told = {_OURS: found.points} | {
        name: rival(known.values, horizon, length, known.grid) for name, rival in RIVALS.items()
    }
    for ahead in HORIZONS:
        if ahead > len(coming) or not np.isfinite(coming[ahead - 1]):
            continue
        came = float(coming[ahead - 1])
        for name, points in told.items():
            tally[name, ahead].add(day, float(points[ahead - 1]), came, came)
        tally[_OURS, ahead].held.append(_within(found.low[ahead - 1], came, found.high[ahead - 1]))
    if left:
        came = float(coming[:left].sum())
        for name, points in told.items():
            total = found.totals[0].value if name == _OURS else float(points[:left].sum())
            tally[name, MONTH].add(day, total, came, so_far + came)
        tally[_OURS, MONTH].held.append(_within(found.totals[0].low, came, found.totals[0].high))


def _within(low: float, value: float, high: float) -> bool:
    slack = 1e-9 * abs(value)
    return bool(low - slack <= value <= high + slack)


def overall(tallies: Sequence[Tally]) -> list[Row]:
    """The means over series by horizon, each series counting alike."""
    rows = []
    for ahead in (*HORIZONS, MONTH):
        mine = [tally for tally in tallies if tally[_OURS, ahead].size]
        if not mine:
            continue
        wape = {name: float(np.mean([tally[name, ahead].wape for tally in mine])) for name in (_OURS, *RIVALS)}
        bias = float(np.mean([tally[_OURS, ahead].signed / tally[_OURS, ahead].size for tally in mine]))
        held = float(np.mean([np.mean(tally[_OURS, ahead].held) for tally in mine]))
        count = sum(tally[_OURS, ahead].tries for tally in mine)
        rows.append(Row(str(ahead), wape, bias, held, count, _best(mine, ahead)))
    return rows


def _best(tallies: Sequence[Tally], ahead: int | str) -> Margin:
    """Ours beside the best of the others."""
    best = min(RIVALS, key=lambda name: float(np.mean([tally[name, ahead].wape for tally in tallies])))
    paired = []
    for tally in tallies:
        ours, theirs = tally[_OURS, ahead], tally[best, ahead]
        paired.append((ours.days, list(np.subtract(ours.missed, theirs.missed)), ours.size))
    return margin(best, paired, ahead if isinstance(ahead, int) else _LONGEST_MONTH)


def _overall(tallies: Sequence[Tally]) -> None:
    print(f"  all {len(tallies)} series, each counting alike")
    _table(tallies)


def _table(tallies: Sequence[Tally]) -> None:
    names = "".join(f"{name:>14}" for name in (_OURS, *RIVALS))
    print(f"    {'ahead':<7}{names}{'bias':>9}{'held':>7}{'n':>6}  ours less the best other")
    for row in overall(tallies):
        best = min(row.wape.values())
        cells = "".join(f"{f'{each:.2%}' + ('*' if each == best else ' '):>14}" for each in row.wape.values())
        print(f"    {row.ahead:<7}{cells}{row.bias:>+9.1%}{row.held:>7.0%}{row.forecasts:>6}  {margin_words(row)}")


def _speed(count: int) -> int:
    kinds = sorted(KINDS)
    every = [made_up(kinds[number % len(kinds)], number, 400) for number in range(count)]
    started = time.process_time()
    for series in every:
        forecast(series, 30, totals=(15,))
    used = time.process_time() - started
    print(
        f"{count} series × 400 points, 30 days ahead, back-test included: {used:.1f} s CPU, {used / count:.3f} s each"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
