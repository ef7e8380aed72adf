"""Tables as CSV files (RFC 4180, UTF-8): exact decimals, ISO dates, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.exports.safe_text import harmless


def csv_text(rows: pa.Table) -> str:
    """Header, then rows; a missing value is empty, which zero never is."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(rows.column_names)
    for row in rows.to_pylist():
        writer.writerow([cell_text(value) for value in row.values()])
    return out.getvalue()


def cell_text(value: Any) -> str:
    """One value as text: numbers as they are, times in UTC with Z, text that never begins a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | Mapping):
        return harmless(json.dumps(value, ensure_ascii=False, default=str))
    return harmless(str(value))
