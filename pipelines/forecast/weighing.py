"""Combining models by how well each has forecast this series so far.

The weights at an origin come from errors that were known there: a forecast of 30 days counts 30 days after it was
made. So the combination at past origins is what would really have been said, and its errors are honest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.forecast.series import Floats

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_SHARPNESS = 40.0
_BEST = 10
_NEAR = 30
_MEMORY = 100
_MEDIAN_FROM = 14.0
"""At this horizon the forecast is half the mean of the models and half their median, farther ahead more the median."""
_KNOTS = (1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 240, 300, 400)
_TINY = 1e-300
_TIED = 1e-9


@dataclass(frozen=True)
class Trial:
    """Forecasts of all models at past origins, what came, and which models could be used; `stride` points apart."""

    points: Floats  # origin, horizon, model
    actual: Floats  # origin, horizon
    active: Bools  # origin, model
    stride: int
    length: int

    @property
    def horizon(self) -> int:
        return int(self.points.shape[1])

    @property
    def half_life(self) -> float:
        """After so many origins an error counts half."""
        return float(max(_MEMORY, 3 * self.length)) / self.stride


def knots(horizon: int) -> Ints:
    """Horizons at which weights and bounds are worked out; those between take the nearest."""
    return np.array(sorted({*(each for each in _KNOTS if each < horizon), horizon}))


def nearest_knot(horizon: int, count: int) -> Ints:
    """For each of `count` horizons the position of its knot among those of `horizon`."""
    positions = knots(horizon)
    return np.asarray(np.abs(np.arange(1, count + 1)[:, None] - positions[None]).argmin(axis=1))


def weights(trial: Trial, near: Trial | None = None) -> Floats:
    """Weights by origin, knot and model; they add up to one.

    `near` has the first few points ahead at every point from the trial's first origin to its last. Errors of a day
    ahead do not overlap, so each point tells something new: the knots that `near` reaches learn from all of them.
    """
    at = knots(trial.horizon)
    # shorter and somewhat longer horizons speak for this one too; for a far one, seen seldom, nearer ones alone do
    upto = np.minimum(np.minimum(2 * at, _NEAR + at // 4), trial.horizon)
    reached = 0 if near is None else int((upto <= near.horizon).sum())
    known = [_known_errors(trial, upto[reached:])] if reached < len(at) else []
    if near is not None and reached:
        known.insert(0, _known_errors(near, upto[:reached], trial.stride))
    sums, counts = (np.concatenate(each, axis=1) for each in zip(*known, strict=True))
    return _from_errors(sums, counts, trial.active)


def _known_errors(trial: Trial, upto: Ints, every: int = 1) -> tuple[Floats, Floats]:
    """At each `every`-th origin the known errors of the horizons up to each of `upto`, by model, and how many."""
    near = int(upto.max())
    told = np.isfinite(trial.actual[:, :near])
    missed = trial.points[:, :near] - np.where(told, trial.actual[:, :near], 0)[:, :, None]
    np.abs(missed, out=missed)
    missed[~told] = 0
    lags = -(-np.arange(1, near + 1) // trial.stride)
    # horizons that are known at the same origins and count for the same knots are added up at once
    starts = np.unique([0, *(np.flatnonzero(np.diff(lags)) + 1), *upto[upto < near]])
    parts = [missed, told[:, :, None].astype(np.float64)]
    if len(starts) < near:
        parts = [np.add.reduceat(each, starts, axis=1) for each in parts]
    places = np.searchsorted(starts, upto) - 1
    known = (_known_sums(each, lags[starts], trial.half_life, every) for each in parts)
    sums, counts = (np.cumsum(each, axis=1)[:, places] for each in known)
    return sums, counts[:, :, 0]


def sum_weights(trial: Trial, steps: int) -> Floats:
    """Weights by origin and model for the sum over the next `steps` points."""
    actual = trial.actual[:, :steps]
    known = np.isfinite(actual)
    errors = np.where(known[:, :, None], trial.points[:, :steps] - np.where(known, actual, 0)[:, :, None], 0.0)
    losses: list[Floats] = []
    for part in sorted({max(1, steps // 4), max(1, steps // 2), steps}):
        told = known[:, :part].sum(axis=1) > part / 2
        missed = np.where(told[:, None], np.abs(errors[:, :part].sum(axis=1)), 0.0)[:, None, :]
        lag = np.array([-(-part // trial.stride)])
        sums = _known_sums(missed, lag, trial.half_life)[:, 0]
        counts = _known_sums(told[:, None, None].astype(np.float64), lag, trial.half_life)[:, 0, 0]
        usual = np.maximum(_usual(sums, trial.active, 1), _TINY)
        losses.append(np.where(counts[:, None] > 0, sums / usual, 1.0))
    loss = np.add.reduce(losses)[:, None, :]
    return _from_errors(loss, np.ones((len(loss), 1)), trial.active)[:, 0]


def _known_sums(values: Floats, lags: Ints, half_life: float, every: int = 1) -> Floats:
    """At each `every`-th origin the fading sum over earlier origins whose outcome was known: origin, horizon, model."""
    origins, horizon, _ = values.shape
    fading = 0.5 ** (1 / half_life)
    running = np.empty((origins + 1, *values.shape[1:]))
    running[0] = 0
    for origin in range(origins):
        np.multiply(running[origin], fading, out=running[origin + 1])
        running[origin + 1] += values[origin]
    known = np.maximum(np.arange(1, origins + 1, every)[:, None] - lags[None], 0)
    return running[known, np.arange(horizon)[None]]


def _from_errors(sums: Floats, counts: Floats, active: Bools) -> Floats:
    """The better the mean error so far the larger the weight; only the best count."""
    usable = active[:, None, :]
    usual = _usual(sums, usable, 2)
    counted = counts[:, :, None]
    loss = (sums + usual / np.maximum(counted, 1e-9)) / (counted + 1)
    loss = np.where(counted > 0, loss, 1.0)
    loss = np.maximum(loss, 1e-9 * np.maximum(np.where(usable, loss, 0).max(axis=2, keepdims=True), _TINY))
    loss = np.where(usable, loss, np.inf)
    worse = np.log(np.where(usable, loss / loss.min(axis=2, keepdims=True), 1.0))
    found = np.where(usable, np.exp(-_SHARPNESS * worse), 0.0)
    if found.shape[2] > _BEST:
        least = np.partition(found, -_BEST, axis=2)[:, :, -_BEST][:, :, None]
        found = np.where(found >= least, found, 0.0)
    return np.asarray(found / found.sum(axis=2, keepdims=True))


def _usual(sums: Floats, usable: Bools, axis: int) -> Floats:
    """The mean over the models that could be used."""
    count = np.maximum(usable.sum(axis=axis, keepdims=True), 1)
    return np.asarray(np.where(usable, sums, 0).sum(axis=axis, keepdims=True) / count)


def combined(points: Floats, weight: Floats, horizon: int) -> Floats:
    """The forecast by origin and horizon; `weight` is by the knots of a trial of `horizon`.

    Near ahead it is the weighted mean of the models. Far ahead few errors are known, and a single model that runs
    away would carry the mean along, so more and more the weighted median counts.
    """
    count = points.shape[1]
    best = np.argpartition(weight, -min(_BEST, weight.shape[2]), axis=2)[:, :, -_BEST:]
    at = nearest_knot(horizon, count)
    told = np.take_along_axis(points, best[:, at], axis=2)
    shares = np.take_along_axis(weight, best, axis=2)
    more = shares.sum(axis=2) < 1 - _TIED  # of equally good models, none is left out: they count as their mean
    shares = (shares / shares.sum(axis=2, keepdims=True))[:, at]
    ahead = np.arange(1, count + 1)
    median = ahead / (ahead + _MEDIAN_FROM)
    found = (1 - median) * (told * shares).sum(axis=2) + median * _weighted_median(told, shares)
    tied, where = np.nonzero(more[:, at])
    found[tied, where] = (points[tied, where] * weight[tied, at[where]]).sum(axis=1)
    return np.asarray(found)


def _weighted_median(values: Floats, shares: Floats) -> Floats:
    """Along the last axis, between the two values that hold the middle of the shares, which add up to one."""
    order = np.argsort(values, axis=2)
    values, shares = np.take_along_axis(values, order, axis=2), np.take_along_axis(shares, order, axis=2)
    middle = np.cumsum(shares, axis=2) - shares / 2
    after = np.minimum((middle < 0.5).sum(axis=2, keepdims=True), values.shape[2] - 1)
    before = np.maximum(after - 1, 0)
    (low, high), (start, end) = (
        [np.take_along_axis(each, at, axis=2)[:, :, 0] for at in (before, after)] for each in (values, middle)
    )
    between = np.clip(np.divide(0.5 - start, end - start, out=np.ones_like(low), where=end > start), 0, 1)
    return np.asarray(low + between * (high - low))
