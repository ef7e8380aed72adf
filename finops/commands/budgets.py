"""`finops budgets list`, and what `finops run --fail-on budget` looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from finops.commands.lake import Lake
from finops.streams import TableFormat, write_hint, write_table
from pipelines.errors import PolicyThreshold, UsageError

_COLUMNS = [
    *("budget_name", "billing_month", "scope_kind", "scope", "state", "band", "billing_currency", "budget_amount"),
    *("basis", "amount_as_cost", "amount_as_invoiced", "actual_cost", "used_percent", "expected_cost", "low_cost"),
    *("high_cost", "chance_of_overrun", "expected_breach_on", "reason"),
]
_SHOWN = [
    *("budget_name", "billing_month", "state", "band", "budget_amount", "amount_as_cost", "actual_cost"),
    *("expected_cost", "low_cost", "high_cost", "chance_of_overrun", "expected_breach_on"),
]
_NEWEST = (
    "select * from gold.budgets as budgets where as_of = (select max(as_of) from gold.budgets as newest "
    "where newest.billing_month = budgets.billing_month)"
)


def list_budgets(
    month: Annotated[str | None, typer.Option("--month", help="YYYY-MM; else the newest.")] = None,
    format: Annotated[TableFormat, typer.Option("--format", help="How to print it.")] = TableFormat.table,
    lake: Lake = None,
) -> None:
    """How each budget stands: amount, spent, where the month ends, chance of overrun and the day it breaks.

    amount_as_cost is the budget before vouchers and VAT, as costs are counted here; amount_as_invoiced after
    discounts and with VAT, as Scaleway counts. csv and json hold more columns than the table.
    """
    from finops import catalog_of
    from pipelines.billing.periods import month_start

    catalog = catalog_of(lake)
    chosen = f"'{month_start(month):%Y-%m}'" if month else "(select max(billing_month) from gold.budgets)"
    rows = catalog.query(f"{_NEWEST} and billing_month = {chosen} order by budget_name").to_pylist()
    if not rows:
        raise UsageError(
            f"no budget of {month or 'any month'} was judged; set [[budgets]] in finops.toml, then `finops run`"
        )
    is_table = format in (TableFormat.table, TableFormat.md)
    write_table([_shown(row) for row in rows] if is_table else rows, format, _SHOWN if is_table else _COLUMNS)
    for row in rows:
        if is_table and row["reason"]:
            write_hint(f"{row['budget_name']}: {row['reason']}")


def refuse_broken_budgets(lake: str) -> None:
    """Raises PolicyThreshold, one line, when a budget of the running month is over or expected to be."""
    from finops import catalog_of

    rows = (
        catalog_of(lake)
        .query(
            f"{_NEWEST} and billing_month = (select max(strftime(known_until, '%Y-%m')) from gold.budgets) "
            "order by variance_percent desc nulls first, budget_name"
        )
        .to_pylist()
    )
    for row in rows:
        if row["state"] == "unknown":
            write_hint(f"budget '{row['budget_name']}' is not judged: {row['reason']}")
    broken = [row["verdict"] for row in rows if row["verdict"]]
    if broken:
        more = f"; and {len(broken) - 1} more, see `finops budgets list`" if len(broken) > 1 else ""
        raise PolicyThreshold(f"{broken[0]}{more}")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Cents are enough for eyes; the exact figures are in csv and json."""
    money = ("budget_amount", "amount_as_cost", "actual_cost", "expected_cost", "low_cost", "high_cost")
    cents = {name: None if row[name] is None else round(row[name], 2) for name in money}
    chance = row["chance_of_overrun"]
    return {**row, **(row if row["scope_kind"] == "kpi" else cents), "chance_of_overrun": _percent(chance)}


def _percent(chance: float | None) -> str | None:
    """Nothing that is only expected is certain."""
    if chance is None:
        return None
    if 0 < chance < 0.005:
        return "<1%"
    return ">99%" if 0.995 < chance < 1 else f"{chance:.0%}"


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("budgets list", list_budgets),)
