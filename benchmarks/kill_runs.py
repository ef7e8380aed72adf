"""Kill the small demo at many moments, run it again, and compare what is in the lake with an undisturbed run.

`python -m benchmarks.kill_runs --kills 20 --seed 1` prints a table and ends with 1 when a lake differs. Half of the
moments lie just before or just after a commit, chosen among all commits of a run; the other half at a random time.
Every run is a process of its own, forked from one that has imported everything, and dies by SIGKILL.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCENARIO = "small"
DIFFERENT = 1


@dataclass(frozen=True)
class Moment:
    """When a run dies: at the k-th commit, before or after it is made, or after some seconds."""

    kind: str
    commit: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"at {self.seconds:.2f} s" if self.kind == "time" else f"{self.kind} commit {self.commit}"


@dataclass(frozen=True)
class Verdict:
    """What a killed run left, and what the next run made of it."""

    label: str
    commits_left: int
    next_code: int
    different: Sequence[str]

    @property
    def is_good(self) -> bool:
        """The next run ends well and the lake holds what it would have held."""
        return self.next_code == 0 and not self.different


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every lake equals the undisturbed one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill_runs", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="how many runs are killed")
    parser.add_argument("--seed", type=int, default=1, help="chooses the moments")
    parser.add_argument(
        "--in-a-row", type=int, nargs="+", default=[], help="kill one lake's runs after so many commits"
    )
    options = parser.parse_args(arguments)
    _import_everything()
    with tempfile.TemporaryDirectory(prefix="kill-runs-") as folder:
        verdicts = kill_and_compare(Path(folder), options.kills, options.seed, options.in_a_row)
    bad = [verdict for verdict in verdicts if not verdict.is_good]
    sys.stdout.write(f"\n{len(verdicts) - len(bad)} of {len(verdicts)} lakes equal the undisturbed one\n")
    return DIFFERENT if bad else 0


def kill_and_compare(folder: Path, kills: int, seed: int, in_a_row: Sequence[int] = ()) -> list[Verdict]:
    """Run once undisturbed, then kill runs at each moment and let the next one finish."""
    started = time.perf_counter()
    code = run_demo(folder / "undisturbed", None)
    seconds = time.perf_counter() - started
    if code:
        raise SystemExit(
            f"the undisturbed run ended with {code}: {(folder / 'undisturbed' / 'log').read_text()[-1000:]}"
        )
    made, expected = commits_of(folder / "undisturbed"), fingerprints(folder / "undisturbed")
    sys.stdout.write(f"undisturbed: {made} commits, {len(expected)} tables compared, {seconds:.1f} s\n\n")
    sys.stdout.write(f"{'killed':<30} {'commits left':>12}  {'next run':<9} lake\n")
    verdicts = []
    for number, chosen in enumerate(_lakes(kills, seed, made, seconds, in_a_row)):
        verdict = _one(folder / f"killed-{number}", chosen, expected)
        shutil.rmtree(folder / f"killed-{number}", ignore_errors=True)
        told = "equal" if not verdict.different else f"DIFFERENT: {', '.join(verdict.different)}"
        sys.stdout.write(f"{verdict.label:<30} {verdict.commits_left:>12}  {f'exit {verdict.next_code}':<9} {told}\n")
        sys.stdout.flush()
        verdicts.append(verdict)
    return verdicts


def _lakes(kills: int, seed: int, made: int, seconds: float, in_a_row: Sequence[int]) -> list[list[Moment]]:
    """The kills of each lake: one each, or all of them on one."""
    if in_a_row:
        return [[Moment("after", commit) for commit in in_a_row]]
    return [[moment] for moment in moments(kills, seed, made, seconds)]


def moments(kills: int, seed: int, made: int, seconds: float) -> list[Moment]:
    """Half at commits and half at times, each spread over the whole run."""
    chance = random.Random(seed)  # noqa: S311 (moments, not secrets)
    chosen = sorted(chance.sample(range(1, made + 1), min(kills // 2, made)))
    times = kills - len(chosen)
    return [
        *(Moment(chance.choice(("before", "after")), commit) for commit in chosen),
        *(Moment("time", seconds=seconds * (slot + chance.random()) / times) for slot in range(times)),
    ]


def _one(folder: Path, chosen: Sequence[Moment], expected: dict[str, str]) -> Verdict:
    codes = [run_demo(folder, moment) for moment in chosen]
    left = commits_of(folder)
    next_code = run_demo(folder, None)
    found = fingerprints(folder)
    different = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    label = ", ".join(
        f"{moment}{'' if code == -signal.SIGKILL else ' (over)'}" for moment, code in zip(chosen, codes, strict=True)
    )
    return Verdict(label, left, next_code, different)


# --- runs


def _import_everything() -> None:
    """So that a fork starts at once; nothing here starts a thread."""
    from importlib import import_module

    for name in ("finops.cli", "finops.demo", "assets.runs", "assets.reports", "pipelines.reporting.monthly"):
        import_module(name)


def run_demo(folder: Path, moment: Moment | None) -> int:
    """The small demo in a process of its own; its exit code, or minus the signal it died by."""
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os._exit(_in_child(folder, moment))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _in_child(folder: Path, moment: Moment | None) -> int:
    os.setsid()
    os.chdir(folder)
    for name in [name for name in os.environ if name.startswith(("FINOPS_", "SCW_"))]:
        del os.environ[name]
    os.environ["FINOPS_STATE"] = str(folder / "state")
    with (folder / "log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    if moment is not None:
        _die_at(moment)
    from finops.cli import main as finops

    code = finops(["demo", "--scenario", SCENARIO, "--lake", str(folder / "lake"), "--out", str(folder / "out")])
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _die_at(moment: Moment) -> None:
    if moment.kind == "time":
        timer = threading.Timer(moment.seconds, _die)
        timer.daemon = True
        timer.start()
        return
    from importlib import import_module

    lake: Any = import_module("pipelines.lake.store").Lake
    write = lake._write
    made = 0

    def counting(*arguments: Any, **options: Any) -> None:
        nonlocal made
        made += 1
        if made == moment.commit and moment.kind == "before":
            _die()
        write(*arguments, **options)
        if made == moment.commit:
            _die()

    lake._write = counting


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# --- what a lake holds


def _catalog(folder: Path) -> Any:
    from assets.tables import open_catalog
    from pipelines.lake.address import parse_address
    from pipelines.lake.store import Lake

    return open_catalog(Lake(parse_address(str(folder / "lake"))))


def commits_of(folder: Path) -> int:
    """Commits of all tables together."""
    return len(list((folder / "lake").glob("*/*/_delta_log/*.json")))


def fingerprints(folder: Path) -> dict[str, str]:
    """Hash of every table's rows in silver and gold, of bronze's distinct answers, and of the rows they point at.

    It is worked out in a fork: DuckDB's threads must not be there when the next run is forked.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as out:
            out.writelines(f"{name} {value}\n" for name, value in _fingerprints(folder).items())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        lines = [(name, value) for name, value in map(str.split, told)]
    os.waitpid(child, 0)
    return dict(lines)


def _fingerprints(folder: Path) -> dict[str, str]:
    catalog = _catalog(folder)
    models = catalog.models.by_name
    found = {}
    for name in catalog.names():
        if (name in models and not models[name].is_stored) or catalog.state(name).delta is None:
            continue
        sql = f"select count(*)::varchar as line from {name}"
        if name not in DRAWN:
            sql = _rows_sql(name, catalog.state(name).schema.names)
        rows = catalog.query(sql)["line"].to_pylist()
        found[name] = hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()
    return found


DRAWN = frozenset({"bronze.pseudonym_salts"})
"""Drawn by chance once for each lake, so that two lakes have one each and never the same."""


def _rows_sql(table: str, columns: Sequence[str]) -> str:
    listed = ", ".join(f'"{column}"' for column in columns)
    if table.startswith("bronze."):
        return f"select distinct row({listed})::varchar as line from {table}"
    return f"select row({listed})::varchar as line from {table}"


if __name__ == "__main__":
    sys.exit(main())
