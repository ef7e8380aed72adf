"""What the report shows of budgets and the forecast: rows of gold tables, typed, of the newest day."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.reporting.monthly_rows import GoldRow


@dataclass(frozen=True)
class ForecastRow(GoldRow):
    TABLE = "gold.forecasts"
    KEYS = ("made_on", "level", "project_id", "known_change", "period", "billing_currency")

    made_on: date
    known_until: date
    level: str
    project_id: str | None
    project_name: str | None
    billing_currency: str
    period: str
    period_start: date
    period_end: date
    known_cost: Decimal
    expected_cost: Decimal
    low_cost: Decimal | None
    high_cost: Decimal | None
    interval_percent: int
    run_rate_cost: Decimal | None
    seasonal_naive_cost: Decimal | None
    beats_naive: bool | None
    reason: str | None
    method: str | None = None
    known_change: str | None = None
    known_changes_cost: Decimal | None = None


@dataclass(frozen=True)
class AccuracyRow(GoldRow):
    TABLE = "gold.forecast_accuracy"
    KEYS = ("level", "target", "billing_currency")

    level: str
    billing_currency: str
    target: str
    first_day_ahead: int
    last_day_ahead: int
    forecasts: int
    wape: float | None
    bias: float | None
    coverage: float | None
    interval_percent: int
    run_rate_wape: float | None
    seasonal_naive_wape: float | None
    beats_naive: bool | None
    reason: str | None


@dataclass(frozen=True)
class BudgetRow(GoldRow):
    TABLE = "gold.budgets"
    KEYS = ("budget_name", "billing_month")

    budget_name: str
    billing_month: str
    billing_currency: str
    source: str
    scope_kind: str
    scope: str | None
    known_until: date
    budget_amount: Decimal
    basis: str
    amount_as_cost: Decimal | None
    amount_as_invoiced: Decimal | None
    actual_cost: Decimal | None
    expected_cost: Decimal | None
    low_cost: Decimal | None
    high_cost: Decimal | None
    expected_as_invoiced: Decimal | None
    variance_percent: Decimal | None
    chance_of_overrun: float | None
    state: str
    band: str | None
    is_breached: bool | None
    expected_breach_on: date | None
    reason: str | None


@dataclass(frozen=True)
class VoucherRow(GoldRow):
    TABLE = "gold.voucher_burn_down"
    KEYS = ("discount_id",)

    discount_id: str
    voucher_name: str | None
    billing_currency: str
    remaining_value: Decimal
    expires_on: date | None
    used_up_on: date | None
    unused_value: Decimal | None


@dataclass(frozen=True)
class BillRow(GoldRow):
    TABLE = "gold.voucher_bills"
    KEYS = ("billing_month", "billing_currency")

    billing_month: str
    billing_currency: str
    cost_without_credits: Decimal
    credits: Decimal
    cost_with_credits: Decimal


@dataclass(frozen=True)
class Outlook:
    """All of one currency; empty where nothing was forecast or agreed."""

    forecasts: tuple[ForecastRow, ...] = ()
    accuracy: tuple[AccuracyRow, ...] = ()
    budgets: tuple[BudgetRow, ...] = ()
    vouchers: tuple[VoucherRow, ...] = ()
    bills: tuple[BillRow, ...] = ()

    def of(self, level: str, period: str) -> tuple[ForecastRow, ...]:
        """The forecasts of a level, the dearest first."""
        found = [row for row in self.forecasts if (row.level, row.period) == (level, period)]
        return tuple(sorted(found, key=lambda row: (-row.expected_cost, row.project_name or "")))

    def whole(self, period: str) -> ForecastRow | None:
        """The organisation's."""
        return next(iter(self.of("organization", period)), None)

    def budget_of(self, month: str, project_id: str | None, project_name: str | None) -> BudgetRow | None:
        """A month's budget of the organisation (no project) or of a project; of several the tightest."""
        kind = "organization" if project_id is None and project_name is None else "project"
        names = {None} if kind == "organization" else {project_id, project_name}
        found = [
            row
            for row in self.budgets
            if row.billing_month == month and row.scope_kind == kind and row.scope in names and row.amount_as_cost
        ]
        return min(found, key=lambda row: (row.amount_as_cost or row.budget_amount, row.budget_name), default=None)


OUTLOOK_ROWS = (ForecastRow, AccuracyRow, BudgetRow, VoucherRow, BillRow)
