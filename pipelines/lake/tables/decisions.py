"""Tables that people's settings and the pipeline's decisions make: no answer of a source is in them."""

from __future__ import annotations

import pyarrow as pa

from pipelines.lake.tables.python_table import PythonTable

_TEXT = pa.string()
_MONEY = pa.decimal128(38, 12)

KPI_SETTINGS = PythonTable(
    "bronze.kpi_settings",
    "The settings key figures depend on, as they were at the last run: one row.",
    pa.schema([("charges_are_net", pa.bool_()), ("idle_below", _MONEY)]),
    None,
)

SAVINGS_PLANS = PythonTable(
    "bronze.savings_plans",
    "Compute savings plans of `finops.toml`: no API tells of them.",
    pa.schema(
        [
            ("monthly_commitment", _MONEY),
            ("discount", _MONEY),
            ("billing_currency", _TEXT),
            ("starts_on", pa.date32()),
            ("ends_on", pa.date32()),
        ]
    ),
    None,
)

RECOMMENDATIONS = PythonTable(
    "gold.recommendations",
    "What to do: one row a recommendation, with its evidence, its saving by the month and what became of it. It is "
    "empty until recommendations are made.",
    pa.schema(
        [
            *((name, _TEXT) for name in ("recommendation_id", "rule", "resource_id", "resource_name", "project_id")),
            *((name, _TEXT) for name in ("owner", "environment", "action", "reason", "evidence")),
            ("evaluation_start", pa.date32()),
            ("evaluation_end", pa.date32()),
            ("monthly_cost", _MONEY),
            ("monthly_saving", _MONEY),
            ("currency", _TEXT),
            ("one_off_cost", _MONEY),
            *((name, _TEXT) for name in ("confidence", "risk", "effort")),
            ("restart_needed", pa.bool_()),
            *((name, _TEXT) for name in ("rollback", "change")),
            ("kg_co2e_saving", _MONEY),
            ("m3_water_saving", _MONEY),
            ("conflicts_with", pa.list_(_TEXT)),
            ("status", _TEXT),
            ("first_seen", pa.date32()),
            ("last_seen", pa.date32()),
        ]
    ),
    None,
)

DECISION_TABLES = (KPI_SETTINGS, SAVINGS_PLANS, RECOMMENDATIONS)
