"""What the days of an event would have been without it, by what was known before its first day.

Any series of a hierarchy can be asked for the same days, so that the parts of an event can be compared with the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.anomalies.verdicts import Floats, Kind

WEEKS, WEEKS_OF_DRIFT = (1, 2, 3, 4), (2, 3, 4)
LONGEST = 28  # days after which a new level is what is usual
_QUIET = 3
_STILL = 0.5  # of the first day's move: while so much of it is left, the event goes on
STARTS = (Kind.NEW_SERVICE, Kind.BURST)


@dataclass(frozen=True)
class Course:
    """An event's days in one series; `first` and `last` are indices, sums leave out days without value."""

    first: int
    last: int
    actual: float
    expected: float

    @property
    def impact(self) -> float:
        return self.actual - self.expected

    @property
    def days(self) -> int:
        return self.last - self.first + 1


def expected_days(values: Floats, first: int, last: int, kind: Kind = Kind.SPIKE) -> Floats:
    """What was to be expected of the days `first` to `last`: the middle of the same weekdays of the weeks before."""
    days = last - first + 1
    if kind in STARTS:
        return np.zeros(days)
    weeks = WEEKS_OF_DRIFT if kind is Kind.DRIFT else WEEKS
    week = [_middle(values, first + weekday, weeks) for weekday in range(min(7, days))]
    return np.resize(np.array(week), days)


def _middle(values: Floats, day: int, weeks: tuple[int, ...]) -> float:
    """Of the same weekday so many weeks before, as far as it is known; nothing where it never is."""
    told = [values[day - 7 * back] for back in weeks if day >= 7 * back]
    known = sorted(value for value in told if np.isfinite(value))
    half = len(known) // 2
    if not known:
        return 0.0
    return float(known[half] if len(known) % 2 else (known[half - 1] + known[half]) / 2)


def course_of(values: Floats, first: int, last: int, kind: Kind = Kind.SPIKE) -> Course:
    """What the days came to, against what was expected of them."""
    actual, expected = values[first : last + 1], expected_days(values, first, last, kind)
    known = np.isfinite(actual)
    return Course(first, last, float(actual[known].sum()), float(expected[known].sum()))


def last_day(values: Floats, first: int, sign: int, kind: Kind = Kind.SPIKE) -> int:
    """How long an event goes on: while half of its first day's move is left, short breaks apart, four weeks at most."""
    end = min(first + LONGEST, len(values)) - 1
    off = np.nan_to_num(values[first : end + 1] - expected_days(values, first, end, kind)) * sign
    last = 0
    for number in range(1, len(off)):
        if off[number] >= _STILL * off[0] and off[number] > 0:
            last = number
        elif number - last > _QUIET:
            break
    return first + last
