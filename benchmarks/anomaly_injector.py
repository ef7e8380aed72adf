"""Events put into real daily series, with their truth. Every random choice follows from a seed.

Sizes are shares of the level (the median of the two weeks before). Events of one copy lie weeks apart, so that an
alarm belongs to one of them or to none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from zlib import crc32

import numpy as np

from benchmarks.anomaly_series import Daily, Floats

SIZES = (0.2, 0.3, 0.5, 1.0, 2.0)
RAMP_DAYS = 10
_LEARNING_DAYS = 45
_SPACING = (30, 50)
_TAIL_DAYS = 12
_DROP_KEEPS_AT_LEAST = 0.05
_NEW_AFTER = (60, 120)
_SEEN_ONCE = 20  # days after which a series that comes back later was gone


@dataclass(frozen=True)
class Injected:
    """One event: an alarm from `onset` to `until` finds it, one from `start` to `over` is not a false one."""

    kind: str
    start: int
    onset: int
    until: int
    over: int
    size: float


@dataclass(frozen=True)
class Copy:
    """A real series with events in it, and the days at which a monthly invoice falls."""

    series: Daily
    events: tuple[Injected, ...]
    invoices: tuple[int, ...] = ()


def copies(series: Daily, repeats: int, seed: int) -> Iterator[Copy]:
    """Copies with sudden and slow events, then pairs that offset each other, then a start and a monthly invoice."""
    for number in range(repeats):
        chance = np.random.default_rng([seed, crc32(series.name.encode()), number])
        yield _with_events(series, chance)
        yield from _offsetting(series, chance)
        yield from _new_service(series, chance)
        yield from _monthly_invoice(series, chance, at_end=number % 2 == 0)


def _with_events(series: Daily, chance: np.random.Generator) -> Copy:
    values = series.values.copy()
    events: list[Injected] = []
    day = _LEARNING_DAYS + int(chance.integers(0, 15))
    kinds = list(_KINDS)
    while day < len(values) - _TAIL_DAYS:
        level = level_before(values, day)
        kind = kinds[int(chance.integers(len(kinds)))]
        size = float(SIZES[int(chance.integers(len(SIZES)))])
        if level > 0 and np.isfinite(values[day - 2 : day + 8]).all():
            events.append(_KINDS[kind](series, values, day, size * level, size, chance))
            if kind == "weekday":
                kinds.remove(kind)  # a second change of the same week would be one of next to nothing
        day += int(chance.integers(*_SPACING))
    return Copy(Daily(series.name, series.first, values, series.is_cost), tuple(events))


def _spike(_s: Daily, values: Floats, day: int, amount: float, size: float, _c: np.random.Generator) -> Injected:
    values[day] += amount
    return Injected("spike", day, day, day + 1, day + 8, size)


def _step(_s: Daily, values: Floats, day: int, amount: float, size: float, _c: np.random.Generator) -> Injected:
    values[day:] += amount
    return Injected("step", day, day, day + 3, day + 8, size)


def _ramp(_s: Daily, values: Floats, day: int, amount: float, size: float, _c: np.random.Generator) -> Injected:
    """Ten days of growth; it has to be found from the day on which it has reached 20 % of the level."""
    grown = np.minimum(np.arange(1, len(values) - day + 1), RAMP_DAYS) / RAMP_DAYS
    values[day:] += amount * grown
    onset = day + int(np.argmax(size * grown >= min(SIZES) - 1e-9))
    return Injected("ramp", day, onset, onset + 7, day + RAMP_DAYS + 8, size)


def _drop(_s: Daily, values: Floats, day: int, _a: float, size: float, chance: np.random.Generator) -> Injected:
    length = int(chance.integers(1, 4))
    share = min(size, 1 - _DROP_KEEPS_AT_LEAST)
    values[day : day + length] *= 1 - share
    return Injected("drop", day, day, day + 3, day + length + 8, share)


def _missing(_s: Daily, values: Floats, day: int, _a: float, _z: float, chance: np.random.Generator) -> Injected:
    length = int(chance.integers(1, 4))
    values[day : day + length] = np.nan
    return Injected("missing", day, day, day, day + length + 8, 1.0)


def _weekday(series: Daily, values: Floats, day: int, _a: float, size: float, _c: np.random.Generator) -> Injected:
    """From now on less runs at weekends."""
    share = min(max(size, 0.3), 0.9)
    weekday = np.array([(series.first + timedelta(days=at)).weekday() for at in range(day, len(values))])
    values[day:] *= np.where(weekday >= 5, 1 - share, 1.0)
    onset = day + int(np.argmax(weekday >= 5))
    return Injected("weekday", day, onset, onset + 8, onset + 16, share)


_KINDS: dict[str, Callable[[Daily, Floats, int, float, float, np.random.Generator], Injected]] = {
    "spike": _spike,
    "step": _step,
    "ramp": _ramp,
    "drop": _drop,
    "missing": _missing,
    "weekday": _weekday,
}


def _offsetting(series: Daily, chance: np.random.Generator) -> Iterator[Copy]:
    """A share of every day moves from one series to its twin, so that their sum shows nothing."""
    day = int(chance.integers(_LEARNING_DAYS, max(len(series.values) - _TAIL_DAYS, _LEARNING_DAYS + 1)))
    level = level_before(series.values, day)
    size = float(SIZES[int(chance.integers(3))])
    if level > 0 and np.isfinite(series.values[day - 2 : day + 8]).all():
        for sign in (1, -1):
            values = series.values.copy()
            values[day:] *= 1 + sign * size
            yield Copy(
                Daily(series.name, series.first, values, series.is_cost),
                (Injected("offsetting", day, day, day + 3, day + 8, size),),
            )


def _new_service(series: Daily, chance: np.random.Generator) -> Iterator[Copy]:
    """The series begins late in a panel that has other series before; then one that was there once comes back."""
    day = int(chance.integers(*_NEW_AFTER))
    if day < len(series.values) - _TAIL_DAYS and np.nan_to_num(series.values[day]) > 0:
        values = series.values.copy()
        values[:day] = np.nan if chance.integers(2) else 0.0
        yield Copy(
            Daily(series.name, series.first, values, series.is_cost),
            (Injected("new service", day, day, day + 1, day + 15, 1.0),),
        )
        values = series.values.copy()
        values[_SEEN_ONCE:day] = 0.0
        yield Copy(
            Daily(series.name, series.first, values, series.is_cost),
            (Injected("burst", day, day, day + 1, day + 15, 1.0),),
        )


def _monthly_invoice(series: Daily, chance: np.random.Generator, *, at_end: bool) -> Iterator[Copy]:
    """From the beginning, an invoice on the first or on the last day of every month: no event at all."""
    amount = float(chance.uniform(0.5, 3.0)) * float(np.nanmedian(series.values))
    days = [at for at, day in enumerate(series.days) if (day + timedelta(days=at_end)).day == 1]
    values = series.values.copy()
    values[days] += amount * chance.uniform(0.9, 1.1, len(days))
    yield Copy(Daily(series.name, series.first, values, series.is_cost), (), tuple(days))


def level_before(values: Floats, day: int) -> float:
    """The median of the two weeks before a day; zero where nothing is known."""
    before = values[max(0, day - 14) : day]
    return float(np.nanmedian(before)) if np.isfinite(before).any() else 0.0
