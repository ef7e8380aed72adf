"""Key figures for the report: a year of months, tenants under names that do not tell who they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assets.allocation_pseudonyms import shown_tenants
from pipelines.billing.periods import previous_month
from pipelines.lake.engine import Catalog
from pipelines.settings import Settings

KPIS = "gold.kpis"
HISTORY_MONTHS = 13
_TENANT = "tenant "

Row = Mapping[str, Any]


def kpi_rows(catalog: Catalog, month: str, settings: Settings) -> list[dict[str, Any]]:
    """Monthly figures of the months up to this one, as the report shows them; none before the tables were built."""
    if any(catalog.state(table).delta is None for table in catalog.models.by_name[KPIS].reads & _stored(catalog)):
        return []
    first = month
    for _ in range(HISTORY_MONTHS - 1):
        first = previous_month(first)
    rows: list[dict[str, Any]] = catalog.query(
        f"select * from {KPIS} where period = 'month' and billing_month between '{first}' and '{month}'"
    ).to_pylist()
    return renamed(rows, shown_tenants(catalog, settings.allocation))


def _stored(catalog: Catalog) -> set[str]:
    """Tables that hold their rows. Those behind a view that were never built would all be worked out for it."""
    return {name for name, model in catalog.models.by_name.items() if model.is_stored}


def renamed(rows: Sequence[Row], shown: Callable[[str | None], str | None]) -> list[dict[str, Any]]:
    """The rows with each tenant under the name that may be shown."""
    return [
        {**row, "scope": f"{_TENANT}{shown(row['scope'].removeprefix(_TENANT))}"} if _is_of_a_tenant(row) else dict(row)
        for row in rows
    ]


def _is_of_a_tenant(row: Row) -> bool:
    return row["kpi"] == "cost_per_tenant" and str(row["scope"]).startswith(_TENANT)
