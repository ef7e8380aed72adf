"""What a day's value is compared with: the level of the last week, the weekday's share of it, yesterday, a week ago.

A day deviates by its distance from the nearest reference, so that it counts as unusual only when none of them
explains it; and by its distance from the course, what is usual of the weekday as yesterday stood: noise that one of
many references happens to explain is not as near to the course. All references are made of earlier days alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.anomalies.sorting import earlier, median_of_four, median_of_last_week, median_of_three
from pipelines.anomalies.verdicts import Floats

_NEAREST = 0.6  # the weight of the nearest reference in the mean of both distances, the rest is the course's
_INERTIA = 0.5  # half of how yesterday stood is expected of today ...
_MOST_INERTIA = 0.3  # ... of which no more counts (a log): yesterday may have been an event
_LEAST_RATIO, _FARTHEST = 0.05, 2.0  # of the size, below which a log says nothing more; and of a log ratio
_LEAST = 1e-12


@dataclass(frozen=True)
class Levels:
    """What is known of a block of series before each day. `filled` carries the last value over missing days."""

    filled: Floats
    level: Floats  # median of the last seven days
    share: Floats  # each day's value as a share of its level
    usual: Floats  # the level, in the share this weekday usually has
    size: Floats  # how large the series is, for shares of it: never near zero for a series that comes and goes


@dataclass(frozen=True)
class Deviation:
    """How far each day lies from its nearest reference, and how large the series is there."""

    expected: Floats
    distance: Floats  # signed: above is positive
    size: Floats

    @property
    def share(self) -> Floats:
        """The distance as a share of the size; a series that was nothing deviates without bound."""
        found = np.abs(self.distance) / self.size
        found[self.distance == 0] = 0.0
        return np.asarray(found)


def levels_of(values: Floats) -> Levels:
    """Levels, shares of weekdays and sizes of a block of daily series."""
    filled = carried_forward(values)
    level = median_of_last_week(filled)
    share = filled / level
    share[~np.isfinite(share)] = np.nan
    weekday = median_of_four([earlier(share, 7 * weeks) for weeks in range(1, 5)])
    weekday[np.isnan(weekday)] = 1.0
    return Levels(filled, level, share, level * weekday, _size(filled))


def nearest_deviation(values: Floats, known: Levels) -> Deviation:
    """How far each day lies from the nearest of what the days just before it suggest."""
    return _nearest(values, _near_references(known), known.size)


def point_deviation(values: Floats, known: Levels, nearest: Deviation) -> Deviation:
    """The weighted geometric mean of the distances from the nearest reference and from the course.

    Nothing where the day lies on different sides of the two: then it lies between them. A series that was nothing has
    no course, and deviates as from the nearest.
    """
    course, share = _from_course(values, known), nearest.distance / nearest.size
    mean = np.abs(share) ** _NEAREST * np.abs(course) ** (1 - _NEAREST)
    distance = np.where(np.sign(share) == np.sign(course), np.sign(share) * mean, 0.0) * nearest.size
    distance = np.where((nearest.size > 0) & np.isfinite(nearest.distance), distance, nearest.distance)
    return Deviation(nearest.expected, distance, nearest.size)


def drift_deviation(values: Floats, known: Levels) -> Deviation:
    """How far each day lies from what it would be had nothing changed since the week before last."""
    return _nearest(values, _far_references(known), known.size)


def step_deviation(values: Floats, known: Levels) -> Deviation:
    """How far each day and the day before lie from what was usual before both: the nearer of them, zero if opposite.

    One day may be chance, two alike are a step: far smaller ones can be told from noise.
    """
    today = _nearest(values, _settled_references(known, 1), known.size)
    before = _nearest(values, _settled_references(known, 0), known.size)
    agreed = np.sign(earlier(before.distance, 1)) == np.sign(today.distance)
    nearer = np.sign(today.distance) * np.fmin(today.share, earlier(before.share, 1)) * today.size
    distance = np.where(agreed, nearer, 0.0)
    distance[np.isnan(today.distance)] = np.nan
    return Deviation(today.expected, distance, today.size)


def carried_forward(values: Floats) -> Floats:
    """The last known value of each series on every day; missing only before the first."""
    columns = np.where(np.isnan(values), 0, np.arange(values.shape[1]))
    np.maximum.accumulate(columns, axis=1, out=columns)
    return np.asarray(np.take_along_axis(values, columns, axis=1))


def _from_course(values: Floats, known: Levels) -> Floats:
    """How far each day lies from its weekday's usual value, as yesterday stood to its own: a share, signed."""
    side = np.where(known.level < 0, -1.0, 1.0)
    weekday = known.usual / known.level
    weekday[~np.isfinite(weekday)] = 1.0
    today = _log_share(values * side, known) - _log_share(known.usual * side, known)
    stood = _log_share(earlier(known.filled, 1) * side, known) - _log_share(
        known.level * earlier(weekday, 1) * side, known
    )
    moved = today - _INERTIA * np.clip(np.nan_to_num(stood), -_MOST_INERTIA, _MOST_INERTIA)
    moved = np.clip(np.nan_to_num(moved), -_FARTHEST, _FARTHEST)
    return np.asarray(np.where(moved > 0, np.expm1(moved), moved) * side)


def _log_share(values: Floats, known: Levels) -> Floats:
    """The log of the values as shares of the size."""
    size = np.maximum(known.size, _LEAST)
    return np.asarray(np.log(np.maximum(values / size, _LEAST_RATIO)))


def _near_references(known: Levels) -> Iterator[Floats]:
    yield known.level
    yield known.usual
    yield earlier(known.filled, 1)
    yield earlier(known.filled, 7)
    yield median_of_four([earlier(known.filled, 7 * weeks) for weeks in range(1, 5)])


def _settled_references(known: Levels, days: int) -> Iterator[Floats]:
    """The references of so many days ago, without yesterday's value: it may be part of the step."""
    weekday = known.usual / known.level
    weekday[~np.isfinite(weekday)] = 1.0
    level = earlier(known.level, days) if days else known.level
    yield level
    yield level * weekday
    yield earlier(known.filled, 7)
    yield median_of_four([earlier(known.filled, 7 * weeks) for weeks in range(1, 5)])


def _far_references(known: Levels) -> Iterator[Floats]:
    level = (earlier(known.level, 7) + earlier(known.level, 14)) / 2
    yield level
    yield level * median_of_four([earlier(known.share, 7 * weeks) for weeks in range(2, 6)])
    yield median_of_three(*(earlier(known.filled, 7 * weeks) for weeks in range(2, 5)))


def _nearest(values: Floats, references: Iterator[Floats], size: Floats) -> Deviation:
    expected = np.full_like(values, np.nan)
    distance = np.full_like(values, np.nan)
    nearest = np.full_like(values, np.inf)
    for reference in references:
        off = values - reference
        far = np.abs(off)
        better = far < nearest
        np.copyto(nearest, far, where=better)
        np.copyto(distance, off, where=better)
        np.copyto(expected, reference, where=better)
        if np.isnan(values).any():  # a day without value still has something expected of it
            np.copyto(expected, reference, where=np.isnan(expected) & np.isnan(values))
    return Deviation(expected, distance, np.fmax(np.abs(expected), size))


def _size(filled: Floats) -> Floats:
    """Half the middle of the last four weeks' mean sizes: below it a reference is no measure of the series."""
    total = np.cumsum(np.abs(np.nan_to_num(filled)), axis=1)
    total[:, 7:] = total[:, 7:] - total[:, :-7]
    week = earlier(total, 1) / 7
    return median_of_four([np.nan_to_num(earlier(week, 7 * back)) for back in range(4)]) / 2
