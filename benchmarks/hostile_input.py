"""Give every reader generated and mutated input, and look what becomes of it.

`python -m benchmarks.hostile_input --cases 10000 --seed 1` spreads the cases over all readers: answers of Scaleway's
API, of Cockpit and of Object Storage, bills, business numbers, settings, logs and series. Each case is accepted (all
records accounted for), or refused with one line; anything else is a failure: another exception, a case that hangs, one
that takes more memory than its bound, a record lost or doubled. Failures are printed with what repeats them (`--reader
NAME --only N`), and the program ends with 1. `--write PAGE` puts the figures into a page.
"""

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import cycle, islice
from pathlib import Path

import structlog

from benchmarks.hostile_api import api_readers
from benchmarks.hostile_case import FAILED, Reader, Tally
from benchmarks.hostile_files import file_readers
from benchmarks.hostile_run import MEBIBYTES, SECONDS, outcomes
from benchmarks.hostile_silver import silver_readers
from benchmarks.hostile_telemetry import storage_readers, telemetry_readers
from benchmarks.hostile_texts import text_readers
from benchmarks.pages import table, write_section

_HEADER = ("Reader", "Cases", "Accepted", "Refused", "Failed", "Received", "Kept", "Set apart", "Longest s", "Most MiB")
_SHOWN = 40


@cache
def all_readers() -> Mapping[str, Reader]:
    """Every reader by its name."""
    found = [
        *api_readers(),
        *telemetry_readers(),
        *storage_readers(),
        *file_readers(),
        *text_readers(),
        *silver_readers(),
    ]
    return {reader.name: reader for reader in found}


def _be_quiet() -> None:
    """Retries are logged by the thousand; what failed is told once, by this program."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when no case failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile_input", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="over all readers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reader", action="append", help="only readers whose name begins so; repeatable")
    parser.add_argument("--only", type=int, help="only the case of this number")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the figures into this page")
    options = parser.parse_args(arguments)
    _be_quiet()
    tallies, failed = run(options.cases, options.seed, tuple(options.reader or ()), options.only)
    rows = [(name, *tally.row) for name, tally in tallies.items()]
    text = report(rows, sum(tally.cases for tally in tallies.values()), failed, options.seed)
    sys.stdout.write(text)
    if options.write:
        write_section(options.write, "Security", "hostile input", text)
    return 1 if failed else 0


def run(
    cases: int, seed: int, chosen: tuple[str, ...] = (), only: int | None = None
) -> tuple[Mapping[str, Tally], int]:
    """The tally of each reader, and how many cases failed; each failure is printed as it comes."""
    names = [name for name in all_readers() if not chosen or name.startswith(chosen)]
    turns = cycle(name for name in names for _ in range(all_readers()[name].weight))
    shares = Counter(islice(turns, cases))
    numbered = [(name, number) for name in names for number in range(shares[name])]
    wanted = [(name, only) for name in names] if only is not None else numbered
    tallies = {name: Tally() for name in names}
    failed = 0
    for outcome in outcomes(all_readers, wanted, seed):
        tallies[outcome.reader].add(outcome)
        if only is not None:
            sys.stderr.write(f"{outcome.kind}: {outcome.told or outcome.counts}\n")
        elif outcome.kind == FAILED:
            failed += 1
            if failed <= _SHOWN:
                again = f"--seed {seed} --reader {outcome.reader} --only {outcome.case}"
                sys.stderr.write(f"FAILED {again}: {outcome.told}\n")
    return tallies, failed


def report(rows: Sequence[Sequence[object]], cases: int, failed: int, seed: int) -> str:
    """The figures in Markdown."""
    return f"""
## Hostile input

`python -m benchmarks.hostile_input --cases {cases} --seed {seed}` gives every reader generated and mutated input:
unknown words, null, huge, negative and impossible numbers and times, deep nesting, broken UTF-8, damaged and
truncated files, wrong statuses and lengths, gzip that unpacks to a gigabyte, a gigabyte of spaces. A case is accepted
when every record is accounted for (kept + set apart = received), or refused with one line that names the remedy. It
fails by any other exception, by more than {SECONDS:.0f} s, by more than {MEBIBYTES:,} MiB on top of its process, or by
a record that is lost or doubled.

**{cases:,} cases, {cases - failed:,} passed, {failed} failed.**

{table(_HEADER, rows)}
"""


if __name__ == "__main__":
    raise SystemExit(main())
