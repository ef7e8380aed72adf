"""All models of one series: each can say, at any origin, what it would have forecast from the values up to there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from math import gcd
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pipelines.forecast.days import Days, Holidays, days_from
from pipelines.forecast.drivers import LEARNT_EVERY, LEARNT_FROM, DriverPath, line
from pipelines.forecast.profiles import MONTH_HISTORY, YEAR_HISTORY, month_profile, year_profile
from pipelines.forecast.recent import last_season, recent_levels, same_days
from pipelines.forecast.series import Floats, Series
from pipelines.forecast.smoothing import Ints, States, Variants, joined, smooth, variants
from pipelines.forecast.steps import DAY, Step

Bools = npt.NDArray[np.bool_]
_Family: TypeAlias = tuple[str, Floats, Bools]
"""What models have in common, their forecasts by origin, horizon and model, and at which origins they can be used."""

_PLAIN = variants((0.02, 0.1, 0.3, 0.6, 0.95), (0.0, 0.05, 0.25))
_LOGARITHMIC = variants((0.03, 0.1, 0.3, 0.6, 0.95), (0.0, 0.1), cautions=(3.0,))
_ADJUSTED = variants((0.03, 0.1, 0.3, 0.9), (0.1,))
_MONTH_EVERY, _YEAR_EVERY = 28, 56
_SHARE_POSITIVE = 0.9
_FLOOR = 1e-3
_MOST_ORIGINS, _MOST_POINTS = 90, 450


def season_length(step: Step, count: int) -> int:
    """Points of the season a series of so many points can show: a week of days, a day of hours, a year of months."""
    if step.months:
        lengths = [12 // step.months] if step.months < 12 else []
    elif step.seconds >= DAY:
        lengths = {DAY: [7], 7 * DAY: [52]}.get(step.seconds, [])
    else:
        daily = DAY // step.seconds if DAY % step.seconds == 0 else 0
        lengths = [7 * daily, daily] if count >= 28 * daily else [daily]
    return next((length for length in lengths if length > 1 and count >= 2 * length + 2), 1)


def origins_of(count: int, length: int) -> tuple[Ints, int]:
    """Where the back-test stands, the last point included, and how far apart; never always in the same phase."""
    first = max(2 * length, 8) - 1
    last = count - 1
    span = min(last - first, max(_MOST_POINTS, 4 * length))
    return spaced(max(last - span, 0), last, _MOST_ORIGINS, length)


def spaced(first: int, last: int, most: int, length: int) -> tuple[Ints, int]:
    """At most about so many origins, the last one included, and how far apart they are."""
    stride = max(1, -(-(last - first) // most))
    while gcd(stride, length) > 1:
        stride += 1
    return np.arange(last, first - 1, -stride)[::-1].copy(), stride


class Models:
    """Every model of a series whose values are of the size of one, smoothed once by `smooth_models`."""

    states: States

    def __init__(self, series: Series, horizon: int, holidays: Holidays, origins: Ints, length: int) -> None:
        self.values, self.length = series.values, length
        values = series.values
        positive = np.where(np.isfinite(values), values > 0, True)
        self.may_log: Bools = np.cumsum(positive) >= _SHARE_POSITIVE * np.arange(1, len(values) + 1)
        logs = np.full(len(values), np.nan)
        known = np.isfinite(values)
        logs[known] = np.log(np.maximum(values[known], _FLOOR))
        self.most_log = np.fmax.accumulate(logs) + 1
        self.never_negative: Bools = np.fmin.accumulate(values) >= 0
        self.never_positive: Bools = np.fmax.accumulate(values) <= 0
        self.days: Days | None = None
        if series.grid.step.is_day:
            self.days = days_from(series.grid.start.date(), len(values) + horizon, holidays)
        self.profiles = _profiles(self.days, values, logs, positive, origins) if self.days is not None else []
        inputs = [_columns(values, _PLAIN), _columns(logs, _LOGARITHMIC), _columns(values, _ADJUSTED)]
        for each in self.profiles:
            inputs.append(_columns((logs if each.is_log else values) - each.adds[: len(values)], _ADJUSTED))
        used = [_PLAIN, _LOGARITHMIC, _ADJUSTED, *(_ADJUSTED for _ in self.profiles)]
        self.inputs, self.variants = np.hstack(inputs), joined(used)
        self.families: list[tuple[str, slice]] = []
        self._plain: dict[tuple[int, int, int, int], list[_Family]] = {}

    def driven(self, driver: DriverPath, origins: Ints) -> Models:
        """The same models and those that follow a driver; only these are smoothed."""
        found = copy(self)
        profiles = _driven(self.values, driver, origins)
        inputs = [_columns(self.values - each.adds[: len(self.values)], _ADJUSTED) for each in profiles]
        if profiles:
            states = smooth(np.hstack(inputs), joined([_ADJUSTED for _ in profiles]), self.length)
            found.states = self.states.beside(states)
        found.profiles = [*self.profiles, *profiles]
        return found

    def forecasts(self, origins: Ints, horizon: int, driver_ahead: Floats | None = None) -> tuple[Floats, Bools]:
        """Forecasts by origin, horizon and model, and which models could be used at an origin.

        `driver_ahead` is what is expected of the driver, by origin and horizon.
        """
        parts = list(self._without_driver(origins, horizon))
        if any(each.kind is Kind.driver for each in self.profiles):
            place = next(at for at, (family, _, _) in enumerate(parts) if family == "recent levels")
            parts.insert(place, self._with_profiles(Kind.driver, origins, horizon, driver_ahead))
        self.families, start = [], 0
        for family, found, _ in parts:
            self.families.append((family, slice(start, start + found.shape[2])))
            start += found.shape[2]
        points = self._signed(np.concatenate([found for _, found, _ in parts], axis=2), origins)
        active = np.concatenate([np.repeat(on[:, None], found.shape[2], axis=1) for _, found, on in parts], axis=1)
        return points, active

    def _without_driver(self, origins: Ints, horizon: int) -> list[_Family]:
        """The models that need no driver, worked out once for the same origins and horizon."""
        asked = int(origins[0]), int(origins[-1]), len(origins), horizon
        if asked in self._plain:
            return self._plain[asked]
        start = len(_PLAIN) + len(_LOGARITHMIC)
        plain = self.states.forecasts(slice(0, len(_PLAIN)), origins, horizon)
        logs = self.states.forecasts(slice(len(_PLAIN), start), origins, horizon)
        always = np.ones(len(origins), bool)
        found = [
            ("smoothing", plain, always),
            ("smoothing of logarithms", self._from_logs(logs, origins), self.may_log[origins]),
        ]
        for kind in (Kind.month, Kind.year):
            if any(each.kind is kind for each in self.profiles):
                found.append(self._with_profiles(kind, origins, horizon, None))
        recent = recent_levels(self.values, origins, horizon, self.length)
        naive = last_season(self.values, origins, horizon, self.length)[:, :, None]
        found += [("recent levels", recent, always), ("naive", naive, always)]
        if self.days is not None:
            months = same_days(self.values, origins, horizon, self.days)
            found.append(("same day of the month", months, origins >= MONTH_HISTORY))
        self._plain[asked] = found
        return found

    def _from_logs(self, points: Floats, origins: Ints) -> Floats:
        most = np.fmax(self.most_log[origins], np.log(_FLOOR))[:, None, None]
        return np.exp(np.clip(points, np.log(_FLOOR), most))

    def _signed(self, points: Floats, origins: Ints) -> Floats:
        """Not negative where the history up to the origin is not, not positive likewise."""
        for bound, where in ((np.maximum, self.never_negative[origins]), (np.minimum, self.never_positive[origins])):
            if where.all():
                bound(points, 0, out=points)
            elif where.any():
                points[where] = bound(points[where], 0)
        return points

    def _with_profiles(self, kind: Kind, origins: Ints, horizon: int, driver_ahead: Floats | None) -> _Family:
        """The models of one kind; at origins without a profile the same ones without it."""
        first = len(_PLAIN) + len(_LOGARITHMIC)
        found = self.states.forecasts(slice(first, first + len(_ADJUSTED)), origins, horizon)
        where = np.zeros(len(origins), bool)
        for number, each in enumerate(self.profiles):
            mine = np.flatnonzero((origins >= each.first) & (origins < each.end))
            if each.kind is not kind or not len(mine):
                continue
            here = origins[mine]
            start = first + len(_ADJUSTED) * (number + 1)
            points = self.states.forecasts(slice(start, start + len(_ADJUSTED)), here, horizon)
            if kind is Kind.driver:
                assert driver_ahead is not None
                adds = each.slope * driver_ahead[mine]
            else:
                adds = each.adds[here[:, None] + np.arange(1, horizon + 1)]
            points = points + adds[:, :, None]
            found[mine] = self._from_logs(points, here) if each.is_log else points
            where[mine] = True
        return kind.value, found, where


def smooth_models(several: Sequence[Models]) -> None:
    """Smooth the models of many series in one pass where they know the same points; each as if it were alone."""
    alike: defaultdict[tuple[int, bytes], list[Models]] = defaultdict(list)
    for each in several:
        alike[each.length, np.isfinite(each.inputs).all(axis=1).tobytes()].append(each)
    for (length, _), group in alike.items():
        states = smooth(np.hstack([each.inputs for each in group]), joined([each.variants for each in group]), length)
        ends = np.cumsum([len(each.variants) for each in group])
        for each, end in zip(group, ends, strict=True):
            each.states = states.part(slice(int(end) - len(each.variants), int(end)))


class Kind(StrEnum):
    """What a profile is made of."""

    month = "calendar of the month"
    year = "calendar of the year"
    driver = "driver"


@dataclass(frozen=True)
class _Profile:
    """What is taken off the values before smoothing, for the origins from `first` to before `end`."""

    kind: Kind
    first: int
    end: int
    adds: Floats
    is_log: bool = False
    slope: float = 0.0


def _profiles(days: Days, values: Floats, logs: Floats, positive: Bools, origins: Ints) -> list[_Profile]:
    """Profiles of the calendar learnt anew every few weeks, each for the origins from then on."""
    always = np.logical_and.accumulate(positive)
    found = []
    for edge in _edges(MONTH_HISTORY, _MONTH_EVERY, origins):
        profile = month_profile(values[:edge], days)
        if profile is not None:
            found.append(_Profile(Kind.month, edge - 1, edge - 1 + _MONTH_EVERY, profile))
    for edge in _edges(YEAR_HISTORY, _YEAR_EVERY, origins):
        is_log = bool(always[edge - 1])
        profile = year_profile((logs if is_log else values)[:edge], days)
        if profile is not None:
            found.append(_Profile(Kind.year, edge - 1, edge - 1 + _YEAR_EVERY, profile, is_log))
    return found


def _driven(values: Floats, driver: DriverPath, origins: Ints) -> list[_Profile]:
    found = []
    for edge in _edges(LEARNT_FROM, LEARNT_EVERY, origins):
        _, slope, _ = line(values[:edge], driver.values[:edge])
        adds = slope * driver.values
        found.append(_Profile(Kind.driver, edge - 1, edge - 1 + LEARNT_EVERY, adds, slope=slope))
    return found


def _edges(first: int, every: int, origins: Ints) -> list[int]:
    """Lengths of history to learn from, such that an origin comes before the next one."""
    edges = range(first, int(origins[-1]) + 2, every)
    return [each for each in edges if ((origins >= each - 1) & (origins < each - 1 + every)).any()]


def _columns(values: Floats, chosen: Variants) -> Floats:
    return np.repeat(values[:, None], len(chosen), axis=1)
