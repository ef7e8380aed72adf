"""The forecasts ours is measured against: what a person, a spreadsheet or another tool would have said."""

from collections.abc import Callable
from typing import Final

import numpy as np

from pipelines.forecast.recent import carried, last_season
from pipelines.forecast.series import Floats
from pipelines.forecast.smoothing import FLAT, smooth, variants
from pipelines.forecast.steps import Grid

_WEEK = 7
_LINE_DAYS, _LINE_LEAST, _FENCE = 30, 8, 1.5
_BENDS, _BENDS_UNTIL, _STIFFNESS, _YEAR = 25, 0.8, 5.0, 365.25
_ETS = variants((0.05, 0.1, 0.2, 0.4, 0.7, 0.95), (0.0, 0.05, 0.2), (FLAT, (0.05, 0.98), (0.2, 0.9)), (np.inf,))

Rival = Callable[[Floats, int, int, Grid], Floats]
"""From the values so far, the horizon, the length of a season and the times: the next points."""


def run_rate(values: Floats, horizon: int, length: int, grid: Grid) -> Floats:
    """The mean of the month so far, in its first week of the last seven days."""
    day = grid.time(len(values) - 1).day if grid.step.is_day else _WEEK
    return np.full(horizon, _mean(values[-max(day, _WEEK) :], values))


def seasonal_naive(values: Floats, horizon: int, length: int, grid: Grid) -> Floats:
    """The last season again: of days the last week."""
    return np.asarray(last_season(values, np.array([len(values) - 1]), horizon, length)[0])


def line_of_30_days(values: Floats, horizon: int, length: int, grid: Grid) -> Floats:
    """A straight line through the last 30 days without outliers by 1.5 interquartile ranges, not below zero."""
    recent = values[-_LINE_DAYS:]
    place = np.flatnonzero(np.isfinite(recent))
    known = recent[place]
    if len(known) < _LINE_LEAST:
        return np.full(horizon, _mean(recent, values))
    low, high = np.percentile(known, [25, 75])
    kept = (known >= low - _FENCE * (high - low)) & (known <= high + _FENCE * (high - low))
    slope, start = np.polyfit(place[kept], known[kept], 1)
    points = start + slope * (len(recent) - 1 + np.arange(1, horizon + 1))
    return np.asarray(np.maximum(points, 0) if np.nanmin(values) >= 0 else points)


def ets(values: Floats, horizon: int, length: int, grid: Grid) -> Floats:
    """Additive exponential smoothing, the parameters of the least squared one-step error."""
    states = smooth(np.repeat(values[:, None], len(_ETS), axis=1), _ETS, length)
    before = np.arange(2 * length, len(values) - 1)
    errors = states.forecasts(slice(None), before, 1)[:, 0] - values[before + 1][:, None]
    best = int(np.nansum(errors**2, axis=0).argmin())
    return states.forecasts(slice(best, best + 1), np.array([len(values) - 1]), horizon)[0, :, 0]


def like_prophet(values: Floats, horizon: int, length: int, grid: Grid) -> Floats:
    """A bending trend, weekly and, from two years on, yearly waves, fitted at once: the form of Prophet's defaults."""
    count = len(values)
    days = np.arange(count + horizon, dtype=np.float64)
    bends = np.unique(np.linspace(0, _BENDS_UNTIL * count, _BENDS + 1)[1:].astype(int))
    waves = [(float(length), 3)] if length > 1 else []
    if grid.step.is_day and count >= 2 * _YEAR:
        waves.append((_YEAR, 10))
    columns = [np.ones_like(days), days / count, *(np.maximum(days - bend, 0) / count for bend in bends)]
    for period, orders in waves:
        angles = [2 * np.pi * order * days / period for order in range(1, orders + 1)]
        columns += [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    design = np.column_stack(columns)
    penalty = np.full(design.shape[1], 1e-6)
    penalty[2 : 2 + len(bends)] = _STIFFNESS
    known = np.isfinite(values)
    size = float(np.abs(values[known]).max()) or 1.0
    fitted_on = design[:count][known]
    normal = fitted_on.T @ fitted_on + np.diag(penalty)
    return np.asarray(size * (design[count:] @ np.linalg.solve(normal, fitted_on.T @ values[known] / size)))


def _mean(recent: Floats, values: Floats) -> float:
    known = recent[np.isfinite(recent)]
    return float(known.mean()) if len(known) else float(carried(values)[-1])


RIVALS: Final[dict[str, Rival]] = {
    "run-rate": run_rate,
    "last season": seasonal_naive,
    "line 30 d": line_of_30_days,
    "ETS": ets,
    "Prophet-like": like_prophet,
}
