"""Bridges of key figures: why cost per request, GB, deploy or tenant differs from the month before. No Dagster here.

A figure is cost ÷ units. Its parts are those of `gold.bridge_kpi_items`; what they do not cover of its cost is a part
of its own, so that the parts always add up to the change of the figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from assets.bridges import CODE, COLUMNS, MONEY
from assets.made_tables import MONTH, MadeTable, build_months, months_until
from pipelines.bridge.bridging import kpi_bridge
from pipelines.bridge.items import Amount, Driver, Item, NoBridge, exact_sum
from pipelines.lake.build import Built
from pipelines.lake.engine import Catalog
from pipelines.lake.tables import PythonTable

REST = "other charges"
"""The part of a figure's cost that no other part covers."""

KPI_BRIDGE = MadeTable(
    PythonTable(
        "gold.kpi_bridge",
        "Why a key figure is higher or lower than in the month before, part by part: price, volume, mix, efficiency, "
        "new, gone. Effects add up to the part's change, parts to the figure's, exactly. Of a month that still runs, "
        "or without one before it, a line without a part says why there is no split.",
        pa.schema(
            [
                *((name, pa.string()) for name in ("kpi", "scope", "item", "billing_currency", "unit")),
                *((name, MONEY) for name in ("previous_value", "value", "change")),
                *((name, MONEY) for name in COLUMNS.values()),
                ("reason", pa.string()),
                (MONTH, pa.string()),
            ]
        ),
        MONTH,
    ),
    grain=(MONTH, "kpi", "scope", "item", "billing_currency"),
    reads=("gold.bridge_kpi_items",),
    code=CODE,
    months_back=1,
)

_Rows = Sequence[Mapping[str, Any]]
_Figure = tuple[str, str, str]


def build_kpi_bridge(catalog: Catalog, months: Sequence[str]) -> Built:
    """Bring `gold.kpi_bridge` up to date."""

    def make(month: str) -> list[dict[str, Any]]:
        before, now = (_figures(catalog, each) for each in months_until(month, 1))
        return [
            {**line, MONTH: month}
            for figure in sorted({*before, *now})
            for line in figure_rows(figure, before.get(figure, ()), now.get(figure, ()))
        ]

    return build_months(catalog, KPI_BRIDGE, months, make)


def figure_rows(figure: _Figure, before: _Rows, now: _Rows) -> list[dict[str, Any]]:
    """The rows of one key figure; without two complete months, one that says so."""
    name, scope, currency = figure
    head = {"kpi": name, "scope": scope, "billing_currency": currency, "unit": (*now, *before)[0]["unit"]}
    reason = _why_none(before, now)
    bridge = None if reason else kpi_bridge(_items(before, now), Driver("units", _units(before), _units(now)))
    if bridge is None or isinstance(bridge, NoBridge):
        why = reason if bridge is None else bridge.reason
        return [{**head, "item": "", "reason": why}]
    return [
        {
            **head,
            "item": part.name,
            "previous_value": bridge.before,
            "value": bridge.after,
            "change": part.change,
            **{column: part.effects.get(effect, Decimal(0)) for effect, column in COLUMNS.items()},
            "reason": part.reason,
        }
        for part in bridge.parts
    ]


def _figures(catalog: Catalog, month: str) -> dict[_Figure, list[dict[str, Any]]]:
    found: dict[_Figure, list[dict[str, Any]]] = defaultdict(list)
    rows = catalog.query(f"select * from gold.bridge_kpi_items where billing_month = '{month}'").to_pylist()
    for row in rows:
        found[row["kpi"], row["scope"], row["billing_currency"]].append(row)
    return dict(found)


def _why_none(before: _Rows, now: _Rows) -> str | None:
    if not now:
        return "it is not known in this month"
    if not before:
        return "it is not known in the month before"
    if not all(row["is_complete"] for row in now):
        return "the month is not complete; its figure is split when it is"
    return None if all(row["is_complete"] for row in before) else "the month before is not complete"


def _units(rows: _Rows) -> Decimal:
    units: Decimal = rows[0]["units"]
    return units


def _items(before: _Rows, now: _Rows) -> list[Item]:
    sides = [{row["item"]: row for row in rows} for rows in (before, now)]
    items = []
    for name in sorted({*sides[0], *sides[1]}):
        row = sides[1].get(name) or sides[0][name]
        driver = "units" if row["follows_units"] else None
        old, new = (_amount(side.get(name)) for side in sides)
        items.append(Item(name, old, new, row["item_group"], driver))
    old, new = (_uncovered(rows) for rows in (before, now))
    return [*items, Item(REST, old, new)] if old or new else items


def _amount(row: Mapping[str, Any] | None) -> Amount | None:
    return None if row is None else Amount(row["cost"], row["quantity"], row["unit_price"])


def _uncovered(rows: _Rows) -> Amount | None:
    cost = exact_sum((rows[0]["whole_cost"], *(row["cost"].copy_negate() for row in rows)))
    return Amount(cost) if cost else None
