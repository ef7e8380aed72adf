"""What a daily run costs after a long history, beside the same run after a short one.

`python -m benchmarks.daily_runs` simulates an organisation and lets two lakes grow to the same day, one with thirteen
months of it and one with a single month. Then the days go on: each day both are brought up to date by a run in a
process of its own, as a scheduler would start it. The last day's runs are compared.

CPU is user and system time of the whole process, imports included. What a run touched is read from the Delta logs:
commits, the partitions they added files to, and the files of the tables.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from urllib.request import Request, urlopen

CPU_RATIO = 1.2
"""What is promised."""
ROOT = Path(__file__).parents[1]
HOUR = 6


@dataclass(frozen=True)
class DailyRun:
    """One run of one lake: its cost, its questions, and what it changed."""

    day: date
    cpu: float
    imports: float
    memory_mb: float
    calls: int
    commits: Mapping[str, int]
    partitions: Mapping[str, Sequence[str]]
    files: int

    @property
    def months(self) -> set[str]:
        """Every month that got a file."""
        return {month for months in self.partitions.values() for month in months if month}


@dataclass(frozen=True)
class Compared:
    """The runs of both lakes, day by day."""

    scenario: str
    months: tuple[int, int]
    long: Sequence[DailyRun]
    short: Sequence[DailyRun]

    @property
    def ratio(self) -> float:
        """CPU of the last days' runs after the long history by those after the short one."""
        pairs = list(zip(self.long, self.short, strict=True))[-3:]
        return statistics.median(long.cpu / short.cpu for long, short in pairs)

    @property
    def open_months(self) -> set[str]:
        """The months that the day of the last run can still change: its own, and the one before until its invoice."""
        day = self.long[-1].day
        return {f"{day:%Y-%m}", f"{day.replace(day=1) - timedelta(days=1):%Y-%m}"}

    @property
    def is_kept(self) -> bool:
        """Whether the promise is."""
        return self.ratio <= CPU_RATIO and self.long[-1].months <= self.open_months


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.daily_runs", description=__doc__)
    parser.add_argument("--scenario", default="demo", help="a scenario file, or the name of one that is shipped")
    parser.add_argument("--months", type=int, default=13, help="complete months of the long history (13)")
    parser.add_argument("--days", type=int, default=3, help="daily runs of each lake, the last on the scenario's day")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the lakes, so that they need not grow again")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="daily-") as folder:
        found = compare(options.scenario, options.months, options.days, options.keep or Path(folder))
    for line in table(found):
        print(line)
    return 0 if found.is_kept else 1


def table(found: Compared) -> Iterator[str]:
    """The runs as Markdown, and what the last one touched."""
    yield f"Scenario {found.scenario}, {found.months[0]} months and {found.months[1]} month of history"
    yield ""
    yield "| Day | CPU, long | CPU, short | Ratio | Calls | Commits | Files of the lake, long |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for long, short in zip(found.long, found.short, strict=True):
        yield (
            f"| {long.day} | {long.cpu:.2f} s | {short.cpu:.2f} s | {long.cpu / short.cpu:.2f} "
            f"| {long.calls} / {short.calls} | {sum(long.commits.values())} / {sum(short.commits.values())} "
            f"| {long.files} |"
        )
    yield ""
    last = found.long[-1]
    yield f"CPU of a daily run, long ÷ short history: {found.ratio:.2f} (at most {CPU_RATIO})"
    yield f"Months that got a file: {', '.join(sorted(last.months))} (open: {', '.join(sorted(found.open_months))})"
    for name in sorted(last.commits):
        yield f"- {name}: {last.commits[name]} commits, {', '.join(last.partitions[name]) or 'whole'}"


def compare(scenario: str, months: int, days: int, folder: Path) -> Compared:
    """Let both lakes grow, day by day."""
    with _simulator(scenario) as (url, told):
        _sign_in(url, told)
        last = datetime.fromisoformat(told["today"]).date()
        first = last - timedelta(days=days - 1)
        lakes = {"long": months, "short": 1}
        for name, complete in lakes.items():
            grown = folder / f"{name}-until-{first}"
            if not grown.exists():
                _grow(url, grown, complete, first - timedelta(days=1), date.fromisoformat(told["start"]))
            shutil.rmtree(folder / name, ignore_errors=True)
            shutil.copytree(grown, folder / name)
        runs: dict[str, list[DailyRun]] = {name: [] for name in lakes}
        for number in range(days):
            day = first + timedelta(days=number)
            _set_clock(url, day)
            for name, complete in lakes.items():
                runs[name].append(_daily(folder / name, complete, day))
    return Compared(scenario, (months, 1), runs["long"], runs["short"])


# --- one lake


def _grow(url: str, place: Path, complete: int, day: date, start: date) -> None:
    """What a lake holds after so many months: prices and inventory of each month's first day, and the bill."""
    moments = []
    month = day.replace(day=1)
    for _ in range(complete + 1):
        moments.append(max(month, start))
        month = (month - timedelta(days=1)).replace(day=1)
    for moment in sorted(set(moments)):
        if moment < day:
            _set_clock(url, moment)
            _child("inventory", place, complete, moment)
    _set_clock(url, day)
    _child("run", place, complete, day)


def _daily(place: Path, complete: int, day: date) -> DailyRun:
    before = _versions(place)
    told, cpu, memory = _child("run", place, complete, day)
    commits, partitions = {}, {}
    for name, version in _versions(place).items():
        made = version - before.get(name, -1)
        if made:
            commits[name] = made
            partitions[name] = sorted(set(_added(place / "lake" / name, before.get(name, -1), version)))
    files = sum(1 for _ in (place / "lake").glob("*/*/**/*.parquet"))
    return DailyRun(day, cpu, told["imports"], memory, told["calls"], commits, partitions, files)


def _versions(place: Path) -> dict[str, int]:
    return {
        str(log.parent.relative_to(place / "lake")): max(int(commit.stem) for commit in log.glob("*[0-9].json"))
        for log in (place / "lake").glob("*/*/_delta_log")
    }


def _added(table: Path, before: int, after: int) -> Iterator[str]:
    """The partition of each file that the commits after a version added."""
    for version in range(before + 1, after + 1):
        for line in (table / "_delta_log" / f"{version:020}.json").read_text().splitlines():
            action = json.loads(line).get("add")
            if action:
                yield from (unquote(value or "") for value in action["partitionValues"].values())


def _child(part: str, place: Path, complete: int, day: date) -> tuple[dict[str, Any], float, float]:
    """One program in a process of its own: what it told, its CPU and memory."""
    place.mkdir(parents=True, exist_ok=True)
    first = day.replace(day=1)
    for _ in range(complete):
        first = (first - timedelta(days=1)).replace(day=1)
    known = str(min((day - first).days, 400))  # metrics reach back as far as the bill, in both lakes
    history = {
        "FINOPS_COCKPIT_HISTORY_DAYS": known,
        "FINOPS_COCKPIT_REQUEST_HISTORY_DAYS": known,
    }
    process = subprocess.Popen(  # noqa: S603 (this project's module, arguments as a list)
        [sys.executable, "-m", "benchmarks.daily_parts", part, str(place), str(complete), str(day)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **history, "FINOPS_STATE": str(place / "state")},
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{part} of {place.name} on {day} ended with {process.returncode}")
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return told, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


# --- the pretend Scaleway


@contextmanager
def _simulator(scenario: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A simulator as a process of its own, and what it tells of itself."""
    command = [sys.executable, "-m", "simulator", "serve", "--scenario", scenario, "--port", "0", "--exit-with-stdin"]
    process = subprocess.Popen(  # noqa: S603 (this project's module, arguments as a list)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        url = process.stdout.readline().split()[-1]
        with urlopen(f"{url}/simulator/clock") as answer:  # noqa: S310 (our own server)
            yield url, json.load(answer)
    finally:
        process.stdin.close()
        process.wait(30)


def _sign_in(url: str, told: Mapping[str, Any]) -> None:
    from finops.demo import PretendScaleway

    PretendScaleway(url, told).sign_in()


def moment_of(day: date) -> datetime:
    """When the run of a day starts."""
    return datetime(day.year, day.month, day.day, HOUR, tzinfo=UTC)


def _set_clock(url: str, day: date) -> None:
    moment = moment_of(day).isoformat().replace("+00:00", "Z")
    body = json.dumps({"now": moment}).encode()
    request = Request(f"{url}/simulator/clock", body, {"Content-Type": "application/json"}, method="PUT")  # noqa: S310
    with urlopen(request):  # noqa: S310 (our own server)
        pass


if __name__ == "__main__":
    sys.exit(main())
