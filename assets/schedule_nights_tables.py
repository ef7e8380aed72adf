"""The table of nights on which machines are meant to be off."""

from __future__ import annotations

import pyarrow as pa

from assets.made_tables import MadeTable
from pipelines.lake.tables import PythonTable
from pipelines.recommendations import nights, nights_calendar, nights_evidence

_TEXT = pa.string()
_MONEY = pa.decimal128(38, 12)
_TIME = pa.timestamp("us", tz="UTC")

SCHEDULE_NIGHTS = MadeTable(
    PythonTable(
        "gold.schedule_nights",
        "Every night and weekend on which an Instance is meant to be off, by `[[schedules]]` or by its own habit, and "
        "what became of it: stopped, missed (stopped in place is a miss), excused, or unknown because nothing tells. "
        "cost is what the hours were charged (is_estimated: by the hour, where charges are not there yet), missed_cost "
        "that of misses alone. Hours are null where they are not known.",
        pa.schema(
            [
                *((name, _TEXT) for name in ("resource_id", "resource_name", "project_id", "environment", "owner")),
                *((name, _TEXT) for name in ("schedule", "schedule_from", "schedule_hours", "night_kind")),
                pa.field("night_of", pa.date32()),
                *((name, _TIME) for name in ("starts_at", "ends_at")),
                *((name, _TEXT) for name in ("night_class", "reason")),
                *((name, pa.float64()) for name in ("window_hours", "charged_hours")),
                *((name, pa.int64()) for name in ("sampled_hours", "api_stops", "api_starts")),
                ("was_standby", pa.bool_()),
                ("cost", _MONEY),
                ("missed_cost", _MONEY),
                ("is_estimated", pa.bool_()),
                ("billing_currency", _TEXT),
                ("judged_on", pa.date32()),
                ("billing_month", _TEXT),
            ]
        ),
        "billing_month",
    ),
    grain=("resource_id", "starts_at"),
    reads=(
        *("silver.power_days", "silver.resources", "silver.audit_events", "silver.labelled_costs"),
        *("silver.latest_answers", "silver.latest_measurements", "silver.projects", "silver.unit_audited_days"),
    ),
    code=(nights, nights_calendar, nights_evidence),
)
