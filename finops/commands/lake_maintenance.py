"""`finops lake maintain|restore`: what the lake keeps of itself, letting go of it, and going back to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Annotated, Any

import typer

from finops.streams import write_hint, write_json, write_line, write_table

Lake = Annotated[str | None, typer.Option("--lake", help="Lake address; else the one of the settings.")]


def maintain(
    keep_days: Annotated[
        int, typer.Option("--keep-days", min=1, help="Older versions than that may go; those of closed months stay.")
    ] = 800,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lake: Lake = None,
) -> None:
    """Say what each table keeps, and remove files that only versions older than the given days need."""
    from dataclasses import asdict

    from assets.closing import closes
    from finops import catalog_of
    from pipelines.lake.maintenance import maintained

    catalog = catalog_of(lake)
    pinned: dict[str, set[int]] = defaultdict(set)
    for close in closes(catalog).values():
        for table, version in close.manifest.versions.items():
            pinned[table].add(version)
    rows = [asdict(told) for told in maintained(catalog, pinned, keep_days, remove=not dry_run)]
    if json:
        write_json({"keep_days": keep_days, "dry_run": dry_run, "tables": rows})
        return
    write_table(rows, "table")
    held, old = sum(row["bytes"] for row in rows), sum(row["old_bytes"] for row in rows)
    write_hint(f"{held:,} bytes are current and {old:,} belong to earlier versions kept for {keep_days} days.")


def restore(
    table: Annotated[str, typer.Argument(help="Table, such as silver.costs.")],
    version: Annotated[
        int | None, typer.Option("--version", min=0, help="To go back to; else they are listed.")
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make good what is damaged, as far as it can be; say what is lost.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the versions.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lake: Lake = None,
) -> None:
    """Make an earlier version of a table the newest one again, or list what there is to go back to.

    Nothing is removed: what came after stays readable by its number. The next run makes anew what has other inputs.
    """
    from dataclasses import asdict

    from finops import catalog_of
    from pipelines.lake.restoring import restore as go_back
    from pipelines.lake.restoring import versions

    opened = catalog_of(lake).lake
    if repair and not dry_run:
        _repair(opened, table)
        return
    if version is None or dry_run:
        rows = [asdict(each) for each in versions(opened, table)]
        if json:
            write_json({"table": table, "versions": rows})
        else:
            write_table(rows, "table")
        return
    made = go_back(opened, table, version)
    if json:
        write_json({"table": table, "restored": version, "version": made})
    else:
        write_line(f"{table} is as it was in version {version}; that is version {made} now.")


def _repair(opened: Any, table: str) -> None:
    from pipelines.errors import LakeUnavailable
    from pipelines.lake.repairing import repair

    told = repair(opened, table)
    for line in told.done:
        write_line(line)
    if told.lost:
        raise LakeUnavailable(f"{table}: {'; '.join(told.lost)}")


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("lake maintain", maintain),
    ("lake restore", restore),
)
