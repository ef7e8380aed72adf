"""The lake under its own retention: what each table keeps, what of it is current, and what may go.

Small files are merged as tables are written (`Lake.append`, `Lake.settle`); here is told how many are left. Files of
older versions are kept for as long as the log knows them, unless fewer days are asked for, and files of the versions a
closed month was read at are never removed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from deltalake import CommitProperties
from deltalake.exceptions import DeltaError

from pipelines.errors import LakeUnavailable
from pipelines.lake.engine import Catalog
from pipelines.lake.integrity import file_system
from pipelines.lake.log_health import KEEP_DAYS
from pipelines.lake.state import TableState, metadata

__all__ = ["KEEP_DAYS", "Upkeep", "maintained"]

SMALL_BYTES = 1024**2
_LOG = "_delta_log/"


@dataclass(frozen=True)
class Upkeep:
    """One table. `small_files` lie with others in their partition, so that merging them would spare openings;
    `old_bytes` belong to earlier versions, `removable_files` of them to none that must be kept any more."""

    table: str
    version: int
    versions: int
    partitions: int
    files: int
    small_files: int
    bytes: int
    old_files: int
    old_bytes: int
    removable_files: int
    removed_files: int


def maintained(
    catalog: Catalog, pinned: Mapping[str, Collection[int]], keep_days: int = KEEP_DAYS, remove: bool = False
) -> Iterator[Upkeep]:
    """Look at every stored table that exists, and with `remove` let go what is older than `keep_days`.

    `pinned` are versions of tables that stay readable whatever their age. Nothing to remove makes no commit. Raises
    LakeUnavailable where a table's files cannot be listed or removed.
    """
    files = file_system(catalog.lake.address)
    for table in catalog.names():
        state = catalog.state(table)
        if state.delta is None:
            continue
        root = state.folder.removeprefix("s3://")
        held = {
            unquote(path.removeprefix(root).lstrip("/")): int(info["size"])
            for path, info in files.find(state.folder, detail=True).items()
            if _LOG not in path and path.endswith(".parquet")
        }
        # the log goes on naming files that were removed by an earlier run
        removable = held.keys() & _vacuum(table, state, pinned.get(table, ()), keep_days, dry_run=True)
        if remove and removable:
            _vacuum(table, state, pinned.get(table, ()), keep_days, dry_run=False)
            assert state.delta is not None
            catalog.lake.seal(table, state.delta.version(), {})
        yield _told(table, state, held, len(removable), len(removable) if remove else 0)


def _told(table: str, state: TableState, held: Mapping[str, int], removable: int, removed: int) -> Upkeep:
    assert state.delta is not None
    by_partition: dict[str, list[int]] = {}
    for file in state.data_files:
        by_partition.setdefault(file.partition, []).append(file.size)
    current = sum(file.size for file in state.data_files)
    return Upkeep(
        table=table,
        version=state.version,
        versions=len(state.delta.history()),
        partitions=len(by_partition),
        files=len(state.data_files),
        small_files=sum(size < SMALL_BYTES for sizes in by_partition.values() if len(sizes) > 1 for size in sizes),
        bytes=current,
        old_files=len(held) - len(state.data_files),
        old_bytes=sum(held.values()) - current,
        removable_files=removable,
        removed_files=removed,
    )


def _vacuum(table: str, state: TableState, pinned: Collection[int], keep_days: int, dry_run: bool) -> set[str]:
    """Files that no version of the last days needs. The commit says of the partitions what the one before said."""
    assert state.delta is not None
    try:
        named = state.delta.vacuum(
            retention_hours=24 * keep_days,
            dry_run=dry_run,
            enforce_retention_duration=False,
            commit_properties=CommitProperties(custom_metadata=metadata(state.partitions)),
            full=True,
            keep_versions=sorted({*pinned, state.version}),
        )
    except (DeltaError, OSError) as error:
        raise LakeUnavailable(f"{table}: {error}; check with `finops lake check`") from error
    return {unquote(path) for path in named}
