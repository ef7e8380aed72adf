"""Whether both engines answer each model of `sql/` alike, over the files a lake holds, and what CPU each takes.

`python -m benchmarks.two_engines --lake DIR [--models silver.* gold.daily_costs …]` asks DuckDB and Spark for all rows
of each model from the same inputs, as they are stored, and compares them in their order, value by value. A model that
cannot be translated is told with the reason. Nothing is written into the lake. Ends with 1 when any model differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

import pyarrow as pa
import pyarrow.compute as pc

from assets.tables import open_catalog
from benchmarks.engine_cpu import cpu_seconds
from pipelines.errors import ConfigurationError, FinopsError
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.engines import DuckDB, Engine, Question, engine_named
from pipelines.lake.store import Lake

SHOWN = 5
"""Columns told of a row that differs."""


@dataclass(frozen=True)
class Compared:
    """Rows of a model, the CPU of DuckDB and of Spark for them, and what differs; '' where nothing does."""

    table: str
    rows: int
    cpu: tuple[float, float]
    difference: str = ""


def compared(catalog: Catalog, table: str, engines: Sequence[Engine], months: Sequence[str] = ()) -> Compared:
    """One model by both engines, DuckDB first, from the inputs of some months or of all."""
    demand = {name: list(months) for name in by_month(catalog, table)} if months else {}
    answers: list[pa.Table] = []
    cpu: list[float] = []
    for engine in engines:
        before = cpu_seconds()
        try:
            with engine.rows(catalog, Question(catalog.models.by_name[table], demand)) as rows:
                answers.append(rows.read_all())
        except FinopsError as error:
            untold = "cannot be translated" if isinstance(error, ConfigurationError) else "failed"
            return Compared(table, answers[0].num_rows if answers else 0, (0, 0), f"{engine.name} {untold}: {error}")
        cpu.append(cpu_seconds() - before)
    one, other = answers
    return Compared(table, one.num_rows, (cpu[0], cpu[1]), difference(one, other))


def by_month(catalog: Catalog, table: str) -> list[str]:
    """The stored tables behind a model that are divided into months."""
    behind = {name for read in catalog.models.by_name[table].reads for name in catalog.physical(read)}
    return sorted(name for name in behind if str(catalog.state(name).partition_by).endswith("_month"))


def difference(one: pa.Table, other: pa.Table) -> str:
    """The first row that differs, with its columns that do; '' when the tables are equal."""
    if one.schema != other.schema:
        return f"columns: {sorted(map(str, {*one.schema} ^ {*other.schema}))}"
    if one.num_rows != other.num_rows:
        return f"{one.num_rows} rows and {other.num_rows}"
    if one.equals(other):
        return ""
    unlike = (row for row in range(one.num_rows) if one.slice(row, 1) != other.slice(row, 1))
    at = next(unlike, 0)
    first, second = (each.slice(at, 1).to_pylist()[0] for each in (one, other))
    told = [f"{name}: {first[name]} and {second[name]}" for name in first if first[name] != second[name]]
    count = pc.sum(pa.array(one.slice(row, 1) != other.slice(row, 1) for row in range(one.num_rows))).as_py()
    return f"{count} rows; row {at}: {'; '.join(told[:SHOWN])}"


def report(found: Iterator[Compared]) -> bool:
    """Print a line for each model as it comes, then the sums; whether all are equal."""
    print(f"{'model':40} {'rows':>9} {'equal':>6} {'DuckDB s':>9} {'Spark s':>9}")
    done = []
    for each in found:
        done.append(each)
        equal = "no" if each.difference else "yes"
        print(f"{each.table:40} {each.rows:>9,} {equal:>6} {each.cpu[0]:>9.2f} {each.cpu[1]:>9.2f}", flush=True)
        if each.difference:
            print(f"    {each.difference}", flush=True)
    equal_count = sum(not each.difference for each in done)
    duckdb, spark = (sum(each.cpu[at] for each in done) for at in (0, 1))
    print(f"{len(done)} models run, {equal_count} equal; CPU {duckdb:.0f} s of DuckDB, {spark:.0f} s of Spark")
    return bool(done) and equal_count == len(done)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison; 1 when a model differs, or none was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", required=True, help="a folder; it is only read")
    parser.add_argument("--models", nargs="*", default=["*"], help="names, or patterns such as gold.*")
    parser.add_argument("--months", nargs="*", default=[], help="of inputs by month only these, such as 2026-10")
    arguments = parser.parse_args(argv)
    catalog = open_catalog(Lake(parse_address(arguments.lake)))
    tables = [model.table for model in catalog.models if any(fnmatch(model.table, name) for name in arguments.models)]
    engines = (DuckDB(), engine_named("spark"))
    began = time.monotonic()
    is_equal = report(compared(catalog, table, engines, arguments.months) for table in tables)
    print(f"{time.monotonic() - began:.0f} s in all")
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
