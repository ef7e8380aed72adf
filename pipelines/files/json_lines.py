"""JSON lines as batches of text: one object a line, its numbers with every digit they were written with."""

import hashlib
import json
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.errors import UsageError
from pipelines.files.opening import RawFile, opened

_BATCH_ROWS = 50_000
_LONGEST_LINE = 16 * 1024**2
_MOST_NAMES = 2_000
_MOST_OTHERS = 100_000
_MOST_EMPTY = 1_000_000
_WANTED = "write one JSON object with the same few keys on each line"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def open_json_lines(path: Path, source_file: str, what: str, compressed: bool) -> RawFile:
    """The keys of all objects, and the objects' values as text. Blank lines do not count."""
    digest = hashlib.sha256()
    names: dict[str, None] = {}
    objects = others = 0
    with opened(path, compressed) as stream:
        for line in _lines(path, stream):
            digest.update(line)
            found = _object(line.removeprefix(_BYTE_ORDER_MARK))
            if isinstance(found, dict):
                objects += 1
                names.update(dict.fromkeys(found))
            elif line.strip():
                others += 1
                if others > _MOST_OTHERS and others > objects:
                    raise UsageError(f"{path}: is not JSON lines: {others:,} lines are no JSON object; {_WANTED}")
            if len(names) > _MOST_NAMES:
                raise UsageError(f"{path}: its objects have more than {_MOST_NAMES:,} different keys; {_WANTED}")
    if not objects:
        raise UsageError(f"{path}: is not JSON lines; write the {what} as one JSON object on each line")
    raw = RawFile(source_file, digest.hexdigest(), list(names), iter(()), form="JSON lines", first_line=1)
    raw.batches = _batches(path, raw, compressed)
    return raw


def _batches(path: Path, raw: RawFile, compressed: bool) -> Iterator[pa.Table]:
    rows: list[dict[str, Any]] = []
    number = 0
    with opened(path, compressed) as stream:
        for line in _lines(path, stream):
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


def _lines(path: Path, stream: BufferedIOBase) -> Iterator[bytes]:
    """Line after line; one that no memory should hold is refused."""
    number = empty = 0
    while line := stream.readline(_LONGEST_LINE + 1):
        number += 1
        empty += line == b"\n"
        if empty > _MOST_EMPTY:
            raise UsageError(f"{path}: holds more than {_MOST_EMPTY:,} empty lines; {_WANTED}")
        if len(line) > _LONGEST_LINE:
            raise UsageError(f"{path}: line {number} is longer than {_LONGEST_LINE // 1024**2} MiB; {_WANTED}")
        yield line


def _object(line: bytes) -> dict[str, Any] | str:
    """The object on a line, or why it is none."""
    try:
        found = json.loads(line.decode(), parse_float=str, parse_int=str, parse_constant=str)
    except UnicodeDecodeError:
        return "is not UTF-8 text"
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(found, dict):
        return "is JSON, but not an object"
    if b"\\ud" in line.lower():
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return "holds half a character, a lone surrogate"
    return found


def _table(names: list[str], rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in names})


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
