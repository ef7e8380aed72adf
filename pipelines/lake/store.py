"""Delta tables by name: append, replace a partition, read what is current.

Each commit carries, per partition, the hash of its content and the fingerprint of the inputs it was built
from. Equal content writes no row; equal inputs need no work. Appends give up Delta's silent retry, so that
two writers can never overwrite each other's hashes: the loser reads again and repeats.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal, Protocol

import pyarrow as pa
import structlog
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import create_table_with_add_actions

from pipelines.errors import LakeUnavailable
from pipelines.lake.address import Address
from pipelines.lake.files import ArrowStream, NewFiles, Place
from pipelines.lake.state import WHOLE, DataFile, PartitionState, TableState, is_newest, metadata, partition_states

__all__ = ["WHOLE", "ArrowRows", "DataFile", "Lake", "PartitionState", "TableState"]

log = structlog.get_logger("finops.lake")

_ATTEMPTS = 20
_MANY_FILES, _FEW_FILES = 24, 4
_SMALL_BYTES = 16 * 1024**2
_MERGED_BYTES = 64 * 1024**2
_CONFIGURATION = {"delta.checkpointInterval": "10", "delta.logRetentionDuration": "interval 800 days"}
"""A log is read from its last checkpoint on; and a month stays readable as it was for more than two years."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class ArrowRows(ArrowStream, Protocol):
    """A stream of rows that tells its columns."""

    @property
    def schema(self) -> pa.Schema: ...


@dataclass(frozen=True)
class _Change:
    """What a commit does: states of the partitions after it, and which of them it replaces; None means all."""

    mode: Literal["append", "overwrite"]
    states: Callable[[TableState], dict[str, PartitionState]]
    partitions: Sequence[str] | None = None
    is_remade: bool = False


class Lake:
    """All tables under one address. Table names are `layer.name`."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._options = address.s3.delta_options if address.s3 else None
        self._known: dict[str, TableState] = {}

    def uri(self, table: str) -> str:
        """Address of one table's folder."""
        return f"{self.address.root}/{table.replace('.', '/')}"

    def state(self, table: str) -> TableState:
        """The current version; an empty state when the table was never written."""
        with _lake_errors(table):
            known = self._known.get(table)
            if known is not None and is_newest(known):
                return known
            try:
                delta = DeltaTable(self.uri(table), storage_options=self._options)
            except TableNotFoundError:
                return TableState()
            self._known[table] = self._state_of(table, delta, partition_states(delta))
            return self._known[table]

    def state_at(self, table: str, version: int) -> TableState:
        """An earlier version; LakeUnavailable when its log is gone."""
        with _lake_errors(table):
            delta = DeltaTable(self.uri(table), version, storage_options=self._options)
            return self._state_of(table, delta, partition_states(self.state(table).delta or delta, version))

    def _state_of(self, table: str, delta: DeltaTable, told: Mapping[str, PartitionState]) -> TableState:
        return TableState(delta, told, f"{self.address.readable}/{table.replace('.', '/')}")

    def exists(self, table: str) -> bool:
        """True once a first commit was made."""
        return self.state(table).delta is not None

    def fits(self, table: str, schema: pa.Schema) -> bool:
        """Whether the table has exactly these columns; so has one that was never written."""
        delta = self.state(table).delta
        return delta is None or Schema.from_arrow(schema) == delta.schema()

    def new_files(self, table: str, schema: pa.Schema, partition_by: str | None, held: bool = False) -> NewFiles:
        """Files to be filled with rows bit by bit, for `append_files`; use it as a context manager."""
        return NewFiles(Place(table, self.uri(table), self._options), schema, partition_by, held)

    def append(self, table: str, rows: pa.Table, hashes: Mapping[str, str], partition_by: str | None) -> int:
        """Add rows in one commit; `hashes` holds the content hash of the rows per touched partition."""
        with self._filled(table, rows, partition_by) as files:
            return self.append_files(files, hashes)

    def append_files(self, files: NewFiles, hashes: Mapping[str, str]) -> int:
        """As `append`, of rows that were written already; a table that was never written is made in any case."""
        if files.rows == 0 and self.exists(files.table):
            return 0

        def chained(state: TableState) -> dict[str, PartitionState]:
            merged = dict(state.partitions)
            for partition, added in hashes.items():
                before = merged.get(partition, PartitionState("")).content
                merged[partition] = PartitionState(_chain(before, added))
            return merged

        self._commit(files, _Change("append", chained))
        self._compact(files.table, sorted(hashes))
        return files.rows

    def _compact(self, table: str, partitions: Sequence[str]) -> None:
        """Merge the small files of partitions that have many: each costs every reader an opening, for ever."""
        for partition in partitions:
            small = [file for file in self.state(table).files_in([partition]) if file.size < _SMALL_BYTES]
            if len(small) >= _MANY_FILES:
                self._merge(table, [partition])

    def settle(self, table: str) -> None:
        """Merge what is left in several small files of partitions before the newest: nothing much comes there any more,
        and whoever asks for the newest of everything opens them all. One commit, or none."""
        state = self.state(table)
        small: defaultdict[str, list[int]] = defaultdict(list)
        for file in state.data_files:
            small[file.partition].append(file.size)
        over = sorted(small)[:-1] if state.partition_by else []
        told = [name for name in over if len(small[name]) >= _FEW_FILES and sum(small[name]) < _SMALL_BYTES]
        if told:
            self._merge(table, told)

    def _merge(self, table: str, partitions: Sequence[str]) -> None:
        """A commit of its own that changes no row. When another writer comes first, a later one does it."""
        state = self.state(table)
        properties = CommitProperties(custom_metadata=metadata(state.partitions), max_commit_retries=0)
        column = state.partition_by
        with _lake_errors(table), suppress(CommitFailedError):
            DeltaTable(self.uri(table), state.version, storage_options=self._options).optimize.compact(
                [(column, "in", list(partitions))] if column else None,
                target_size=_MERGED_BYTES,
                commit_properties=properties,
            )

    def replace(
        self,
        table: str,
        rows: ArrowRows,
        states: Mapping[str, PartitionState],
        partition_by: str | None,
        same: Mapping[str, PartitionState] | None = None,
    ) -> int:
        """Replace the partitions named in `states` by `rows`, in one commit; rows written are returned."""
        with self._filled(table, rows, partition_by) as files:
            return self.replace_files(files, states, same)

    def replace_files(
        self, files: NewFiles, states: Mapping[str, PartitionState], same: Mapping[str, PartitionState] | None = None
    ) -> int:
        """As `replace`, by rows written already; of the partitions in `same`, found equal, only the inputs are told."""
        is_parted = files.partition_by is not None

        def merged(state: TableState) -> dict[str, PartitionState]:
            if not is_parted:
                return dict(states)
            known = {name: now for name, now in (same or {}).items() if state.partitions[name].content == now.content}
            return {**state.partitions, **known, **states}

        over = sorted(states) if is_parted else None
        self._commit(files, _Change("append", merged) if over == [] else _Change("overwrite", merged, over))
        return files.rows

    def remake(self, files: NewFiles, states: Mapping[str, PartitionState]) -> int:
        """Replace the whole table and its columns, in one commit; rows written are returned."""
        self._commit(files, _Change("overwrite", lambda _: dict(states), is_remade=True))
        return files.rows

    @contextmanager
    def _filled(self, table: str, rows: ArrowRows, partition_by: str | None) -> Iterator[NewFiles]:
        with self.new_files(table, rows.schema, partition_by) as files:
            with _lake_errors(table):
                files.add(rows)
            yield files

    def _commit(self, files: NewFiles, change: _Change) -> None:
        table = files.table
        with _lake_errors(table):
            files.added()
        for _ in range(_ATTEMPTS):
            state = self.state(table)
            if not change.is_remade and state.delta is not None and files.delta_schema != state.delta.schema():
                self._widen(files, state)
                continue
            properties = CommitProperties(custom_metadata=metadata(change.states(state)), max_commit_retries=0)
            with _lake_errors(table):
                try:
                    self._write(files, state, change, properties)
                except CommitFailedError:
                    continue
                except DeltaError:
                    if state.delta is None and self.exists(table):  # somebody else made it meanwhile
                        continue
                    raise
            files.kept()
            log.info("table written", table=table, rows=files.rows, mode=change.mode)
            return
        raise LakeUnavailable(f"{table}: {_ATTEMPTS} commits lost to other writers; end them and run again")

    def _widen(self, files: NewFiles, state: TableState) -> None:
        """Give a table that an earlier version wrote the columns it lacks, empty, in a commit of its own."""
        difference = _difference(files.schema, state.schema)
        if not {*state.schema} <= {*files.schema} or state.partition_by != files.partition_by:
            raise LakeUnavailable(
                f"{files.table}: the rows have other columns than the table ({difference}); was it written by a newer "
                "version? Use that one, or another lake"
            )
        assert state.delta is not None
        with self.new_files(files.table, files.schema, files.partition_by) as held, _lake_errors(files.table):
            for batch in state.delta.to_pyarrow_dataset().to_batches():
                held.add(_with_columns(pa.Table.from_batches([batch]), files.schema))
            properties = CommitProperties(custom_metadata=metadata(state.partitions), max_commit_retries=0)
            with suppress(CommitFailedError):
                held.added()
                self._write(held, state, _Change("overwrite", lambda _: {}, is_remade=True), properties)
                held.kept()
                log.info("table widened", table=files.table, columns=difference)

    def _write(self, files: NewFiles, state: TableState, change: _Change, properties: CommitProperties) -> None:
        """One commit on top of exactly the version in `state`."""
        partition_by = files.partition_by
        if state.delta is None:
            create_table_with_add_actions(
                self.uri(files.table),
                files.delta_schema,
                files.added(),
                mode="error",  # a table that another writer makes first must not be written over
                partition_by=partition_by,
                configuration=_CONFIGURATION,
                storage_options=self._options,
                commit_properties=properties,
            )
            return
        state.delta.create_write_transaction(
            [*files.added()],
            change.mode,
            files.delta_schema,
            partition_by,
            [(partition_by, "in", change.partitions)] if partition_by and change.partitions is not None else None,
            commit_properties=properties,
        )


def _reason(error: Exception) -> str:
    """An engine's message in one line; some come as a coloured tree."""
    lines = (line.strip(" \t↳") for line in _COLOUR.sub("", str(error)).splitlines())
    return " ".join(line for line in lines if line)[:200]


def _with_columns(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with the columns of `schema`; those they lack are null."""
    missing = [column for column in schema if column.name not in rows.schema.names]
    for column in missing:
        rows = rows.append_column(column, pa.nulls(rows.num_rows, column.type))
    return rows.select(schema.names).cast(schema)


def _difference(rows: pa.Schema, table: pa.Schema) -> str:
    """Columns that differ, of either side."""
    other = {column.name for column in {*rows} ^ {*table}}
    return ", ".join(sorted(other))


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
        raise LakeUnavailable(
            f"{table}: {_reason(error)}; check that the lake's address is right and can be written, then run again"
        ) from error
