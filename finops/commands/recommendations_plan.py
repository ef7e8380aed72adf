"""`finops plan ID`: the exact change, as commands of `scw` and as Terraform, with its undo. Nothing is ever applied."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from finops.commands.lake import Lake
from finops.streams import write_hint, write_json, write_line
from pipelines.errors import UsageError


class PlanFormat(StrEnum):
    """In which language a plan is printed."""

    cli = "cli"
    terraform = "terraform"
    json = "json"


def plan(
    identifier: Annotated[str, typer.Argument(help="Id of a recommendation, or its beginning.")],
    format: Annotated[
        PlanFormat | None, typer.Option("--format", help="Only this, to paste or to pipe; else all of it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write its configuration files and Terraform into this folder instead.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="The way back instead.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lake: Lake = None,
) -> None:
    """The exact change a recommendation asks for, what must be true first, and its undo.

    It is printed and never applied: read it, then run it yourself. Lines that begin with # are no commands.
    """
    from datetime import UTC, datetime

    from assets.recommendation_actions import find_recommendation, recommendations_now
    from finops import catalog_of

    rows = recommendations_now(catalog_of(lake), datetime.now(UTC).date())
    row = find_recommendation(rows, identifier)
    change, back = json_text.loads(row["change"]), json_text.loads(row["rollback"])
    if json or format is PlanFormat.json:
        keys = ("recommendation_id", "rule", "action", "status", "resource_id", "target", "restart_needed", "risk")
        write_json({**{key: row[key] for key in keys}, "change": change, "undo": back})
        return
    if out is not None:
        for path in _write(out, back if undo else change):
            write_line(str(path))
        return
    for line in _lines(row, change, back, format, undo):
        write_line(line)
    if row["status"] not in ("open", "accepted"):
        write_hint(f"{row['recommendation_id']} is {row['status']}: {row['status_reason'] or 'see its history'}")


def _write(folder: Path, told: Mapping[str, Any]) -> Iterator[Path]:
    """What was written. Raises UsageError where there is nothing, or where a file would take another's place."""
    files = {file["name"]: file["text"] for file in told.get("files", [])}
    if told["terraform"]:
        files["change.tf"] = told["terraform"]
    if not files:
        raise UsageError("this plan has no files; leave --out away to read it")
    taken = [name for name, text in files.items() if (folder / name).exists() and _other(folder / name, text)]
    if taken:
        raise UsageError(f"{folder / taken[0]} is there already and says something else; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        yield folder / name


def _other(path: Path, text: str) -> bool:
    return not path.is_file() or path.read_bytes() != text.encode()


def _lines(
    row: Mapping[str, Any], change: Mapping[str, Any], back: Mapping[str, Any], format: PlanFormat | None, undo: bool
) -> Iterator[str]:
    told = back if undo else change
    yield from _comment(f"{'Undo: ' if undo else ''}{row['action']} ({row['recommendation_id']})")
    if not undo or format is None:
        for fact in _facts(row, change):
            yield from _comment(fact)
    if format in (None, PlanFormat.cli):
        yield from _section("Commands", told["cli"], format)
    if format in (None, PlanFormat.terraform):
        yield from _section("Terraform", told["terraform"].splitlines() or [_no_terraform(undo)], format)
    if format is None:
        for file in told.get("files", []):
            yield from _section(f"File {file['name']}: {file['place']}", file["text"].splitlines(), format)
    if format is None and not undo:
        yield from _section("Undo", back["cli"] or ["# there is none; see the notes above"], format)
        if back["terraform"]:
            yield from _section("Undo in Terraform", back["terraform"].splitlines(), format)


def _comment(text: str) -> Iterator[str]:
    """Lines that no shell runs, whatever line ends a name holds."""
    yield from (f"# {line}" for line in text.splitlines())


def _facts(row: Mapping[str, Any], change: Mapping[str, Any]) -> Iterator[str]:
    if row["restart_needed"]:
        yield "It needs a restart."
    if row["one_off_cost"]:
        yield f"It costs {row['one_off_cost']:.2f} {row['currency'] or ''} once.".replace(" .", ".")
    if row["conflicts_with"]:
        yield f"It overlaps with {', '.join(row['conflicts_with'])}: follow one of them."
    yield from change.get("notes", [])


def _section(title: str, lines: list[str], format: PlanFormat | None) -> Iterator[str]:
    if format is None:
        yield from ("", f"# {title}")
    yield from lines


def _no_terraform(undo: bool) -> str:
    if undo:
        return "# Nothing to write back."
    return "# Nothing to write; if the change takes a resource away, take its block out of the configuration."
