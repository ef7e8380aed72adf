"""From a figure to the charges behind it, and from each charge to the recorded answer that said so.

A table made of charges alone is traced through its grain. Where a figure is made of something else too (the bill's
lines, invoices, charges of two months), `sql/trace` holds a query of that evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.sql_models import SqlEvidence, load_evidence, tables_read

_OF_CHARGES = (
    "select *, billed_cost as amount, 'charge' as evidence, charge_key as evidence_key from silver.labelled_costs"
)
_BY_DIMENSION = (
    "case chosen.dimension when 'project' then costs.project_id when 'service' then costs.service_name "
    "when 'owner' then coalesce(costs.owner, '') when 'resource' then costs.resource_id end = chosen.item_id"
)
"""How a row of gold.top_spenders names its charges."""


class NotASum(UsageError):
    """The figures of a table are made from charges and are no sum of them, such as a quotient or a forecast."""


@dataclass(frozen=True)
class Trace:
    """A figure, the rows it came from, and whether they add up to it."""

    table: str
    figure_column: str
    keys: Mapping[str, str]
    figure: Decimal
    evidence: pa.Table

    @property
    def total(self) -> Decimal:
        """Sum of the evidence; an unpriced charge adds nothing."""
        return sum((value for value in self.evidence["amount"].to_pylist() if value is not None), Decimal(0))

    @property
    def adds_up(self) -> bool:
        """Exactly, to the last decimal."""
        return self.total == self.figure


def trace(catalog: Catalog, table: str, words: Sequence[str]) -> Trace:
    """The evidence behind the rows of a table that `words` choose.

    A word is `column=value`, or a bare value in the order of the table's grain. `column=` means null or empty.
    """
    model = catalog.models.by_name.get(table)
    evidence = load_evidence().get(table, SqlEvidence(table, _OF_CHARGES, "billed_cost"))
    grain = model.grain if model is not None else evidence.grain
    if not grain:
        raise NotASum(f"{table} cannot be traced; name a table of costs, such as gold.daily_costs")
    keys = keys_of(table, grain, words)
    connection = connect(catalog.lake.address)
    with connection:
        catalog.register(connection, sorted({table, "bronze.answers", *tables_read(evidence.sql)}))
        columns = _columns(connection, table)
        _check_names(table, keys, columns)
        where, values = _where(keys)
        connection.execute(f"create temp table chosen as select * from {table} where {where}", values)
        connection.execute(f"create temp view costs as {evidence.sql}")
        matching = "true" if evidence.reads_chosen else _matching(grain, _columns(connection, "costs"))
        if evidence.figure not in columns or matching is None:
            raise NotASum(f"{table} is not made of charges; trace gold.daily_costs or gold.monthly_costs")
        figure = connection.execute(f"select sum({evidence.figure}), count(*) from chosen").fetchone()
        rows = connection.execute(_evidence_sql(matching)).to_arrow_table()
    if figure is None or figure[1] == 0:
        raise UsageError(f"{table} has no row with {', '.join(f'{k}={v}' for k, v in keys.items())}; check the keys")
    if figure[0] and not rows.num_rows:  # of what is no cost, such as what is unusual of a key figure
        raise NotASum(f"no charge is part of {table}.{evidence.figure}; look at the rows it is made from")
    return Trace(table, evidence.figure, keys, figure[0] or Decimal(0), rows)


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    return {row[0] for row in connection.execute(f"describe {table}").fetchall()}


def _matching(grain: Sequence[str], evidence_columns: set[str]) -> str | None:
    """When a row of evidence belongs to a row of the table: they agree in the columns of its grain."""
    own = [name for name in grain if name not in evidence_columns]
    shared = [f"costs.{name} is not distinct from chosen.{name}" for name in grain if name in evidence_columns]
    if set(own) == {"dimension", "item_id"}:
        shared.append(_BY_DIMENSION)
    elif own:
        return None
    return " and ".join(shared)


def _evidence_sql(matching: str) -> str:
    columns = "evidence, evidence_key, charge_date, project_name, sku, resource_name, amount, billing_currency"
    return f"""
        with found as (select * from costs where exists (select 1 from chosen where {matching}))
        select {columns}, answers.path, answers.parameters, answers.asked_at, answer_hash
        from (select * from (select null::date as charge_date limit 0) union all by name select * from found) as found
        left join (
            select answer_hash, any_value(path) as path, any_value(parameters) as parameters,
                min(asked_at) as asked_at
            from bronze.answers group by answer_hash
        ) as answers using (answer_hash)
        order by abs(amount) desc nulls last, evidence_key
    """


def keys_of(table: str, grain: Sequence[str], words: Sequence[str]) -> dict[str, str]:
    """The columns that words name, or stand for by their place in the grain, with their values; UsageError if none."""
    keys: dict[str, str] = {}
    unnamed = iter(grain)
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            keys[name] = value
        else:
            column = next(unnamed, None)
            if column is None:
                raise UsageError(f"{table} has {len(grain)} keys: {', '.join(grain)}")
            keys[column] = word
    if not keys:
        raise UsageError(f"which row of {table}? Its keys are {', '.join(grain)}")
    return keys


def _check_names(table: str, keys: Mapping[str, str], columns: set[str]) -> None:
    unknown = sorted(set(keys) - columns)
    if unknown:
        raise UsageError(f"{table} has no column {unknown[0]}; it has {', '.join(sorted(columns))}")


def _where(keys: Mapping[str, str]) -> tuple[str, list[Any]]:
    conditions = [
        f"coalesce({name}::varchar, '') = ''" if value == "" else f"{name}::varchar = ?" for name, value in keys.items()
    ]
    return " and ".join(conditions), [value for value in keys.values() if value != ""]
