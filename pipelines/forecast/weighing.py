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

_SHARPNESS, _HALF_TRUST = 40.0, 0.5
_BEST = 20
_NEAR = 30
_MEMORY = 200
_KNOTS = (1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 240, 300, 400)
_TINY = 1e-300


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


def weights(trial: Trial) -> Floats:
    """Weights by origin, knot and model; they add up to one."""
    known = np.isfinite(trial.actual)
    at = knots(trial.horizon)
    # shorter and somewhat longer horizons speak for this one too; for a far one, seen seldom, nearer ones alone do
    upto = np.minimum(np.minimum(2 * at, _NEAR + at // 4), trial.horizon) - 1
    near = int(upto.max()) + 1
    told = known[:, :near]
    missed = np.abs(trial.points[:, :near] - np.where(told, trial.actual[:, :near], 0)[:, :, None])
    lags = -(-np.arange(1, trial.horizon + 1) // trial.stride)
    sums = _known_sums(np.where(told[:, :, None], missed, 0.0), lags[:near], trial.half_life)
    counts = _known_sums(known[:, :, None].astype(np.float64), lags, trial.half_life)
    pooled, pooled_counts = np.cumsum(sums, axis=1)[:, upto], np.cumsum(counts, axis=1)[:, upto, 0]
    own = counts[:, at - 1, 0]
    windows = np.maximum(own, np.minimum(pooled_counts, 1)) * trial.stride / at  # that do not overlap
    return _from_errors(pooled, pooled_counts, windows, trial.active)


def sum_weights(trial: Trial, steps: int) -> Floats:
    """Weights by origin and model for the sum over the next `steps` points."""
    known = np.isfinite(trial.actual)
    errors = np.where(known[:, :, None], trial.points - np.where(known, trial.actual, 0)[:, :, None], 0.0)
    losses: list[Floats] = []
    counts = np.zeros(len(errors))
    for part in sorted({max(1, steps // 4), max(1, steps // 2), steps}):
        told = known[:, :part].sum(axis=1) > part / 2
        missed = np.where(told[:, None], np.abs(errors[:, :part].sum(axis=1)), 0.0)[:, None, :]
        lag = np.array([-(-part // trial.stride)])
        sums = _known_sums(missed, lag, trial.half_life)[:, 0]
        counts = _known_sums(told[:, None, None].astype(np.float64), lag, trial.half_life)[:, 0, 0]
        usual = np.maximum(_usual(sums, trial.active, 1), _TINY)
        losses.append(np.where(counts[:, None] > 0, sums / usual, 1.0))
    windows = np.maximum(counts * trial.stride / steps, 0.5)
    loss = np.add.reduce(losses)[:, None, :]
    return _from_errors(loss, np.ones((len(loss), 1)), windows[:, None], trial.active)[:, 0]


def _known_sums(values: Floats, lags: Ints, half_life: float) -> Floats:
    """At each origin the fading sum over earlier origins whose outcome was known: origin, horizon, model."""
    origins, horizon, _ = values.shape
    fading = 0.5 ** (1 / half_life)
    running = np.zeros((origins + 1, *values.shape[1:]))
    for origin in range(origins):
        np.multiply(running[origin], fading, out=running[origin + 1])
        running[origin + 1] += values[origin]
    known = np.maximum(np.arange(1, origins + 1)[:, None] - lags[None], 0)
    return running[known, np.arange(horizon)[None]]


def _from_errors(sums: Floats, counts: Floats, windows: Floats, active: Bools) -> Floats:
    """The better the mean error the larger the weight, the more so the more has been seen; only the best count."""
    usable = active[:, None, :]
    usual = _usual(sums, usable, 2)
    counted = counts[:, :, None]
    loss = (sums + usual / np.maximum(counted, 1e-9)) / (counted + 1)
    loss = np.where(counted > 0, loss, 1.0)
    loss = np.maximum(loss, 1e-9 * np.maximum(np.where(usable, loss, 0).max(axis=2, keepdims=True), _TINY))
    loss = np.where(usable, loss, np.inf)
    sharpness = _SHARPNESS * windows / (windows + _HALF_TRUST)
    worse = np.log(np.where(usable, loss / loss.min(axis=2, keepdims=True), 1.0))
    found = np.where(usable, np.exp(-sharpness[:, :, None] * worse), 0.0)
    if found.shape[2] > _BEST:
        least = np.partition(found, -_BEST, axis=2)[:, :, -_BEST][:, :, None]
        found = np.where(found >= least, found, 0.0)
    return np.asarray(found / found.sum(axis=2, keepdims=True))


def _usual(sums: Floats, usable: Bools, axis: int) -> Floats:
    """The mean over the models that could be used."""
    count = np.maximum(usable.sum(axis=axis, keepdims=True), 1)
    return np.asarray(np.where(usable, sums, 0).sum(axis=axis, keepdims=True) / count)


def combined(points: Floats, weight: Floats, horizon: int) -> Floats:
    """The weighted forecast by origin and horizon; `weight` is by the knots of a trial of `horizon`."""
    return np.asarray(np.einsum("ohm,ohm->oh", points, weight[:, nearest_knot(horizon, points.shape[1])]))
