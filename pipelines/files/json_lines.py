"""JSON lines as batches of text: one object a line, its numbers with every digit they were written with."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.errors import UsageError
from pipelines.files.opening import RawFile, opened

_BATCH_ROWS = 50_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def open_json_lines(path: Path, source_file: str, what: str, compressed: bool) -> RawFile:
    """The keys of all objects, and the objects' values as text. Blank lines do not count."""
    digest = hashlib.sha256()
    names: dict[str, None] = {}
    objects = 0
    with opened(path, compressed) as stream:
        for line in stream:
            digest.update(line)
            found = _object(line.removeprefix(_BYTE_ORDER_MARK))
            if isinstance(found, dict):
                objects += 1
                names.update(dict.fromkeys(found))
    if not objects:
        raise UsageError(f"{path}: is not JSON lines; write the {what} as one JSON object on each line")
    raw = RawFile(source_file, digest.hexdigest(), list(names), iter(()), form="JSON lines", first_line=1)
    raw.batches = _batches(path, raw, compressed)
    return raw


def _batches(path: Path, raw: RawFile, compressed: bool) -> Iterator[pa.Table]:
    rows: list[dict[str, Any]] = []
    number = 0
    with opened(path, compressed) as stream:
        for line in stream:
            stripped = line.removeprefix(_BYTE_ORDER_MARK).strip()
            if not stripped:
                continue
            number += 1
            found = _object(stripped)
            if isinstance(found, dict):
                rows.append(found)
            else:
                raw.ragged.append((number, found, stripped.decode("utf-8", errors="replace")))
            if len(rows) >= _BATCH_ROWS:
                yield _table(raw.names, rows)
                rows = []
    if rows:
        yield _table(raw.names, rows)


def _object(line: bytes) -> dict[str, Any] | str:
    """The object on a line, or why it is none."""
    try:
        found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except UnicodeDecodeError:
        return "is not UTF-8 text"
    except (ValueError, RecursionError):
        return "is not JSON"
    return found if isinstance(found, dict) else "is JSON, but not an object"


def _table(names: list[str], rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in names})


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
