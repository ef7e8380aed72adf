"""Every table a query may name: those of `sql/`, bronze, and the imported FOCUS bills."""

from collections.abc import Mapping
from functools import cache
from typing import Literal

import pyarrow as pa

from assets.allocation_tables import ALLOCATION_TABLES
from assets.allocations import ALLOCATED_COSTS, ALLOCATED_IMPORTS
from assets.anomalies_tables import ANOMALY_TABLES
from assets.anomaly_feedback import FEEDBACK, SENT
from assets.bridges import BRIDGE_PARTS
from assets.budgets_tables import BUDGET_TABLES
from assets.closing_tables import CLOSING_TABLES
from assets.forecasts_tables import FORECAST_TABLES
from assets.gpu_break_even_tables import BREAK_EVEN, CURVE
from assets.kpi_bridges import KPI_BRIDGE
from assets.report_mails_tables import MAILS
from assets.savings_tables import SAVINGS_TABLES
from assets.schedule_nights_tables import SCHEDULE_NIGHTS
from assets.storage_efficiency_tables import STORAGE_EFFICIENCY
from assets.telemetry_plan_tables import TELEMETRY_TABLES
from assets.unit_tables import UNIT_TABLES
from pipelines.focus.columns import FOCUS_LINES_SCHEMA, QUARANTINE_SCHEMA
from pipelines.imports import schema as imports
from pipelines.lake.engine import Catalog
from pipelines.lake.measurements import READING_HASH
from pipelines.lake.sql_models import Layered, load_models
from pipelines.lake.store import Lake
from pipelines.lake.tables import PYTHON_TABLES, PythonTable
from pipelines.lake.tables.decisions import DECISION_TABLES
from pipelines.sources.cockpit import tables as cockpit
from pipelines.sources.objects import tables as objects

IMPORT_KEY = "import_key"
"""Partition of imported bills: one file name, whose newest content supersedes what it said before."""

FOCUS_TABLES = (
    PythonTable(
        "bronze.focus_lines",
        "Lines of imported FOCUS bills, exactly as they were accepted, with the file and line they came from.",
        FOCUS_LINES_SCHEMA,
        IMPORT_KEY,
    ),
    PythonTable(
        "bronze.focus_quarantine",
        "Lines of imported FOCUS bills that could not be used, each with file, line and reason.",
        QUARANTINE_SCHEMA,
        IMPORT_KEY,
    ),
)

IMPORTED_AT = "imported_at"
"""When a file's lines were imported; of two files that speak of the same thing, the newer one holds."""


def _imported(name: str, description: str, schema: pa.Schema) -> PythonTable:
    columns = [*schema, pa.field(IMPORTED_AT, pa.timestamp("us", tz="UTC")), pa.field(IMPORT_KEY, pa.string())]
    return PythonTable(f"bronze.{name}", description, pa.schema(columns), IMPORT_KEY)


IMPORTED_TABLES = (
    _imported(
        "business_numbers",
        "Lines of imported files of business numbers, typed, with the file and line they came from.",
        imports.NUMBERS_SCHEMA,
    ),
    _imported(
        "business_quarantine",
        "Lines of imported files of business numbers that could not be used, each with file, line and reason.",
        imports.QUARANTINE_SCHEMA,
    ),
)


def _measured(name: str, description: str, schema: pa.Schema) -> PythonTable:
    columns = [pa.field(READING_HASH, pa.string()), *(schema.field(name) for name in schema.names)]
    return PythonTable(f"bronze.{name}", description, pa.schema(columns), "usage_month")


MEASURED_TABLES = (
    _measured(
        "usage_hourly",
        "Metrics of Cockpit by the hour: mean, quantiles and extremes of the samples, and how many there were.",
        cockpit.USAGE_HOURLY,
    ),
    _measured(
        "metric_findings",
        "Which metrics each data source holds, under which names; what is not there is unknown, never zero.",
        cockpit.METRIC_FINDINGS,
    ),
    _measured(
        "requests_daily", "Requests and tokens by service, resource, route, tenant and day.", cockpit.REQUESTS_DAILY
    ),
    _measured(
        "telemetry_daily",
        "Samples, log bytes and lines, and spans by day; each way of measuring has its own source, and they overlap.",
        cockpit.TELEMETRY_DAILY,
    ),
    _measured(
        "cluster_allocations",
        "What workloads of a cluster asked for and used, as OpenCost estimates it at the prices it was given.",
        cockpit.CLUSTER_ALLOCATIONS,
    ),
    _measured(
        "storage_buckets",
        "Buckets with tags, versioning and lifecycle rules as of a day.",
        objects.STORAGE_SCHEMAS["storage_buckets"],
    ),
    _measured(
        "storage_listings",
        "Which share of a bucket's objects was listed, and what it held.",
        objects.STORAGE_SCHEMAS["storage_listings"],
    ),
    _measured(
        "storage_histograms",
        "Objects by bucket, prefix, class, state, age and size; never a row per object.",
        objects.STORAGE_SCHEMAS["storage_histograms"],
    ),
    _measured(
        "storage_uploads",
        "Uploads begun and not completed, whose parts are stored and paid.",
        objects.STORAGE_SCHEMAS["storage_uploads"],
    ),
)

TABLES: Mapping[str, PythonTable] = {
    **PYTHON_TABLES,
    BRIDGE_PARTS.name: BRIDGE_PARTS.table,
    KPI_BRIDGE.name: KPI_BRIDGE.table,
    **{made.name: made.table for made in (BREAK_EVEN, CURVE)},
    **{table.name: table for table in CLOSING_TABLES},
    **{table.name: table for table in (*ALLOCATION_TABLES, ALLOCATED_COSTS.table, ALLOCATED_IMPORTS.table)},
    **{made.name: made.table for made in (*FORECAST_TABLES, *BUDGET_TABLES, *ANOMALY_TABLES, FEEDBACK, SENT)},
    **{
        made.name: made.table
        for made in (*SAVINGS_TABLES, SCHEDULE_NIGHTS, STORAGE_EFFICIENCY, *TELEMETRY_TABLES, MAILS)
    },
    **{table.name: table for table in UNIT_TABLES},
    **{table.name: table for table in (*FOCUS_TABLES, *IMPORTED_TABLES, *MEASURED_TABLES, *DECISION_TABLES)},
}


def open_catalog(lake: Lake, engine: Literal["duckdb", "spark"] = "duckdb") -> Catalog:
    """The lake's tables and models by name; the engine makes the models that are stored."""
    return Catalog(lake, _models(), TABLES, engine)


@cache
def _models() -> Layered:
    """Read and parsed once a process: the files come with the program."""
    return load_models()
