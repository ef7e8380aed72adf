"""A table as it was: an earlier version becomes the newest, and what came after it stays readable by its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from deltalake import CommitProperties
from deltalake.exceptions import DeltaError

from pipelines.errors import LakeUnavailable, UsageError
from pipelines.lake.integrity import damage_of, file_system
from pipelines.lake.state import TableState, metadata
from pipelines.lake.store import Lake


@dataclass(frozen=True)
class Version:
    """One version of a table: when it was written, by which operation, and how many of its files are gone."""

    version: int
    written_at: datetime
    operation: str
    files: int
    bytes: int
    missing_files: int


def versions(lake: Lake, table: str, most: int = 20) -> list[Version]:
    """The newest versions, the newest first; UsageError for a table that was never written."""
    state = _known(lake, table)
    assert state.delta is not None
    held = _held(lake, table)
    return [
        _version(lake.state_at(table, told["version"]), held, told["timestamp"], str(told.get("operation", "")))
        for told in state.delta.history(most)
    ]


def restore(lake: Lake, table: str, version: int) -> int:
    """Make a version the newest again, in one commit, with what it was told of its content and inputs: the next run
    makes anew what has other inputs by now. The number of the new version; nothing is removed.

    UsageError where the table or version is not known or is the newest, LakeUnavailable where files of it are gone.
    """
    newest = _known(lake, table)
    assert newest.delta is not None
    if not 0 <= version <= newest.version:
        raise UsageError(f"{table} has no version {version}; it has 0 to {newest.version}")
    if version == newest.version:
        raise UsageError(f"version {version} is the newest of {table} already; name an earlier one")
    wanted = lake.state_at(table, version)
    if gone := _missing(wanted, _held(lake, table)):
        raise LakeUnavailable(
            f"{table}: version {version} lacks {len(gone)} files, such as {gone[0]}; name another one"
        )
    handle = lake.state_at(table, newest.version).delta  # of its own: a restored handle is another version
    assert handle is not None
    try:
        handle.restore(version, commit_properties=CommitProperties(custom_metadata=metadata(wanted.partitions)))
    except DeltaError as error:
        raise LakeUnavailable(f"{table}: version {version} cannot be restored ({error}); run it again") from error
    lake.seal(table, handle.version(), {}, rereads=False)
    return lake.state(table).version


def _known(lake: Lake, table: str) -> TableState:
    state = lake.state(table)
    if state.delta is None:
        raise UsageError(f"{table} was never written here; `finops lake tables` lists what there is")
    return state


def _version(state: TableState, held: Mapping[str, int], milliseconds: int, operation: str) -> Version:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    size = sum(file.size for file in state.data_files)
    return Version(state.version, at, operation, len(state.data_files), size, len(_missing(state, held)))


def _held(lake: Lake, table: str) -> dict[str, int]:
    """Sizes of the data files that are there and what was written, by path in the table's folder."""
    files, root = file_system(lake.address), lake.uri(table).removeprefix("file://").removeprefix("s3://")
    damaged = damage_of(lake, table).data
    found = {
        path.rpartition(root.rstrip("/") + "/")[2]: told["size"] for path, told in files.find(root, detail=True).items()
    }
    return {path: size for path, size in found.items() if path not in damaged}


def _missing(state: TableState, held: Mapping[str, int]) -> Sequence[str]:
    """Files of a version that are not there, or not what was written."""
    wanted = {file.uri.removeprefix(f"{state.folder}/"): file.size for file in state.data_files}
    return sorted(name for name, size in wanted.items() if held.get(name) != size)
