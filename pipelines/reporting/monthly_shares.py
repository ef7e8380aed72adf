"""Shares of the money, and what was emitted: the key figures that are no cost of a unit."""

from decimal import Decimal

from pipelines.reporting.display import Cell, Column, Line, Table, text
from pipelines.reporting.kpi_cells import coverage, of_row, source_of, unknown_line
from pipelines.reporting.kpi_rows import KpiMonth, KpiRow, change_ratio
from pipelines.reporting.kpi_words import points_shown, ratio_cell, three_digits
from pipelines.reporting.money import NOTHING, MoneyFormat, count, percent
from pipelines.reporting.sentence import month_name

_SHARES = (
    ("non_production_share", "non-production", "Cost outside production"),
    ("idle_share", "all", "Cost of idle hours"),
    ("cost_efficiency", "all", "Cost efficiency"),
    ("effective_savings_rate", "all", "Effective savings rate"),
    ("commitment_coverage", "all", "Usage under commitment"),
    ("commitment_utilisation", "all", "Commitment used"),
    ("tag_coverage_by_cost", "owner", "Cost with an owner"),
    ("tag_coverage_by_count", "owner", "Resources with an owner"),
)
_NO_PLAN = "billing.savings_plans names none"


def shares_table(kpis: KpiMonth, money: MoneyFormat) -> Table:
    """Shares of the money, each over what it is a share of."""
    found = [(row, label) for kpi, scope, label in _SHARES for row in kpis.of(kpi, scope) if row.reason != _NO_PLAN]
    lines = [_share_line(row, label, kpis, money) for row, label in found]
    columns = (
        Column("Share", numeric=False),
        Column("Value", lead=True),
        *(Column(label) for label in ("Month before", "Change", "Part", "Of", "Cost known")),
    )
    return Table("shares", f"Shares in {month_name(kpis.month)}", columns, tuple(lines))


def _share_line(row: KpiRow, label: str, kpis: KpiMonth, money: MoneyFormat) -> Line:
    if row.value is None:
        return unknown_line(label, row, 7, money)
    before = kpis.before(row)
    earlier = before.value if before else None
    is_money = row.kpi != "tag_coverage_by_count"
    parts = [
        NOTHING if each is None else money.headline(each) if is_money else count(int(each), money.locale)
        for each in (row.numerator, row.denominator)
    ]
    return Line(
        (
            text(label, note=row.unit if row.is_complete else f"{row.unit}, month to date"),
            Cell(percent(row.value, money.locale)),
            of_row(Cell(percent(earlier, money.locale)), before),
            points_shown(None if earlier is None else row.value - earlier, money),
            *(Cell(part) for part in parts),
            coverage(row, money),
        ),
        source_of(row),
    )


_FOOTPRINT = (
    ("carbon", "Carbon", Decimal(1), "kg CO2e"),
    ("carbon_per_currency", "Carbon intensity", Decimal(1000), "g CO2e"),
    ("carbon_per_1k_requests", "Carbon of requests", Decimal(1000), "g CO2e"),
    ("water", "Water", Decimal(1000), "litres"),
    ("water_per_currency", "Water intensity", Decimal(10**6), "millilitres"),
    ("water_per_1k_requests", "Water of requests", Decimal(10**6), "millilitres"),
)
"""Figures, their names, and the smaller unit that they are written in: how many of it are one of the table's."""

_METHODS = {
    "reported": "as Scaleway reports it",
    "estimated": "an estimate from the price list",
    "mixed": "partly reported, partly an estimate",
}


def footprint_table(kpis: KpiMonth, money: MoneyFormat) -> Table:
    """Carbon and water of the organisation, named an estimate where they are one."""
    method = next((row.units_source for row in kpis.of("carbon", "all")), None)
    lines = []
    for kpi, label, smaller, unit in _FOOTPRINT:
        for row in kpis.of(kpi, "all"):
            if row.value is None:
                lines.append(unknown_line(label, row, 5, money))
                continue
            lines.append(_footprint_line(row, kpis, label, unit, smaller, str(method), money))
    columns = (
        Column("Footprint", numeric=False),
        Column("Value", lead=True),
        *(Column(label) for label in ("Month before", "Change", "Cost with a figure")),
    )
    empty = "Neither Scaleway's footprint nor an estimate of the price list is known of this month."
    return Table("footprint", f"Carbon and water in {month_name(kpis.month)}", columns, tuple(lines), empty)


def _footprint_line(
    row: KpiRow, kpis: KpiMonth, label: str, unit: str, smaller: Decimal, method: str, money: MoneyFormat
) -> Line:
    before = kpis.before(row)
    divisor = row.unit.partition(" per ")[2]
    note = f"{unit} per {divisor}" if divisor else ", ".join(filter(None, (unit, _METHODS.get(method, ""))))
    return Line(
        (
            Cell(label, note),
            *(
                of_row(
                    Cell(three_digits(each.value * smaller if each and each.value is not None else None, money.locale)),
                    None if each is row else each,
                )
                for each in (row, before)
            ),
            ratio_cell(change_ratio(row, before), money),
            coverage(row, money),
        ),
        source_of(row),
    )
