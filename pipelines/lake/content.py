"""The hash of rows: equal exactly when the rows are, whatever batches they come in."""

from __future__ import annotations

from collections import defaultdict
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds


class _Digests(defaultdict[str, Any]):
    """One digest for each part of a column: which values are there, how long they are, what they hold."""

    def __init__(self) -> None:
        super().__init__(sha256)


class ContentDigest:
    """Takes rows in their order, in batches of any size. The order of columns does not count, their types do."""

    def __init__(self, schema: pa.Schema) -> None:
        self._rows = 0
        self._digests = _Digests()
        for column in schema:
            self._digests[column.name].update(str(column.type).encode())

    def add(self, rows: pa.Table) -> None:
        """Some more rows."""
        self._rows += rows.num_rows
        for name in rows.column_names:
            for chunk in rows[name].chunks:
                _feed(self._digests, name, chunk)

    def hexdigest(self) -> str:
        """Of all rows so far; no rows have one too."""
        if not self._rows:
            return "empty"
        told = sha256(str(self._rows).encode())
        for part in sorted(self._digests):
            told.update(f"{len(part)}:{part}".encode())
            told.update(self._digests[part].digest())
        return told.hexdigest()[:32]


def _feed(digests: _Digests, part: str, values: pa.Array) -> None:
    """What is null has no content: memory behind it holds anything."""
    kind = values.type
    digests[f"{part} is there"].update(_bytes(pc.cast(values.is_valid(), pa.uint8()), 1))
    if kinds.is_null(kind):
        return
    held = values.drop_null() if values.null_count else values
    if kinds.is_string(kind) or kinds.is_binary(kind):
        digests[f"{part} length"].update(_bytes(pc.binary_length(held), 4))
        digests[f"{part} value"].update(_text(held))
    elif kinds.is_list(kind):
        digests[f"{part} length"].update(_bytes(pc.list_value_length(held), 4))
        _feed(digests, f"{part} entry", held.flatten())
    elif kinds.is_struct(kind):
        for number, name in enumerate(kind.names):
            _feed(digests, f"{part}.{name}", held.flatten()[number])
    elif kinds.is_boolean(kind):
        digests[f"{part} value"].update(_bytes(pc.cast(held, pa.uint8()), 1))
    elif kinds.is_primitive(kind) or kinds.is_decimal(kind):
        digests[f"{part} value"].update(_bytes(held, kind.bit_width // 8))
    else:
        digests[f"{part} value"].update(repr(held.to_pylist()).encode())


def _bytes(values: pa.Array, width: int) -> memoryview:
    """The memory of values of one width, none of which is null."""
    memory = values.buffers()[-1]
    if memory is None:
        return memoryview(b"")
    return memoryview(memory)[values.offset * width : (values.offset + len(values)) * width]


def _text(values: pa.Array) -> memoryview:
    _, offsets, memory = values.buffers()
    if memory is None or not len(values):
        return memoryview(b"")
    ends = memoryview(offsets).cast("i")
    return memoryview(memory)[ends[values.offset] : ends[values.offset + len(values)]]
