"""Parquet files of a table, written before the commit that names them.

Rows are encoded in groups of bounded size as they come, so memory does not grow with their number. Until `Lake`
commits them the files belong to no version of the table; what is never committed is deleted, or stays unread.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Protocol, Self
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as kinds
from deltalake import Schema
from deltalake.fs import DeltaStorageHandler
from deltalake.transaction import AddAction
from pyarrow.fs import FileSystem, LocalFileSystem, PyFileSystem, SubTreeFileSystem

from pipelines.lake.failures import lake_errors

GROUP_ROWS, GROUP_BYTES = 122_880, 8 * 1024**2
"""A row group is written when so many rows, or so many bytes of all partitions together, are waiting."""

WRITE_BYTES = 1024**2

LONGEST_BOUND = 64
"""Longer texts are no use as the least and greatest of a file, by which readers leave files out."""

_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"


class ArrowStream(Protocol):
    """Rows in batches, such as a table, a batch or a reader of batches."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class ArrowRows(ArrowStream, Protocol):
    """A stream of rows that tells its columns."""

    @property
    def schema(self) -> pa.Schema: ...


class _Hashed:
    """A stream that takes bytes and knows the checksum of all that it took."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self._digest = sha256()

    def write(self, content: Any) -> int:
        self._digest.update(content)
        self.stream.write(content)
        return len(content)

    def flush(self) -> None:
        self.stream.flush()

    def close(self) -> None:
        self.stream.close()

    @property
    def closed(self) -> bool:
        return bool(self.stream.closed)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


@dataclass
class _File:
    """One file that is being written, into its place or into memory."""

    path: str
    partition: str | None
    schema: pa.Schema
    sink: Any
    is_stored: bool
    place: str
    waiting: list[pa.Table] = field(default_factory=list)
    taken: int = 0
    rows: int = 0
    bytes: int = 0

    def __post_init__(self) -> None:
        self.metadata: list[Any] = []
        self.hashed = _Hashed(self.sink)
        self.writer = pq.ParquetWriter(self.hashed, self.schema, compression="zstd", metadata_collector=self.metadata)

    def add(self, rows: pa.Table) -> None:
        self.waiting.append(rows)
        self.taken += rows.num_rows
        self.rows += rows.num_rows
        self.bytes += rows.nbytes

    def flush(self) -> None:
        if self.rows:
            with lake_errors(self.place):
                self.writer.write_table(pa.concat_tables(self.waiting), row_group_size=GROUP_ROWS)
        self.waiting, self.rows, self.bytes = [], 0, 0


@dataclass(frozen=True)
class Place:
    """The folder of a table, and how to reach its bucket; no options for a local folder."""

    table: str
    uri: str
    options: Mapping[str, str] | None


def folder_of(place: Place) -> FileSystem:
    """Its files by their paths in it, as Delta's log names them."""
    if place.options is None:
        return SubTreeFileSystem(unquote(urlsplit(place.uri).path), LocalFileSystem())
    return PyFileSystem(DeltaStorageHandler(place.uri, dict(place.options)))


class NewFiles:
    """Files of one table, one a partition; leave the `with` block without a commit and they are deleted.

    Those that are `held` lie compressed in memory until they are about to be committed.
    """

    def __init__(self, place: Place, schema: pa.Schema, partition_by: str | None, held: bool = False) -> None:
        self.table = place.table
        self.partition_by = partition_by
        # the types that Delta knows; an unsigned or large one becomes its nearest
        self.delta_schema = Schema.from_arrow(schema)
        self.schema = pa.schema(self.delta_schema.to_arrow())
        self._place = place
        self._held = held
        self._store: FileSystem | None = None
        self._open: dict[str | None, _File] = {}
        self._added: list[AddAction] | None = None
        self.digests: dict[str, str] = {}
        self.rows = 0

    @property
    def store(self) -> FileSystem:
        """The folder of the table; LakeUnavailable where its bucket is not."""
        with lake_errors(self.table):
            return self._files

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def add(self, rows: ArrowStream) -> None:
        """Take rows in; they have the columns of the schema."""
        for batch in pa.RecordBatchReader.from_stream(rows):
            for partition, part in parted(pa.Table.from_batches([batch]), self.partition_by):
                self.take(partition, part)

    def take(self, partition: str | None, rows: pa.Table) -> None:
        """Take in rows that all lie in one partition."""
        if self.partition_by is not None:
            rows = rows.drop_columns([self.partition_by])
        file = self._open.get(partition) or self._begun(partition)
        file.add(rows if rows.schema == file.schema else rows.cast(file.schema))
        self.rows += rows.num_rows
        if file.rows >= GROUP_ROWS:
            file.flush()
        if sum(each.bytes for each in self._open.values()) >= GROUP_BYTES:
            max(self._open.values(), key=lambda each: each.bytes).flush()

    def leave_out(self, partitions: Collection[str]) -> None:
        """Forget what was taken of these."""
        for partition in self._open.keys() & partitions:
            file = self._open.pop(partition)
            self.rows -= file.taken
            self._delete(file)

    def added(self) -> list[AddAction]:
        """Finish the files; what a commit says of each."""
        if self._added is None:
            self._added = [self._finished(file) for _, file in sorted(self._open.items(), key=repr)]
        return self._added

    def kept(self) -> None:
        """The files are part of the table from now on, or may be."""
        self._open, self._added = {}, []
        pa.default_memory_pool().release_unused()  # or it waits, unused, beside what DuckDB takes next

    def discard(self) -> None:
        """Delete what was not committed; a store that refuses keeps files that nothing reads."""
        for file in self._open.values():
            self._delete(file)
        self.kept()

    def _delete(self, file: _File) -> None:
        for close in (file.writer.close, file.sink.close):
            with suppress(OSError, pa.ArrowException):
                close()
        with suppress(OSError, pa.ArrowException):
            if file.is_stored:
                self._files.delete_file(file.path)

    @property
    def _files(self) -> FileSystem:
        if self._store is None:
            self._store = folder_of(self._place)
            if self._place.options is not None:
                self._store.get_file_info("_delta_log")  # some servers make a bucket that is missing; here it fails
        return self._store

    def _begun(self, partition: str | None) -> _File:
        folder, schema = "", self.schema
        if self.partition_by is not None:
            folder = f"{self.partition_by}={_NO_PARTITION if partition is None else quote(partition, safe='')}/"
            schema = schema.remove(schema.get_field_index(self.partition_by))
        path = f"{folder}part-00000-{uuid4()}-c000.zstd.parquet"
        sink = pa.BufferOutputStream() if self._held else self._opened(path)
        self._open[partition] = _File(path, partition, schema, sink, not self._held, f"{self.table}: {path}")
        return self._open[partition]

    def _opened(self, path: str) -> Any:
        with lake_errors(f"{self.table}: {path}"):
            if isinstance(self._files, SubTreeFileSystem):
                self._files.create_dir(path.rpartition("/")[0] or ".", recursive=True)
            # buffered, since the store takes bytes and nothing else
            return self._files.open_output_stream(path, buffer_size=WRITE_BYTES)

    def _finished(self, file: _File) -> AddAction:
        file.flush()
        with lake_errors(file.place):
            file.writer.close()
            size = file.sink.tell()
            if not file.is_stored:
                held, file.sink, file.is_stored = file.sink.getvalue(), self._opened(file.path), True
                file.sink.write(held)
            file.sink.close()
        self.digests[file.path] = file.hashed.hexdigest()
        values = {} if self.partition_by is None else {self.partition_by: file.partition}
        statistics = json.dumps(_statistics(file.metadata[0], file.schema))
        return AddAction(file.path, size, values, int(time.time() * 1000), True, statistics)


def parted(rows: pa.Table, partition_by: str | None) -> Iterator[tuple[str | None, pa.Table]]:
    """The rows of each partition, in their order."""
    if partition_by is None:
        yield None, rows
        return
    column = rows[partition_by]
    values = pc.unique(column)
    for value in values:
        wanted = pc.equal(column, value) if value.is_valid else pc.is_null(column)
        yield value.as_py(), rows if len(values) == 1 else rows.filter(wanted)


def _statistics(metadata: Any, schema: pa.Schema) -> dict[str, Any]:
    """Rows, nulls, least and greatest of a file, in Delta's words; a column with inexact bounds has none."""
    nulls: dict[str, int] = {}
    least: dict[str, Any] = {}
    greatest: dict[str, Any] = {}
    for number in range(metadata.num_columns):
        name = metadata.schema.column(number).path
        if "." in name:
            continue
        columns = [metadata.row_group(group).column(number) for group in range(metadata.num_row_groups)]
        told = [column.statistics for column in columns if column.statistics and column.statistics.has_null_count]
        if len(told) < len(columns):
            continue
        nulls[name] = sum(each.null_count for each in told)
        held = [each for each, column in zip(told, columns, strict=True) if each.null_count < column.num_values]
        if held and _is_bounded(schema.field(name).type) and all(each.has_min_max for each in held):
            bounds = min(each.min for each in held), max(each.max for each in held)
            if not isinstance(bounds[0], str) or max(map(len, bounds)) <= LONGEST_BOUND:
                least[name], greatest[name] = map(_written, bounds)
    return {"numRecords": metadata.num_rows, "minValues": least, "maxValues": greatest, "nullCount": nulls}


def _is_bounded(kind: pa.DataType) -> bool:
    """Whether bounds of this type are told; those of times and money are not exact in JSON."""
    return bool(kinds.is_string(kind) or kinds.is_integer(kind) or kinds.is_date(kind))


def _written(bound: Any) -> Any:
    return bound.isoformat() if isinstance(bound, date) else bound
