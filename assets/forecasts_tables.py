"""What is forecast, as tables: figures as they were said on a day, day by day, and how good such forecasts were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from assets.made_tables import MadeTable, content_of, in_order
from pipelines.lake.engine import Catalog
from pipelines.lake.store import WHOLE, PartitionState
from pipelines.lake.tables import PythonTable

MADE_MONTH = "made_month"
LEVELS = ("organization", "project", "project_service", "behaviour")
"""Whose cost: of all, of a project, of a project's service, of all that is billed alike. Each level adds up to the
first."""
KNOWN_CHANGE = "known_change"
"""One more level: a line for each change that is known to come, which add up to known_changes_cost of the first."""
PERIODS = ("month_end", "next_month", "next_quarter")

_TEXT, _DATE, _NUMBER, _FLAG = pa.string(), pa.date32(), pa.int64(), pa.bool_()
_MONEY, _RATIO = pa.decimal128(38, 12), pa.float64()
_WHOSE = (
    ("level", _TEXT),
    ("project_id", _TEXT),
    ("project_name", _TEXT),
    ("service_name", _TEXT),
    ("behaviour", _TEXT),
    ("billing_currency", _TEXT),
)
_READS = ("gold.daily_series", "gold.daily_series_drivers", "silver.labelled_costs", "silver.prices")

FORECASTS = MadeTable(
    PythonTable(
        "gold.forecasts",
        "Where the running month, the next one and the next quarter end, as it was said on the day made_on; the cost "
        "until known_until is known, the rest is forecast, and low to high holds it in interval_percent of the cases, "
        "null where too few such forecasts have an outcome. Changes that are known to come are in it, in sum as "
        "known_changes_cost and one by one as rows of the level known_change.",
        pa.schema(
            [
                ("made_on", _DATE),
                ("known_until", _DATE),
                *_WHOSE,
                ("known_change", _TEXT),
                ("period", _TEXT),
                ("period_start", _DATE),
                ("period_end", _DATE),
                ("known_cost", _MONEY),
                ("expected_cost", _MONEY),
                ("low_cost", _MONEY),
                ("high_cost", _MONEY),
                ("known_changes_cost", _MONEY),
                ("interval_percent", _NUMBER),
                ("run_rate_cost", _MONEY),
                ("seasonal_naive_cost", _MONEY),
                ("method", _TEXT),
                ("driver", _TEXT),
                ("beats_naive", _FLAG),
                ("history_days", _NUMBER),
                ("reason", _TEXT),
                (MADE_MONTH, _TEXT),
            ]
        ),
        MADE_MONTH,
    ),
    (
        *("made_on", "level", "project_id", "project_name", "service_name", "behaviour", "known_change"),
        *("billing_currency", "period"),
    ),
    _READS,
    (),
)

FORECAST_DAYS = MadeTable(
    PythonTable(
        "gold.forecast_days",
        "The forecast of each day to come, of the organisation and of each project, as it was said on made_on; "
        "to_date is the sum from known_until on, with its own bounds within the running month. Bounds are null where "
        "too few such forecasts have an outcome.",
        pa.schema(
            [
                ("made_on", _DATE),
                ("known_until", _DATE),
                *_WHOSE[:3],
                ("billing_currency", _TEXT),
                ("charge_date", _DATE),
                ("expected_cost", _MONEY),
                ("low_cost", _MONEY),
                ("high_cost", _MONEY),
                ("expected_to_date", _MONEY),
                ("low_to_date", _MONEY),
                ("high_to_date", _MONEY),
                ("run_rate_cost", _MONEY),
                ("seasonal_naive_cost", _MONEY),
                (MADE_MONTH, _TEXT),
            ]
        ),
        MADE_MONTH,
    ),
    ("made_on", "level", "project_id", "project_name", "billing_currency", "charge_date"),
    _READS,
    (),
)

FORECAST_ACCURACY = MadeTable(
    PythonTable(
        "gold.forecast_accuracy",
        "How good the forecaster was so far: of forecasts made as of earlier days, sums of absolute errors (wape) and "
        "of errors (bias, above zero is too high) over what came, how often the bounds held, and the simple ones' own.",
        pa.schema(
            [
                ("made_on", _DATE),
                ("known_until", _DATE),
                ("level", _TEXT),
                ("project_id", _TEXT),
                ("project_name", _TEXT),
                ("behaviour", _TEXT),
                ("billing_currency", _TEXT),
                ("target", _TEXT),
                ("first_day_ahead", _NUMBER),
                ("last_day_ahead", _NUMBER),
                ("forecasts", _NUMBER),
                ("wape", _RATIO),
                ("bias", _RATIO),
                ("coverage", _RATIO),
                ("interval_percent", _NUMBER),
                ("run_rate_wape", _RATIO),
                ("run_rate_bias", _RATIO),
                ("seasonal_naive_wape", _RATIO),
                ("beats_naive", _FLAG),
                ("reason", _TEXT),
            ]
        ),
        None,
    ),
    ("level", "project_id", "project_name", "behaviour", "billing_currency", "target"),
    _READS,
    (),
)

FORECAST_TABLES = (FORECASTS, FORECAST_DAYS, FORECAST_ACCURACY)


def write_partition(catalog: Catalog, made: MadeTable, partition: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Replace one partition, or the whole of a table without any; equal rows make no commit. Rows written."""
    name = WHOLE if made.table.partition_by is None else partition
    table = in_order(made, rows)
    content = content_of(table)
    known = catalog.state(made.name).partitions.get(name)
    if known is not None and known.content == content:
        return 0
    written = catalog.lake.replace(made.name, table, {name: PartitionState(content)}, made.table.partition_by)
    catalog.forget(made.name)
    return written
