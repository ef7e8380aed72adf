"""Time as whole UTC seconds since 1970: months, days and Scaleway's spellings of an instant."""

import calendar
import functools
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

HOUR = 3_600
DAY = 86_400

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})")


@dataclass(frozen=True)
class Month:
    """One calendar month in UTC, `start` inside and `end` outside."""

    name: str
    start: int
    end: int

    @property
    def seconds(self) -> int:
        return self.end - self.start


def seconds(moment: date | datetime) -> int:
    """The instant in seconds; a date means its midnight and a naive time is taken as UTC."""
    if not isinstance(moment, datetime):
        return calendar.timegm(moment.timetuple())
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp())


def at(instant: int) -> datetime:
    return datetime.fromtimestamp(instant, UTC)


def month_named(name: str) -> Month:
    """The month 'YYYY-MM'; ValueError for anything else."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", name):
        raise ValueError(f"{name}: not a month like 2026-10")
    year, number = int(name[:4]), int(name[5:])
    first = datetime(year, number, 1, tzinfo=UTC)
    after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return Month(name, seconds(first), seconds(after))


def month_of(instant: int) -> Month:
    return _month_of_day(instant // DAY)


@functools.lru_cache(maxsize=4_096)
def _month_of_day(day: int) -> Month:
    return month_named(at(day * DAY).strftime("%Y-%m"))


def months_between(start: int, end: int) -> list[Month]:
    """Every month that has a second in [start, end)."""
    months = []
    cursor = start
    while cursor < end:
        month = month_of(cursor)
        months.append(month)
        cursor = month.end
    return months


def day_start(instant: int) -> int:
    return instant - instant % DAY


def zulu(instant: int, micro: int = 0) -> str:
    """`2026-10-01T06:00:00Z`, or with microseconds where some are given."""
    moment = at(instant) + timedelta(microseconds=micro)
    return moment.isoformat(timespec="microseconds" if micro else "seconds").replace("+00:00", "Z")


def inclusive_end(end: int) -> str:
    """An exclusive end the way Scaleway writes it: one microsecond earlier."""
    return zulu(end - 1, 999_999)


def offset_style(instant: int, micro: int = 0) -> str:
    """The Instance API's spelling: microseconds and `+00:00`."""
    return (at(instant) + timedelta(microseconds=micro)).isoformat(timespec="microseconds")


def parse_rfc3339(text: str) -> float:
    """Seconds since 1970; ValueError unless RFC 3339 with a `T` and an offset."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"{text}: not an RFC 3339 time")
    digits = re.sub(r"\.(\d{6})\d+", r".\1", text.replace("Z", "+00:00"))
    return datetime.fromisoformat(digits).timestamp()
