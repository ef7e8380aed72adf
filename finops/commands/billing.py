"""`finops reconcile` and `finops trace`: does the bill agree, and where does a figure come from?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.commands.lake import Lake
from finops.streams import write_hint, write_json, write_line, write_table
from pipelines.errors import PolicyThreshold, QualityGateError, UsageError

if TYPE_CHECKING:
    from pipelines.lake.trace import Trace
    from pipelines.lake.trace_behind import Behind

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_MADE = {
    True: "Made again from these rows alone, the figures are the same",
    False: "Made again from these rows, the figures are others: run `finops run`",
    None: "Python makes some of these tables; it is not run again here",
}
_MONTH_COLUMNS = (
    "billing_month, billing_currency, charged_cost, consumed_cost, invoiced_cost, consumption_residual, "
    "rounding_residual, contract_residual, unexplained_residual, alarms, invoice_state, invoiced_apart_cost, "
    "credit_note_cost"
)


def reconcile(
    month: Annotated[str | None, typer.Option("--month", help="YYYY-MM; else all months.")] = None,
    fail_on: Annotated[str | None, typer.Option("--fail-on", help="`alarms`: exit 10 when there is one.")] = None,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Lay charges, consumption and invoice side by side, and explain what differs."""
    from finops import catalog_of
    from pipelines.billing.periods import month_start

    if fail_on not in (None, "alarms"):
        raise UsageError(f"--fail-on {fail_on!r} is not understood; write --fail-on alarms")
    catalog = catalog_of(lake)
    chosen = f"where billing_month = '{month_start(month):%Y-%m}'" if month else ""
    months = catalog.query(
        f"select {_MONTH_COLUMNS} from gold.invoice_reconciliation {chosen} order by all"
    ).to_pylist()
    if not months:
        raise UsageError(f"month {month or 'of any name'} is not in the lake; run `finops run` first")
    alarm = "and is_alarm" if month is None else ""
    lines = catalog.query(
        "select billing_month, project_name, sku, charged_cost, consumed_cost, residual, explanation, is_alarm "
        f"from gold.reconciliation {chosen or 'where true'} {alarm} order by is_alarm desc, abs(residual) desc"
    ).to_pylist()
    if json:
        write_json({"months": months, "lines": lines})
    else:
        write_table(months, "table")
        if lines:
            write_line()
            write_table(lines, "table")
    alarms = sum(row["alarms"] for row in months)
    if alarms and fail_on:
        raise PolicyThreshold(f"{alarms} lines differ by more than rounding and nothing explains it")


def trace(
    table: Annotated[str, typer.Argument(help="A table of gold, such as gold.daily_costs or gold.kpis.")],
    keys: Annotated[list[str], typer.Argument(help="column=value, or values in the order of the table's grain.")],
    limit: Annotated[int, typer.Option("--limit", min=0, help="Rows to print; the sum counts all.")] = 20,
    steps: Annotated[bool, typer.Option("--steps", help="What whole rows are made from, also of a sum.")] = False,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Lead from a figure to what it is made of, and to the recorded answer each charge or line came from.

    A figure that is no sum of charges, such as the cost of a request or a share, leads step by step to the rows that
    its own is made from, down to charges and recorded answers; the models are run over these alone, and it says whether
    they make the same rows again. An empty value means null: `owner=`.
    """
    from assets.trace import lead_to_charges, steps_of
    from finops import catalog_of
    from pipelines.lake.trace_behind import Behind

    found = (steps_of if steps else lead_to_charges)(catalog_of(lake), table, keys)
    if isinstance(found, Behind):
        _print_behind(found, limit, json=json)
        return
    _print_sum(found, limit, json=json)
    if not found.adds_up:
        raise QualityGateError(f"the evidence adds up to {found.total}, the figure is {found.figure}; run `finops run`")


def _print_sum(found: Trace, limit: int, *, json: bool) -> None:
    """What adds up to the figure, row by row."""
    rows = found.evidence.to_pylist()
    if json:
        write_json(
            {
                "table": found.table,
                "column": found.figure_column,
                "keys": dict(found.keys),
                "figure": found.figure,
                "total": found.total,
                "adds_up": found.adds_up,
                "evidence": rows,
            }
        )
    else:
        _print_evidence(rows, limit)
        write_line(f"{len(rows)} rows add up to {found.total:f}")
        write_line(f"{found.table}.{found.figure_column} is {found.figure:f}")
        if rows:
            write_hint("Each row stands in a recorded answer; --json names it.")


def _print_behind(found: Behind, limit: int, *, json: bool) -> None:
    """The rows asked for, what they are made from step by step, and the charges among that."""
    charges = found.charges.to_pylist()
    steps = [asdict(each) for each in found.inputs]
    if json:
        write_json(
            {
                "table": found.table,
                "keys": [dict(each) for each in found.keys],
                "rows": found.rows.to_pylist(),
                "inputs": steps,
                "is_made_again": found.is_made_again,
                "recorded_in": found.recorded_in,
                "evidence": charges,
            }
        )
        return
    rows = found.rows.to_pylist()
    write_table([{name: row[name] for name in row if row[name] is not None} for row in rows[:limit]], "json")
    if not steps:
        write_line(f"{found.table} is not made from other tables: it says what was agreed or answered")
        return
    told = [{**step, "agree_in": ", ".join(step["agree_in"])} for step in steps]
    write_table(told, "table", ["feeds", "table", "rows", "agree_in"])
    write_line()
    _print_evidence(charges, limit)
    billed = sum((row["amount"] or Decimal(0) for row in charges), Decimal(0))
    write_line(f"{len(charges)} charges of {billed:f} are among it; recorded in {', '.join(found.recorded_in)}")
    write_line(_MADE[found.is_made_again])


def _print_evidence(rows: list[dict[str, Any]], limit: int) -> None:
    columns = ["evidence", "charge_date", "project_name", "sku", "resource_name", "amount", "evidence_key"]
    if rows[:limit]:
        write_table([{**row, "evidence_key": row["evidence_key"][:16]} for row in rows[:limit]], "table", columns)
    if len(rows) > limit:
        rest = sum((row["amount"] or Decimal(0) for row in rows[limit:]), Decimal(0))
        write_line(f"… and {len(rows) - limit} more: {rest}")


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("reconcile", reconcile),
    ("trace", trace),
)
