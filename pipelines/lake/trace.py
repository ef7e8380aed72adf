"""From a figure to the charges behind it, and from each charge to the recorded answer that said so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.sql_models import SqlModel

_COST_COLUMNS = ("billed_cost", "charged_cost")
_CHARGES = "silver.labelled_costs"
_BY_DIMENSION = (
    "case chosen.dimension when 'project' then costs.project_id when 'service' then costs.service_name "
    "when 'owner' then coalesce(costs.owner, '') when 'resource' then costs.resource_id end = chosen.item_id"
)
"""How a row of gold.top_spenders names its charges."""


@dataclass(frozen=True)
class Trace:
    """A figure, the charges it came from, and whether they add up to it."""

    table: str
    keys: Mapping[str, str]
    figure: Decimal
    charges: pa.Table

    @property
    def charged(self) -> Decimal:
        """Sum of the charges; an unpriced one adds nothing."""
        return sum((value for value in self.charges["billed_cost"].to_pylist() if value is not None), Decimal(0))

    @property
    def adds_up(self) -> bool:
        """Exactly, to the last decimal."""
        return self.charged == self.figure


def trace(catalog: Catalog, table: str, words: Sequence[str]) -> Trace:
    """The charges behind the rows of a cost table that `words` choose.

    A word is `column=value`, or a bare value in the order of the table's grain. `column=` means null or empty.
    """
    model = catalog.models.by_name.get(table)
    if model is None:
        raise UsageError(f"{table} cannot be traced; name a table made of charges, such as gold.daily_costs")
    keys = _keys(model, words)
    connection = connect(catalog.lake.address)
    with connection:
        catalog.register(connection, [table, _CHARGES, "bronze.answers"])
        columns = _columns(connection, table)
        cost = next((name for name in _COST_COLUMNS if name in columns), None)
        matching = _matching(model, _columns(connection, _CHARGES))
        if cost is None or matching is None:
            raise UsageError(f"{table} is not made of charges alone; trace gold.daily_costs or gold.monthly_costs")
        _check_names(table, keys, columns)
        where, values = _where(keys)
        connection.execute(f"create temp table chosen as select * from {table} where {where}", values)
        figure = connection.execute(f"select sum({cost}), count(*) from chosen").fetchone()
        charges = connection.execute(_charges_sql(matching)).to_arrow_table()
    if figure is None or figure[1] == 0:
        raise UsageError(f"{table} has no row with {', '.join(f'{k}={v}' for k, v in keys.items())}; check the keys")
    return Trace(table, keys, figure[0] or Decimal(0), charges)


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    return {row[0] for row in connection.execute(f"describe {table}").fetchall()}


def _matching(model: SqlModel, charge_columns: set[str]) -> str | None:
    """When a charge belongs to a row of the table: they agree in the columns of its grain."""
    own = [name for name in model.grain if name not in charge_columns]
    shared = [f"costs.{name} is not distinct from chosen.{name}" for name in model.grain if name in charge_columns]
    if set(own) == {"dimension", "item_id"}:
        shared.append(_BY_DIMENSION)
    elif own:
        return None
    return " and ".join(shared)


def _charges_sql(matching: str) -> str:
    return f"""
        select
            costs.charge_key, costs.charge_date, costs.project_name, costs.sku, costs.resource_id,
            costs.resource_name, costs.billed_cost, costs.billing_currency,
            answers.path, answers.parameters, answers.asked_at, costs.answer_hash
        from {_CHARGES} as costs
        left join (
            select answer_hash, any_value(path) as path, any_value(parameters) as parameters,
                min(asked_at) as asked_at
            from bronze.answers group by answer_hash
        ) as answers on costs.answer_hash = answers.answer_hash
        where exists (select 1 from chosen where {matching})
        order by costs.billed_cost desc nulls last, costs.charge_key
    """


def _keys(model: SqlModel, words: Sequence[str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    unnamed = iter(model.grain)
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            keys[name] = value
        else:
            column = next(unnamed, None)
            if column is None:
                raise UsageError(f"{model.table} has {len(model.grain)} keys: {', '.join(model.grain)}")
            keys[column] = word
    if not keys:
        raise UsageError(f"which row of {model.table}? Its keys are {', '.join(model.grain)}")
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
