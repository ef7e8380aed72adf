"""ISO weeks: from Monday to Sunday, UTC."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.errors import UsageError

_WEEK = re.compile(r"(\d{4})-W(\d{2})")
DAYS = 7


@dataclass(frozen=True)
class Week:
    """One week, by its Monday."""

    monday: date

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=DAYS - 1)

    @property
    def until(self) -> date:
        """The first day after it."""
        return self.monday + timedelta(days=DAYS)

    @property
    def before(self) -> "Week":
        """The week before."""
        return Week(self.monday - timedelta(days=DAYS))

    @property
    def months(self) -> tuple[str, ...]:
        """The billing months it touches."""
        return tuple(dict.fromkeys(f"{day:%Y-%m}" for day in (self.monday, self.sunday)))

    @property
    def days(self) -> str:
        """`9 to 15 November 2026`."""
        first, last = self.monday, self.sunday
        end = f"{last.day} {last:%B} {last.year}"
        if first.year != last.year:
            return f"{first.day} {first:%B} {first.year} to {end}"
        return f"{first.day} to {end}" if first.month == last.month else f"{first.day} {first:%B} to {end}"

    def __str__(self) -> str:
        return f"{self.monday:%G-W%V}"


def week_of(day: date) -> Week:
    """The week a day is in."""
    return Week(day - timedelta(days=day.weekday()))


def parse_week(text: str) -> Week:
    """The week of `YYYY-Www`; anything else is a UsageError."""
    found = _WEEK.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        return Week(date.fromisocalendar(int(found[1]), int(found[2]), 1))
    except ValueError:
        raise UsageError(f"week {text!r} is not understood; write YYYY-Www, such as 2026-W46") from None


def last_complete_week(until: date) -> Week:
    """The newest week whose days are all before `until`."""
    return week_of(until - timedelta(days=DAYS))
