"""A small table in a lake whose storage fails: the writes that are tried on it, and what they may leave."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from pipelines.errors import FinopsError
from pipelines.lake.address import Address, parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.integrity import check_table
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables import PythonTable

NAME = "silver.things"
SCHEMA = pa.schema([("cost", pa.decimal128(38, 12)), ("text", pa.string()), ("billing_month", pa.string())])
TABLE = PythonTable(NAME, "", SCHEMA, "billing_month")
OLD, NEW, MONTHS = "old", "new", ("2026-09", "2026-10")
OPERATIONS = ("append", "replace", "merge")
_FILE_BYTES = 2048
_PAGE = 4096
_TMPFS_BYTES = 1 << 20
_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_READ_ONLY, _REMOUNT = 1, 32

Rows = Mapping[str, int]
"""How many rows of each text there are."""


@dataclass(frozen=True)
class Table:
    """The table as it is reached without faults, and the address at which it is written."""

    direct: Address
    failing: Address

    def do(self, operation: str, patience: Mapping[str, str] | None = None) -> None:
        """One write, which does nothing where it was done before."""
        lake = Lake(self.failing)
        if lake._options is not None:
            lake._options |= patience or {}
        state = lake.state(NAME).partitions.get(MONTHS[1])
        if operation == "append" and (state is None or state.inputs != NEW):
            self._append(lake)
        elif operation == "replace" and (state is None or state.content != NEW):
            lake.replace(NAME, _rows(NEW, MONTHS[1], 50), {MONTHS[1]: PartitionState(NEW)}, "billing_month")
        elif operation == "merge":
            lake.settle(NAME)

    def judged(self, operation: str, said: str) -> tuple[bool, list[str]]:
        """Whether the write stands, and what is wrong: rows that are neither, files that are not what was written, a
        write that was told as done and is not, or that cannot be done once more."""
        after = wanted(operation)
        found, wrong = self._rows(), []
        if found not in (wanted(""), after):
            wrong.append(f"holds {found}")
        if not said and found != after:
            wrong.append(f"told as done, and holds {found}")
        wrong += self._problems()
        try:
            Table(self.direct, self.direct).do(operation)
        except FinopsError as error:
            wrong.append(f"once more: {error}")
        if (again := self._rows()) != after:
            wrong.append(f"once more, it holds {again}")
        return found == after, wrong + self._problems()

    def _append(self, lake: Lake) -> None:
        """As what is read is added: known rows are not added again."""
        held = _counted(lake)
        if NEW not in held:
            lake.append(NAME, _rows(NEW, MONTHS[1], 50), {MONTHS[1]: NEW}, "billing_month")

    def _rows(self) -> Rows:
        return _counted(Lake(self.direct))

    def _problems(self) -> list[str]:
        health = check_table(Catalog(Lake(self.direct), Layered({}), {NAME: TABLE}), NAME)
        return [] if health is None else [*health.problems]


def wanted(operation: str) -> Rows:
    """The rows after a write; before any for no operation."""
    if operation == "append":
        return {OLD: 45, NEW: 50}
    return {OLD: 40, NEW: 50} if operation == "replace" else {OLD: 45}


def begun(direct: Address, failing: Address | None = None) -> Table:
    """A table with four small files in its older month, and one in the newer."""
    lake = Lake(direct)
    for number in range(4):
        lake.append(NAME, _rows(OLD, MONTHS[0], 10), {MONTHS[0]: str(number)}, "billing_month")
    lake.append(NAME, _rows(OLD, MONTHS[1], 5), {MONTHS[1]: OLD}, "billing_month")
    return Table(direct, failing or direct)


def in_failing_folder(place: Path, kind: str, operation: str, room: int) -> tuple[str, bool, list[str]]:
    """One write to a folder that fails, in a process of its own: what was said, whether it stands, what is wrong.

    `room` is what is left on the disk or in a file, in steps of one page or a quarter of a kilobyte.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        told: tuple[str, bool, list[str]] | None = None
        try:
            told = _in_child(place, kind, operation, room)
        finally:
            failed = ("", False, [f"the case itself: {sys.exc_info()[1]}"])
            os.write(writing, json.dumps(told or failed).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said, is_new, wrong = json.loads(pipe.read() or b'["", false, ["the case died"]]')
    os.waitpid(child, 0)
    return said, is_new, wrong


def _in_child(place: Path, kind: str, operation: str, room: int) -> tuple[str, bool, list[str]]:
    from benchmarks.storage_faults import told_by

    place.mkdir(parents=True)
    if kind != "file too large":
        _mount_own(place)
    table = begun(parse_address(str(place / "lake")))
    filler = place / "filler"
    if kind == "disk full":
        _fill(filler, room)
    elif kind == "read-only":
        _mounted(place, _REMOUNT | _READ_ONLY)
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (256 * room, resource.RLIM_INFINITY))
    said = told_by(lambda: table.do(operation))
    if kind == "disk full":
        filler.unlink()
    elif kind == "read-only":
        _mounted(place, _REMOUNT)
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    is_new, wrong = table.judged(operation, said)
    return said, is_new, wrong


def _fill(filler: Path, pages: int) -> None:
    """Take all of the disk but so many pages."""
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * _PAGE)
    os.truncate(filler, max(0, filler.stat().st_size - pages * _PAGE))


def _mount_own(place: Path) -> None:
    """A small disk of this process alone, seen by nobody else."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_USER | _NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "no namespace of one's own is allowed here")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    _mounted(place, 0)


def _mounted(place: Path, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", str(place).encode(), b"tmpfs", flags, f"size={_TMPFS_BYTES}".encode()):
        raise OSError(ctypes.get_errno(), f"{place} cannot be mounted")


def _counted(lake: Lake) -> Rows:
    sql = f"select text, count(*) as rows from {NAME} group by text"
    rows: Sequence[Mapping[str, object]] = Catalog(lake, Layered({}), {NAME: TABLE}).query(sql).to_pylist()
    return {str(row["text"]): int(str(row["rows"])) for row in rows}


def _rows(text: str, month: str, count: int) -> pa.Table:
    rows = [{"cost": Decimal(number), "text": text, "billing_month": month} for number in range(count)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)
