"""Run the same day again, and read days in any order, and look for a row or a version that should not be there.

`python -m benchmarks.idempotence --times 5 --orders 2 --seed 1` reads a small account on two days. The run of the
second is repeated until it ran so often: every table must hold the same rows, and no table may get a new version. Then,
for each order, the sources are read on the days between in a random order before that run: every table of silver and
gold must hold what it holds when the days come in their order, but for what tells of a reading itself. Ends with 1
where that is not so.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks.kill_account import NEW, OLD, Account, account, versions_of
from benchmarks.kill_readers import fingerprints
from benchmarks.reliability_page import Section, add_option, report

OF_READING = frozenset({"gold.data_freshness"})
"""When each source was asked, and how often: another in every order of days."""


@dataclass(frozen=True)
class Outcome:
    """What one more run, or one order of days, left that it should not have."""

    what: str
    compared: int
    different: Sequence[str]
    new_versions: Sequence[str]

    @property
    def is_good(self) -> bool:
        """Nothing."""
        return not self.different and not self.new_versions


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when a run more changes nothing and the order of days does not count."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idempotence", description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="how often the same day is run (5)")
    parser.add_argument("--orders", type=int, default=2, help="how many orders of days are tried (2)")
    parser.add_argument("--seed", type=int, default=1, help="chooses the orders")
    add_option(parser)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="idempotence-") as name, account(Path(name)) as opened:
        opened.grow()
        opened.keep(Path(name) / "old")
        outcomes = [*_again(opened, options.times)]
        outcomes += _in_orders(opened, Path(name) / "old", options.orders, options.seed)
    command = (
        f"python -m benchmarks.idempotence --times {options.times} --orders {options.orders} --seed {options.seed}"
    )
    report(options, Section("The same again", command, [*page(outcomes, options.seed)]))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _again(opened: Account, times: int) -> Iterator[Outcome]:
    """The same day once, then again and again."""
    _run(opened)
    first = fingerprints(opened.lake)
    for number in range(2, times + 1):
        before = versions_of(opened.lake)
        _run(opened)
        after = versions_of(opened.lake)
        new = sorted(name for name, version in after.items() if before.get(name) != version)
        yield Outcome(f"run {number} of the same day", len(first), _differing(first, fingerprints(opened.lake)), new)


def _in_orders(opened: Account, old: Path, orders: int, seed: int) -> Iterator[Outcome]:
    """The days between read in their order, and in others."""
    if not orders:
        return
    days = [OLD + timedelta(days=number) for number in range(1, (NEW - OLD).days)]
    wanted = _read_in(opened, old, days)
    chance = random.Random(seed)  # noqa: S311 (orders, not secrets)
    for _ in range(orders):
        order = chance.sample(days, len(days))
        told = ", ".join(f"{day:%d}" for day in order)
        yield Outcome(f"days {told}", len(wanted), _differing(wanted, _read_in(opened, old, order)), [])


def _read_in(opened: Account, old: Path, days: Sequence[date]) -> Mapping[str, str]:
    """What silver and gold hold after the sources were read on these days, in this order, and then the last one."""
    opened.put_back(old)
    for day in days:
        opened.set_day(day)
        if code := opened.read_sources(day).code:
            raise SystemExit(f"the reading of {day} ended with {code}")
    opened.set_day(NEW)
    _run(opened)
    found = fingerprints(opened.lake)
    return {name: told for name, told in found.items() if not name.startswith("bronze.") and name not in OF_READING}


def _run(opened: Account) -> None:
    if code := opened.run_whole().code:
        raise SystemExit(f"the run ended with {code}: {(opened.folder / 'log').read_text()[-1000:]}")


def _differing(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))


def page(outcomes: Sequence[Outcome], seed: int) -> Iterator[str]:
    """The outcomes as Markdown."""
    yield f"Passed: {sum(each.is_good for each in outcomes)} of {len(outcomes)}; orders of days by seed {seed}."
    yield ""
    yield "| What | Tables compared | Other rows | New versions |"
    yield "|---|--:|---|---|"
    for each in outcomes:
        different, new = (", ".join(names) or "none" for names in (each.different, each.new_versions))
        yield f"| {each.what} | {each.compared} | {different} | {new} |"


if __name__ == "__main__":
    sys.exit(main())
