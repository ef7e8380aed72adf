"""What unit costs are told and what is drawn from them, as tables. No Dagster here."""

from __future__ import annotations

import pyarrow as pa

from assets import unit_drivers
from assets.made_tables import MadeTable
from pipelines.lake.tables import PythonTable
from pipelines.regression import line

_TEXT = pa.string()
_NAMES = pa.list_(pa.string())
_EXACT = pa.decimal128(38, 12)

UNIT_SETTINGS = PythonTable(
    "bronze.unit_settings",
    "What unit costs are told by `[units]`, as it was at the last run: one row.",
    pa.schema(
        [
            ("target_margin", _EXACT),
            ("ci_products", _NAMES),
            ("ci_pools", _NAMES),
            ("ephemeral_environments", _NAMES),
            ("first_entry_sources", _NAMES),
        ]
    ),
    None,
)

UNIT_COST_DRIVERS = MadeTable(
    PythonTable(
        "gold.unit_cost_drivers",
        "What a day costs whatever happens and what one more unit adds: a straight line through the daily direct cost "
        "and units of a key figure over its last 90 days, of complete days only, with standard errors that bear "
        "unequal scatter (HC3). Null with the reason where the days tell no line.",
        pa.schema(
            [
                ("kpi", _TEXT),
                ("scope", _TEXT),
                ("product", _TEXT),
                ("environment", _TEXT),
                ("unit", _TEXT),
                ("billing_currency", _TEXT),
                ("fixed_cost_per_day", _EXACT),
                ("fixed_cost_per_day_error", _EXACT),
                ("marginal_cost", _EXACT),
                ("marginal_cost_error", _EXACT),
                ("r2", _EXACT),
                ("days", pa.int64()),
                ("first_date", pa.date32()),
                ("last_date", pa.date32()),
                ("reason", _TEXT),
            ]
        ),
        None,
    ),
    grain=("kpi", "scope", "billing_currency"),
    reads=unit_drivers.READS,
    code=(unit_drivers, line),
)

UNIT_TABLES = (UNIT_SETTINGS, UNIT_COST_DRIVERS.table)
