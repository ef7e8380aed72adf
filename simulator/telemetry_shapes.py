"""Shapes of load: how active something is through a day and a week, and how that becomes what it uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from simulator.instants import DAY, HOUR
from simulator.telemetry_calendar import CLOSING, KINDS_OF_DAY, SHAPES, Days
from simulator.telemetry_noise import Bits, Flags, Floats, Whole, derived, smooth, uniform

KNOTS = 4  # the least, half of the time, the 95th percentile, the most
_REFERENCE_SEEDS = 4
_NOISE_SECONDS = HOUR
_BURST = 0.6
_BURST_CHANCE = {"spikes": 0.035}
_USUAL_CHANCE = 0.002
_JITTER, _HOURLY = 0.10, 0.36
_LEAST_SHARE = 0.5  # of what is used half of the time
_ABOVE = 0.4  # how far above the 95th percentile the most is, of the way from the median to it


def activity(seeds: Bits, shapes: Whole, kinds: Whole, days: Days) -> Floats:
    """How active each thing is at each sample, from 0 to a little more than 1. `kinds` are kinds of day by thing."""
    usual = profiles(days.scrape)[shapes[:, None], kinds].reshape(len(seeds), days.size)
    per_noise = max(_NOISE_SECONDS // days.scrape, 1)
    found: Floats = smooth(derived(seeds, 1), days.numbers, per_noise)
    found *= _HOURLY
    found += 1 - _HOURLY / 2
    found *= usual
    found += _JITTER * uniform(derived(seeds, 2), days.numbers)
    found += _bursts(seeds, shapes, days, per_noise)
    return found


def _bursts(seeds: Bits, shapes: Whole, days: Days, per_hour: int) -> Floats:
    """Now and then an hour in which much more goes on."""
    hours = np.unique(days.numbers // per_hour)
    drawn = uniform(derived(seeds, 3), hours)
    chance = np.array([_BURST_CHANCE.get(shape, _USUAL_CHANCE) for shape in SHAPES])[shapes]
    size: Floats = np.where(drawn < chance[:, None], _BURST * (1 - drawn / chance[:, None]), 0.0)
    return np.repeat(size, per_hour, axis=1)


@dataclass(frozen=True)
class Reference:
    """Activity in a reference period while a thing is on: its knots, and by kind of day how far it lies above each knot
    on average, up to the next one."""

    points: Floats
    above: Floats


def reference(shape: str, is_on: Callable[[Days], Flags] | None, days: Days) -> Reference:
    """What to expect of a shape on a schedule."""
    shapes = np.full(_REFERENCE_SEEDS, SHAPES.index(shape))
    seeds = np.arange(1, _REFERENCE_SEEDS + 1, dtype=np.uint64)
    kinds = days.calendar.kinds[shapes, days.span]
    found = activity(seeds, shapes, kinds, days)
    kind = np.repeat(kinds, days.per_day, axis=1)
    if is_on is not None and is_on(days).any():
        on = np.broadcast_to(is_on(days), found.shape)
        found, kind = found[on], kind[on]
    values = found.ravel()
    points = np.quantile(values, [0, 0.5, 0.95, 1])
    parts = [np.clip(values, low, high) - low for low, high in pairwise(points)]
    return Reference(points, np.array([_means(part, kind.ravel()) for part in parts]).T)


def expected(references: Sequence[Reference], levels: Floats) -> Floats:
    """The mean on each kind of day of what activity is mapped to, by row of levels."""
    points = np.array([each.points for each in references])
    above = np.array([each.above for each in references])
    found: Floats = levels[:, :1] + np.einsum("rs,rks->rk", _slopes(points, levels), above)
    return found


@dataclass(frozen=True)
class Levels:
    """What corresponds to the knots of activity: the least, the median, the 95th percentile and the most."""

    values: tuple[float, float, float, float]

    @staticmethod
    def of(half: float, most: float, least: float = _LEAST_SHARE) -> "Levels":
        """From a median and a 95th percentile; the least is a share of the median."""
        return Levels((half * least, half, most, min(1.0, most + (most - half) * _ABOVE)))


def mapped(active: Floats, points: Floats, levels: Floats) -> Floats:
    """Activity to what is used: straight between the knots, one row of knots and levels for each row."""
    slopes = _slopes(points, levels)
    found = np.broadcast_to(levels[:, :1], active.shape).copy()
    part = np.empty_like(active)
    for step in range(KNOTS - 1):
        np.clip(active, points[:, step : step + 1], points[:, step + 1 : step + 2], out=part)
        part -= points[:, step : step + 1]
        part *= slopes[:, step : step + 1]
        found += part
    return found


def _slopes(points: Floats, levels: Floats) -> Floats:
    found: Floats = (levels[:, 1:] - levels[:, :-1]) / np.maximum(points[:, 1:] - points[:, :-1], 1e-9)
    return found


def _means(values: Floats, kind: Whole) -> Floats:
    """The mean on each kind of day; on one that never came, that of all."""
    counts = np.bincount(kind, minlength=KINDS_OF_DAY)
    sums = np.bincount(kind, weights=values, minlength=KINDS_OF_DAY)
    found: Floats = np.where(counts > 0, sums / np.maximum(counts, 1), values.mean())
    return found


@lru_cache(maxsize=8)
def profiles(scrape: int) -> Floats:
    """Activity by shape, kind of day and sample of the day."""
    moments = np.arange(0, DAY, scrape) / HOUR
    return np.array([[_profile(shape, kind, moments) for kind in range(KINDS_OF_DAY)] for shape in SHAPES])


def _profile(shape: str, kind: int, hours: Floats) -> Floats:
    is_workday, steady = kind < 5, np.ones_like(hours)
    if shape == "office-hours":
        day = _curve(
            hours, (0, 6.5, 9, 11.5, 12.3, 13.5, 16.5, 19, 24), (0.02, 0.02, 0.95, 1, 0.7, 1, 0.95, 0.03, 0.02)
        )
        return day if is_workday else 0.03 * steady
    if shape in ("consumer", "seasonal"):
        day = _curve(hours, (0, 4, 8, 11.5, 14, 17, 20, 22, 24), (0.22, 0.1, 0.45, 0.75, 0.62, 0.68, 1, 0.6, 0.22))
        return day if is_workday else 1.08 * day
    if shape == "nights":
        return _curve(hours, (0, 4.5, 5, 21.5, 22, 24), (1, 1, 0.04, 0.04, 1, 1))
    if shape == "month-end":
        return (1.0 if kind == CLOSING else 0.05) * steady
    return {"flat": 0.5, "idle": 0.5, "spikes": 0.15}[shape] * steady


def _curve(hours: Floats, at: Sequence[float], value: Sequence[float]) -> Floats:
    return np.interp(hours, at, value)
