"""What an asset tells of itself: rows, money and dates first, as a person reads them."""

from __future__ import annotations

from typing import Any

import dagster as dg

from pipelines.lake.build import Built
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import SqlModel

_PREVIEW_ROWS = 8
_PREVIEW_COLUMNS = 8


def told_of_table(catalog: Catalog, model: SqlModel, built: Built) -> dict[str, Any]:
    """Metadata of a materialisation: rows written, the table's rows and euros, a preview of what was written."""
    told: dict[str, Any] = {
        "rows_written": built.rows_written,
        "partitions_written": ", ".join(built.written) if model.partition_by else bool(built.written),
        "finops/table": model.table,
        "dagster/table_name": model.table,
    }
    if not built.written:
        return told
    told["dagster/uri"] = catalog.lake.uri(model.table)
    told["preview"] = dg.MetadataValue.md(_preview(catalog, model))
    return {**_measured(catalog, model), **told}


def _measured(catalog: Catalog, model: SqlModel) -> dict[str, Any]:
    names = set(catalog.state(model.table).schema.names)
    measures = ['count(*) as "dagster/row_count"']
    if "billed_cost" in names:
        measures.append("cast(sum(billed_cost) as double) as total_cost")
    if "charge_date" in names:
        measures += ["min(charge_date)::varchar as first_day", "max(charge_date)::varchar as last_day"]
    row = catalog.query(f"select {', '.join(measures)} from {model.table}").to_pylist()[0]
    return {name: value for name, value in row.items() if value is not None}


def _preview(catalog: Catalog, model: SqlModel) -> str:
    rows = catalog.query(f"select * from {model.table} limit {_PREVIEW_ROWS}")
    names = rows.column_names[:_PREVIEW_COLUMNS]
    lines = [" | ".join(names), " | ".join("---" for _ in names)]
    for row in rows.to_pylist():
        lines.append(" | ".join(str(row[name]).replace("|", "\\|")[:60] for name in names))
    return "\n".join(f"| {line} |" for line in lines)
