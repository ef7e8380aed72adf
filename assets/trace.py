"""From a figure to the charges behind it, of any table of gold: by a sum where it is one, else by what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module

from assets.made_tables import MadeTable
from pipelines.lake.engine import Catalog
from pipelines.lake.trace import NotASum, Trace, keys_of, trace
from pipelines.lake.trace_behind import Behind, behind

_MODULES = (
    *("allocations", "anomalies_tables", "anomaly_feedback", "bridges", "budgets_tables", "forecasts_tables"),
    *("gpu_break_even_tables", "kpi_bridges", "recommendations_tables", "savings_tables", "schedule_nights_tables"),
    *("storage_efficiency_tables", "telemetry_plan_tables", "unit_tables"),
)
"""Where the tables that Python makes say what they are made from."""


@cache
def made_tables() -> Mapping[str, MadeTable]:
    """Those tables by their names."""
    found = (value for name in _MODULES for value in vars(import_module(f"assets.{name}")).values())
    return {each.name: each for each in found if isinstance(each, MadeTable)}


def lead_to_charges(catalog: Catalog, table: str, words: Sequence[str]) -> Trace | Behind:
    """What `finops trace` answers."""
    try:
        return trace(catalog, table, words)
    except NotASum:
        made, model = made_tables(), catalog.models.by_name.get(table)
        if model is None and table not in made:
            raise
    grain = model.grain if model is not None else made[table].grain
    reads = {name: each.reads for name, each in made.items()}
    return behind(catalog, table, keys_of(table, grain, words), reads)
