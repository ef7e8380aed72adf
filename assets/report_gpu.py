"""GPUs and models for pages: a month's machines, requests, training, and ways to answer. No Dagster here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.lake.engine import Catalog
from pipelines.reporting.gpu_rows import GPU_TABLES

Row = dict[str, Any]

_PARTS = ("busy_cost", "queue_idle_cost", "warm_idle_cost", "nobodys_cost", "unsorted_idle_cost")

_MACHINES = f"""
select
    billing_month, resource_id, billing_currency,
    arg_max(resource_name, charge_date) as resource_name,
    arg_max(resource_type, charge_date) as resource_type,
    arg_max(project_name, charge_date) as project_name,
    arg_max(environment, charge_date) as environment,
    arg_max(coalesce(owner, team), charge_date) as owner,
    arg_max(commercial_type, charge_date) as commercial_type,
    sum(allocation_cost) as allocation_cost,
    {", ".join(f"sum({part}) as {part}" for part in _PARTS)},
    sum(unmeasured_cost) as unmeasured_cost,
    cast(sum(allocation_cost * (training_gpu_hours / nullif(charged_gpu_hours, 0))) as decimal(38, 12))
        as training_cost
from gold.gpu_days
where billing_month = '{{month}}'
group by billing_month, resource_id, billing_currency
"""

_QUERIES: Mapping[str, str] = {
    "gold.gpu_days": _MACHINES,
    "gold.cost_per_inference": (
        "select * from gold.cost_per_inference where billing_month = '{month}' and period = 'month' and is_sum"
    ),
    "gold.cost_per_training": (
        "select * from gold.cost_per_training where billing_month = '{month}' and scope = 'model'"
    ),
}


def gpu_rows(catalog: Catalog, month: str) -> dict[str, list[Row]]:
    """Rows by table, of one month; a table that was not built yet is left out."""
    found = {}
    for table in GPU_TABLES:
        if catalog.state(table).delta is not None:
            query = _QUERIES.get(table, f"select * from {table} where billing_month = '{{month}}'")
            found[table] = catalog.query(query.format(month=month)).to_pylist()
    return found
