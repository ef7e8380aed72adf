"""Is the lake whole? Every file of each current version is there, of the size and rows its log says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pipelines.lake.address import Address
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.store import TableState

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True)
class TableHealth:
    """One table: what its log promises and what is wrong; `problems` is empty for a whole table."""

    table: str
    version: int
    files: int
    rows: int
    bytes: int
    problems: tuple[str, ...]


def check_tables(catalog: Catalog) -> Iterator[TableHealth]:
    """Look at every stored table that exists."""
    files = file_system(catalog.lake.address)
    for table in catalog.names():
        state = catalog.state(table)
        if state.delta is not None:
            yield _health(catalog, table, state, files)


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


def _health(catalog: Catalog, table: str, state: TableState, files: AbstractFileSystem) -> TableHealth:
    assert state.delta is not None
    added = _promised(state)
    root = _path(catalog.lake.uri(table))
    found = {_relative(root, path): size for path, size in _sizes(files, root)}
    problems = []
    for name, promised in added.items():
        size = found.get(name)
        if size is None:
            problems.append(f"{name} is missing; restore it with `finops lake restore`")
        elif size != promised["size"]:
            problems.append(f"{name} has {size} bytes, the log says {promised['size']}")
    rows = sum(promised["rows"] or 0 for promised in added.values())
    if not problems:
        problems += _row_problems(catalog, table, rows)
    size_of_all = sum(promised["size"] for promised in added.values())
    return TableHealth(table, state.version, len(added), rows, size_of_all, tuple(problems))


def _promised(state: TableState) -> dict[str, dict[str, Any]]:
    """Size and rows of each current file, by its path in the table's folder."""
    import pyarrow as pa

    assert state.delta is not None
    actions = pa.table(state.delta.get_add_actions(flatten=True)).to_pylist()
    return {
        unquote(action["path"]): {"size": action["size_bytes"], "rows": action["num_records"]} for action in actions
    }


def _sizes(files: AbstractFileSystem, root: str) -> Iterator[tuple[str, int]]:
    for path, info in files.find(root, detail=True).items():
        yield path, int(info["size"])


def _relative(root: str, path: str) -> str:
    return unquote(path.removeprefix(root).lstrip("/"))


def _path(uri: str) -> str:
    return uri.removeprefix("s3://") if uri.startswith("s3://") else str(Address(uri).folder)


def _row_problems(catalog: Catalog, table: str, promised: int) -> list[str]:
    connection = connect(catalog.lake.address)
    with connection:
        catalog.register(connection, [table])
        read = connection.execute(f"select count(*) from {table}").fetchone()
    rows = read[0] if read else 0
    return [] if rows == promised else [f"{rows} rows can be read, the log says {promised}"]
