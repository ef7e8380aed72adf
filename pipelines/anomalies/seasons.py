"""The usual course of a day and of a week, from earlier days alone, and whether it is worth believing."""

from dataclasses import dataclass

import numpy as np

from pipelines.anomalies.verdicts import Floats, Places

_DAY = 86_400
_MOST_SLOTS = 288  # five minutes
_WORTH = 0.4  # a season must leave at most so much of the deviation that the plain middle leaves
_TRIED_DAYS = 2


@dataclass(frozen=True)
class _Course:
    """Each point's usual value at its time of the day or week, and the lowest and highest of it and its neighbours."""

    usual: Floats
    low: Floats
    high: Floats


def deviations(seconds: Places, values: Floats, plain: Floats, step: float) -> Floats:
    """How far each point lies from the reference that has served best so far: the middle, the day's or the week's.

    From a season, it is the distance to the nearest of the time's own usual value and its two neighbours', for what
    happens every day does not happen on the minute.
    """
    best = values - plain
    if step >= _DAY / 2:
        return best
    least = np.full(len(values), _WORTH)
    for course in _courses(seconds, values, step):
        off = np.where(values > course.high, values - course.high, np.minimum(values - course.low, 0.0))
        left = _left_over(np.abs(values - course.usual), np.abs(values - plain), _TRIED_DAYS * _DAY / step)
        better = (left < least) & np.isfinite(off) & np.isfinite(course.usual)
        best = np.where(better, off, best)
        least = np.where(better, left, least)
    return best


def _left_over(with_season: Floats, without: Floats, tried: float) -> Floats:
    """The share of the deviation that is left with a season, over all points before each."""
    both = np.isfinite(with_season) & np.isfinite(without)
    one = np.cumsum(np.where(both, with_season, 0.0))
    other = np.cumsum(np.where(both, without, 0.0))
    share = np.where((np.cumsum(both) > tried) & (other > 0), one / np.where(other > 0, other, 1.0), np.inf)
    return np.concatenate(([np.inf], share[:-1]))


def _courses(seconds: Places, values: Floats, step: float) -> list[_Course]:
    slots = int(np.clip(round(_DAY / max(step, 1.0)), 1, _MOST_SLOTS))
    day = seconds // _DAY - seconds[0] // _DAY
    slot = np.minimum((seconds % _DAY) * slots // _DAY, slots - 1)
    grid = _means(day, slot, values, slots)
    found = []
    for spacing, periods, enough in ((1, 7, 3), (7, 4, 2)):
        usual = _medians_of_earlier(grid, spacing, periods, enough)
        padded = np.pad(usual, ((0, 0), (1, 1)), mode="edge")
        neighbours = np.stack([padded[:, :-2], usual, padded[:, 2:]])
        low, high = np.fmin.reduce(neighbours), np.fmax.reduce(neighbours)
        found.append(_Course(usual[day, slot], low[day, slot], high[day, slot]))
    return found


def _means(day: Places, slot: Places, values: Floats, slots: int) -> Floats:
    """Days by slots; missing where nothing was seen."""
    days = int(day[-1]) + 1
    place = day * slots + slot
    total = np.bincount(place, weights=values, minlength=days * slots)
    count = np.bincount(place, minlength=days * slots)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(days, slots))


def _medians_of_earlier(grid: Floats, spacing: int, periods: int, enough: int) -> Floats:
    """For each day and slot, the median of the slot on earlier days, `spacing` days apart."""
    found = np.full_like(grid, np.nan)
    columns = np.arange(grid.shape[1])
    for day in range(spacing, len(grid)):
        past = np.sort(grid[max(day % spacing, day - spacing * periods) : day : spacing], axis=0)
        known = np.isfinite(past).sum(axis=0)
        upper = past[np.minimum(known // 2, len(past) - 1), columns]
        lower = past[np.maximum((known - 1) // 2, 0), columns]
        found[day] = np.where(known >= enough, (lower + upper) / 2, np.nan)
    return found
