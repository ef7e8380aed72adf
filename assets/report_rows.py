"""What the monthly review reads of each table: no more rows than it shows or adds up. No Dagster here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.budgets_report import OUTLOOK_QUERIES
from assets.report_kpis import KPIS, kpi_rows
from pipelines.lake.engine import Catalog
from pipelines.settings import load_settings

KPI_BRIDGE = "gold.kpi_bridge"

_OF_THE_MONTH = "select * from {table} where billing_month = '{month}'"
_OF_ALL_MONTHS = "select * from {table}"

# a large organisation has many thousand rows of projects, labels and places a day, and as many resources
_QUERIES: Mapping[str, str] = {
    "gold.monthly_summary": _OF_ALL_MONTHS,
    "gold.data_freshness": _OF_ALL_MONTHS,
    "gold.daily_costs": """
        select
            billing_month,
            charge_date,
            service_name,
            billing_currency,
            cast(sum(billed_cost) as decimal(38, 12)) as billed_cost
        from gold.daily_costs
        where billing_month = '{month}'
        group by all
        order by charge_date, service_name, billing_currency
    """,
    "gold.top_spenders": _OF_THE_MONTH + " and dimension = 'project'",
    **OUTLOOK_QUERIES,
}
"""Of the summary all months, for the history; of what is not here the rows of the month."""

Row = dict[str, Any]


def month_rows(catalog: Catalog, table: str, month: str) -> list[Row]:
    """Rows of one of the review's tables; none of a table that its runs write only since lately."""
    if table == KPIS:
        return kpi_rows(catalog, month, load_settings())
    if table == KPI_BRIDGE and catalog.state(table).delta is None:
        return []
    query = _QUERIES.get(table, _OF_THE_MONTH)
    rows: list[Row] = catalog.query(query.format(table=table, month=month)).to_pylist()
    return rows
