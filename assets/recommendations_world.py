"""The world that rules judge, read from gold.resource_costs and the tables rules name. No Dagster here.

Of a table by month only the newest month is read: it holds one row a resource as of its newest known day, so that a
day's work does not grow with history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from assets.recommendations_tables import RESOURCES
from pipelines.lake.engine import Catalog, reading
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

_MONTHS = ("billing_month", "usage_month")
_CURRENCY = "billing_currency"
_UNKNOWN = "unknown"
"""How costs say that nobody named an environment."""
Row = Mapping[str, Any]


def read_world(catalog: Catalog, rules: Sequence[Rule], today: date) -> World | None:
    """What exists, with what the rules read; None before anything was charged."""
    rows = newest_rows(catalog, RESOURCES).to_pylist()
    if not rows:
        return None
    tables = {name: newest_rows(catalog, name) for name in sorted({name for rule in rules for name in rule.reads})}
    return World(today, max(row["known_until"] for row in rows), resources_of(rows), tables)


def newest_rows(catalog: Catalog, table: str) -> pa.Table:
    """A table's rows; of one by month those of the newest month that has any."""
    column = _month_of(catalog, table)
    if column is None:
        return _ordered(catalog.query(f"select * from {table}"))
    months = sorted(_months(catalog, table, column), reverse=True)
    for month in months:
        with catalog.connect() as connection, reading():
            demand = {name: [month] for name in catalog.physical(table) if catalog.state(name).partition_by == column}
            catalog.register(connection, [table], demand)
            rows = connection.execute(f"select * from {table} where {column} = ?", [month]).to_arrow_table()
        if rows.num_rows:
            return _ordered(rows)
    return catalog.query(f"select * from {table} limit 0")


def _month_of(catalog: Catalog, table: str) -> str | None:
    model = catalog.models.by_name.get(table)
    column = model.partition_by if model is not None else catalog.state(table).partition_by
    return column if column in _MONTHS else None


def _months(catalog: Catalog, table: str, column: str) -> set[str]:
    stored = [catalog.state(name) for name in catalog.physical(table)]
    return {file.partition for state in stored if state.partition_by == column for file in state.data_files}


def _ordered(rows: pa.Table) -> pa.Table:
    """By what plain columns hold, so that rules see the same order every day."""
    keys = [field.name for field in rows.schema if not pa.types.is_nested(field.type)]
    return rows.sort_by([(name, "ascending") for name in keys]) if keys and rows.num_rows else rows


def resources_of(rows: Iterable[Row]) -> dict[str, Resource]:
    """Each resource once, with its costs by SKU. Where it is charged in two currencies, the larger cost stands."""
    parts: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        parts[row["resource_id"]].append(row)
    return {resource_id: _resource(parts[resource_id]) for resource_id in sorted(parts)}


def _resource(rows: Sequence[Row]) -> Resource:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["monthly_cost"] is not None:
            totals[row[_CURRENCY]] += row["monthly_cost"]
    currency = max(totals, key=lambda name: (totals[name], name), default=None)
    charged = [row for row in rows if row["monthly_cost"] is not None and row[_CURRENCY] == currency]
    first = (charged or rows)[0]
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for row in charged:
        costs[row["sku"]] += row["monthly_cost"]
    return Resource(
        resource_id=first["resource_id"],
        resource_name=first["resource_name"] or first["resource_id"],
        resource_type=first["resource_type"],
        resource_class=first["resource_class"],
        resource_state=first["resource_state"],
        project_id=first["project_id"],
        project_name=first["project_name"],
        region_id=first["region_id"],
        availability_zone=first["availability_zone"],
        environment=None if first["environment"] == _UNKNOWN else first["environment"],
        owner=first["owner"],
        team=first["team"],
        tags=tuple(first["tags"] or ()),
        created_at=first["created_at"],
        parent_id=first["parent_id"],
        monthly_cost=None if currency is None else totals[currency],
        currency=currency,
        costs=dict(costs),
        kg_co2e=_sum(charged, "kg_co2e"),
        m3_water=_sum(charged, "m3_water"),
    )


def _sum(rows: Iterable[Row], column: str) -> Decimal | None:
    known = [row[column] for row in rows if row[column] is not None]
    return sum(known, Decimal(0)) if known else None
