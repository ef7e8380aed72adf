"""What has to add up in a lake whatever is true: what is borne to what was charged, and bridges to their change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.kpi_compare import Comparison, compared

if TYPE_CHECKING:
    from benchmarks.kpi_sides import Query

_EFFECTS = ("price", "volume", "mix", "efficiency", "new", "gone", "not_separable")


def sums(query: Query) -> Iterator[Comparison]:
    """Every day and currency of the bill, and every bridge."""
    charged, borne = (
        {
            (row["charge_date"].isoformat(), row["billing_currency"]): {"cost": row["cost"]}
            for row in query(
                f"select charge_date, billing_currency, sum(billed_cost) as cost from {table} "
                "where billed_cost is not null group by all"
            )
        }
        for table in ("silver.labelled_costs", "gold.allocated_costs")
    )
    yield compared("allocations conserve", "day", borne, charged, {})
    yield _bridge(query, "total_bridge", ("project_id", "sku", "billing_currency"), "sum(billed_cost - previous_cost)")
    yield _bridge(query, "kpi_bridge", ("kpi", "scope", "billing_currency", "unit"), "max(value) - max(previous_value)")


def _bridge(query: Query, table: str, columns: tuple[str, ...], change: str) -> Comparison:
    """The parts of each change beside the change itself."""
    parts = " + ".join(f"coalesce({effect}_effect, 0)" for effect in _EFFECTS)
    rows = query(
        f"select billing_month, concat_ws('|', {', '.join(columns)}) as name, sum({parts}) as parts, "
        f"{change} as change from gold.{table} where price_effect is not null group by all"
    )
    found = {(row["billing_month"], row["name"]): {"cost": row["parts"]} for row in rows}
    true = {(row["billing_month"], row["name"]): {"cost": row["change"]} for row in rows}
    return compared(f"{table} adds up", "month", found, true, {})
