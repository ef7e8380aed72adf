"""Kill the small demo, from an empty lake on, run it again, and compare what is in the lake with an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kill_account import KILLED
from benchmarks.kill_moments import Counted, Moment
from benchmarks.kill_readers import fingerprints

SCENARIO = "small"


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


def kill_demos(folder: Path, kills: int, seed: int, in_a_row: Sequence[int] = ()) -> list[Verdict]:
    """Run once undisturbed, then kill runs at each moment and let the next one finish.

    With `in_a_row` one lake's runs die after so many commits each.
    """
    _import_everything()
    started = time.perf_counter()
    code = run_demo(folder / "undisturbed", None)
    seconds = time.perf_counter() - started
    if code:
        raise SystemExit(
            f"the undisturbed run ended with {code}: {(folder / 'undisturbed' / 'log').read_text()[-1000:]}"
        )
    made, expected = commits_of(folder / "undisturbed"), fingerprints(folder / "undisturbed" / "lake")
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
    found = fingerprints(folder / "lake")
    different = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    label = ", ".join(
        f"{moment}{'' if code == KILLED else ' (over)'}" for moment, code in zip(chosen, codes, strict=True)
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
    Counted(moment)
    from finops.cli import main as finops

    code = finops(["demo", "--scenario", SCENARIO, "--lake", str(folder / "lake"), "--out", str(folder / "out")])
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def commits_of(folder: Path) -> int:
    """Commits of all tables together."""
    return len(list((folder / "lake").glob("*/*/_delta_log/*.json")))
