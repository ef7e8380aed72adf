"""Kinds of daily series that no model was made for; a few constants of the weights and bounds were chosen by them."""

from typing import Final

import numpy as np

from benchmarks.forecast_kinds import Chance, Kind
from pipelines.forecast.days import Days
from pipelines.forecast.series import Floats


def _noise(chance: Chance, days: Days, most: float) -> Floats:
    return np.asarray(1 + chance.normal(0, chance.uniform(0.005, most), len(days.number)))


def _week(chance: Chance, days: Days) -> Floats:
    return np.asarray(np.where(days.weekday >= 5, chance.uniform(0.2, 1.1), 1.0))


def _line(chance: Chance, days: Days) -> Floats:
    return np.asarray(1 + chance.uniform(-0.0015, 0.006) * np.arange(len(days.number)))


def _shifts(chance: Chance, days: Days) -> Floats:
    """A level that jumps at random, by up to a half either way, every two months or so."""
    jumps = np.where(chance.random(len(days.number)) < 1 / 60, chance.uniform(-0.4, 0.4, len(days.number)), 0.0)
    return np.asarray(np.exp(np.cumsum(jumps)) * _noise(chance, days, 0.04))


def _bending(chance: Chance, days: Days) -> Floats:
    """A trend that changes its slope a few times."""
    slopes, slope = [], chance.normal(0, 0.002)
    for _ in days.number:
        slope = chance.normal(0, 0.003) if chance.random() < 1 / 90 else slope
        slopes.append(slope)
    return np.asarray(np.exp(np.cumsum(slopes)) * _noise(chance, days, 0.03))


def _gaps(chance: Chance, days: Days) -> Floats:
    """Stretches of a few days that were not read."""
    values = _week(chance, days) * _line(chance, days) * _noise(chance, days, 0.05)
    for start in chance.integers(0, len(values) - 10, 6):
        values[start : start + int(chance.integers(1, 9))] = np.nan
    return values


def _zeros(chance: Chance, days: Days) -> Floats:
    """Nothing at weekends and now and then for weeks."""
    values = np.where(days.weekday < 5, 1.0, 0.0) * _noise(chance, days, 0.1)
    for start in chance.integers(0, len(values), 3):
        values[start : start + int(chance.integers(5, 25))] = 0.0
    return np.maximum(values, 0)


def _drift(chance: Chance, days: Days) -> Floats:
    steps = chance.standard_t(4, len(days.number)) * chance.uniform(0.003, 0.02)
    return np.asarray(np.exp(np.cumsum(steps)) * _week(chance, days))


def _mixture(chance: Chance, days: Days) -> Floats:
    """A bill: a plan, a fleet with jumps, traffic by the week, storage that grows."""
    parts = (1.0, _shifts(chance, days), _week(chance, days) * _noise(chance, days, 0.08), _line(chance, days))
    return np.asarray(sum(chance.uniform(0.2, 1) * part for part in parts))


HELD_OUT: Final[dict[str, Kind]] = {
    "held-out shifts": _shifts,
    "held-out line": lambda chance, days: _line(chance, days) * _noise(chance, days, 0.06),
    "held-out bending trend": _bending,
    "held-out weekly line": lambda chance, days: _week(chance, days) * _line(chance, days) * _noise(chance, days, 0.06),
    "held-out gaps": _gaps,
    "held-out zeros": _zeros,
    "held-out drift": _drift,
    "held-out mixture": _mixture,
}
