"""What the days after an action would have cost without it: a few plain models, and the one that foretold best.

Every model is fitted by least squares on the days before, at constant prices: a level; a level by weekday; a level that
grows; a level that follows the work done or what like resources cost (a ratio of sums, the counterfactual of
difference in differences: Card and Krueger, 1994). They are compared by how well they foretold later days of those
before from earlier ones, over spans as long as the one to be judged (rolling origin: Tashman, 2000). A richer model is
taken only where it was clearly better than a plainer one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.recommendations.proof.history import Days, Floats

_WEEK = 7
_LEAST_DAYS = 14
_CLEARLY = 0.7  # of the plainer model's error


@dataclass(frozen=True)
class Fitted:
    """A baseline for all days of the history, and how far off it was.

    `expected` is at each day's price; `left` are what it missed on the days before, at constant prices; `used` the
    numbers that were fitted; `leverage` what the uncertainty of these numbers adds to the variance of the mean over
    the days after, in units of the residuals' variance.
    """

    name: str
    expected: Floats
    left: Floats
    used: int
    leverage: float


def baseline(days: Days, before: int, first_after: int) -> Fitted:
    """The days after as they would have been. The first `before` days are before the action, those from `first_after`
    on are judged.

    Needs at least two weeks before. Days that were not measured are passed over.
    """
    real = days.cost / days.price
    chosen, error = "level", np.inf
    for name, columns in _designs(days):
        tried = _back_test(columns, real, before, len(real) - first_after)
        if tried < error * (_CLEARLY if np.isfinite(error) else 1) and error > 1e-9 * _size(real[:before]):
            chosen, error = name, tried
    columns = dict(_designs(days))[chosen]
    return _fit(chosen, columns, real, days.price, before, first_after)


def _designs(days: Days) -> list[tuple[str, Floats]]:
    """The models from the plainest on: columns of a linear model, one row a day."""
    count = len(days.cost)
    one = np.ones((count, 1))
    weekdays = (np.arange(count) + days.first_day.weekday()) % _WEEK
    by_weekday = np.eye(_WEEK)[weekdays]
    weekend = (weekdays >= 5).astype(float)[:, None]
    trend = (np.arange(count) / count)[:, None]
    told = [("level", one), ("weekend", np.hstack([one, weekend])), ("weekday", by_weekday)]
    for name, measure in (("driver", days.driver), ("peers", days.peers)):
        if measure is not None and np.nansum(measure) > 0:
            scaled = (measure / np.nanmean(measure))[:, None]
            told.append((name, scaled))
            told.append((f"level and {name}", np.hstack([one, scaled])))
    told.append(("trend", np.hstack([one, trend])))
    told.append(("weekday and trend", np.hstack([by_weekday, trend])))
    return told


def _back_test(columns: Floats, real: Floats, before: int, horizon: int) -> float:
    """The mean error of foretold means over spans of the days before; infinite where it could not be tried."""
    span = min(max(_WEEK, horizon), before // 2)
    errors = []
    for origin in range(max(_LEAST_DAYS, span), before - span + 1, 2):
        known = np.arange(max(0, origin - before), origin)
        ahead = np.arange(origin, origin + span)
        fitted = _solved(columns[known], real[known])
        if fitted is None:
            return np.inf
        errors.append(abs(np.nanmean(real[ahead] - columns[ahead] @ fitted)))
    return float(np.mean(errors)) if errors else np.inf


def _fit(name: str, columns: Floats, real: Floats, price: Floats, before: int, first_after: int) -> Fitted:
    known = np.arange(before)
    fitted = _solved(columns[known], real[known])
    if fitted is None:
        raise ValueError(f"{before} days before the action do not determine a {name}; wait for more")
    measured = columns[known][np.isfinite(real[known]) & np.isfinite(columns[known]).all(axis=1)]
    after = columns[first_after:]
    mean = np.nanmean(after, axis=0)
    spread = np.linalg.pinv(measured.T @ measured)
    left = real[known] - columns[known] @ fitted
    return Fitted(name, columns @ fitted * price, left, columns.shape[1], float(mean @ spread @ mean))


def _solved(columns: Floats, real: Floats) -> Floats | None:
    measured = np.isfinite(real) & np.isfinite(columns).all(axis=1)
    if measured.sum() <= columns.shape[1] or np.linalg.matrix_rank(columns[measured]) < columns.shape[1]:
        return None
    return np.asarray(np.linalg.lstsq(columns[measured], real[measured], rcond=None)[0])


def _size(values: Floats) -> float:
    return float(np.nanmean(np.abs(values))) if np.isfinite(values).any() else 0.0
