"""Read the small organisation many times while a share of all calls goes wrong, and compare the tables.

`python -m benchmarks.fault_runs --runs 200 --share 0.3` prints a table and ends with 1 when a lake differs from the
one that was read without faults, when a run needs more than twice its calls, or when a run that no call of which is
answered leaves a commit behind. Every tenth run also builds silver and gold, which are functions of bronze.
"""

import argparse
import functools
import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
import structlog

from assets.bronze import reading
from assets.tables import open_catalog
from benchmarks.fault_proxy import FaultProxy
from pipelines.billing.periods import Period
from pipelines.errors import FinopsError, SourceUnavailable
from pipelines.lake.address import parse_address
from pipelines.lake.build import build
from pipelines.lake.sql_models import load_models
from pipelines.lake.store import Lake
from pipelines.sources.transport import Scaleway

DIFFERENT = 1
MOST_CALLS = 2.0
BUILT_EVERY = 10


@dataclass(frozen=True)
class Organisation:
    """The pretend Scaleway to be read: its address, key, days."""

    url: str
    access_key: str
    secret_key: str
    organization_id: str
    start: str
    today: str

    def asked_through(self, url: str) -> Scaleway:
        """The account behind another address, with a clock that stands still and no waiting between attempts."""
        now = datetime.fromisoformat(self.today).replace(hour=6, tzinfo=UTC)
        return Scaleway(
            self.access_key,
            self.secret_key,
            self.organization_id,
            url,
            requests_per_second=0,
            timeout=(5, 0.5),
            backoff=(0.0, 0.0),
            sleep=lambda _: None,
            clock=lambda: now,
        )


@dataclass(frozen=True)
class Run:
    """What became of one run."""

    seed: int
    calls: int
    spoiled: Counter[str]
    different: Sequence[str]
    failure: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all tables are equal and no run needed more than twice the calls."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fault_runs", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--share", type=float, default=0.3, help="share of the calls that go wrong")
    parser.add_argument("--seed", type=int, default=1, help="the first run's; the others count up from it")
    parser.add_argument("--scenario", default="small")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with simulated(options.scenario) as organisation, tempfile.TemporaryDirectory(prefix="fault-runs-") as folder:
        bad = compare(organisation, Path(folder), range(options.seed, options.seed + options.runs), options.share)
        bad += not total_outage(organisation, Path(folder) / "outage")
    return DIFFERENT if bad else 0


def compare(organisation: Organisation, folder: Path, seeds: Sequence[int], share: float) -> int:
    """Read once without faults, then once for each seed; the number of bad runs is returned."""
    proxy = FaultProxy(organisation.url)
    try:
        expected, calls = undisturbed(organisation, proxy, folder / "undisturbed")
        sys.stdout.write(f"undisturbed: {calls} calls, {len(expected)} tables\n")
        runs = [one(organisation, proxy, folder / f"run-{seed}", seed, share, expected) for seed in seeds]
    finally:
        proxy.close()
    return report(runs, calls)


def undisturbed(organisation: Organisation, proxy: FaultProxy, folder: Path) -> tuple[dict[str, str], int]:
    """Fingerprints of all tables, and the calls it took."""
    proxy.begin(0, 0.0)
    read(organisation, proxy, folder)
    calls = proxy.calls
    build_all(folder, organisation)
    return fingerprints(folder), calls


def one(
    organisation: Organisation, proxy: FaultProxy, folder: Path, seed: int, share: float, expected: dict[str, str]
) -> Run:
    """One run with faults, into a lake of its own."""
    proxy.begin(seed, share)
    try:
        read(organisation, proxy, folder)
    except FinopsError as error:
        return Run(seed, proxy.calls, Counter(proxy.spoiled), (), str(error))
    is_built = seed % BUILT_EVERY == 0
    if is_built:
        build_all(folder, organisation)
    found = fingerprints(folder)
    names = [name for name in expected if is_built or name.startswith("bronze.")]
    different = [name for name in names if found.get(name) != expected[name]]
    shutil.rmtree(folder)
    return Run(seed, proxy.calls, Counter(proxy.spoiled), different)


def report(runs: Sequence[Run], calls: int) -> int:
    """Print what happened; the number of bad runs is returned."""
    spoiled = sum((run.spoiled for run in runs), Counter[str]())
    for kind, count in sorted(spoiled.items()):
        sys.stdout.write(f"  {kind:<24} {count:>7}\n")
    bad = [run for run in runs if run.failure or run.different or run.calls > MOST_CALLS * calls]
    for run in bad:
        told = run.failure or ", ".join(run.different) or f"{run.calls} calls"
        sys.stdout.write(f"seed {run.seed}: {told}\n")
    most, all_calls = max(run.calls for run in runs), sum(run.calls for run in runs)
    sys.stdout.write(
        f"{len(runs) - len(bad)} of {len(runs)} runs left the same tables; "
        f"{sum(spoiled.values()) / all_calls:.1%} of {all_calls} calls went wrong; "
        f"at most {most / calls:.2f} times the calls (mean {all_calls / len(runs) / calls:.2f})\n"
    )
    return len(bad)


def total_outage(organisation: Organisation, folder: Path) -> bool:
    """Whether a run that no call of which is answered ends in one error, with nothing committed."""
    proxy = FaultProxy(organisation.url)
    proxy.begin(1, 1.0)
    started = time.perf_counter()
    try:
        read(organisation, proxy, folder)
    except SourceUnavailable as error:
        failure = str(error)
    else:
        failure = ""
    finally:
        proxy.close()
    commits = len(list(folder.rglob("_delta_log/*.json")))
    sys.stdout.write(
        f"all calls failing: {proxy.calls} calls, {commits} commits, {time.perf_counter() - started:.1f} s without "
        f"waits: {failure or 'NO ERROR'}\n"
    )
    return bool(failure) and not commits


def read(organisation: Organisation, proxy: FaultProxy, folder: Path) -> None:
    """Everything the daily run asks of Scaleway, in its order. Raises what the first failing source raises."""
    lake, scaleway = Lake(parse_address(str(folder))), organisation.asked_through(proxy.url)
    today = datetime.fromisoformat(organisation.today).date()
    months = Period(datetime.fromisoformat(organisation.start).date(), today).months
    for monthly in (reading.read_charges, reading.read_consumptions, reading.read_taxes):
        monthly(lake, scaleway, months, today)
    snapshots = (
        *(reading.read_invoices, reading.read_discounts, reading.read_budgets),
        *(reading.read_products, reading.read_projects, reading.read_resources, reading.read_server_types),
    )
    for snapshot in snapshots:
        found = snapshot(lake, scaleway)
        if found.missing:
            raise SourceUnavailable("; ".join(found.missing))


def build_all(folder: Path, organisation: Organisation) -> None:
    """Every table of silver and gold."""
    catalog = open_catalog(Lake(parse_address(str(folder))))
    first, today = (datetime.fromisoformat(text).date() for text in (organisation.start, organisation.today))
    for model in models():
        build(catalog, model, Period(first, today).months)


@functools.cache
def models() -> Any:
    """The models, read once."""
    return load_models()


def fingerprints(folder: Path) -> dict[str, str]:
    """Hash of the rows of every stored table, whatever their order and duplicates of an answer's rows."""
    catalog = open_catalog(Lake(parse_address(str(folder))))
    found = {}
    for name in catalog.names():
        if catalog.state(name).delta is None:
            continue
        lines = catalog.query(f"select t::varchar as line from {name} as t")["line"].to_pylist()
        found[name] = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
    return found


@contextmanager
def simulated(scenario: str) -> Iterator[Organisation]:
    """A pretend Scaleway as a process of its own."""
    command = [sys.executable, "-m", "simulator", "serve", "--scenario", scenario, "--port", "0", "--exit-with-stdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[-1]
        told = requests.get(f"{url}/simulator/clock", timeout=60).json()
        yield Organisation(
            url, *(told[name] for name in ("access_key", "secret_key", "organization_id", "start", "today"))
        )
    finally:
        process.stdin.close()
        process.wait(10)


if __name__ == "__main__":
    sys.exit(main())
