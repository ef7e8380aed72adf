"""The costs of a week as tables: what moved against the week before, and who spends most."""

from collections.abc import Sequence
from decimal import Decimal

from pipelines.reporting.display import Cell, Column, Line, Table, amount, change, name, owner_cell, text
from pipelines.reporting.folding import largest, largest_both_ways, remainder
from pipelines.reporting.money import NOTHING, MoneyFormat, count, divided, percent, total
from pipelines.reporting.sentence import NO_PROJECT
from pipelines.reporting.weekly_rows import WeekCostRow, WeeklyInput
from pipelines.reporting.weeks import DAYS

MOVERS_EACH_WAY = 5
TOP_SPENDERS = 10


def week_before(report: WeeklyInput) -> str:
    """What the week is set against: `the week before`, or as many of its days."""
    days = report.known_days
    if days == DAYS:
        return "the week before"
    return f"the first {days} days of the week before" if days > 1 else "the Monday before"


def movers_table(report: WeeklyInput, money: MoneyFormat) -> Table:
    """The largest changes both ways by project and service; the rest and the whole below them."""
    moving = [row for row in report.costs if row.delta_cost]
    folded = largest_both_ways(moving, lambda row: money.rounded(row.delta_cost), MOVERS_EACH_WAY)
    lines = [
        Line(
            (
                name(project_of(row), note=row.service_name or "no service"),
                owner_cell(row.owner),
                *_both(row.previous_cost, row.billed_cost, row.delta_cost, money),
            )
        )
        for row in folded.shown
    ]
    lines += _below(report, folded.shown, len(folded.folded), money)
    columns = (
        Column("Project and service", numeric=False),
        Column("Owner", numeric=False),
        Column("Week before"),
        Column("This week"),
        Column("Change", lead=True),
    )
    caption = f"Largest changes against {week_before(report)}"
    empty = f"Every service of every project cost as much as in {week_before(report)}."
    return Table("movers", caption, columns, tuple(lines) if moving else (), empty)


def spenders_table(report: WeeklyInput, money: MoneyFormat) -> Table:
    """The projects that cost most, the others folded."""
    projects = by_project(report.costs)
    folded = largest(projects, lambda row: row.billed_cost, TOP_SPENDERS)
    whole, dearest = report.cost, max([row.billed_cost for row in projects], default=Decimal(0))
    lines = [
        Line(
            (
                name(project_of(row)),
                owner_cell(row.owner),
                amount(row.billed_cost, money),
                _share(row.billed_cost, whole, dearest, money),
                change(row.delta_cost, money, money.change_ratio(row.delta_cost, row.previous_cost)),
            )
        )
        for row in folded.shown
    ]
    rest = remainder(whole, [row.billed_cost for row in folded.shown], money)
    moved = remainder(report.delta_cost, [row.delta_cost for row in folded.shown], money)
    if folded.folded or rest or moved:
        label = _folded_label(len(folded.folded), money)
        cells = (Cell(money.exact(rest)), _share(rest, whole, Decimal(0), money), change(moved, money))
        lines.append(Line((text(label), text(""), *cells), kind="fold"))
    ratio = money.change_ratio(report.delta_cost, report.previous_cost)
    cells = (amount(whole, money), text(""), change(report.delta_cost, money, ratio))
    lines.append(Line((text("Total"), text(""), *cells), kind="total"))
    columns = (
        Column("Project", numeric=False),
        Column("Owner", numeric=False),
        Column("Cost", lead=True),
        Column("Share"),
        Column("Change"),
    )
    caption = f"Largest projects of the week, changes against {week_before(report)}"
    return Table("spenders", caption, columns, tuple(lines) if projects else (), "Nothing was charged in this week.")


def by_project(rows: Sequence[WeekCostRow]) -> list[WeekCostRow]:
    """One row a project, its services put together; the owner of most of its cost."""
    grouped: dict[str | None, list[WeekCostRow]] = {}
    for row in rows:
        grouped.setdefault(row.project_id, []).append(row)
    return [_together(held) for held in grouped.values()]


def _together(rows: Sequence[WeekCostRow]) -> WeekCostRow:
    first = rows[0]
    owned = [row for row in rows if row.owner]
    return WeekCostRow(
        project_id=first.project_id,
        project_name=first.project_name,
        service_name=None,
        owner=max(owned, key=lambda row: (row.billed_cost, row.owner or "")).owner if owned else None,
        billing_currency=first.billing_currency,
        billed_cost=total(row.billed_cost for row in rows),
        previous_cost=total(row.previous_cost for row in rows),
        delta_cost=total(row.delta_cost for row in rows),
    )


def project_of(row: WeekCostRow) -> str:
    """Its name, else its id."""
    return row.project_name or row.project_id or NO_PROJECT


def _below(report: WeeklyInput, shown: Sequence[WeekCostRow], folded: int, money: MoneyFormat) -> list[Line]:
    """What is folded, and the whole week; each column adds up to the cent."""
    pairs = (
        (report.previous_cost, [row.previous_cost for row in shown]),
        (report.cost, [row.billed_cost for row in shown]),
        (report.delta_cost, [row.delta_cost for row in shown]),
    )
    rest = [remainder(whole, parts, money) for whole, parts in pairs]
    lines = []
    if folded or any(rest):
        label = f"{_folded_label(folded, money)}, and what did not change" if folded else "… what did not change"
        lines.append(Line((text(label), text(""), *_both(rest[0], rest[1], rest[2], money)), kind="fold"))
    cells = _both(report.previous_cost, report.cost, report.delta_cost, money)
    return [*lines, Line((text("Total"), text(""), *cells), kind="total")]


def _both(before: Decimal, now: Decimal, delta: Decimal, money: MoneyFormat) -> tuple[Cell, Cell, Cell]:
    ratio = money.change_ratio(delta, before)
    return amount(before, money), amount(now, money), change(delta, money, ratio)


def _share(cost: Decimal, whole: Decimal, dearest: Decimal, money: MoneyFormat) -> Cell:
    if whole <= 0:
        return Cell(NOTHING, tone="quiet")
    bar = f"{divided(cost, dearest) * 85:.1f}%" if cost > 0 < dearest else ""
    return Cell(percent(divided(cost, whole), money.locale), bar=bar)


def _folded_label(number: int, money: MoneyFormat) -> str:
    return f"… and {count(number, money.locale)} more" if number else "… rounding"
