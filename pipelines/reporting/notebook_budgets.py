"""The findings about what was agreed: how budgets stand and burn down, vouchers, what ends."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipelines.reporting.ahead_rows import EndRow
from pipelines.reporting.display import Cell, Column, Line, Table, name
from pipelines.reporting.ending_tables import day_words, ending_table, next_end
from pipelines.reporting.figures import CATEGORY_COLOURS, REST_COLOUR
from pipelines.reporting.kpi_words import amount_shown
from pipelines.reporting.money import NOTHING, MoneyFormat, count
from pipelines.reporting.monthly_further import band_cell
from pipelines.reporting.monthly_input import typed
from pipelines.reporting.notebook_charts import LIMIT_COLOUR, Path, path_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_view import View
from pipelines.reporting.outlook_rows import BudgetRow
from pipelines.reporting.sentence import in_text, month_name

if TYPE_CHECKING:
    import polars as pl

_NO_TABLE = Table("chart", "", (), ())
_STATES = ("over", "expected over", "at risk")


def agreed(budgets: "pl.DataFrame", view: View) -> Finding:
    """How each budget stands in the newest month it is set for, and when it is crossed: rows of gold.budgets."""
    rows, source, money = _standing(budgets, view), view.newest_source("gold.budgets"), view.money
    if not rows:
        return Finding("No budget was agreed: set one in [[budgets]] of finops.toml, or at Scaleway", source, {})
    bad = [row for row in rows if row.state in _STATES]
    month = month_name(rows[0].billing_month)
    title = f"All {count(len(rows))} budgets of {month} are expected to hold"
    if bad:
        are = "are" if len(bad) > 1 else "is"
        title = f"{count(len(bad))} of {count(len(rows))} budgets of {month} {are} over, expected over or at risk"
        crossing = min((row.expected_breach_on for row in bad if row.expected_breach_on), default=None)
        title += "" if crossing is None else f"; the first is crossed on {crossing.day} {crossing:%b}"
    lines = [_budget_line(row, money) for row in sorted(rows, key=lambda row: (_rank(row), row.budget_name))]
    columns = (
        Column("Budget", numeric=False),
        Column("State", numeric=False, lead=True),
        *(Column(label) for label in ("So far", "Expected", "80 % between", "Agreed", "Crossed on")),
    )
    facts: Facts = {"month": rows[0].billing_month, "budgets": len(rows), "in_danger": len(bad)}
    return Finding(title, source, facts, tables=(Table("agreed", f"Budgets of {month}", columns, tuple(lines)),))


def _rank(row: BudgetRow) -> int:
    return _STATES.index(row.state) if row.state in _STATES else len(_STATES)


def _budget_line(row: BudgetRow, money: MoneyFormat) -> Line:
    whose = row.scope_kind if row.scope is None else f"{row.scope_kind} {row.scope}"
    per = row.scope_kind == "kpi"

    def shown(value: Decimal | None) -> Cell:
        if value is None:
            return Cell(NOTHING, tone="quiet")
        return Cell(amount_shown(value, money) if per else money.exact(value))

    known = row.low_cost is not None and row.high_cost is not None and not per
    band = (
        band_cell(row.low_cost or Decimal(0), row.high_cost or Decimal(0), money)
        if known
        else Cell(NOTHING, tone="quiet")
    )
    crossing = Cell("not this month", tone="quiet")
    if row.expected_breach_on is not None:
        note = "has happened" if row.is_breached else "expected"
        crossing = Cell(f"{row.expected_breach_on.day} {row.expected_breach_on:%b}", note, tone="finding")
    state = Cell(row.state, note=row.reason or "", tone="finding" if row.state in _STATES else "good")
    amounts = (shown(row.actual_cost), shown(row.expected_cost), band, shown(row.amount_as_cost), crossing)
    return Line((name(row.budget_name, note=whose), state, *amounts))


def burning(burn_down: "pl.DataFrame", budgets: "pl.DataFrame", view: View, budget: str | None = None) -> Finding:
    """One budget's month by day: the one named, else the one in most danger; gold.budget_burn_down."""
    rows = [row for row in _standing(budgets, view) if row.amount_as_cost and row.scope_kind != "kpi"]
    source, money = view.newest_source("gold.budget_burn_down", "gold.budgets"), view.money
    wanted = [row for row in rows if row.budget_name == budget] if budget else sorted(rows, key=_danger)
    if not wanted:
        return Finding(f"No budget called {budget} counts money" if budget else "No budget counts money", source, {})
    row = wanted[0]
    days = burn_down.filter(budget_name=row.budget_name, billing_month=row.billing_month).sort("charge_date").to_dicts()
    dates = [day["charge_date"] for day in days]
    coming = [day for day in days if day["low_cost"] is not None and day["high_cost"] is not None]
    coming_days, low, high = ([day[each] for day in coming] for each in ("charge_date", "low_cost", "high_cost"))
    lines = (
        Path("planned", dates, [day["planned_cost"] for day in days], REST_COLOUR, "dot"),
        Path("spent", dates, [day["spent_cost"] for day in days], CATEGORY_COLOURS[2]),
        Path("forecast", dates, [_onwards(day, days) for day in days], CATEGORY_COLOURS[0], "dash"),
    )
    figure = path_figure(lines, (coming_days, low, high), money, row.amount_as_cost)
    legend = ((line.name, line.colour) for line in lines)
    chart = chart_of("burning", _crossing(row, money), source, figure, _NO_TABLE, *legend, ("agreed", LIMIT_COLOUR))
    facts: Facts = {"budget": row.budget_name, "actual_cost": row.actual_cost, "expected_cost": row.expected_cost}
    return finding_of(chart, facts)


def _onwards(day: dict[str, Any], days: list[dict[str, Any]]) -> Decimal | None:
    """What is expected by a day; the line begins where that of what was spent ends."""
    spent = [each for each in days if each["spent_cost"] is not None]
    known: Decimal | None = day["spent_cost"] if spent and day is spent[-1] else day["expected_cost"]
    return known


def _danger(row: BudgetRow) -> tuple[int, Decimal, str]:
    """What is expected over can still be helped, so it comes before what is over."""
    order = ("expected over", "at risk", "over")
    return (
        order.index(row.state) if row.state in order else len(order),
        -(row.variance_percent or Decimal(0)),
        row.budget_name,
    )


def _crossing(row: BudgetRow, money: MoneyFormat) -> str:
    spent, agreed = (money.headline(each or Decimal(0)) for each in (row.actual_cost, row.amount_as_cost))
    told = f"Budget {in_text(row.budget_name)}: {spent} of {agreed} spent"
    if row.expected_cost is not None and row.expected_cost != row.actual_cost:
        told += f", {money.headline(row.expected_cost)} expected"
    if row.expected_breach_on is None:
        return f"{told}; it is not expected to be crossed"
    day = f"{row.expected_breach_on.day} {row.expected_breach_on:%b}"
    return f"{told}; it {'was crossed' if row.is_breached else 'is expected to be crossed'} on {day}"


def vouchers(burn_down: "pl.DataFrame", view: View) -> Finding:
    """What is left of each voucher by day, and what expires unused: rows of gold.voucher_burn_down."""
    rows = sorted(
        (row for row in burn_down.to_dicts() if row["billing_currency"] == view.currency),
        key=lambda row: (row["discount_id"], row["charge_date"]),
    )
    groups = [list(found) for _, found in groupby(rows, key=lambda row: row["discount_id"])]
    source, money = view.newest_source("gold.voucher_burn_down"), view.money
    alive = [group for group in groups if any(row["remaining_value"] for row in group)]
    if not alive:
        told = "No voucher is known" if not groups else f"Nothing is left of {count(len(groups))} voucher(s)"
        return Finding(told, source, {"vouchers": len(groups)})
    dearest = max(alive, key=lambda group: _left(group)["remaining_value"])
    paths = [
        Path(
            str(group[0]["voucher_name"] or group[0]["discount_id"]),
            [row["charge_date"] for row in group],
            [row["remaining_value"] for row in group],
            colour,
        )
        for group, colour in zip(alive, (*CATEGORY_COLOURS, REST_COLOUR), strict=False)
    ]
    title = _voucher_title(_left(dearest), money)
    chart = chart_of(
        "vouchers",
        title,
        source,
        path_figure(paths, None, money),
        _NO_TABLE,
        *((path.name, path.colour) for path in paths),
    )
    facts: Facts = {
        "remaining_value": _left(dearest)["remaining_value"],
        "unused_value": _left(dearest)["unused_value"],
    }
    return finding_of(chart, facts)


def _left(group: list[dict[str, Any]]) -> Mapping[str, Any]:
    """The newest day that is known, else the first."""
    return next((row for row in reversed(group) if row["is_known"]), group[0])


def _voucher_title(row: Mapping[str, Any], money: MoneyFormat) -> str:
    called = in_text(str(row["voucher_name"] or row["discount_id"]))
    told = f"Voucher {called} has {money.headline(row['remaining_value'])} left on {day_words(row['charge_date'])}"
    if row["unused_value"] and row["expires_on"]:
        return f"{told}; {money.headline(row['unused_value'])} of it expires unused on {day_words(row['expires_on'])}"
    if row["used_up_on"]:
        return f"{told}; it is used up on {day_words(row['used_up_on'])}"
    return f"{told}; when it is used up cannot be told"


def ending(calendar: "pl.DataFrame", view: View) -> Finding:
    """What ends, soonest first; equal ends of one kind on one day are one line: rows of gold.commitment_calendar."""
    rows, source = ends_of(calendar), view.newest_source("gold.commitment_calendar")
    tables = (ending_table(rows, view.money),) if rows else ()
    return Finding(next_end(rows), source, {"rows": len(rows)}, tables=tables)


def ends_of(calendar: "pl.DataFrame") -> list[EndRow]:
    """What ends, typed."""
    return [typed(EndRow, row) for row in calendar.to_dicts()]


def newest_of_each_month(budgets: "pl.DataFrame") -> "pl.DataFrame":
    """A budget is judged anew every day; of each month the newest judgement holds."""
    import polars as pl

    return budgets.filter(pl.col("as_of") == pl.col("as_of").max().over("billing_month"))


def _standing(budgets: "pl.DataFrame", view: View) -> list[BudgetRow]:
    """The newest month's rows."""
    rows = [
        typed(BudgetRow, row) for row in newest_of_each_month(budgets).filter(billing_currency=view.currency).to_dicts()
    ]
    newest = max((row.billing_month for row in rows), default="")
    return [row for row in rows if row.billing_month == newest]
