"""`finops ui`: Dagster's pages and its daemon on this machine, with the history of all runs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated, Any, Final

import typer

from finops.streams import write_hint, write_line
from pipelines.errors import ConfigurationError

HOST: Final = "127.0.0.1"
_GRACE_SECONDS: Final = 10
_LOOK_SECONDS: Final = 0.2
_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the web page.")] = 3000,
) -> None:
    """Start Dagster's web page and daemon on 127.0.0.1 until Ctrl-C. It has no login, so it listens nowhere else."""
    from assets.state import prepare_state, tidy_state
    from pipelines.settings import load_settings

    state = load_settings().state
    _check_port(port)
    prepare_state(state)
    tidy_state(state)
    environment = {**os.environ, "DAGSTER_HOME": str(state)}
    with _ending() as ended, _running(_commands(port), environment) as processes:
        _wait_for_page(port, processes, ended)
        if not ended():
            write_line(f"http://{HOST}:{port}")
            write_hint(f"History in {state}; Ctrl-C ends it.")
            sys.stdout.flush()
        while not ended():
            _check_alive(processes)
            time.sleep(_LOOK_SECONDS)


def _commands(port: int) -> dict[str, list[str]]:
    module = [sys.executable, "-W", "ignore", "-m"]
    definitions = ["-m", "assets.definitions", "--log-level", "warning"]
    return {
        "web page": [*module, "dagster_webserver", "-h", HOST, "-p", str(port), *definitions],
        "daemon": [*module, "dagster._daemon", "run", *definitions],
    }


def _check_port(port: int) -> None:
    """Said before anything starts, not after half a minute."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigurationError(
                f"--port {port} cannot be used ({error.strerror}); is `finops ui` running already? "
                f"Else choose another: finops ui --port {port % 65535 + 1}"
            ) from None


@contextmanager
def _ending() -> Iterator[Callable[[], bool]]:
    """Whether this process was asked to end; asked is enough, nothing is torn."""
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, note) for number in _ENDINGS}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _running(
    commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Both at once, each with its children in a group of its own; all are gone afterwards."""
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            processes[name] = subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603
        yield processes
    finally:
        for process in processes.values():
            _signal_group(process, signal.SIGTERM)
        for process in processes.values():
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                write_hint("Dagster does not end by itself; it is killed.")
            _signal_group(process, signal.SIGKILL)
            process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # all of them have ended
        os.killpg(process.pid, number)


def _wait_for_page(port: int, processes: Mapping[str, subprocess.Popen[bytes]], ended: Callable[[], bool]) -> None:
    while not ended():
        _check_alive(processes)
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(_LOOK_SECONDS)
        else:
            return


def _check_alive(processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for name, process in processes.items():
        code = process.poll()
        if code is not None:
            raise ConfigurationError(f"Dagster's {name} ended by itself with {code}; its last lines above say why")


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("ui", ui),)
