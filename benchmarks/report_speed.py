"""Measure the monthly and the weekly review over many charges: each query they ask, and the month's report as a whole.

`python -m benchmarks.report_speed --rows 10000000 --month 2026-10` lets a lake of the demo grow until it has so many
charges (`benchmarks.grown_lake` says how; `--demo` names a lake that `finops demo` made, else one is made), and builds
what is behind the reports' tables. It then reads what both reviews are made from over and over and tells the 95th
percentile of each query, does the same with every call of the notebooks to `open_lake()`, and writes the month's report
and e-mail by the command in a process of its own. Ends with 1 when a promise is not kept.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import duckdb
import structlog

from assets.recommendations_tables import RESOURCES
from assets.report_weekly import charges_until, chosen_week, weekly_inputs
from assets.reports import READ_BY_THE_REPORT, failed_checks, monthly_inputs
from benchmarks.bench import Measured, measure
from benchmarks.grown_lake import folder_lake, grow, size
from benchmarks.notebook_calls import Call, notebook_calls
from finops.commands.report import last_complete_month
from finops.notebook_lake import OpenLake
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import load_checks, tables_read
from pipelines.recommendations.rules.storage_lifecycle import STORAGE_LIFECYCLE
from pipelines.recommendations.rules.telemetry_budget import TELEMETRY_BUDGET

QUERY_SECONDS, REPORT_SECONDS = 1.0, 20.0
"""What is promised for ten million rows: a warm query's 95th percentile, and the month's report as a whole."""

SHOWN_QUERIES, SHOWN_LETTERS = 12, 88
FINOPS = (sys.executable, "-m", "finops.cli")


@dataclass(frozen=True)
class Taken:
    """Seconds of the clock on the wall, and of CPU of all threads."""

    wall: float
    cpu: float


class Clock:
    """Both clocks from now on."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def taken(self) -> Taken:
        """What passed since."""
        return Taken(time.perf_counter() - self._wall, time.process_time() - self._cpu)


class Watched(Catalog):
    """A lake that notes how long each query takes, from opening a connection to having its rows."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog.lake, catalog.models, catalog.declared)
        self.taken: dict[str, list[Taken]] = defaultdict(list)

    def connect(self) -> duckdb.DuckDBPyConnection:
        return cast(duckdb.DuckDBPyConnection, _Timer(super().connect(), self.taken))


class _Timer:
    """A connection that tells, once closed, what it was last asked and how long that took with all before it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, taken: Mapping[str, list[Taken]]) -> None:
        self._connection, self._taken = connection, taken
        self._since, self._asked = Clock(), ""

    def __enter__(self) -> _Timer:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._taken[self._asked].append(self._since.taken())

    def execute(self, sql: str, *parameters: Any) -> duckdb.DuckDBPyConnection:
        self._asked = sql
        return self._connection.execute(sql, *parameters)


@dataclass(frozen=True)
class Timed:
    """A query or a call, who makes it, and the 95th percentiles of its warm rounds.

    `seconds` is what is judged: the clock on the wall, or CPU where other processes kept it waiting. Two threads take
    more CPU than time, so the smaller is no less than the wait on an idle machine.
    """

    asker: str
    asked: str
    rounds: int
    wall: float
    cpu: float

    @property
    def seconds(self) -> float:
        return min(self.wall, self.cpu)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when both promises are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_speed", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="charges the lake has at least")
    parser.add_argument("--divisions", type=int, default=10, help="how many times the demo's projects and people")
    parser.add_argument("--month", help="the month that is reported, YYYY-MM; else the last complete one")
    parser.add_argument("--rounds", type=int, default=20, help="how often each query is asked")
    parser.add_argument("--demo", type=Path, help="a lake of `finops demo` to grow from")
    parser.add_argument("--folder", type=Path, help="keep the lake here, and take it from here when it is there")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="report-speed-") as name:
        lake = (options.folder or Path(name)) / f"lake-{options.rows}-{options.divisions}"
        if not lake.exists():
            demo = options.demo or _demo(Path(name))
            grow(demo, lake, options.rows, options.divisions, read_tables())
        catalog = folder_lake(lake)
        return _measured(catalog, options.month or last_complete_month(catalog), options.rounds, Path(name))


def read_tables() -> set[str]:
    """What the reviews, the rules they ask why something is left alone, and their checks read."""
    shown = {key.replace("/", ".") for key in READ_BY_THE_REPORT}
    ruled = {RESOURCES, *STORAGE_LIFECYCLE.reads, *TELEMETRY_BUDGET.reads}
    return shown | ruled | {table for check in load_checks() for table in tables_read(check.sql)}


def _demo(folder: Path) -> Path:
    _finops(folder, "demo", "--lake", str(folder / "demo"), "--out", str(folder / "out"))
    return folder / "demo"


def _finops(folder: Path, *words: str) -> Measured:
    sys.stderr.write(f"finops {' '.join(words[:2])} …\n")
    done = measure([*FINOPS, *words], folder)
    if done.code:
        raise SystemExit(f"finops {words[0]} ended with {done.code}: {done.out[-1000:]}")
    return done


def _measured(catalog: Catalog, month: str, rounds: int, folder: Path) -> int:
    failed = [check.check_name for check in failed_checks(catalog, month) if check.is_blocking]
    if failed:
        raise SystemExit(f"nothing was measured: the page has no figures, since these fail: {', '.join(failed)}")
    lake = catalog.lake.address.root
    out = folder / "reports"
    report = _finops(folder, "report", "monthly", "--period", month, "--lake", lake, "--out", str(out))
    timed = sorted([*queries(catalog, month, rounds), *calls(catalog, month, rounds)], key=lambda each: -each.seconds)
    sys.stdout.writelines(f"{line}\n" for line in (*_sizes(catalog), *_table(timed), *_told(report, month, out)))
    slow = [each for each in timed if each.seconds > QUERY_SECONDS]
    sys.stdout.write(f"\n{len(timed) - len(slow)} of {len(timed)} queries and calls keep the promise.\n")
    return 1 if slow or min(report.wall, report.cpu) > REPORT_SECONDS else 0


def queries(catalog: Catalog, month: str, rounds: int) -> Iterator[Timed]:
    """What both reviews ask, each round with all that a review asks before."""
    now = datetime.now(UTC)
    week = chosen_week(None, charges_until(catalog))
    reviews: dict[str, Callable[[Catalog], object]] = {
        "monthly": lambda lake: monthly_inputs(lake, month, now),
        "weekly": lambda lake: weekly_inputs(lake, week, now),
    }
    for name, read in reviews.items():
        sys.stderr.write(f"asking what the {name} review asks …\n")
        read(catalog)
        watched = Watched(catalog)
        for _ in range(rounds):
            read(watched)
        for sql, rounds_of_it in watched.taken.items():
            yield _timed(name, sql, rounds_of_it)


def calls(catalog: Catalog, month: str, rounds: int) -> Iterator[Timed]:
    """What the notebooks ask of `open_lake()`, frames included."""
    lake = OpenLake(catalog)
    sys.stderr.write("asking what the notebooks ask …\n")
    for call in notebook_calls(month):
        call.make(lake)
        yield _timed(call.notebook, call.text, [_made(call, lake) for _ in range(rounds)])


def _made(call: Call, lake: OpenLake) -> Taken:
    clock = Clock()
    call.make(lake)
    return clock.taken()


def _timed(asker: str, asked: str, rounds: Sequence[Taken]) -> Timed:
    return Timed(asker, asked, len(rounds), p95([each.wall for each in rounds]), p95([each.cpu for each in rounds]))


def p95(seconds: Sequence[float]) -> float:
    """The smallest that at least 95 % of them do not exceed."""
    return sorted(seconds)[math.ceil(len(seconds) * 0.95) - 1]


def _sizes(catalog: Catalog) -> Iterator[str]:
    held = size(catalog)
    yield f"{held.charges:,} charges of {held.days} days, {held.resources:,} resources and {held.projects:,} projects,"
    yield f"allocated in {held.allocated:,} rows; {cores()} cores, load {os.getloadavg()[0]:.1f}."
    yield ""


def _table(timed: Sequence[Timed]) -> Iterator[str]:
    """The slowest; the others are told by how many they are."""
    yield "| Asked by | Query or call | Rounds | Wall s, p95 | CPU s, p95 |"
    yield "|---|---|--:|--:|--:|"
    for each in timed[:SHOWN_QUERIES]:
        text = " ".join(each.asked.split())
        cut = (text if len(text) <= SHOWN_LETTERS else f"{text[: SHOWN_LETTERS - 1]}…").replace("|", "\\|")
        yield f"| {each.asker} | `{cut}` | {each.rounds} | {each.wall:.2f} | {each.cpu:.2f} |"
    others = timed[SHOWN_QUERIES:]
    if others:
        yield f"| | {len(others)} others, of which the slowest took | | {others[0].wall:.2f} | {others[0].cpu:.2f} |"
    yield ""


def _told(report: Measured, month: str, out: Path) -> Iterator[str]:
    written = sum(file.stat().st_size for file in out.iterdir())
    yield f"`finops report monthly --period {month}`: {report.wall:.1f} s, {report.cpu:.1f} s of CPU,"
    yield f"{report.memory_mib:.0f} MiB, {written / 1024**2:.1f} MiB written."
    yield f"Promised: {QUERY_SECONDS:.0f} s a query, {REPORT_SECONDS:.0f} s the report."


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    sys.exit(main())
