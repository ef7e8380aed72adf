"""Delta tables by name: append, replace a partition, read what is current.

Each commit carries, per partition, the hash of its content and the fingerprint of the inputs it was built
from. Equal content makes no commit; equal inputs need no work. Appends give up Delta's silent retry, so that
two writers can never overwrite each other's hashes: the loser reads again and repeats.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import structlog
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from pipelines.errors import LakeUnavailable
from pipelines.lake.address import Address

log = structlog.get_logger("finops.lake")

WHOLE = ""
"""Partition value of a table that has none."""

_METADATA = "finops.partitions"
_ATTEMPTS = 20


@dataclass(frozen=True)
class PartitionState:
    """What the last commit said of one partition."""

    content: str
    inputs: str = ""


@dataclass(frozen=True)
class TableState:
    """One version of a table, read once: handle, partition column and partition states."""

    delta: DeltaTable | None = None
    partitions: Mapping[str, PartitionState] = field(default_factory=dict)

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

    def files(self, partitions: Sequence[str] | None = None) -> list[str]:
        """Addresses of the current data files, of some partitions or of all."""
        if self.delta is None or (partitions is not None and not partitions):
            return []
        column = self.partition_by
        if partitions is None or column is None:
            return sorted(self.delta.file_uris())
        return sorted(self.delta.file_uris(file_pruning_predicate=[(column, "in", list(partitions))]))


class Lake:
    """All tables under one address. Table names are `layer.name`."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._options = address.s3.delta_options if address.s3 else None

    def uri(self, table: str) -> str:
        """Address of one table's folder."""
        return f"{self.address.root}/{table.replace('.', '/')}"

    def state(self, table: str) -> TableState:
        """The current version; an empty state when the table was never written."""
        with _lake_errors(table):
            try:
                delta = DeltaTable(self.uri(table), storage_options=self._options)
            except TableNotFoundError:
                return TableState()
            return TableState(delta, _partition_states(delta))

    def exists(self, table: str) -> bool:
        """True once a first commit was made."""
        return self.state(table).delta is not None

    def append(self, table: str, rows: pa.Table, hashes: Mapping[str, str], partition_by: str | None) -> int:
        """Add rows in one commit; `hashes` holds the content hash of the rows per touched partition."""
        if rows.num_rows == 0 and self.exists(table):
            return 0

        def chained(state: TableState) -> dict[str, PartitionState]:
            merged = dict(state.partitions)
            for partition, added in hashes.items():
                before = merged.get(partition, PartitionState("")).content
                merged[partition] = PartitionState(_chain(before, added))
            return merged

        self._commit(table, rows, partition_by, chained, predicate=None, mode="append")
        return int(rows.num_rows)

    def replace(
        self,
        table: str,
        rows: pa.Table,
        states: Mapping[str, PartitionState],
        partition_by: str | None,
    ) -> int:
        """Replace the partitions named in `states` by `rows`, in one commit; rows written are returned."""

        def merged(state: TableState) -> dict[str, PartitionState]:
            return {**state.partitions, **states} if partition_by else dict(states)

        predicate = None
        if partition_by is not None:
            values = ", ".join(f"'{value}'" for value in sorted(states))
            predicate = f"{partition_by} in ({values})"
        self._commit(table, rows, partition_by, merged, predicate, mode="overwrite")
        return int(rows.num_rows)

    def remake(self, table: str, rows: pa.Table, states: Mapping[str, PartitionState], partition_by: str | None) -> int:
        """Replace the whole table and its columns by `rows`, in one commit; rows written are returned."""
        self._commit(table, rows, partition_by, lambda _: dict(states), predicate=None, mode="overwrite")
        return int(rows.num_rows)

    def _commit(
        self,
        table: str,
        rows: pa.Table,
        partition_by: str | None,
        states: Callable[[TableState], dict[str, PartitionState]],
        predicate: str | None,
        mode: str,
    ) -> None:
        for _ in range(_ATTEMPTS):
            state = self.state(table)
            properties = CommitProperties(custom_metadata=_metadata(states(state)), max_commit_retries=0)
            with _lake_errors(table):
                try:
                    self._write(table, state, rows, partition_by, predicate, mode, properties)
                except CommitFailedError:
                    continue
                except DeltaError:
                    if state.delta is None and self.exists(table):  # somebody else made it meanwhile
                        continue
                    raise
            log.info("table written", table=table, rows=rows.num_rows, mode=mode)
            return
        raise LakeUnavailable(f"{table}: {_ATTEMPTS} commits lost to other writers; end them and run again")

    def _write(
        self,
        table: str,
        state: TableState,
        rows: pa.Table,
        partition_by: str | None,
        predicate: str | None,
        mode: str,
        properties: CommitProperties,
    ) -> None:
        """One commit on top of exactly the version in `state`."""
        made = state.delta is not None
        is_remade = made and mode == "overwrite" and predicate is None
        options: dict[str, Any] = {
            # a table that another writer makes first must not be written over
            "mode": mode if made else "error",
            "partition_by": [partition_by] if partition_by else None,
            "predicate": predicate if made else None,
            "schema_mode": "overwrite" if is_remade else None,
        }
        write_deltalake(
            state.delta or self.uri(table),
            rows,
            storage_options=self._options,
            commit_properties=properties,
            **options,
        )


def _metadata(states: Mapping[str, PartitionState]) -> dict[str, str]:
    return {_METADATA: json.dumps({name: [s.content, s.inputs] for name, s in sorted(states.items())})}


def _partition_states(delta: DeltaTable) -> dict[str, PartitionState]:
    """States from the newest commit that carries them; maintenance commits carry none."""
    for commit in _history(delta):
        if _METADATA in commit:
            stored = json.loads(commit[_METADATA])
            return {name: PartitionState(content, inputs) for name, (content, inputs) in stored.items()}
    return {}


def _history(delta: DeltaTable) -> Iterator[Mapping[str, str]]:
    yield from delta.history(1)
    yield from delta.history()


def _chain(before: str, added: str) -> str:
    return hashlib.sha256(f"{before}{added}".encode()).hexdigest()[:32]


@contextmanager
def _lake_errors(table: str) -> Iterator[None]:
    """Turn the engines' errors into one line that names the table and the remedy."""
    try:
        yield
    except CommitFailedError:
        raise
    except (DeltaError, OSError) as error:
        reason = str(error).splitlines()[0][:200]
        raise LakeUnavailable(
            f"{table}: {reason}; check that the lake's address is right and can be written, then run again"
        ) from error
