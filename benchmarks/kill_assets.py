"""Kill the making of every asset, make it again, and compare what is there with what an undisturbed run left.

An account is read on a first day and then, asset by asset in the order of the graph, on a later one; the lake is kept
as it was before each. A case starts from there: the process that makes the asset is killed at a chosen moment, and
another makes it again, or runs the whole daily job. Readers look at the tables all the while.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kill_account import KILLED, Account, Unit, account, versions_of
from benchmarks.kill_moments import Course, Moment, a_moment
from benchmarks.kill_readers import NOTHING, Reader, Seen, fingerprints, versions_between


@dataclass(frozen=True)
class Step:
    """The making of one unit without disturbance: what it did, and what there was before and after."""

    unit: Unit
    course: Course
    kept: Path
    versions: Mapping[str, int]
    after: Mapping[str, str]
    allowed: Mapping[str, set[str]]
    reports: Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """A kill: where, when, what was made again afterwards, what differs, and what readers saw meanwhile."""

    unit: str
    moment: Moment
    was_killed: bool
    is_whole: bool
    next_code: int
    different: Sequence[str]
    seen: Seen

    @property
    def is_good(self) -> bool:
        """What is there in the end is what would have been there, and nobody saw anything else but old or new."""
        return self.next_code == 0 and not self.different and not self.seen.wrong


@dataclass(frozen=True)
class Killed:
    """All cases, and how much of the graph they are about."""

    cases: Sequence[Case]
    units: int
    tables: int
    changed: int


def kill_assets(folder: Path, kills: int, seed: int, wholes: int) -> Killed:
    """So many kills, spread evenly over the units; after `wholes` of them the whole daily job is run."""
    reader = Reader()
    with account(folder) as opened:
        opened.grow()
        steps, final = _undisturbed(opened, folder)
        chance = random.Random(seed)  # noqa: S311 (moments, not secrets)
        chosen = [steps[number % len(steps)] for number in range(kills)]
        chance.shuffle(chosen)
        of_the_job = [number for number, step in enumerate(chosen) if step.unit.job == "build"]
        whole = set(chance.sample(of_the_job, min(wholes, len(of_the_job))))
        cases = []
        for number, step in enumerate(chosen):
            case = _one(opened, step, a_moment(chance, step.course), final if number in whole else None, reader)
            cases.append(case)
            _tell(number, case)
    reader.close()
    return Killed(cases, len(steps), len(final), sum(len(step.allowed) for step in steps))


def _undisturbed(opened: Account, folder: Path) -> tuple[list[Step], Mapping[str, str]]:
    """Make each unit once; and once all of them in one run, which must leave the same."""
    opened.keep(folder / "old")
    found = fingerprints(opened.lake)
    steps: list[Step] = []
    kept, versions = folder / "old", versions_of(opened.lake)
    changed: list[str] = []
    for number, unit in enumerate(opened.units()):
        if changed or unit.job != "build":
            kept, versions = folder / "before" / str(number), versions_of(opened.lake)
            opened.keep(kept)
        ended = opened.run(unit)
        if ended.code:
            raise SystemExit(f"{unit.name} ended with {ended.code} undisturbed: {_end_of(opened.folder / 'log')}")
        changed = _changed(versions, versions_of(opened.lake))
        between = versions_between(opened.lake, versions, changed) if changed else {}
        allowed = {name: {found.get(name, NOTHING), *between[name]} for name in changed}
        found = found | fingerprints(opened.lake, changed) if changed else found
        steps.append(Step(unit, ended.course, kept, versions, found, allowed, _reports(opened)))
    opened.put_back(folder / "old")
    if opened.run_whole().code:
        raise SystemExit(f"the whole run ended badly undisturbed: {_end_of(opened.folder / 'log')}")
    final = fingerprints(opened.lake)
    by_unit = {name: value for name, value in found.items() if name in final}
    if different := [name for name in final if by_unit.get(name) != final[name]]:
        raise SystemExit(f"made one by one, other tables come out: {', '.join(different)}")
    sys.stdout.write(f"undisturbed: {len(steps)} units, {len(final)} tables\n")
    return steps, final


def _one(opened: Account, step: Step, moment: Moment, final: Mapping[str, str] | None, reader: Reader) -> Case:
    """From the lake before a unit: a killed run, then another, of the unit or of everything."""
    opened.put_back(step.kept)
    reader.watch(opened.lake, {} if final else step.allowed)
    killed = opened.run(step.unit, moment)
    again = opened.run_whole() if final else opened.run(step.unit)
    seen = reader.stop()
    if final:
        found, wanted = fingerprints(opened.lake), final
        different = [name for name in wanted if found.get(name) != wanted[name]]
    else:
        changed = {*_changed(step.versions, versions_of(opened.lake)), *step.allowed}
        found = fingerprints(opened.lake, sorted(changed)) if changed else {}
        different = [name for name, value in found.items() if step.after.get(name, NOTHING) != value]
        reports, wanted = _reports(opened), step.reports
        different += [name for name in {*reports, *wanted} if reports.get(name) != wanted.get(name)]
    return Case(step.unit.name, moment, killed.code == KILLED, final is not None, again.code, sorted(different), seen)


def _changed(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    return sorted(name for name, version in after.items() if before.get(name) != version)


def _reports(opened: Account) -> dict[str, str]:
    """Hash of each report; an e-mail draws the borders of its parts by chance, so it need only be there."""
    folder = opened.folder / "reports"
    return {
        str(path.relative_to(folder)): "" if path.suffix == ".eml" else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _tell(number: int, case: Case) -> None:
    told = "equal" if not case.different else f"DIFFERENT: {', '.join(case.different)}"
    wrong = f"; SEEN: {', '.join(case.seen.wrong[:3])}" if case.seen.wrong else ""
    over = "" if case.was_killed else " (over)"
    then = "whole run" if case.is_whole else "made again"
    sys.stdout.write(
        f"{number + 1:>4}  {case.unit:<36} {f'{case.moment}{over}':<26} {then}, exit {case.next_code}: {told}; "
        f"{case.seen.looks} looks{wrong}\n"
    )
    sys.stdout.flush()


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
