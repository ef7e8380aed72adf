"""The findings about telemetry: what it costs, which streams, what is protected, what would change."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.reporting.advice_areas import TELEMETRY, AreaAdvice, advice_of_area
from pipelines.reporting.display import Cell, Column, Line, Table, name, text
from pipelines.reporting.figures import CATEGORY_COLOURS
from pipelines.reporting.folding import cents_adding_up, largest
from pipelines.reporting.money import count, divided, percent, quantized, total
from pipelines.reporting.monthly_areas import area_lead, findings_table
from pipelines.reporting.notebook_charts import ranked_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_view import View
from pipelines.reporting.storage_rows import costs_of
from pipelines.reporting.telemetry_rows import COCKPIT, LOGS, METRICS, StreamRow, Telemetry, name_of, planned_for
from pipelines.reporting.telemetry_tables import fate, protected_words, signals_table, streams_table

if TYPE_CHECKING:
    import polars as pl

SHOWN = 12
_STREAMS, _ADVICE = "gold.telemetry_streams", "gold.recommendations"
_NO_TABLE = Table("chart", "", (), ())
_UNKNOWN = "What streams cost is not known: no data source is both measured and charged"


def cost(reconciliation: "pl.DataFrame", view: View) -> Finding:
    """What metrics, logs and traces cost in the month: rows of gold.reconciliation."""
    costs = costs_of(view.with_rows(reconciliation=reconciliation).residuals, COCKPIT)
    whole, source = total(costs.values()), view.source("gold.reconciliation")
    facts: Facts = {"billed_cost": whole, "skus": len(costs)}
    if not costs:
        return Finding("Nothing was charged for telemetry in this month", source, facts)
    dearest = max(costs, key=lambda sku: costs[sku])
    share = percent(divided(costs[dearest], whole), view.money.locale) if whole else ""
    title = f"Telemetry cost {view.money.headline(whole)}; {name_of(dearest)} made up {share} of it"
    ranked = sorted(costs, key=lambda sku: (-costs[sku], sku))
    cents = cents_adding_up([costs[sku] for sku in ranked], whole, view.money)
    bars = [(name_of(sku), (amount,)) for sku, amount in zip(ranked, cents, strict=True)]
    figure = ranked_figure(bars, (("cost", CATEGORY_COLOURS[0]),), view.money.exact)
    chart = chart_of("telemetry-cost", title, source, figure, _NO_TABLE)
    return finding_of(chart, facts, signals_table(costs, view.month, view.money))


def streams(rows: "pl.DataFrame", found: "pl.DataFrame", view: View) -> Finding:
    """The services and metrics that cost most: rows of gold.telemetry_streams."""
    telemetry, source = telemetry_in(rows, view), view.newest_source(_STREAMS, _ADVICE)
    priced = telemetry.priced
    facts: Facts = {"streams": len(priced), "monthly_cost": total(row.cost or Decimal(0) for row in priced)}
    if not priced:
        return Finding(_UNKNOWN, source, facts)
    title = f"{priced[0].label} costs most: {view.money.headline(priced[0].cost or Decimal(0))} a month"
    bars = [(row.label, (row.cost or Decimal(0),)) for row in priced[:SHOWN]]
    figure = ranked_figure(bars, (("costs a month", CATEGORY_COLOURS[0]),), view.money.exact)
    chart = chart_of("telemetry-streams", title, source, figure, _NO_TABLE)
    return finding_of(chart, facts, streams_table(telemetry, planned_for(area_in(found, view).saving), view.money))


def classes(rows: "pl.DataFrame", view: View) -> Finding:
    """What logs cost by class, and which of them no plan may touch."""
    telemetry, source = telemetry_in(rows, view), view.newest_source(_STREAMS)
    logs = [row for row in telemetry.streams if row.signal == LOGS and row.cost is not None]
    kept = total(row.cost or Decimal(0) for row in logs if row.is_protected)
    whole = total(row.cost or Decimal(0) for row in logs)
    facts: Facts = {"monthly_cost": whole, "protected_cost": kept}
    if not logs:
        return Finding("No logs are both measured and charged", source, facts)
    share = percent(divided(kept, whole), view.money.locale) if whole else ""
    title = f"Of {view.money.headline(whole)} a month for logs, {view.money.headline(kept)} ({share}) are protected"
    groups: dict[str, list[StreamRow]] = {}
    for row in logs:
        groups.setdefault(row.log_class or "unknown", []).append(row)
    costs = {each: total(row.cost or Decimal(0) for row in held) for each, held in groups.items()}
    ranked = sorted(costs, key=lambda each: -costs[each])
    cents = cents_adding_up([costs[each] for each in ranked], whole, view.money)
    lines = [
        Line((text(each), Cell(view.money.exact(amount)), text(_kept_word(groups[each][0]))))
        for each, amount in zip(ranked, cents, strict=True)
    ]
    columns = (Column("Class", numeric=False), Column("Costs a month", lead=True), Column("Plans", numeric=False))
    table = Table("telemetry-classes", "Logs by class", columns, tuple(lines))
    figure = ranked_figure(
        [(each, (costs[each],)) for each in ranked], (("costs a month", CATEGORY_COLOURS[0]),), view.money.exact
    )
    chart = chart_of("telemetry-classes", title, source, figure, _NO_TABLE)
    return finding_of(chart, facts, table, notes=(protected_words(telemetry, view.money),))


def _kept_word(row: StreamRow) -> str:
    return "never touch it" if row.is_protected else "may sample, drop or archive it"


def metrics(rows: "pl.DataFrame", found: "pl.DataFrame", view: View) -> Finding:
    """The metrics with most series, and what becomes of each."""
    telemetry, source = telemetry_in(rows, view), view.newest_source(_STREAMS, _ADVICE)
    named = [row for row in telemetry.streams if row.signal == METRICS and row.metric_name and row.active_series]
    facts: Facts = {"metrics": len(named), "active_series": sum(row.active_series or 0 for row in named)}
    if not named:
        return Finding("Which metrics are sent was not measured", source, facts)
    plans = planned_for(area_in(found, view).saving)
    shown = largest(named, lambda row: Decimal(row.active_series or 0), SHOWN)
    lines = [_metric_line(row, plans, view) for row in shown.shown]
    if shown.folded:
        series = count(sum(row.active_series or 0 for row in shown.folded), view.money.locale)
        blank = text("")
        lines.append(Line((text(f"… and {count(len(shown.folded))} more"), Cell(series), blank, blank), kind="fold"))
    columns = (
        Column("Metric", numeric=False),
        Column("Series", lead=True),
        Column("Costs a month"),
        Column("What becomes of it", numeric=False),
    )
    title = f"{shown.shown[0].label} has most series: {count(shown.shown[0].active_series or 0, view.money.locale)}"
    table = Table("telemetry-metrics", "The metrics with most series", columns, tuple(lines))
    return Finding(title, source, facts, tables=(table,))


def _metric_line(row: StreamRow, plans: Mapping[tuple[str, str], str], view: View) -> Line:
    cost = Cell("—", tone="quiet") if row.cost is None else Cell(view.money.exact(row.cost))
    series = count(row.active_series or 0, view.money.locale)
    return Line((name(row.label, note=row.source_name), Cell(series), cost, fate(row, plans)))


def changes(found: "pl.DataFrame", view: View) -> Finding:
    """What plans change, and what that saves: rows of gold.recommendations."""
    area, source = area_in(found, view), view.newest_source(_ADVICE)
    facts: Facts = {"actions": len(area.counted), "monthly_saving": area.counted_saving}
    judged = max((row.judged_on for row in area.rows), default=None)
    if judged is None or not area.saving:
        return Finding("No metric and no log is found to cost more than it is worth", source, facts)
    table = findings_table(area.saving, view.money, judged, TELEMETRY, "What to change")
    return Finding(area_lead(area, view.money).rstrip("."), source, facts, tables=(table,))


def worth(rows: "pl.DataFrame", view: View) -> Finding:
    """How often streams are asked for, for each euro they cost; only where the settings say how often."""
    telemetry, source = telemetry_in(rows, view), view.newest_source(_STREAMS)
    scored = [row for row in telemetry.priced if row.queries_for_each_euro is not None]
    facts: Facts = {"scored": len(scored), "unscored": len(telemetry.priced) - len(scored)}
    if not scored:
        told = (
            "How often streams are asked for is not told: name it under recommendations.rules.telemetry_budget.queries"
        )
        return Finding(told, source, facts)
    ranked = sorted(scored, key=_score)
    lines = [
        Line((name(row.label), Cell(f"{quantized(_score(row), 1):f}"), Cell(view.money.exact(row.cost or Decimal(0)))))
        for row in ranked[:SHOWN]
    ]
    columns = (Column("Stream", numeric=False), Column("Queries for a euro", lead=True), Column("Costs a month"))
    title = f"{ranked[0].label} is worth least: {quantized(_score(ranked[0]), 1):f} queries for a euro"
    return Finding(title, source, facts, tables=(Table("worth", "What is worth least first", columns, tuple(lines)),))


def _score(row: StreamRow) -> Decimal:
    return row.queries_for_each_euro or Decimal(0)


def kept(rows: "pl.DataFrame", view: View) -> Finding:
    """How long each data source keeps what it takes in."""
    telemetry, source = telemetry_in(rows, view), view.newest_source(_STREAMS)
    sources: dict[str, StreamRow] = {row.data_source_id: row for row in telemetry.streams}
    facts: Facts = {"sources": len(sources)}
    if not sources:
        return Finding("No data source that is billed was measured", source, facts)
    lines = [
        Line((name(row.source_name), text(row.signal), Cell(_days(row)), _charged(row, view)))
        for row in sorted(sources.values(), key=lambda row: row.source_name)
    ]
    columns = (
        Column("Data source", numeric=False),
        Column("Holds", numeric=False),
        Column("Kept for", lead=True),
        Column("Taking it in costs a month"),
    )
    longest = max(sources.values(), key=lambda row: row.retention_days or 0)
    title = f"{longest.source_name} keeps longest: {_days(longest)}"
    return Finding(title, source, facts, tables=(Table("kept", "What data sources keep", columns, tuple(lines)),))


def _days(row: StreamRow) -> str:
    return "not known" if row.retention_days is None else f"{count(row.retention_days)} days"


def _charged(row: StreamRow, view: View) -> Cell:
    return Cell("—", tone="quiet") if row.charged_cost is None else Cell(view.money.exact(row.charged_cost))


def area_in(found: "pl.DataFrame", view: View) -> AreaAdvice:
    """Advice about telemetry in the frame."""
    advice = view.with_rows(recommendations=found).advice
    assert advice is not None
    return advice_of_area(advice, TELEMETRY)


def telemetry_in(rows: "pl.DataFrame", view: View) -> Telemetry:
    """The streams of the frame in the view's currency."""
    return view.with_rows(telemetry_streams=rows).telemetry or Telemetry()
