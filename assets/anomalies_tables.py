"""What is unusual, why, and what else changed, as tables."""

from __future__ import annotations

import pyarrow as pa

from assets.made_tables import MadeTable
from pipelines.lake.tables import PythonTable

MONTH = "anomaly_month"

_TEXT, _DATE, _NUMBER, _FLAG = pa.string(), pa.date32(), pa.int64(), pa.bool_()
_MONEY, _RATIO = pa.decimal128(38, 12), pa.float64()
_READS = ("gold.judged_series", "gold.daily_series_drivers", "silver.prices", "silver.audit_events", "silver.deploys")

SCOPE_COLUMNS = (
    *("level", "project_id", "project_name", "service_name", "region", "sku", "resource_id", "resource_name"),
    *("label_key", "label_value", "kpi"),
)
_SCOPE = [(name, _TEXT) for name in SCOPE_COLUMNS]

ANOMALIES = MadeTable(
    PythonTable(
        "gold.anomalies",
        "What is unusual in costs, unit costs, telemetry and requests: one row an event, where it happened, with what "
        "it came to on its days against what was expected (of a unit cost their mean), where it stands and why. Its "
        "name stays while it goes on; what was said of an event that is over for six weeks stays as it was said.",
        pa.schema(
            [
                ("anomaly_id", _TEXT),
                ("first_day", _DATE),
                ("last_day", _DATE),
                ("duration_days", _NUMBER),
                ("is_ongoing", _FLAG),
                ("kind", _TEXT),
                ("subject", _TEXT),
                *_SCOPE,
                ("unit", _TEXT),
                ("actual", _MONEY),
                ("expected", _MONEY),
                ("low", _MONEY),
                ("high", _MONEY),
                ("impact", _MONEY),
                ("impact_percent", _MONEY),
                ("score", _RATIO),
                ("confidence", _RATIO),
                ("severity", _TEXT),
                ("state", _TEXT),
                ("state_reason", _TEXT),
                ("state_since", _DATE),
                ("expected_until", _DATE),
                ("explained_by", _TEXT),
                ("explanation", _TEXT),
                ("is_actionable", _FLAG),
                ("owner", _TEXT),
                ("environment", _TEXT),
                ("root_cause", _TEXT),
                ("runbook", _TEXT),
                ("first_judged_on", _DATE),
                ("judged_on", _DATE),
                ("alerted_on", _DATE),
                (MONTH, _TEXT),
            ]
        ),
        MONTH,
    ),
    ("anomaly_id",),
    _READS,
    (),
)

CAUSES = MadeTable(
    PythonTable(
        "gold.anomaly_causes",
        "The parts of each anomaly's scope by what they moved on its days, the largest first. A part that moved "
        "against it has a negative share.",
        pa.schema(
            [
                ("anomaly_id", _TEXT),
                ("rank", _NUMBER),
                *_SCOPE,
                ("unit", _TEXT),
                ("actual", _MONEY),
                ("expected", _MONEY),
                ("impact", _MONEY),
                ("share_percent", _MONEY),
                (MONTH, _TEXT),
            ]
        ),
        MONTH,
    ),
    ("anomaly_id", "rank"),
    ("gold.judged_series",),
    (),
)

DAYS = MadeTable(
    PythonTable(
        "gold.anomaly_days",
        "Each anomaly day by day, from four weeks before it until a week after: what was, what was expected and "
        "between which bounds. A day without value is null.",
        pa.schema(
            [
                ("anomaly_id", _TEXT),
                ("day", _DATE),
                ("actual", _MONEY),
                ("expected", _MONEY),
                ("low", _MONEY),
                ("high", _MONEY),
                ("is_unusual", _FLAG),
                (MONTH, _TEXT),
            ]
        ),
        MONTH,
    ),
    ("anomaly_id", "day"),
    ("gold.judged_series",),
    (),
)

CHANGES = MadeTable(
    PythonTable(
        "gold.anomaly_changes",
        "What else changed where an anomaly happened, from the day before it until the day after it began: deploys, "
        "resizes, new and gone resources, prices, tags, actions of the Audit Trail, charges that came late.",
        pa.schema(
            [
                ("anomaly_id", _TEXT),
                ("number", _NUMBER),
                ("changed_on", _DATE),
                ("change", _TEXT),
                ("what", _TEXT),
                ("who", _TEXT),
                ("resource_id", _TEXT),
                ("resource_name", _TEXT),
                (MONTH, _TEXT),
            ]
        ),
        MONTH,
    ),
    ("anomaly_id", "number"),
    ("silver.audit_events", "silver.deploys", "silver.resource_history", "silver.prices", "silver.labelled_costs"),
    (),
)

ANOMALY_TABLES = (ANOMALIES, CAUSES, DAYS, CHANGES)
