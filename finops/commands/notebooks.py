"""`finops notebook`: JupyterLab on the notebooks of this suite, on this machine only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from finops.commands.lake import Lake
from finops.streams import write_hint
from pipelines.errors import ConfigurationError, UsageError

HOST: Final = "127.0.0.1"
FOLDER: Final = "notebooks"
_SHIPPED: Final = Path(__file__).parents[2] / FOLDER
_PACKAGED: Final = Path(__file__).parents[1] / FOLDER


def notebook(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Folder of notebooks; else ./notebooks, made from those shipped.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of JupyterLab.")] = 8888,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    lake: Lake = None,
) -> None:
    """Open JupyterLab on the notebooks until Ctrl-C: cost explorer, forecast and budget, unit economics.

    It listens on 127.0.0.1 with a token. An existing folder is opened as it is, and never overwritten.
    """
    from pipelines.settings import load_settings

    if find_spec("jupyterlab") is None:
        raise ConfigurationError(
            "JupyterLab is not installed; run `pip install 'scaleway-finops[notebooks]'`, "
            "or open notebooks/ in any editor that reads notebooks"
        )
    opened = folder.absolute() if folder else _own_copy(Path.cwd() / FOLDER)
    if not opened.is_dir():
        raise UsageError(f"--folder {opened} is no folder; name one that holds notebooks")
    environment = {**os.environ, "FINOPS_LAKE": load_settings({"lake": lake}).lake}  # a kernel's folder is another one
    write_hint(f"Notebooks in {opened}; Ctrl-C ends it.")
    ended = _run(_command(opened, port, browser), environment)
    if ended not in (0, -signal.SIGINT, -signal.SIGTERM):
        raise ConfigurationError(f"JupyterLab ended by itself with {ended}; its last lines above say why")


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Until JupyterLab ends. Ctrl-C reaches it too, and it ends by itself; a request to end is passed on."""
    process = subprocess.Popen(command, env=environment)  # noqa: S603
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
    }
    try:
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _command(folder: Path, port: int, browser: bool) -> list[str]:
    options = [f"--ServerApp.ip={HOST}", f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}"]
    if os.geteuid() == 0:  # in a container there may be nobody else
        options.append("--allow-root")
    return [sys.executable, "-m", "jupyterlab", *options, *([] if browser else ["--no-browser"])]


def _own_copy(folder: Path) -> Path:
    """The folder here; where there is none, a copy of those shipped, so that what is installed stays as it is."""
    if folder.is_dir():
        return folder
    shipped = next((each for each in (_PACKAGED, _SHIPPED) if each.is_dir()), None)
    if shipped is None:
        raise ConfigurationError("no notebooks are installed here; name a folder with --folder")
    try:
        shutil.copytree(shipped, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}); name another folder with --folder") from None
    return folder


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("notebook", notebook),)
