"""Makes a damaged table whole again as far as that can be, and says what cannot.

A flipped bit is found by trying: the checksum tells when a file is again what was written. A damaged checkpoint is put
aside, since the log tells the same. A version whose commit is lost goes, with those after it, unless a checkpoint knows
what they did. Where data is lost, a table that is made of others goes back to its newest version that needs none of it,
or is emptied there, and the next run makes it anew; what was read from a source is not made up. What was damaged is put
aside, not deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa
from pyarrow.fs import FileSystem, FileType

from pipelines.errors import LakeUnavailable, UsageError
from pipelines.lake.failures import lake_errors
from pipelines.lake.integrity import Damage, damage_of
from pipelines.lake.restoring import restore
from pipelines.lake.seals import ASIDE, LOG, POINTER, checkpoint_of, commit_of, digest, read, seal_of, write, write_seal
from pipelines.lake.store import Lake, PartitionState

LARGEST_TRIED = 16 * 1024
"""Bytes of the largest file whose bits are tried one by one: two seconds or so."""
LOST = "lost"
_EMPTY_COMMIT = b'{"commitInfo":{"timestamp":0,"operation":"REPAIR"}}\n'


@dataclass(frozen=True)
class Repair:
    """What was done to a table, and what of it cannot be made good; both empty for a whole one."""

    table: str
    done: tuple[str, ...]
    lost: tuple[str, ...]


def repair(lake: Lake, table: str) -> Repair:
    """Repair one table; UsageError where it was never written, LakeUnavailable where the lake cannot be written."""
    damage = damage_of(lake, table)
    if damage.log.newest < 0:
        raise UsageError(f"{table} was never written here; `finops lake tables` lists what there is")
    done: list[str] = []
    lost: list[str] = []
    with lake_errors(table):
        done += _flipped_back(lake.folder(table), damage)
        damage = damage_of(lake, table)
        if damage.log.damaged:
            _repair_log(lake, table, damage, done, lost)
            damage = damage_of(lake, table)
    if damage.data and not damage.log.damaged:
        _repair_data(lake, table, damage.data, done, lost)
    return Repair(table, tuple(done), tuple(lost))


def unflipped(content: bytes, wanted: str) -> bytes | None:
    """The content with the one bit turned that makes its checksum right; None where no single one does."""
    tried = bytearray(content)
    for place in range(len(tried)):
        for bit in range(8):
            tried[place] ^= 1 << bit
            if digest(tried) == wanted:
                return bytes(tried)
            tried[place] ^= 1 << bit
    return None


def _flipped_back(store: FileSystem, damage: Damage) -> list[str]:
    """Every small file that one flipped bit explains is what it was again."""
    wanted = dict(damage.log.digests)
    for told in damage.log.seals.values():
        wanted |= {path: value for path, value in told.items() if path.startswith(LOG)}
    done = []
    for path in [*damage.log.damaged, *damage.data]:
        if path not in wanted or store.get_file_info(path).type != FileType.File:
            continue
        content = read(store, path)
        found = unflipped(content, wanted[path]) if len(content) <= LARGEST_TRIED else None
        if found is not None:
            _put_aside(store, path)
            write(store, path, found)
            done.append(f"{path}: one bit had flipped, it is turned back")
    return done


def _repair_log(lake: Lake, table: str, damage: Damage, done: list[str], lost: list[str]) -> None:
    store, log = lake.folder(table), damage.log
    for path in (path for path in log.damaged if path.endswith(".sha256")):
        _put_aside(store, path)
        done.append(f"{path}: put aside; it held checksums only")
    bad = {path for path in log.damaged if path.endswith(".checkpoint.parquet") or path == POINTER}
    if bad:
        _without_checkpoints(store, log.seals, bad)
        done.append(f"{', '.join(sorted(bad))}: put aside; the log tells the same")
    commits = sorted(version for version in range(log.newest + 1) if commit_of(version) in log.damaged)
    covered = max((version for version in log.seals if _is_sound(store, log.seals, version, bad)), default=-1)
    for version in commits:
        if version <= covered:
            _give_up(store, version, log.seals.get(version, {}), is_newest=version == log.newest)
            lost.append(f"version {version} cannot be read as it was any more; what is current is not touched by it")
    gone = [version for version in commits if version > covered]
    if gone:
        _without_checkpoints(store, log.seals, {checkpoint_of(version) for version in range(gone[0], log.newest + 1)})
        for version in range(gone[0], log.newest + 1):
            _forget(store, version)
        if gone[0] == 0:
            lost.append(f"all of {table}: its first commit is gone; the next run writes it anew")
        else:
            lost.append(f"versions {gone[0]} to {log.newest}: version {gone[0] - 1} is the newest; run again")


def _repair_data(lake: Lake, table: str, bad: Mapping[str, str], done: list[str], lost: list[str]) -> None:
    state = lake.state(table)
    current = {file.uri.removeprefix(f"{state.folder}/"): file.partition for file in state.data_files}
    partitions = sorted({current[path] for path in bad if path in current})
    lost += [f"{path} {wrong}; versions that need it are lost" for path, wrong in sorted(bad.items())]
    if partitions and not table.startswith("bronze."):
        _go_back(lake, table, partitions, done)
    for path in bad:
        if path not in current or not table.startswith("bronze."):
            _put_aside(lake.folder(table), path)
    if partitions and table.startswith("bronze."):
        lost.append(f"what was read into {table} ({', '.join(partitions)}); take it from a copy of the lake")


def _go_back(lake: Lake, table: str, partitions: Sequence[str], done: list[str]) -> None:
    state = lake.state(table)
    for version in range(state.version - 1, -1, -1):
        with suppress(LakeUnavailable):
            made = restore(lake, table, version)
            done.append(f"it is as in version {version}, which is version {made} now; run again")
            return
    empty = pa.schema(state.schema).empty_table()
    column = state.partition_by
    lake.replace(table, empty, {name: PartitionState(LOST) for name in partitions}, column)
    done.append(f"{', '.join(partitions) or 'the table'}: emptied; the next run makes it anew")


def _is_sound(store: FileSystem, seals: Mapping[int, Mapping[str, str]], version: int, bad: set[str]) -> bool:
    """Whether a checkpoint of this version is there and what was written."""
    path = checkpoint_of(version)
    return path in seals[version] and path not in bad and store.get_file_info(path).type == FileType.File


def _without_checkpoints(store: FileSystem, seals: Mapping[int, Mapping[str, str]], bad: set[str]) -> None:
    """Put them aside, and the pointer, and take them out of their seals; readers go by the list of the log then."""
    for path in {*bad, POINTER}:
        _put_aside(store, path)
    for version, told in seals.items():
        kept = {path: value for path, value in told.items() if path not in bad and path != POINTER}
        if kept != told:
            write_seal(store, version, kept)


def _give_up(store: FileSystem, version: int, told: Mapping[str, str], is_newest: bool) -> None:
    """A version whose commit is lost, and which a checkpoint tells of: what else came with it stays, and its seal.

    The newest needs a commit to be found: an empty one, since readers begin at the checkpoint of that version.
    """
    _put_aside(store, commit_of(version))
    _put_aside(store, seal_of(version))
    kept = {path: value for path, value in told.items() if path != commit_of(version)}
    if is_newest:
        write(store, commit_of(version), _EMPTY_COMMIT)
        kept[commit_of(version)] = digest(_EMPTY_COMMIT)
    write_seal(store, version, kept)


def _forget(store: FileSystem, version: int) -> None:
    for path in (commit_of(version), seal_of(version), checkpoint_of(version)):
        _put_aside(store, path)


def _put_aside(store: FileSystem, path: str) -> None:
    if store.get_file_info(path).type != FileType.File:
        return
    store.create_dir(f"{ASIDE}/{path}".rpartition("/")[0], recursive=True)
    store.move(path, f"{ASIDE}/{path}")
