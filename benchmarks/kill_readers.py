"""What readers see of a lake: a hash of the rows of each table, now, at a version, and all the time from beside."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

DRAWN = frozenset({"bronze.pseudonym_salts"})
"""Drawn by chance once for each lake, so that two lakes have one each and never the same."""

NOTHING = "never written"
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Seen:
    """What a reader beside a run saw: how often it looked, and what was neither old nor new."""

    looks: int
    changes: int
    wrong: Sequence[str]


def fingerprints(lake: Path, tables: Sequence[str] | None = None) -> dict[str, str]:
    """Hash of the rows of tables: of each in silver and gold, of bronze's distinct answers and the rows they lead to.
    All that are stored, unless named. It is worked out in a fork, so that no threads are there at the next one."""
    return dict(in_fork(lambda: _fingerprints(lake, tables)))


def versions_between(lake: Path, since: Mapping[str, int], tables: Sequence[str]) -> dict[str, set[str]]:
    """Hashes of each version of some tables that came after the given ones."""
    return dict(in_fork(lambda: {name: _of_versions(lake, name, since.get(name, -1)) for name in tables}))


def in_fork(work: Callable[[], Any]) -> Any:
    """What a function answers in a process of its own."""
    reading, writing = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        try:
            writing.send(work())
        finally:
            os._exit(0)
    writing.close()
    try:
        return reading.recv()
    finally:
        os.waitpid(child, 0)


class Reader:
    """A process that opens tables again and again while others are at work, and says what it saw."""

    def __init__(self) -> None:
        self._ours, theirs = multiprocessing.Pipe()
        self._child = os.fork()
        if self._child == 0:
            self._ours.close()
            try:
                _serve(theirs)
            finally:
                os._exit(0)
        theirs.close()

    def watch(self, lake: Path, allowed: Mapping[str, set[str]]) -> None:
        """Look at these tables until told to stop."""
        self._ours.send((lake, allowed))

    def stop(self) -> Seen:
        """Stop looking; what was seen."""
        self._ours.send(None)
        seen: Seen = self._ours.recv()
        return seen

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        os.waitpid(self._child, 0)


def _serve(asked: Connection) -> None:
    while True:
        lake, allowed = asked.recv()
        looks, last, changes, wrong = 0, dict.fromkeys(allowed, ""), 0, []
        while not asked.poll():
            for name, those in allowed.items():
                found = _look(lake, name)
                looks += 1
                changes += found != last[name] != ""
                last[name] = found
                if found not in those:
                    wrong.append(f"{name}: {found}")
            time.sleep(_PAUSE_SECONDS)
        asked.recv()
        asked.send(Seen(looks, changes, wrong))


def _look(lake: Path, name: str) -> str:
    from pipelines.errors import FinopsError

    try:
        return _of_table(_catalog(lake), name)
    except FinopsError as error:
        return str(error)


def _fingerprints(lake: Path, tables: Sequence[str] | None) -> dict[str, str]:
    catalog = _catalog(lake)
    return {name: _of_table(catalog, name) for name in (_stored(catalog) if tables is None else tables)}


def _stored(catalog: Any) -> Iterator[str]:
    models = catalog.models.by_name
    for name in catalog.names():
        if (name not in models or models[name].is_stored) and catalog.state(name).delta is not None:
            yield name


def _of_versions(lake: Path, name: str, since: int) -> set[str]:
    newest = _catalog(lake).state(name).version
    return {_of_table(_catalog(lake, {name: version}), name) for version in range(since + 1, newest + 1)}


def _of_table(catalog: Any, name: str) -> str:
    if catalog.state(name).delta is None:
        return NOTHING
    if name in DRAWN:
        lines = f"select count(*)::varchar as line from {name}"
    else:
        listed = ", ".join(f'"{column}"' for column in catalog.state(name).schema.names)
        distinct = "distinct" if name.startswith("bronze.") else ""
        lines = f"select {distinct} row({listed})::varchar as line from {name}"
    hashed = f"select sha256(coalesce(string_agg(line, chr(10) order by line), '')) as hash from ({lines})"
    return str(catalog.query(hashed)["hash"][0].as_py())


def _catalog(lake: Path, versions: Mapping[str, int] | None = None) -> Any:
    """As a reader opens it; some tables as of a version."""
    from assets.tables import open_catalog
    from pipelines.lake.address import parse_address
    from pipelines.lake.store import Lake

    opened = Lake(parse_address(str(lake)))
    catalog = open_catalog(opened)
    for name, version in (versions or {}).items():
        catalog._states[name] = opened.state_at(name, version)
    return catalog
