"""Read a small organisation many times while a share of all calls goes wrong, and compare the tables.

`python -m benchmarks.fault_runs --runs 200 --share 0.3` prints a table for each of the three who are asked (Scaleway's
API, Cockpit with OpenCost, Object Storage) and ends with 1 when a lake differs from the one that was read without
faults, when a reader needs more than twice its calls, or when one that no call of which is answered leaves a commit
behind or tells more than one line. Every tenth run also builds silver and gold, which are functions of bronze.
"""

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import structlog

from assets.bronze.reading import read_projects
from benchmarks.fault_kinds import API, TELEMETRY
from benchmarks.fault_proxy import FaultProxy
from benchmarks.fault_readers import READERS, SCENARIO, Organisation, Reader, simulated
from benchmarks.fault_tables import MODELS, build_all, commits, fingerprints, measured_lines, reader_of, rows_of
from pipelines.errors import FinopsError
from pipelines.lake.address import parse_address
from pipelines.lake.store import Lake

DIFFERENT = 1
MOST_CALLS = 2.0
BUILT_EVERY = 10


@dataclass(frozen=True)
class Part:
    """What became of one reader in one run."""

    calls: int
    spoiled: Mapping[str, int]
    failure: str = ""


@dataclass(frozen=True)
class Run:
    """What became of one run: each reader's part, and the tables that are not as they were."""

    seed: int
    parts: Mapping[str, Part]
    different: Sequence[str]


@dataclass(frozen=True)
class Undisturbed:
    """What there is without faults: calls by reader, and the tables."""

    calls: Mapping[str, int]
    tables: Mapping[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all tables are equal and no reader needed more than twice the calls."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fault_runs", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--share", type=float, default=0.3, help="share of the calls that go wrong")
    parser.add_argument("--seed", type=int, default=1, help="the first run's; the others count up from it")
    parser.add_argument("--scenario", default=str(SCENARIO), help="a .toml file, or one of the simulator's")
    parser.add_argument("--processes", type=int, default=1, help="that share the runs")
    parser.add_argument("--wait", action="store_true", help="in the outages, wait between attempts as a real run does")
    options = parser.parse_args(arguments)
    seeds = range(options.seed, options.seed + options.runs)
    quiet()
    with simulated(options.scenario) as organisation, tempfile.TemporaryDirectory(prefix="fault-runs-") as folder:
        bad = compare(organisation, seeds, options.share, options.processes) if seeds else 0
        asked = organisation.waiting() if options.wait else organisation
        bad += sum(not outage(asked, Path(folder) / f"outage-{number}", each) for number, each in enumerate(READERS))
        bad += not dead_servers(asked, Path(folder) / "dead")
    return DIFFERENT if bad else 0


def quiet() -> None:
    """No log of calls."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def compare(organisation: Organisation, seeds: Sequence[int], share: float, processes: int) -> int:
    """Read once without faults, then once for each seed; the number of bad runs is returned."""
    shares = [seeds[first::processes] for first in range(min(processes, len(seeds)))]
    if len(shares) == 1:
        told = [some(organisation, shares[0], share)]
    else:
        with ProcessPoolExecutor(len(shares), multiprocessing.get_context("spawn")) as pool:
            told = list(pool.map(some, repeat(organisation), shares, repeat(share)))
    expected = max((each for each, _ in told), key=lambda each: len(each.tables))
    if any(other.calls != expected.calls or not other.tables.items() <= expected.tables.items() for other, _ in told):
        raise SystemExit("two readings without faults differ")
    runs = sorted((run for _, some_runs in told for run in some_runs), key=lambda run: run.seed)
    calls = ", ".join(f"{count} calls of {name}" for name, count in expected.calls.items())
    sys.stdout.write(f"undisturbed: {calls}; {len(expected.tables)} tables\n")
    return sum(report(each.name, runs, expected.calls[each.name]) for each in READERS) + whole(runs)


def some(organisation: Organisation, seeds: Sequence[int], share: float) -> tuple[Undisturbed, list[Run]]:
    """What there is without faults, and what became of some of the runs."""
    quiet()
    with tempfile.TemporaryDirectory(prefix="fault-runs-") as name:
        folder, proxy = Path(name), FaultProxy(organisation.url)
        try:
            with_models = any(seed % BUILT_EVERY == 0 for seed in seeds)
            expected = undisturbed(organisation.patient(), proxy, folder / "undisturbed", with_models)
            return expected, [one(organisation, proxy, folder / f"run-{seed}", seed, share, expected) for seed in seeds]
        finally:
            proxy.close()


def undisturbed(organisation: Organisation, proxy: FaultProxy, folder: Path, with_models: bool) -> Undisturbed:
    """All tables, and the calls it takes."""
    calls = {}
    for reader in READERS:
        proxy.begin(0, 0.0)
        missing = reader.run(organisation, proxy.url, folder)
        if missing:
            raise SystemExit(f"{reader.name} is not read to the end even without faults: {'; '.join(missing)}")
        calls[reader.name] = proxy.calls
    empty = [name for name, rows in rows_of(folder).items() if not rows]
    if empty:
        raise SystemExit(f"the scenario has nothing for {', '.join(empty)}")
    if with_models:
        build_all(folder, organisation.months)
    return Undisturbed(calls, fingerprints(folder))


def one(
    organisation: Organisation, proxy: FaultProxy, folder: Path, seed: int, share: float, expected: Undisturbed
) -> Run:
    """One run with faults, into a lake of its own."""
    parts = {}
    for reader in READERS:
        proxy.begin(seed, share)
        failure = told_of(reader, organisation, proxy.url, folder)[0]
        parts[reader.name] = Part(proxy.calls, Counter(proxy.spoiled), "; ".join(failure))
    is_built = seed % BUILT_EVERY == 0
    if is_built:
        build_all(folder, organisation.months)
    found = fingerprints(folder)
    names = [name for name in expected.tables if is_built or reader_of(name) != MODELS]
    different = [name for name in names if found.get(name) != expected.tables[name]]
    shutil.rmtree(folder)
    shutil.rmtree(folder.with_suffix(".state"), ignore_errors=True)
    return Run(seed, parts, different)


def told_of(reader: Reader, organisation: Organisation, url: str, folder: Path) -> tuple[list[str], float]:
    """What a reader says that it could not read, and how long it took to say so."""
    started = time.perf_counter()
    try:
        told = list(reader.run(organisation, url, folder))
    except FinopsError as error:
        told = [str(error)]
    return told, time.perf_counter() - started


def report(name: str, runs: Sequence[Run], calls: int) -> int:
    """Print what happened to one reader; the number of its bad runs is returned."""
    parts = [run.parts[name] for run in runs]
    spoiled = sum((Counter(part.spoiled) for part in parts), Counter[str]())
    all_calls, most = sum(part.calls for part in parts), max(part.calls for part in parts)
    sys.stdout.write(f"{name}:\n")
    for kind, count in sorted(spoiled.items()):
        sys.stdout.write(f"  {kind:<24} {count:>7} {count / all_calls:>7.2%}\n")
    bad = 0
    for run, part in zip(runs, parts, strict=True):
        different = [table for table in run.different if reader_of(table) == name]
        told = part.failure or ", ".join(different) or f"{part.calls} calls" * (part.calls > MOST_CALLS * calls)
        if told:
            bad += 1
            sys.stdout.write(f"  seed {run.seed}: {told}\n")
    sys.stdout.write(
        f"  {len(runs) - bad} of {len(runs)} runs left the same tables; "
        f"{sum(spoiled.values()) / all_calls:.1%} of {all_calls} calls went wrong; "
        f"at most {most / calls:.2f} times the calls (mean {all_calls / len(runs) / calls:.2f})\n"
    )
    return bad


def whole(runs: Sequence[Run]) -> int:
    """Print what became of the tables that are made of all; the number of runs that made others is returned."""
    built = [run for run in runs if run.seed % BUILT_EVERY == 0]
    others = [run for run in built if any(reader_of(table) == MODELS for table in run.different)]
    for run in others:
        sys.stdout.write(f"seed {run.seed}: {', '.join(run.different)}\n")
    sys.stdout.write(f"silver and gold: {len(built) - len(others)} of {len(built)} runs built the same tables\n")
    return len(others)


def outage(organisation: Organisation, folder: Path, reader: Reader) -> bool:
    """Whether a reader that no call of which is answered says so in one line, and commits nothing."""
    proxy = prepared(organisation, folder, reader)
    before = commits(folder)
    proxy.begin(1, 1.0)
    told, seconds = told_of(reader, organisation, proxy.url, folder)
    proxy.close()
    written = commits(folder) - before
    waits = "with" if organisation.waits else "without"
    sys.stdout.write(
        f"all calls of {reader.name} failing: {proxy.calls} calls, {written} commits, {seconds:.1f} s {waits} waits: "
        f"{' | '.join(told) or 'NO ERROR'}\n"
    )
    return 0 < len(told) <= reader.services and not written


def dead_servers(organisation: Organisation, folder: Path) -> bool:
    """Whether the servers of telemetry, when none of them answers and the API does, leave gaps and no reading."""
    reader = next(each for each in READERS if each.name == TELEMETRY)
    proxy = prepared(organisation, folder, reader)
    proxy.begin(1, 1.0, only=TELEMETRY)
    told, seconds = told_of(reader, organisation, proxy.url, folder)
    proxy.close()
    of_api = ("cockpit.usage_overview", "edge_services.requests")
    lines = [each for each in measured_lines(folder, TELEMETRY) if each[0] not in of_api]
    read = [source for source, has_rows, is_final in lines if has_rows or is_final]
    waits = "with" if organisation.waits else "without"
    sys.stdout.write(
        f"all servers of {TELEMETRY} failing behind its API: {proxy.calls} calls, {len(lines)} gaps, "
        f"{len(read)} readings, {len(told)} lines, {seconds:.1f} s {waits} waits\n"
    )
    return bool(told) and bool(lines) and not read


def prepared(organisation: Organisation, folder: Path, reader: Reader) -> FaultProxy:
    """A proxy, and a lake in which the projects are known where the reader goes by them."""
    proxy = FaultProxy(organisation.url)
    proxy.begin(0, 0.0)
    if reader.name != API:
        read_projects(Lake(parse_address(str(folder))), organisation.patient().account(proxy.url))
    return proxy


if __name__ == "__main__":
    sys.exit(main())
