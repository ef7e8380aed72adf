"""Measure what is promised in seconds, CPU and memory, and write docs/performance.md.

`python -m benchmarks.bench` runs the demo twice on an empty lake, and DuckDB alone on the same answers: reading the
JSON and adding it up is work that nobody can leave out, so CPU is told as a multiple of it. Then buckets of a
million objects are listed, one of them on a real S3 server, which takes minutes to fill, and the programs of
`benchmarks.promises` run. Ends with 1 when a promise is not kept.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from benchmarks import list_objects, promises

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "docs" / "performance.md"
HELP_RUNS = 7
MIB = 1024**2

WARM_SECONDS, MEMORY_MIB, HELP_SECONDS = 120, 1536, 0.7
"""What is promised, on two cores."""

_LOWER_BOUND = """
import sys, duckdb
charge = '''struct(project_id varchar, sku varchar, start_date varchar,
    price struct(units bigint, nanos bigint))[]'''
rows = duckdb.sql(f'''
    with charges as (
        select unnest(charges) as c
        from read_json('{sys.argv[1]}/*.json', columns={{'charges': '{charge}'}}, maximum_object_size=1000000000)
    )
    select c.project_id, c.sku, c.start_date[:10] as day,
        sum(c.price.units + c.price.nanos * 0.000000001::decimal(38, 12)) as cost
    from charges group by all''').fetchall()
print(sum(row[3] for row in rows if row[3] is not None))
"""


@dataclass(frozen=True)
class Measured:
    """What one command took, with all the processes it started."""

    wall: float
    cpu: float
    memory_mib: float
    code: int
    out: str


@dataclass(frozen=True)
class Results:
    """All that the report tells."""

    scenario: str
    cold: Measured
    warm: Measured
    lower_bound: Measured
    help_seconds: float
    commits: tuple[int, int]
    charges: int
    answer_bytes: int
    lake_bytes: int
    lake_files: int
    report_bytes: int
    listed: Sequence[list_objects.Listed]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=__doc__)
    parser.add_argument("--scenario", default="demo", help="a scenario file, or the name of one that is shipped")
    parser.add_argument("--dry-run", action="store_true", help="print the page instead of writing it")
    parser.add_argument("--objects", type=int, default=list_objects.MILLION, help="objects in each bucket listed")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        results = measure_all(options.scenario, Path(folder), options.objects)
    others = promises.run_all()
    page = "\n".join([*_page(results), *promises.sections(others)]) + "\n"
    if options.dry_run:
        sys.stdout.write(page)
    else:
        REPORT.write_text(page, encoding="utf-8")
        sys.stdout.write(f"{page}\nWritten: {REPORT}\n")
    broken = [promise for promise, _, _, kept in _promises(results) if not kept]
    broken += [each.title for each in others if not each.is_kept]
    for promise in broken:
        sys.stderr.write(f"not kept: {promise}\n")
    return 1 if broken else 0


def measure_all(scenario: str, folder: Path, objects: int) -> Results:
    """Run everything once, in an order that leaves nothing warm which should be cold."""
    lake, out = folder / "lake", folder / "out"
    demo = [*_finops(), "demo", "--scenario", scenario, "--lake", str(lake), "--out", str(out)]
    cold = _checked(demo, folder)
    first = _commits(lake)
    warm = _checked(demo, folder)
    second = _commits(lake)
    charges, written = _write_answers(lake, folder / "answers")
    lower_bound = _checked([sys.executable, "-c", _LOWER_BOUND, str(folder / "answers")], folder)
    _compare(lake, lower_bound)
    helped = [measure([*_finops(), "--help"], folder).wall for _ in range(HELP_RUNS)]
    files = [path for path in lake.rglob("*") if path.is_file()]
    return Results(
        scenario,
        cold,
        warm,
        lower_bound,
        statistics.median(helped),
        (first, second - first),
        charges,
        written,
        sum(path.stat().st_size for path in files),
        len(files),
        sum(path.stat().st_size for path in out.glob("*.html")),
        list(list_objects.list_all(objects, objects)),
    )


def _finops() -> list[str]:
    """The installed command, as a person calls it."""
    beside = Path(sys.executable).parent / "finops"
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "finops.cli"]


def _checked(command: Sequence[str], folder: Path) -> Measured:
    sys.stderr.write(f"measuring {Path(command[0]).name} {command[1]} …\n")
    measured = measure(command, folder)
    if measured.code:
        raise SystemExit(f"{' '.join(command[:2])} ended with {measured.code}: {measured.out[-1000:]}")
    return measured


def measure(command: Sequence[str], folder: Path) -> Measured:
    """Run a command; CPU is its own and its children's, memory the highest sum of all of them at once."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(("FINOPS_", "SCW_"))}
    log = folder / "log"
    with log.open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 (our own command, as a list)
            command, stdout=stream, stderr=stream, cwd=folder, env={**given, "FINOPS_STATE": str(folder / "state")}
        )
        watch = _MemoryWatch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    memory = max(watch.stop() / MIB, usage.ru_maxrss / 1024)
    return Measured(wall, cpu, memory, process.returncode, log.read_text(errors="replace"))


class _MemoryWatch:
    """Looks at the resident memory of a process and all below it, twenty times a second."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._highest = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The highest sum seen, in bytes."""
        self._over.set()
        self._thread.join()
        return self._highest

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self._highest = max(self._highest, sum(map(_resident, _family(self._pid))))


def _family(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from _family(int(child))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


# --- the same answers without us


def _query(lake: Path, sql: str) -> list[dict[str, object]]:
    from finops import catalog_of

    rows: list[dict[str, object]] = catalog_of(str(lake)).query(sql).to_pylist()
    return rows


def _write_answers(lake: Path, folder: Path) -> tuple[int, int]:
    """The charges' answers as received, a file each; charges and bytes."""
    folder.mkdir()
    # an answer that a later one superseded is not part of the result
    rows = _query(
        lake,
        "select answers.body from bronze.answers as answers "
        "inner join silver.latest_answers as latest using (question_hash, answer_hash) "
        "where answers.source = 'billing.charges'",
    )
    for number, row in enumerate(rows):
        (folder / f"{number:05d}.json").write_text(str(row["body"]), encoding="utf-8")
    [counted] = _query(lake, "select count(*) as charges from silver.costs")
    return int(str(counted["charges"])), sum(path.stat().st_size for path in folder.iterdir())


def _compare(lake: Path, lower_bound: Measured) -> None:
    """Both must have done the same work."""
    [ours] = _query(lake, "select sum(billed_cost) as cost from gold.daily_costs")
    if Decimal(lower_bound.out.split()[-1]) != Decimal(str(ours["cost"])):
        raise SystemExit(f"DuckDB alone comes to {lower_bound.out.strip()}, the lake to {ours['cost']}")


def _commits(lake: Path) -> int:
    return len(list(lake.glob("*/*/_delta_log/*.json")))


# --- the page


def _promises(results: Results) -> list[tuple[str, str, str, bool]]:
    """Promise, measured, allowed, kept."""
    highest = max(results.cold.memory_mib, results.warm.memory_mib)
    return [
        ("Commits of a second run", str(results.commits[1]), "0", results.commits[1] == 0),
        ("Demo, warm", f"{results.warm.wall:.0f} s", f"{WARM_SECONDS} s", results.warm.wall <= WARM_SECONDS),
        ("Memory, product and simulator", f"{highest:.0f} MiB", f"{MEMORY_MIB} MiB", highest <= MEMORY_MIB),
        ("`finops --help`", f"{results.help_seconds:.2f} s", f"{HELP_SECONDS} s", results.help_seconds <= HELP_SECONDS),
        *list_objects.promises(results.listed),
    ]


def _page(results: Results) -> Iterator[str]:
    bound = results.lower_bound.cpu
    yield from ("# Performance", "", "<!-- Written by `make bench`. -->", "")
    yield f"The demo (`finops demo --scenario {results.scenario}`) reads {results.charges:,} charges over HTTP, keeps"
    yield f"{results.answer_bytes / MIB:.0f} MiB of their answers, builds every table, checks it and writes the report."
    yield from ("", "## Independent of the machine", "", "| Measure | Value |", "|---|--:|")
    yield f"| CPU of the first run ÷ DuckDB reading and adding up the same answers | {results.cold.cpu / bound:.1f} |"
    yield f"| CPU of a second run ÷ the same | {results.warm.cpu / bound:.1f} |"
    yield f"| CPU ÷ wall of the first run | {results.cold.cpu / results.cold.wall:.2f} |"
    yield f"| Commits of the first run | {results.commits[0]} |"
    yield f"| Commits of a second run | {results.commits[1]} |"
    yield f"| Lake ÷ answers as received | {results.lake_bytes / results.answer_bytes:.3f} |"
    yield f"| Lake | {results.lake_bytes / MIB:.1f} MiB in {results.lake_files} files |"
    yield f"| Report | {results.report_bytes / MIB:.1f} MiB |"
    yield from ("", "CPU is the product's and the simulator's together; the demo also keeps the price list and the")
    yield "inventory of every month, which DuckDB alone has not to read."
    yield from ("", f"## On {_machine()}", "", "| Run | Wall | CPU | Memory |", "|---|--:|--:|--:|")
    runs = {
        "First run": results.cold,
        "Second run, nothing new": results.warm,
        "DuckDB alone": results.lower_bound,
    }
    for name, run in runs.items():
        yield f"| {name} | {run.wall:.1f} s | {run.cpu:.1f} s | {run.memory_mib:.0f} MiB |"
    yield from ("", "CPU and memory of a listing are the lister's own.", "", *list_objects.page(results.listed))
    yield from ("", "## Promised", "", "| Promise | Measured | At most | Kept |", "|---|--:|--:|---|")
    for promise, measured, allowed, kept in _promises(results):
        yield f"| {promise} | {measured} | {allowed} | {'yes' if kept else '**no**'} |"


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    busy = os.getloadavg()[0]
    return f"{cores} cores, {memory:.0f} GiB, Python {platform.python_version()}, load {busy:.1f}"


if __name__ == "__main__":
    if not Path("/proc").is_dir():
        raise SystemExit("this needs Linux: memory is read from /proc")
    sys.exit(main())
