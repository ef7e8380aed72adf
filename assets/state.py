"""The folder with the history of all runs: Dagster's instance, and which runs of this machine are still alive."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from sqlalchemy import event
from sqlalchemy.engine import Engine

from assets.history import history_of
from pipelines.errors import ConfigurationError

_ROOT = Path(__file__).parents[1]
_ALIVE = "alive"


@contextmanager
def dagster_instance(state: Path) -> Iterator[dg.DagsterInstance]:
    """The instance whose history `finops ui` shows, in the state folder."""
    prepare_state(state)
    event.listen(Engine, "connect", _wait_for_no_disk)
    try:
        kept = InstanceRef.from_dir(str(state), overrides=history_of(state))
        with dg.DagsterInstance.from_ref(kept) as instance:
            yield instance
    finally:
        event.remove(Engine, "connect", _wait_for_no_disk)


def _wait_for_no_disk(connection: object, _record: object) -> None:
    """A run writes a thousand events, and each would wait for the disk.

    A killed process loses nothing by this. A power cut may cost the history of runs, never the lake.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = off")


def prepare_state(state: Path) -> None:
    """Make the state folder with its dagster.yaml, written only where it differs."""
    kept = state / "dagster.yaml"
    wanted = _dagster_yaml().read_bytes()
    try:
        (state / _ALIVE).mkdir(parents=True, exist_ok=True)
        if not kept.exists() or kept.read_bytes() != wanted:
            kept.write_bytes(wanted)
    except OSError as error:
        raise ConfigurationError(
            f"state = {str(state)!r} cannot be written ({error.strerror}); set FINOPS_STATE to a folder of yours"
        ) from error


def _dagster_yaml() -> Path:
    """Beside the packages in a checkout, inside `finops` once installed."""
    checkout = _ROOT / "dagster.yaml"
    return checkout if checkout.exists() else _ROOT / "finops" / "dagster.yaml"


@contextmanager
def run_alive(instance: dg.DagsterInstance, state: Path) -> Iterator[str]:
    """The id of a new run, marked alive by a lock: the system lets go of it when this process ends in any way."""
    run_id = str(uuid4())
    mark = state / _ALIVE / run_id
    with mark.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield run_id
        finally:
            _end(instance, mark)


def end_dead_runs(instance: dg.DagsterInstance, state: Path) -> list[str]:
    """Say of runs whose process was killed that they failed, so that none counts as running for ever."""
    ended = []
    for mark in sorted((state / _ALIVE).iterdir()):
        with mark.open() as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if _end(instance, mark):
                ended.append(mark.name)
    return ended


def _end(instance: dg.DagsterInstance, mark: Path) -> bool:
    """Whether the run of this mark had not ended by itself."""
    run = instance.get_run_by_id(mark.name)
    is_open = run is not None and not run.is_finished
    if run is not None and is_open:
        instance.report_run_failed(run, "The run was stopped before it was done; the next one does its work.")
    mark.unlink(missing_ok=True)
    return is_open


def tidy_state(state: Path) -> None:
    """End what a killed process left running in the history."""
    with dagster_instance(state) as instance:
        end_dead_runs(instance, state)
