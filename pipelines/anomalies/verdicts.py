"""What is said about a point, and how cautiously it is said."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]
Places = NDArray[np.int64]

CONTINUING = 0.49  # the highest score of a point that begins nothing


class Kind(IntEnum):
    """What is unusual; the lower-case name is what people read."""

    NONE = 0
    SPIKE = 1
    DROP = 2
    DRIFT = 3
    MISSING = 4
    NEW_SERVICE = 5
    BURST = 6
    LEVEL_SHIFT = 7
    NOT_JUDGED = 8

    @property
    def word(self) -> str:
        """The name for people; nothing for a point like any other."""
        return "" if self is Kind.NONE else self.name.lower()


@dataclass(frozen=True)
class DailyCaution:
    """How cautiously daily series are judged. Both floors must be passed: a share of the expected, and an amount."""

    share_floor: float = 0.15  # people ask for 20 %: a little less, because the expectation itself errs
    amount_floor: float = 0.0  # in the unit of the series: 1 means one euro for a cost
    usual_share: float = 0.85  # so many of the past days deviate less than the usual deviation ...
    usual_multiple: float = 3.0  # ... and so many times that is unusual: a day or two in a year of a calm series
    drift_multiple: float = 1.5  # the same for drift, which two days in a row must show
    step_multiple: float = 2.0  # the same for a step, which two days in a row must show against the days before both
    memory_days: int = 60  # two months: what was usual in another season says little
    least_days: int = 21  # three weeks, so that every weekday was seen
    quiet_days: int = 2  # a series that stays unusual is one event
    drift_pause_days: int = 21  # the days drift is measured against must not hold the last event
    step_pause_days: int = 8  # likewise for a step, whose level is the last week's middle
    gone_days: int = 14  # nothing for so long: a service that starts or comes back
    burst_amount: float = np.inf  # a start this large is a burst; in the unit of the series
    maturing_days: int = 0  # newest days whose values still grow: shown, not judged
    false_discovery_rate: float = 0.1  # share of false alarms tolerated among those of one day over all series
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True)
class StreamCaution:
    """How cautiously series of other steps are judged."""

    rare_points: float = 1000.0  # one point in so many deviates so far by its own past ...
    rare_days: float = 5.0  # ... and no more than one in so many days
    far: float = 8.5  # or: so many usual deviations away ...
    return_days: float = 3.0  # ... and that far only every so many days
    tail_share: float = 0.04
    usual_floor: float = 0.1  # a usual deviation is at least this share of the usual value
    least_points: int = 12
    quiet_seconds: int = 7200
    sustained: tuple[int, ...] = (3, 12, 48)  # means of so many points are judged too, up to a day
    shift_points: int = 48  # so many points in a row, a day at least, are a new level
    memory_points: int = 50_000


@dataclass(frozen=True)
class Verdicts:
    """One verdict per point; all arrays have the shape of the values.

    `score` is 0 to 1: at one half and above an anomaly begins; a point that only continues one stays below.
    `expected`, `low` and `high` are NaN where too little is known. A sustained change, a gap or a start may be an
    anomaly although the single value lies between `low` and `high`.
    """

    score: Floats
    expected: Floats
    low: Floats
    high: Floats
    is_anomaly: Flags
    kind: Codes
    chance: Floats  # how likely so large a deviation is by the series' own past; 1 where nothing is unusual
    continues: Flags  # unusual, but part of the event that began before
