"""Where names come out, beside the pages: files, terminals, letters, plans. Each check tells what a name did there."""

import contextlib
import csv
import io
import json
import re
import shlex
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import duckdb
import hcl2
import pyarrow as pa
from lark.exceptions import LarkError
from sqlglot.errors import SqlglotError

from benchmarks.hostile_lake import COLUMNS
from finops.streams import write_hint, write_json, write_line, write_table
from pipelines.alerts.message import Alert, message
from pipelines.errors import FinopsError
from pipelines.exports.csv_files import csv_text
from pipelines.exports.openmetrics import Family, exposition
from pipelines.exports.safe_text import printable
from pipelines.exports.workbook import Page, write_workbook
from pipelines.lake.engine import Catalog
from pipelines.lake.query import select
from pipelines.lifecycle.rules import LifecycleRule
from pipelines.mail.message import Content, Envelope, email
from pipelines.recommendations.changes import cleanup, instances, storage, telemetry
from pipelines.recommendations.changes.change import Change
from pipelines.recommendations.world import Resource
from pipelines.reporting.letter_markdown import escaped

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)
_FORMULA = re.compile(r"^\s*[=+\-@\t\r\n]")
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u061c\u2028\u2029]")
_HEADERS = {
    *("subject", "from", "x-unsent", "date", "message-id", "list-id", "list-unsubscribe"),
    *("auto-submitted", "mime-version", "content-type"),
}
_INLINE = frozenset({"inline", "text", "paragraph_open", "paragraph_close", "softbreak", "text_special"})
Check = Callable[[Sequence[str], Path], Iterator[str]]


def rows_of(names: Sequence[str]) -> pa.Table:
    """Every name as every kind, with an amount."""
    columns: dict[str, Any] = {wanted[0]: pa.array(list(names)) for wanted in COLUMNS.values()}
    columns["billed_cost"] = pa.array([Decimal("1.5")] * len(names), pa.decimal128(38, 12))
    return pa.table(columns)


def workbook(names: Sequence[str], folder: Path) -> Iterator[str]:
    """No formula, no link: every name is a string cell, with every character that XML can hold."""
    file = folder / "names.xlsx"
    write_workbook(file, [("Organisation", names[0])], [Page("Names", "gold.names", rows_of(names))])
    with zipfile.ZipFile(file) as packed:
        sheets = [name for name in packed.namelist() if "worksheets/sheet" in name or "sharedStrings" in name]
        text = "".join(packed.read(name).decode() for name in sheets)
        if any("rels" in name and "sheet" in name for name in packed.namelist()):
            yield "a sheet holds a link"
    for tag in ("<f>", "<f ", "<hyperlink"):
        if tag in text:
            yield f"a sheet holds {tag}"
    yield from _lost(names, text, lambda name: _xml(printable(name)).strip().replace("\r", "_x000D_"))


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _lost(names: Sequence[str], text: str, spelled: Callable[[str], str]) -> Iterator[str]:
    for name in names:
        if spelled(name) not in text:
            yield f"{name!r} is not there as {spelled(name)!r}"


def csv_file(names: Sequence[str], _: Path) -> Iterator[str]:
    """No cell begins a formula, and each reads back as its name, at most with an apostrophe before it."""
    found = list(csv.reader(io.StringIO(csv_text(rows_of(names)), newline="")))
    for name, row in zip(names, found[1:], strict=True):
        for cell in row[:-1]:
            if _FORMULA.match(cell) or printable(name) not in (cell, cell[1:]):
                yield f"{name!r} became {cell!r}"


def metrics(names: Sequence[str], _: Path) -> Iterator[str]:
    """OpenMetrics that its own parser reads back with the same labels."""
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    labels = tuple(wanted[0] for wanted in COLUMNS.values())
    rows = [{**dict.fromkeys(labels, name), "value": Decimal(1)} for name in names]
    text = exposition([(Family("finops_names", "Names.", "", labels), rows)])
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    if len(found) != len(names):
        yield f"{len(found)} samples of {len(names)}"
    for name, sample in zip(names, found, strict=False):
        if set(sample.labels.values()) != {name}:
            yield f"{name!r} became {sample.labels}"


def markdown(names: Sequence[str], _: Path) -> Iterator[str]:
    """No markup of any kind, by a CommonMark reader with tables, HTML and bare links; the words stay."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    spoken = io.StringIO()
    with contextlib.redirect_stdout(spoken):
        write_table(rows_of(names).select([0]).to_pylist(), "md")
    for name, line in zip(names, [escaped(name) for name in names], strict=True):
        kinds = {token.type for token in reader.parse(line)} | {
            child.type for token in reader.parse(line) for child in token.children or ()
        }
        if kinds - _INLINE:
            yield f"{name!r} became {sorted(kinds - _INLINE)}"
    tokens = [child for token in reader.parse(spoken.getvalue()) for child in token.children or ()]
    more = {token.type for token in tokens} - _INLINE
    if more:
        yield f"a table of names holds {sorted(more)}"
    rows = sum(token.type == "tr_open" for token in reader.parse(spoken.getvalue()))
    if rows != len(names) + 1:
        yield f"a table of {len(names)} names has {rows} rows"


def terminal(names: Sequence[str], _: Path) -> Iterator[str]:
    """Nothing a terminal obeys, in tables, lines, hints and JSON; JSON says the same names."""
    rows = [dict.fromkeys(("project_name", "tenant"), name) for name in names]
    for format in ("table", "md", "json"):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            write_table(rows, format)
        yield from _obeyed(format, out.getvalue())
    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        write_json({"names": list(names)})
        for name in names:
            write_line(name)
            write_hint(f"{name}: not found")
    yield from _obeyed("lines", out.getvalue() + said.getvalue())
    told = json.JSONDecoder().raw_decode(out.getvalue())[0]["names"]
    yield from (f"{name!r} is not in the JSON" for name, read in zip(names, told, strict=True) if name != read)


def _obeyed(where: str, text: str) -> Iterator[str]:
    found = sorted({match[0] for match in _OBEYED.finditer(text)})
    if found:
        yield f"{where} hold {found!r}"


def mail(names: Sequence[str], _: Path) -> Iterator[str]:
    """No header beside the usual ones, no recipient, and a body that is where it belongs."""
    for name in names:
        content = Content("monthly", "2026-10", _subject(name), f"Cost of {name}", "<p>x</p>", {})
        sent = BytesParser(policy=policy.default).parsebytes(email(content, Envelope("x", None, None), NOW).as_bytes())
        more = {header.lower() for header in sent} - _HEADERS
        if more or sent.defects:
            yield f"{name!r} adds {sorted(more)} {sent.defects}"
        told = message(_alert(name), "[FinOps]")
        if len(told.subject.splitlines()) > 1:
            yield f"{name!r} breaks the subject of an alert"


def _subject(name: str) -> str:
    return f"{name}: what October cost"


def _alert(name: str) -> Alert:
    lines = (f"{name}: +1.00 EUR",)
    told = dict.fromkeys(Alert.__dataclass_fields__, name)
    return Alert(**{**told, "anomaly_id": "a1", "severity": "high", "causes": lines, "changes": lines})  # type: ignore[arg-type]


def alert_pages(names: Sequence[str]) -> Iterator[str]:
    """The alerts of some names as HTML."""
    yield from (message(_alert(name), "[FinOps]").html for name in names)


def _resource(name: str, kind: str) -> Resource:
    return Resource(
        resource_id="00000000-0000-4000-8000-000000000001",
        resource_name=name,
        resource_type=kind,
        resource_class="PRO2-S",
        resource_state="running",
        project_id="00000000-0000-4000-8000-000000000002",
        project_name=name,
        region_id="fr-par",
        availability_zone="fr-par-1",
        environment="dev",
        owner=name,
        team=name,
        tags=(name,),
        created_at=NOW,
        parent_id=None,
        monthly_cost=Decimal(10),
        currency="EUR",
        costs={},
    )


def _changes(name: str) -> Iterator[Change]:
    server, volume = _resource(name, "instance_server"), _resource(name, "block_volume")
    bucket, rule = _resource(name, "object_bucket"), LifecycleRule(name, "Enabled", prefix=name, expire_days=30)
    yield cleanup.server_deleted(server, [volume], [_resource(name, "instance_ip")], 30)
    yield cleanup.volume_deleted(volume, 30)
    yield cleanup.snapshot_archived(_resource(name, "block_snapshot"), 30)
    yield instances.retyped(server, "PRO2-XS", "PRO2-S")
    yield storage.lifecycle_set(bucket, [], [rule])
    yield storage.looked_into(bucket, (name,))
    yield telemetry.series_dropped([name], 60, True)
    yield telemetry.debug_dropped([name])
    yield telemetry.archived([name], 10, name, "fr-par")
    yield telemetry.dashboard_removed(name)


def plans(names: Sequence[str], folder: Path) -> Iterator[str]:
    """Commands are one command each to a shell, configuration parses, files stay in their folder."""
    from finops.commands.recommendations_plan import _lines, _write

    for name in names:
        for change in _changes(name):
            yield from (f"{name!r}: {problem}" for problem in _of_plan(change, folder, _lines, _write))


def _of_plan(change: Change, folder: Path, lines: Any, write: Any) -> Iterator[str]:
    for command in (*change.cli, *change.undo_cli):
        yield from _of_command(command)
    for text in (change.terraform, change.undo_terraform):
        try:
            hcl2.loads(text)
        except LarkError as error:
            yield f"HCL does not parse: {str(error)[:80]!r}"
    for file in change.files:
        if not re.fullmatch(r"[\w-][\w.-]*", file.name, re.ASCII):
            yield f"file name {file.name!r}"
    for note in change.notes:
        shown = list(lines({"action": note, "recommendation_id": "r", "restart_needed": False, "one_off_cost": None,
                            "conflicts_with": ()}, {"cli": [], "terraform": "", "notes": [note]},
                           {"cli": [], "terraform": ""}, None, False))  # fmt: skip
        yield from (f"a line that is no comment: {line!r}" for line in shown if line and not line.startswith("#"))
    assert folder.is_dir()
    assert callable(write)


def _of_command(command: str) -> Iterator[str]:
    if command.startswith("#"):
        if "\n" in command:
            yield f"a comment goes on in the next line: {command!r}"
        return
    reader = shlex.shlex(command, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    words = list(reader)
    if any(word and set(word) <= set("();<>|&") for word in words) and "|" not in _plain_pipes(command):
        yield f"more than one command: {command!r}"
    if re.search(r"[`$]", re.sub(r"'[^']*'", "", command)):
        yield f"a shell would expand {command!r}"


def _plain_pipes(command: str) -> str:
    """The pipes that we write ourselves, outside of quotes."""
    return "|" if re.search(r" \| (?:jq|xargs|gzip)\b", re.sub(r"'[^']*'", "", command)) else ""


def queries(catalog: Catalog, names: Sequence[str]) -> Iterator[str]:
    """Names as values come back as they are; names as tables, columns and whole queries are refused in one line."""
    values = ", ".join(f"({_literal(name)})" for name in names)
    rows = select(catalog, f"select name from (values {values}) as names (name)")["name"].to_pylist()
    yield from (f"{name!r} came back as {row!r}" for name, row in zip(names, rows, strict=True) if name != row)
    for name in names:
        quoted = name.replace('"', '""')
        for sql in (f'select * from gold."{quoted}"', f'select "{quoted}" from gold.monthly_summary', name):
            try:
                select(catalog, sql)
            except FinopsError as error:
                if len(str(error).splitlines()) != 1:
                    yield f"{sql!r}: more than one line: {error}"
            except (duckdb.Error, SqlglotError, ValueError, RecursionError) as error:
                yield f"{sql!r}: {type(error).__name__}: {str(error)[:80]}"


def _literal(name: str) -> str:
    told = name.replace("'", "''").split("\0")
    return " || chr(0) || ".join(f"'{each}'" for each in told)


CHECKS: Mapping[str, Check] = {
    "workbook (xlsx)": workbook,
    "CSV": csv_file,
    "OpenMetrics": metrics,
    "Markdown": markdown,
    "terminal": terminal,
    "mail headers": mail,
    "plans (shell, HCL, files)": plans,
}
