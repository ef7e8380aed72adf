"""Delta tables by name: append, replace a partition, read what is current.

Each commit carries, per partition, the hash of its content and the fingerprint of the inputs it was built
from. Equal content writes no row; equal inputs need no work. Appends give up Delta's silent retry, so that
two writers can never overwrite each other's hashes: the loser reads again and repeats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from uuid import uuid4

import pyarrow as pa
import structlog
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.transaction import create_table_with_add_actions
from pyarrow.fs import FileSystem

from pipelines.errors import LakeUnavailable
from pipelines.lake.address import Address
from pipelines.lake.changes import Change, chain, difference, with_columns
from pipelines.lake.failures import Overtaken, lake_errors, reason
from pipelines.lake.files import ArrowRows, NewFiles, Place, folder_of
from pipelines.lake.seals import CHECKPOINT_INTERVAL, commit_of, read, seal
from pipelines.lake.small_files import is_crowded, left_small
from pipelines.lake.state import (
    WHOLE,
    DataFile,
    PartitionState,
    TableState,
    is_named,
    is_newest,
    metadata,
    partition_states,
)

__all__ = ["WHOLE", "ArrowRows", "DataFile", "Lake", "PartitionState", "TableState"]
log = structlog.get_logger("finops.lake")

_ATTEMPTS = 20
_MERGED_BYTES = 64 * 1024**2
_CONFIGURATION = {
    "delta.checkpointInterval": str(CHECKPOINT_INTERVAL),
    "delta.logRetentionDuration": "interval 800 days",
}
"""A log is read from its last checkpoint on; and a month stays readable as it was for more than two years."""


class Lake:
    """All tables under one address. Table names are `layer.name`."""

    def __init__(self, address: Address) -> None:
        self.address = address
        # a bucket refuses bytes that are not those that were sent; without a checksum it would keep them
        self._options = {**address.s3.delta_options, "AWS_CHECKSUM_ALGORITHM": "SHA256"} if address.s3 else None
        self._known: dict[str, TableState] = {}
        self._folders: dict[str, FileSystem] = {}

    def uri(self, table: str) -> str:
        """Address of one table's folder."""
        return f"{self.address.root}/{table.replace('.', '/')}"

    def state(self, table: str) -> TableState:
        """The current version; an empty state when the table was never written."""
        with lake_errors(table):
            known = self._known.get(table)
            if known is not None and is_newest(known):
                return known
            try:
                delta = DeltaTable(self.uri(table), storage_options=self._options)
            except TableNotFoundError:
                return TableState()
            self._known[table] = self._state_of(table, delta)
            return self._known[table]

    def state_at(self, table: str, version: int) -> TableState:
        """An earlier version; LakeUnavailable when its log is gone."""
        with lake_errors(table):
            delta = DeltaTable(self.uri(table), version, storage_options=self._options)
            return self._state_of(table, delta)

    def _state_of(self, table: str, delta: DeltaTable) -> TableState:
        told = partition_states(table, partial(self._commit_of, table), delta.version())
        return TableState(delta, told, f"{self.address.readable}/{table.replace('.', '/')}")

    def _commit_of(self, table: str, version: int) -> bytes | None:
        """The file of a version; None where there is none."""
        try:
            return read(self.folder(table), commit_of(version))
        except FileNotFoundError:
            return None

    def folder(self, table: str) -> FileSystem:
        """The files of a table by their paths in it."""
        if table not in self._folders:
            self._folders[table] = folder_of(Place(table, self.uri(table), self._options))
        return self._folders[table]

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
                merged[partition] = PartitionState(chain(before, added))
            return merged

        self._commit(files, Change("append", chained))
        self._compact(files.table, sorted(hashes))
        return files.rows

    def _compact(self, table: str, partitions: Sequence[str]) -> None:
        """Merge the small files of partitions that have many: each costs every reader an opening, for ever."""
        for partition in partitions:
            if is_crowded(self.state(table), partition):
                self._merge(table, [partition])

    def settle(self, table: str) -> None:
        """Merge what is left in several small files of partitions before the newest: nothing much comes there any more,
        and whoever asks for the newest of everything opens them all. One commit, or none."""
        if told := left_small(self.state(table)):
            self._merge(table, told)

    def _merge(self, table: str, partitions: Sequence[str]) -> None:
        """A commit of its own that changes no row. When another writer comes first, a later one does it."""
        state = self.state(table)
        properties = CommitProperties(custom_metadata=metadata(state.partitions), max_commit_retries=0)
        column = state.partition_by
        with lake_errors(table), suppress(CommitFailedError):
            delta = DeltaTable(self.uri(table), state.version, storage_options=self._options)
            delta.optimize.compact(
                [(column, "in", list(partitions))] if column else None,
                target_size=_MERGED_BYTES,
                commit_properties=properties,
            )
            self.seal(table, delta.version(), {})

    def replace(
        self,
        table: str,
        rows: ArrowRows,
        states: Mapping[str, PartitionState],
        partition_by: str | None,
        same: Mapping[str, PartitionState] | None = None,
        base: TableState | None = None,
    ) -> int:
        """Replace the partitions named in `states` by `rows`, in one commit; rows written are returned.

        With `base`, the version that `rows` were made from, Overtaken where the partitions changed since.
        """
        with self._filled(table, rows, partition_by) as files:
            return self.replace_files(files, states, same, base)

    def replace_files(
        self,
        files: NewFiles,
        states: Mapping[str, PartitionState],
        same: Mapping[str, PartitionState] | None = None,
        base: TableState | None = None,
    ) -> int:
        """As `replace`, by rows written already; of the partitions in `same`, found equal, only the inputs are told."""
        is_parted = files.partition_by is not None

        def merged(state: TableState) -> dict[str, PartitionState]:
            if not is_parted:
                return dict(states)
            known = {name: now for name, now in (same or {}).items() if state.partitions[name].content == now.content}
            return {**state.partitions, **known, **states}

        over = sorted(states) if is_parted else None
        self._commit(files, Change("append", merged) if over == [] else Change("overwrite", merged, over, base=base))
        return files.rows

    def remake(self, files: NewFiles, states: Mapping[str, PartitionState]) -> int:
        """Replace the whole table and its columns, in one commit; rows written are returned."""
        self._commit(files, Change("overwrite", lambda _: dict(states), is_remade=True))
        return files.rows

    @contextmanager
    def _filled(self, table: str, rows: ArrowRows, partition_by: str | None) -> Iterator[NewFiles]:
        with self.new_files(table, rows.schema, partition_by) as files, lake_errors(table):
            files.add(rows)
            yield files

    def _commit(self, files: NewFiles, change: Change) -> None:
        table, name = files.table, uuid4().hex
        with lake_errors(table):
            files.added()
        for _ in range(_ATTEMPTS):
            state = self.state(table)
            if change.is_overtaken(state):
                raise Overtaken(
                    f"{table}: another writer changed {change.partitions or 'it'}; read it again and repeat"
                )
            if not change.is_remade and state.delta is not None and files.delta_schema != state.delta.schema():
                self._widen(files, state)
                continue
            told = metadata(change.states(state), name)
            try:
                with lake_errors(table):
                    self._write(files, state, change, CommitProperties(custom_metadata=told, max_commit_retries=0))
            except (CommitFailedError, LakeUnavailable) as error:
                if not self._is_made(files, state, name):
                    if isinstance(error, CommitFailedError) or (state.delta is None and self.exists(table)):
                        continue
                    files.kept()  # the store may still take in what it failed to answer
                    raise
            files.kept()
            self.seal(table, state.version + 1, files.digests)
            log.info("table written", table=table, rows=files.rows, mode=change.mode)
            return
        raise LakeUnavailable(f"{table}: {_ATTEMPTS} commits lost to other writers; end them and run again")

    def _is_made(self, files: NewFiles, before: TableState, name: str) -> bool:
        """Whether a commit that ended in an error was made all the same, as when only its answer was lost.

        Where the store cannot tell, nothing that the commit may name is deleted.
        """
        try:
            with lake_errors(files.table):
                made = self._commit_of(files.table, before.version + 1)
            return made is not None and is_named(made, name)
        except LakeUnavailable:
            files.kept()
            raise

    def seal(self, table: str, version: int, known: Mapping[str, str], rereads: bool = True) -> None:
        """Keep the checksums of what a version brought. It stands without them; the next writer makes up for it."""
        try:
            seal(self.folder(table), version, known, rereads)
        except (OSError, ValueError) as error:
            log.warning("table not sealed", table=table, version=version, reason=reason(error))

    def _widen(self, files: NewFiles, state: TableState) -> None:
        """Give a table that an earlier version wrote the columns it lacks, empty, in a commit of its own."""
        lacking = difference(files.schema, state.schema)
        if not {*state.schema} <= {*files.schema} or state.partition_by != files.partition_by:
            raise LakeUnavailable(
                f"{files.table}: the rows have other columns than the table ({lacking}); was it written by a newer "
                "version? Use that one, or another lake"
            )
        assert state.delta is not None
        with self.new_files(files.table, files.schema, files.partition_by) as held, lake_errors(files.table):
            for batch in state.delta.to_pyarrow_dataset().to_batches():
                held.add(with_columns(pa.Table.from_batches([batch]), files.schema))
            properties = CommitProperties(custom_metadata=metadata(state.partitions), max_commit_retries=0)
            with suppress(CommitFailedError):
                held.added()
                self._write(held, state, Change("overwrite", lambda _: {}, is_remade=True), properties)
                held.kept()
                self.seal(files.table, state.version + 1, held.digests)
                log.info("table widened", table=files.table, columns=lacking)

    def _write(self, files: NewFiles, state: TableState, change: Change, properties: CommitProperties) -> None:
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
