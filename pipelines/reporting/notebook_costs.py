"""The cost explorer's findings: what was spent, by whom, why it changed, who bears it, what nobody owns."""

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.display import Cell, Column, Line, Table, amount, change, name, owner_cell, text
from pipelines.reporting.figures import CATEGORY_COLOURS, REST_COLOUR
from pipelines.reporting.folding import largest, remainder
from pipelines.reporting.money import NOTHING, MoneyFormat, count, divided, percent, total
from pipelines.reporting.monthly_causes import causes_chart
from pipelines.reporting.monthly_charts import bridge_chart, daily_chart, history_chart
from pipelines.reporting.monthly_facts import data_until
from pipelines.reporting.monthly_input import typed
from pipelines.reporting.monthly_rows import CoverageRow, SpenderRow
from pipelines.reporting.monthly_tables import movers_table
from pipelines.reporting.notebook_charts import ranked_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_share_charts import share_figure
from pipelines.reporting.notebook_view import View
from pipelines.reporting.sentence import in_text

if TYPE_CHECKING:
    import polars as pl

    from pipelines.reporting.display import Chart

SHOWN = 10
_NOBODY = "nobody known"
_OWNED = ("project", "resource")  # what has one owner, or none
_DIRECT, _SHARED = ("own cost", CATEGORY_COLOURS[0]), ("share of what is common", CATEGORY_COLOURS[3])


def spent(view: View) -> Finding:
    """What the month cost among the months before it."""
    chart = history_chart(view.report, view.money)
    facts: Facts = {"month": view.month, "billed_cost": view.report.summary.billed_cost}
    return _of(chart, view, facts, "gold.monthly_summary", "No month has charges.")


def by_day(daily: "pl.DataFrame", view: View) -> Finding:
    """What each day cost, by the largest services; rows of gold.daily_costs."""
    report = view.with_rows(daily_costs=daily)
    facts: Facts = {
        "billed_cost": total(row.billed_cost for row in report.daily),
        "days": len({r.charge_date for r in report.daily}),
    }
    return _of(daily_chart(report, view.money), view, facts, "gold.daily_costs", f"No day of {view.name} has charges.")


def by_whom(spenders: "pl.DataFrame", view: View, dimension: str = "project") -> Finding:
    """Who spent most: rows of gold.top_spenders of one dimension, which is project, service, owner or resource."""
    rows = [
        typed(SpenderRow, row) for row in spenders.to_dicts() if _is_of(row, view) and row["dimension"] == dimension
    ]
    source = view.source("gold.top_spenders")
    facts: Facts = {"billed_cost": total(row.billed_cost for row in rows), "rows": len(rows)}
    if not rows:
        return Finding(f"{view.name} has no cost by {dimension}", source, facts)
    money, whole = view.money, view.report.summary.billed_cost
    folded = largest(rows, lambda row: row.billed_cost, SHOWN)
    first = folded.shown[0]
    title = f"{in_text(_called(first, dimension))} cost most: {money.headline(first.billed_cost)}"
    if first.cost_share is not None:
        title += f", {percent(first.cost_share, money.locale)} of {view.name}"
    if len(rows) > 3:
        three = total(row.cost_share or Decimal(0) for row in folded.shown[:3])
        title += f"; three of {count(len(rows), money.locale)} are {percent(three, money.locale)}"
    bars = [(_called(row, dimension), (row.billed_cost,)) for row in folded.shown]
    figure = ranked_figure(bars, [("cost", CATEGORY_COLOURS[0])], money.headline)
    table = _spenders(folded.shown, len(folded.folded), dimension, whole, money)
    return finding_of(chart_of("spenders", title, source, figure, Table("chart", "", (), ())), facts, table)


def _spenders(rows: tuple[SpenderRow, ...], folded: int, dimension: str, whole: Decimal, money: MoneyFormat) -> Table:
    lines = [
        Line(
            (
                name(_called(row, dimension)),
                *((owner_cell(row.owner),) if dimension in _OWNED else ()),
                amount(row.billed_cost, money),
                Cell(percent(row.cost_share, money.locale)),
                change(row.delta_cost, money, money.change_ratio(row.delta_cost, row.previous_cost)),
            )
        )
        for row in rows
    ]
    blank = (text(""),) if dimension in _OWNED else ()
    rest = remainder(whole, [row.billed_cost for row in rows], money)
    if folded or rest:
        label = f"… and {count(folded)} more" if folded else f"… without {dimension}, and rounding"
        lines.append(Line((text(label), *blank, Cell(money.exact(rest)), text(""), text("")), kind="fold"))
    lines.append(Line((text("Total"), *blank, amount(whole, money), text(""), text("")), kind="total"))
    columns = (
        Column(dimension.capitalize(), numeric=False),
        *((Column("Owner", numeric=False),) if dimension in _OWNED else ()),
        Column("Cost", lead=True),
        *(Column(label) for label in ("Share", "Change")),
    )
    return Table("spenders", f"Largest by {dimension}", columns, tuple(lines))


def _called(row: SpenderRow, dimension: str) -> str:
    return row.item_name or row.item_id or f"no {dimension}"


def changed(bridge: "pl.DataFrame", view: View) -> Finding:
    """Whose cost changed: rows of gold.total_bridge, by project."""
    report = view.with_rows(total_bridge=bridge)
    facts: Facts = {"delta_cost": total(row.delta_cost for row in report.movers)}
    return _of(bridge_chart(report, view.money), view, facts, "gold.total_bridge", _first(view))


def why(bridge: "pl.DataFrame", view: View) -> Finding:
    """Why it changed: price, volume, mix, efficiency, new, gone, with the SKUs that moved most."""
    report = view.with_rows(total_bridge=bridge)
    facts: Facts = {"delta_cost": total(row.delta_cost for row in report.movers), "rows": len(report.movers)}
    tables = (movers_table(report, view.money),) if report.movers else ()
    return _of(causes_chart(report, view.money), view, facts, "gold.total_bridge", _first(view), *tables)


def _first(view: View) -> str:
    return f"{view.name} has no month before it to compare with"


def borne(costs: "pl.DataFrame", view: View, by: str = "team") -> Finding:
    """Who bears the cost: sums of gold.allocated_costs by one label, is_direct and allocation_method."""
    rows = [row for row in costs.to_dicts() if row["billing_currency"] == view.currency]
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in rows:
        parts = sums[row[by] or _NOBODY]
        parts[not row["is_direct"]] = total((parts[not row["is_direct"]], row["billed_cost"]))
    whole, money = total(row["billed_cost"] for row in rows), view.money
    unknown = total(sums.get(_NOBODY, [Decimal(0)]))
    unallocated = total(row["billed_cost"] for row in rows if row["allocation_method"] == "unallocated")
    facts: Facts = {"billed_cost": whole, "unknown_cost": unknown, "unallocated_cost": unallocated}
    source = view.source("gold.allocated_costs")
    ranked = sorted(sums.items(), key=lambda item: (item[0] == _NOBODY, -total(item[1]), item[0]))
    known = [item for item in ranked if item[0] != _NOBODY]
    if not known:
        return Finding(f"No {by} is known to bear any of {money.headline(whole)}", source, facts)
    first = known[0]
    title = f"{in_text(first[0])} bears most: {money.headline(total(first[1]))}"
    title += f", {money.headline(first[1][1])} of it as its share of what is common" if first[1][1] else ""
    if whole > 0:
        title += f"; {percent(divided(unknown, whole), money.locale)} has no {by}"
    folded = largest(known, lambda item: total(item[1]), SHOWN)
    shown = [*folded.shown, *(item for item in ranked if item[0] == _NOBODY)]
    figure = ranked_figure([(label, tuple(parts)) for label, parts in shown], (_DIRECT, _SHARED), money.headline)
    table = _bearers(shown, len(folded.folded), by, whole, money)
    chart = chart_of("borne", title, source, figure, Table("chart", "", (), ()), _DIRECT, _SHARED)
    return finding_of(chart, facts, table)


def _bearers(shown: list[tuple[str, list[Decimal]]], folded: int, by: str, whole: Decimal, money: MoneyFormat) -> Table:
    lines = [
        Line((name(label), *(amount(each, money) for each in parts), amount(total(parts), money)))
        for label, parts in shown
    ]
    rest = remainder(whole, [total(parts) for _, parts in shown], money)
    if folded or rest:
        label = f"… and {count(folded)} more" if folded else "… rounding"
        lines.append(Line((text(label), text(""), text(""), Cell(money.exact(rest))), kind="fold"))
    lines.append(Line((text("Total"), text(""), text(""), amount(whole, money)), kind="total"))
    labels = (Column(by.capitalize(), numeric=False), Column("Own"), Column("Shared"), Column("In all", lead=True))
    return Table("borne", f"Cost at those who bear it, by {by}", labels, tuple(lines))


def labelled(coverage: "pl.DataFrame", view: View) -> Finding:
    """How much of the money carries a label, month by month: rows of gold.tag_coverage."""
    rows = [
        typed(CoverageRow, row)
        for row in coverage.to_dicts()
        if row["billing_currency"] == view.currency and row["billing_month"] <= view.month
    ]
    now = {row.label: row for row in rows if row.billing_month == view.month}
    source, money = view.source("gold.tag_coverage"), view.money
    if not now:
        return Finding(f"Nothing of {view.name} is known about labels", source, {})
    owner = now.get("owner") or next(iter(now.values()))
    facts: Facts = {"labelled_cost": owner.labelled_cost, "cost_coverage": owner.cost_coverage}
    title = (
        f"{percent(owner.cost_coverage, money.locale)} of {view.name}'s cost has an {owner.label}, and "
        f"{percent(owner.resource_coverage, money.locale)} of {count(owner.total_resources, money.locale)} resources"
    )
    months = sorted({row.billing_month for row in rows})
    shares = {(row.billing_month, row.label): row.cost_coverage for row in rows}
    labels = sorted(now, key=lambda label: (label != "owner", label))[: len(CATEGORY_COLOURS)]
    coloured = list(zip(labels, (*CATEGORY_COLOURS[:3], REST_COLOUR), strict=False))
    figure = share_figure(
        months,
        [(each, [shares.get((month, each)) for month in months], colour) for each, colour in coloured],
        money.locale,
    )
    table = _coverage([now[label] for label in labels], view)
    return finding_of(chart_of("labelled", title, source, figure, Table("chart", "", (), ()), *coloured), facts, table)


def _coverage(rows: list[CoverageRow], view: View) -> Table:
    money = view.money
    lines = [
        Line(
            (
                name(row.label),
                amount(row.labelled_cost, money),
                Cell(percent(row.cost_coverage, money.locale)),
                Cell(f"{count(row.labelled_resources, money.locale)} of {count(row.total_resources, money.locale)}"),
                Cell(percent(row.resource_coverage, money.locale)),
            )
        )
        for row in rows
    ]
    columns = (
        Column("Label", numeric=False),
        Column("Cost with it"),
        Column("Of the cost", lead=True),
        Column("Resources"),
        Column("Of them"),
    )
    return Table("labelled", f"Labels in {view.name}", columns, tuple(lines))


def suggested(suggestions: "pl.DataFrame", view: View) -> Finding:
    """Whose the cost without an owner probably is: rows of gold.owner_suggestions."""
    rows = [row for row in suggestions.to_dicts() if _is_of(row, view)]
    money, source = view.money, view.source("gold.owner_suggestions")
    whole = total(row["billed_cost"] for row in rows)
    told = total(row["billed_cost"] for row in rows if row["suggested_owner"])
    facts: Facts = {"without_owner_cost": whole, "suggested_cost": told, "rows": len(rows)}
    if not rows:
        return Finding(f"Every charge of {view.name} has an owner", source, facts)
    title = (
        f"{money.headline(whole)} of {view.name} has no owner; whose {money.headline(told)} of it probably is, is known"
    )
    folded = largest(rows, lambda row: row["billed_cost"], SHOWN)
    lines = [_suggestion(row, money) for row in folded.shown]
    rest = remainder(whole, [row["billed_cost"] for row in folded.shown], money)
    if folded.folded or rest:
        label = f"… and {count(len(folded.folded))} more" if folded.folded else "… rounding"
        lines.append(Line((text(label), text(""), Cell(money.exact(rest)), text("")), kind="fold"))
    lines.append(Line((text("Total"), text(""), amount(whole, money), text("")), kind="total"))
    columns = (
        Column("What", numeric=False),
        Column("Probably of", numeric=False),
        Column("Cost", lead=True),
        Column("Because", numeric=False),
    )
    return Finding(title, source, facts, tables=(Table("suggested", "Without an owner", columns, tuple(lines)),))


def _suggestion(row: dict[str, Any], money: MoneyFormat) -> Line:
    what = row["resource_name"] or row["item_id"] or NOTHING
    because = row["reason"] if not row["evidence"] else f"{row['reason']}: {row['evidence']}"
    return Line(
        (
            name(what, note=row["project_name"] or ""),
            text(row["suggested_owner"]) if row["suggested_owner"] else Cell("not known", tone="quiet"),
            amount(row["billed_cost"], money),
            name(because),
        )
    )


def ranked(costs: "pl.DataFrame", view: View, by: str) -> Finding:
    """Any sums of `lake.costs(group_by=[by, …])` as ranked bars, for a question of one's own."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    rows = [row for row in costs.to_dicts() if row["billing_currency"] == view.currency]
    for row in rows:
        if row["billed_cost"] is not None:
            label = str(row[by]) if row[by] is not None else NOTHING
            sums[label] = total((sums[label], row["billed_cost"]))
    money, whole = view.money, total(sums.values())
    facts: Facts = {"billed_cost": whole, "rows": len(sums)}
    source = f"Source: the rows given · {view.currency} · data until {data_until(view.report)}, UTC"
    if not sums:
        return Finding("No charge is among these rows", source, facts)
    folded = largest(list(sums.items()), lambda item: item[1], SHOWN)
    first, cost = folded.shown[0]
    title = f"{in_text(first)} is the largest of {count(len(sums))}: {money.headline(cost)} of {money.headline(whole)}"
    rest = total(value for _, value in folded.folded)
    shown = [*folded.shown, *([(f"{count(len(folded.folded))} others", rest)] if folded.folded else [])]
    figure = ranked_figure(
        [(label, (value,)) for label, value in shown], [("cost", CATEGORY_COLOURS[0])], money.headline
    )
    lines = tuple(Line((name(label), amount(value, money))) for label, value in shown)
    table = Table("ranked", f"By {by}", (Column(by, numeric=False), Column("Cost", lead=True)), lines)
    unknown = sum(row["billed_cost"] is None for row in rows)
    notes = (f"{count(unknown)} rows have no known amount and are left out.",) if unknown else ()
    return finding_of(chart_of("ranked", title, source, figure, table), facts, notes=notes)


def _is_of(row: dict[str, Any], view: View) -> bool:
    return bool(row["billing_month"] == view.month and row["billing_currency"] == view.currency)


def _of(chart: "Chart | None", view: View, facts: Any, table: str, otherwise: str, *tables: Table) -> Finding:
    return Finding(otherwise, view.source(table), facts) if chart is None else finding_of(chart, facts, *tables)
