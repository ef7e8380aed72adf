"""`finops import focus` and `finops export focus|parquet`: bills in, results out."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from finops.commands.lake import Lake
from finops.streams import write_hint, write_json, write_table
from pipelines.errors import PartialResult, UsageError

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")]


class FocusVersion(StrEnum):
    """Versions an export can have."""

    v1_2 = "1.2"
    v1_4 = "1.4"


class FileFormat(StrEnum):
    """Files of an export."""

    csv = "csv"
    parquet = "parquet"


def import_focus(
    files: Annotated[list[Path], typer.Argument(help="FOCUS 1.0 to 1.4: csv, csv.gz, parquet, or a folder of them.")],
    lenient: Annotated[bool, typer.Option("--lenient", help="Take absent mandatory columns as empty.")] = False,
    dry_run: DryRun = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lake: Lake = None,
) -> None:
    """Bring other providers' bills into silver.focus_costs, each line exactly as it is.

    A file replaces what a file of its name said before. A line that cannot be used is set apart with its
    reason in bronze.focus_quarantine, and the exit code is 6.
    """
    from dataclasses import asdict

    from assets.focus_files import import_focus as bring_in
    from finops import catalog_of

    opened = catalog_of(lake).lake
    found = [bring_in(opened, file, lenient, dry_run) for file in files]
    if json:
        write_json({"files": [asdict(each) for each in found]})
    else:
        columns = ["file", "version", "received", "accepted", "quarantined", "changed"]
        write_table([asdict(each) for each in found], "table", columns)
    for each in found:
        for note in each.notes:
            write_hint(f"{each.file}: {note}")
        for line, reason in each.reasons:
            write_hint(f"{each.file}, line {line}: {reason}")
    refused = sum(each.quarantined for each in found)
    if refused:
        raise PartialResult(f"{refused} lines could not be used; `finops sql 'select * from bronze.focus_quarantine'`")


def export_focus(
    out: Out = Path("focus"),
    focus_version: Annotated[FocusVersion, typer.Option("--focus-version", help="Version.")] = FocusVersion.v1_2,
    format: Annotated[FileFormat, typer.Option("--format", help="Files to write.")] = FileFormat.parquet,
    month: Annotated[list[str] | None, typer.Option("--month", help="YYYY-MM, repeatable; else all.")] = None,
    all_providers: Annotated[
        bool, typer.Option("--all-providers", help="Imported bills too, not Scaleway only.")
    ] = False,
    dry_run: DryRun = False,
    lake: Lake = None,
) -> None:
    """Write silver.focus_costs as a FOCUS dataset with its metadata, one folder per billing period."""
    from datetime import UTC, datetime

    from assets.focus_files import export_costs
    from finops import catalog_of
    from pipelines.billing.periods import month_start

    catalog = catalog_of(lake)
    months = [f"{month_start(each):%Y-%m}" for each in month or []]
    if dry_run:
        chosen = ", ".join(f"'{each}'" for each in months)
        where = f"where billing_month in ({chosen})" if months else ""
        rows = catalog.query(
            "select billing_month, provider_name, billing_currency, count(*) as lines, sum(billed_cost) as billed_cost "
            f"from silver.focus_costs {where} group by all order by all"
        )
        write_table(rows.to_pylist(), "table", rows.column_names)
        write_hint(f"Would be written to {out.absolute()}; nothing was.")
        return
    written = export_costs(catalog, out, focus_version.value, format.value, datetime.now(UTC), months, all_providers)
    totals = [{"billing_currency": name, "billed_cost": total} for name, total in written.totals.items()]
    write_table(totals, "table", ["billing_currency", "billed_cost"])
    write_hint(f"{written.rows} lines in {len(written.files)} files: {out.absolute()}")


def export_parquet(
    out: Out = Path("parquet"),
    table: Annotated[list[str] | None, typer.Option("--table", help="Table, repeatable; else all of gold.")] = None,
    dry_run: DryRun = False,
    lake: Lake = None,
) -> None:
    """Write tables as a clean copy of plain Parquet files, in folders by their partition.

    The lake's own folders also hold files of older versions; a glob over them counts rows twice.
    """
    from finops import catalog_of
    from pipelines.lake.plain_copy import copy_table

    catalog = catalog_of(lake)
    wanted = table or [name for name in catalog.names() if name.startswith("gold.")]
    unknown = sorted(set(wanted) - set(catalog.names()))
    if unknown:
        raise UsageError(f"no table is called {unknown[0]}; `finops lake tables` lists them")
    rows = [copy_table(catalog, name, out, dry_run) for name in wanted]
    write_table([{"table": name, "rows": count} for name, count in zip(wanted, rows, strict=True)], "table")
    write_hint(f"Would be written to {out.absolute()}; nothing was." if dry_run else f"Written: {out.absolute()}")


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("import focus", import_focus),
    ("export focus", export_focus),
    ("export parquet", export_parquet),
)
