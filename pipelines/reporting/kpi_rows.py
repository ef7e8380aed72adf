"""Rows of gold.kpis as the report shows them: which belong together, what they are called, what came before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.reporting.monthly_rows import GoldRow

NO_PRODUCT = "(none)"
PRODUCTION = " / prod"


@dataclass(frozen=True)
class KpiRow(GoldRow):
    """One key figure of one scope and month."""

    TABLE = "gold.kpis"
    KEYS = ("kpi", "period", "period_start", "scope", "billing_currency")

    kpi: str
    period: str
    period_start: date
    scope: str
    billing_currency: str | None
    numerator: Decimal | None
    denominator: Decimal | None
    unit: str
    value: Decimal | None
    loaded_value: Decimal | None
    cost_coverage: Decimal | None
    units_source: str | None
    units_coverage: Decimal | None
    is_complete: bool
    is_marked: bool
    reason: str | None

    @property
    def month(self) -> str:
        """`YYYY-MM`."""
        return f"{self.period_start:%Y-%m}"

    @property
    def subject(self) -> tuple[str, str]:
        """What is the same thing in every month."""
        return self.kpi, self.scope


@dataclass(frozen=True)
class KpiMonth:
    """The key figures of one month, each with its months before, oldest first."""

    month: str
    rows: tuple[KpiRow, ...]

    @property
    def current(self) -> tuple[KpiRow, ...]:
        """This month's rows."""
        return tuple(row for row in self.rows if row.month == self.month)

    def of(self, kpi: str, scope: str | None = None) -> tuple[KpiRow, ...]:
        """This month's rows of a figure, the largest first."""
        found = [row for row in self.current if row.kpi == kpi and scope in (None, row.scope)]
        return tuple(sorted(found, key=lambda row: (-(row.numerator or Decimal(0)), row.scope)))

    def before(self, row: KpiRow) -> KpiRow | None:
        """The same figure in the calendar month before."""
        month = previous_month(row.month)
        return next((other for other in self.rows if other.subject == row.subject and other.month == month), None)

    def history(self, row: KpiRow) -> tuple[KpiRow, ...]:
        """The same figure in every month there is, oldest first."""
        same = [other for other in self.rows if other.subject == row.subject]
        return tuple(sorted(same, key=lambda other: other.period_start))


def kpi_month(rows: Sequence[KpiRow], month: str) -> KpiMonth | None:
    """The months up to this one; None where this month has no figure at all."""
    until = tuple(row for row in rows if row.period == "month" and row.month <= month)
    found = KpiMonth(month, until)
    return found if found.current else None


def previous_month(month: str) -> str:
    """The calendar month before `YYYY-MM`."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02d}"


def change_ratio(row: KpiRow, before: KpiRow | None) -> Decimal | None:
    """By how much the value differs from the one before, relative to it; None where either is not known."""
    if before is None or row.value is None or not before.value or before.value < 0:
        return None
    return row.value / before.value - 1


def product_of(row: KpiRow) -> str:
    """The product of a scope `product / environment`."""
    return row.scope.removesuffix(PRODUCTION)
