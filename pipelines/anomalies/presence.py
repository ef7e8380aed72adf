"""Whether a series is there: its age, its gaps, its starts. A missing day is not a zero."""

import numpy as np

from pipelines.anomalies.sorting import earlier
from pipelines.anomalies.verdicts import Flags, Floats

_FORTNIGHT = 14
_MAY_BE_MISSING = 2  # of a fortnight: a series with more holes is sparse, and a hole in it is nothing new


def ages(values: Floats) -> Floats:
    """Days since the first value that is not zero; negative before."""
    there = _there(values)
    first = np.where(there.any(axis=1), there.argmax(axis=1), values.shape[1])
    return np.asarray(np.arange(values.shape[1])[None, :] - first[:, None], dtype=np.float64)


def gaps_begin(values: Floats) -> Flags:
    """The first missing day of a series that had a value almost every day."""
    present = np.isfinite(values)
    yesterday = np.zeros_like(present)
    yesterday[:, 1:] = present[:, :-1]
    regular = _count_before(present, _FORTNIGHT) >= _FORTNIGHT - _MAY_BE_MISSING
    return np.asarray(~present & yesterday & regular & (ages(values) > 0))


def starts(values: Floats, gone_days: int) -> Flags:
    """Days on which a series comes out of nothing, after at least so many days of zeros or without a value."""
    there = _there(values)
    begun = np.asarray(there & (_count_before(there, gone_days) == 0))
    begun[:, :gone_days] = False
    return begun


def was_there_before(values: Floats) -> Flags:
    """Whether a series had a value other than zero on any earlier day."""
    return np.asarray(ages(values) > 0)


def _there(values: Floats) -> Flags:
    return np.asarray(np.nan_to_num(values) != 0)


def _count_before(flags: Flags, days: int) -> Floats:
    total = np.cumsum(flags, axis=1, dtype=np.float64)
    return np.asarray(np.nan_to_num(earlier(total, 1)) - np.nan_to_num(earlier(total, days + 1)))
