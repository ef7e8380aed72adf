"""The calendar of a panel of days: months, working days, holidays. Plain dates in, arrays out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.anomalies.verdicts import Flags, Places

_EDGE = 2  # the first and the last two days of a month, by date and by working day


@dataclass(frozen=True)
class Calendar:
    """For each day of a panel: where the same position of earlier months lies, and what kind of day it is."""

    counterparts: tuple[Places, ...]  # index of the same position one, then two months before; -1 if none
    is_month_edge: Flags
    near_holiday: Flags
    last_sunday: Places  # index of the Sunday before each day, -1 if none


def calendar_of(days: Sequence[date], holidays: frozenset[date] = frozenset()) -> Calendar:
    """The calendar of consecutive days."""
    places = [_positions(day) for day in days]
    months = [day.year * 12 + day.month for day in days]
    counterparts = []
    for which in range(4):
        found = {(months[at], place[which]): at for at, place in enumerate(places)}
        counterparts += [
            np.array([found.get((months[at] - back, place[which]), -1) for at, place in enumerate(places)])
            for back in (1, 2)
        ]
    near = [any(day + timedelta(days=off) in holidays for off in (-1, 0, 1)) for day in days]
    sundays = [at - (day.weekday() + 1) % 7 if day.weekday() < 6 else at - 7 for at, day in enumerate(days)]
    return Calendar(
        tuple(counterparts),
        np.array([min(place) <= _EDGE for place in places], dtype=np.bool_),
        np.array(near, dtype=np.bool_),
        np.maximum(np.array(sundays, dtype=np.int64), -1),
    )


def _positions(day: date) -> tuple[int, int, int, int]:
    """Day of the month from its start and from its end, and the same counted in working days."""
    first = day.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    works = day.weekday() < 5
    return (
        day.day,
        (last - day).days + 1,
        _working_days(first, day) if works else 100 + day.day,
        _working_days(day, last) if works else 101 + (last - day).days,
    )


def _working_days(first: date, last: date) -> int:
    return sum((first + timedelta(days=off)).weekday() < 5 for off in range((last - first).days + 1))


def french_holidays(years: Sequence[int]) -> frozenset[date]:
    """The eleven public holidays of metropolitan France."""
    fixed = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    found = {date(year, month, day) for year in years for month, day in fixed}
    for year in years:
        found |= {_easter(year) + timedelta(days=off) for off in (1, 39, 50)}
    return frozenset(found)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by Meeus's algorithm."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
