"""The monthly report: one self-contained HTML page, out of rows of gold tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.errors import UsageError
from pipelines.reporting.display import Chart, Fact, Table, Tile, Trace
from pipelines.reporting.money import DEFAULT_LOCALE, MoneyFormat
from pipelines.reporting.monthly_advice import AdviceBlock, SavedBlock, advice_block, saved_block
from pipelines.reporting.monthly_ahead import AheadBlock, ToldBlock, ahead_block, told_block
from pipelines.reporting.monthly_anomalies import AnomaliesBlock, anomalies_block
from pipelines.reporting.monthly_causes import causes_chart
from pipelines.reporting.monthly_charts import (
    bridge_chart,
    daily_chart,
    history_chart,
    is_comparable,
    waterfall_chart,
)
from pipelines.reporting.monthly_closing import ClosedNote, closed_note
from pipelines.reporting.monthly_evidence import coverage_table, freshness_table, residual_table, waterfall_table
from pipelines.reporting.monthly_facts import data_until, status, tiles, trust_strip
from pipelines.reporting.monthly_input import currencies, monthly_input
from pipelines.reporting.monthly_kpi_bridge import KpiBridgeBlock, kpi_bridge_block
from pipelines.reporting.monthly_kpis import KpiBlock, kpi_block
from pipelines.reporting.monthly_outlook import OutlookBlock, outlook_block
from pipelines.reporting.monthly_register import RegisterBlock, register_block
from pipelines.reporting.monthly_rows import FailedCheck, MonthlyInput
from pipelines.reporting.monthly_sections import review_sections
from pipelines.reporting.monthly_tables import movers_table, spenders_table
from pipelines.reporting.page import delayed_page, render_page
from pipelines.reporting.review_section import ReviewSection
from pipelines.reporting.sentence import days_in, headline_sentence, month_name, unbroken

__all__ = ["FailedCheck", "MonthlyInput", "currencies", "monthly_input", "render_data_delayed", "render_monthly"]


@dataclass(frozen=True)
class Block:
    """One currency's part of the page; currencies stand side by side and are never added."""

    currency: str
    sentence: str
    status: str
    status_note: str
    is_final: bool
    closing: ClosedNote | None
    tiles: tuple[Tile, ...]
    strip: tuple[Fact, ...]
    bridge: Chart | None
    no_bridge: str
    causes: Chart | None
    movers: Table
    spenders: Table
    daily: Chart | None
    history: Chart | None
    invoice: Chart | None
    waterfall: Table
    residual: Table
    coverage: Table
    anomalies: AnomaliesBlock | None
    advice: AdviceBlock
    sections: tuple[ReviewSection, ...]
    register: RegisterBlock | None
    saved: SavedBlock | None
    told: ToldBlock
    ahead: AheadBlock
    kpis: KpiBlock | None
    kpi_bridge: KpiBridgeBlock | None
    outlook: OutlookBlock | None
    example: Trace
    basis: str
    days: str

    @property
    def charts(self) -> tuple[Chart, ...]:
        """The charts that are drawn, in reading order."""
        return tuple(chart for chart in (self.bridge, self.causes, self.daily, self.history, self.invoice) if chart)


def render_monthly(report: MonthlyInput | Sequence[MonthlyInput], locale: str = DEFAULT_LOCALE) -> str:
    """The report as HTML: of one currency, or of several of the same month, one block each.

    A blocking check among `checks_failed` gives the page that says so and shows no figure.
    """
    reports = (report,) if isinstance(report, MonthlyInput) else tuple(report)
    if not reports or len({(each.organization_name, each.month) for each in reports}) != 1:
        raise UsageError("a monthly report needs one organisation and one month; give each its own report")
    first = reports[0]
    failed = tuple(dict.fromkeys(check for each in reports for check in each.checks_failed))
    if any(check.is_blocking for check in failed):
        return render_data_delayed(
            organization_name=first.organization_name,
            month=first.month,
            as_of=first.as_of,
            product_version=first.product_version,
            checks_failed=failed,
        )
    return render_page(
        "monthly.html",
        title=f"{first.organization_name}: cloud cost {month_name(first.month)}",
        organization_name=first.organization_name,
        month_name=month_name(first.month),
        as_of=first.as_of,
        product_version=first.product_version,
        data_until=data_until(first),
        blocks=[monthly_block(each, MoneyFormat(each.currency, locale)) for each in reports],
        freshness=freshness_table(first.freshness, first.as_of, MoneyFormat(first.currency, locale)),
        has_charts=True,
    )


def render_data_delayed(
    *,
    organization_name: str,
    month: str,
    as_of: datetime,
    product_version: str,
    checks_failed: Sequence[FailedCheck],
) -> str:
    """The page sent instead of wrong figures: which checks refused which data, and not one amount."""
    return delayed_page(
        heading=f"Cloud cost, {month_name(month)}",
        period=month_name(month),
        command="finops report monthly",
        organization_name=organization_name,
        as_of=as_of,
        product_version=product_version,
        checks_failed=checks_failed,
    )


def monthly_block(report: MonthlyInput, money: MoneyFormat) -> Block:
    """All that one currency shows."""
    state, note = status(report)
    bridge = bridge_chart(report, money)
    day = report.daily[-1] if report.daily else None
    example = (("charge_date", day.charge_date.isoformat()),) if day else (("billing_month", report.month),)
    return Block(
        currency=report.currency,
        sentence=unbroken(headline_sentence(report, money)),
        status=state,
        status_note=note,
        is_final=report.summary.is_final,
        closing=closed_note(report.closing, money),
        tiles=tiles(report, money),
        strip=trust_strip(report, money),
        bridge=bridge,
        no_bridge=_why_no_bridge(report),
        causes=causes_chart(report, money),
        movers=movers_table(report, money),
        spenders=spenders_table(report, money),
        daily=daily_chart(report, money),
        history=history_chart(report, money),
        invoice=None if bridge else waterfall_chart(report, money),
        waterfall=waterfall_table(report, money),
        residual=residual_table(report, money),
        coverage=coverage_table(report, money),
        anomalies=anomalies_block(report, money),
        advice=advice_block(report, money),
        sections=review_sections(report, money),
        register=register_block(report, money),
        saved=saved_block(report, money),
        told=told_block(report, money),
        ahead=ahead_block(report, money),
        kpis=kpi_block(report, money),
        kpi_bridge=kpi_bridge_block(report, money),
        outlook=outlook_block(report, money),
        example=Trace("gold.daily_costs", (*example, ("billing_currency", report.currency))),
        basis=report.headline_basis,
        days=f"{report.summary.charged_days} of {days_in(report.month)}",
    )


def _why_no_bridge(report: MonthlyInput) -> str:
    if is_comparable(report):
        return ""
    before = month_name(report.month_before, beside=report.month)
    if not report.summary.is_complete:
        return (
            f"The month is open, and its {report.summary.charged_days} days have no like window in {before}. "
            "What moved is shown once the month is complete; until then the change per day is below."
        )
    if report.previous is None:
        return "There is no month before this one, so nothing has moved."
    return f"No project or product cost more or less than in {before}."
