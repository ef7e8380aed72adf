"""The findings of a month's review that no other notebook has: kinds of advice, the register, the invoice."""

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from pipelines.reporting.advice_areas import RULES_OF, advice_of_area
from pipelines.reporting.advice_rows import Advice
from pipelines.reporting.display import Cell, Column, Line, Table, amount, text
from pipelines.reporting.figures import LESS_COLOUR
from pipelines.reporting.folding import cents_adding_up
from pipelines.reporting.money import NOTHING, count, total
from pipelines.reporting.monthly_charts import waterfall_chart
from pipelines.reporting.monthly_evidence import residual_table
from pipelines.reporting.monthly_further import accuracy_table
from pipelines.reporting.monthly_register import accepted_table, delay_words, funnel_table, stages
from pipelines.reporting.notebook_charts import ranked_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_view import View
from pipelines.reporting.outlook_rows import Outlook

if TYPE_CHECKING:
    import polars as pl

_ADVICE = "gold.recommendations"
_NO_TABLE = Table("chart", "", (), ())
_DISTANCES = ("day 1", "day 7", "day 30", "month_end", "next_month", "next_quarter")
_NAMES = {
    "idle": "Idle resources",
    "rightsizing": "Rightsizing",
    "gpu": "GPU and AI",
    "storage": "Storage lifecycle",
    "telemetry": "Telemetry",
    "rates": "Rates and commitments",
    "other": "Other",
}


def areas(found: "pl.DataFrame", view: View) -> Finding:
    """What can be saved by kind of advice: the kinds add up to all that is counted."""
    advice, source = _advice(found, view), view.newest_source(_ADVICE)
    parts = {area: advice_of_area(advice, area) for area in (*RULES_OF, "other")}
    facts: Facts = {"counted_saving": total(part.counted_saving for part in parts.values())}
    ranked = sorted((area for area, part in parts.items() if part.rows), key=lambda each: -parts[each].counted_saving)
    if not advice.counted:
        return Finding("No rule advises to save anything now", source, facts)
    sums = [parts[area].counted_saving for area in ranked]
    title = f"{_NAMES[ranked[0]]} would save most: {view.money.headline(sums[0])} a month"
    bars = [(_NAMES[area], (saving,)) for area, saving in zip(ranked, sums, strict=True) if saving]
    figure = ranked_figure(bars, (("saves a month", LESS_COLOUR),), view.money.exact)
    chart = chart_of("areas", title, source, figure, _NO_TABLE)
    cents = cents_adding_up(sums, advice.counted_saving, view.money)
    lines = []
    for area, saving in zip(ranked, cents, strict=True):
        unowned = [row for row in parts[area].counted if not (row.owner or row.team)]
        cells = (Cell(count(len(parts[area].counted))), Cell(view.money.exact(saving)))
        nobody = Cell(count(len(unowned)), tone="finding") if unowned else Cell(NOTHING, tone="quiet")
        lines.append(Line((text(_NAMES[area]), *cells, nobody)))
    whole = (Cell(count(len(advice.counted))), Cell(view.money.exact(advice.counted_saving)), text(""))
    lines.append(Line((text("Total"), *whole), kind="total"))
    columns = (
        Column("Kind", numeric=False),
        Column("Findings"),
        Column("Saves a month", lead=True),
        Column("Without an owner"),
    )
    return finding_of(chart, facts, Table("areas", "What can be saved, by kind", columns, tuple(lines)))


def register(found: "pl.DataFrame", proved: "pl.DataFrame", view: View) -> Finding:
    """How far advice has come, and what waiting costs: gold.recommendations with gold.savings."""
    advice, source = _advice(found, view, savings=proved), view.newest_source(_ADVICE, "gold.savings")
    first, *_, last = stages(advice)
    facts: Facts = {"found_saving": first.saving, "proved_saving": last.saving}
    today = advice.judged_on or view.report.as_of.date()
    accepted = accepted_table(advice, view.money, today)
    tables = (funnel_table(advice, view.money), *([accepted] if accepted else []))
    return Finding(delay_words(advice, view.money, today).rstrip("."), source, facts, tables=tables)


def paid(waterfall: "pl.DataFrame", bill: "pl.DataFrame", view: View) -> Finding:
    """How list prices lead to what is paid: rows of gold.invoice_waterfall, with why charges and consumption differ."""
    report = view.with_rows(invoice_waterfall=waterfall, reconciliation=bill)
    source = view.source("gold.invoice_waterfall", "gold.reconciliation")
    known = [row for row in report.waterfall if row.amount is not None]
    facts: Facts = {"steps": len(known), "last_amount": known[-1].amount if known else None}
    chart, residual = waterfall_chart(report, view.money), residual_table(report, view.money)
    if chart is None:
        return Finding(f"No step of the bill of {view.name} is known yet", source, facts, tables=(residual,))
    return Finding(chart.title, source, facts, chart, (residual,) if residual.lines else ())


def trusted(accuracy: "pl.DataFrame", forecasts: "pl.DataFrame", view: View) -> Finding:
    """How good such forecasts were: rows of gold.forecast_accuracy."""
    report = view.with_rows(forecast_accuracy=accuracy, forecasts=forecasts)
    outlook, source = report.outlook or Outlook(), view.newest_source("gold.forecast_accuracy")
    whole = outlook.whole("month_end")
    rows = [row for row in outlook.accuracy if row.level == "organization" and row.target in _DISTANCES]
    rows = [row for row in rows if row.wape is not None]
    facts: Facts = {"targets": len(rows)}
    if whole is None or not rows:
        return Finding("No forecast has an outcome yet", source, facts)
    better = sum(bool(row.beats_naive) for row in rows)
    title = f"At {count(better)} of {count(len(rows))} distances forecasts beat the last week again"
    return Finding(title, source, facts, tables=(accuracy_table(outlook, whole, view.money),))


def invoiced(invoices: "pl.DataFrame", view: View) -> Finding:
    """Charges, consumption and invoice of each month side by side: rows of gold.invoice_reconciliation."""
    rows = [row for row in invoices.sort("billing_month").to_dicts() if row["billing_currency"] == view.currency]
    source = view.newest_source("gold.invoice_reconciliation")
    money = view.money
    alarms = sum(row["alarms"] or 0 for row in rows)
    judged = [row for row in rows if row["consumption_residual"] is not None]
    equal = [row for row in judged if not money.rounded(row["consumption_residual"])]
    facts: Facts = {"months": len(rows), "invoiced": len(judged), "equal": len(equal), "alarms": alarms}
    if not rows:
        return Finding("No month has charges", source, facts)
    columns = (
        Column("Month", numeric=False),
        *(Column(each) for each in ("Charges", "Consumption", "Invoice")),
        Column("Consumption − invoice", lead=True),
        Column("Alarms"),
        Column("Invoice is", numeric=False),
    )
    lines = [
        Line(
            (
                text(row["billing_month"]),
                *(amount(row[each], money) for each in ("charged_cost", "consumed_cost", "invoiced_cost")),
                amount(row["consumption_residual"], money),
                Cell(count(row["alarms"]), tone="finding") if row["alarms"] else Cell(NOTHING, tone="quiet"),
                text(row["invoice_state"] or "not issued"),
            )
        )
        for row in rows
    ]
    title = f"{count(len(equal))} of {count(len(judged))} invoices agree with consumption to the cent"
    title += f"; {count(alarms)} lines beyond tolerance" if alarms else ""
    return Finding(title, source, facts, tables=(Table("invoiced", "Three views of one bill", columns, tuple(lines)),))


def moment(view: View) -> datetime:
    """Until when the newest charges of the view are known."""
    until = max((row["charges_until"] for row in view.summary.to_dicts() if row["charges_until"]), default=None)
    return view.report.as_of if until is None else datetime.combine(until, time(), UTC)


def _advice(found: "pl.DataFrame", view: View, **tables: "pl.DataFrame") -> Advice:
    advice = view.with_rows(recommendations=found, **tables).advice
    assert advice is not None
    return advice
