"""A closed month says so: when it was closed, and what became another figure since."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from pipelines.reporting.display import Cell, Column, Line, Table, change, sentence_case, text
from pipelines.reporting.money import NOTHING, MoneyFormat, count
from pipelines.reporting.monthly_rows import GoldRow

HEADLINE = "billed cost"
_SHOWN = 12


@dataclass(frozen=True)
class RestatedRow(GoldRow):
    """A figure that is another one than when the month was closed."""

    TABLE: ClassVar[str] = "gold.restatements"
    KEYS: ClassVar[tuple[str, ...]] = ("billing_month", "figure", "scope", "billing_currency")

    billing_month: str
    figure: str
    scope: str
    billing_currency: str
    unit: str
    closed_value: Decimal | None
    present_value: Decimal | None
    difference: Decimal | None
    causes: str
    first_seen_at: datetime


@dataclass(frozen=True)
class ClosedMonth:
    """A close, and what differs from it now. `shows_closed` is false when the closed tables cannot be read any more."""

    closed_at: datetime
    is_preliminary: bool
    manifest_hash: str
    restated: tuple[RestatedRow, ...]
    shows_closed: bool = True

    def in_currency(self, currency: str) -> tuple[RestatedRow, ...]:
        """What differs in one currency, and what has none."""
        return tuple(row for row in self.restated if row.billing_currency in (currency, ""))


@dataclass(frozen=True)
class ClosedNote:
    """What a page says of a closed month: two lines, and the differences."""

    chip: str
    closed: str
    difference: str
    table: Table | None


def closed_note(closed: ClosedMonth | None, money: MoneyFormat) -> ClosedNote | None:
    """Nothing for a month that was never closed."""
    if closed is None:
        return None
    rows = closed.in_currency(money.currency)
    which = "these are the closed figures" if closed.shows_closed else "its tables of then are gone: present figures"
    kind = ", as preliminary" if closed.is_preliminary else ""
    told = f"On {closed.closed_at:%Y-%m-%d %H:%M} UTC{kind}; {which}. Manifest {closed.manifest_hash[:12]}."
    return ClosedNote("Closed", told, _difference(rows, money), _table(rows, money) if rows else None)


def _difference(rows: tuple[RestatedRow, ...], money: MoneyFormat) -> str:
    """The difference of the month's cost in a sentence, and how many other figures differ."""
    if not rows:
        return "No figure differs from it since."
    seen = max(row.first_seen_at for row in rows)
    headline = next((row for row in rows if row.figure == HEADLINE and row.difference is not None), None)
    others = len(rows) - (headline is not None)
    if headline is None or headline.difference is None or headline.present_value is None:
        return f"Restated since: {_counted(others)}; the month's cost is as closed. First seen {seen:%Y-%m-%d}."
    amount, now = money.signed(headline.difference), money.exact(headline.present_value)
    more = f", and {_counted(others)} beside it" if others else ""
    return f"Restated since: the month's cost by {amount} to {now}{more}. First seen {seen:%Y-%m-%d}."


def _counted(number: int) -> str:
    return f"{count(number)} figure{'' if number == 1 else 's'}"


def _table(rows: tuple[RestatedRow, ...], money: MoneyFormat) -> Table:
    """The differences in money first, the largest first; the rest is counted."""
    ranked = sorted(
        rows, key=lambda row: (row.figure != HEADLINE, -abs(row.difference or Decimal(0)), row.figure, row.scope)
    )
    lines = [_line(row, money) for row in ranked[:_SHOWN]]
    if len(ranked) > _SHOWN:
        lines.append(Line((text(f"… and {count(len(ranked) - _SHOWN)} more"), *[text("")] * 4), kind="fold"))
    columns = (
        Column("Figure", numeric=False),
        Column("Closed"),
        Column("Now"),
        Column("Difference", lead=True),
        Column("First seen"),
    )
    return Table("restated", "What became another figure since the month was closed", columns, tuple(lines))


def _line(row: RestatedRow, money: MoneyFormat) -> Line:
    seen = Cell(f"{row.first_seen_at:%Y-%m-%d}", note=row.causes.split(", ")[0])
    is_money = row.unit in (row.billing_currency, "day")
    cells = (
        _value(row.closed_value, money, is_money=is_money),
        _value(row.present_value, money, is_money=is_money),
        change(row.difference, money) if is_money else _value(row.difference, money, is_money=False),
        seen,
    )
    unit = "" if is_money else row.unit
    note = " ".join(part for part in (row.scope, unit) if part)
    return Line((text(sentence_case(row.figure), note=note), *cells))


def _value(value: Decimal | None, money: MoneyFormat, *, is_money: bool) -> Cell:
    if value is None:
        return Cell(NOTHING, tone="quiet")
    return Cell(money.exact(value) if is_money else f"{value.normalize():f}")
