"""What advice for a large organisation costs, beside the least one could do with the same samples.

`python -m benchmarks.rightsizing_speed [--servers N]` makes 30 days of 5-minute samples of processors and memory for N
servers (10,000: 86 million samples), then measures in processes of their own: the bare DuckDB query of the quantiles of
each server, and the product's way from the same file to an answer with reason and saving for each server: the summary
in SQL, the replay against every size sold, the choice. Printed are the CPU seconds (user and system) of both, their
ratio and the peak of memory. The samples are a function of server and tick alone, so every run has the same.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.rightsizing_traces import read_offers
from pipelines.recommendations.rightsizing.answers import Resize
from pipelines.recommendations.rightsizing.deciding import rightsize
from pipelines.recommendations.rightsizing.recorded import RecordedLoads

SERVERS, DAYS, TICKS = 10_000, 30, 288
AT_ONCE = 1_000  # servers, so that memory does not grow with their number
_VCPUS, _MEMORY_GIB = 16, 64
_LAST = DAYS * TICKS - 1
_SAMPLES = f"""
    select
        cast(server as integer) as server,
        cast(tick as integer) as tick,
        cast(least(1, base * (0.6 + 0.4 * sin(tick * 6.2832 / {TICKS} + phase)
            + 0.25 * (hash(server * 100003 + tick) % 1000) / 1000.0)) as float) as cpu,
        cast(least(1, held * (0.9 + 0.1 * (hash(server * 7 + tick * 13) % 1000) / 1000.0)) as float) as memory
    from (
        select
            server,
            0.02 + 0.9 * pow((hash(server) % 1000) / 1000.0, 3) as base,
            (hash(server + 5) % 628) / 100.0 as phase,
            0.1 + 0.8 * (hash(server + 9) % 1000) / 1000.0 as held,
            unnest(range({DAYS * TICKS})) as tick
        from range({{first}}, {{last}}) as servers(server)
    )
"""
_BARE = """
    select server, quantile_cont(cpu, [0.5, 0.95, 0.99, 0.995]), quantile_cont(memory, [0.5, 0.95, 0.99, 0.995])
    from samples group by server
"""
# The summary that pipelines.recommendations.rightsizing.summaries describes, in one pass over the samples: bins told
# by their own highest value, and days. Bins go by the square root, which is cheaper than the logarithm and, but for
# the lowest of a machine, as fine.
_SUMMARY = f"""
    with chosen as (
        select
            server,
            cast(({_LAST} - tick) // {TICKS} as utinyint) as days_ago,
            cast(sqrt(cpu) * 80 as utinyint) as cpu_bin,
            cast(sqrt(memory) * 80 as utinyint) as memory_bin,
            cpu,
            memory
        from samples
        where server between {{first}} and {{last}}
    ),
    grouped as (
        select
            server,
            part,
            cpu_bin,
            memory_bin,
            days_ago,
            count(*) as samples,
            cast(max(cpu) as double) as cpu,
            cast(max(memory) as double) as memory
        from (select *, case when days_ago = 0 then 0 else days_ago // 7 + 1 end as part from chosen)
        group by grouping sets ((server, part, cpu_bin), (server, part, memory_bin), (server, days_ago))
    ),
    summaries as (
        select
            server,
            list({{{{part: part, samples: cast(samples as double), highest: cpu}}}})
            filter (where cpu_bin is not null) as cpu_bins,
            list({{{{part: part, samples: cast(samples as double), highest: memory}}}})
            filter (where memory_bin is not null) as memory_bins,
            list({{{{days_ago: days_ago, samples: samples, highest: cpu}}}})
            filter (where days_ago is not null) as cpu_by_day,
            list({{{{days_ago: days_ago, samples: samples, highest: memory}}}})
            filter (where days_ago is not null) as memory_by_day
        from grouped
        group by server
    )
    select
        cast(server as varchar) as resource_id,
        date '2026-10-19' as known_from,
        date '2026-11-18' as known_until,
        {TICKS // 24} as expected_samples,
        cast([] as bigint []) as off_days,
        cast(null as bigint) as volume_count,
        cpu_bins,
        memory_bins,
        nullif(cpu_bins, cpu_bins) as network_bins,
        nullif(cpu_bins, cpu_bins) as disk_bins,
        cpu_by_day,
        memory_by_day,
        nullif(cpu_by_day, cpu_by_day) as network_by_day,
        nullif(cpu_by_day, cpu_by_day) as disk_by_day
    from summaries
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the samples, measure both ways, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--servers", type=int, default=SERVERS)
    parser.add_argument("--measure", nargs=3, metavar=("WAY", "FILE", "SERVERS"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.measure:
        print(json.dumps(_measured(given.measure[0], Path(given.measure[1]), int(given.measure[2]))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples.parquet"
        make_samples(path, given.servers)
        told = {way: _apart(way, path, given.servers) for way in ("bare", "ours")}
    bare, ours = told["bare"], told["ours"]
    print(f"{given.servers:,} servers, {given.servers * DAYS * TICKS:,} samples of processors and of memory")
    print(f"  bare quantile query {bare['cpu_s']:8.1f} s of CPU, peak {bare['peak_mib']:6.0f} MiB")
    print(f"  ours, to advice     {ours['cpu_s']:8.1f} s of CPU, peak {ours['peak_mib']:6.0f} MiB  {ours['answers']}")
    print(f"  ratio {ours['cpu_s'] / bare['cpu_s']:.2f}")
    return 0


def make_samples(path: Path, servers: int) -> None:
    """Write the samples of so many servers, series by series as metric stores keep them."""
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '500MB'")
        sql = _SAMPLES.format(first=0, last=servers)
        connection.execute(f"copy ({sql}) to '{path}' (format parquet, compression zstd)")


def advise(path: Path, servers: int) -> Counter[str]:
    """How many answers of each kind the samples lead to; every one with its reason and saving."""
    offers, _ = read_offers(path.parent)
    offers = [each for each in offers if each.vcpus <= each.memory_gib <= 8 * each.vcpus]
    current = next(each for each in offers if (each.vcpus, each.memory_gib) == (_VCPUS, _MEMORY_GIB))
    told: Counter[str] = Counter()
    with _samples(path) as connection:
        for first in range(0, servers, AT_ONCE):
            sql = _SUMMARY.format(first=first, last=first + AT_ONCE - 1)
            loads = RecordedLoads(connection.execute(sql).to_arrow_table())
            for resource_id in loads:
                answer = rightsize(loads.load(resource_id, _VCPUS, _MEMORY_GIB), current, offers)
                told["resize" if isinstance(answer, Resize) else type(answer).__name__.lower()] += 1
    return told


def _measured(way: str, path: Path, servers: int) -> dict[str, object]:
    began = _cpu()
    if way == "bare":
        with _samples(path) as connection:
            answers: dict[str, int] = {"quantiles": connection.execute(_BARE).to_arrow_table().num_rows}
    else:
        answers = dict(advise(path, servers))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_s": _cpu() - began, "peak_mib": peak, "answers": answers}


def _samples(path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set preserve_insertion_order = false")
    connection.execute(f"create view samples as select * from '{path}'")
    return connection


def _apart(way: str, path: Path, servers: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.rightsizing_speed", "--measure", way, str(path), str(servers)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    return told


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
