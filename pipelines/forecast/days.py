"""The calendar of a daily series: weekday, place in the month, holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

import numpy as np
import numpy.typing as npt

from pipelines.forecast.steps import days_in_month

Ints = npt.NDArray[np.int64]


class Holidays(StrEnum):
    """Which days a forecast may treat as holidays; an effect is only used when the history shows it."""

    none = "none"
    generic = "generic"
    fr = "fr"


@dataclass(frozen=True)
class Days:
    """One entry a day: days since 1970, weekday (0 is Monday), day of the month, days left in it, holiday (0: none)."""

    number: Ints
    weekday: Ints
    day: Ints
    left: Ints
    holiday: Ints


def days_from(start: date, count: int, holidays: Holidays) -> Days:
    """The calendar of so many days."""
    dates = [start + timedelta(days=index) for index in range(count)]
    named = {
        day: number for year in {each.year for each in dates} for number, day in enumerate(_days_off(year, holidays), 1)
    }
    return Days(
        number=np.array([each.toordinal() for each in dates]) - date(1970, 1, 1).toordinal(),
        weekday=np.array([each.weekday() for each in dates]),
        day=np.array([each.day for each in dates]),
        left=np.array([days_in_month(each.year, each.month) - each.day for each in dates]),
        holiday=np.array([named.get(each, 0) for each in dates]),
    )


def holidays_between(first: date, last: date, holidays: Holidays) -> tuple[date, ...]:
    """The holidays from one day to another, both included, in their order."""
    named = {day for year in range(first.year, last.year + 1) for day in _days_off(year, holidays)}
    return tuple(sorted(day for day in named if first <= day <= last))


@cache
def _days_off(year: int, holidays: Holidays) -> tuple[date, ...]:
    """In the same order every year, so that a holiday keeps its number."""
    if holidays is Holidays.none:
        return ()
    easter = _easter(year)
    new_year, labour, christmas = date(year, 1, 1), date(year, 5, 1), date(year, 12, 25)
    if holidays is Holidays.generic:
        friday, monday = easter - timedelta(days=2), easter + timedelta(days=1)
        return (new_year, friday, monday, labour, date(year, 12, 24), christmas, date(year, 12, 26), date(year, 12, 31))
    moving = (easter + timedelta(days=1), easter + timedelta(days=39), easter + timedelta(days=50))
    fixed = ((5, 8), (7, 14), (8, 15), (11, 1), (11, 11))
    return (new_year, *moving, labour, *(date(year, month, day) for month, day in fixed), christmas)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the rule of Meeus, Jones and Butcher."""
    century, rest = divmod(year, 100)
    golden = year % 19
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)
