"""Let the storage fail in the middle of a write, and look at what is committed, what can be read and what is said.

`python -m benchmarks.storage_faults --cases 200 --seed 1` writes to a small table in a bucket of a real S3 server
through a proxy: a request of a chosen number, or each from it on, is answered by 500, 503 or SlowDown, is cut in the
middle of the upload, is done and its answer lost, carries bytes whose checksum is wrong, or has its answer cut short. A
folder fails by a full disk, a limit on the size of files, or because it is read-only. Afterwards the table holds the
rows before or those after, all files are what was written, an error says what is wrong with which table and what to do,
and the same write once more leaves each row once. Ends with 1 where that is not so.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import structlog
from deltalake.exceptions import DeltaError

from benchmarks.reliability_page import Section, add_option, report
from benchmarks.storage_proxy import Fault, ProxyProcess, kinds_of
from benchmarks.storage_server import in_bucket, s3_server
from benchmarks.storage_tables import OPERATIONS, Table, begun, in_failing_folder
from pipelines.errors import FinopsError, LakeUnavailable
from pipelines.lake.store import Lake

FOLDER_KINDS = ("disk full", "file too large", "read-only")
PATIENCE = {"max_retries": "2", "retry_timeout": "3s", "timeout": "5s"}
"""Less than by default, so that an outage is over in seconds; a real run retries ten times."""


@dataclass(frozen=True)
class Case:
    """One write that met a fault: what was said, and what is wrong with what it left."""

    place: str
    operation: str
    kind: str
    is_met: bool
    said: str
    is_new: bool
    wrong: Sequence[str]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing wrong is ever committed, and every error says what to do."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storage_faults", description=__doc__)
    parser.add_argument("--cases", type=int, default=200, help="a quarter of them in a folder")
    parser.add_argument("--seed", type=int, default=1, help="chooses writes, requests and faults")
    parser.add_argument("--places", nargs="+", choices=("folder", "s3"), default=["folder", "s3"])
    add_option(parser)
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    chance = random.Random(options.seed)  # noqa: S311 (faults, not secrets)
    cases: list[Case] = []
    in_folder = options.cases // 4 if "s3" in options.places else options.cases
    with tempfile.TemporaryDirectory(prefix="storage-faults-") as name:
        if "folder" in options.places:  # first, while nothing here has a thread
            cases += in_folders(Path(name), in_folder, chance)
        if "s3" in options.places:
            cases += in_buckets(options.cases - len(cases), chance)
    for case in (case for case in cases if case.wrong):
        sys.stdout.write(f"{case}\n")
    command = f"python -m benchmarks.storage_faults --cases {options.cases} --seed {options.seed}"
    report(options, Section("Faults of the storage", command, [*page(cases, options.seed)]))
    return 1 if any(case.wrong for case in cases) else 0


def in_folders(folder: Path, count: int, chance: random.Random) -> Iterator[Case]:
    """So many writes to a folder that fails."""
    for number in range(count):
        kind, operation = chance.choice(FOLDER_KINDS), chance.choice([*OPERATIONS])
        place = folder / str(number)
        said, is_new, wrong = in_failing_folder(place, kind, operation, chance.randrange(24))
        wrong += words_missing(said)
        yield Case("folder", operation, kind, bool(said), said.replace(str(place), "LAKE"), is_new, wrong)


def in_buckets(count: int, chance: random.Random) -> Iterator[Case]:
    """So many writes to a bucket behind the proxy, each to a table of its own."""
    with s3_server() as access:
        proxy = ProxyProcess(access.endpoint_url)
        try:
            usual = {}
            for name in OPERATIONS:
                table = begun(in_bucket(access, f"usual-{name}"), in_bucket(access, f"usual-{name}", proxy.url))
                proxy.begin(None)
                table.do(name)
                usual[name], _ = proxy.begin(None)
            for number in range(count):
                operation = chance.choice([*OPERATIONS])
                prefix = f"case-{number}"
                table = begun(in_bucket(access, prefix), in_bucket(access, prefix, proxy.url))
                request = a_request(chance, usual[operation])
                kind = chance.choice(kinds_of(usual[operation][request]))
                fault = Fault(request + 1, kind, stays=chance.random() < 0.4)
                yield in_bucket_once(table, operation, proxy, fault)
        finally:
            proxy.close()


def a_request(chance: random.Random, methods: Sequence[str]) -> int:
    """One of a write's requests: mostly one that stores something, though those that only ask are more."""
    storing = [number for number, method in enumerate(methods) if method in ("PUT", "POST")]
    return chance.choice(storing if storing and chance.random() < 0.75 else range(len(methods)))


def in_bucket_once(table: Table, operation: str, proxy: ProxyProcess, fault: Fault) -> Case:
    """One write while the fault is there, and what it left when it is gone."""
    proxy.begin(fault)
    said = told_by(lambda: table.do(operation, PATIENCE))
    _, spoiled = proxy.begin(None)
    is_new, wrong = table.judged(operation, said)
    kind = f"{fault.kind}, from then on" if fault.stays else fault.kind
    return Case("s3", operation, kind, bool(spoiled), said, is_new, wrong + words_missing(said))


def told_by(work: Callable[[], Lake | None]) -> str:
    """What an error says; empty without one."""
    try:
        work()
    except FinopsError as error:
        return f"{error.exit_code} {error}"
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, DeltaError, duckdb.Error) as error:
        return f"? {type(error).__name__}: {error}"
    return ""


def words_missing(said: str) -> list[str]:
    """What an error of the lake lacks: its exit code, the table, what to do, one line."""
    if not said:
        return []
    code, _, line = said.partition(" ")
    found = []
    if code != str(LakeUnavailable.exit_code):
        found.append(f"ended with {code}")
    if not line.startswith("silver.things"):
        found.append("names no table")
    if "run again" not in line or "\n" in line:
        found.append("says not what to do, or in several lines")
    return [f"{each}: {line}" for each in found]


def page(cases: Sequence[Case], seed: int) -> Iterator[str]:
    """The counts as Markdown."""
    passed = sum(not case.wrong for case in cases)
    yield f"{passed} of {len(cases)} writes left nothing wrong; {sum(case.is_met for case in cases)} met their fault."
    yield f"Retries are fewer than in a real run, so that outages end soon. Seed {seed}."
    yield ""
    yield "| Lake | Fault | Cases | Met | Written all the same | Error, rows as before | Error, new rows | Passed |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    for place, kind in sorted({(case.place, case.kind) for case in cases}):
        own = [case for case in cases if (case.place, case.kind) == (place, kind)]
        done = sum(not case.said for case in own)
        before = sum(bool(case.said) and not case.is_new for case in own)
        made = sum(bool(case.said) and case.is_new for case in own)
        passed = sum(not case.wrong for case in own)
        met = sum(case.is_met for case in own)
        yield f"| {place} | {kind} | {len(own)} | {met} | {done} | {before} | {made} | {passed} |"
    yield ""
    yield "What is said, one of each fault that ended a write:"
    yield ""
    for place, kind in sorted({(case.place, case.kind) for case in cases}):
        said = next((case.said for case in cases if (case.place, case.kind) == (place, kind) and case.said), "")
        if said:
            yield f"- {place}, {kind}: `{said.partition(' ')[2].replace('`', '')}`"


if __name__ == "__main__":
    sys.exit(main())
