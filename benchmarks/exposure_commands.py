"""What people do with the product, right and wrong: each command in a process of its own, its keys in variables."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.exposure_servers import Keys

ROOT = Path(__file__).parents[1]
SECONDS = 300
MONTH = "2026-06"
WEEK = "2026-W26"
"""The last complete ones of the small organisation."""
STATEMENTS = (
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/proc/self/environ')",
    "select * from '/etc/hostname'",
    "select * from read_parquet('http://192.0.2.9/x.parquet')",
    "select * from read_json('https://example.org/x.json')",
    "select * from glob('/root/*')",
    "copy (select 1) to '/tmp/out.csv'",
    "install httpfs",
    "load httpfs",
    "attach '/tmp/other.db' as other",
    "set enable_external_access = true",
    "reset lock_configuration",
    "pragma enable_profiling",
    "create table t as select 1",
    "insert into gold.kpis select * from gold.kpis",
    "export database '/tmp/out'",
    "call pragma_version()",
    "select 1; select 2",
    "select getenv('FINOPS_SMTP_PASSWORD')",
    "select * from duckdb_secrets(); drop table gold.kpis",
    "select * from sqlite_scan('/tmp/x.db', 't')",
    "select * from read_blob('../../etc/shadow')",
)
_SETTINGS = """
[scaleway]
organization_id = "22222222-2222-4222-8222-222222222222"

[mail]
sender = "FinOps <finops@example.org>"
monthly_to = ["finance@example.org"]
host = "127.0.0.1"
port = {port}
user = "finops"
security = "none"
timeout_seconds = 5
"""


@dataclass(frozen=True)
class Said:
    """A command or a page: how it ended, how it may, and all it said."""

    name: str
    code: int
    expected: Sequence[int]
    text: bytes


@dataclass
class Rehearsed:
    """A folder to run commands in, against these servers, with these keys."""

    folder: Path
    url: str
    mail_port: int
    keys: Keys
    tokens: Mapping[str, str]

    def __post_init__(self) -> None:
        (self.folder / "home").mkdir()
        (self.folder / "finops.toml").write_text(_SETTINGS.format(port=self.mail_port))

    @property
    def secrets(self) -> dict[str, str]:
        """All that must not be found, by name."""
        return self.keys.of(self.tokens)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of this machine's but the path; every secret the product takes."""
        keys, away = self.keys, "https://127.0.0.1:1"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "PYTHONPATH": str(ROOT),
            "FINOPS_STATE": str(self.folder / "state"),
            "FINOPS_LAKE": str(self.folder / "lake"),
            "SCW_ACCESS_KEY": "SCW00000000000000000",
            "SCW_SECRET_KEY": keys.secret_key,
            "SCW_API_URL": self.url,
            "FINOPS_STORAGE_ENDPOINT_URL": f"{self.url}/s3/{{region}}",
            "FINOPS_COCKPIT_TOKENS": ",".join(f"{place}={token}" for place, token in self.tokens.items()),
            "FINOPS_SCALEWAY_REQUESTS_PER_SECOND": "0",
            "FINOPS_COCKPIT_REQUESTS_PER_SECOND": "0",
            "FINOPS_STORAGE_REQUESTS_PER_SECOND": "0",
            "FINOPS_SMTP_PASSWORD": keys.smtp_password,
            "FINOPS_S3_ACCESS_KEY": "SCW00000000000000001",
            "FINOPS_S3_SECRET_KEY": keys.s3_secret,
            "FINOPS_LAKE_S3_ENDPOINT_URL": away,
            "FINOPS_OPENCOST_TOKEN": keys.opencost_token,
            "FINOPS_ALERT_URLS": f"chat=json://finops:{keys.webhook}@127.0.0.1:1/",
        }

    def run(self, *words: str, expected: Sequence[int] = (0,), debug: bool = True, **changed: str) -> Said:
        """One command with all its logs; with `debug` its errors have their tracebacks."""
        ran = subprocess.run(  # noqa: S603 (this program)
            [sys.executable, "-m", "finops.cli", *(("--debug",) if debug else ()), *words],
            cwd=self.folder,
            env=self.environment | changed,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return Said(" ".join(words), ran.returncode, expected, ran.stdout + ran.stderr)


def commands(place: Rehearsed) -> Iterator[Said]:
    """Every command that asks, writes or sends; first what goes well, then what does not."""
    keys = place.keys
    yield place.run("config", "show")
    yield place.run("doctor", expected=(0, 3, 6))
    yield place.run("run", expected=(0, 6))
    yield place.run("report", "monthly", "--period", MONTH, "--send")
    yield place.run("report", "weekly", "--period", WEEK)
    for kind in ("xlsx", "csv", "openmetrics", "markdown", "focus", "parquet"):
        yield place.run("export", kind, "--out", f"{kind}-out", expected=(0, 2))
    yield place.run("recommendations", "--format", "json")
    yield place.run("lake", "check")
    yield place.run("anomalies", "alert", expected=(0, 5, 6))
    yield place.run("run", expected=(3, 5), SCW_SECRET_KEY=keys.wrong_key)
    yield place.run("doctor", expected=(3, 5), SCW_SECRET_KEY=keys.wrong_key)
    yield place.run("run", expected=(5,), SCW_API_URL="http://127.0.0.1:1", FINOPS_SCALEWAY_PATIENCE_SECONDS="1")
    wrong = {name: f"{place.keys.wrong_password}-{name}" for name in place.tokens}
    listed = ",".join(f"{name}={token}" for name, token in wrong.items())
    yield place.run("run", "--only", "metrics", expected=(0, 3, 5, 6), FINOPS_COCKPIT_TOKENS=listed)
    yield place.run("run", expected=(3,), FINOPS_COCKPIT_TOKENS=keys.wrong_password)
    weekly = ("report", "weekly", "--period", WEEK, "--send")
    yield place.run(
        *weekly, expected=(3, 5, 6), FINOPS_SMTP_PASSWORD=keys.wrong_password, FINOPS_MAIL_WEEKLY_TO='["a@example.org"]'
    )
    yield place.run("sql", "select count(*) from gold.kpis", expected=(7,), FINOPS_LAKE="s3://bucket/lake")
    yield _notebook(place)


def _notebook(place: Rehearsed) -> Said:
    """A notebook, run from top to bottom and kept with all it shows."""
    shutil.copy(ROOT / "notebooks" / "00_tour.ipynb", place.folder / "tour.ipynb")
    ran = subprocess.run(  # noqa: S603 (this program)
        [sys.executable, "-c", _RUN_NOTEBOOK],
        cwd=place.folder,
        env=place.environment,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return Said("a notebook", ran.returncode, (0,), ran.stdout + ran.stderr)


_RUN_NOTEBOOK = """
import nbformat, nbclient
book = nbformat.read("tour.ipynb", as_version=4)
nbclient.NotebookClient(book, timeout=120).execute()
nbformat.write(book, "tour.ipynb")
"""


def pages(place: Rehearsed) -> Iterator[Said]:
    """Dagster's page with its runs, and JupyterLab, asked as a browser would, until each answers."""
    asked = {
        "Dagster": (("ui", "--port"), ("/", "/runs", "/server_info"), _RUNS),
        "JupyterLab": (("notebook", "--no-browser", "--port"), ("/lab", "/api"), None),
    }
    for name, (words, paths, query) in asked.items():
        with _served(place, name, *words) as (url, log):
            for path in paths:
                yield Said(f"{name} {path}", 0, (0,), _asked(url + path))
            if query is not None:
                yield Said(f"{name}: its runs", 0, (0,), _asked(f"{url}/graphql", query))
        yield Said(f"{name}: what it said", 0, (0,), log.read_bytes())


_RUNS = b'{"query": "{ runsOrError { ... on Runs { results { runId runConfigYaml tags { key value } eventConnection ' \
    b'{ events { __typename ... on MessageEvent { message } } } } } } }"}'  # fmt: skip


@contextlib.contextmanager
def _served(place: Rehearsed, name: str, *words: str) -> Iterator[tuple[str, Path]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = place.folder / f"{name}.log"
    with log.open("wb") as out:
        running = subprocess.Popen(  # noqa: S603 (this program)
            [sys.executable, "-m", "finops.cli", *words, str(port)],
            cwd=place.folder, env=place.environment, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        if not _answers(f"http://127.0.0.1:{port}/", running):
            raise SystemExit(f"{name} did not answer: {log.read_text(errors='replace')[-1000:]}")
        yield f"http://127.0.0.1:{port}", log
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGINT)
        try:
            running.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def _answers(url: str, running: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and running.poll() is None:
        if _asked(url):
            return True
        time.sleep(0.5)
    return False


def _asked(url: str, body: bytes | None = None) -> bytes:
    """What is answered there, an error's page too; nothing where nobody listens."""
    headers = {"Content-Type": "application/json"} if body else {}
    try:
        return requests.request("POST" if body else "GET", url, data=body, headers=headers, timeout=60).content or b"-"
    except requests.RequestException:
        return b""
