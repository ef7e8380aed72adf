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
    owner_cell,
    text,
    trace,
)
from pipelines.reporting.folding import cents_adding_up, largest, largest_both_ways, remainder
from pipelines.reporting.money import NOTHING, MoneyFormat, count, divided, percent, total
from pipelines.reporting.monthly_rows import MonthlyInput, MoverRow, SpenderRow, SummaryRow
from pipelines.reporting.sentence import month_name

MOVERS_EACH_WAY = 5
TOP_SPENDERS = 10
STACKED_SERVICES = 4
OTHER_SERVICES = "Other services"
HEADLINE_STEP = "consumption"


def movers_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """The largest changes both ways with their reasons; the rest and the total below them."""
    folded = largest_both_ways(report.movers, lambda row: row.delta_cost, MOVERS_EACH_WAY)
    shown = [_mover_amounts(row.effects(), row.delta_cost, money) for row in folded.shown]
    effects = [total(parts) for parts in zip(*(row.effects() for row in report.movers), strict=True)]
    covered = total(row.delta_cost for row in report.movers)
    whole = _mover_amounts(effects or [Decimal(0)] * 5, covered, money)
    lines = [_mover_line(row, cells, money) for row, cells in zip(folded.shown, shown, strict=True)]
    rest = [remainder(part, [row[i] for row in shown], money) for i, part in enumerate(whole)]
    if folded.folded or any(rest):
        label = _folded_label(len(folded.folded), "other changes")
        lines.append(Line((text(label), text(""), *_mover_cells(rest, money)), kind="fold"))
    delta = report.summary.delta_cost if report.summary.delta_cost is not None else covered
    missing = money.rounded(delta) - whole[0]
    if missing:
        note = text("not in the movers table", tone="finding")
        blanks = [text("")] * 5
        lines.append(Line((text("Unattributed"), note, change(missing, money), *blanks), kind="fold"))
    totals = _mover_cells([money.rounded(delta), *whole[1:]], money)
    lines.append(Line((text("Total change"), text(""), *totals), trace(report.summary), kind="total"))
    columns = (
        Column("Project and product", numeric=False),
        Column("Owner", numeric=False),
        Column("Change", lead=True),
        *(Column(label) for label in ("Price", "Usage", "New", "Gone", "Not separable")),
    )
    caption = f"Largest changes against {month_name(_before(report), beside=report.month)}, and why"
    return Table("movers", caption, columns, tuple(lines) if report.movers else ())


def _before(report: MonthlyInput) -> str:
    return report.previous.billing_month if report.previous else report.month


def _mover_amounts(effects: Sequence[Decimal], delta: Decimal, money: MoneyFormat) -> list[Decimal]:
    """Change and effects in cents that add up across the row."""
    return [money.rounded(delta), *cents_adding_up(effects, delta, money)]


def _mover_cells(cents: Sequence[Decimal], money: MoneyFormat) -> list[Cell]:
    return [change(cents[0], money), *(effect(part, money) for part in cents[1:])]


def _mover_line(row: MoverRow, cents: Sequence[Decimal], money: MoneyFormat) -> Line:
    product = " · ".join(part for part in (row.service_name, row.sku) if part)
    name = text(row.project_name or row.project_id or "no project", note=product)
    return Line((name, owner_cell(row.owner), *_mover_cells(cents, money)), trace(row))


def _folded_label(number: int, otherwise: str) -> str:
    return f"… and {count(number)} more" if number else f"… {otherwise}"


def spenders_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """The ten projects that cost most, the others folded; per day beside the month."""
    rows = [row for row in report.top_spenders if row.dimension == "project"]
    folded = largest(rows, lambda row: row.billed_cost, TOP_SPENDERS)
    lines = [_spender_line(row, money) for row in folded.shown]
    summary = report.summary
    rest = remainder(summary.billed_cost, [row.billed_cost for row in folded.shown], money)
    moved = _rest_change(report, folded.shown, money)
    if folded.folded or rest or moved:
        share = percent(divided(rest, summary.billed_cost), money.locale) if summary.billed_cost > 0 else NOTHING
        cells = (Cell(money.exact(rest)), Cell(share), change(moved, money), text(""))
        label = _folded_label(len(folded.folded), "rounding and items without project")
        lines.append(Line((text(label), text(""), *cells), kind="fold"))
    all_of_it = percent(Decimal(1), money.locale).replace(".0", "").replace(",0", "")
    cells = (amount(summary.billed_cost, money), Cell(all_of_it), *_changes(summary, money))
    lines.append(Line((text("Total"), text(""), *cells), trace(summary), kind="total"))
    columns = (
        Column("Project", numeric=False),
        Column("Owner", numeric=False),
        Column("Cost", lead=True),
        *(Column(label) for label in ("Share", "Change", "Change per day")),
    )
    caption = f"Ten largest projects in {month_name(report.month)}"
    return Table("spenders", caption, columns, tuple(lines) if rows else ())


def _rest_change(report: MonthlyInput, shown: Sequence[SpenderRow], money: MoneyFormat) -> Decimal | None:
    if report.summary.delta_cost is None or not report.summary.is_complete:
        return None
    return remainder(
        report.summary.delta_cost, [row.delta_cost for row in shown if row.delta_cost is not None], money
    )


def _spender_line(row: SpenderRow, money: MoneyFormat) -> Line:
    share = row.cost_share
    bar = "" if share is None else f"{max(Decimal(0), min(share, Decimal(1))) * 100:.1f}%"
    name = row.item_name or row.item_id or "no project"
    cells = (amount(row.billed_cost, money), Cell(percent(share, money.locale), bar=bar), *_changes(row, money))
    return Line((text(name), owner_cell(row.owner), *cells), trace(row))


def _changes(row: SpenderRow | SummaryRow, money: MoneyFormat) -> tuple[Cell, Cell]:
    """The change of the month and of the day; an open month has only the latter."""
    is_open = isinstance(row, SummaryRow) and not row.is_complete
    monthly = None if is_open else row.delta_cost
    return (
        change(monthly, money, money.change_ratio(monthly, row.previous_cost) if monthly else ""),
        change(
            row.delta_cost_per_day,
            money,
            money.change_ratio(row.delta_cost_per_day, row.previous_cost_per_day)
            if row.delta_cost_per_day
            else "",
        ),
    )


def waterfall_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """From list price to the taxed invoice, the headline's step marked."""
    lines = []
    for row in report.waterfall:
        headline = row.is_subtotal and row.step.strip().lower() == HEADLINE_STEP
        label = text(row.step, note="the basis of this report's figures" if headline else "")
        value = amount(row.amount, money) if row.is_subtotal or row.amount is None else effect(row.amount, money)
        kind = "total" if row.is_subtotal else ""
        lines.append(Line((label, text(row.basis or ""), value), trace(row), kind))
    columns = (Column("Step", numeric=False), Column("Basis", numeric=False), Column("Amount", lead=True))
    return Table("waterfall", "From list price to the invoice", columns, tuple(lines))


def coverage_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """How much of the cost, and how many resources, carry each label."""
    lines = [
        Line(
            (
                text(row.label),
                Cell(percent(row.cost_coverage, money.locale)),
                amount(row.labelled_cost, money),
                amount(row.total_cost - row.labelled_cost, money),
                Cell(percent(row.resource_coverage, money.locale)),
                Cell(f"{count(row.labelled_resources, money.locale)} of {count(row.total_resources, money.locale)}"),
            ),
            trace(row),
        )
        for row in report.coverage
    ]
    columns = (
        Column("Label", numeric=False),
        Column("Of cost", lead=True),
        *(Column(label) for label in ("Labelled cost", "Without label", "Of resources", "Resources")),
    )
    return Table("coverage", f"Labels in {month_name(report.month)}", columns, tuple(lines))


def residual_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """Charges minus consumption by explanation; the lines add up to the whole residual."""
    grouped: dict[str | None, list[Decimal]] = defaultdict(list)
    for row in report.residuals:
        if row.residual:
            grouped[row.explanation].append(row.residual)
    sums = {reason: total(parts) for reason, parts in grouped.items()}
    ranked = sorted(sums, key=lambda reason: (-abs(sums[reason]), reason or ""))
    whole = total(sums.values())
    cents = cents_adding_up([sums[reason] for reason in ranked], whole, money)
    lines = []
    for reason, value in zip(ranked, cents, strict=True):
        keys = (("billing_month", report.month), ("billing_currency", report.currency))
        keys += (("explanation", reason),) if reason else ()
        label = text(reason) if reason else text("not explained", tone="finding")
        lines.append(Line((label, Cell(count(len(grouped[reason]))), effect(value, money)), Trace("gold.reconciliation", keys)))
    if lines:
        lines.append(Line((text("Charges − consumption"), text(""), amount(whole, money)), kind="total"))
    columns = (Column("Explanation", numeric=False), Column("Lines"), Column("Amount", lead=True))
    empty = "Charges and consumption are equal on every line."
    return Table("residual", "Why charges and consumption differ", columns, tuple(lines), empty)


def freshness_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """What each source said last, and when."""
    lines = [
        Line(
            (
                text(row.source),
                Cell(f"{row.last_answer_at:%Y-%m-%d %H:%M}" if row.last_answer_at else NOTHING),
                Cell(row.data_until.isoformat() if row.data_until else NOTHING),
                Cell(count(row.answers, money.locale)),
            ),
            trace(row),
        )
        for row in report.freshness
    ]
    columns = (
        Column("Source", numeric=False),
        Column("Last answer (UTC)", lead=True),
        Column("Data until"),
        Column("Answers kept"),
    )
    return Table("freshness", "Sources", columns, tuple(lines), empty="No source has answered yet.")


def daily_series(report: MonthlyInput) -> tuple[list[date], list[tuple[str, list[Decimal]]]]:
    """Days with charges, and per service the amount of each; small services are folded into one."""
    cells: dict[tuple[str, date], list[Decimal]] = defaultdict(list)
    for row in report.daily:
        cells[row.service_name or "Unnamed service", row.charge_date].append(row.billed_cost)
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
        cells = (text(f"{day:%a} {day.day} {day:%b}"), *(Cell(money.exact(part)) for part in cents))
        lines.append(Line(cells, Trace("gold.daily_costs", keys)))
    names = [name for name, _ in series]
    columns = (Column("Day", numeric=False), *(Column(name) for name in names), Column("Total", lead=True))
    return Table("daily", "Cost per day and service", columns, tuple(lines), wide=True)


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
