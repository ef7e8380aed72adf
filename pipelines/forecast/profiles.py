"""What the calendar adds to a daily series: days of the month, the course of a month and of a year, holidays.

A profile is learnt from a history and says what each day, also a future one, adds to the level. It is kept only
where the history shows it clearly; otherwise there is none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipelines.forecast.days import Days
from pipelines.forecast.series import Floats

MONTH_HISTORY = 90
YEAR_HISTORY = 731
YEAR = 365.25

_LEVEL_WINDOW = 29
_LEAST_TIMES = 3
_CLEAR = 4.0  # standard errors
_SAME_SIDE = 0.8
_RAMP_CLEAR, _RAMP_LEAST = 6.0, 0.3
_HARMONICS, _BEND_EVERY = 6, 120

Bools = npt.NDArray[np.bool_]


def month_profile(history: Floats, days: Days) -> Floats | None:
    """What single days of the month, its last days, holidays and its course add, for every day of `days`."""
    count = len(history)
    left = _remainder(history, days.weekday[:count])
    spread = _spread(left)
    if not spread > 0:
        spread = 1e-9 * float(np.nanmax(np.abs(history))) or 1e-12
    profile = np.zeros(len(days.day))
    found = _single_days(left, spread, days, profile)
    course = (days.day - 1) / (days.day + days.left - 1) - 0.5
    rest = left - profile[:count]
    usual = np.isfinite(rest) & (np.abs(rest) < _CLEAR * spread)
    x = course[:count][usual]
    if len(x) > 2 * _LEVEL_WINDOW:
        slope = float(x @ rest[usual] / (x @ x))
        error = float(np.sqrt(np.mean((rest[usual] - slope * x) ** 2) / (x @ x)))
        if abs(slope) > _RAMP_CLEAR * error and abs(slope) > _RAMP_LEAST * spread:
            profile += slope * course
            found = True
    return profile if found else None


def _single_days(left: Floats, spread: float, days: Days, profile: Floats) -> bool:
    """Add days that clearly differ each time they come; a day counts once."""
    count = len(left)
    effects = _day_effects(left, spread, days)
    clear = np.isfinite(effects)[days.day]
    profile[clear] += effects[days.day[clear]]
    free, found = ~clear, bool(clear.any())
    for place in (days.left == rest for rest in range(3)):
        mine = place & free
        effect = _effect(left[mine[:count]], spread)
        if effect is not None:
            profile[mine] += effect
            free &= ~place
            found = True
    off = (days.holiday > 0) & free
    usual = _effect(left[off[:count]], spread)
    for number in range(1, int(days.holiday.max(initial=0)) + 1):
        mine = (days.holiday == number) & free
        own = _effect(left[mine[:count]], spread)
        effect = usual if own is None else own
        if effect is not None:
            profile[mine] += effect
            found = True
    return found


def _day_effects(left: Floats, spread: float, days: Days) -> Floats:
    """The `_effect` of each of the days 1 to 28, by day; NaN where there is none."""
    day = days.day[: len(left)]
    month = np.cumsum(day == 1)
    by_month = np.full((int(month[-1]) + 1, 32), np.nan)
    by_month[month, day] = left
    rows = np.ascontiguousarray(by_month[:, :29].T)
    counts = np.isfinite(rows).sum(axis=1)
    enough = counts >= _LEAST_TIMES
    effects = np.full(32, np.nan)
    rows, counts = rows[enough], counts[enough]
    usual = _medians(rows)
    error = 1.25 * np.maximum(spread, 1.4826 * _medians(np.abs(rows - usual[:, None]))) / np.sqrt(counts)
    same_side = (np.sign(rows) == np.sign(usual)[:, None]).sum(axis=1) / counts
    clear = (np.abs(usual) > spread) & (np.abs(usual) > _CLEAR * error) & (same_side >= _SAME_SIDE)
    effects[np.flatnonzero(enough)] = np.where(clear, usual, np.nan)
    return effects


def _effect(values: Floats, spread: float) -> float | None:
    """The usual size of what such days add, where it is clear and mostly to one side."""
    values = values[np.isfinite(values)]
    if len(values) < _LEAST_TIMES:
        return None
    usual = _median(values)
    if abs(usual) <= spread:
        return None
    error = 1.25 * max(spread, _spread(values)) / np.sqrt(len(values))
    same_side = float(np.mean(np.sign(values) == np.sign(usual)))
    return usual if abs(usual) > _CLEAR * error and same_side >= _SAME_SIDE else None


def _remainder(history: Floats, weekday: npt.NDArray[np.int64]) -> Floats:
    """What is left after the level of a month around each day and the usual difference of its weekday."""
    half = _LEVEL_WINDOW // 2
    padded = np.concatenate([np.full(half, np.nan), history, np.full(half, np.nan)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, _LEVEL_WINDOW)
    empty = ~np.isfinite(windows).any(axis=1)
    left: Floats = np.where(empty, np.nan, history - _medians(np.where(empty[:, None], 0.0, windows)))
    usual = np.zeros(7)
    for day in range(7):
        values = left[weekday == day]
        values = values[np.isfinite(values)]
        usual[day] = _median(values) if len(values) else 0.0
    return np.asarray(left - (usual - usual.mean())[weekday])


def _spread(values: Floats) -> float:
    """The standard deviation that the median distance from the median stands for."""
    known = values[np.isfinite(values)]
    return 1.4826 * _median(np.abs(known - _median(known))) if len(known) else 0.0


def _median(known: Floats) -> float:
    """As `np.median`, which takes ten times as long for the few values of one kind of day."""
    ordered = np.sort(known)
    count = len(ordered)
    return float((ordered[(count - 1) // 2] + ordered[count // 2]) / 2)


def _medians(rows: Floats) -> Floats:
    """As `np.nanmedian` of each row, of which none is empty; what is not known comes last in the order."""
    ordered, counts = np.sort(rows, axis=1), np.isfinite(rows).sum(axis=1)
    each = np.arange(len(rows))
    return np.asarray((ordered[each, (counts - 1) // 2] + ordered[each, counts // 2]) / 2)


def year_profile(history: Floats, days: Days) -> Floats | None:
    """The smooth course of the year and the single holidays, from a robust ridge regression with a bending trend."""
    count = len(history)
    bends = np.arange(_BEND_EVERY, count - 30, _BEND_EVERY)
    since = days.number - days.number[0]
    trend = np.column_stack(
        [np.ones(len(since)), since / YEAR, *(np.maximum(since - bend, 0) / YEAR for bend in bends)]
        + [(days.weekday == day) - 1.0 * (days.weekday == 0) for day in range(1, 7)]
    )
    angles = 2 * np.pi * days.number[:, None] * np.arange(1, _HARMONICS + 1) / YEAR
    numbers = range(1, int(days.holiday.max(initial=0)) + 1)
    course = np.column_stack([np.sin(angles), np.cos(angles), *(1.0 * (days.holiday == each) for each in numbers)])
    smoothness = np.tile(0.02 * np.arange(1, _HARMONICS + 1) ** 2, 2)
    penalty = np.full(trend.shape[1] + course.shape[1], 1e-9)
    penalty[2 : 2 + len(bends)] = 1.0
    penalty[trend.shape[1] :] = np.concatenate([smoothness, np.full(len(numbers), 0.1)])
    fitted = _robust_ridge(np.hstack([trend, course])[:count], history, penalty)
    return None if fitted is None else np.asarray(course @ fitted[trend.shape[1] :])


def _robust_ridge(design: Floats, target: Floats, penalty: Floats) -> Floats | None:
    known = np.isfinite(target)
    design, target = design[known], target[known]
    if len(target) <= design.shape[1]:
        return None
    weight = np.ones(len(target))
    fitted: Floats = np.zeros(design.shape[1])
    for _ in range(3):
        weighted = design * weight[:, None]
        fitted = np.asarray(
            np.linalg.solve(design.T @ weighted + np.diag(penalty), weighted.T @ target), dtype=np.float64
        )
        left = target - design @ fitted
        weight = np.minimum(1.0, 2 * _spread(left) / np.maximum(np.abs(left), 1e-12))
    return fitted
