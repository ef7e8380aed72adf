"""The findings about the data itself: how fresh it is, where it has gaps, whether labels are as they should be."""

from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.reporting.display import Cell, Column, Line, Table, change, name, sentence_case, text
from pipelines.reporting.folding import largest
from pipelines.reporting.money import NOTHING, count, divided, percent, total
from pipelines.reporting.monthly_evidence import freshness_table
from pipelines.reporting.notebook_page import Facts, Finding
from pipelines.reporting.notebook_review import moment
from pipelines.reporting.notebook_view import View

if TYPE_CHECKING:
    import polars as pl

SHOWN = 10
_FRESH, _POLICY, _RESTATED = "gold.data_freshness", "gold.tag_compliance", "gold.restatements"


def fresh(freshness: "pl.DataFrame", view: View) -> Finding:
    """What each source said last, and when: rows of gold.data_freshness."""
    rows, source = view.with_rows(data_freshness=freshness).freshness, view.newest_source(_FRESH)
    answered = [row.last_answer_at for row in rows if row.last_answer_at]
    facts: Facts = {"sources": len(rows), "answers": sum(row.answers for row in rows)}
    if not answered:
        return Finding("No source has answered yet", source, facts)
    title = f"{count(len(answered))} sources have answered, the last on {max(answered):%Y-%m-%d %H:%M} UTC"
    return Finding(title, source, facts, tables=(freshness_table(rows, moment(view), view.money),))


def gaps(freshness: "pl.DataFrame", view: View) -> Finding:
    """Which measurements miss places, and why."""
    rows, source = view.with_rows(data_freshness=freshness).freshness, view.newest_source(_FRESH)
    missing = [row for row in rows if row.gaps]
    facts: Facts = {"measured": sum(row.is_measured for row in rows), "with_gaps": len(missing)}
    if not missing:
        return Finding("No measurement misses a place it was asked for", source, facts)
    lines = [
        Line(
            (
                name(row.source),
                Cell(f"{count(row.gaps or 0)} of {count(row.places or 0)}", tone="finding"),
                text(row.gap_notes or "no reason known"),
            )
        )
        for row in sorted(missing, key=lambda row: -(row.gaps or 0))
    ]
    columns = (Column("Source", numeric=False), Column("Missing", lead=True), Column("Why", numeric=False))
    title = f"{count(len(missing))} measurement{' misses' if len(missing) == 1 else 's miss'} places"
    return Finding(title, source, facts, tables=(Table("gaps", "What is missing, and why", columns, tuple(lines)),))


def complied(compliance: "pl.DataFrame", view: View) -> Finding:
    """How far labels and names are as the policy wants them, by requirement: rows of gold.tag_compliance."""
    rows = [row for row in compliance.to_dicts() if row["billing_currency"] == view.currency]
    rows = [row for row in rows if row["billing_month"] == view.month]
    source = view.source(_POLICY)
    facts: Facts = {
        "total_items": sum(row["total_items"] for row in rows),
        "compliant_items": sum(row["compliant_items"] for row in rows),
    }
    if not rows:
        return Finding(f"Nothing of {view.name} had to have a label", source, facts)
    wanted = sorted({row["requirement"] for row in rows})
    lines = []
    for requirement in wanted:
        held = [row for row in rows if row["requirement"] == requirement]
        good, all_of_them = (sum(row[each] for row in held) for each in ("compliant_items", "total_items"))
        cost, whole = (total(row[each] or Decimal(0) for row in held) for each in ("compliant_cost", "total_cost"))
        share = percent(divided(cost, whole), view.money.locale) if whole else NOTHING
        counted = f"{count(good)} of {count(all_of_them)}"
        missing = Cell(view.money.exact(whole - cost))
        lines.append(Line((text(sentence_case(requirement)), Cell(share), missing, Cell(counted))))
    columns = (
        Column("Must have", numeric=False),
        Column("Of cost", lead=True),
        Column("Cost without"),
        Column("Resources"),
    )
    worst = max(rows, key=lambda row: (row["total_cost"] or 0) - (row["compliant_cost"] or 0))
    title = f"Most that lacks a label is in {worst['project_name'] or worst['project_id']}: {worst['requirement']}"
    return Finding(title, source, facts, tables=(Table("complied", "Labels and names", columns, tuple(lines)),))


def restated(restatements: "pl.DataFrame", view: View) -> Finding:
    """Which figures of closed months became others, the largest first: rows of gold.restatements."""
    rows = [row for row in restatements.to_dicts() if row["billing_currency"] in (view.currency, "")]
    source, facts = view.newest_source(_RESTATED), {"figures": len(rows)}
    if not rows:
        return Finding("No figure of a closed month has become another one", source, facts)
    folded = largest(rows, lambda row: abs(row["difference"] or Decimal(0)), SHOWN)
    lines = [
        Line(
            (
                name(f"{row['billing_month']}: {row['figure']}", note=row["scope"] or ""),
                change(row["difference"], view.money),
                text(f"{row['first_seen_at']:%Y-%m-%d}", note=row["causes"] or ""),
            )
        )
        for row in folded.shown
    ]
    columns = (Column("Figure", numeric=False), Column("Difference", lead=True), Column("First seen", numeric=False))
    title = f"{count(len(rows))} figures of closed months became others"
    return Finding(title, source, facts, tables=(Table("restated", "What was restated", columns, tuple(lines)),))
