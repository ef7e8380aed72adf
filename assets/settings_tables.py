"""Settings as tables of the lake, so that a figure can be asked which line it was drawn at. No Dagster here.

They are written by the run; whether they say something else than the settings do can be asked before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from assets import allocation_tables
from assets.unit_tables import UNIT_SETTINGS
from pipelines.lake.rewrite import is_whole, replace_whole
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable
from pipelines.lake.tables.decisions import KPI_SETTINGS, SAVINGS_PLAN_TERMS, SAVINGS_PLANS
from pipelines.settings import Settings

Rows = Sequence[Mapping[str, Any]]


def all_rows(settings: Settings) -> Mapping[PythonTable, Rows]:
    """What every table of settings should say."""
    return {**key_figure_rows(settings), **unit_rows(settings), **allocation_tables.rows_of(settings.allocation)}


def store(lake: Lake, told: Mapping[PythonTable, Rows]) -> list[str]:
    """Make the tables say what they are told; those that said something else are returned.

    A table of settings nobody ever gave is not made.
    """
    different = _different(lake, told)
    for name, rows in different.items():
        replace_whole(lake, name, rows)
    return list(different)


def outdated(lake: Lake, settings: Settings) -> list[str]:
    """The tables that say something else than the settings do."""
    return list(_different(lake, all_rows(settings)))


def key_figure_rows(settings: Settings) -> Mapping[PythonTable, Rows]:
    """What key figures are judged by."""
    return {
        KPI_SETTINGS: [{"charges_are_net": settings.billing.charges_are_net, "idle_below": settings.kpis.idle_below}],
        SAVINGS_PLANS: [
            {
                "monthly_commitment": plan.monthly_commitment,
                "discount": plan.discount,
                "billing_currency": plan.currency,
                "starts_on": plan.starts_on,
                "ends_on": plan.ends_on,
            }
            for plan in settings.billing.savings_plans
        ],
        SAVINGS_PLAN_TERMS: [
            {
                "months": term.months,
                "discount": term.discount,
                "least": term.least,
                "most": term.most,
                "billing_currency": term.currency,
                "valid_from": term.valid_from,
            }
            for term in settings.billing.savings_plan_terms
        ],
    }


def unit_rows(settings: Settings) -> Mapping[PythonTable, Rows]:
    """What unit costs are told: one row."""
    units = settings.units
    row = {
        "target_margin": units.target_margin,
        "ci_products": list(units.ci_products),
        "ci_pools": list(units.ci_pools),
        "ephemeral_environments": list(units.ephemeral_environments),
        "first_entry_sources": list(units.first_entry_sources),
    }
    return {UNIT_SETTINGS: [row]}


def _different(lake: Lake, told: Mapping[PythonTable, Rows]) -> dict[str, pa.Table]:
    tables = {table: pa.Table.from_pylist([dict(row) for row in rows], table.schema) for table, rows in told.items()}
    return {table.name: rows for table, rows in tables.items() if not is_whole(lake, table.name, rows)}
