"""The tables of the monthly report: gold rows ranked and folded so that every column adds up to the cent."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pipelines.reporting.display import (
    Cell,
    Column,
    Line,
    Table,
    Trace,
    amount,
    change,
    effect,
    name,
    owner_cell,
    text,
    trace,
    traced,
)
from pipelines.reporting.folding import cents_adding_up, largest, largest_both_ways, remainder
from pipelines.reporting.money import NOTHING, MoneyFormat, count, divided, percent, total
from pipelines.reporting.monthly_rows import MonthlyInput, MoverRow, SpenderRow, SummaryRow
from pipelines.reporting.sentence import compared_with, month_name

MOVERS_EACH_WAY = 5
TOP_SPENDERS = 10
STACKED_SERVICES = 4
OTHER_SERVICES, UNNAMED_SERVICE = "Other services", "Unnamed service"
CAUSES = ("Price", "Volume", "Mix", "Efficiency", "New", "Gone", "Not separable")
"""Why a cost changed, in the order of a mover's effects."""


def movers_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """The largest changes both ways with their causes; the rest and the total below them."""
    folded = largest_both_ways(report.movers, lambda row: money.rounded(row.delta_cost), MOVERS_EACH_WAY)
    shown = [_mover_amounts(row.effects(), row.delta_cost, money) for row in folded.shown]
    effects = [total(parts) for parts in zip(*(row.effects() for row in report.movers), strict=True)]
    covered = total(row.delta_cost for row in report.movers)
    whole = _mover_amounts(effects or [Decimal(0)] * len(CAUSES), covered, money)
    per_day = _mover_days(report, folded.shown, money)
    every = Trace(MoverRow.TABLE, (("billing_month", report.month), ("billing_currency", report.currency)))
    lines = [
        _mover_line(row, cells, by_day, money)
        for row, cells, by_day in zip(folded.shown, shown, per_day[:-2], strict=True)
    ]
    rest = [remainder(part, [row[i] for row in shown], money) for i, part in enumerate(whole)]
    if folded.folded or any(rest):
        label = _folded_label(len(folded.folded), "rounding")
        lines.append(Line((text(label), text(""), *_mover_cells(rest, per_day[-2], money)), every, kind="fold"))
    delta = report.summary.delta_cost if report.summary.delta_cost is not None else covered
    missing = money.rounded(delta) - whole[0]
    if missing:
        note = text("not in the bridge", tone="finding")
        blanks = [text("")] * (1 + len(CAUSES))
        unattributed = (text("Unattributed"), note, change(missing, money), *blanks)
        lines.append(Line(unattributed, trace(report.summary), kind="fold"))
    totals = _mover_cells([money.rounded(delta), *whole[1:]], per_day[-1], money)
    lines.append(Line((text("Total change"), text(""), *totals), every, kind="total"))
    columns = (
        Column("Project and product", numeric=False),
        Column("Owner", numeric=False),
        Column("Change", lead=True),
        Column("Change per day"),
        *(Column(label) for label in CAUSES),
    )
    caption = f"Largest changes against {compared_with(report)}, and why"
    return Table("movers", caption, columns, tuple(lines) if report.movers else ())


def _mover_amounts(effects: Sequence[Decimal], delta: Decimal, money: MoneyFormat) -> list[Decimal]:
    """Change and effects in cents that add up across the row."""
    return [money.rounded(delta), *cents_adding_up(effects, delta, money)]


def _mover_days(report: MonthlyInput, shown: Sequence[MoverRow], money: MoneyFormat) -> list[Decimal]:
    """Changes per day in cents: of the rows shown, of the rest, and of all."""
    whole = report.summary.delta_cost_per_day
    if whole is None:
        whole = total(row.delta_cost_per_day for row in report.movers)
    parts = [row.delta_cost_per_day for row in shown]
    return [*map(money.rounded, parts), remainder(whole, parts, money), money.rounded(whole)]


def _mover_cells(cents: Sequence[Decimal], per_day: Decimal, money: MoneyFormat) -> list[Cell]:
    return [change(cents[0], money), effect(per_day, money), *(effect(part, money) for part in cents[1:])]


def _mover_line(row: MoverRow, cents: Sequence[Decimal], per_day: Decimal, money: MoneyFormat) -> Line:
    product = " · ".join(part for part in (row.service_name, row.sku) if part)
    project = " · ".join(part for part in (row.project_name or row.project_id or "no project", row.product) if part)
    return Line((name(project, note=product), owner_cell(row.owner), *_mover_cells(cents, per_day, money)), trace(row))


def _folded_label(number: int, otherwise: str) -> str:
    return f"… and {count(number)} more" if number else f"… {otherwise}"


def spenders_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """The ten projects that cost most, the others folded; per day beside the month."""
    summary, compares = report.summary, report.is_like_for_like
    rows = [row for row in report.top_spenders if row.dimension == "project"]
    folded = largest(rows, lambda row: row.billed_cost, TOP_SPENDERS)
    dearest = max([row.cost_share for row in rows if row.cost_share is not None], default=Decimal(0))
    lines = [_spender_line(row, dearest, compares, money) for row in folded.shown]
    rest = remainder(summary.billed_cost, [row.billed_cost for row in folded.shown], money)
    moved = _rest_change(report, folded.shown, money)
    if folded.folded or rest or moved.tone in ("more", "less"):
        share = percent(divided(rest, summary.billed_cost), money.locale) if summary.billed_cost > 0 else NOTHING
        cells = (Cell(money.exact(rest)), Cell(share), moved, text(""))
        beside = summary.billed_cost - total(row.billed_cost for row in folded.shown)
        label = _folded_label(len(folded.folded), "outside these projects" if beside else "rounding")
        lines.append(Line((text(label), text(""), *cells), trace(summary), kind="fold"))
    all_of_it = percent(Decimal(1), money.locale, decimals=0)
    cells = (amount(summary.billed_cost, money), Cell(all_of_it), *_changes(summary, compares, money))
    lines.append(Line((text("Total"), text(""), *cells), trace(summary), kind="total"))
    columns = (
        Column("Project", numeric=False),
        Column("Owner", numeric=False),
        Column("Cost", lead=True),
        *(Column(label) for label in ("Share", "Change", "Change per day")),
    )
    caption = f"Ten largest projects in {month_name(report.month)}"
    caption += f", changes against {compared_with(report)}" if report.previous else ""
    return Table("spenders", caption, columns, tuple(lines) if rows else ())


def _rest_change(report: MonthlyInput, shown: Sequence[SpenderRow], money: MoneyFormat) -> Cell:
    """What the folded projects changed together: the rest of the month's whole change."""
    delta, before = report.summary.delta_cost, report.summary.previous_cost
    if delta is None or before is None or not report.is_like_for_like:
        return text("")
    moved = remainder(delta, [row.delta_cost for row in shown if row.delta_cost is not None], money)
    base = before - total(row.previous_cost for row in shown if row.previous_cost is not None)
    return change(moved, money, money.change_ratio(moved, base))


def _spender_line(row: SpenderRow, dearest: Decimal, compares: bool, money: MoneyFormat) -> Line:
    share = row.cost_share
    bar = f"{divided(share, dearest) * 85:.1f}%" if share and share > 0 < dearest else ""
    project = row.item_name or row.item_id or "no project"
    cells = (
        amount(row.billed_cost, money),
        Cell(percent(share, money.locale), bar=bar),
        *_changes(row, compares, money),
    )
    return Line((name(project), owner_cell(row.owner), *cells), trace(row))


def _changes(row: SpenderRow | SummaryRow, compares: bool, money: MoneyFormat) -> tuple[Cell, Cell]:
    """The change of the month and of the day, the former only between windows of like length."""
    monthly = row.delta_cost if compares else None
    daily, daily_base = row.delta_cost_per_day, row.previous_cost_per_day
    return (
        change(monthly, money, "" if monthly is None else money.change_ratio(monthly, row.previous_cost)),
        change(daily, money, "" if daily is None else money.change_ratio(daily, daily_base)),
    )


def daily_series(report: MonthlyInput) -> tuple[list[date], list[tuple[str, list[Decimal]]]]:
    """Days with charges, and per service the amount of each; small services are folded into one."""
    cells: dict[tuple[str, date], list[Decimal]] = defaultdict(list)
    for row in report.daily:
        cells[row.service_name or UNNAMED_SERVICE, row.charge_date].append(row.billed_cost)
    days = sorted({day for _, day in cells})
    services = sorted({name for name, _ in cells})
    amounts = {name: [total(cells.get((name, day), ())) for day in days] for name in services}
    ranked = largest(services, lambda name: total(amounts[name]), STACKED_SERVICES)
    named, rest = ranked.shown[:STACKED_SERVICES], (*ranked.shown[STACKED_SERVICES:], *ranked.folded)
    series = [(name, amounts[name]) for name in named]
    if rest:
        label = rest[0] if len(rest) == 1 else OTHER_SERVICES
        folded = [total(values) for values in zip(*(amounts[name] for name in rest), strict=True)]
        series.append((label, folded))
    return days, series


def daily_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """The bars of the daily chart as numbers; each row adds up to the cent."""
    days, series = daily_series(report)
    lines = []
    for index, day in enumerate(days):
        parts = [values[index] for _, values in series]
        whole = total(parts)
        cents = [*cents_adding_up(parts, whole, money), money.rounded(whole)]
        keys = (("charge_date", day.isoformat()), ("billing_currency", report.currency))
        own = [_of_service(label, keys) for label, _ in series]
        shown = (traced(Cell(money.exact(part)), each) for part, each in zip(cents, [*own, None], strict=True))
        cells = (text(f"{day:%a} {day.day} {day:%b}"), *shown)
        lines.append(Line(cells, Trace("gold.daily_costs", keys)))
    names = [name for name, _ in series]
    columns = (Column("Day", numeric=False), *(Column(name) for name in names), Column("Total", lead=True))
    return Table("daily", "Cost per day and service", columns, tuple(lines), wide=True)


def _of_service(label: str, keys: tuple[tuple[str, str], ...]) -> Trace | None:
    """The day of one service; those folded are told by the day."""
    if label == OTHER_SERVICES:
        return None
    return Trace("gold.daily_costs", (*keys, ("service_name", "" if label == UNNAMED_SERVICE else label)))


def history_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """Thirteen months, in total and per day."""
    lines = [
        Line(
            (
                text(month_name(row.billing_month), note="" if row.is_complete else "month to date"),
                amount(row.billed_cost, money),
                Cell(str(row.charged_days)),
                amount(row.cost_per_day, money),
                Cell(percent(row.delta_per_day_ratio, money.locale, plus=True)),
            ),
            trace(row),
        )
        for row in report.history
    ]
    columns = (
        Column("Month", numeric=False),
        Column("Cost", lead=True),
        *(Column(label) for label in ("Days", "Per day", "Change per day")),
    )
    return Table("history", "Cost by month", columns, tuple(lines))
