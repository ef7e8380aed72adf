"""What it costs to bring imported requests to models into gold tables, against DuckDB alone over the same files.

`python -m benchmarks.gpu_speed --rows 10000000` writes that many lines of a log into `bronze.business_numbers`, each
file of a million with days of its own, beside four machines that answered them. Each way has a process of its own:

- lake: the tables `BUILT` as a run builds them, with their fingerprints, hashes and commits;
- by hand: one query of `benchmarks.gpu_by_hand` over the same lines to a Parquet
  file with the same figures, which are compared row by row;
- same selects: those of `BUILT` in DuckDB, not stored: the bare aggregation to the same rows;
- plain sums: the lines by day, model, deployment and tenant. They price nothing, are not stored, and take a number
  that a line lacks for zero, so no gold table can be had of them: told beside, and promised nothing.

The lake and the hand-written query are counted from before they connect, the other two from after; each is the best of
`ROUNDS`, one after the other. Ends with 1 when the promise against the cheapest way that gives the gold table's
figures, the one of memory or the equality of figures or of lines does not hold.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from assets.tables import TABLES
from benchmarks.gpu_by_hand import FIGURES, KEYS, differing, priced, write
from benchmarks.gpu_fleets import Selects
from pipelines.lake.address import parse_address
from pipelines.lake.build import build
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.sql_models import Layered, load_models
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable

CPU_RATIO, MEMORY_MIB = 1.3, 1024
"""What is promised for ten million lines."""
WAYS = ("by hand", "lake", "same selects", "plain sums")
"""The lake after what it is compared with."""
GIVE_THE_FIGURES = ("by hand", "same selects")
ROUNDS = 3
HAND_FILE = "by_hand.parquet"
BUILT = ("silver.gpu_request_days", "gold.cost_per_inference")
LINES, FIRST_DAY = "bronze.business_numbers", "date '2026-09-01'"
A_FILE, DAYS_A_FILE, DAYS = 1_000_000, 3, 90
MONTHS = ("2026-09", "2026-10", "2026-11", "2026-12")
MACHINES = {
    "gold.gpu_days": """
        select
            {day} + cast(day as integer) as charge_date, 'gpu-' || machine as resource_id,
            'gpu-' || machine as resource_name, 'instance_server' as resource_type, 1 as gpus,
            19.5 as allocation_cost, 8.1 as busy_cost, 24 as charged_hours, 24 as charged_gpu_hours,
            'EUR' as billing_currency, strftime({day} + cast(day as integer), '%Y-%m') as billing_month
        from range({days}) as days (day) cross join range(4) as machines (machine)
    """,
    "silver.gpu_machines": """
        select 'gpu-' || machine as resource_id, 'gpu-' || machine as resource_name, {day} as valid_from
        from range(4) as machines (machine)
    """,
}
LOG = """
    select
        'log-{number}.csv' as source_file, '{number}' as source_hash, line as line_number, 'log' as source,
        'inferences' as kind, {day} + cast({first} + line % {days} as integer) as day,
        cast({day} + cast({first} + line % {days} as integer) as timestamptz)
            + to_microseconds(line * 7919 % 86400000000) as happened_at,
        'model-' || line % 3 as model, 'gpu-' || line % 4 as deployment, 'tenant-' || line % 50 as tenant,
        1 as requests, 400 + line % 3000 as input_tokens, line % 200 as cached_tokens, 50 + line % 500 as output_tokens,
        cast(line % 100 = 0 as bigint) as failed, timestamptz '2026-12-01' as imported_at, '{number}' as import_key
    from range({rows}) as lines (line)
"""
SUMS = """
    select
        day, model, version, deployment, resource_id, tenant, count(*), sum(requests), sum(failed), sum(input_tokens),
        sum(cached_tokens), sum(output_tokens)
    from {lines} where kind = 'inferences' group by all
"""


PRICED = """
    select sum(completed_requests + coalesce(failed_requests, 0)) as requests
    from gold.cost_per_inference where is_sum and period = 'month'
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when both promises are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_speed", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="keep the lake here, and take it from here when it is there")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        json.dump(_measured(options.measure, options.folder), sys.stdout)
        return 0
    if options.folder:
        return _compared(options.folder, options.rows)
    with tempfile.TemporaryDirectory(prefix="gpu-speed-") as folder:
        return _compared(Path(folder), options.rows)


def _compared(folder: Path, rows: int) -> int:
    place = folder / f"lake-{rows}"
    if not place.exists():
        _fill(place, rows)
    rounds = [{way: _side(way, place) for way in WAYS} for _ in range(ROUNDS)]
    sides = {way: min((each[way] for each in rounds), key=lambda side: side["cpu"]) for way in WAYS}
    lake = sides["lake"]
    cheapest = min(sides[way]["cpu"] for way in GIVE_THE_FIGURES)
    print(f"{rows:,} lines: {lake['cpu']:.2f} s CPU as a run builds their tables, peak {lake['memory']:.0f} MiB")
    for way, side in sides.items():
        if way != "lake":
            ratio = lake["cpu"] / side["cpu"]
            print(f"  {way}: {side['cpu']:.2f} s, {side['memory']:.0f} MiB; the lake {ratio:.2f} times")
    print(f"{lake['requests']:.0f} requests priced; rows with other figures than by hand: {lake['differing']:.0f}")
    print(f"promised: {CPU_RATIO} times the CPU of the cheapest that gives the figures, {MEMORY_MIB} MiB,")
    print("the same figures, and every line counted")
    kept = lake["cpu"] <= CPU_RATIO * cheapest and lake["memory"] <= MEMORY_MIB and lake["differing"] == 0
    return 0 if kept and all(side["requests"] == rows for side in sides.values()) else 1


def _side(way: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.gpu_speed", "--measure", way, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 (ourselves)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _measured(way: str, folder: Path) -> dict[str, float]:
    catalog = _catalog(folder)
    if way == "lake":
        return _built(catalog, folder)
    if way == "by hand":
        return _by_hand(catalog, folder)
    with connect() as connection:
        catalog.register(connection, sorted(_read(catalog.models)))
        before = _cpu()
        requests = SELECTS[way](connection, catalog.models)
        return {"cpu": _cpu() - before, "memory": _peak_mib(), "requests": requests}


def _built(catalog: Catalog, folder: Path) -> dict[str, float]:
    """The tables as a run builds them, and how many rows of them differ from those by hand, where these are."""
    for table in BUILT:
        shutil.rmtree(folder.joinpath(*table.split(".")), ignore_errors=True)
    before = _cpu()
    for table in BUILT:
        build(catalog, catalog.models.by_name[table], list(MONTHS))
    told = {"cpu": _cpu() - before, "memory": _peak_mib()}
    told["requests"] = float(catalog.query(PRICED).to_pylist()[0]["requests"])
    gold = catalog.query(
        f"select {', '.join(KEYS + FIGURES)} from gold.cost_per_inference where units_source is not null"
    )
    return told | {"differing": differing(gold, folder / HAND_FILE)}


def _by_hand(catalog: Catalog, folder: Path) -> dict[str, float]:
    """One query over the files of the lines and of the machines' costs, from connecting to its Parquet file."""
    read = {table: catalog.state(table).files() for table in (LINES, "gold.gpu_days")}
    before = _cpu()
    with connect() as connection:
        for table, files in read.items():
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(f"create view {table} as select * from read_parquet({files})")
        write(connection, folder / HAND_FILE)
    return {"cpu": _cpu() - before, "memory": _peak_mib(), "requests": priced(folder / HAND_FILE)}


def _summed(connection: duckdb.DuckDBPyConnection, _: Layered) -> float:
    """The lines' plain sums, which answer nothing of what a number lacks or two files say."""
    return float(sum(row[7] for row in connection.execute(SUMS.format(lines=LINES)).fetchall()))


def _selected(connection: duckdb.DuckDBPyConnection, models: Layered) -> float:
    """The same selects in DuckDB alone, over the same files."""
    for table in BUILT:
        connection.execute(f"create schema if not exists {models.by_name[table].layer}")
        connection.execute(f"create table {table} as {models.by_name[table].sql}")
    (priced,) = connection.execute(PRICED).fetchone() or (0,)
    return float(priced)


SELECTS = {"same selects": _selected, "plain sums": _summed}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_mib() -> float:
    """Of this program alone: getrusage also counts what the process that started it held."""
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    return int(peak[1]) / 1024


def _catalog(folder: Path) -> Catalog:
    """A lake in which what `BUILT` reads is as it was filled, or empty."""
    models, schemas = load_models(), Selects()
    read = _read(models) - set(TABLES)
    taken = {name: replace(model, is_stored=True) if name in read else model for name, model in models.by_name.items()}
    declared = {
        name: PythonTable(name, "", schemas.schema(name), models.by_name[name].partition_by) for name in sorted(read)
    }
    return Catalog(Lake(parse_address(str(folder))), Layered(taken), {**declared, **TABLES})


def _read(models: Layered) -> set[str]:
    return {name for table in BUILT for name in models.by_name[table].reads} - set(BUILT)


def _fill(folder: Path, rows: int) -> None:
    catalog = _catalog(folder)
    dates = {"day": FIRST_DAY, "days": DAYS}
    for table, select in MACHINES.items():
        _append(catalog, table, select.format(**dates))
    for select in _files(rows):
        _append(catalog, LINES, select)


def _files(rows: int) -> Iterator[str]:
    for number, first in enumerate(range(0, rows, A_FILE)):
        told = {"number": number, "first": number * DAYS_A_FILE % DAYS, "days": DAYS_A_FILE, "day": FIRST_DAY}
        yield LOG.format(rows=min(A_FILE, rows - first), **told)


def _append(catalog: Catalog, table: str, select: str) -> None:
    """What a select says of some columns, the others null."""
    declared = catalog.declared[table]
    with connect() as connection:
        connection.register("empty", declared.schema.empty_table())
        connection.execute("create table typed as select * from empty")
        connection.execute(f"insert into typed by name {select}")
        content: pa.Table = connection.execute("select * from typed").to_arrow_table().cast(declared.schema)
    catalog.lake.append(table, content, {}, declared.partition_by)


if __name__ == "__main__":
    sys.exit(main())
