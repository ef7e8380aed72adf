"""A Parquet file as batches of text."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.errors import UsageError
from pipelines.files.opening import RawFile, content_hash

_BATCH_ROWS = 100_000


def open_parquet(path: Path, source_file: str) -> RawFile:
    """Its columns, and its rows as text."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{path}: is a damaged Parquet file ({reason}); fetch it again") from error
    names = list(file.schema_arrow.names)
    raw = RawFile(source_file, content_hash(path, False), names, _batches(path, file), form="Parquet")
    floats = [item.name for item in file.schema_arrow if pa.types.is_floating(item.type)]
    if floats:
        raw.notes.append(f"floating point in {', '.join(floats)}: taken as its shortest decimal spelling")
    return raw


def _batches(path: Path, file: pq.ParquetFile) -> Iterator[pa.Table]:
    try:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            texts = {name: _as_text(batch.column(name)) for name in batch.schema.names}
            for values in texts.values():
                values.validate(full=True)  # a writer may have stored bytes that are no UTF-8
            yield pa.table(texts)
    except (pa.ArrowInvalid, UnicodeDecodeError, OSError) as error:
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
    if pa.types.is_decimal128(kind) and kind.scale > 0:
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
