"""Two more kinds of event, told beside the others and not counted with them: a slow leak, a machine left on.

A leak grows by one per cent of the day before, every day for two months, and has to be found within two weeks of the
day on which it has reached a fifth. A machine left on over a weekend adds to its Saturday and Sunday, and has to be
found by the Monday.
"""

from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np

from benchmarks.anomaly_baselines import BASELINES
from benchmarks.anomaly_daily import Method, detector, thresholded
from benchmarks.anomaly_injector import SIZES, Copy, Injected, level_before
from benchmarks.anomaly_series import Daily, Floats
from pipelines.anomalies.verdicts import DailyCaution

LEAK_A_DAY, LEAK_DAYS, LEAK_FOUND_WITHIN = 0.01, 60, 14
_REACHED = 0.2
_FIRST_DAY, _LAST_DAYS = 60, 45  # enough to learn from, and to be found in
_SATURDAY = 5


def further_copies(series: Daily, repeats: int, seed: int) -> Iterator[Copy]:
    """Copies with one event each."""
    last = len(series.values) - _LAST_DAYS
    if last <= _FIRST_DAY:
        return
    for number in range(repeats):
        chance = np.random.default_rng([seed, crc32(series.name.encode()), number, 7])
        day = int(chance.integers(_FIRST_DAY, last))
        for put in (_leak, _weekend):
            values = series.values.copy()
            event = put(series, values, day, float(SIZES[int(chance.integers(len(SIZES)))]))
            if level_before(series.values, event.onset) > 0 and np.isfinite(values[event.start : event.until]).all():
                yield Copy(Daily(series.name, series.first, values, series.is_cost), (event,))


def further_table(series: Sequence[Daily], repeats: int, seed: int) -> list[str]:
    """A table in markdown: what each method found of either kind; public methods at their usual threshold."""
    found: dict[str, dict[str, list[int]]] = {}
    for each in series:
        some = list(further_copies(each, repeats, seed))
        for name, alarms, at in _methods():
            counts = found.setdefault(name, {"leak": [0, 0], "weekend": [0, 0]})
            for copy in some:
                (event,) = copy.events
                flags = alarms(copy.series.values, copy.series.days)[at]
                counts[event.kind][0] += bool(flags[event.start : event.until + 1].any())
                counts[event.kind][1] += 1
    lines = ["| Method | Leak of 1 % a day | Machine left on over a weekend |", "|---|---|---|"]
    told = [
        (name, " | ".join(f"{right}/{every}" for right, every in counts.values())) for name, counts in found.items()
    ]
    return [*lines, *(f"| {name} | {cells} |" for name, cells in told)] if any(map(_any, found.values())) else []


def _any(counts: dict[str, list[int]]) -> bool:
    return any(every for _, every in counts.values())


def _methods() -> Iterator[tuple[str, Method, int]]:
    yield "finops", detector(DailyCaution()), 0
    for baseline in BASELINES:
        yield baseline.name, thresholded(baseline), baseline.tried.index(baseline.usual)


def _leak(_series: Daily, values: Floats, day: int, _size: float) -> Injected:
    days = np.minimum(np.arange(1, len(values) - day + 1), LEAK_DAYS)
    grown = (1 + LEAK_A_DAY) ** days
    values[day:] *= grown
    onset = day + int(np.argmax(grown >= 1 + _REACHED))
    return Injected("leak", day, onset, onset + LEAK_FOUND_WITHIN, onset + LEAK_DAYS, _REACHED)


def _weekend(series: Daily, values: Floats, day: int, size: float) -> Injected:
    start = day + (_SATURDAY - series.days[day].weekday()) % 7
    values[start : start + 2] += size * level_before(series.values, start)
    return Injected("weekend", start, start, start + 2, start + 9, size)
