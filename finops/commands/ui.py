"""`finops ui`: Dagster's pages and its daemon on this machine, with the history of all runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from finops.streams import write_hint, write_line
from pipelines.errors import ConfigurationError

HOST = "127.0.0.1"
_GRACE_SECONDS = 10


def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the web page.")] = 3000,
) -> None:
    """Start Dagster's web page and daemon on 127.0.0.1 until Ctrl-C. It has no login, so it listens nowhere else."""
    from assets.runs import prepare_state
    from pipelines.settings import load_settings

    state = load_settings().state
    prepare_state(state)
    environment = {**os.environ, "DAGSTER_HOME": str(state)}
    module = [sys.executable, "-W", "ignore", "-m"]
    definitions = ["-m", "assets.definitions"]
    daemon = subprocess.Popen([*module, "dagster._daemon", "run", *definitions], env=environment)  # noqa: S603
    web = subprocess.Popen(  # noqa: S603
        [*module, "dagster_webserver", "-h", HOST, "-p", str(port), *definitions], env=environment
    )
    write_line(f"http://{HOST}:{port}")
    write_hint(f"History in {state}; Ctrl-C ends it.")
    sys.stdout.flush()
    try:
        code = web.wait()
    except KeyboardInterrupt:
        code = 0
    finally:
        for process in (web, daemon):
            _stop(process)
    if code:
        raise ConfigurationError(f"the web page ended with {code}; is port {port} taken? `finops ui --port 3001`")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("ui", ui),)
