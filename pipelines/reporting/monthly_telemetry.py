"""Telemetry as a section of the review: what metrics, logs and traces cost, which are worth it, what must stay."""

from pipelines.reporting.advice_areas import TELEMETRY, AreaAdvice, advice_of_area
from pipelines.reporting.money import MoneyFormat, divided, percent, total
from pipelines.reporting.monthly_areas import NOT_ASKED, area_lead, findings_table, notes_of
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.review_section import ReviewSection
from pipelines.reporting.sentence import month_name
from pipelines.reporting.storage_rows import costs_of
from pipelines.reporting.telemetry_rows import COCKPIT, Telemetry, planned_for
from pipelines.reporting.telemetry_tables import protected_words, signals_table, streams_table

TITLE = "Telemetry"
NOTHING_FOUND = "No metric and no log is found to cost more than it is worth."
_WORTH = (
    "How often a stream is asked for is not told by Cockpit: name it under "
    "recommendations.rules.telemetry_budget.queries, and what nobody asks for is found."
)


def telemetry_section(report: MonthlyInput, money: MoneyFormat) -> ReviewSection | None:
    """The section; None where neither a cost, a stream nor advice is known of."""
    telemetry, costs = report.telemetry or Telemetry(), costs_of(report.residuals, COCKPIT)
    found = AreaAdvice(()) if report.advice is None else advice_of_area(report.advice, TELEMETRY)
    if not (telemetry.streams or costs or found.rows):
        return None
    tables = (
        signals_table(costs, report.month, money),
        findings_table(found.saving, money, report.as_of.date(), TELEMETRY, "What to change"),
        streams_table(telemetry, planned_for(found.saving), money),
    )
    asked = any(row.queries_per_month is not None for row in telemetry.streams)
    notes = (
        protected_words(telemetry, money),
        *notes_of(found, money),
        _WORTH if telemetry.streams and not asked else "",
    )
    return ReviewSection(
        name=TELEMETRY,
        title=TITLE,
        lead=area_lead(found, money) if found.saving else "",
        cost=_cost_words(report, money),
        nothing="" if found.saving else NOT_ASKED if report.advice is None else NOTHING_FOUND,
        tables=tuple(table for table in tables if table.lines),
        notes=tuple(note for note in notes if note),
    )


def _cost_words(report: MonthlyInput, money: MoneyFormat) -> str:
    costs = costs_of(report.residuals, COCKPIT)
    if not costs:
        return ""
    whole = total(costs.values())
    told = f"Telemetry cost {money.headline(whole)} in {month_name(report.month)}"
    if report.summary.billed_cost > 0:
        told += f", {percent(divided(whole, report.summary.billed_cost), money.locale)} of the month"
    return f"{told}."
