"""`finops sql` and `finops lake check|tables`: questions to the lake, and whether it is whole."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer

from finops.streams import write_hint, write_json, write_table
from pipelines.errors import LakeUnavailable

Lake = Annotated[str | None, typer.Option("--lake", help="Lake address; else the one of the settings.")]


class ResultFormat(StrEnum):
    """How `finops sql` prints rows."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def sql(
    query: Annotated[str, typer.Argument(help='One select, such as "select * from gold.monthly_costs".')],
    format: Annotated[ResultFormat, typer.Option(help="How to print; parquet goes to stdout as bytes.")] = (
        ResultFormat.table
    ),
    lake: Lake = None,
) -> None:
    """Answer one select over all tables by name. Nothing else is accepted, and nothing else can be read."""
    from finops import catalog_of
    from pipelines.lake.query import select

    rows = select(catalog_of(lake), query)
    if format is ResultFormat.parquet:
        import sys

        import pyarrow.parquet as parquet

        parquet.write_table(rows, sys.stdout.buffer)
    else:
        write_table(rows.to_pylist(), format.value, rows.column_names)


def tables(
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lake: Lake = None,
) -> None:
    """List every table: what it means, what one row is, how many partitions it has."""
    from finops import catalog_of
    from pipelines.lake.migrations import written_by

    catalog = catalog_of(lake)
    rows = []
    for name in catalog.names():
        model = catalog.models.by_name.get(name)
        is_view = model is not None and not model.is_stored
        state = None if is_view else catalog.state(name)
        rows.append(
            {
                "table": name,
                "kind": "view" if is_view else "table",
                "version": None if state is None or state.delta is None else state.version,
                "written by": None if state is None or state.delta is None else written_by(catalog.lake, name),
                "one row per": ", ".join(model.grain) if model else "",
                "meaning": model.description if model else catalog.declared[name].description,
            }
        )
    if json:
        write_json({"rows": rows})
    else:
        write_table([{**row, "meaning": str(row["meaning"])[:90]} for row in rows], "table")


def check(
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lake: Lake = None,
) -> None:
    """Check that every file of every current table is there, with the size and rows its log promises."""
    from dataclasses import asdict

    from finops import catalog_of
    from pipelines.lake.integrity import check_tables

    health = list(check_tables(catalog_of(lake)))
    if json:
        write_json({"tables": [asdict(table) for table in health]})
    else:
        rows = [
            {
                "table": table.table,
                "version": table.version,
                "files": table.files,
                "rows": table.rows,
                "bytes": table.bytes,
                "state": "; ".join(table.problems) or "whole",
            }
            for table in health
        ]
        write_table(rows, "table", ["table", "version", "files", "rows", "bytes", "state"])
    broken = [table for table in health if table.problems]
    if broken:
        raise LakeUnavailable(f"{broken[0].table}: {broken[0].problems[0]}")
    if not health:
        write_hint("The lake is empty; run `finops demo`, or `finops run` on your account.")


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("sql", sql),
    ("lake check", check),
    ("lake tables", tables),
)
