"""Bridges out of gold rows: why a month's total differs from the month before. No Dagster here.

The split itself is `pipelines.bridge`; this module names the items, groups and drivers it is given, and writes what it
answers. Two bridges are told: in euros of the months, and in euros per day, where the length of a month explains
nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pyarrow as pa

from assets.made_tables import MONTH, MadeTable, build_months
from pipelines.bridge import bridging, decomposition, items, rounding
from pipelines.bridge.bridging import total_bridge
from pipelines.bridge.items import Amount, Driver, Effect, Item, Part
from pipelines.lake.build import Built
from pipelines.lake.engine import Catalog
from pipelines.lake.tables import PythonTable

CODE = (bridging, decomposition, items, rounding)
MONEY = pa.decimal128(38, 12)

COLUMNS: Mapping[Effect, str] = {effect: f"{effect.value.replace(' ', '_')}_effect" for effect in Effect}
"""Column of each effect: price_effect … not_separable_effect."""

PER_DAY: Mapping[Effect, str] = {effect: f"{name}_per_day" for effect, name in COLUMNS.items()}
"""Column of each effect per day."""

_ZERO = Decimal(0)

BRIDGE_PARTS = MadeTable(
    PythonTable(
        "gold.bridge_parts",
        "How the change of each SKU by project and product against the month before is split, exactly, in euros and "
        "in euros per day; the reason says why a change has no split.",
        pa.schema(
            [
                *((name, pa.string()) for name in ("project_id", "product", "sku", "billing_currency")),
                ("delta_cost", MONEY),
                *((name, MONEY) for name in COLUMNS.values()),
                ("delta_cost_per_day", MONEY),
                *((name, MONEY) for name in PER_DAY.values()),
                ("reason", pa.string()),
                (MONTH, pa.string()),
            ]
        ),
        MONTH,
    ),
    grain=(MONTH, "project_id", "product", "sku", "billing_currency"),
    reads=("gold.bridge_items",),
    code=CODE,
)


def build_bridge_parts(catalog: Catalog, months: Sequence[str]) -> Built:
    """Bring `gold.bridge_parts` up to date."""

    def make(month: str) -> list[dict[str, Any]]:
        rows = catalog.query(f"select * from gold.bridge_items where billing_month = '{month}'").to_pylist()
        by_currency: defaultdict[str | None, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            by_currency[row["billing_currency"]].append(row)
        return [line for held in by_currency.values() for line in bridge_rows(held)]

    return build_months(catalog, BRIDGE_PARTS, months, make)


def bridge_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `gold.bridge_items` of one month and currency as rows of `gold.bridge_parts`."""
    whole, by_day = _parts(rows), _parts(per_day(rows))
    return [_row(row, whole[_name(row)], by_day[_name(row)]) for row in rows]


def per_day(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same items per day of each period; their costs add up to the rounded cost per day of all."""
    found = [dict(row) for row in rows]
    for prefix, cost, days in (("previous_", "previous_cost", "previous_days"), ("", "billed_cost", "days")):
        shares = {_name(row): Fraction(row[cost]) / row[days] for row in rows if row[cost] is not None}
        units = rounding.rounded_parts(shares, rounding.rounded(sum(shares.values(), Fraction(0))))
        for row in found:
            if row[cost] is not None:
                row[cost] = rounding.amount(units[_name(row)])
            for column in (f"{prefix}quantity", f"{prefix}requests"):
                row[column] = _divided(row[column], row[days])
    return found


def _parts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Part]:
    named = {_driver_name(row): row for row in rows if row["driver"]}
    drivers = [Driver(name, row["previous_requests"], row["requests"]) for name, row in named.items()]
    return {part.name: part for part in total_bridge([_item(row) for row in rows], drivers).parts}


def _item(row: Mapping[str, Any]) -> Item:
    """Of one unit are the SKUs of a service in a project that cost in the same way: there is a mix between them."""
    group = "|".join(str(row[name]) for name in ("project_id", "product", "service_name", "behaviour", "pricing_unit"))
    driver = _driver_name(row) if row["driver"] else None
    return Item(_name(row), _side(row, "previous_", "previous_cost"), _side(row, "", "billed_cost"), group, driver)


def _side(row: Mapping[str, Any], prefix: str, cost: str) -> Amount | None:
    """At one price the quantity is the cost divided by it, to the last digit; at several it is the days' sum."""
    if row[cost] is None:
        return None
    quantity = row[f"{prefix}quantity"]
    is_exact = quantity is not None and row[f"is_{prefix}priced_once"] and row[cost] > 0
    return Amount(
        row[cost], None if is_exact else quantity, row[f"{prefix}unit_price"] if quantity is not None else None
    )


def _driver_name(row: Mapping[str, Any]) -> str:
    return f"{row['project_id']}|{row['driver']}"


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['project_id']}|{row['product']}|{row['sku']}"


def _divided(value: Decimal | None, days: int) -> Decimal | None:
    with localcontext() as exact:
        exact.prec = 60
        return None if value is None else value / days


def _row(row: Mapping[str, Any], part: Part, by_day: Part) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("project_id", "product", "sku", "billing_currency", MONTH)},
        "delta_cost": part.change,
        **{column: part.effects.get(effect, _ZERO) for effect, column in COLUMNS.items()},
        "delta_cost_per_day": by_day.change,
        **{column: by_day.effects.get(effect, _ZERO) for effect, column in PER_DAY.items()},
        "reason": part.reason,
    }
