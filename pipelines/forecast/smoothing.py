"""Exponential smoothing with fixed weights, many variants at once: one pass gives a forecast at every origin.

Each column is one variant: its own input, memory, trend, season and caution. Because nothing is fitted, the state
after a value depends on that value and earlier ones only, so each origin's forecast is a real one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import product

import numpy as np
import numpy.typing as npt

from pipelines.forecast.series import Floats

Ints = npt.NDArray[np.int64]

SHIFT_AFTER = 3
"""So many surprises in a row to the same side are a new level; fewer are outliers."""
_SPREAD_WEIGHT = 0.08
_BEYOND = 1.3
_TINY = 1e-12


@dataclass(frozen=True)
class Variants:
    """Columns: weights of level, trend and season, damping of the trend, and how many spreads a surprise may count."""

    level: Floats
    trend: Floats
    damping: Floats
    season: Floats
    caution: Floats

    def __len__(self) -> int:
        return len(self.level)


FLAT = (0.0, 1.0)
TRENDING = (0.02, 0.995)


def variants(
    levels: tuple[float, ...],
    seasons: tuple[float, ...],
    trends: tuple[tuple[float, float], ...] = (FLAT, TRENDING),
    cautions: tuple[float, ...] = (np.inf, 3.0),
) -> Variants:
    """Every combination."""
    rows = [
        (level, trend, damping, season, caution)
        for level, season, (trend, damping), caution in product(levels, seasons, trends, cautions)
    ]
    return Variants(*np.array(rows, dtype=np.float64).T)


def joined(parts: list[Variants]) -> Variants:
    """The columns of all."""
    return Variants(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Variants)))


@dataclass(frozen=True)
class States:
    """Level, trend and the season of that phase after each value."""

    level: Floats
    trend: Floats
    season: Floats
    variants: Variants
    length: int

    def part(self, columns: slice) -> States:
        """Some columns."""
        chosen = Variants(*(getattr(self.variants, each.name)[columns] for each in fields(Variants)))
        return States(self.level[:, columns], self.trend[:, columns], self.season[:, columns], chosen, self.length)

    def beside(self, other: States) -> States:
        """Both, the columns of `other` last."""
        level, trend, season = (
            np.hstack([getattr(self, name), getattr(other, name)]) for name in ("level", "trend", "season")
        )
        return States(level, trend, season, joined([self.variants, other.variants]), self.length)

    def forecasts(self, columns: slice, origins: Ints, horizon: int) -> Floats:
        """Forecasts of some columns from each origin: origin, horizon, column."""
        ahead = np.arange(1, horizon + 1)
        damping = self.variants.damping[columns]
        powers = damping[None, :] ** ahead[:, None]
        reach = np.where(damping < 1, damping * (1 - powers) / np.where(damping < 1, 1 - damping, 1), ahead[:, None])
        last = origins[:, None] + (ahead - 1) % self.length + 1 - self.length  # that phase's newest season
        level, trend = self.level[origins, columns], self.trend[origins, columns]
        seasons = self.season[np.maximum(last, 0), columns]
        found = trend[:, None, :] * reach[None]
        found += level[:, None, :]
        found += seasons
        return np.asarray(found)


def smooth(inputs: Floats, chosen: Variants, length: int) -> States:
    """Pass once over the rows of `inputs` (time, column); rows without a value only carry the trend on.

    The first two seasons of `length` points set the start, so forecasts count from the end of them.
    """
    count, columns = inputs.shape
    known = np.asarray(np.isfinite(inputs).all(axis=1))
    level, season, spread = _start(inputs, chosen, length)
    warm = _warm_up(count, length)
    trend, run = np.zeros(columns), np.zeros(columns)
    levels, trends, seasons = (np.empty((count, columns)) for _ in range(3))
    seen = np.maximum(np.arange(count), warm)[:, None]
    weights = np.maximum(chosen.level, 1 / (seen + 1))
    gains = np.where(chosen.season > 0, np.maximum(chosen.season, 1 / (seen // length + 1)), 0) * (1 - weights)
    for now in range(count):
        phase = now % length
        level = level + chosen.damping * trend
        trend = chosen.damping * trend
        if known[now]:
            error = inputs[now] - level - season[phase]
            limit = chosen.caution * spread
            counted = np.minimum(np.maximum(error, -limit), limit)
            side = np.sign(error - counted)
            run = np.where(side == 0, 0.0, np.where(run * side > 0, run + side, side))
            shifted = np.abs(run) >= SHIFT_AFTER
            learnt = np.where(shifted, 0.0, counted)
            level = level + np.where(shifted, error, weights[now] * counted)
            trend += chosen.trend * weights[now] * learnt
            if length > 1:
                season[phase] += gains[now] * learnt
            run = np.where(shifted, 0.0, run)
            spread = np.maximum(spread + _SPREAD_WEIGHT * (np.minimum(np.abs(error), _BEYOND * limit) - spread), _TINY)
        levels[now], trends[now], seasons[now] = level, trend, season[phase]
    return States(levels, trends, seasons, chosen, length)


def _warm_up(count: int, length: int) -> int:
    return min(count, 2 * length if length > 1 else 4)


def _start(inputs: Floats, chosen: Variants, length: int) -> tuple[Floats, Floats, Floats]:
    """Level, season and spread from the first two seasons; of two values of a phase the less extreme one counts."""
    head = inputs[: _warm_up(len(inputs), length)]
    seen = np.isfinite(head).any(axis=1)
    if not seen.any():
        return np.zeros(len(chosen)), np.zeros((length, len(chosen))), np.full(len(chosen), _TINY)
    level = np.nanmedian(head[seen], axis=0)
    season = np.zeros((length, len(chosen)))
    if length > 1:
        apart = head - level
        for phase in range(length):
            pair = apart[phase::length]
            pair = pair[np.isfinite(pair).all(axis=1)]
            if len(pair):
                nearest = np.argmin(np.abs(pair), axis=0)
                season[phase] = np.take_along_axis(pair, nearest[None], axis=0)[0]
        season *= chosen.season > 0
    left = head - level - np.resize(season, head.shape) if length > 1 else head - level
    return level, season, np.maximum(np.nanmean(np.abs(left[seen]), axis=0), _TINY)
