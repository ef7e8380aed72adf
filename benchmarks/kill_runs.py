"""Kill runs at many moments, run again, and compare what is in the lake with an undisturbed run.

`python -m benchmarks.kill_runs --kills 500 --seed 1` takes every asset of the graph in turn, from the reading of the
bill to the register of mails: the process that makes it dies by SIGKILL at a commit, while a data file is written or at
any time; another process makes it again, or, for `--wholes` of the cases, runs the whole daily job. Readers look at the
tables meanwhile and must see what was there before or what is there after. `--demos` also kills so many runs of the
small demo, which begins with an empty lake. Ends with 1 when a table differs or a reader saw anything else.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.kill_assets import Case, Killed, kill_assets
from benchmarks.kill_demo import Verdict, kill_demos
from benchmarks.reliability_page import Section, add_option, report

DIFFERENT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every lake equals the undisturbed one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill_runs", description=__doc__)
    parser.add_argument("--kills", type=int, default=500, help="how often the making of an asset is killed (500)")
    parser.add_argument("--wholes", type=int, default=10, help="after how many of them the whole job is run (10)")
    parser.add_argument("--demos", type=int, default=0, help="how many runs of the small demo are killed (0)")
    parser.add_argument("--seed", type=int, default=1, help="chooses the moments")
    parser.add_argument(
        "--in-a-row", type=int, nargs="+", default=[], help="only kill one demo's runs, after so many commits each"
    )
    add_option(parser)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kill-runs-") as name:
        folder, killed, verdicts = Path(name), Killed((), 0, 0, 0), []
        if options.kills and not options.in_a_row:
            (folder / "assets").mkdir()
            killed = kill_assets(folder / "assets", options.kills, options.seed, options.wholes)
        if options.demos or options.in_a_row:
            verdicts = kill_demos(folder / "demos", options.demos, options.seed, options.in_a_row)
    command = f"python -m benchmarks.kill_runs --kills {options.kills} --wholes {options.wholes} --seed {options.seed}"
    report(options, Section("Killed runs", command, [*page(killed, verdicts, options.seed)]))
    good = all(case.is_good for case in killed.cases) and all(verdict.is_good for verdict in verdicts)
    return 0 if good else DIFFERENT


def page(killed: Killed, verdicts: Sequence[Verdict], seed: int) -> Iterator[str]:
    """The counts as Markdown."""
    if killed.cases:
        yield from _of_assets(killed, seed)
    if verdicts:
        equal = sum(verdict.is_good for verdict in verdicts)
        yield ""
        yield f"The small demo, killed on its way from an empty lake: {equal} of {len(verdicts)} equal, seed {seed}."


def _of_assets(killed: Killed, seed: int) -> Iterator[str]:
    cases = killed.cases
    looks, changes = sum(case.seen.looks for case in cases), sum(case.seen.changes for case in cases)
    wrong = sum(len(case.seen.wrong) for case in cases)
    yield (
        f"An account is read on a later day, {killed.units} steps of the graph one by one, each killed and made again; "
        f"they write {killed.changed} tables anew. Compared are the rows of every table and the reports. Seed {seed}."
    )
    yield ""
    yield "| Killed | Cases | Died there | Over before | Lakes equal in the end |"
    yield "|---|--:|--:|--:|--:|"
    for kind, told in (
        ("before a commit", "before"),
        ("after a commit", "after"),
        ("while a data file is written", "in file"),
        ("at any time", "time"),
    ):
        yield _row(kind, [case for case in cases if case.moment.kind == told])
    yield _row("all", cases)
    yield ""
    wholes = [case for case in cases if case.is_whole]
    yield f"After {len(wholes)} of them the whole daily job ran: {sum(case.is_good for case in wholes)} are equal."
    yield f"Different steps killed: {len({case.unit for case in cases})} of {killed.units}."
    yield f"Readers looked {looks:,} times and saw {changes:,} changes; neither old nor new: {wrong}."
    lost = Counter(name for case in cases for name in case.different)
    yield f"Tables or reports that differ: {', '.join(sorted(lost)) or 'none'}."


def _row(kind: str, cases: Sequence[Case]) -> str:
    died = sum(case.was_killed for case in cases)
    return f"| {kind} | {len(cases)} | {died} | {len(cases) - died} | {sum(case.is_good for case in cases)} |"


if __name__ == "__main__":
    sys.exit(main())
