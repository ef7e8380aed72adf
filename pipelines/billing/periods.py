"""Which days and months of the bill are asked for.

A month can change until its invoice is issued; after that it is never asked for again, unless someone says so.
The invoices are read after the charges of the same run, so the run that first sees a month's invoice has read
that month's charges once more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.errors import UsageError

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Period:
    """A half-open span of UTC days, `until` excluded."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.since > self.until:
            raise UsageError(f"the period starts on {self.since} and ends before that, on {self.until}; swap them")

    @property
    def months(self) -> list[str]:
        """Every billing month the span touches, in order; none when it holds no day."""
        months = []
        first = self.since.replace(day=1)
        while first < self.until and self.since < self.until:
            months.append(f"{first:%Y-%m}")
            first = next_month(first)
        return months


def month_start(month: str) -> date:
    """First day of 'YYYY-MM'."""
    if not _MONTH.fullmatch(month):
        raise UsageError(f"month {month!r} is not understood; write YYYY-MM, such as 2026-10")
    return date(int(month[:4]), int(month[5:]), 1)


def next_month(day: date) -> date:
    """First day of the month after `day`."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def previous_month(month: str) -> str:
    """The month before 'YYYY-MM'."""
    return f"{month_start(month) - timedelta(days=1):%Y-%m}"


def history(today: date, complete_months: int) -> Period:
    """The running month and so many complete ones before it; today itself is not over and is left out."""
    first = today.replace(day=1)
    for _ in range(complete_months):
        first = (first - timedelta(days=1)).replace(day=1)
    return Period(first, today)


def days_to_read(months: Sequence[str], today: date) -> dict[str, list[date]]:
    """The complete UTC days of each month; the day that still runs is left for tomorrow."""
    days = {}
    for month in months:
        start = month_start(month)
        end = min(next_month(start), today)
        days[month] = [start + timedelta(days=offset) for offset in range(max((end - start).days, 0))]
    return days


LONGEST_WAIT_DAYS = 92
"""A month that ended so long ago is closed without an invoice too: an account may have had nothing to pay."""


def closed_months(months: Sequence[str], invoiced: Collection[str], today: date) -> set[str]:
    """Of `months`, those that can change no more: an invoice of theirs or a later one is out, or they are long over."""
    newest = max(invoiced, default="")
    return {
        month
        for month in months
        if month <= newest or next_month(month_start(month)) + timedelta(days=LONGEST_WAIT_DAYS) <= today
    }


def months_to_read(
    months: Sequence[str],
    today: date,
    known_days: Mapping[str, int],
    final_months: Collection[str],
    again: bool = False,
) -> list[str]:
    """Of `months`, those that were never read to their end or can still change; all of them with `again`."""
    wanted = days_to_read(months, today)
    return [
        month
        for month in months
        if wanted[month] and (again or month not in final_months or known_days.get(month, 0) < len(wanted[month]))
    ]
