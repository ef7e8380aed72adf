"""Is one method's smaller error more than chance? The difference of two methods' errors with its standard error.

Errors of forecasts made on neighbouring days hang together, the more the farther they look ahead, and so do those of
parts of one bill. So the paired differences are added up by day, and the variance of their sum counts pairs of days
up to one and a half horizons apart, the nearer the more (Diebold and Mariano 1995 with Bartlett's weights). Such a
variance is too small when it comes from few stretches: the limit for its ratio is Kiefer and Vogelsang's (2005).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.forecast.series import Floats

_REACH = 1.5
_FIXED_B = (1.96, 2.9694, 0.416, -0.5324)
"""Limits of 95 % by the share of all days that pairs may lie apart, a polynomial of it."""
_LEAST_DAYS = 8

Paired = tuple[Sequence[int], Sequence[float], float]
"""Of one series: days of the forecasts, one's absolute error less the other's, and the sum of absolute values."""


@dataclass(frozen=True)
class Margin:
    """One method's mean WAPE less another's with its standard error; `is_clear` if chance hardly explains it."""

    rival: str
    difference: float
    error: float | None
    is_clear: bool


def margin(rival: str, paired: Sequence[Paired], ahead: int) -> Margin:
    """Over several series that count alike, of forecasts `ahead` days ahead."""
    by_day: defaultdict[int, float] = defaultdict(float)
    for days, differences, size in paired:
        for day, difference in zip(days, differences, strict=True):
            by_day[day] += difference / size / len(paired)
    at = np.array(sorted(by_day))
    values = np.array([by_day[day] for day in at.tolist()])
    difference = float(values.sum())
    if len(at) < _LEAST_DAYS:
        return Margin(rival, difference, None, False)
    reach = min(_REACH * ahead, float(at[-1] - at[0])) + 1
    error = float(np.sqrt(_variance(at.astype(np.float64), values, reach)))
    share = min(reach / float(at[-1] - at[0] + 1), 1.0)
    limit = sum(factor * share**power for power, factor in enumerate(_FIXED_B))
    return Margin(rival, difference, error, abs(difference) > limit * error)


def _variance(at: Floats, values: Floats, reach: float) -> float:
    """Of the sum of the values, pairs of which count the less the farther apart their days are."""
    left = values - values.mean()
    near = np.maximum(1 - np.abs(at[:, None] - at[None]) / reach, 0)
    return max(float(left @ near @ left), 0.0)
