"""Let several processes change one partition at once, again and again, and count what is there in the end.

`python -m benchmarks.writers --writers 8 --rounds 200` starts so many processes. Each reads the partition, adds its
row and overwrites the partition from the version it read, as often as it has rounds; where another writer was first it
reads again. Once in a folder, once in a bucket of a real S3 server, where a conditional PUT decides. Ends with 1 where
a row is missing or is there twice, or there are more versions than rows.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import structlog

from benchmarks.reliability_page import Section, add_option, report
from benchmarks.storage_server import in_bucket, s3_server
from pipelines.lake.address import Address, parse_address
from pipelines.lake.amending import amend
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable

MONTH = "2026-10"
TABLE = PythonTable(
    "gold.written_by_many",
    "One row for each writer and round.",
    pa.schema([("writer", pa.int64()), ("round", pa.int64()), ("billing_month", pa.string())]),
    "billing_month",
)
MOST_ATTEMPTS = 1000


@dataclass(frozen=True)
class Outcome:
    """What became of all rounds in one place."""

    place: str
    writers: int
    rounds: int
    rows: int
    distinct: int
    versions: int
    attempts: int
    most_attempts: int
    cpu: float
    seconds: float

    @property
    def wanted(self) -> int:
        """One row for each round of each writer."""
        return self.writers * self.rounds

    @property
    def is_good(self) -> bool:
        """Each row is there once, and each made one version."""
        return self.rows == self.distinct == self.versions == self.wanted


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when no row is lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writers", description=__doc__)
    parser.add_argument("--writers", type=int, default=8, help="processes at once (8)")
    parser.add_argument("--rounds", type=int, default=200, help="rows that each adds (200)")
    parser.add_argument("--places", nargs="+", choices=("folder", "s3"), default=["folder", "s3"])
    add_option(parser)
    options = parser.parse_args(arguments)
    outcomes = []
    for place in options.places:
        with _address(place) as address:
            outcomes.append(write_all(place, address, options.writers, options.rounds))
    command = f"python -m benchmarks.writers --writers {options.writers} --rounds {options.rounds}"
    report(options, Section("Several writers at once", command, [*page(outcomes)]))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def write_all(place: str, address: Address, writers: int, rounds: int) -> Outcome:
    """Start the writers, wait for them, and count."""
    started, before = time.perf_counter(), os.times()
    context = multiprocessing.get_context("spawn")
    with context.Pool(writers, _quiet) as pool:
        told = pool.starmap(write_some, [(address, number, rounds) for number in range(writers)], chunksize=1)
        pool.close()
        pool.join()
    seconds, after = time.perf_counter() - started, os.times()
    state = Lake(address).state(TABLE.name)
    assert state.delta is not None
    rows = state.delta.to_pyarrow_table().select(["writer", "round"]).to_pylist()
    return Outcome(
        place,
        writers,
        rounds,
        len(rows),
        len({(row["writer"], row["round"]) for row in rows}),
        state.version + 1,
        sum(attempts for attempts, _ in told),
        max(most for _, most in told),
        after.children_user + after.children_system - before.children_user - before.children_system,
        seconds,
    )


def write_some(address: Address, writer: int, rounds: int) -> tuple[int, int]:
    """All rounds of one writer; attempts altogether, and the most that one round took."""
    lake, attempts = Lake(address), []
    for number in range(rounds):
        row = pa.Table.from_pylist([{"writer": writer, "round": number, "billing_month": MONTH}], schema=TABLE.schema)
        attempts.append(amend(lake, TABLE, MONTH, partial(_with, row), MOST_ATTEMPTS))
    return sum(attempts), max(attempts)


def _with(row: pa.Table, rows: pa.Table) -> pa.Table:
    return pa.concat_tables([rows, row])


def page(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A table for people, in Markdown."""
    yield "Each process reads the partition, adds one row and overwrites the partition from the version it read."
    yield "The first to commit wins; who lost reads again, after a wait of random length."
    yield ""
    yield (
        "| Lake | Writers | Rounds each | Rows wanted | Rows | Different rows | Versions | Attempts | Most for a row "
        "| CPU | Time | Passed |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"
    for each in outcomes:
        yield (
            f"| {each.place} | {each.writers} | {each.rounds} | {each.wanted:,} | {each.rows:,} | {each.distinct:,} "
            f"| {each.versions:,} | {each.attempts:,} | {each.most_attempts} | {each.cpu:.0f} s | {each.seconds:.0f} s "
            f"| {'yes' if each.is_good else '**no**'} |"
        )


@contextmanager
def _address(place: str) -> Iterator[Address]:
    if place == "s3":
        with s3_server() as access:
            yield in_bucket(access, "writers")
        return
    with tempfile.TemporaryDirectory(prefix="writers-") as folder:
        yield parse_address(folder)


def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


if __name__ == "__main__":
    sys.exit(main())
