"""The findings about whom the work is for: tenants with their margins, namespaces of clusters, the footprint."""

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.display import Cell, Column, Line, Table, amount, name, text
from pipelines.reporting.figures import CATEGORY_COLOURS, LESS_COLOUR, MORE_COLOUR, REST_COLOUR
from pipelines.reporting.folding import Folded, largest, remainder
from pipelines.reporting.kpi_rows import KpiRow, kpi_month
from pipelines.reporting.kpi_words import three_digits
from pipelines.reporting.money import NOTHING, MoneyFormat, count, divided, percent, total
from pipelines.reporting.monthly_input import typed
from pipelines.reporting.monthly_shares import footprint_table
from pipelines.reporting.notebook_charts import ranked_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_view import View
from pipelines.reporting.sentence import in_text

if TYPE_CHECKING:
    import polars as pl

SHOWN = 12
_NO_TABLE = Table("chart", "", (), ())
_USED, _IDLE = ("estimated cost", CATEGORY_COLOURS[0]), ("not asked for by anyone", REST_COLOUR)
_IDLE_NAME = "idle"


def margins(tenants: "pl.DataFrame", view: View) -> Finding:
    """What each tenant brings and costs: rows of gold.tenant_margins, with tenants under names that may be shown."""
    rows = [row for row in tenants.to_dicts() if _is_of(row, view)]
    source, money = view.source("gold.tenant_margins"), view.money
    known = [row for row in rows if row["margin_amount"] is not None]
    whole = total(row["margin_amount"] for row in known)
    facts: Facts = {"tenants": len(rows), "known": len(known), "margin_amount": whole}
    if not rows:
        return Finding(f"No tenant is known in {view.name}: `finops import metrics` brings their prices", source, facts)
    if not known:
        return Finding(
            f"No tenant's margin is known in {view.name}: {rows[0]['reason']}",
            source,
            facts,
            tables=(_margins(rows, money),),
        )
    losing = [row for row in known if row["margin_amount"] < 0]
    below = [row for row in known if row["is_below_target"]]
    title = f"{count(len(known))} tenants leave {money.headline(whole)} after their cost"
    marked = [row["cost_coverage"] for row in known if row["is_marked"] and row["cost_coverage"] is not None]
    title += f", of which {percent(min(marked), money.locale)} is known" if marked else ""
    if losing:
        worst = min(losing, key=lambda row: row["margin_amount"])
        title += f"; {in_text(worst['tenant'])} loses {money.headline(-worst['margin_amount'])}"
    else:
        title += (
            f"; {count(len(below))} stay below the margin aimed at"
            if below
            else "; none stays below the margin aimed at"
        )
    folded = largest(known, lambda row: abs(row["margin_amount"]), SHOWN)
    shown = sorted(folded.shown, key=lambda row: -row["margin_amount"])
    zero = Decimal(0)
    bars = [(row["tenant"], (max(row["margin_amount"], zero), min(row["margin_amount"], zero))) for row in shown]
    figure = ranked_figure(bars, (("margin", LESS_COLOUR), ("loss", MORE_COLOUR)), money.headline)
    chart = chart_of("margins", title, source, figure, _NO_TABLE)
    notes = (f"{count(len(folded.folded))} smaller ones are in the table only.",) if folded.folded else ()
    return finding_of(chart, facts, _margins(rows, money), notes=notes)


def _margins(rows: list[dict[str, Any]], money: MoneyFormat) -> Table:
    lines = [
        Line(
            (
                name(row["tenant"] or NOTHING, note=row["reason"] or ""),
                amount(row["price_amount"], money),
                amount(row["loaded_cost"], money),
                amount(row["margin_amount"], money),
                Cell(percent(row["margin_share"], money.locale), tone="finding" if row["is_below_target"] else ""),
                Cell(percent(row["cost_coverage"], money.locale), tone="finding" if row["is_marked"] else ""),
            )
        )
        for row in sorted(rows, key=lambda row: -(row["loaded_cost"] or Decimal(0)))
    ]
    labels = (
        Column("Price"),
        Column("Cost"),
        Column("Margin", lead=True),
        Column("Of the price"),
        Column("Cost known"),
    )
    return Table("margins", "Tenants", (Column("Tenant", numeric=False), *labels), tuple(lines))


def namespaces(allocations: "pl.DataFrame", view: View) -> Finding:
    """What namespaces cost as OpenCost estimates it, idle shown apart: rows of silver.cluster_allocations."""
    rows = [row for row in allocations.to_dicts() if row["billing_currency"] == view.currency]
    source, money = view.newest_source("silver.cluster_allocations"), view.money
    if not rows:
        told = "No cluster's namespaces are known: name its OpenCost in finops.toml, and give it some days"
        return Finding(told, source, {"namespaces": 0})
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if not row["is_idle"]:
            label = str(row["namespace"] or NOTHING)
            sums[label] = total((sums[label], row["estimated_cost"] or Decimal(0)))
    idle = total(row["estimated_cost"] or Decimal(0) for row in rows if row["is_idle"])
    whole = total((idle, *sums.values()))
    folded = largest(list(sums.items()), lambda item: item[1], SHOWN)
    days = sorted({row["usage_date"] for row in rows})
    facts: Facts = {"estimated_cost": whole, "idle_cost": idle, "namespaces": len(sums), "days": len(days)}
    title = (
        f"{percent(divided(idle, whole), money.locale)} of what clusters cost was asked for by no workload"
        if whole
        else "Clusters cost nothing"
    )
    if folded.shown:
        first, cost = folded.shown[0]
        during = "a day" if len(days) == 1 else f"{count(len(days))} days"
        title += f"; namespace {in_text(first)} cost most: {money.headline(cost)} in {during}"
    bars = [(label, (cost, Decimal(0))) for label, cost in folded.shown] + [(_IDLE_NAME, (Decimal(0), idle))]
    figure = ranked_figure(bars, (_USED, _IDLE), money.headline)
    span = f"{days[0].day} {days[0]:%b} to {days[-1].day} {days[-1]:%b %Y}"
    note = f"Days measured: {span}. Costs are OpenCost's estimate at the prices it was given, not the bill's."
    return finding_of(
        chart_of("namespaces", title, source, figure, _NO_TABLE, _USED, _IDLE),
        facts,
        _namespaces(folded, idle, whole, money),
        notes=(note,),
    )


def _namespaces(folded: Folded[tuple[str, Decimal]], idle: Decimal, whole: Decimal, money: MoneyFormat) -> Table:
    lines = [
        Line(
            (name(label), amount(cost, money), Cell(percent(divided(cost, whole), money.locale) if whole else NOTHING))
        )
        for label, cost in [*folded.shown, (_IDLE_NAME, idle)]
    ]
    rest = remainder(whole, [idle, *(cost for _, cost in folded.shown)], money)
    if folded.folded or rest:
        label = f"… and {count(len(folded.folded))} more" if folded.folded else "… rounding"
        lines.append(Line((text(label), Cell(money.exact(rest)), text("")), kind="fold"))
    lines.append(Line((text("Total"), amount(whole, money), text("")), kind="total"))
    return Table(
        "namespaces",
        "By namespace",
        (Column("Namespace", numeric=False), Column("Cost", lead=True), Column("Share")),
        tuple(lines),
    )


def emitted(footprint: "pl.DataFrame", kpis: "pl.DataFrame", view: View) -> Finding:
    """What the month emitted, by project: monthly rows of gold.footprint, and of gold.kpis for what it is per unit."""
    rows = [row for row in footprint.to_dicts() if _is_of(row, view)]
    known = [row for row in rows if row["kg_co2e"] is not None]
    source, locale = view.source("gold.footprint", "gold.kpis"), view.money.locale
    if not known:
        return Finding(f"Neither a reported nor an estimated footprint of {view.name} is known", source, {})
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in known:
        sums[row["project"]] = total((sums[row["project"]], row["kg_co2e"]))
    whole = total(sums.values())
    estimated = total(row["kg_co2e"] for row in known if row["method"] == "estimated")
    facts: Facts = {"kg_co2e": whole, "estimated_kg_co2e": estimated, "projects": len(sums)}
    folded = largest(list(sums.items()), lambda item: item[1], SHOWN)
    first, most = folded.shown[0]
    title = f"{view.name} emitted {three_digits(whole, locale)} kg CO2e"
    title += f" ({percent(divided(estimated, whole), locale)} of it an estimate)" if estimated and whole else ""
    title += f"; {in_text(first)} most: {three_digits(most, locale)} kg"
    figure = ranked_figure(
        [(label, (value,)) for label, value in folded.shown],
        [("kg CO2e", CATEGORY_COLOURS[2])],
        lambda value: f"{three_digits(value, locale)} kg",
    )
    month = kpi_month(
        [typed(KpiRow, row) for row in kpis.to_dicts() if row["billing_currency"] in (view.currency, None)], view.month
    )
    tables = (footprint_table(month, view.money),) if month else ()
    return finding_of(chart_of("emitted", title, source, figure, _NO_TABLE), facts, *tables)


def _is_of(row: dict[str, Any], view: View) -> bool:
    return bool(row["billing_month"] == view.month and row["billing_currency"] == view.currency)
