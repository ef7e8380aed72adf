"""What a day's value is compared with: the level of the last week, the weekday's share of it, yesterday, a week ago.

A day deviates by its distance from the nearest reference, so that it counts as unusual only when none of them
explains it. All references are made of earlier days alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.anomalies.sorting import earlier, median_of_four, median_of_last_week, median_of_three
from pipelines.anomalies.verdicts import Floats


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


def point_deviation(values: Floats, known: Levels) -> Deviation:
    """How far each day lies from what the days just before it suggest."""
    return _nearest(values, _near_references(known), known.size)


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
