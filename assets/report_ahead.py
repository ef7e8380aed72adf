"""What ends, and what was said of a month before it was over, for the monthly review."""

from __future__ import annotations

from typing import Any

from assets.budgets_tables import CALENDAR
from assets.forecasts_tables import FORECASTS
from pipelines.billing.periods import month_start, previous_month
from pipelines.lake.engine import Catalog

TOLD = "gold.forecasts of the month"
AHEAD_TABLES = (CALENDAR.name, FORECASTS.name)

Row = dict[str, Any]


def ahead_rows(catalog: Catalog, month: str) -> dict[str, list[Row]]:
    """Rows by table; a table that no run has written yet is left out."""
    found: dict[str, list[Row]] = {}
    if catalog.state(CALENDAR.name).delta is not None:
        found[CALENDAR.name] = catalog.query(f"select * from {CALENDAR.name}").to_pylist()
    if catalog.state(FORECASTS.name).delta is not None:
        found[TOLD] = catalog.query(_told(month)).to_pylist()
    return found


def _told(month: str) -> str:
    """Forecasts of the whole organisation for all of a month, made in the month before it or in it, oldest first."""
    first = month_start(month)
    return (
        f"select * from {FORECASTS.name} where level = 'organization' and period in ('month_end', 'next_month') "
        f"and period_start = date '{first}' and made_month in ('{previous_month(month)}', '{month}') order by made_on"
    )
