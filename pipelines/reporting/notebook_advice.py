"""The findings about recommendations: what can be saved, what overlaps, one in detail, what actions saved."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.advice_rows import Advice, RecommendationRow
from pipelines.reporting.advice_tables import ADVICE_COLUMNS, advice_table, effort_table, line_of, spending_table
from pipelines.reporting.display import Cell, Column, Line, Table, name, sentence_case, text
from pipelines.reporting.figures import LESS_COLOUR
from pipelines.reporting.folding import largest, shortened
from pipelines.reporting.money import NOTHING, count, total
from pipelines.reporting.monthly_advice import advice_lead, aside_words, unjudged_words
from pipelines.reporting.notebook_charts import ranked_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_view import View
from pipelines.reporting.saved_tables import accuracy_table, saved_chart, saved_lead, saved_table
from pipelines.reporting.unjudged_tables import unjudged_table

if TYPE_CHECKING:
    import polars as pl

SHOWN = 10
RIGHTSIZING = "oversized_instance"
_TABLE = "gold.recommendations"
_NO_TABLE = Table("chart", "", (), ())
_LONGEST_FACT = 160
_NOT_FACTS = ("query", "chance_of_use_by_hour_of_week")


def to_do(found: "pl.DataFrame", view: View) -> Finding:
    """What can be saved, by rule and by how much work it is: rows of gold.recommendations."""
    advice, source = advice_in(found, view), view.newest_source(_TABLE)
    facts: Facts = {"actions": len(advice.counted), "counted_saving": advice.counted_saving}
    if not advice.counted:
        return Finding("No rule advises to save anything now", source, facts)
    title = advice_lead(advice, view.money)
    sums: dict[str, list[Decimal]] = {}
    for row in advice.counted:
        sums.setdefault(sentence_case(row.rule.replace("_", " ")), []).append(row.monthly_saving)
    folded = largest([(rule, total(parts)) for rule, parts in sums.items()], lambda one: one[1], SHOWN)
    bars = [(rule, (whole,)) for rule, whole in folded.shown]
    if folded.folded:
        bars.append((f"… and {count(len(folded.folded))} more", (total(whole for _, whole in folded.folded),)))
    figure = ranked_figure(bars, (("saves a month", LESS_COLOUR),), view.money.exact)
    chart = chart_of("rules", title, source, figure, _NO_TABLE)
    tables = (effort_table(advice, view.money), advice_table(advice, view.money))
    aside = aside_words(advice, view.money)
    return finding_of(chart, facts, *tables, notes=(aside,) if aside else ())


def overlapping(found: "pl.DataFrame", view: View) -> Finding:
    """Which advice saves the same money, and which of it is counted."""
    advice, source = advice_in(found, view), view.newest_source(_TABLE)
    others = [row for row in advice.saving if not row.is_counted]
    facts: Facts = {
        "overlapping": len(others),
        "counted_saving": advice.counted_saving,
        "naive_saving": advice.naive_saving,
    }
    if not others:
        return Finding("No two recommendations save on the same resource", source, facts)
    by_id = {row.recommendation_id: row for row in advice.to_do}
    lines = [
        Line(
            (
                name(row.action, note=row.recommendation_id),
                Cell(view.money.exact(row.monthly_saving)),
                name(
                    "; ".join(by_id[each].action for each in row.overlapping if _is_counted(by_id.get(each))) or NOTHING
                ),
            )
        )
        for row in others[:SHOWN]
    ]
    if rest := others[SHOWN:]:
        lines.append(Line((text(f"… and {count(len(rest))} more"), text(""), text("")), kind="fold"))
    columns = (
        Column("Not counted", numeric=False),
        Column("Saves a month", lead=True),
        Column("Since this is", numeric=False),
    )
    table = Table("overlaps", "What is not added, and what is counted in its place", columns, tuple(lines))
    them = "recommendation overlaps" if len(others) == 1 else "recommendations overlap"
    can, cannot = (view.money.headline(each) for each in (advice.counted_saving, advice.naive_saving))
    title = f"{count(len(others))} {them} with what is counted: {can} can be saved, not {cannot}"
    return Finding(title, source, facts, tables=(table,))


def _is_counted(row: RecommendationRow | None) -> bool:
    return row is not None and row.is_counted


def one(found: "pl.DataFrame", view: View, recommendation: str | None = None) -> Finding:
    """The numbers one recommendation stands on; without an id, of the one that `chosen` names."""
    source = view.newest_source(_TABLE)
    row = chosen(advice_in(found, view), recommendation)
    if row is None:
        return Finding(none_words(recommendation), source, {})
    facts: Facts = {
        "recommendation_id": row.recommendation_id,
        "resource_id": row.resource_id,
        "monthly_saving": row.monthly_saving,
    }
    given = Table("one", "What is advised", ADVICE_COLUMNS, (line_of(row, view.money),))
    notes = [row.reason]
    if query := row.facts.get("query"):
        notes.append(f"The main number again: {query}")
    title = f"{row.action}: {_saves(row, view)}"
    return Finding(title, source, facts, tables=(given, _evidence(row)), notes=tuple(notes))


def _saves(row: RecommendationRow, view: View) -> str:
    word = "saves" if row.monthly_saving >= 0 else "costs"
    return f"{word} {view.money.headline(abs(row.monthly_saving))} a month"


def _evidence(row: RecommendationRow) -> Table:
    lines = [
        Line((text(label.replace("_", " ")), Cell(_written(value))))
        for label, value in row.facts.items()
        if label not in _NOT_FACTS
    ]
    columns = (Column("Evidence", numeric=False), Column("Value", numeric=False))
    return Table("evidence", "The numbers it stands on", columns, tuple(lines))


def _written(value: Any) -> str:
    """A number with four digits, a missing one said, a list by its parts."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10**4 else f"{value:,.0f}"
    if isinstance(value, list):
        return shortened(", ".join(_written(each) for each in value), _LONGEST_FACT) or "none"
    if isinstance(value, Mapping):
        return shortened(", ".join(f"{each} {_written(held)}" for each, held in value.items()), _LONGEST_FACT)
    return shortened(str(value), _LONGEST_FACT)


def spending(found: "pl.DataFrame", view: View) -> Finding:
    """Where rules say to spend more, so that nothing breaks."""
    advice, source = advice_in(found, view), view.newest_source(_TABLE)
    table = spending_table(advice, view.money)
    facts: Facts = {"actions": len(advice.spending), "monthly_saving": total(r.monthly_saving for r in advice.spending)}
    if table is None:
        return Finding("No rule advises to spend more", source, facts)
    more = view.money.headline(-total(row.monthly_saving for row in advice.spending))
    number = len(advice.spending)
    title = f"{count(number)} thing{'' if number == 1 else 's'} would cost {more} more a month, so that nothing breaks"
    return Finding(title, source, facts, tables=(table,))


def unjudged(found: "pl.DataFrame", missing: "pl.DataFrame", view: View) -> Finding:
    """What could not be judged, and the metric that is missing most: rows of gold.unjudged."""
    advice, source = advice_in(found, view, unjudged=missing), view.newest_source("gold.unjudged")
    table = unjudged_table(advice.unjudged, view.money)
    facts: Facts = {"rows": len(advice.unjudged), "resources": len({row.resource_id for row in advice.unjudged})}
    if table is None:
        return Finding("Nothing was left unjudged", source, facts)
    return Finding(unjudged_words(advice, view.money).rstrip("."), source, facts, tables=(table,))


def saved(found: "pl.DataFrame", proved: "pl.DataFrame", view: View) -> Finding:
    """What actions that were done saved, with the interval of each: rows of gold.savings."""
    advice, source = advice_in(found, view, savings=proved), view.newest_source("gold.savings")
    rows = advice.savings or ()
    facts: Facts = {"actions": len(rows), "counted_saving": advice.proved_saving}
    if not rows:
        return Finding("No action was marked as done, or seen done, so far", source, facts)
    title, table = saved_lead(advice, view.money).rstrip("."), saved_table(rows, view.money)
    chart = saved_chart(rows, view.money, source)
    if chart is None:
        return Finding(title, source, facts, tables=(table,))
    return Finding(title, source, facts, chart, (table,), notes=(f"{chart.title}.",))


def accurate(found: "pl.DataFrame", accuracy: "pl.DataFrame", view: View) -> Finding:
    """What rules predicted and what came of it: rows of gold.rule_accuracy."""
    advice, source = advice_in(found, view, rule_accuracy=accuracy), view.newest_source("gold.rule_accuracy")
    table = accuracy_table(advice.accuracy, view.money)
    facts: Facts = {"rules": len(advice.accuracy)}
    if table is None:
        return Finding("No prediction has an outcome yet", source, facts)
    predicted, realised = (
        total(getattr(row, column) for row in advice.accuracy) for column in ("predicted_saving", "realised_saving")
    )
    title = f"Of {view.money.headline(predicted)} predicted a month {view.money.headline(realised)} came true"
    return Finding(title, source, facts, tables=(table,))


def chosen(advice: Advice, recommendation: str | None = None, rule: str = RIGHTSIZING) -> RecommendationRow | None:
    """The one of this id; without one the largest counted one of the rule, else of all. None where there is none."""
    if recommendation is not None:
        return next((row for row in advice.rows if row.recommendation_id == recommendation), None)
    ranked = sorted(advice.to_do, key=lambda row: (row.rule != rule, not row.is_counted, row.rank))
    return ranked[0] if ranked else None


def resource_of(found: "pl.DataFrame", view: View, recommendation: str | None = None) -> str:
    """The id of the resource that the finding `one` is about; empty where there is none."""
    row = chosen(advice_in(found, view), recommendation)
    return row.resource_id if row else ""


def none_words(recommendation: str | None) -> str:
    """As a title, where there is nothing to show."""
    return (
        "No rule advises anything now" if recommendation is None else f"No recommendation has the id {recommendation}"
    )


def advice_in(found: "pl.DataFrame", view: View, **tables: "pl.DataFrame") -> Advice:
    """The frames as typed rows of the view's currency."""
    advice = view.with_rows(recommendations=found, **tables).advice
    assert advice is not None
    return advice
