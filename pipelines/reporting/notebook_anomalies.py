"""The findings about anomalies: which there are, one in detail, what caused it, how often such alarms are right."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.reporting.anomaly_rows import COST, Anomalies, AnomalyRow, CauseRow
from pipelines.reporting.anomaly_tables import anomalies_table, answered_table, event_chart, precision_words
from pipelines.reporting.anomaly_words import (
    confidence_words,
    event_sentence,
    narrowest,
    scope_words,
    shown_change,
)
from pipelines.reporting.display import Cell, Column, Line, Table, name, sentence_case, text
from pipelines.reporting.figures import LESS_COLOUR, MORE_COLOUR
from pipelines.reporting.folding import largest
from pipelines.reporting.money import NOTHING, count, percent, total
from pipelines.reporting.monthly_anomalies import anomalies_block, anomalies_counted
from pipelines.reporting.monthly_input import read_anomalies
from pipelines.reporting.notebook_charts import ranked_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_view import View
from pipelines.reporting.sentence import in_text

if TYPE_CHECKING:
    import polars as pl

SHOWN = 10
_TABLE = "gold.anomalies"
_COLOURS = (("more", MORE_COLOUR), ("less", LESS_COLOUR))
_NO_TABLE = Table("chart", "", (), ())
_HUNDRED = Decimal(100)


def happened(found: "pl.DataFrame", view: View) -> Finding:
    """The anomalies with a day in the month, the largest first: rows of gold.anomalies."""
    block = anomalies_block(view.with_rows(anomalies=found), view.money)
    assert block is not None
    rows = _all(found, view).rows
    facts: Facts = {"rows": len(rows), "to_act": sum(row.is_actionable for row in rows)}
    title = block.lead.rstrip(".") if block.lead else block.table.empty.rstrip(".")
    tables = tuple(table for table in (block.table, block.answered) if table and table.lines)
    notes = (block.precision,) if block.precision else ()
    return Finding(title, view.source(_TABLE), facts, tables=tables, notes=notes)


def by_project(found: "pl.DataFrame", view: View) -> Finding:
    """Where anomalies of cost came from and what they cost: all that there are, by project."""
    rows = [row for row in _all(found, view).rows if row.subject == COST and row.impact is not None]
    source = view.source(_TABLE)
    if not rows:
        return Finding("No anomaly of cost has been found", source, {"rows": 0})
    sums: dict[str, list[Decimal]] = {}
    for row in rows:
        sums.setdefault(row.project_name or row.project_id or "the whole organisation", []).append(row.impact or _ZERO)
    folded = largest([(project, total(parts)) for project, parts in sums.items()], lambda one: abs(one[1]), SHOWN)
    leading, amount = folded.shown[0]
    title = f"{anomalies_counted(len(rows), view.money)} of cost so far; most in {in_text(leading)}: "
    title += f"{view.money.signed_headline(amount)} against what was expected"
    figure = ranked_figure([_both_ways(*one) for one in folded.shown], _COLOURS, view.money.signed)
    counts = Counter(row.project_name or row.project_id or "the whole organisation" for row in rows)
    lines = [Line((name(project), Cell(count(counts[project])), Cell(view.money.signed(whole)))) for project, whole in
             folded.shown]  # fmt: skip
    columns = (Column("Project", numeric=False), Column("Anomalies"), Column("Impact", lead=True))
    facts: Facts = {"rows": len(rows), "project": leading, "impact": amount}
    chart = chart_of("projects", title, source, figure, _NO_TABLE)
    return finding_of(chart, facts, Table("projects", "Anomalies of cost by project", columns, tuple(lines)))


def one(found: "pl.DataFrame", days: "pl.DataFrame", view: View, anomaly: str | None = None) -> Finding:
    """The days around an anomaly with the band of what was expected; without an id, the one that `chosen` names."""
    source = view.source(_TABLE, "gold.anomaly_days")
    row = chosen(_all(found, view), view, anomaly)
    if row is None:
        return Finding(_none(anomaly), source, {})
    facts: Facts = {"anomaly_id": row.anomaly_id, "actual": row.actual, "expected": row.expected, "impact": row.impact}
    table = anomalies_table("one", "In figures", (row,), view.money, _year(view), "")
    chart = event_chart(row, _all(found, view, days=days), view.money, _year(view))
    notes = tuple(each for each in (row.explanation, row.state_reason) if each)
    if chart is None:
        return Finding(event_sentence(row, view.money, _year(view)), source, facts, tables=(table,), notes=notes)
    return Finding(chart.title, source, facts, chart, (table,), notes)


def caused(found: "pl.DataFrame", causes: "pl.DataFrame", view: View, anomaly: str | None = None) -> Finding:
    """The parts of an anomaly's scope by what they moved, level by level: gold.anomaly_causes."""
    source = view.source("gold.anomaly_causes")
    every = _all(found, view, causes=causes)
    row = chosen(every, view, anomaly)
    parts = every.causes_of(row) if row else ()
    if row is None or not parts:
        return Finding(_none(anomaly) if row is None else "It has no part below it that is known", source, {})
    title = f"Root cause: {row.root_cause or scope_words(parts[0])}"
    facts: Facts = {"anomaly_id": row.anomaly_id, "causes": len(parts), "impact": parts[0].impact}
    shown = [part for part in parts[:SHOWN] if part.impact is not None]
    bars = [_both_ways(narrowest(part), part.impact or _ZERO) for part in shown]
    figure = ranked_figure(bars, _COLOURS, lambda value: shown_change(value, row, view.money))
    return finding_of(chart_of("causes", title, source, figure, _NO_TABLE), facts, _causes(parts, row, view))


def _causes(parts: Sequence[CauseRow], row: AnomalyRow, view: View) -> Table:
    lines = [
        Line(
            (
                name(scope_words(part), note=part.level),
                Cell(shown_change(part.impact, row, view.money)),
                Cell(NOTHING if part.share_percent is None else percent(part.share_percent / _HUNDRED)),
            )
        )
        for part in parts[:SHOWN]
    ]
    columns = (Column("Part", numeric=False), Column("Impact", lead=True), Column("Share"))
    return Table("causes", "Parts by what they moved", columns, tuple(lines))


def changed(found: "pl.DataFrame", changes: "pl.DataFrame", view: View, anomaly: str | None = None) -> Finding:
    """What else changed where and when an anomaly began: gold.anomaly_changes."""
    source = view.source("gold.anomaly_changes")
    every = _all(found, view, changes=changes)
    row = chosen(every, view, anomaly)
    rows = every.changes_of(row) if row else ()
    if row is None or not rows:
        return Finding(_none(anomaly) if row is None else "Nothing else is known to have changed then", source, {})
    lines = [
        Line(
            (
                text(sentence_case(each.change.replace("_", " ")), note=each.resource_name or each.resource_id or ""),
                text(f"{each.changed_on.day} {each.changed_on:%b}"),
                text(each.what or NOTHING),
                text(each.who or NOTHING),
            )
        )
        for each in rows[:SHOWN]
    ]
    labels = (Column(label, numeric=False) for label in ("Day", "What", "Who"))
    table = Table("changes", "What else changed", (Column("Change", numeric=False), *labels), tuple(lines))
    kinds = ", ".join(each.replace("_", " ") for each in dict.fromkeys(each.change for each in rows))
    title = f"{count(len(rows))} thing{'' if len(rows) == 1 else 's'} changed when it began: {kinds}"
    return Finding(title, source, {"anomaly_id": row.anomaly_id, "changes": len(rows)}, tables=(table,))


def right(found: "pl.DataFrame", view: View) -> Finding:
    """How often alarms of each kind are right, as it was measured: the confidence of gold.anomalies."""
    rows, source = _all(found, view).rows, view.source(_TABLE)
    if not rows:
        return Finding("There is no alarm whose confidence could be told", source, {})
    kinds: dict[str, list[AnomalyRow]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row)
    lines = [
        Line((text(sentence_case(kind.replace("_", " "))), Cell(_range(held, view)), Cell(count(len(held)))))
        for kind, held in sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    columns = (Column("Kind", numeric=False), Column("Measured precision", lead=True), Column("Alarms so far"))
    table = Table("precision", "Confidence by kind of anomaly", columns, tuple(lines))
    note = "Precision is the share of alarms that were right, on series whose anomalies are known; how it was measured "
    note += "and beside which other methods stands in docs/anomaly_accuracy.md."
    facts: Facts = {"rows": len(rows), "kinds": len(kinds)}
    return Finding(precision_words(rows, view.money).partition(":")[0], source, facts, tables=(table,), notes=(note,))


def answered(found: "pl.DataFrame", view: View) -> Finding:
    """Where all anomalies stand, and why nobody has to act on some."""
    rows, source = _all(found, view).rows, view.source(_TABLE)
    if not rows:
        return Finding("Nothing waits for an answer", source, {"rows": 0, "open": 0})
    waiting = [row for row in rows if row.is_actionable]
    quiet = [row for row in rows if not row.is_actionable]
    states = Counter(row.state for row in rows)
    told = ", ".join(f"{count(number)} {state}" for state, number in states.most_common())
    title = f"{anomalies_counted(len(rows), view.money)}: {told}"
    year = _year(view)
    tables = (
        anomalies_table("waiting", "Waiting for an answer", waiting, view.money, year, ""),
        answered_table(quiet, view.money, year),
    )
    facts: Facts = {"rows": len(rows), "open": len(waiting)}
    note = 'Answer one with `finops anomalies close ID --reason "…"`; what is said changes later judgement.'
    shown = tuple(table for table in tables if table.lines)
    return Finding(title, source, facts, tables=shown, notes=(note,))


def chosen(found: Anomalies, view: View, anomaly: str | None = None) -> AnomalyRow | None:
    """The anomaly of this id; without one the largest of the month to act on, else of all. None where there is none."""
    if anomaly is not None:
        return next((row for row in found.rows if row.anomaly_id == anomaly), None)
    month = [row for row in found.rows if f"{row.first_day:%Y-%m}" <= view.month <= f"{row.last_day:%Y-%m}"]
    ranked = sorted(month or found.rows, key=lambda row: (not row.is_actionable, row.rank))
    return ranked[0] if ranked else None


_ZERO = Decimal(0)


def _all(found: "pl.DataFrame", view: View, **tables: "pl.DataFrame") -> Anomalies:
    """The frames as typed rows of the view's currency."""
    frames = {_TABLE: found, **{f"gold.anomaly_{each}": frame for each, frame in tables.items()}}
    rows: Mapping[str, list[dict[str, object]]] = {table: frame.to_dicts() for table, frame in frames.items()}
    anomalies = read_anomalies(rows, view.currency, is_first=True)
    assert anomalies is not None
    return anomalies


def _both_ways(label: str, amount: Decimal) -> tuple[str, tuple[Decimal, Decimal]]:
    return label, (max(amount, _ZERO), min(amount, _ZERO))


def _range(rows: Sequence[AnomalyRow], view: View) -> str:
    known = sorted({row.confidence for row in rows if row.confidence is not None})
    if not known:
        return "not measured"
    low, high = (confidence_words(value, view.money) for value in (known[0], known[-1]))
    return low if low == high else f"{low} to {high}"


def _none(anomaly: str | None) -> str:
    return "No anomaly has been found" if anomaly is None else f"No anomaly has the id {anomaly}"


def _year(view: View) -> int:
    return int(view.month[:4])
