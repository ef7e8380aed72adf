"""From a figure to the charges behind it, for all of gold: by a sum where it is one, else by what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module

from assets.made_tables import MadeTable
from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog
from pipelines.lake.trace import NotASum, Trace, keys_of, trace
from pipelines.lake.trace_behind import Behind, MadeBy, behind

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
        if table not in catalog.models.by_name and table not in made_tables():
            raise
    return steps_of(catalog, table, words)


def steps_of(catalog: Catalog, table: str, words: Sequence[str]) -> Behind:
    """What `finops trace --steps` answers: of whole rows, whether or not one of their figures is a sum of charges."""
    made, model = made_tables(), catalog.models.by_name.get(table)
    if model is None and table not in made:
        raise UsageError(f"{table} is no table that is made from others; `finops lake tables` lists them")
    grain = model.grain if model is not None else made[table].grain
    return made_from(catalog, table, [keys_of(table, grain, words)])


def made_from(catalog: Catalog, table: str, keys: Sequence[Mapping[str, str]]) -> Behind:
    """What the rows that have the values of one of `keys` are made from, step by step."""
    told = {name: MadeBy(each.grain, each.reads, each.months_back) for name, each in made_tables().items()}
    return behind(catalog, table, keys, told)
