"""Rows of gold for workbooks, files and metrics; a table that was not made yet is left out and said so. No Dagster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assets.reports import organization_name
from pipelines.errors import UsageError
from pipelines.exports.csv_files import csv_text
from pipelines.exports.openmetrics import FAMILIES, Family, exposition
from pipelines.exports.sheets import SHEETS, Sheet
from pipelines.exports.workbook import Page, write_workbook
from pipelines.lake.engine import Catalog
from pipelines.reporting.monthly_rows import HEADLINE_BASIS


def export_workbook(catalog: Catalog, month: str, file: Path, now: datetime) -> list[Page]:
    """One sheet for each block of the month's review; UsageError where it cannot be written or the month is unknown."""
    pages = [Page(sheet.name, sheet.table, catalog.query(sheet.query(month))) for sheet in _made(catalog, month)]
    about = [
        ("Organisation", organization_name(catalog)),
        ("Month", month),
        ("As of", f"{now:%Y-%m-%d %H:%M} UTC"),
        ("Amounts", f"{HEADLINE_BASIS}; 15 digits, the exact ones are in the lake"),
        ("Made by", f"scaleway-finops {version('scaleway-finops')}"),
    ]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_workbook(file, about, pages)
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}); name another file with --out") from None
    return pages


def export_csv(catalog: Catalog, month: str, folder: Path) -> dict[str, int]:
    """One CSV file for each of the same blocks; rows by file name."""
    written = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for sheet in _made(catalog, month):
            rows = catalog.query(sheet.query(month))
            name = f"{sheet.table.partition('.')[2]}-{month}.csv"
            (folder / name).write_text(csv_text(rows), encoding="utf-8", newline="")
            written[name] = rows.num_rows
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}); name another folder with --out") from None
    return written


def export_metrics(catalog: Catalog) -> str:
    """The newest figures as OpenMetrics text."""

    def read() -> Iterator[tuple[Family, Sequence[Mapping[str, Any]]]]:
        for family in FAMILIES:
            try:
                yield family, catalog.query(family.query).to_pylist()
            except UsageError:  # a table that is not made yet has no figure
                yield family, ()

    return exposition(read())


def _made(catalog: Catalog, month: str) -> list[Sheet]:
    if not catalog.query(f"select 1 from gold.monthly_summary where billing_month = '{month}'").num_rows:
        raise UsageError(f"month {month} is not in the lake; run `finops run --since {month}-01` first")
    return [sheet for sheet in SHEETS if sheet.table in catalog.names()]
