"""The table of how near each bucket is to the cheapest legal way of keeping what it keeps."""

from __future__ import annotations

import pyarrow as pa

from assets.made_tables import MadeTable
from assets.recommendations_tables import RESOURCES
from pipelines.lake.tables import PythonTable
from pipelines.recommendations.rules.storage_buckets import CELLS, OUTLOOK

_TEXT, _MONEY = pa.string(), pa.decimal128(38, 12)

STORAGE_EFFICIENCY = MadeTable(
    PythonTable(
        "gold.storage_efficiency",
        "How near each bucket is to the cheapest legal way of keeping what it keeps, by month, as of its newest "
        "listing in it: cost of its best plan ÷ what it costs now (1 is as good as can be), both by the month of 730 "
        "hours on what lies there, without traffic. What a tag protects is at its best. Figures are null, with the "
        "reason, where no plan could be made; of several buckets add up costs, never shares.",
        pa.schema(
            [
                ("usage_month", _TEXT),
                *((name, _TEXT) for name in ("resource_id", "project_id", "owner", "environment")),
                ("as_of", pa.date32()),
                ("billing_currency", _TEXT),
                *((name, _MONEY) for name in ("monthly_cost", "best_monthly_cost", "lifecycle_efficiency")),
                ("reason", _TEXT),
            ]
        ),
        "usage_month",
    ),
    ("usage_month", "resource_id"),
    (RESOURCES, CELLS, OUTLOOK),
    (),
)
