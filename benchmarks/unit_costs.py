"""Measure what all key figures cost over many rows, against the same selects in DuckDB alone.

`python -m benchmarks.unit_costs --rows 10000000` makes a lake whose labelled and allocated costs have that many rows
each (`benchmarks.kpi_inputs` says what else is in it), builds every table `gold.kpis` is made of, and the tables
between, as a run does, and then runs the same selects bare over the same Parquet files. Each side is a process of its
own. Ends with 1 when a promise is not kept, or when a table came out empty.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from assets.tables import TABLES
from benchmarks.kpi_inputs import FIXED, GROWING, ROW
from pipelines.lake.address import parse_address
from pipelines.lake.build import build
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.sql_models import Layered, load_models
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable

CPU_RATIO, MEMORY_MIB = 1.2, 1024
"""What is promised for ten million rows."""

BIG = ("silver.labelled_costs", "gold.allocated_costs")
EVERY_KPI = "gold.kpis"
BESIDE = ("gold.tenant_margins",)
"""A table that is drawn from a key figure and is none itself."""

FIRST_MONTH, MONTHS = "2025-09", 13
MIB = 1024


@dataclass(frozen=True)
class Side:
    """What one way of building took: seconds of CPU by table, and the process's highest memory."""

    cpu: Mapping[str, float]
    memory_mib: float
    rows: Mapping[str, int]

    @property
    def total(self) -> float:
        return sum(self.cpu.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when both promises are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unit_costs", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of labelled and of allocated costs")
    parser.add_argument("--folder", type=Path, help="keep the lake here, and take it from here when it is there")
    parser.add_argument("--measure", choices=("lake", "bare"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        json.dump(_measured(options.measure, options.folder).__dict__, sys.stdout)
        return 0
    if options.folder:
        return _compared(options.folder, options.rows)
    with tempfile.TemporaryDirectory(prefix="unit-costs-") as folder:
        return _compared(Path(folder), options.rows)


def _compared(folder: Path, rows: int) -> int:
    if not (folder / f"lake-{rows}").exists():
        sys.stderr.write(f"writing {rows:,} rows of each of {', '.join(BIG)} …\n")
        _fill(folder / f"lake-{rows}", rows)
    bare, lake = (_side(way, folder / f"lake-{rows}") for way in ("bare", "lake"))
    _print(bare, lake, rows)
    empty = [table for table, counted in bare.rows.items() if not counted]
    if empty:
        sys.stderr.write(f"nothing was measured, since nothing fills them: {', '.join(empty)}\n")
        return 1
    return 0 if lake.total <= CPU_RATIO * bare.total and lake.memory_mib <= MEMORY_MIB else 1


def _print(bare: Side, lake: Side, rows: int) -> None:
    told = sys.stdout.write
    told(f"{rows:,} rows of labelled and of allocated costs\n\n")
    told("| Table | Rows | CPU s, bare | CPU s, lake | Ratio |\n|---|---|---|---|---|\n")
    for table, seconds in bare.cpu.items():
        taken = lake.cpu[table]
        told(f"| {table} | {bare.rows[table]:,} | {seconds:.2f} | {taken:.2f} | {taken / max(seconds, 1e-9):.2f} |\n")
    told(f"| all | | {bare.total:.2f} | {lake.total:.2f} | {lake.total / bare.total:.2f} |\n\n")
    told(f"Peak memory: {bare.memory_mib:.0f} MiB bare, {lake.memory_mib:.0f} MiB lake. ")
    told(f"Promised: at most {CPU_RATIO} times the CPU and {MEMORY_MIB} MiB.\n")


def _side(way: str, folder: Path) -> Side:
    sys.stderr.write(f"measuring {way} …\n")
    command = [sys.executable, "-m", "benchmarks.unit_costs", "--measure", way, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 (ourselves)
    return Side(**json.loads(done.stdout.splitlines()[-1]))


def _measured(way: str, folder: Path) -> Side:
    catalog, built = _catalog(folder)
    for table in built:
        shutil.rmtree(folder.joinpath(*table.split(".")), ignore_errors=True)
    cpu, rows = _by_lake(catalog, built) if way == "lake" else _bare(catalog, built)
    return Side(cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB, rows)


def _by_lake(catalog: Catalog, built: Sequence[str]) -> tuple[dict[str, float], dict[str, int]]:
    cpu: dict[str, float] = {}
    for table in built:
        before = _cpu()
        build(catalog, catalog.models.by_name[table], list(_months()))
        cpu[table] = _cpu() - before
    return cpu, dict.fromkeys(built, 0)


def _bare(catalog: Catalog, built: Sequence[str]) -> tuple[dict[str, float], dict[str, int]]:
    cpu: dict[str, float] = {}
    rows: dict[str, int] = {}
    models = catalog.models
    reached = set().union(*(_reached(models, table) for table in built))
    between = {view for view in reached - set(built) if _reads_built(models, view, set(built))}
    sources = {read for table in {*built, *between} for read in models.by_name[table].reads} - {*built, *between}
    with connect() as connection:
        catalog.register(connection, sorted(sources))
        for model in models:
            connection.execute(f"create schema if not exists {model.layer}")
            if model.table in between:
                connection.execute(f"create view {model.table} as {model.sql}")
            if model.table in built:
                before = _cpu()
                connection.execute(f"create table {model.table} as {model.sql}")
                cpu[model.table] = _cpu() - before
                counted = connection.execute(f"select count(*) from {model.table}").fetchone()
                rows[model.table] = counted[0] if counted else 0
    return cpu, rows


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _months() -> Iterator[str]:
    year, month = map(int, FIRST_MONTH.split("-"))
    for ordinal in range(year * 12 + month - 1, year * 12 + month - 1 + MONTHS):
        yield f"{ordinal // 12:04d}-{ordinal % 12 + 1:02d}"


def measured_tables(models: Layered) -> list[str]:
    """All that key figures are and are made from, as far as it comes from labelled or allocated costs, in order."""
    wanted = {*models.by_name[EVERY_KPI].reads, *BESIDE}
    reached = set().union(*(_reached(models, table) for table in wanted))
    return [
        model.table
        for model in models
        if model.is_stored and model.table in reached and set(BIG) & _reached(models, model.table) - {model.table}
    ]


def _reached(models: Layered, table: str) -> set[str]:
    """The table and what it is made from; the big tables are where the question ends."""
    model = models.by_name.get(table)
    if table in BIG or model is None:
        return {table}
    return {table}.union(*(_reached(models, read) for read in model.reads))


def _catalog(folder: Path) -> tuple[Catalog, list[str]]:
    """A lake in which the big tables are tables, and whatever else is read is as it was filled, or empty."""
    models = load_models()
    built = measured_tables(models)
    given = {read for table in built for read in models.by_name[table].reads if read not in built}
    given -= {view for view in given if _reads_built(models, view, set(built))}
    taken = {
        name: replace(model, is_stored=True) if name in given and name in {*GROWING, *FIXED} else model
        for name, model in models.by_name.items()
    }
    declared = {name: PythonTable(name, "", schema, _partition(models, name)) for name, schema in _schemas(models)}
    return Catalog(Lake(parse_address(str(folder))), Layered(taken), {**declared, **TABLES}), built


def _reads_built(models: Layered, table: str, built: set[str]) -> bool:
    return bool(_reached(models, table) & built)


def _partition(models: Layered, table: str) -> str | None:
    if table in BIG:
        return "billing_month"
    return models.by_name[table].partition_by


def _schemas(models: Layered) -> Iterator[tuple[str, pa.Schema]]:
    """Columns of every model, as it makes them from empty inputs."""
    with connect() as connection:
        for layer in ("bronze", "silver", "gold"):
            connection.execute(f"create schema {layer}")
        for name, table in TABLES.items():
            connection.register("empty", table.schema.empty_table())
            connection.execute(f"create table {name} as select * from empty")
        for model in models:
            connection.execute(f"create table {model.table} as {model.sql}")
            yield model.table, connection.execute(f"select * from {model.table} limit 0").to_arrow_table().schema


def _fill(folder: Path, rows: int) -> None:
    catalog, _ = _catalog(folder)
    for table, select in GROWING.items():
        for month in _months():
            made = select.format(row=ROW.format(rows=rows, month=month))
            _append(catalog, table, f"select *, '{month}' as billing_month from ({made})", "billing_month")
    for table, select in FIXED.items():
        _append(catalog, table, select, catalog.declared[table].partition_by)


def _append(catalog: Catalog, table: str, select: str, partition_by: str | None) -> None:
    """What a select says of some columns, the others null."""
    schema = catalog.declared[table].schema
    with connect() as connection:
        connection.register("empty", schema.empty_table())
        connection.execute("create table typed as select * from empty")
        connection.execute(f"insert into typed by name {select}")
        content = connection.execute("select * from typed").to_arrow_table().cast(schema)
    catalog.lake.append(table, content, {}, partition_by)


if __name__ == "__main__":
    sys.exit(main())
