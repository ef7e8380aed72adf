"""What ends, and what was once said of a month: rows of gold tables, typed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.reporting.monthly_rows import GoldRow


@dataclass(frozen=True)
class EndRow(GoldRow):
    """Something that ends: a commitment, a contract, a voucher, an offer. A date nobody named is None."""

    TABLE = "gold.commitment_calendar"
    KEYS = ("kind", "subject", "resource_id", "due_on")

    due_on: date | None
    days_left: int | None
    kind: str
    subject: str | None
    resource_id: str | None
    amount: Decimal | None
    expected_shortfall: Decimal | None
    note: str | None

    @property
    def order(self) -> tuple[bool, str, str, str, str]:
        """The soonest first, those without a date last; equal ones of one kind and day are one line."""
        return (self.due_on is None, str(self.due_on), self.kind, self.subject or "", self.note or "")


@dataclass(frozen=True)
class ToldRow(GoldRow):
    """A forecast of a whole month that was made before it was over."""

    TABLE = "gold.forecasts of the month"
    KEYS = ("made_on", "period", "billing_currency")

    made_on: date
    billing_currency: str
    period: str
    period_start: date
    period_end: date
    known_until: date
    expected_cost: Decimal
    low_cost: Decimal | None
    high_cost: Decimal | None
    interval_percent: int


@dataclass(frozen=True)
class Ahead:
    """All of one currency. `told` are forecasts of the report's month, oldest first."""

    ends: tuple[EndRow, ...] = ()
    told: tuple[ToldRow, ...] = ()
