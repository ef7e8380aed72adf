"""Columns of `bronze.business_numbers` and `bronze.business_quarantine`."""

from __future__ import annotations

import pyarrow as pa

from pipelines.imports.kinds import KINDS

UTC_TIME = pa.timestamp("us", tz="UTC")
ARROW_TYPES = {
    "text": pa.string(),
    "day": pa.date32(),
    "end": pa.date32(),
    "month": pa.string(),
    "time": UTC_TIME,
    "count": pa.int64(),
    "amount": pa.decimal128(38, 9),
    "money": pa.decimal128(38, 12),
    "flag": pa.bool_(),
    "mark": pa.bool_(),
    "currency": pa.string(),
    "choice": pa.string(),
    "ids": pa.list_(pa.string()),
}


STORED_AS = {"at": "happened_at"}
"""Columns that have another name in the table: `at` is a word of SQL."""


def _columns() -> dict[str, pa.DataType]:
    """Every column of any kind, in the order they are first named."""
    fields = [each for kind in KINDS.values() for each in kind.fields]
    return {STORED_AS.get(each.name, each.name): ARROW_TYPES[each.type] for each in fields}


COLUMNS = _columns()

_ORIGIN = [
    pa.field("source_file", pa.string(), nullable=False),
    pa.field("source_hash", pa.string(), nullable=False),
    pa.field("line_number", pa.int64(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
]

NUMBERS_SCHEMA = pa.schema(
    [
        *_ORIGIN,
        pa.field("kind", pa.string(), nullable=False),
        *(pa.field(name, kind) for name, kind in COLUMNS.items()),
        pa.field("labels", pa.string()),
    ]
)

QUARANTINE_SCHEMA = pa.schema(
    [
        *_ORIGIN,
        pa.field("kind", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("raw_line", pa.string(), nullable=False),
    ]
)
