"""What explains an unusual day although its value is far from the last weeks': the month's calendar, and holidays."""

import numpy as np

from pipelines.anomalies.days import Calendar
from pipelines.anomalies.presence import ages
from pipelines.anomalies.references import Deviation, Levels
from pipelines.anomalies.verdicts import Flags, Floats, Places

_GROWTH = 1.3  # a recurring move may be up to so much larger than last time
_NOTABLE = 0.1  # share of the size: a smaller move last month explains nothing
_FIRST_MONTH = 45  # days of age: a younger series has not shown each edge of a month yet


def excused(
    unusual: Flags, values: Floats, known: Levels, moves: Deviation, allowed: Floats, calendar: Calendar
) -> Flags:
    """Which of the unusual days are explained."""
    rows, days = np.nonzero(unusual)
    result = np.zeros_like(unusual)
    if len(rows):
        explained = _recurs(rows, days, moves, allowed, calendar)
        young = ages(values)[rows, days] < _FIRST_MONTH
        explained |= calendar.is_month_edge[days] & young & (moves.distance[rows, days] > 0)
        explained |= _is_like_sunday(rows, days, values, known, allowed, calendar)
        result[rows, days] = explained
    return result


def recurring_starts(begun: Flags, values: Floats, calendar: Calendar) -> Flags:
    """Starts of series that also came on the same position of an earlier month: invoices, not new services."""
    rows, days = np.nonzero(begun)
    result = np.zeros_like(begun)
    for counterpart in calendar.counterparts:
        at = counterpart[days]
        result[rows, days] |= (at >= 0) & (np.nan_to_num(values[rows, at]) != 0)
    return result


def _recurs(rows: Places, days: Places, moves: Deviation, allowed: Floats, calendar: Calendar) -> Flags:
    """At a month's edge it must have happened last month or the month before, elsewhere in both."""
    explained = np.zeros(len(rows), dtype=np.bool_)
    moved, size = moves.distance[rows, days], moves.size[rows, days]
    for one, two in zip(calendar.counterparts[0::2], calendar.counterparts[1::2], strict=True):
        happened = []
        for at in (one[days], two[days]):
            then, then_size = moves.distance[rows, at], moves.size[rows, at]
            scaled = np.where(then_size > 0, then / then_size * size, then)
            notable = (np.sign(then) == np.sign(moved)) & (np.abs(then) >= _NOTABLE * then_size)
            within = np.abs(moved) <= _GROWTH * np.maximum(np.abs(scaled), np.abs(then))
            within |= np.abs(moved - scaled) <= allowed[rows, days]
            happened.append((at >= 0) & notable & within)
        explained |= (happened[0] & happened[1]) | (calendar.is_month_edge[days] & (happened[0] | happened[1]))
    return explained


def _is_like_sunday(
    rows: Places, days: Places, values: Floats, known: Levels, allowed: Floats, calendar: Calendar
) -> Flags:
    """A holiday, or the day beside it, whose value lies between the last Sunday's and the usual level."""
    at = calendar.last_sunday[days]
    sunday, level, value = known.filled[rows, at], known.level[rows, days], values[rows, days]
    room = allowed[rows, days]
    inside = (value >= np.minimum(sunday, level) - room) & (value <= np.maximum(sunday, level) + room)
    return np.asarray(calendar.near_holiday[days] & (at >= 0) & inside)
