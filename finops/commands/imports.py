"""`finops import metrics`: business numbers in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.commands.lake import Lake
from finops.streams import write_hint, write_json, write_table
from pipelines.errors import PartialResult

if TYPE_CHECKING:
    from assets.import_metrics import ImportedNumbers


def import_metrics(
    files: Annotated[
        list[Path],
        typer.Argument(help="csv, csv.gz, JSON lines (jsonl, jsonl.gz, ndjson), parquet, or a folder of them."),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            help="What the lines are: requests, tenants, deploys, jobs, inferences, training or queries; "
            "else a column kind says it.",
        ),
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="Whose numbers these are; those of two sources stand side by side.")
    ] = "import",
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="What times without a zone are in, such as Europe/Paris.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lake: Lake = None,
) -> None:
    """Bring in business numbers: requests, tenants, deploys, jobs, inferences, training runs, queries.

    Columns are found by their names; imports.KIND in finops.toml says which of yours is which. A file replaces
    what a file of its name said before of that kind and source. A line that cannot be used is set apart with its
    reason in bronze.business_quarantine, and the exit code is 6.
    """
    from datetime import UTC, datetime

    from assets.import_metrics import import_metrics as bring_in
    from finops import catalog_of
    from pipelines.imports.kinds import kind_named
    from pipelines.imports.read import Request
    from pipelines.settings import load_settings

    request = Request(kind_named(kind) if kind else None, source, load_settings().imports, time_zone)
    found = bring_in(catalog_of(lake).lake, files, request, datetime.now(UTC), dry_run)
    _tell(found, json)


def _tell(found: list[ImportedNumbers], json: bool) -> None:
    """What became of each file; lines that could not be used are a PartialResult."""
    from dataclasses import asdict

    if json:
        write_json({"files": [asdict(each) for each in found]})
    else:
        columns = ["file", "kinds", "received", "accepted", "quarantined", "changed"]
        write_table([{**asdict(each), "kinds": ", ".join(each.kinds)} for each in found], "table", columns)
    for each in found:
        for note in each.notes:
            write_hint(f"{each.file}: {note}")
        for line, reason in each.reasons:
            write_hint(f"{each.file}, line {line}: {reason}")
    refused = sum(each.quarantined for each in found)
    if refused:
        raise PartialResult(
            f"{refused} lines could not be used; `finops sql 'select * from bronze.business_quarantine'`"
        )


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("import metrics", import_metrics),)
