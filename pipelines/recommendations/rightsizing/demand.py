"""How high recorded loads stood, read from their summaries: of many resources at once, since each is only a short row.

The rows of the resources stand below each other, filled up to the longest, and every sum runs along a row: so what is
said of a resource never depends on which others are read with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.recommendations.rightsizing.summaries import Bins, Days, Floats, Integers, Summary

_ROUNDING = 1e-6  # of a sample, so that 99 % of 100 samples are 99
_QUANTILES = (0.5, 0.95, 0.99, 0.995)
_RARE = 0.01


@dataclass(frozen=True, slots=True)
class Demand:
    """How high one measure stood: quantiles over all samples, and how they differed from day to day.

    `worst_week_p99` is the highest p99 of the window's weeks (counted back from its end), `newest_p99` that of the
    newest day; `recurring_peak` is the second-highest maximum of a day, so that what happened once does not count.
    """

    p50: float
    p95: float
    p99: float
    p995: float
    max: float
    worst_week_p99: float
    newest_p99: float
    recurring_peak: float
    levels: Floats  # ascending
    up_to: Floats  # the share of samples at each level or below
    day_peaks: Floats  # the highest of each day, ascending

    def share_over(self, capacity: float) -> float:
        """The share of the recorded time above the capacity: the replay against an offer."""
        return float(self.shares_over(np.array([capacity]))[0])

    def shares_over(self, capacities: Floats) -> Floats:
        """The same for each of several capacities."""
        at = self.levels.searchsorted(capacities, side="right")
        return np.where(at > 0, 1.0 - self.up_to[at - 1], 1.0)

    def days_held(self, capacities: Floats) -> Floats:
        """The share of days that stayed at each capacity or below."""
        return np.asarray(self.day_peaks.searchsorted(capacities, side="right") / max(len(self.day_peaks), 1))


def demand(summary: Summary) -> Demand | None:
    """The levels of one measure of one resource; None where it has no samples at all."""
    ends = np.array([0, len(summary.bins.highest)]), np.array([0, len(summary.days.highest)])
    return Demands(summary.bins, ends[0], summary.days, ends[1]).of(0)


class Demands:
    """One measure of many resources: the summary of resource k lies from the k-th of the offsets to the next."""

    def __init__(self, bins: Bins, bin_offsets: Integers, days: Days, day_offsets: Integers) -> None:
        self._rows, self._days = np.diff(bin_offsets), np.diff(day_offsets)
        is_bin, is_day = _filled(self._rows), _filled(self._days)
        found = slice(int(bin_offsets[0]), int(bin_offsets[-1])), slice(int(day_offsets[0]), int(day_offsets[-1]))
        levels = _laid(bins.highest[found[0]], is_bin, np.inf)
        order = np.argsort(levels, axis=1, kind="stable")
        samples = np.take_along_axis(_laid(bins.samples[found[0]], is_bin, 0.0), order, axis=1)
        parts = np.take_along_axis(_laid(bins.part[found[0]], is_bin, 0), order, axis=1)
        ordinary = _middle(_laid(days.samples[found[1]], is_day, -1), self._days)
        self._levels = np.take_along_axis(levels, order, axis=1)
        self._peaks = np.sort(_laid(days.highest[found[1]], is_day, -np.inf), axis=1)
        counted = samples.cumsum(axis=1)
        # a row without samples is not asked for
        self._up_to = counted / np.maximum(counted[:, -1:], _ROUNDING)
        whole = [_first_with(counted, share) for share in _QUANTILES]
        worst = np.maximum(_worst_week(parts, samples), whole[_QUANTILES.index(1 - _RARE)])
        picked = [*whole, np.maximum(self._rows - 1, 0), worst, _newest(parts, samples, ordinary / 2)]
        self._numbers = np.take_along_axis(self._levels, np.stack(picked, axis=1), axis=1)

    def of(self, at: int, size: float = 1.0) -> Demand | None:
        """The levels of one resource, as multiples of `size`; None where it has no samples at all."""
        count = int(self._rows[at])
        if not count:
            return None
        p50, p95, p99, p995, highest, worst_week, newest = (self._numbers[at] * size).tolist()
        levels, up_to = self._levels[at, :count] * size, self._up_to[at, :count]
        peaks = self._peaks[at, self._peaks.shape[1] - self._days[at] :] * size
        recurring = float(peaks[-2:][0])
        return Demand(p50, p95, p99, p995, highest, worst_week, newest, recurring, levels, up_to, peaks)


def _first_with(counted: Floats, share: float) -> Integers:
    """Where the lowest level stands that is exceeded in at most 1 − share of the samples."""
    return np.asarray((counted >= share * counted[:, -1:] - _ROUNDING).argmax(axis=1))


def _worst_week(parts: Integers, samples: Floats) -> Integers:
    """Where the lowest level stands that no week exceeds for more than 1 %."""
    weeks, worst = np.maximum(parts - 1, 0), np.zeros(len(parts), dtype=np.int64)
    for week in range(int(weeks.max(initial=0)) + 1):
        counted = np.where(weeks == week, samples, 0.0).cumsum(axis=1)
        worst = np.maximum(worst, _first_with(counted, 1 - _RARE))
    return worst


def _newest(parts: Integers, samples: Floats, enough: Floats) -> Integers:
    """Where the newest day's p99 stands: going back until there are half an ordinary day's samples.

    A day just begun says too little.
    """
    reached, is_open = np.zeros(samples.shape), np.ones((len(samples), 1), dtype=np.bool_)
    for part in range(int(parts.max(initial=0)) + 1):
        reached += np.where(is_open & (parts == part), samples, 0.0)
        total = reached.sum(axis=1, keepdims=True)
        is_open = (total < enough) | (total == 0)
    return _first_with(reached.cumsum(axis=1), 1 - _RARE)


def _middle(values: Integers, counts: Integers) -> Integers:
    """The upper median of each row, whose empty cells are below all others."""
    ascending, width = np.sort(values, axis=1), values.shape[1]
    return np.take_along_axis(ascending, np.minimum(width - counts + counts // 2, width - 1)[:, None], axis=1)


def _filled(lengths: Integers) -> npt.NDArray[np.bool_]:
    """Which cells of the rows hold something; at least one column, so that an empty row has a last one."""
    return np.asarray(np.arange(max(int(lengths.max(initial=0)), 1)) < lengths[:, None])


def _laid(values: npt.NDArray[np.generic], is_filled: npt.NDArray[np.bool_], empty: float) -> npt.NDArray:  # type: ignore[type-arg]
    """The values of all rows, one after the other, as rows of their own."""
    laid = np.full(is_filled.shape, empty, dtype=values.dtype)
    laid[is_filled] = values
    return laid
