"""Flip bits in the files of a lake, delete others, and see whether `finops lake check` finds them and what is saved.

`python -m benchmarks.flipped_bits --cases 1000 --seed 1` makes a lake of some tables with a history, and damages a copy
of one table in each case: one bit of a data file, a commit, a checkpoint, the pointer to it or a seal is flipped, a
stretch of such a file is written over, or it is deleted. Each must be found by the file's name, and nothing else may be
complained of. Then the table is repaired: its rows are what they were, or it was said what is lost. Ends with 1 where a
damage was not found, something else was complained of, or rows differ without a word.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import structlog

from benchmarks.reliability_page import Section, add_option, report
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.integrity import check_table
from pipelines.lake.repairing import repair
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables import PythonTable

SCHEMA = pa.schema([("cost", pa.decimal128(38, 12)), ("name", pa.string()), ("billing_month", pa.string())])
TABLES = {
    name: PythonTable(name, "", SCHEMA, "billing_month")
    for name in ("bronze.appended", "silver.replaced", "gold.merged")
}
MONTHS = ("2026-08", "2026-09", "2026-10")
SAME, BACK, SAID, SILENT = "as it was", "an earlier version, as said", "what is lost is said", "**differs, not said**"
STRETCH = 64


@dataclass(frozen=True)
class Case:
    """One damage: its kind and file, whether exactly it was found, and what the repair made of the table."""

    kind: str
    file: str
    is_found: bool
    others: Sequence[str]
    repaired: str

    @property
    def is_good(self) -> bool:
        """Found, nothing else complained of, and nothing lost in silence."""
        return self.is_found and not self.others and self.repaired != SILENT


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all damages are found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flipped_bits", description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="chooses files and bits")
    add_option(parser)
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="flipped-bits-") as name:
        cases = damage_and_check(Path(name), options.cases, options.seed)
    for case in (case for case in cases if not case.is_good):
        sys.stdout.write(f"{case}\n")
    command = f"python -m benchmarks.flipped_bits --cases {options.cases} --seed {options.seed}"
    report(options, Section("Flipped bits and lost files", command, [*page(cases, options.seed)]))
    return 0 if cases and all(case.is_good for case in cases) else 1


def damage_and_check(folder: Path, count: int, seed: int) -> list[Case]:
    """So many cases, each on a fresh copy of a table."""
    make_lake(folder / "whole")
    chance = random.Random(seed)  # noqa: S311 (damages, not secrets)
    for name in TABLES:
        if problems := _problems(folder / "whole", name):
            raise SystemExit(f"the lake is not whole before it is damaged: {'; '.join(problems)}")
    rows = {name: rows_of(folder / "whole", name) for name in TABLES}
    return [_one(folder, chance.choice([*TABLES]), chance, rows) for _ in range(count)]


def make_lake(folder: Path) -> None:
    """Three tables: one that is appended to, past a checkpoint; one whose partitions are replaced; one with merges."""
    lake, chance = Lake(parse_address(str(folder))), random.Random(0)  # noqa: S311 (rows)
    for number in range(13):
        month = MONTHS[number % 3]
        lake.append("bronze.appended", _rows(chance, month, 40), {month: f"{number}"}, "billing_month")
    for number in range(12):
        month = MONTHS[number % 3]
        lake.replace("silver.replaced", _rows(chance, month, 60), {month: PartitionState(f"{number}")}, "billing_month")
    for number in range(9):
        lake.append("gold.merged", _rows(chance, MONTHS[number % 2], 20), {MONTHS[number % 2]: "h"}, "billing_month")
    lake.settle("gold.merged")


def rows_of(folder: Path, name: str) -> str:
    """Hash of the rows of a table."""
    rows = _catalog(folder).query(f"select cost, name, billing_month from {name} order by all").to_pylist()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _one(folder: Path, name: str, chance: random.Random, rows: dict[str, str]) -> Case:
    place = folder / "damaged"
    shutil.rmtree(place, ignore_errors=True)
    table = place / name.replace(".", "/")
    shutil.copytree(folder / "whole" / name.replace(".", "/"), table, copy_function=os.link)
    kind, path = _damaged(table, name, chance)
    file = str(path.relative_to(table))
    problems = _problems(place, name)
    named = [each for each in problems if each.startswith(f"{file} ")]
    others = [each for each in problems if each not in named]
    return Case(kind, file, bool(named), others, _repaired(place, name, rows[name]))


def _damaged(table: Path, name: str, chance: random.Random) -> tuple[str, Path]:
    """Damage one file; how it is called."""
    current = {Path(uri) for uri in Lake(parse_address(str(table.parents[1]))).state(name).files()}
    log = sorted(path for path in (table / "_delta_log").iterdir())
    kinds = {
        "a data file": sorted(table.glob("*/*.parquet")),
        "a commit": [path for path in log if path.suffix == ".json"],
        "a checkpoint": [path for path in log if path.suffix == ".parquet"],
        "a pointer": [path for path in log if path.name == "_last_checkpoint"],
        "a seal": [path for path in log if path.suffix == ".sha256"],
    }
    kind = chance.choice([each for each in kinds if kinds[each]])
    if chance.random() < 0.25 and kind != "a seal":  # without a seal a version is as one whose writer died right after
        path = chance.choice([each for each in kinds[kind] if kind != "a data file" or each in current])
        path.unlink()
        return f"{kind} deleted", path
    path = chance.choice(kinds[kind])
    content = bytearray(path.read_bytes())
    bit = chance.randrange(8 * len(content))
    is_one = chance.random() < 0.8
    if is_one:
        content[bit // 8] ^= 1 << bit % 8
    else:
        content[bit // 8 : bit // 8 + STRETCH] = chance.randbytes(len(content[bit // 8 : bit // 8 + STRETCH]))
    path.unlink()  # it is linked to the whole lake's
    path.write_bytes(content)
    return f"a bit of {kind} flipped" if is_one else f"a stretch of {kind} written over", path


def _repaired(place: Path, name: str, wanted: str) -> str:
    """What the repair made of the table."""
    told = repair(Lake(parse_address(str(place))), name)
    if any("is lost" in each or "is gone" in each or "what was read" in each for each in told.lost):
        return SAID
    if _problems(place, name):
        return SILENT
    if rows_of(place, name) == wanted:
        return SAME
    return BACK if told.lost else SILENT


def _problems(folder: Path, name: str) -> Sequence[str]:
    health = check_table(_catalog(folder), name)
    return () if health is None else health.problems


def _rows(chance: random.Random, month: str, count: int) -> pa.Table:
    rows = [
        {"cost": Decimal(chance.randrange(10**9)) / 1000, "name": f"{chance.random():.9f}", "billing_month": month}
        for _ in range(count)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _catalog(folder: Path) -> Catalog:
    return Catalog(Lake(parse_address(str(folder))), Layered({}), TABLES)


def page(cases: Sequence[Case], seed: int) -> Iterator[str]:
    """The counts as Markdown."""
    found, good = sum(case.is_found for case in cases), sum(case.is_good for case in cases)
    yield f"{found:,} of {len(cases):,} damages are found by the name of the file; seed {seed}."
    yield f"In {sum(bool(case.others) for case in cases)} cases another file was complained of. Passed: {good:,}."
    yield ""
    ways = (SAME, BACK, SAID, SILENT)
    yield f"| Damage | Cases | Found | {' | '.join(f'After repair: {way}' for way in ways)} |"
    yield "|---|--:|--:|" + "--:|" * len(ways)
    for kind in sorted({case.kind for case in cases}):
        own = [case for case in cases if case.kind == kind]
        made = Counter(case.repaired for case in own)
        counts = " | ".join(str(made[way]) for way in ways)
        yield f"| {kind} | {len(own)} | {sum(case.is_found for case in own)} | {counts} |"


if __name__ == "__main__":
    sys.exit(main())
