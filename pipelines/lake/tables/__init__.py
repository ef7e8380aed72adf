"""Schemas of the tables that Python makes; those made by a select have their file in `sql/` instead."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.lake.tables.bronze import BRONZE_TABLES
from pipelines.lake.tables.python_table import PythonTable

PYTHON_TABLES: Mapping[str, PythonTable] = {table.name: table for table in BRONZE_TABLES}

__all__ = ["PYTHON_TABLES", "PythonTable"]
