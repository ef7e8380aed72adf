"""A real Prometheus on the loopback, on two days of history whose every sample is known here."""

import math
import os
import random
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from pipelines.sources.asking import Manners
from pipelines.sources.cockpit.account import DataSource
from pipelines.sources.cockpit.prometheus import PrometheusClient

START = datetime(2026, 3, 2, tzinfo=UTC)
BEGIN = int(START.timestamp())
DAY_SECONDS = 86_400
PROJECT = "105bdce1-64c0-48ab-899d-868455867ecf"
PATIENT = Manners(requests_per_second=0, attempts=2, backoff=(0.0, 0.0))


@dataclass
class History:
    """Samples by metric and labels, as (seconds since 1970, value)."""

    start: datetime = START
    series: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[float, float]]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, kind: str, samples: list[tuple[float, float]], **labels: str) -> None:
        self.kinds[name] = kind
        self.series[name, tuple(sorted(labels.items()))] = samples

    def of(self, name: str) -> dict[tuple[tuple[str, str], ...], list[tuple[float, float]]]:
        return {labels: samples for (each, labels), samples in self.series.items() if each == name}

    def openmetrics(self) -> str:
        lines = []
        for name, kind in self.kinds.items():
            family = name.removesuffix("_total") if kind == "counter" else name
            lines.append(f"# TYPE {family} {kind}")
            for labels, samples in self.of(name).items():
                spelled = ",".join(f'{key}="{value}"' for key, value in labels)
                lines += [f"{name}{{{spelled}}} {_number(value)} {at:.3f}" for at, value in samples]
        return "\n".join([*lines, "# EOF", ""])


def _number(value: float) -> str:
    return "NaN" if math.isnan(value) else "+Inf" if value == math.inf else repr(value)


def _times(every: int, offset: float = 17.25, days: int = 2) -> list[float]:
    return [BEGIN + offset + n * every for n in range(days * DAY_SECONDS // every)]


def _counter(seed: int, times: list[float], resets: tuple[int, ...] = ()) -> list[tuple[float, float]]:
    chance, value, samples = random.Random(seed), 5.0, []
    for number, at in enumerate(times):
        value = chance.randint(1, 20) if number in resets else value + chance.randint(0, 90)
        samples.append((at, float(value)))
    return samples


def _common(**labels: str) -> dict[str, str]:
    return {"project_id": PROJECT, "region": "fr-par", **labels}


def known_history() -> History:
    """Gauges with a gap, NaN and infinity, counters that restart, a fast gauge, many series."""
    history, chance = History(), random.Random(7)
    balancers = {name: [(at, chance.random()) for at in _times(60)] for name in ("even", "gap", "odd")}
    gap = (BEGIN + 5 * 3600 + 600, BEGIN + 7 * 3600 + 2400)
    balancers["gap"] = [(at, value) for at, value in balancers["gap"] if not gap[0] <= at < gap[1]]
    for position, strange in ((100, math.nan), (101, math.inf), (700, math.nan)):
        balancers["odd"][position] = (balancers["odd"][position][0], strange)
    for name, samples in balancers.items():
        labels = _common(resource_id=f"lb-{name}", resource_name=name, resource_type="load_balancer")
        history.add("load_balancer_lb_cpu_usage", "gauge", samples, **labels)
    for number, resets in enumerate([(), (700, 701, 1440)]):
        labels = _common(resource_id=f"server-{number}", resource_name=f"web {number}")
        history.add("instance_server_cpu_seconds_total", "counter", _counter(number, _times(60), resets), **labels)
        history.add("instance_server_vcpu_count", "gauge", [(at, 4.0) for at in _times(60)], **labels)
    for number, kind in enumerate(("input_tokens", "output_tokens")):
        samples = _counter(10 + number, _times(60), (30, 1500))
        history.add("generative_apis_tokens_total", "counter", samples, **_common(resource_name="m-8b", type=kind))
    for number in range(2):
        samples = [(at, float(chance.randint(0, 8))) for at in _times(60)][number * 720 :]
        labels = _common(resource_id="container", resource_name="api", resource_instance=f"api-{number}")
        history.add("serverless_container_requests_per_second", "gauge", samples, **labels)
    for number, flag in enumerate(("true", "false")):
        samples = _counter(20 + number, _times(60), (200,))
        labels = _common(resource_id="source-1", is_from_scaleway=flag)
        history.add("observability_cockpit_ingestion_samples_total", "counter", samples, **labels)
    history.add("every_five_seconds", "gauge", [(at, chance.random()) for at in _times(5, 0.0, 1)], job="fast")
    history.add("vllm:gpu_cache_usage_perc", "gauge", [(at, 0.5) for at in _times(60)], model_name="m-8b")
    for name, size in (("wide_a", 40), ("wide_b", 25), ("wide_c", 10)):
        for number in range(size):
            samples = [(BEGIN + DAY_SECONDS - 230 + 60 * n, 1.0) for n in range(3)]
            history.add(name, "gauge", samples, number=f"{number:03d}")
    return history


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def history() -> History:
    return known_history()


@pytest.fixture(scope="session")
def prometheus_url(history, tmp_path_factory):
    """The address of a Prometheus that serves the history and scrapes nothing."""
    found = {name: shutil.which(name) for name in ("prometheus", "promtool")}
    if None in found.values():
        _missing("prometheus not present: apt-get install --no-install-recommends prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "history.txt").write_text(history.openmetrics())
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    backfill = ["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=720h", "--quiet"]
    subprocess.run(
        [found["promtool"], *backfill, str(folder / "history.txt"), str(folder / "data")],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    command = [
        *(found["prometheus"], f"--config.file={folder / 'prometheus.yml'}", "--web.listen-address=127.0.0.1:0"),
        *(f"--storage.tsdb.path={folder / 'data'}", "--storage.tsdb.retention.time=100y", "--log.level=info"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={**os.environ, "GOMAXPROCS": "1"})
    try:
        yield _ready(process, folder / "log")
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(process: subprocess.Popen, log: Any) -> str:
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail(f"prometheus ended with {process.returncode}: {log.read_text(errors='replace')[-500:]}")
        url = _listening(log.read_text(errors="replace"))
        try:
            if url and requests.get(f"{url}/-/ready", timeout=2).ok:
                return url
        except requests.RequestException:
            pass
        time.sleep(0.1)
    return pytest.fail(f"prometheus was not ready in time: {log.read_text(errors='replace')[-500:]}")


def _listening(log: str) -> str | None:
    for line in log.splitlines():
        if 'msg="Listening on"' in line:
            return "http://" + line.rpartition("address=")[2].strip()
    return None


@pytest.fixture
def client(prometheus_url) -> PrometheusClient:
    return PrometheusClient(prometheus_url, manners=PATIENT)


@pytest.fixture
def patient() -> Manners:
    return PATIENT


@pytest.fixture
def source() -> DataSource:
    return DataSource("source-1", PROJECT, "fr-par", "metrics", "scaleway", "https://x.metrics.cockpit.example", 31)


@pytest.fixture
def hours_after():
    """`hours_after(5)`: that many hours into the history."""
    return lambda hours: START + timedelta(hours=hours)
