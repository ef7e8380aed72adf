"""The whole product, run as a person runs it: one small organisation read once, and simulators that can be watched."""

import contextlib
import fcntl
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, unquote
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
OF_ANOTHER_RUN = ("SCW_", "FINOPS_", "AWS_", "DAGSTER_")


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, result, words for the person."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """Its one line of error; an error of more lines, or a traceback, is none."""
        lines = [line for line in self.err.splitlines() if line.startswith("finops: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        assert self.err.splitlines()[-1] == lines[0]
        return lines[0]


class LakeView:
    """A lake, looked at from outside: rows, commits, contents."""

    def __init__(self, address: Any) -> None:
        from pipelines.lake.address import parse_address

        self._address = parse_address(str(address)) if isinstance(address, str | Path) else address

    @property
    def catalog(self) -> Any:
        """Opened anew each time, so that the current versions are seen."""
        from assets.tables import open_catalog
        from pipelines.lake.store import Lake

        return open_catalog(Lake(self._address))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.catalog.query(sql).to_pylist()

    def one(self, sql: str) -> Any:
        """The only value of the only row."""
        [row] = self.rows(sql)
        [value] = row.values()
        return value

    def versions(self) -> dict[str, int]:
        """Version of every table that exists: each commit raises it."""
        catalog = self.catalog
        return {name: catalog.state(name).version for name in _stored(catalog)}

    def contents(self, without: Mapping[str, set[str]] | None = None) -> dict[str, list[str]]:
        """All rows of silver and gold and all distinct answers of bronze, sorted, as text that loses no digit.

        `without` names columns to leave out, by table.
        """
        catalog = self.catalog
        found = {}
        for name in _stored(catalog):
            if name.startswith("bronze.") and name != "bronze.answers":
                continue
            left_out = (without or {}).get(name, set())
            columns = ", ".join(f'"{each}"' for each in catalog.state(name).schema.names if each not in left_out)
            distinct = "distinct" if name.startswith("bronze.") else ""
            lines = catalog.query(f"select {distinct} row({columns})::varchar as line from {name}")
            found[name] = sorted(lines["line"].to_pylist())
        return found


def _stored(catalog: Any) -> list[str]:
    models = catalog.models.by_name
    names = [name for name in catalog.names() if name not in models or models[name].is_stored]
    return [name for name in names if catalog.state(name).delta is not None]


@pytest.fixture(scope="session")
def view() -> type[LakeView]:
    """`view(folder)` or `view(address)`."""
    return LakeView


@pytest.fixture(scope="session")
def files_in() -> Callable[[Path], dict[str, tuple[int, int]]]:
    """`files_in(folder)`: every file below with its size and time of change."""

    def listed(folder: Path) -> dict[str, tuple[int, int]]:
        return {
            str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in sorted(folder.rglob("*"))
        }

    return listed


@dataclass(frozen=True)
class Small:
    """The lake, the report and the state that `finops demo --scenario small` leaves, and what is true."""

    folder: Path
    ran: Ran
    truth: Mapping[str, Any]

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def report(self) -> Path:
        return self.folder / "out" / "finops-2026-06.html"

    @property
    def view(self) -> LakeView:
        return LakeView(self.lake)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.view.rows(sql)


# --- commands


class Finops:
    """Runs commands in this process, in a folder and with variables of their own; the process keeps neither."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.variables = variables

    def __call__(self, *words: str, **variables: str) -> Ran:
        from finops.cli import main

        out, err = io.StringIO(), io.StringIO()
        given = {name: value for name, value in os.environ.items() if not name.startswith(OF_ANOTHER_RUN)}
        with (
            patch.dict(os.environ, {**given, **self.variables, **variables}, clear=True),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(words)
        return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def session_state(tmp_path_factory) -> Path:
    """Dagster's history of this worker: making one takes longer than a small run."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def finops_at() -> type[Finops]:
    """`finops_at(folder, NAME=value)`: the command in a folder, with variables of its own."""
    return Finops


@pytest.fixture
def finops(tmp_path, session_state) -> Finops:
    """`finops("sql", "select 1", FINOPS_LAKE=…)` in an empty folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Finops(folder, FINOPS_STATE=str(session_state))


# --- the small organisation, once for all workers


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Small:
    """One run of the real command, shared by every worker; tests read it, and copy it before they change it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "small"
    folder.mkdir(exist_ok=True)
    told = folder / "ran.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            told.write_text(json.dumps(_run_small(folder)))
    code, out, err = json.loads(told.read_text())
    from simulator.loading import load
    from simulator.truth import truth
    from simulator.world import build

    world = build(load("small"))
    return Small(folder, Ran(code, out, err), truth(world, int(world.scenario.today.timestamp())))


def _run_small(folder: Path) -> list[Any]:
    places = ["--lake", str(folder / "lake"), "--out", str(folder / "out")]
    command = [sys.executable, "-m", "finops.cli", "--debug", "demo", "--scenario", "small", *places]
    given = {name: value for name, value in os.environ.items() if not name.startswith(OF_ANOTHER_RUN)}
    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**given, "FINOPS_STATE": str(folder / "state"), "PYTHONPATH": str(ROOT)},
        check=False,
    )
    return [ran.returncode, ran.stdout, ran.stderr]


@pytest.fixture
def small_copy(small, tmp_path) -> Path:
    """A copy of the small lake, to be changed."""
    return Path(shutil.copytree(small.lake, tmp_path / "copied-lake"))


# --- a Scaleway that is watched


Changed = Callable[[str, Mapping[str, list[str]], bytes], bytes]
"""Path, parameters and body of an answer; answers the body to send instead."""


@dataclass
class Watched:
    """A pretend Scaleway that notes every question, and can change its answers on the way."""

    url: str
    world: Any
    clock: Any
    asked: list[tuple[str, Mapping[str, list[str]]]] = field(default_factory=list)
    change: Changed | None = None

    @property
    def truth(self) -> dict[str, Any]:
        from simulator.truth import truth

        return truth(self.world, self.clock.instant)

    @property
    def sign_in(self) -> dict[str, str]:
        """Variables that lead a command here and nowhere else."""
        organization = self.world.scenario.organization
        return {
            "SCW_ACCESS_KEY": organization.access_key,
            "SCW_SECRET_KEY": organization.secret_key,
            "SCW_DEFAULT_ORGANIZATION_ID": organization.id,
            "SCW_API_URL": self.url,
            "FINOPS_SCALEWAY_REQUESTS_PER_SECOND": "0",
            "FINOPS_COCKPIT_REQUESTS_PER_SECOND": "0",
            "FINOPS_COCKPIT_TOKENS": ",".join(f"{place}={token}" for place, token in self.tokens.items()),
            "FINOPS_STORAGE_REQUESTS_PER_SECOND": "0",
            "FINOPS_STORAGE_ENDPOINT_URL": f"{self.url}/s3/{{region}}",
        }

    @property
    def tokens(self) -> Mapping[str, str]:
        """Cockpit's, by project and region."""
        with urlopen(f"{self.url}/simulator/clock") as answer:
            return json.load(answer)["cockpit_tokens"]

    def set_clock(self, now: datetime) -> None:
        self.clock.now = now
        self.asked.clear()

    def months_asked(self, path: str) -> Counter[str]:
        """Questions to a billing path, by the month they are about."""
        found: Counter[str] = Counter()
        for asked, parameters in self.asked:
            if asked == path and "page_token" not in parameters:
                month = parameters.get("billing_period") or parameters.get("start_date_after") or ["all"]
                found[month[0][:7]] += 1
        return found


@contextlib.contextmanager
def _served(scenario: str | Path, now: datetime | None = None) -> Iterator[Watched]:
    import uvicorn

    from simulator.loading import load
    from simulator.server import create_app
    from simulator.world import Clock, build

    world = build(load(str(scenario)))
    clock = Clock(now or world.scenario.today)
    listener = socket.create_server(("127.0.0.1", 0))
    found = Watched(f"http://127.0.0.1:{listener.getsockname()[1]}", world, clock)
    config = uvicorn.Config(_watching(create_app(world, clock), found), log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def serve_watched() -> Callable[..., contextlib.AbstractContextManager[Watched]]:
    """`with serve_watched(scenario) as scaleway`: a pretend Scaleway that is watched."""
    return _served


@pytest.fixture
def watched() -> Iterator[Callable[..., Watched]]:
    """`watched(path_of_a_scenario)` serves it until the test ends."""
    with contextlib.ExitStack() as running:
        yield lambda *arguments: running.enter_context(_served(*arguments))


def _watching(app: Any, watched: Watched) -> Any:
    async def notes(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        path, parameters = scope["path"], parse_qs(unquote(scope["query_string"].decode()))
        watched.asked.append((path, parameters))
        started: dict[str, Any] = {}
        body = b""

        async def hold(message: Any) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                started.update(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                final = watched.change(path, parameters, body) if watched.change else body
                headers = [pair for pair in started["headers"] if pair[0].lower() != b"content-length"]
                await send({**started, "headers": [*headers, (b"content-length", str(len(final)).encode())]})
                await send({"type": "http.response.body", "body": final})

        await app(scope, receive, hold)

    return notes
