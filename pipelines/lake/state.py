"""One version of a table: its partitions with the hashes they were stored under, and where its files lie."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from pipelines.lake.versions import WRITER, refuse_newer, this_version

WHOLE = ""
"""Partition value of a table that has none."""

_METADATA = "finops.partitions"
_COMMIT = "finops.commit"


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


def metadata(states: Mapping[str, PartitionState], commit: str = "") -> dict[str, str]:
    """What a commit says of the partitions after it, which version of the product made it, and its own name, by which
    its writer knows it again."""
    partitions = json.dumps({name: [s.content, s.inputs] for name, s in sorted(states.items())})
    told = {_METADATA: partitions, WRITER: this_version()}
    return told | {_COMMIT: commit} if commit else told


def said(commit: bytes) -> Mapping[str, str]:
    """What the writer of a commit said of it, from the commit's file; empty where it said nothing."""
    for line in commit.splitlines():
        if line.startswith(b'{"commitInfo"'):
            info: Mapping[str, str] = json.loads(line)["commitInfo"]
            return info
    return {}


def is_named(commit: bytes, name: str) -> bool:
    """Whether a commit was made by the writer who gave it this name."""
    return said(commit).get(_COMMIT) == name


def partition_states(table: str, commit_of: Callable[[int], bytes | None], version: int) -> dict[str, PartitionState]:
    """States as of a version: those of the newest commit up to it that tells any; maintenance commits tell none.

    `commit_of` reads a version's file, None where the log has it no more. It is asked for by its number, since what
    the engine calls history may be ahead of a version while others write. LakeUnavailable where a later release of
    the product wrote them: what its columns mean is not known here.
    """
    for number in range(version, -1, -1):
        commit = commit_of(number)
        if commit is None:
            break
        commit_said = said(commit)
        if (told := commit_said.get(_METADATA)) is not None:
            refuse_newer(table, commit_said)
            return {name: PartitionState(content, inputs) for name, (content, inputs) in json.loads(told).items()}
    return {}
