"""Where the month ends and what was agreed: forecast against budget, and how good such forecasts were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.reporting.display import Cell, Column, Line, Table, amount, name, text, trace, traced
from pipelines.reporting.folding import largest, remainder
from pipelines.reporting.money import NOTHING, MoneyFormat, arrow, count, divided, percent
from pipelines.reporting.monthly_further import MOST_PROJECTS, accuracy_table, band_cell, changes_table, later_table
from pipelines.reporting.monthly_outlook_tiles import chance, known_days
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.outlook_rows import BudgetRow, ForecastRow, Outlook, VoucherRow
from pipelines.reporting.sentence import month_name

_HUNDRED = Decimal(100)
_UNKNOWN = Cell(NOTHING, tone="quiet")


@dataclass(frozen=True)
class OutlookBlock:
    """The part of the page about what is to come."""

    month: str
    lead: str
    projects: Table
    others: Table | None
    later: Table
    changes: Table | None
    accuracy: Table
    notes: tuple[str, ...]


def outlook_block(report: MonthlyInput, money: MoneyFormat) -> OutlookBlock | None:
    """The newest forecast with its budgets; None where none was made."""
    outlook = report.outlook or Outlook()
    whole = outlook.whole("month_end")
    if whole is None:
        return None
    month = f"{whole.period_start:%Y-%m}"
    return OutlookBlock(
        month=month_name(month),
        lead=_lead(whole, money),
        projects=_projects_table(outlook, whole, month, money),
        others=_others_table(outlook, month, money),
        later=later_table(outlook, money),
        changes=changes_table(outlook, money),
        accuracy=accuracy_table(outlook, whole, money),
        notes=(*_voucher_notes(outlook, money), *_forecast_notes(whole)),
    )


def _lead(whole: ForecastRow, money: MoneyFormat) -> str:
    month = month_name(f"{whole.period_start:%Y-%m}")
    told = f"{month} is expected to cost {money.headline(whole.expected_cost)}"
    if whole.low_cost is not None and whole.high_cost is not None:
        told += (
            f", between {money.headline(whole.low_cost)} and {money.headline(whole.high_cost)} in "
            f"{whole.interval_percent} % of the cases"
        )
    told += f"; {known_days(whole)}."
    if whole.run_rate_cost is not None and whole.seasonal_naive_cost is not None:
        told += (
            f" At its rate so far it would be {money.headline(whole.run_rate_cost)}, with the last week repeated "
            f"{money.headline(whole.seasonal_naive_cost)}."
        )
    if whole.known_changes_cost:
        told += f" Changes that are known to come make up {money.signed_headline(whole.known_changes_cost)} of it."
    return told


def _projects_table(outlook: Outlook, whole: ForecastRow, month: str, money: MoneyFormat) -> Table:
    rows = outlook.of("project", "month_end")
    folded = largest(rows, lambda row: row.expected_cost, MOST_PROJECTS)
    lines = [
        _forecast_line(row, outlook.budget_of(month, row.project_id, row.project_name), money) for row in folded.shown
    ]
    known = remainder(whole.known_cost, [row.known_cost for row in folded.shown], money)
    rest = remainder(whole.expected_cost, [row.expected_cost for row in folded.shown], money)
    if folded.folded or rest or known:
        label = f"… and {count(len(folded.folded))} more" if folded.folded else "… rounding"
        blank = [text("")] * 5
        cells = (text(label), Cell(money.exact(known)), Cell(money.exact(rest)), *blank)
        lines.append(Line(cells, trace(whole), kind="fold"))
    total = _forecast_line(whole, outlook.budget_of(month, None, None), money)
    lines.append(Line((text("Total"), *total.cells[1:]), trace(whole), kind="total"))
    columns = (
        Column("Project", numeric=False),
        Column("So far"),
        Column("Month end", lead=True),
        *(Column(label) for label in (f"{whole.interval_percent} % between", "Budget", "Against it")),
        *(Column(label) for label in ("Chance of overrun", "Crosses it")),
    )
    caption = f"Forecast and budget of {month_name(month)}, by project"
    return Table("outlook", caption, columns, tuple(lines))


def _forecast_line(row: ForecastRow, budget: BudgetRow | None, money: MoneyFormat) -> Line:
    cells = (
        name(row.project_name or "no project", note=_care(row)),
        amount(row.known_cost, money),
        amount(row.expected_cost, money),
        band_cell(row.low_cost, row.high_cost, money),
        *(each if budget is None else traced(each, trace(budget)) for each in _budget_cells(budget, money)),
    )
    return Line(cells, trace(row))


def _care(row: ForecastRow) -> str:
    """What is shown where no forecast was better, or none could be made."""
    if row.beats_naive:
        return ""
    return row.reason.split(";")[0] if row.reason and "days of history" in row.reason else "as the last week"


def _budget_cells(row: BudgetRow | None, money: MoneyFormat) -> tuple[Cell, Cell, Cell, Cell]:
    """Amount, variance with its band, chance, crossing; a dash where no budget was agreed."""
    if row is None:
        return (Cell("none", tone="quiet"), _UNKNOWN, _UNKNOWN, _UNKNOWN)
    if row.amount_as_cost is None:
        unknown = Cell("unknown", note=row.reason or "", tone="quiet")
        note = "" if row.basis.startswith("before discounts, without") else row.basis
        return (Cell(money.exact(row.budget_amount), note=note), unknown, _UNKNOWN, _UNKNOWN)
    as_set = row.amount_as_cost != row.budget_amount
    note = f"{money.exact(row.budget_amount)} {row.basis}" if as_set else ""
    return (
        Cell(money.exact(row.amount_as_cost), note=note),
        _variance(row, money),
        Cell(chance(row.chance_of_overrun), tone="finding" if (row.chance_of_overrun or 0) >= 0.5 else ""),
        _crossing(row.expected_breach_on, row.is_breached),
    )


def _variance(row: BudgetRow, money: MoneyFormat) -> Cell:
    """The expected overrun, with what its band asks for."""
    if row.variance_percent is None:
        return Cell("unknown", note=row.reason or "", tone="quiet")
    share = percent(divided(row.variance_percent, _HUNDRED), money.locale, plus=True)
    over = row.variance_percent > 0
    word = (row.band or "") if over else "within"
    return Cell(share, note=word, tone="more" if over else "", arrow=arrow(row.variance_percent) if over else "")


def _crossing(day: date | None, is_past: bool | None) -> Cell:
    if day is None:
        return Cell("not this month", tone="quiet")
    return Cell(f"{day.day} {day:%b}", note="has happened" if is_past else "expected", tone="finding")


def _others_table(outlook: Outlook, month: str, money: MoneyFormat) -> Table | None:
    """Budgets of teams, products, tags and key figures, and those of the organisation or a project that are laxer."""
    shown = {outlook.budget_of(month, None, None)}
    shown |= {outlook.budget_of(month, row.project_id, row.project_name) for row in outlook.of("project", "month_end")}
    rows = [row for row in outlook.budgets if row.billing_month == month and row not in shown]
    lines = [_other_line(row, money) for row in sorted(rows, key=lambda row: row.budget_name)]
    columns = (
        Column("Budget", numeric=False),
        Column("So far"),
        Column("Month end", lead=True),
        *(Column(label) for label in ("80 % between", "Budget", "Against it", "Chance of overrun", "Crosses it")),
    )
    return Table("budgets", f"Other budgets of {month_name(month)}", columns, tuple(lines)) if lines else None


def _other_line(row: BudgetRow, money: MoneyFormat) -> Line:
    whose = row.scope_kind if row.scope is None else f"{row.scope_kind} {row.scope}"
    band = _UNKNOWN
    is_kpi = row.scope_kind == "kpi"
    if row.low_cost is not None and row.high_cost is not None and not is_kpi:
        band = band_cell(row.low_cost, row.high_cost, money)
    figures = (row.actual_cost, row.expected_cost)
    shown = [Cell(money.unit_cost(each, "unit")) if is_kpi and each else amount(each, money) for each in figures]
    return Line((name(row.budget_name, note=whose), *shown, band, *_budget_cells(row, money)), trace(row))


def _voucher_notes(outlook: Outlook, money: MoneyFormat) -> list[str]:
    notes = [_voucher_note(row, money) for row in outlook.vouchers if row.remaining_value > 0]
    bill = next((row for row in outlook.bills if row.credits), None)
    if bill is not None:
        notes.append(
            f"The bill of {month_name(bill.billing_month)} without credits: "
            f"{money.headline(bill.cost_without_credits)}; vouchers pay {money.headline(bill.credits)} of it."
        )
    return notes


def _voucher_note(row: VoucherRow, money: MoneyFormat) -> str:
    told = f"Voucher {row.voucher_name or row.discount_id} has {money.headline(row.remaining_value)} left"
    if row.used_up_on is not None:
        return f"{told} and is used up on {row.used_up_on.day} {row.used_up_on:%b %Y}."
    if row.expires_on is None or row.unused_value is None:
        return f"{told}; when it is used up cannot be told."
    return (
        f"{told}; it ends on {row.expires_on.day} {row.expires_on:%b %Y}, "
        f"with {money.headline(row.unused_value)} unused."
    )


def _forecast_notes(whole: ForecastRow) -> Sequence[str]:
    notes = [f"How it was made: {whole.method}."] if whole.method else []
    return [*notes, f"The forecast: {whole.reason}."] if whole.reason else notes
