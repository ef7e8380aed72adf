"""Forecasts that only repeat the recent past: the naive ones to be measured against, and means and medians."""

from __future__ import annotations

import warnings

import numpy as np

from pipelines.forecast.days import Days
from pipelines.forecast.series import Floats
from pipelines.forecast.smoothing import Ints

WINDOWS = (7, 14, 28, 56, 112)
SEASONS = (4, 8, 16)
_MONTHS = 3


def carried(values: Floats) -> Floats:
    """Each point's newest known value."""
    index = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), -1))
    return np.where(index >= 0, values[np.maximum(index, 0)], np.nan)


def last_value(values: Floats, origins: Ints, horizon: int) -> Floats:
    """The newest value again and again: origin, horizon."""
    return np.repeat(carried(values)[origins][:, None], horizon, axis=1)


def last_season(values: Floats, origins: Ints, horizon: int, length: int) -> Floats:
    """The newest value of the same phase, a week ago for days; where there is none, the newest value."""
    by_phase = np.full((len(values), length), np.nan)
    for phase in range(length):
        by_phase[phase::length, phase] = values[phase::length]
        by_phase[:, phase] = carried(by_phase[:, phase])
    ahead = (origins[:, None] + np.arange(1, horizon + 1)) % length
    found = by_phase[origins][np.arange(len(origins))[:, None], ahead]
    return np.where(np.isfinite(found), found, last_value(values, origins, horizon))


def recent_levels(values: Floats, origins: Ints, horizon: int, length: int) -> Floats:
    """Means and medians of the last points, and of the last values of the same phase: origin, horizon, kind."""
    kinds = [np.repeat(each[:, None], horizon, axis=1) for width in WINDOWS for each in _levels(values, origins, width)]
    if length > 1:
        phases = (np.arange(1, horizon + 1) - 1) % length
        for seasons in SEASONS:
            kinds += [each[:, phases] for each in _phase_levels(values, origins, length, seasons)]
    found = np.stack(kinds, axis=2)
    return np.where(np.isfinite(found), found, last_value(values, origins, horizon)[:, :, None])


def same_days(values: Floats, origins: Ints, horizon: int, days: Days) -> Floats:
    """The same day of the month before, and the mean and median over three months: origin, horizon, kind."""
    before = _month_before(days)
    place = origins[:, None] + np.arange(1, horizon + 1)
    while (place > origins[:, None]).any():
        place = np.where(place > origins[:, None], before[place], place)
    seen = []
    for _ in range(_MONTHS):
        seen.append(np.where(place >= 0, values[np.maximum(place, 0)], np.nan))
        place = np.where(place >= 0, before[np.maximum(place, 0)], -1)
    found = np.stack([seen[0], *_mean_and_median(np.stack(seen), 0)], axis=2)
    return np.where(np.isfinite(found), found, last_value(values, origins, horizon)[:, :, None])


def _month_before(days: Days) -> Ints:
    """For each day the place of the same day in the month before, or of that month's last; -1 before the first."""
    place = np.arange(len(days.day))
    last_of_before = place - days.day
    length = np.where(last_of_before >= 0, days.day[np.maximum(last_of_before, 0)], 0)
    return np.asarray(np.maximum(last_of_before - np.maximum(length - days.day, 0), -1))


def _levels(values: Floats, origins: Ints, width: int) -> tuple[Floats, Floats]:
    padded = np.concatenate([np.full(width - 1, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)[origins]
    return _mean_and_median(windows, 1)


def _phase_levels(values: Floats, origins: Ints, length: int, seasons: int) -> tuple[Floats, Floats]:
    """Of each of the `length` phases that follow an origin: its mean and median over so many seasons."""
    width = length * seasons
    padded = np.concatenate([np.full(width - 1, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)[origins]
    return _mean_and_median(windows.reshape(len(origins), seasons, length), 1)


def _mean_and_median(windows: Floats, axis: int) -> tuple[Floats, Floats]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a window without a value has no level
        return np.nanmean(windows, axis=axis), _medians(windows, axis)


def _medians(windows: Floats, axis: int) -> Floats:
    """As `np.nanmedian`, which takes several times as long; what is not known comes last in the order."""
    ordered, counts = np.sort(windows, axis=axis), np.isfinite(windows).sum(axis=axis, keepdims=True)
    low, high = np.maximum(counts - 1, 0) // 2, np.minimum(counts // 2, windows.shape[axis] - 1)
    middle = np.take_along_axis(ordered, low, axis) + np.take_along_axis(ordered, high, axis)
    return np.asarray(middle.squeeze(axis) / 2)
