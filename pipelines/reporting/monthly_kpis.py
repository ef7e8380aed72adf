"""The key figures of the monthly report: what a unit costs, which share of the money does what, what was emitted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.reporting.display import Cell, Chart, Column, Line, Table, text
from pipelines.reporting.figures import history_figure, script_json
from pipelines.reporting.folding import shortened
from pipelines.reporting.kpi_cells import not_known, source_of
from pipelines.reporting.kpi_figures import unit_cost_figure
from pipelines.reporting.kpi_rows import KpiMonth, KpiRow, change_ratio, kpi_month, previous_month, product_of
from pipelines.reporting.kpi_words import amount_shown, three_digits
from pipelines.reporting.money import NOTHING, MoneyFormat, percent
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.monthly_shares import footprint_table, shares_table
from pipelines.reporting.monthly_unit_costs import production_requests, tenants_table, units_table
from pipelines.reporting.sentence import month_name

CHARTS = 2
MONTHS_OF_A_TREND = 2
MOST_OF_THE_COST = Decimal("0.5")


@dataclass(frozen=True)
class KpiBlock:
    """All that the section shows."""

    units: Table
    tenants: Table | None
    shares: Table
    footprint: Table
    trends: tuple[tuple[Chart, Chart], ...]

    @property
    def charts(self) -> tuple[Chart, ...]:
        """In reading order."""
        return tuple(chart for pair in self.trends for chart in pair)


def kpi_block(report: MonthlyInput, money: MoneyFormat) -> KpiBlock | None:
    """The section of one month and currency; None while no figure was ever worked out."""
    kpis = kpi_month(report.kpis, report.month)
    if kpis is None:
        return None
    return KpiBlock(
        units=units_table(kpis, money),
        tenants=tenants_table(kpis, money),
        shares=shares_table(kpis, money),
        footprint=footprint_table(kpis, money),
        trends=tuple(_trend(row, kpis, money) for row in _with_trend(kpis)),
    )


def _with_trend(kpis: KpiMonth) -> list[KpiRow]:
    """The figures worth a chart: known this month and in another one, of at least half the cost."""
    candidates = [
        *production_requests(kpis)[:1],
        *kpis.of("cost_per_tenant", "all tenants"),
        *kpis.of("cost_per_gb")[:1],
        *kpis.of("cost_per_deploy", "all services"),
    ]
    known = [
        row
        for row in candidates
        if row.value is not None and sum(other.value is not None for other in kpis.history(row)) >= MONTHS_OF_A_TREND
    ]
    return [row for row in known if (row.cost_coverage or Decimal(0)) >= MOST_OF_THE_COST][:CHARTS]


def _trend(row: KpiRow, kpis: KpiMonth, money: MoneyFormat) -> tuple[Chart, Chart]:
    """Bars of the cost, and beside them the line of the cost of one unit."""
    history = kpis.history(row)
    costs = [(each.month, each.numerator, each.is_complete) for each in history if each.numerator is not None]
    bars = history_figure(costs, money)
    line = unit_cost_figure([(each.month, each.value, each.is_complete) for each in history], row.unit, money)
    source = f"Source: gold.kpis, {row.kpi}, {row.scope} · {money.currency} · UTC"
    subject = _SUBJECTS[row.kpi](row)
    table = _trend_table(row, history, money)
    identifier = row.kpi.replace("_", "-")
    month = month_name(kpis.month)
    title = _title(row, kpis, money)
    whole = f"{subject} cost {money.headline(row.numerator or Decimal(0))} in {month}"
    return (
        Chart(f"{identifier}-cost", whole, source, script_json(bars), int(bars.layout.height), table),
        Chart(f"{identifier}-unit", title, source, script_json(line), int(line.layout.height), table),
    )


_SUBJECTS: dict[str, Callable[[KpiRow], str]] = {
    "cost_per_request": lambda row: f"{shortened(product_of(row), 40)} in production",
    "cost_per_tenant": lambda row: "What tenants' own resources",
    "cost_per_gb": lambda row: f"Storage ({row.scope})",
    "cost_per_deploy": lambda row: "Building and deploying",
}


_ONE: dict[str, str] = {
    "cost_per_request": "A thousand requests",
    "cost_per_tenant": "An active tenant",
    "cost_per_gb": "A GB for a month",
    "cost_per_deploy": "A production deploy",
}


def _title(row: KpiRow, kpis: KpiMonth, money: MoneyFormat) -> str:
    told = f"{_ONE[row.kpi]} cost {amount_shown(row.value, money)}"
    change = change_ratio(row, kpis.before(row))
    if change is None:
        return told
    before = month_name(previous_month(kpis.month), beside=kpis.month)
    if abs(change) < Decimal("0.0005"):
        return f"{told}, as much as in {before}"
    return f"{told}, {percent(abs(change), money.locale)} {'more' if change > 0 else 'less'} than in {before}"


def _trend_table(row: KpiRow, history: Sequence[KpiRow], money: MoneyFormat) -> Table:
    lines = []
    for each in history:
        note = "" if each.is_complete else "not complete"
        if each.value is None:
            note = not_known(each)
        lines.append(
            Line(
                (
                    text(month_name(each.month), note=note),
                    Cell(NOTHING if each.numerator is None else money.exact(each.numerator)),
                    Cell(three_digits(each.denominator, money.locale)),
                    Cell(amount_shown(each.value, money)),
                ),
                source_of(each),
            )
        )
    columns = (
        Column("Month", numeric=False),
        Column("Cost"),
        Column("Units"),
        Column("Cost of one", lead=True),
    )
    return Table("trend", f"Cost per {row.unit}, by month", columns, tuple(lines))
