"""Every table a query may name: those of `sql/`, bronze, and the imported FOCUS bills."""

from collections.abc import Mapping

from pipelines.focus.columns import FOCUS_LINES_SCHEMA, QUARANTINE_SCHEMA
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import load_models
from pipelines.lake.store import Lake
from pipelines.lake.tables import PYTHON_TABLES, PythonTable

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

TABLES: Mapping[str, PythonTable] = {**PYTHON_TABLES, **{table.name: table for table in FOCUS_TABLES}}


def open_catalog(lake: Lake) -> Catalog:
    """The lake's tables and models by name."""
    return Catalog(lake, load_models(), TABLES)
