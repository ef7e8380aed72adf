"""How much could be found at all: a filter that knows what no detector can, on the same series and the same events.

It knows each event's shape, size, side and day, and the noise of the untouched series from both sides of a day: an
autoregression by weekday, fitted to the whole series with its future. The event as it would look without noise is laid
over the days since it began (a matched filter), and over every other stretch of the untouched series that hindsight
does not call a real move. The event counts as found when only so many other stretches a year look as much like it, all
of these alarms being spent on this one shape. What is told by its absence or its start is taken as found.

A linear filter is no strict bound, yet a detector that has to look for all shapes at once has less to go by.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.anomaly_daily import QUIET_DAYS, SIZED
from benchmarks.anomaly_hindsight import real_moves
from benchmarks.anomaly_injector import Copy, Injected
from benchmarks.anomaly_series import Daily, Flags, Floats, Places
from pipelines.anomalies.references import carried_forward

BUDGETS = (2.0, 0.0)  # alarms a year and series that other days may raise
_LAGS = (1, 2, 3, 4, 5, 6, 7, 14, 21, 28)
_LEAST_SHARE = 0.02  # of the usual value: a log of less says nothing
_FACTS = ("missing", "new service", "burst")
_ROUNDS, _BEND, _RIDGE = 20, 1.5, 1e-5  # of the robust fit
_SIDE_DAYS, _LEAST_KNOWN, _LEAST_SCALE = 45, 10, 0.005
_LEARNING_DAYS = 45


@dataclass
class Ceiling:
    """Events found by the filter within each budget, and within the first by size; all that were injected."""

    found: dict[float, int] = field(default_factory=lambda: dict.fromkeys(BUDGETS, 0))
    injected: int = 0
    of_size: dict[float, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def recall(self, budget: float) -> float:
        """Share found within a budget."""
        return self.found[budget] / max(1, self.injected)


@dataclass(frozen=True)
class _Noise:
    """A series as the filter knows it: how to leave only what is new on a day, and how large that usually is."""

    usual: float
    weekdays: Places
    weights: Floats
    new: Floats
    scale: Floats
    confirmed: Flags
    years: float

    def innovations(self, values: Floats) -> Floats:
        """What is new on each day."""
        logs = _logs(values, self.usual)
        return np.asarray(logs - _design(logs, self.weekdays) @ self.weights)


def ceiling(series: Sequence[Daily], copied: Mapping[str, Sequence[Copy]]) -> Ceiling:
    """What the filter finds of the events of all copies."""
    result = Ceiling()
    for each in series:
        noise = _noise(each)
        for copy in copied[each.name]:
            new = noise.innovations(copy.series.values)
            for event in copy.events:
                rate = 0.0 if event.kind in _FACTS else _look_alikes(event, new, noise)
                result.injected += 1
                for budget in BUDGETS:
                    result.found[budget] += rate == 0 or rate < budget
                if event.kind in SIZED:
                    result.of_size[event.size][0] += rate == 0 or rate < BUDGETS[0]
                    result.of_size[event.size][1] += 1
    return result


def _look_alikes(event: Injected, new: Floats, noise: _Noise) -> float:
    """How many other stretches a year look as much like the event, by the best day to decide on."""
    fewest = np.inf
    for end in range(event.onset, min(event.until, len(new) - 1) + 1):
        days = slice(event.start, end + 1)
        shape = (new[days] - noise.new[days]) / noise.scale[days]
        norm = float(np.sqrt((shape**2).sum()))
        if np.isfinite(norm) and norm > 0:
            likeness = float((shape * new[days] / noise.scale[days]).sum()) / norm
            fewest = min(fewest, _as_alike(shape / norm, likeness, noise) / noise.years)
    return float(fewest)


def _as_alike(shape: Floats, likeness: float, noise: _Noise) -> int:
    """Stretches of the untouched series that are as much like the shape; close ones are one alarm."""
    usual = np.nan_to_num(noise.new / noise.scale)
    others = np.correlate(usual, shape, "valid")
    taken = np.convolve(noise.confirmed, np.ones(len(shape)), "valid") > 0
    taken[:_LEARNING_DAYS] = True
    at = np.flatnonzero((others >= likeness) & ~taken)
    return int(1 + (np.diff(at) > QUIET_DAYS).sum()) if len(at) else 0


def _noise(series: Daily) -> _Noise:
    values = series.values
    usual = float(np.nanmedian(np.abs(values[values != 0])))
    weekdays = np.array([day.weekday() for day in series.days])
    logs = _logs(values, usual)
    design = _design(logs, weekdays)
    weights = _fitted(design, logs)
    new = np.asarray(logs - design @ weights)
    return _Noise(usual, weekdays, weights, new, _scale(new), real_moves(values), series.years)


def _logs(values: Floats, usual: float) -> Floats:
    return np.asarray(np.log(np.maximum(carried_forward(values[None])[0], _LEAST_SHARE * usual)))


def _design(logs: Floats, weekdays: Places) -> Floats:
    """Earlier days and the weekday, a row for each day."""
    columns = [np.ones(len(logs)), *((weekdays == day).astype(np.float64) for day in range(6))]
    for lag in _LAGS:
        columns.append(np.concatenate((np.full(min(lag, len(logs)), np.nan), logs[:-lag]))[: len(logs)])
    return np.column_stack(columns)


def _fitted(design: Floats, logs: Floats) -> Floats:
    """Weights of a robust fit (Huber's, by reweighting), slightly shrunken."""
    known = np.isfinite(design).all(axis=1) & np.isfinite(logs)
    rows, told = design[known], logs[known]
    weight, ridge = np.ones(len(told)), _RIDGE * len(told) * told.var() * np.eye(design.shape[1])
    found = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        weighted = rows * weight[:, None]
        found = np.linalg.solve(rows.T @ weighted + ridge + 1e-12 * np.eye(len(found)), weighted.T @ told)
        off = np.abs(told - rows @ found)
        weight = 1 / np.maximum(1, off / (_BEND * (np.median(off) / 0.6745 + 1e-9)))
    return found


def _scale(new: Floats) -> Floats:
    """How large what is new usually is: the median of both sides of a day, never far below the whole series'."""
    known = np.abs(new[np.isfinite(new)])
    least = max(float(np.median(known)) / 0.6745 / 2, _LEAST_SCALE)
    found = np.full(len(new), least)
    for day in range(len(new)):
        beside = np.abs(new[max(0, day - _SIDE_DAYS) : day + _SIDE_DAYS + 1])
        beside = beside[np.isfinite(beside)]
        if len(beside) > _LEAST_KNOWN:
            found[day] = max(float(np.median(beside)) / 0.6745, least)
    return found
