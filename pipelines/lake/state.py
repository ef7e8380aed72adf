"""One version of a table: its partitions with the hashes they were stored under, and where its files lie."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

WHOLE = ""
"""Partition value of a table that has none."""

_METADATA = "finops.partitions"


@dataclass(frozen=True)
class PartitionState:
    """What the last commit said of one partition."""

    content: str
    inputs: str = ""


@dataclass(frozen=True, order=True)
class DataFile:
    """One Parquet file of a table; `uri` is as DuckDB reads it, a plain path or an address in a bucket."""

    uri: str
    partition: str
    size: int


@dataclass(frozen=True)
class TableState:
    """One version of a table, read once: handle, partition column and partition states, and where its files lie.

    `told` keeps what was worked out of this version, so that it is worked out once.
    """

    delta: DeltaTable | None = None
    partitions: Mapping[str, PartitionState] = field(default_factory=dict)
    folder: str = ""
    told: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def version(self) -> int:
        """-1 before the first commit."""
        return -1 if self.delta is None else self.delta.version()

    @property
    def partition_by(self) -> str | None:
        """Name of the partition column."""
        columns = [] if self.delta is None else self.delta.metadata().partition_columns
        return columns[0] if columns else None

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the current version."""
        if self.delta is None:
            raise LookupError("no commit yet")
        return pa.schema(self.delta.schema().to_arrow())

    @cached_property
    def data_files(self) -> Sequence[DataFile]:
        """All current data files, as the log tells of them, in the order of their addresses."""
        if self.delta is None:
            return ()
        told = self.delta.get_add_actions(flatten=True)
        paths, sizes = told.column("path").to_pylist(), told.column("size_bytes").to_pylist()
        column = self.partition_by
        partitions = [WHOLE] * len(paths) if column is None else told.column(f"partition.{column}").to_pylist()
        return sorted(
            DataFile(f"{self.folder}/{unquote(path)}", partition, size)
            for path, partition, size in zip(paths, partitions, sizes, strict=True)
        )

    def files(self, partitions: Sequence[str] | None = None) -> list[str]:
        """Addresses of the current data files, of some partitions or of all."""
        return [file.uri for file in self.files_in(partitions)]

    def files_in(self, partitions: Sequence[str] | None = None) -> Sequence[DataFile]:
        """The same, with what the log tells of each."""
        if partitions is None or self.partition_by is None:
            return self.data_files if partitions is None or partitions else ()
        wanted = set(partitions)
        return [file for file in self.data_files if file.partition in wanted]


def is_newest(state: TableState) -> bool:
    """Asks for the number of the newest commit only: to read the log anew costs more with each commit in it."""
    assert state.delta is not None
    return bool(state.delta._table.get_latest_version() == state.version)


def metadata(states: Mapping[str, PartitionState]) -> dict[str, str]:
    return {_METADATA: json.dumps({name: [s.content, s.inputs] for name, s in sorted(states.items())})}


def partition_states(delta: DeltaTable, version: int | None = None) -> dict[str, PartitionState]:
    """States from the newest commit that carries them, of the newest version or as of an earlier one; maintenance
    commits carry none. `delta` is the newest version: an earlier one numbers its commits wrongly."""
    for commit in _history(delta):
        if _METADATA in commit and (version is None or int(commit["version"]) <= version):
            stored = json.loads(commit[_METADATA])
            return {name: PartitionState(content, inputs) for name, (content, inputs) in stored.items()}
    return {}


def _history(delta: DeltaTable) -> Iterator[Mapping[str, str]]:
    yield from delta.history(1)
    yield from delta.history()
