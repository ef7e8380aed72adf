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

SAVINGS_PLAN_TERMS = PythonTable(
    "bronze.savings_plan_terms",
    "What `finops.toml` says is offered on new Compute savings plans: no API tells of it.",
    pa.schema(
        [
            ("months", pa.int32()),
            ("discount", _MONEY),
            ("least", _MONEY),
            ("most", _MONEY),
            ("billing_currency", _TEXT),
            ("valid_from", pa.date32()),
        ]
    ),
    None,
)

RECOMMENDATIONS = PythonTable(
    "gold.recommendations",
    "What to do: one row a recommendation, from the day it was first made, with its evidence (JSON), the change and "
    "its undo (JSON), its saving by the month (negative where the advice is to spend more), what to expect of that by "
    "what its rule's advice was worth so far, what all it saves on costs by the month, and what became of it. Of those "
    "that overlap the ones that together save the most are counted.",
    pa.schema(
        [
            *((name, _TEXT) for name in ("recommendation_id", "rule", "title", "resource_id", "resource_name")),
            *((name, _TEXT) for name in ("resource_type", "target", "project_id", "project_name", "team")),
            *((name, _TEXT) for name in ("owner", "environment", "action", "reason", "evidence")),
            ("evaluation_start", pa.date32()),
            ("evaluation_end", pa.date32()),
            ("monthly_cost", _MONEY),
            ("monthly_saving", _MONEY),
            ("expected_saving", _MONEY),
            ("currency", _TEXT),
            ("basis", _TEXT),
            ("one_off_cost", _MONEY),
            ("confidence", pa.float64()),
            *((name, _TEXT) for name in ("risk", "effort")),
            ("restart_needed", pa.bool_()),
            *((name, _TEXT) for name in ("rollback", "change")),
            ("kg_co2e_saving", _MONEY),
            ("m3_water_saving", _MONEY),
            ("saves_on", pa.list_(_TEXT)),
            ("conflicts_with", pa.list_(_TEXT)),
            ("is_counted", pa.bool_()),
            ("status", _TEXT),
            ("status_reason", _TEXT),
            ("status_since", pa.date32()),
            ("status_until", pa.date32()),
            ("status_owner", _TEXT),
            ("first_seen", pa.date32()),
            ("last_seen", pa.date32()),
            ("judged_on", pa.date32()),
            ("judgement", _TEXT),
            ("judgement_reason", _TEXT),
            ("judgement_since", pa.date32()),
            ("returned_on", pa.date32()),
        ]
    ),
    None,
)

UNJUDGED = PythonTable(
    "gold.unjudged",
    "What a rule could not judge on the newest day, what is missing for it, and since when without a break.",
    pa.schema(
        [
            *((name, _TEXT) for name in ("rule", "resource_id", "resource_name", "resource_type", "project_id")),
            *((name, _TEXT) for name in ("project_name", "owner", "environment")),
            ("monthly_cost", _MONEY),
            *((name, _TEXT) for name in ("currency", "reason")),
            ("since", pa.date32()),
            ("judged_on", pa.date32()),
        ]
    ),
    None,
)

RECOMMENDATION_ACTIONS = PythonTable(
    "gold.recommendation_actions",
    "What people said about recommendations: accepted, done, rejected, suppressed until a day, or reopened, each with "
    "its reason and with what was advised then. Append only; the newest word on a recommendation holds.",
    pa.schema(
        [
            ("recommendation_id", _TEXT),
            ("said_at", pa.timestamp("us", tz="UTC")),
            *((name, _TEXT) for name in ("said_by", "word", "reason")),
            ("until", pa.date32()),
            *((name, _TEXT) for name in ("owner", "rule", "resource_id", "resource_name", "target", "action")),
            ("monthly_saving", _MONEY),
            *((name, _TEXT) for name in ("currency", "action_month")),
        ]
    ),
    "action_month",
)

DECISION_TABLES = (KPI_SETTINGS, SAVINGS_PLANS, SAVINGS_PLAN_TERMS, RECOMMENDATIONS, UNJUDGED, RECOMMENDATION_ACTIONS)
