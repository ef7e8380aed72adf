"""Bronze: what the source said and when it was asked. Rows are as received; names and types are silver's work."""

from __future__ import annotations

import pyarrow as pa

from pipelines.lake.tables.python_table import PythonTable

_UTC = pa.timestamp("us", tz="UTC")
_TEXT = pa.string()

ANSWERS = PythonTable(
    "bronze.answers",
    "Every answer of a source as received, one row a page; an answer equal to the last one is not stored again.",
    pa.schema(
        [
            ("answer_hash", _TEXT),
            ("question_hash", _TEXT),
            ("source", _TEXT),
            ("path", _TEXT),
            ("parameters", _TEXT),
            ("page", pa.int64()),
            ("status", pa.int64()),
            ("asked_at", _UTC),
            ("extra", _TEXT),
            ("body", _TEXT),
            ("billing_month", _TEXT),
        ]
    ),
    "billing_month",
)

MEASUREMENTS = PythonTable(
    "bronze.measurements",
    "What was measured of which day at which place (a data source, a bucket, a cluster), or why it could not be; "
    "measured rows carry the reading_hash. The newest line of a source, place and day supersedes those before.",
    pa.schema(
        [
            ("reading_hash", _TEXT),
            ("source", _TEXT),
            ("place", _TEXT),
            ("project_id", _TEXT),
            ("region_id", _TEXT),
            ("day", pa.date32()),
            ("asked_at", _UTC),
            ("measured_rows", pa.int64()),
            ("is_final", pa.bool_()),
            ("note", _TEXT),
            ("usage_month", _TEXT),
        ]
    ),
    "usage_month",
)

ITEM_SCHEMA = pa.schema(
    [
        ("answer_hash", _TEXT),
        ("source", _TEXT),
        ("path", _TEXT),
        ("position", pa.int64()),
        ("item", _TEXT),
        ("billing_month", _TEXT),
    ]
)


def _items(name: str, description: str) -> PythonTable:
    return PythonTable(f"bronze.{name}", description, ITEM_SCHEMA, "billing_month")


BRONZE_TABLES = (
    ANSWERS,
    MEASUREMENTS,
    _items("charges", "Charges of one UTC day each, cut to that day by Scaleway; each as JSON text with sorted keys."),
    _items("consumptions", "Lines of the monthly consumption, one snapshot whenever it changed."),
    _items("invoices", "Invoices of the organisation."),
    _items("taxes", "Taxes by month."),
    _items("discounts", "Discounts and vouchers with what remains of them."),
    _items("budgets", "Budgets set at Scaleway."),
    _items("products", "The public price list; a snapshot whenever it changed."),
    _items("projects", "Projects of the organisation."),
    _items("resources", "What exists, per product and locality; a snapshot whenever it changed."),
    _items("server_types", "Instance types sold per zone, with price and size."),
    _items("footprints", "Environmental footprint by project, with what each of its regions, zones and SKUs emitted."),
    _items("audit_events", "Audit Trail: who created, changed, started, stopped and deleted what."),
)
