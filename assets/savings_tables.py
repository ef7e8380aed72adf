"""What actions really saved, and what rules' predictions were worth, as tables that Python makes."""

from __future__ import annotations

import pyarrow as pa

from assets.made_tables import MadeTable
from pipelines.lake.tables import PythonTable

ACTION_DAYS = "gold.action_days"
RECOMMENDATIONS = "gold.recommendations"

_TEXT, _DATE, _NUMBER = pa.string(), pa.date32(), pa.int64()
_MONEY = pa.decimal128(38, 12)

SAVINGS = MadeTable(
    PythonTable(
        "gold.savings",
        "What each action that was done saved: the later bill against what it would have been at the same prices, work "
        "and demand (baseline), by the month of 730 hours, with the interval that holds it in nine of ten cases. What "
        "is verified, lasts and harmed no service is counted; what is not measured is said to be unguarded.",
        pa.schema(
            [
                *((name, _TEXT) for name in ("recommendation_id", "rule", "title", "resource_id", "resource_name")),
                *((name, _TEXT) for name in ("project_id", "project_name", "owner", "environment", "action")),
                ("currency", _TEXT),
                ("done_on", _DATE),
                ("state", _TEXT),
                ("state_reason", _TEXT),
                ("predicted_saving", _MONEY),
                ("monthly_saving", _MONEY),
                ("low", _MONEY),
                ("high", _MONEY),
                ("counted_saving", _MONEY),
                ("baseline", _TEXT),
                ("days_judged", _NUMBER),
                ("judged_until", _DATE),
                ("expected_cost", _MONEY),
                ("actual_cost", _MONEY),
                ("replacement_cost", _MONEY),
                ("saved_cost", _MONEY),
                ("bounced_back_on", _DATE),
                ("is_harmed", pa.bool_()),
                ("guarded_by", _TEXT),
                ("guard_reason", _TEXT),
            ]
        ),
        None,
    ),
    ("recommendation_id",),
    (ACTION_DAYS, RECOMMENDATIONS),
    (),
)

RULE_ACCURACY = MadeTable(
    PythonTable(
        "gold.rule_accuracy",
        "What each rule predicted and what came of it, over all its actions that were proved: by the month, and the "
        "factor for what it says next, pulled towards one while there are few.",
        pa.schema(
            [
                ("rule", _TEXT),
                ("currency", _TEXT),
                ("actions", _NUMBER),
                ("predicted_saving", _MONEY),
                ("realised_saving", _MONEY),
                ("factor", _MONEY),
            ]
        ),
        None,
    ),
    ("rule", "currency"),
    (SAVINGS.name,),
    (),
)

SAVINGS_TABLES = (SAVINGS, RULE_ACCURACY)
