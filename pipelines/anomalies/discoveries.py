"""Of many series judged on one day, how many alarms would chance alone raise? Benjamini and Hochberg's rule."""

import numpy as np

from pipelines.anomalies.verdicts import Flags, Floats


def discovered(unusual: Flags, chance: Floats, judged: Flags, rate: float) -> Flags:
    """The unusual points of each day (column) that stay when at most `rate` of a day's alarms may be false.

    Each day is taken alone, so that a later day changes nothing. Points that are not unusual have larger chances and
    cannot be discoveries; they only count as tries.
    """
    rows, days = np.nonzero(unusual)
    kept = np.zeros_like(unusual)
    if not len(rows):
        return kept
    chances = chance[rows, days]
    order = np.lexsort((chances, days))
    rows, days, chances = rows[order], days[order], chances[order]
    first = np.concatenate(([True], days[1:] != days[:-1]))
    rank = np.arange(len(days)) - np.maximum.accumulate(np.where(first, np.arange(len(days)), 0)) + 1
    passed = chances <= rate * rank / np.maximum(judged.sum(axis=0)[days], 1)
    best = np.zeros(unusual.shape[1], dtype=np.int64)
    np.maximum.at(best, days, np.where(passed, rank, 0))
    kept[rows, days] = rank <= best[days]
    return kept
