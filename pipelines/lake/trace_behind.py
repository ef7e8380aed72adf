"""From a figure that is no sum of charges (a quotient, a forecast, a finding) to the charges it was made from."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog, connect

CHARGES = "silver.labelled_costs"
_PLACE = ("charge_key", "resource_id", "sku", "service_name", "project_id", "billing_currency")
"""What a row says of the charges it is about, the most telling first."""
_LABELS = ("environment", "product", "tenant", "team", "owner")
_LOOSENED = ("sku", "resource_id", "service_name", "project_id")
"""Left out one after the other where no charge agrees: what is not billed itself is paid for with what holds it."""


@dataclass(frozen=True)
class Behind:
    """The rows of a table, the tables that lead from charges to it, and the charges of what the rows are about.

    `path` begins with the table and ends with the charges, and is empty where the table is not made from charges;
    `agree_in` are the columns in which the charges agree with the rows.
    """

    table: str
    keys: Mapping[str, str]
    rows: pa.Table
    path: tuple[str, ...]
    agree_in: tuple[str, ...]
    charges: pa.Table


def path_to_charges(catalog: Catalog, table: str, reads: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The shortest chain of tables, each made from the next; `reads` says it of those that Python makes."""
    seen = {table}
    waiting: deque[tuple[str, ...]] = deque([(table,)])
    while waiting:
        path = waiting.popleft()
        if path[-1] in (CHARGES, "silver.costs"):
            return path
        model = catalog.models.by_name.get(path[-1])
        for name in sorted(model.reads if model is not None else reads.get(path[-1], ())):
            if name not in seen:
                seen.add(name)
                waiting.append((*path, name))
    return ()


def behind(catalog: Catalog, table: str, keys: Mapping[str, str], reads: Mapping[str, Sequence[str]]) -> Behind:
    """The charges behind the rows that have these values; an empty value means null. UsageError without a row."""
    with connect(catalog.lake.address) as connection:
        catalog.register(connection, sorted({table, CHARGES}))
        columns = {str(row[0]): str(row[1]) for row in connection.execute(f"describe {table}").fetchall()}
        if unknown := sorted(set(keys) - set(columns)):
            raise UsageError(f"{table} has no column {unknown[0]}; it has {', '.join(sorted(columns))}")
        where = " and ".join(f"coalesce({name}::varchar, '') = ?" for name in keys) or "true"
        connection.execute(f"create temp table chosen as select * from {table} where {where}", list(keys.values()))
        rows = connection.execute("select * from chosen").to_arrow_table()
        if not rows.num_rows:
            told = ", ".join(f"{name}={value}" for name, value in keys.items())
            raise UsageError(f"{table} has no row with {told}; check the keys")
        path = path_to_charges(catalog, _named(catalog, table, rows), reads)
        path = path if not path or path[0] == table else (table, *path)
        agree_in, charges = _charges(connection, columns) if path else ((), pa.table({}))
    return Behind(table, keys, rows, path, agree_in, charges)


def _named(catalog: Catalog, table: str, rows: pa.Table) -> str:
    """Of a table that gathers key figures, the table of the one that was asked for."""
    model = catalog.models.by_name.get(table)
    names = set(rows["kpi"].to_pylist()) if "kpi" in rows.column_names else set()
    named = {f"gold.{name}" for name in names} & (model.reads if model is not None else set())
    return named.pop() if len(named) == 1 else table


def _charges(connection: duckdb.DuckDBPyConnection, columns: Mapping[str, str]) -> tuple[tuple[str, ...], pa.Table]:
    """Of the days the rows speak of, all charges that agree with one of them in what it says of them."""
    shared = [name for name in (*_PLACE, *_LABELS) if name in columns]
    period = _period(columns)
    tries = [shared]
    for name in (*_LABELS, *_LOOSENED):
        if name in tries[-1]:
            tries.append([each for each in tries[-1] if each != name])
    for names in tries:
        agreeing = [f"(chosen.{name} is null or chosen.{name} = costs.{name})" for name in names]
        found = connection.execute(
            f"""
            select 'charge' as evidence, costs.charge_key as evidence_key, costs.charge_date, costs.project_name,
                costs.sku, costs.resource_name, costs.billed_cost as amount, costs.billing_currency, costs.answer_hash
            from {CHARGES} as costs
            where exists (select 1 from chosen where {" and ".join([*period, *agreeing]) or "true"})
            order by abs(amount) desc nulls last, evidence_key
            """
        ).to_arrow_table()
        if found.num_rows:
            return (*names, *(["days"] if period else [])), found
    return (), found


def _period(columns: Mapping[str, Any]) -> list[str]:
    """Which days a row speaks of, by the columns that say it; none where it speaks of all that is known."""
    if "evaluation_start" in columns:
        return ["costs.charge_date between chosen.evaluation_start::date and chosen.evaluation_end::date"]
    if "first_day" in columns and "last_day" in columns:
        return ["costs.charge_date between chosen.first_day and chosen.last_day"]
    for name in ("charge_date", "usage_date"):
        if name in columns:
            return [f"costs.charge_date = chosen.{name}"]
    if "known_until" in columns:
        return ["costs.charge_date < chosen.known_until::date"]
    for name in ("billing_month", "usage_month"):
        if name in columns:
            return [f"costs.billing_month = chosen.{name}"]
    return []
