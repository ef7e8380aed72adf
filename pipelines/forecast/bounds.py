"""Bounds from the errors a forecast really made: conformal, by horizon, corrected by how often earlier bounds held.

At each past origin the bounds are quantiles of the errors known there. Where too many outcomes fell outside, the
next bounds are taken wider, and the other way round (adaptive conformal inference, Gibbs and Candès 2021), so that
they hold as often as promised also when the series changes its ways.

Errors of far horizons overlap: 90 forecasts of 90 days, one a day, tell little more than one. So what is learnt from
them is learnt more slowly, and the correction for a finite number of errors counts stretches that do not overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from pipelines.forecast.series import Floats
from pipelines.forecast.weighing import knots

Ints = npt.NDArray[np.int64]

_LEAST = 8
"""Fewer known errors make no bounds of their own."""
LEAST_WINDOWS = 4.0
"""The largest of n errors bounds the next one in n / (n + 1) of the cases: fewer than four cannot bound 80 %."""
_SPEED, _SLOWER = 0.035, 0.35
_FEWEST_MISSED, _MOST_MISSED = 0.002, 2.0
_CORRECTION = 0.1
"""Of split conformal's: overlapping stretches tell much more than those that do not."""
_MIRRORED_UNTIL = 10.0
_MEMORY, _SPREAD_MEMORY = 200.0, 30.0
_NEIGHBOURS = (1.0, 0.8, 1.25)
_GROWTH = 0.25
_CAUTION = 0.7


@dataclass(frozen=True)
class Bounds:
    """What to add to the last origin's forecast for its bounds, and where earlier outcomes lay."""

    low: Floats  # horizon
    high: Floats
    inside: Floats  # origin, knot: 1 where the outcome lay within, 0 where not, NaN where there were no bounds
    measured: int
    """Up to this horizon there were errors; beyond, the bounds grow with the square root of the horizon."""


@dataclass(frozen=True)
class Errors:
    """Outcome less forecast at past origins by horizon, the origins `stride` points apart."""

    values: Floats
    stride: int

    @cached_property
    def sizes(self) -> Floats:
        """The usual size of an error lately as known at each origin, against that of all time."""
        first = np.abs(self.values[:, 0])
        lag = -(-1 // self.stride)
        fading = 0.5 ** (self.stride / _SPREAD_MEMORY)
        ratio = np.ones(len(first))
        recent = recent_count = total = count = 0.0
        for origin in range(len(first)):
            if origin >= lag and np.isfinite(first[origin - lag]):
                newest = float(first[origin - lag])
                recent, recent_count = recent * fading + newest, recent_count * fading + 1
                total, count = total + newest, count + 1
            if total > 0 and recent > 0:
                ratio[origin] = ((recent / recent_count) / (total / count)) ** _CAUTION
        return ratio


def bounds(errors: Errors, share: float, horizon: int, least_windows: float = 0.0) -> Bounds:
    """Bounds that hold in `share` of the cases, for `horizon` steps from the last origin.

    Each horizon has its own: a week ahead a weekly series may be better known than four days ahead. None is taken from
    fewer than `least_windows` stretches that do not overlap.
    """
    sizes = errors.sizes
    relative = errors.values / sizes[:, None]
    at = knots(relative.shape[1])
    inside = np.full((len(relative), len(at)), np.nan)
    low, high = np.full(len(at), np.nan), np.full(len(at), np.nan)
    for position, ahead in enumerate(int(each) for each in at):
        near = sorted({min(max(round(ahead * each), 1), relative.shape[1]) for each in _NEIGHBOURS})
        pool = _pool([(relative[:, each - 1] * (ahead / each) ** _GROWTH, each) for each in near], errors.stride)
        inside[:, position], missed = _held(pool, relative[:, ahead - 1], share, (ahead, errors.stride), least_windows)
        low[position], high[position] = _edges(pool, missed, (ahead, errors.stride), least_windows)
    return _spread_out(at, low * sizes[-1], high * sizes[-1], inside, horizon)


def sum_bounds(errors: Errors, missed_sums: Floats, share: float, steps: int, least_windows: float = 0.0) -> Bounds:
    """Bounds of the sum over `steps` points from the errors of such sums, by origin; days of one sum hang together."""
    sizes, span = errors.sizes, (steps, errors.stride)
    pool = _pool([(missed_sums / sizes, steps)], errors.stride)
    inside, missed = _held(pool, missed_sums / sizes, share, span, least_windows)
    low, high = (np.array([each * sizes[-1]]) for each in _edges(pool, missed, span, least_windows))
    return Bounds(np.minimum(low, 0.0), np.maximum(high, 0.0), inside[:, None], steps if np.isfinite(low[0]) else 0)


Span = tuple[int, int]
"""How many points ahead, and how many the origins lie apart."""


def windows(span: Span, origin: Floats | float) -> Floats:
    """Stretches without overlap whose outcome is known at an origin, counted from the first one."""
    ahead, stride = span
    known = np.asarray(origin, dtype=np.float64) * stride - ahead
    return np.asarray(np.where(known >= 0, known / ahead + 1, 0.0))


@dataclass(frozen=True)
class _Pool:
    """Errors of this and neighbouring horizons brought to this one's size, and their weights at each origin."""

    values: Floats  # earlier origin and horizon, flattened
    weights: Floats  # origin, the same


def _pool(columns: Sequence[tuple[Floats, int]], stride: int) -> _Pool:
    """Of errors by origin, each with the points after which it is known."""
    values = np.concatenate([column for column, _ in columns])
    origins = np.arange(len(columns[0][0]))
    age = (origins[:, None] - origins[None]) * stride
    parts = [np.where(age >= lag, 0.5 ** (np.maximum(age, 0) / _MEMORY), 0.0) for _, lag in columns]
    weight = np.concatenate(parts, axis=1) * np.isfinite(values)
    return _Pool(np.where(np.isfinite(values), values, 0.0), weight)


def _mirrored(span: Span, origin: Floats | float) -> Floats:
    """How much of the errors is taken with both signs: with few independent ones the sides cannot be told apart."""
    return np.asarray(0.5 * _MIRRORED_UNTIL / (_MIRRORED_UNTIL + np.maximum(windows(span, origin), 1.0)))


def _held(pool: _Pool, outcome: Floats, share: float, span: Span, least_windows: float) -> tuple[Floats, float]:
    """Whether each outcome lay within the bounds of its origin, and the share to be missed by the next ones."""
    count = len(outcome)
    total = pool.weights.sum(axis=1)
    counted = windows(span, np.arange(count, dtype=np.float64))
    enough = ((pool.weights > 0).sum(axis=1) >= _LEAST) & (counted >= least_windows)
    target, inside = 1 - share, np.full(count, np.nan)
    most = min(_MOST_MISSED * target, 0.9)
    if not (enough & np.isfinite(outcome)).any():
        return inside, _corrected(min(max(target, _FEWEST_MISSED), most), float(counted[-1]))
    both = _mirrored(span, np.arange(count, dtype=np.float64))
    known = np.where(np.isfinite(outcome), outcome, 0.0)
    safe = np.where(total > 0, total, 1.0)
    slack = 1e-9 * np.abs(known)
    below, above = (_share(pool, safe, known, both, slack, side) for side in (1.0, -1.0))
    missed, lag = target, -(-span[0] // span[1])
    speed = _SPEED * min(1.0, (span[1] / span[0]) ** _SLOWER)
    by_origin = np.full(count, target)
    for origin in range(count):
        settled = origin - lag
        if settled >= 0 and enough[settled] and np.isfinite(outcome[settled]):
            edge = _corrected(by_origin[settled], float(counted[settled])) / 2
            holds = below[settled] >= edge and above[settled] >= edge
            inside[settled] = float(holds)
            missed += speed * (target - (not holds))
        missed = min(max(missed, _FEWEST_MISSED), most)
        by_origin[origin] = missed
    return inside, _corrected(missed, float(counted[-1]))


def _share(pool: _Pool, total: Floats, outcome: Floats, both: Floats, slack: Floats, side: float) -> Floats:
    """The weighted share of earlier errors that are at most (side 1) or at least (side -1) each outcome."""
    limit = (side * outcome + slack)[:, None]
    own = (pool.weights * (side * pool.values[None] <= limit)).sum(axis=1) / total
    mirrored = (pool.weights * (-side * pool.values[None] <= limit)).sum(axis=1) / total
    return np.asarray((1 - both) * own + both * mirrored)


def _corrected(missed: float, counted: float) -> float:
    """The conformal correction for a finite number of errors, here of stretches without overlap."""
    return max(missed - _CORRECTION * (1 - missed) / max(counted, 1.0), _FEWEST_MISSED)


def _edges(pool: _Pool, missed: float, span: Span, least_windows: float) -> tuple[float, float]:
    """The quantiles at the last origin, NaN without enough errors."""
    weight = pool.weights[-1]
    used = weight > 0
    last = float(len(pool.weights) - 1)
    if used.sum() < _LEAST or windows(span, last) < least_windows:
        return np.nan, np.nan
    both = float(_mirrored(span, last))
    values = np.concatenate([pool.values[used], -pool.values[used]])
    weight = np.concatenate([(1 - both) * weight[used], both * weight[used]])
    order = np.argsort(values)
    values, weight = values[order], weight[order]
    place = (np.cumsum(weight) - weight / 2) / weight.sum()
    found = [float(np.interp(each, place, values)) for each in (missed / 2, 1 - missed / 2)]
    least = float(max(place[0], 1 - place[-1]))
    if missed / 2 < least:  # rarer than any error seen: as far out as a normal tail would go on
        beyond = NormalDist().inv_cdf(missed / 2) / NormalDist().inv_cdf(min(least, 0.49))
        found = [each * max(beyond, 1.0) for each in found]
    return found[0], found[1]


def _spread_out(at: Ints, low: Floats, high: Floats, inside: Floats, horizon: int) -> Bounds:
    """From knots to every horizon; where there were no errors, wider with the square root of the distance."""
    known = np.isfinite(low)
    if not known.any():
        return Bounds(np.full(horizon, np.nan), np.full(horizon, np.nan), inside, 0)
    ahead = np.arange(1, horizon + 1)
    last = int(at[known][-1])
    growth = np.sqrt(np.maximum(ahead / last, 1.0))
    edges = [np.interp(ahead, at[known], each[known]) * growth for each in (low, high)]
    return Bounds(np.minimum(edges[0], 0.0), np.maximum(edges[1], 0.0), inside, last)
