"""A cost without what its usage explains: what it would have been at the usual usage, by its own past alone.

How much of the cost moves with its driver (requests, GB, nodes) follows from the two months before, as far as it can be
told from chance. Where they show no such relation, nothing is taken away.
"""

from __future__ import annotations

import numpy as np

from pipelines.anomalies.verdicts import Flags, Floats

PAST_DAYS, ENOUGH = 60, 14
_MOST = 1.5  # per cent of cost for each per cent of usage
_CLIPPED = 0.5  # of a log: an event of the past tells little about the driver
_SURE = 3.0  # standard errors: an elasticity no larger may be chance
_LEAST = 1e-9


def without_usage(values: Floats, usage: Floats) -> Floats:
    """Daily series (rows) as they would be at the usual usage of the last two months; `usage` has the same shape.

    The logarithm of the cost is regressed on that of the usage over the days before, never on the day itself or later
    ones. A day keeps its value where either is unknown or not above zero, or less than two weeks of both are known.
    """
    values, usage = np.array(values, dtype=np.float64, ndmin=2), np.array(usage, dtype=np.float64, ndmin=2)
    known = (np.nan_to_num(values) > 0) & (np.nan_to_num(usage) > 0)
    cost, units = (np.log(np.where(known, each, 1.0)) for each in (values, usage))
    left = values.copy()
    for day in range(ENOUGH, values.shape[1]):
        past = slice(max(0, day - PAST_DAYS), day)
        rows = np.flatnonzero(known[:, day] & (known[:, past].sum(axis=1) >= ENOUGH))
        if len(rows):
            told = known[rows, past]
            usual = _median(units[rows, past], told)
            moved = units[rows, past] - usual[:, None]
            slope = _elasticity(cost[rows, past], moved, told)
            seen = np.where(told, moved, 0.0)  # what lies beyond is not known to move the cost any more
            left[rows, day] /= np.exp(slope * np.clip(units[rows, day] - usual, seen.min(axis=1), seen.max(axis=1)))
    return left


def _elasticity(cost: Floats, moved: Floats, known: Flags) -> Floats:
    """Per cent of cost for each per cent of usage; shrunken as far as it may be chance.

    The least squares through the medians of both, times the positive part of James and Stein's factor (1961): nothing
    up to so many standard errors, and less and less shrunken from there.
    """
    followed = np.where(known, np.clip(cost - _median(cost, known)[:, None], -_CLIPPED, _CLIPPED), 0.0)
    moved = np.where(known, moved, 0.0)
    square = np.maximum((moved * moved).sum(axis=1), _LEAST)
    slope = (moved * followed).sum(axis=1) / square
    left = followed - slope[:, None] * moved
    error = (left * left).sum(axis=1) / np.maximum(known.sum(axis=1) - 1, 1) / square
    sure = np.maximum(1 - _SURE**2 * error / np.maximum(slope * slope, _LEAST**2), 0.0)
    return np.asarray(np.clip(slope * sure, 0.0, _MOST))


def _median(values: Floats, known: Flags) -> Floats:
    """Of what is known of each row, which is something."""
    ordered = np.sort(np.where(known, values, np.inf), axis=1)
    count, rows = known.sum(axis=1), np.arange(len(values))
    return np.asarray((ordered[rows, (count - 1) // 2] + ordered[rows, count // 2]) / 2)
