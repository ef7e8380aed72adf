"""Is the log of a table what was written? Each of its files is held against the checksums of its version's seal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType

from pipelines.lake.seals import ASIDE, LOG, POINTER, checkpoint_of, commit_of, digest, read, seal_of, sealed

KEEP_DAYS = 800
"""As long as the log keeps versions: a month stays readable as it was for more than two years."""
_READERS = 16


@dataclass(frozen=True)
class LogHealth:
    """What is damaged in a table's log, by path, and what is known by it: the checksum of each data file as it was
    written, and the versions that have no seal."""

    damaged: Mapping[str, str]
    digests: Mapping[str, str]
    commits: frozenset[int]
    seals: Mapping[int, Mapping[str, str]]

    @property
    def newest(self) -> int:
        """Of the versions that are or were there; -1 without any."""
        return max([*self.commits, *self.seals], default=-1)

    @property
    def unsealed(self) -> list[int]:
        """Versions that were written by an earlier release, or by a run that died right after."""
        damaged = {path for path in self.damaged if path.endswith(".sha256")}
        return sorted(each for each in self.commits - {*self.seals} if seal_of(each) not in damaged)


def log_health(store: FileSystem) -> LogHealth:
    """Read all files of the log. Nothing is there of a table that was never written; OSError where the store fails."""
    infos = {info.path: info for info in store.get_file_info(FileSelector(LOG, allow_not_found=True))}
    held = {f"{LOG}/{path.rpartition('/')[2]}": info for path, info in infos.items() if info.type == FileType.File}
    with ThreadPoolExecutor(_READERS) as readers:
        content = dict(zip(held, readers.map(lambda path: read(store, path), held), strict=True))
    damaged: dict[str, str] = {}
    seals: dict[int, Mapping[str, str]] = {}
    for path in sorted(path for path in content if path.endswith(".sha256")):
        try:
            seals[_version(path)] = sealed(content[path])
        except ValueError as error:
            damaged[path] = f"is damaged: {error}"
    commits = frozenset(_version(path) for path in held if path.endswith(".json") and _is_numbered(path))
    damaged |= dict(_differing(seals, content, held))
    for gap in {*range(min(commits, default=0), max(commits, default=0))} - commits:
        if not _was_given_up(store, gap):
            damaged.setdefault(commit_of(gap), "is missing")
    digests: dict[str, str] = {}
    for version in sorted(seals):  # the first to tell of a file hashed it as it was written
        digests = {path: told for path, told in seals[version].items() if not path.startswith(LOG)} | digests
    return LogHealth(damaged, digests, commits, seals)


def _differing(
    seals: Mapping[int, Mapping[str, str]], content: Mapping[str, bytes], held: Mapping[str, FileInfo]
) -> Iterator[tuple[str, str]]:
    newest_pointer = max((version for version, told in seals.items() if POINTER in told), default=-1)
    oldest_kept = datetime.now(UTC) - timedelta(days=KEEP_DAYS)
    for version, told in seals.items():
        for path in (path for path in told if path.startswith(LOG)):
            if path == POINTER and (version < newest_pointer or _points_further(content, seals, version)):
                continue
            if path not in content:
                if held[seal_of(version)].mtime > oldest_kept:  # else the log was cleaned
                    yield path, "is missing"
            elif digest(content[path]) != told[path]:
                yield path, "is damaged: its checksum differs"


def _was_given_up(store: FileSystem, version: int) -> bool:
    """Whether a repair said of this version that it is lost."""
    paths = [f"{ASIDE}/{commit_of(version)}", f"{ASIDE}/{seal_of(version)}"]
    return any(info.type == FileType.File for info in store.get_file_info(paths))


def _points_further(content: Mapping[str, bytes], seals: Mapping[int, Mapping[str, str]], version: int) -> bool:
    """Whether the pointer is that of a later checkpoint whose writer died before sealing it."""
    try:
        further = int(json.loads(content[POINTER])["version"])
    except (KeyError, ValueError, TypeError):
        return False
    return further > version and further not in seals and checkpoint_of(further) in content


def _is_numbered(path: str) -> bool:
    return path.rpartition("/")[2].partition(".")[0].isdigit()


def _version(path: str) -> int:
    return int(path.rpartition("/")[2].partition(".")[0])
