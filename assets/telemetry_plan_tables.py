"""Tables about telemetry that Python makes: what streams are worth, data sources against budgets, policies by date."""

from __future__ import annotations

import pyarrow as pa

from assets.made_tables import MadeTable
from assets.recommendations_tables import RESOURCES
from pipelines.lake.tables import PythonTable
from pipelines.recommendations.rules.telemetry import STREAMS

SNAPSHOT = "snapshot"
"""The partition of policies: the day from which they hold, as text."""

_TEXT, _NUMBER, _FLAG, _MONEY = pa.string(), pa.int64(), pa.bool_(), pa.decimal128(38, 12)
_READS = (RESOURCES, STREAMS)
_WHO = (
    ("usage_month", _TEXT),
    ("as_of", pa.date32()),
    *((name, _TEXT) for name in ("data_source_id", "data_source_name", "project_id", "owner", "environment")),
    ("billing_currency", _TEXT),
    ("signal", _TEXT),
)

TELEMETRY_PLAN = MadeTable(
    PythonTable(
        "gold.telemetry_plan",
        "What each billed stream of telemetry is worth and what the policy makes of it, by month, as of its newest "
        "known day: logs by service and class, metrics by name, traces by data source. value_score is queries by the "
        "month ÷ euros by the month, null where the settings tell no queries. What is_protected is never sampled or "
        "dropped. Savings are by the month of 730 hours, before tiers; null where they were not measured.",
        pa.schema(
            [
                *_WHO,
                *((name, _TEXT) for name in ("stream", "stream_class")),
                ("is_protected", _FLAG),
                *((name, _NUMBER) for name in ("bytes_per_month", "samples_per_month")),
                ("monthly_cost", _MONEY),
                ("queries_per_month", _NUMBER),
                ("value_score", _MONEY),
                ("action", _TEXT),
                ("keep_share", pa.float64()),
                ("archive_days", _NUMBER),
                *((name, _MONEY) for name in ("monthly_saving", "restore_cost")),
                ("reason", _TEXT),
            ]
        ),
        "usage_month",
    ),
    ("usage_month", "data_source_id", "signal", "stream", "stream_class"),
    _READS,
    (),
)

TELEMETRY_BUDGETS = MadeTable(
    PythonTable(
        "gold.telemetry_budgets",
        "What each billed data source costs by the month, what it will cost if every week is like the last one, and "
        "the budget the settings give it; beside it for how long it keeps what it holds, and what the policy asks for. "
        "has_drifted says that these differ. Nulls are what is not known, or no budget.",
        pa.schema(
            [
                *_WHO,
                *((name, _MONEY) for name in ("monthly_cost", "expected_monthly_cost", "monthly_budget")),
                ("is_beyond_budget", _FLAG),
                *((name, _NUMBER) for name in ("retention_days", "policy_days", "free_days")),
                ("has_drifted", _FLAG),
            ]
        ),
        "usage_month",
    ),
    ("usage_month", "data_source_id", "signal"),
    _READS,
    (),
)

RETENTION_POLICIES = MadeTable(
    PythonTable(
        "gold.retention_policies",
        "The retention policies of the settings as they were on each day on which they became other ones: days, shares "
        "and archives by class of telemetry, and lifecycle lines by bucket name in their order. The newest snapshot "
        "holds.",
        pa.schema(
            [
                (SNAPSHOT, _TEXT),
                *((name, _TEXT) for name in ("signal", "subject")),
                ("place", _NUMBER),
                ("least_days", _NUMBER),
                ("hot_days", _NUMBER),
                ("keep_share", pa.float64()),
                ("archive_days", _NUMBER),
                ("policy", _TEXT),
            ]
        ),
        SNAPSHOT,
    ),
    (SNAPSHOT, "signal", "place"),
    (),
    (),
)

TELEMETRY_TABLES = (TELEMETRY_PLAN, TELEMETRY_BUDGETS, RETENTION_POLICIES)
