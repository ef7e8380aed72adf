"""How far is unusual: each series' own past deviations decide, and a floor.

The limit of a day comes from the deviations of the days before its week, so that it is known in advance. No day is
remembered as much farther than the usual one of its time: an event must not hide the next. It is remembered as a little
farther, so that a series that becomes restless is known as such after some weeks.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.anomalies.verdicts import Floats

_WEEK = 7
_REMEMBERED = 1.5  # times the usual deviation: as far as the farthest day is remembered
_LARGEST = 10.0  # ten times its size: how much larger tells nothing more about what is usual
_LARGEST_EXCESS = 5.0
_PRIOR_SPREAD, _PRIOR_WEIGHT = 0.3, 5.0  # of excesses beyond the usual deviation, in usual deviations
_LEAST = 1e-12
_SHAPE = 0.15  # of the tail beyond the usual deviation: heavier than exponential, lighter than a power law


@dataclass(frozen=True)
class Rule:
    """One rule for limits, which are shares of a series' size."""

    floor: float
    usual_share: float
    multiple: float
    memory_days: int
    least_days: int


@dataclass(frozen=True)
class Limits:
    """Per day: the limit, the usual deviation and the mean excess beyond it; infinite while unknown."""

    limit: Floats
    usual: Floats
    spread: Floats

    def chance(self, share: Floats, usual_share: float) -> Floats:
        """How likely a deviation at least so large is, by a generalised Pareto tail beyond the usual one."""
        excess = np.maximum(share / np.maximum(self.usual, _LEAST), 1.0) - 1
        found = (1 - usual_share) * (1 + _SHAPE * excess / self.spread) ** (-1 / _SHAPE)
        return np.asarray(np.where(np.isfinite(found) & (excess > 0), found, 1.0))


def limits_of(shares: Floats, rule: Rule) -> Limits:
    """The limits of a block of series whose deviations, as shares of their size, are given."""
    series, days = shares.shape
    limit = np.full((series, days), np.inf)
    usual = np.full((series, days), np.inf)
    spread = np.full((series, days), _PRIOR_SPREAD)
    memory = np.minimum(shares, _LARGEST)
    for start in range(rule.least_days, days, _WEEK):
        week = slice(start, min(days, start + _WEEK))
        one_usual, one_spread, known = _tail(memory[:, max(0, start - rule.memory_days) : start], rule.usual_share)
        found = np.maximum(rule.floor, rule.multiple * one_usual)
        found[known < rule.least_days / 2] = np.inf
        limit[:, week], usual[:, week], spread[:, week] = found[:, None], one_usual[:, None], one_spread[:, None]
        np.minimum(memory[:, week], _REMEMBERED * found[:, None] / rule.multiple, out=memory[:, week])
    return Limits(limit, usual, spread)


def _tail(past: Floats, usual_share: float) -> tuple[Floats, Floats, Floats]:
    """The usual deviation, the mean excess beyond it, and how many days are known."""
    missing = np.isnan(past)
    known = past.shape[1] - missing.sum(axis=1)
    usual = np.full(len(past), np.inf)
    excess = np.zeros(len(past))
    for count in np.unique(known).tolist():
        if count >= 2:
            rows = np.flatnonzero(known == count)
            usual[rows], excess[rows] = _top(past[rows][~missing[rows]].reshape(len(rows), count), usual_share)
    beyond = np.maximum(1, np.round((1 - usual_share) * known))
    spread = (excess + _PRIOR_WEIGHT * _PRIOR_SPREAD) / (beyond + _PRIOR_WEIGHT)
    return usual, np.asarray(spread), known.astype(np.float64)


def _top(past: Floats, usual_share: float) -> tuple[Floats, Floats]:
    """The usual deviation of complete rows, and the sum of the excesses beyond it."""
    width = past.shape[1]
    beyond = max(1, round((1 - usual_share) * width))
    ordered = np.partition(past, width - beyond - 1, axis=1)
    usual = ordered[:, width - beyond - 1]
    excess = ordered[:, width - beyond :] / np.maximum(usual, _LEAST)[:, None] - 1
    return usual, np.asarray(np.clip(np.nan_to_num(excess), 0.0, _LARGEST_EXCESS).sum(axis=1))
