"""From alarms to events: how long each lasted, what it turned out to be, and what it came to.

A verdict never changes; an event does, as days go by: a spike that stays for a week is a new level.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.anomalies.references import carried_forward, levels_of
from pipelines.anomalies.verdicts import Flags, Floats, Kind, Places, Verdicts

_SETTLED_DAYS = 5
_STILL = 0.5  # of the first day's move: while so much of it is left, the event goes on


@dataclass(frozen=True)
class Event:
    """One anomaly from its first to its last point; `series`, `first` and `last` are indices.

    `impact` is the sum of what was not expected, in the unit of the series; None for a gap, whose values are unknown.
    """

    series: int
    first: int
    last: int
    kind: Kind
    impact: float | None
    score: float
    is_open: bool


def events_of_days(values: Floats, verdicts: Verdicts) -> list[Event]:
    """The events of a block of daily series, in order of series and day."""
    values = np.array(values, dtype=np.float64, ndmin=2)
    rows, days = np.nonzero(verdicts.is_anomaly)
    kinds = verdicts.kind[rows, days]
    gap = kinds == Kind.MISSING
    with np.errstate(invalid="ignore", divide="ignore"):
        length, impact, settled = _followed(values, verdicts, rows, days)
    length[gap] = _missing_days(values, rows[gap], days[gap])
    turned = settled & np.isin(kinds, (Kind.SPIKE, Kind.DROP))
    is_open = ~settled & (days + length >= values.shape[1] - 1)
    return [
        Event(
            series=int(row),
            first=int(day),
            last=int(day + length[at]),
            kind=Kind.LEVEL_SHIFT if turned[at] else Kind(int(kinds[at])),
            impact=None if gap[at] else float(impact[at]),
            score=float(verdicts.score[row, day]),
            is_open=bool(is_open[at]),
        )
        for at, (row, day) in enumerate(zip(rows, days, strict=True))
    ]


def events_of_stream(values: Floats, verdicts: Verdicts) -> list[Event]:
    """The events of one stream: each alarm with the unusual points that follow it before the next."""
    firsts = np.flatnonzero(verdicts.is_anomaly)
    follows = np.flatnonzero(verdicts.is_anomaly | verdicts.continues)
    found = []
    for first, stop in zip(firsts.tolist(), [*firsts.tolist(), len(values)][1:], strict=True):
        mine = follows[(follows >= first) & (follows < stop)]
        off = np.nan_to_num(values[mine] - verdicts.expected[mine])
        kind = Kind(int(verdicts.kind[first]))
        is_open = stop == len(values) and int(mine[-1]) == len(values) - 1
        score = float(verdicts.score[first])
        found.append(Event(0, first, int(mine[-1]), kind, float(off.sum()), score, is_open))
    return found


def _followed(values: Floats, verdicts: Verdicts, rows: Places, days: Places) -> tuple[Places, Floats, Flags]:
    """For each alarm: how many days it went on, what it came to, and whether it is here to stay."""
    filled, known = carried_forward(values), levels_of(values)
    weekday = np.nan_to_num(known.usual / known.level, nan=1.0, posinf=1.0)
    expected = np.nan_to_num(verdicts.expected[rows, days])
    expected[np.isin(verdicts.kind[rows, days], (Kind.NEW_SERVICE, Kind.BURST))] = 0.0
    move = np.nan_to_num(values[rows, days]) - expected
    length, impact = np.zeros(len(rows), dtype=np.int64), np.array(move)
    going = np.ones(len(rows), dtype=np.bool_)
    for ahead in range(1, _SETTLED_DAYS + 1):
        at = np.minimum(days + ahead, values.shape[1] - 1)
        course = np.nan_to_num(weekday[rows, at] / weekday[rows, days], nan=1.0, posinf=1.0)
        off = filled[rows, at] - expected * course
        still = off * np.sign(move) >= _STILL * np.abs(move) * np.minimum(course, 1.0)
        going &= (days + ahead < values.shape[1]) & still
        length[going] = ahead
        impact[going] += off[going]
    return length, impact, going


def _missing_days(values: Floats, rows: Places, days: Places) -> Places:
    missing = np.isnan(values[rows])
    later = missing | (np.arange(values.shape[1])[None, :] < days[:, None])
    ends = np.where(later.all(axis=1), values.shape[1], (~later).argmax(axis=1))
    return np.asarray(ends - 1 - days)
