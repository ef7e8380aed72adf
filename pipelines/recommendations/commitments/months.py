"""Months to come of the usage a plan covers, drawn from the months that were.

Usage is compared by the day, so that the length of a month explains nothing. Its logarithm is a level that moves by a
share of each month's surprise, as in simple exponential smoothing (the state space model ETS(A,N,N): Hyndman et al.,
2008), so that a month out of the ordinary does not count as the new level. The growth seen is pulled towards none by
as much as a year without growth would, is uncertain itself, and fades from month to month (damped trend: Gardner and
McKenzie, 1985), since nothing grows for three years as it did in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from pipelines.recommendations.commitments.plans import Floats, InForce

_CALM_MONTHS = 12  # months without growth that the growth seen is weighed against
_FADING = 0.9  # what is left of the growth one month later
_SHARES = tuple(number / 10 for number in range(10, 0, -1))
_ROUNDING = 1e-12
_LEAST_SPREAD = 0.01  # of a month: past months that are all alike do not prove that the next ones will be


@dataclass(frozen=True)
class Month:
    """A complete calendar month and its eligible usage at public price, after free tiers."""

    first_day: date
    eligible: Decimal


def drawn(history: Sequence[Month], months: int, paths: int, seed: int) -> Floats:
    """Eligible usage of the coming months, one row a path, in the currency of the history. The same seed, the same.

    `history` is in order and without gaps, at least two months, with some usage in each.
    """
    random = np.random.default_rng(seed)
    daily = np.log([float(each.eligible) / _days(each.first_day) for each in history])
    share, level, surprises = _smoothed(daily)
    grown = len(daily) - 1
    spread = max(float(surprises.std()), _LEAST_SPREAD)
    mean = float((daily[-1] - daily[0]) / (grown + _CALM_MONTHS))
    means = random.normal(mean, share * spread / np.sqrt(grown), size=(paths, 1))
    shocks = random.choice(surprises - surprises.mean(), size=(paths, months))
    shocks = shocks + random.normal(0, _LEAST_SPREAD, size=(paths, months))
    drift = np.cumsum(means * _FADING ** np.arange(1, months + 1), axis=1)
    moved = share * (np.cumsum(shocks, axis=1) - shocks)
    lengths = np.array([_days(each) for each in following(history[-1].first_day, months)])
    return np.asarray(np.exp(level + drift + moved + shocks) * lengths)


def _smoothed(values: Floats) -> tuple[float, float, Floats]:
    """The share of a surprise that stays, the level after the last month, and the surprises, at the least squares."""
    best = (np.inf, 1.0, float(values[-1]), np.zeros(1))
    for share in _SHARES:
        level, surprises = float(values[0]), []
        for value in values[1:].tolist():
            surprises.append(value - level)
            level += share * (value - level)
        squares = float(np.square(surprises).sum())
        if squares < best[0] - _ROUNDING:
            best = (squares, share, level, np.array(surprises))
    return best[1:]


def following(first_day: date, months: int) -> list[date]:
    """The first days of the months after this one."""
    counted = [first_day.year * 12 + first_day.month - 1 + number for number in range(1, months + 1)]
    return [date(each // 12, each % 12 + 1, 1) for each in counted]


def uncommitted(eligible: Floats, first_days: Sequence[date], plans: Sequence[InForce], reduction: Decimal) -> Floats:
    """What is left of the usage for a new plan: without what is agreed to go, and without what older plans cover."""
    left = np.maximum(eligible - float(reduction), 0)
    covered = [
        sum(float(plan.commitment) for plan in plans if plan.starts_on <= day < plan.ends_on) for day in first_days
    ]
    return np.asarray(np.maximum(left - np.array(covered), 0))


def _days(first_day: date) -> int:
    return (following(first_day, 1)[0] - first_day).days
