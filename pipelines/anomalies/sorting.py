"""Medians of a few aligned arrays, by comparing whole arrays: no sorting of each point's own small window.

A missing input makes the median missing.
"""

from collections.abc import Sequence

import numpy as np

from pipelines.anomalies.verdicts import Floats

_MEDIAN_OF_SEVEN = (
    *((0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6)),
    *((2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4)),
)


def earlier(values: Floats, days: int) -> Floats:
    """The values so many columns before; missing where the series is younger."""
    moved = np.full_like(values, np.nan)
    if days < values.shape[1]:
        moved[:, days:] = values[:, : values.shape[1] - days]
    return moved


def median_of_three(a: Floats, b: Floats, c: Floats) -> Floats:
    """The middle one, point by point."""
    return np.asarray(np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c)))


def median_of_four(four: Sequence[Floats]) -> Floats:
    """The mean of the middle two, point by point."""
    a, b, c, d = four
    lower = np.maximum(np.minimum(a, b), np.minimum(c, d))
    upper = np.minimum(np.maximum(a, b), np.maximum(c, d))
    return np.asarray((lower + upper) * 0.5)


def median_of_last_week(values: Floats) -> Floats:
    """The median of the seven columns before each."""
    seven = [earlier(values, days) for days in range(1, 8)]
    spare = np.empty_like(values)
    for low, high in _MEDIAN_OF_SEVEN:
        np.minimum(seven[low], seven[high], out=spare)
        np.maximum(seven[low], seven[high], out=seven[high])
        seven[low], spare = spare, seven[low]
    return seven[3]
