"""Opening a bill: CSV, compressed CSV or Parquet as batches of text, nothing interpreted yet.

Every value leaves here as text, so that casting has one path; a Parquet decimal keeps every digit and a
Parquet float becomes its shortest exact spelling.
"""

import codecs
import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pipelines.errors import UsageError
from pipelines.focus.columns import BY_NAME

_BLOCK = 16 << 20
_BATCH_ROWS = 100_000
_SUFFIXES = (".csv", ".csv.gz", ".parquet")
_DELIMITERS = (",", ";", "\t", "|")


@dataclass
class RawFile:
    """One file's header, and its lines as text; `ragged` fills while `batches` is consumed."""

    source_file: str
    source_hash: str
    names: list[str]
    batches: Iterator[pa.Table]
    ragged: list[tuple[int, int, str]] = field(default_factory=list)  # (line, fields found, text)
    notes: list[str] = field(default_factory=list)


def bill_files(path: Path) -> list[tuple[Path, str]]:
    """The files to read, each with the name it is known by: a file itself, or a folder's tree in order."""
    if path.is_file():
        return [(path, path.name)]
    if not path.is_dir():
        raise UsageError(f"{path}: no such file or folder; name a .csv, .csv.gz or .parquet bill")
    found = sorted(
        item
        for item in path.rglob("*")
        if item.is_file() and item.name.lower().endswith(_SUFFIXES) and not item.name.startswith((".", "_"))
    )
    if not found:
        raise UsageError(f"{path}: holds no .csv, .csv.gz or .parquet file; name the folder of the export")
    return [(item, item.relative_to(path).as_posix()) for item in found]


def open_bill(path: Path, source_file: str) -> RawFile:
    """Look at the first bytes, not at the suffix, and open the file as what it is."""
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if not start:
        raise UsageError(f"{path}: is empty; export the bill again")
    if start == b"PAR1":
        return _open_parquet(path, source_file)
    try:
        return _open_csv(path, source_file, compressed=start[:2] == b"\x1f\x8b")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(f"{path}: is a damaged gzip file ({error}); fetch it again") from error


def _content_hash(path: Path, compressed: bool, check: Callable[[bytes], object] = len) -> str:
    """sha256 of the uncompressed content, so that compressing a bill again changes nothing."""
    digest = hashlib.sha256()
    with gzip.open(path) if compressed else path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
            check(block)
    check(b"")
    return digest.hexdigest()


def _open_csv(path: Path, source_file: str, *, compressed: bool) -> RawFile:
    with gzip.open(path) if compressed else path.open("rb") as stream:
        head = stream.read(1 << 16)
    names, delimiter = _header(path, head)
    decode = codecs.getincrementaldecoder("utf-8")()
    try:
        content = _content_hash(path, compressed, lambda block: decode.decode(block, final=not block))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text ({error.reason}); convert the bill to UTF-8") from error
    raw = RawFile(source_file, content, names, iter(()))
    raw.batches = _csv_batches(path, raw, delimiter, compressed)
    return raw


def _header(path: Path, head: bytes) -> tuple[list[str], str]:
    """Column names and delimiter: of the usual delimiters, the one that yields most FOCUS names."""
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    if b"\0" in head or head[:2] in (b"PK", b"\xff\xfe", b"\xfe\xff"):
        raise UsageError(f"{path}: is not a UTF-8 CSV or Parquet file; export the bill as CSV or Parquet")
    if text.lstrip()[:1] == "<":
        raise UsageError(f"{path}: is a web page or XML, not a CSV; download the bill itself")
    if not text.strip():
        raise UsageError(f"{path}: is empty; export the bill again")
    best: list[str] = []
    chosen = ","
    for delimiter in _DELIMITERS:
        names = [name.strip() for name in next(csv.reader(io.StringIO(text), delimiter=delimiter))]
        if len(set(names) & set(BY_NAME)) > len(set(best) & set(BY_NAME)) or not best:
            best, chosen = names, delimiter
    twice = sorted({name for name in best if best.count(name) > 1})
    if twice:
        raise UsageError(f"{path}: column {twice[0]!r} appears twice; export the bill again")
    return best, chosen


def _csv_batches(path: Path, raw: RawFile, delimiter: str, compressed: bool) -> Iterator[pa.Table]:
    def keep_ragged(row: pa_csv.InvalidRow) -> str:
        raw.ragged.append((row.number, row.actual_columns, row.text))
        return "skip"

    try:
        with pa.input_stream(str(path), compression="gzip" if compressed else None) as stream:
            reader = pa_csv.open_csv(
                stream,
                read_options=pa_csv.ReadOptions(
                    use_threads=False, block_size=_BLOCK, column_names=raw.names, skip_rows=1
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep_ragged
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(raw.names, pa.string()), strings_can_be_null=False
                ),
            )
            for batch in reader:
                yield pa.Table.from_batches([batch])
    except (pa.ArrowInvalid, OSError) as error:
        if "Empty CSV file" in str(error) or "Could not skip initial" in str(error):
            return  # a header and nothing else
        reason = str(error).splitlines()[0]
        raise UsageError(f"{path}: is not a readable CSV ({reason}); export the bill again") from error


def _open_parquet(path: Path, source_file: str) -> RawFile:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{path}: is a damaged Parquet file ({reason}); fetch it again") from error
    raw = RawFile(source_file, _content_hash(path, False), list(file.schema_arrow.names), iter(()))
    floats = [item.name for item in file.schema_arrow if pa.types.is_floating(item.type)]
    if floats:
        raw.notes.append(f"floating point in {', '.join(floats)}: taken as its shortest decimal spelling")
    raw.batches = _parquet_batches(path, file)
    return raw


def _parquet_batches(path: Path, file: pq.ParquetFile) -> Iterator[pa.Table]:
    try:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            yield pa.table({name: _as_text(batch.column(name)) for name in batch.schema.names})
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{path}: is a damaged Parquet file ({reason}); fetch it again") from error


def _as_text(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _as_text(values.dictionary_decode())
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        naive = pc.cast(pc.cast(values, pa.timestamp(kind.unit, tz="UTC")), pa.timestamp(kind.unit))
        return pc.binary_join_element_wise(pc.cast(naive, pa.string()), pa.scalar("Z"), "")
    if pa.types.is_nested(kind):
        return pa.array([_json_text(value, kind) for value in values.to_pylist()], pa.string())
    if pa.types.is_decimal(kind) and kind.scale > 0:
        return _polars_text(values)
    return pc.cast(values, pa.string())


def _polars_text(decimals: pa.Array) -> pa.Array:
    """Plain notation with every digit; Arrow's own cast would write 1E-18."""
    import polars as pl

    return pl.Series(decimals).cast(pl.String).to_arrow().cast(pa.string())


def _json_text(value: Any, kind: pa.DataType) -> str | None:
    if value is None:
        return None
    plain = dict(value) if pa.types.is_map(kind) else value
    return json.dumps(plain, ensure_ascii=False, default=_json_scalar)


def _json_scalar(value: object) -> str:
    """Times and decimals inside a nested Parquet value, as text."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
