"""Checksums of all that a version of a table brought, in one small file beside its commit.

A seal is what `sha256sum` writes and `sha256sum -c` reads, from the table's folder: the commit, the checkpoint made
with it if any, and each data file it added, hashed as it was written. It is no part of the Delta format, which passes
over files it does not know. A version whose writer died before sealing it is sealed by the next writer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from pyarrow.fs import FileSystem, FileType, SubTreeFileSystem

LOG = "_delta_log"
POINTER = f"{LOG}/_last_checkpoint"
CHECKPOINT_INTERVAL = 10
MOST = 20
"""A table that an earlier release wrote has no seals; the first writer does not hash its whole history."""
ASIDE = "_damaged"
"""Where a repair puts what was damaged; no reader and no maintenance looks into names that begin so."""
_BUFFER_BYTES = 64 * 1024


def commit_of(version: int) -> str:
    """The file of a version, in the table's folder."""
    return f"{LOG}/{version:020}.json"


def checkpoint_of(version: int) -> str:
    """The file of all that is current in a version, where there is one."""
    return f"{LOG}/{version:020}.checkpoint.parquet"


def seal_of(version: int) -> str:
    """The file of a version's checksums."""
    return f"{LOG}/{version:020}.sha256"


def seal(store: FileSystem, version: int, known: Mapping[str, str], rereads: bool = True) -> None:
    """Seal a version, and those before it that nobody sealed; `known` are the checksums of data files as they were
    written. Others are read back, or left out unless `rereads`. Raises OSError where the store fails."""
    _put(store, version, known, rereads)
    for earlier in range(version - 1, max(-1, version - MOST), -1):
        if _is_file(store, seal_of(earlier)):
            return
        _put(store, earlier, {}, rereads=True)


def sealed(content: bytes) -> dict[str, str]:
    """Checksum by path, of what a seal says; ValueError where it is not what was written."""
    body, mark, own = content.rpartition(b"# ")
    if not mark or own.decode("ascii", "replace") != f"{digest(body)}\n":
        raise ValueError("its own checksum differs")
    return {line[66:]: line[:64] for line in body.decode().splitlines()}


def added_by(commit: bytes) -> list[str]:
    """Paths of the data files that a commit adds."""
    actions = (json.loads(line).get("add") for line in commit.splitlines() if line.strip())
    return [unquote(action["path"]) for action in actions if action]


def read(store: FileSystem, path: str) -> bytes:
    """All bytes of a file; FileNotFoundError or another OSError."""
    with store.open_input_stream(path) as stream:
        content: bytes = stream.read()
    return content


def digest(content: bytes | bytearray) -> str:
    """The checksum in use."""
    return sha256(content).hexdigest()


def write_seal(store: FileSystem, version: int, told: Mapping[str, str]) -> None:
    """Its last line, a comment to `sha256sum`, is the checksum of those before it."""
    body = "".join(f"{value}  {path}\n" for path, value in sorted(told.items())).encode()
    write(store, seal_of(version), body + f"# {digest(body)}\n".encode())


def _put(store: FileSystem, version: int, known: Mapping[str, str], rereads: bool) -> None:
    try:
        commit = read(store, commit_of(version))
    except FileNotFoundError:  # an old log is cleaned
        return
    told = {commit_of(version): digest(commit), **_checkpoint(store, version)}
    for path in added_by(commit):
        if path in known:
            told[path] = known[path]
        elif rereads and _is_file(store, path):
            told[path] = digest(read(store, path))
    write_seal(store, version, told)


def _checkpoint(store: FileSystem, version: int) -> dict[str, str]:
    """Every so many versions there is one, and a pointer to it."""
    if (version + 1) % CHECKPOINT_INTERVAL or not _is_file(store, checkpoint_of(version)):
        return {}
    told = {checkpoint_of(version): digest(read(store, checkpoint_of(version)))}
    pointer = read(store, POINTER)
    if json.loads(pointer).get("version") == version:
        told[POINTER] = digest(pointer)
    return told


def _is_file(store: FileSystem, path: str) -> bool:
    info: Any = store.get_file_info(path)
    return bool(info.type == FileType.File)


def write(store: FileSystem, path: str, content: bytes) -> None:
    """Whole or not at all: a bucket puts an object so by itself, in a folder it takes another name first."""
    name = f"{path}.{uuid4().hex}" if isinstance(store, SubTreeFileSystem) else path
    # buffered, since the store takes bytes and nothing else
    with store.open_output_stream(name, buffer_size=_BUFFER_BYTES) as stream:
        stream.write(content)
    if name != path:
        store.move(name, path)
