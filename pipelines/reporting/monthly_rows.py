"""What the monthly report is made from: rows of gold tables, typed, for one month and one currency."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pipelines.reporting.advice_rows import Advice
    from pipelines.reporting.ahead_rows import Ahead
    from pipelines.reporting.anomaly_rows import Anomalies
    from pipelines.reporting.gpu_rows import Gpu
    from pipelines.reporting.kpi_bridge_rows import KpiBridgeRow
    from pipelines.reporting.kpi_rows import KpiRow
    from pipelines.reporting.monthly_closing import ClosedMonth
    from pipelines.reporting.outlook_rows import Outlook
    from pipelines.reporting.storage_rows import Storage
    from pipelines.reporting.telemetry_rows import Telemetry

HEADLINE_BASIS = "net of savings plan and contract, before vouchers and VAT"


class GoldRow:
    """A row that knows the table it came from and the columns that identify it there."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[tuple[str, ...]]

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Key columns and their values, as `finops trace` takes them; a key without value is left out."""
        values = ((name, getattr(self, name)) for name in self.KEYS)
        return tuple((name, str(value)) for name, value in values if value is not None)


@dataclass(frozen=True)
class SummaryRow(GoldRow):
    TABLE = "gold.monthly_summary"
    KEYS = ("billing_month", "billing_currency")

    billing_month: str
    billing_currency: str
    billed_cost: Decimal
    charged_days: int
    cost_per_day: Decimal | None
    previous_cost: Decimal | None
    previous_days: int | None
    previous_cost_per_day: Decimal | None
    delta_cost: Decimal | None
    delta_cost_per_day: Decimal | None
    delta_per_day_ratio: Decimal | None
    year_to_date_cost: Decimal | None
    year_known_from: date | None
    is_complete: bool
    invoice_state: str | None
    is_final: bool
    charges_until: date | None
    owned_cost: Decimal | None
    owned_cost_ratio: Decimal | None


@dataclass(frozen=True)
class DailyRow(GoldRow):
    TABLE = "gold.daily_costs"
    KEYS = ("charge_date", "service_name", "billing_currency")

    charge_date: date
    service_name: str | None
    billing_currency: str
    billed_cost: Decimal


@dataclass(frozen=True)
class MoverRow(GoldRow):
    TABLE = "gold.total_bridge"
    KEYS = ("billing_month", "project_id", "product", "sku", "billing_currency")

    billing_month: str
    project_id: str | None
    project_name: str | None
    product: str
    sku: str | None
    service_name: str | None
    owner: str | None
    billing_currency: str
    previous_cost: Decimal
    billed_cost: Decimal
    delta_cost: Decimal
    price_effect: Decimal
    volume_effect: Decimal
    mix_effect: Decimal
    efficiency_effect: Decimal
    new_effect: Decimal
    gone_effect: Decimal
    not_separable_effect: Decimal
    delta_cost_per_day: Decimal
    price_effect_per_day: Decimal
    volume_effect_per_day: Decimal
    mix_effect_per_day: Decimal
    efficiency_effect_per_day: Decimal
    new_effect_per_day: Decimal
    gone_effect_per_day: Decimal
    not_separable_effect_per_day: Decimal
    reason: str | None
    days: int | None
    previous_days: int | None

    def effects(self) -> tuple[Decimal, ...]:
        """Price, volume, mix, efficiency, new, gone, not separable: together the change."""
        return (
            *(self.price_effect, self.volume_effect, self.mix_effect, self.efficiency_effect),
            *(self.new_effect, self.gone_effect, self.not_separable_effect),
        )

    def effects_per_day(self) -> tuple[Decimal, ...]:
        """The same of the change per day."""
        return (
            *(self.price_effect_per_day, self.volume_effect_per_day, self.mix_effect_per_day),
            *(self.efficiency_effect_per_day, self.new_effect_per_day, self.gone_effect_per_day),
            self.not_separable_effect_per_day,
        )


@dataclass(frozen=True)
class SpenderRow(GoldRow):
    TABLE = "gold.top_spenders"
    KEYS = ("billing_month", "dimension", "item_id", "billing_currency")

    billing_month: str
    dimension: str
    rank: int
    item_id: str | None
    item_name: str | None
    owner: str | None
    billing_currency: str
    billed_cost: Decimal
    cost_share: Decimal | None
    previous_cost: Decimal | None
    delta_cost: Decimal | None
    cost_per_day: Decimal | None
    previous_cost_per_day: Decimal | None
    delta_cost_per_day: Decimal | None


@dataclass(frozen=True)
class CoverageRow(GoldRow):
    TABLE = "gold.tag_coverage"
    KEYS = ("billing_month", "label", "billing_currency")

    billing_month: str
    label: str
    billing_currency: str
    labelled_cost: Decimal
    total_cost: Decimal
    cost_coverage: Decimal | None
    labelled_resources: int
    total_resources: int
    resource_coverage: Decimal | None


@dataclass(frozen=True)
class ResidualRow(GoldRow):
    TABLE = "gold.reconciliation"
    KEYS = ("billing_month", "project_id", "sku", "billing_currency")

    billing_month: str
    project_id: str | None
    project_name: str | None
    sku: str | None
    billing_currency: str
    charged_cost: Decimal | None
    consumed_cost: Decimal | None
    residual: Decimal | None
    explanation: str | None
    tolerance: Decimal | None
    is_alarm: bool


@dataclass(frozen=True)
class InvoiceRow(GoldRow):
    TABLE = "gold.invoice_reconciliation"
    KEYS = ("billing_month", "billing_currency")

    billing_month: str
    billing_currency: str
    charged_cost: Decimal | None
    consumed_cost: Decimal | None
    invoiced_cost: Decimal | None
    consumption_residual: Decimal | None
    invoice_state: str | None
    invoiced_apart_cost: Decimal | None
    credit_note_cost: Decimal | None
    alarms: int


@dataclass(frozen=True)
class WaterfallRow(GoldRow):
    TABLE = "gold.invoice_waterfall"
    KEYS = ("billing_month", "step_number", "billing_currency")

    billing_month: str
    billing_currency: str
    step_number: int
    step: str
    amount: Decimal | None
    is_subtotal: bool
    basis: str | None


@dataclass(frozen=True)
class FreshnessRow(GoldRow):
    TABLE = "gold.data_freshness"
    KEYS = ("source",)

    source: str
    last_answer_at: datetime | None
    data_until: date | None
    answers: int
    places: int | None = None
    gaps: int | None = None
    gap_notes: str | None = None

    @property
    def is_measured(self) -> bool:
        """Whether it tells of places by the day rather than of lists."""
        return self.places is not None


@dataclass(frozen=True)
class FailedCheck:
    """A check that refused its data. A blocking one means that no figure may be shown."""

    check_name: str
    table_name: str
    message: str
    is_blocking: bool = True


@dataclass(frozen=True)
class MonthlyInput:
    """All that one report block shows: one month, one currency, rows of gold tables as they are."""

    organization_name: str
    month: str
    currency: str
    as_of: datetime
    product_version: str
    summary: SummaryRow
    history: tuple[SummaryRow, ...]
    daily: tuple[DailyRow, ...]
    movers: tuple[MoverRow, ...]
    top_spenders: tuple[SpenderRow, ...]
    coverage: tuple[CoverageRow, ...]
    residuals: tuple[ResidualRow, ...]
    invoice: InvoiceRow | None
    waterfall: tuple[WaterfallRow, ...]
    freshness: tuple[FreshnessRow, ...]
    checks_failed: tuple[FailedCheck, ...] = ()
    headline_basis: str = HEADLINE_BASIS
    kpis: tuple["KpiRow", ...] = ()
    closing: "ClosedMonth | None" = None
    outlook: "Outlook | None" = None
    anomalies: "Anomalies | None" = None
    kpi_bridge: tuple["KpiBridgeRow", ...] = ()
    advice: "Advice | None" = None
    ahead: "Ahead | None" = None
    storage: "Storage | None" = None
    telemetry: "Telemetry | None" = None
    gpu: "Gpu | None" = None

    @property
    def month_before(self) -> str:
        """The calendar month before, as `YYYY-MM`."""
        year, month = int(self.month[:4]), int(self.month[5:])
        return f"{year - 1}-12" if month == 1 else f"{year}-{month - 1:02d}"

    @property
    def is_like_for_like(self) -> bool:
        """Whether the change compares whole months, or an open month with as many days of the one before."""
        row = self.summary
        if row.delta_cost is None or self.previous is None:
            return False
        return row.is_complete or row.charged_days == row.previous_days

    @property
    def previous(self) -> SummaryRow | None:
        """The row of the calendar month before, where the history holds it."""
        return next((row for row in self.history if row.billing_month == self.month_before), None)
