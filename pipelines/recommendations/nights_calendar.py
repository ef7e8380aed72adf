"""When machines are meant to be off: the windows of a weekly schedule, and the schedule a machine keeps by habit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Hours in which a machine is meant to be off, half-open, in UTC: a night, or a weekend if more than a day."""

    starts_at: datetime
    ends_at: datetime

    @property
    def hours(self) -> float:
        return (self.ends_at - self.starts_at) / timedelta(hours=1)

    @property
    def kind(self) -> str:
        return "night" if self.hours <= 24 else "weekend"


@dataclass(frozen=True)
class Week:
    """On from one minute of the day until another on some weekdays (0 is Monday), off at all other times."""

    days: frozenset[int]
    on_from: int
    on_until: int
    time_zone: str = "UTC"

    def told(self) -> str:
        """In words: `on Mon to Fri 07:00-20:00 UTC`."""
        names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        listed = ", ".join(names[day] for day in sorted(self.days))
        days = "Mon to Fri" if self.days == frozenset(range(5)) else "daily" if len(self.days) == 7 else listed
        return f"on {days} {_clock(self.on_from)}-{_clock(self.on_until)} {self.time_zone}"

    def hours_on(self) -> float:
        """Hours of a week in which it is on."""
        return len(self.days) * (self.on_until - self.on_from) / 60

    def on_times(self, first: date, last: date, days_off: Collection[date] = ()) -> Iterator[tuple[datetime, datetime]]:
        """From when until when it is on, for each day from `first` to `last` that is no day off."""
        zone, day = ZoneInfo(self.time_zone), first
        while day <= last:
            if day.weekday() in self.days and day not in days_off:
                yield _moment(day, self.on_from, zone), _moment(day, self.on_until, zone)
            day += _DAY

    def off_windows(self, since: date, until: date, days_off: Collection[date] = ()) -> list[Window]:
        """The windows between two times it is on that end after the beginning of `since` and by that of `until`."""
        far = timedelta(days=16)
        on = list(self.on_times(since - far, until + far, days_off))
        first, last = _midnight(since), _midnight(until)
        windows = [Window(before[1], after[0]) for before, after in pairwise(on)]
        return [each for each in windows if each.starts_at < each.ends_at and first < each.ends_at <= last]


@dataclass(frozen=True)
class Habit:
    """How sure a habit must be to count."""

    least_days: int = 6  # on which it was switched on, and on which it was switched off
    share_of_days: float = 0.6  # of the days it ran at all: those on which it began or ended as usual
    tolerance_minutes: int = 60  # a change of clocks is one hour
    share_near: float = 0.7  # of the times it began or ended within a day: those near the usual one


def habit_of(charged: Sequence[tuple[datetime, datetime]], habit: Habit | None = None) -> Week | None:
    """The week a machine keeps, from the times it was charged (UTC, within one day each); None where there is none."""
    habit = habit or Habit()
    days = _days(charged)
    began = {day: first for day, (first, _) in days.items() if first > 0}
    ended = {day: last for day, (_, last) in days.items() if last < DAY_MINUTES}
    if min(len(began), len(ended)) < habit.least_days:
        return None
    on_from, on_until = int(median(began.values())), int(median(ended.values()))
    starts = {day for day, minute in began.items() if abs(minute - on_from) <= habit.tolerance_minutes}
    ends = {day for day, minute in ended.items() if abs(minute - on_until) <= habit.tolerance_minutes}
    is_regular = len(starts) >= habit.share_near * len(began) and len(ends) >= habit.share_near * len(ended)
    if not is_regular or len(starts | ends) < habit.share_of_days * len(days) or on_from >= on_until:
        return None
    # a day after a night it was left on still ends as usual, one before it still begins so; many nights may go wrong
    weekdays = Counter(day.weekday() for day in starts | ends)
    seen = Counter((min(days) + timedelta(days=number)).weekday() for number in range((max(days) - min(days)).days + 1))
    usual = frozenset(day for day, count in weekdays.items() if count * 3 >= seen[day])
    return Week(usual, on_from, on_until) if usual else None


def _days(charged: Sequence[tuple[datetime, datetime]]) -> dict[date, tuple[int, int]]:
    """The first and the last charged minute of each day."""
    found: dict[date, tuple[int, int]] = {}
    for starts_at, ends_at in charged:
        midnight = _midnight(starts_at.date())
        first, last = (int((each - midnight) / timedelta(minutes=1)) for each in (starts_at, ends_at))
        before = found.get(starts_at.date(), (first, last))
        found[starts_at.date()] = (min(first, before[0]), max(last, before[1]))
    return found


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """A minute of a local day; the 1440th is the next midnight."""
    day, minute = (day + _DAY, 0) if minute == DAY_MINUTES else (day, minute)
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone).astimezone(UTC)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
