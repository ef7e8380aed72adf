"""Is the lake whole? Every file of each table is what was written, byte by byte, and each current one is there.

What a commit brings is sealed with checksums (`pipelines.lake.seals`). What an earlier release wrote has none: of such
files the size, the rows and that they can be read are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileSystem, FileType

from pipelines.lake.address import Address
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.failures import lake_errors, reason
from pipelines.lake.log_health import LogHealth, log_health
from pipelines.lake.seals import digest, read
from pipelines.lake.store import Lake, TableState

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_RESTORED = "restore it with `finops lake restore`"


@dataclass(frozen=True)
class TableHealth:
    """One table: what its log promises and what is wrong; `problems` is empty for a whole table.

    `remarks` are no problems: versions without checksums. The version is -1 where the log cannot be trusted.
    """

    table: str
    version: int
    files: int
    rows: int
    bytes: int
    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Damage:
    """What is wrong with the files of a table, by path: those of its log, and data files."""

    log: LogHealth
    data: Mapping[str, str]


def check_tables(catalog: Catalog) -> Iterator[TableHealth]:
    """Look at every stored table that exists; LakeUnavailable where the lake cannot be read at all."""
    for table in catalog.names():
        health = check_table(catalog, table)
        if health is not None:
            yield health


def check_table(catalog: Catalog, table: str) -> TableHealth | None:
    """Look at one table; None where it was never written."""
    damage = damage_of(catalog.lake, table)
    if damage.log.newest < 0:
        return None
    named = {**damage.log.damaged, **damage.data}
    problems = [f"{path} {wrong}; {_RESTORED}" for path, wrong in sorted(named.items())]
    remarks = [f"version {version} has no checksums" for version in damage.log.unsealed]
    if damage.log.damaged:
        return TableHealth(table, -1, 0, 0, 0, tuple(problems), tuple(remarks))
    state = catalog.state(table)
    added = _promised(state)
    unsealed = added.keys() - damage.log.digests.keys() - damage.data.keys()
    if unsealed and not problems:
        unreadable = [*_unreadable(catalog.lake.folder(table), sorted(unsealed))]
        problems = unreadable or _row_problems(catalog, table, added)
    rows, size = (sum(promised[told] or 0 for promised in added.values()) for told in ("rows", "size"))
    return TableHealth(table, state.version, len(added), rows, size, tuple(problems), tuple(remarks))


def damage_of(lake: Lake, table: str) -> Damage:
    """Every file of a table that is not as it was written; missing ones of data only where the log is sound."""
    store = lake.folder(table)
    with lake_errors(table):
        log = log_health(store)
        if log.newest < 0:
            return Damage(log, {})
        listed = store.get_file_info(FileSelector("", allow_not_found=True, recursive=True))
        sizes = {info.path: info.size for info in listed if info.type == FileType.File}
        data = {
            path: "is damaged: its checksum differs"
            for path, told in log.digests.items()
            if path in sizes and digest(read(store, path)) != told
        }
    if log.damaged:
        return Damage(log, data)
    for path, promised in _promised(lake.state(table)).items():
        size = sizes.get(path)
        if size is None:
            data[path] = "is missing"
        elif size != promised["size"]:
            data[path] = f"has {size} bytes, the log says {promised['size']}"
    return Damage(log, data)


def file_system(address: Address) -> AbstractFileSystem:
    """Folder or bucket, asked afresh: listings are not cached."""
    if address.s3 is None:
        from fsspec.implementations.local import LocalFileSystem

        return LocalFileSystem()
    import s3fs

    return s3fs.S3FileSystem(
        key=address.s3.access_key,
        secret=address.s3.secret_key,
        endpoint_url=address.s3.endpoint_url,
        client_kwargs={"region_name": address.s3.region},
        use_listings_cache=False,
        skip_instance_cache=True,
    )


def _promised(state: TableState) -> dict[str, dict[str, Any]]:
    """Size and rows of each current file, by its path in the table's folder."""
    assert state.delta is not None
    actions = pa.table(state.delta.get_add_actions(flatten=True)).to_pylist()
    return {
        unquote(action["path"]): {"size": action["size_bytes"], "rows": action["num_records"]} for action in actions
    }


def _unreadable(store: FileSystem, paths: list[str]) -> Iterator[str]:
    """What nobody hashed as it was written: does it decode?"""
    for path in paths:
        try:
            pq.read_table(path, filesystem=store, partitioning=None)
        except (OSError, pa.ArrowException) as error:
            yield f"{path} cannot be read: {reason(error)}; {_RESTORED}"


def _row_problems(catalog: Catalog, table: str, added: Mapping[str, Mapping[str, Any]]) -> list[str]:
    promised = sum(each["rows"] or 0 for each in added.values())
    connection = connect(catalog.lake.address)
    with connection:
        catalog.register(connection, [table])
        read_rows = connection.execute(f"select count(*) from {table}").fetchone()
    rows = read_rows[0] if read_rows else 0
    return [] if rows == promised else [f"{rows} rows can be read, the log says {promised}"]
