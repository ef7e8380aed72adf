"""The periods a forecast ends: the running month, the next one, the next calendar quarter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Ahead:
    """A period with its name; it ends before `end`."""

    name: str
    start: date
    end: date


def periods_ahead(known_until: date) -> tuple[Ahead, Ahead, Ahead]:
    """Of the month that the first unknown day lies in: it, the month after it, the quarter after its own."""
    month = known_until.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    return (
        Ahead("month_end", month, _later(month, 1)),
        Ahead("next_month", _later(month, 1), _later(month, 2)),
        Ahead("next_quarter", _later(quarter, 3), _later(quarter, 6)),
    )


def _later(month: date, months: int) -> date:
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
