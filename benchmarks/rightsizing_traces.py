"""Recorded loads of machines, and the offers they could be moved to.

A folder holds either `usage.parquet` (resource_id, timestamp UTC, vcpus, cpu_used_vcpus, memory_gib, memory_used_gib,
disk and network kB/s; null where not measured), or the layouts in which the GWA-T-12 Bitbrains traces are published:
OpenDC's `*_cpu_5min.parquet` with `*_vms.csv` (a row whose `duration` is longer than the step stands for all the steps
it ends) and the archive's own `*_raw.csv.gz`. `offers.csv` (name, vcpus, memory_gib, eur_per_month) may lie beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.errors import UsageError
from pipelines.recommendations.rightsizing.load import Load, load
from pipelines.recommendations.rightsizing.offers import Offer
from pipelines.recommendations.rightsizing.summaries import Floats, Integers, Summary, binned, of_hours, unbinned

DAY = 86400
TRAINED = 14  # days
BINS, SAMPLES, HOURS = "bins", "samples", "hours"
MEASURES = ("cpu", "memory", "network", "disk")
# what another vCPU and another GiB cost within Scaleway's BASIC3 range (0.0098 and 0.0049 € an hour, 730 hours)
EUR_PER_VCPU, EUR_PER_GIB = Decimal("7.18"), Decimal("3.61")
_LADDER_VCPUS = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64)
_LADDER_GIB = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256)
_STEP = 300
_LONGEST_STEPS = 288  # a row that claims more than a day is a fault of the recording


@dataclass(frozen=True)
class Machine:
    """One machine's samples, in order: seconds since 1970, and a value per measure (nan where it is missing)."""

    name: str
    vcpus: float
    memory_gib: float
    seconds: Integers
    values: dict[str, Floats]

    def between(self, start: int, end: int) -> dict[str, Floats]:
        """The values of a half-open span of time."""
        first, last = np.searchsorted(self.seconds, [start, end])
        return {name: values[first:last] for name, values in self.values.items()}

    def load(self, start: int, end: int, kept: str = BINS) -> Load:
        """What the rule may see of a span: its bins, its single samples, or the quantiles of its hours."""
        first, last = np.searchsorted(self.seconds, [start, end])
        hours_ago = (end - 1 - self.seconds[first:last]) // 3600
        shape = {BINS: _binned, SAMPLES: _unbinned, HOURS: _of_hours}[kept]
        measures: dict[str, Summary] = {
            name: shape(hours_ago, values[first:last])
            for name, values in self.values.items()
            if np.isfinite(values[first:last]).any()
        }
        step = float(np.median(np.diff(self.seconds))) if len(self.seconds) > 1 else _STEP
        window_end = datetime.fromtimestamp(end, UTC)
        return load(self.name, window_end, (end - start) // DAY, timedelta(seconds=step), measures)


def read_machines(folder: Path) -> list[Machine]:
    """All machines of a folder, by name. Raises UsageError where there are none."""
    neutral = folder / "usage.parquet"
    if neutral.exists():
        return _machines(_with_rates(pl.read_parquet(neutral)))
    frames = [_opendc(path) for path in sorted(folder.glob("*_cpu_5min.parquet"))]
    frames += [_archive(path) for path in sorted(folder.glob("*_raw.csv.gz"))]
    if not frames:
        raise UsageError(f"{folder}: neither usage.parquet nor a Bitbrains trace lies here; name a folder that has one")
    return _machines(pl.concat(frames, how="diagonal"))


def read_offers(folder: Path) -> tuple[list[Offer], str]:
    """The offers of `offers.csv`, or a ladder, and what was taken in words."""
    path = folder / "offers.csv"
    if path.exists():
        rows = pl.read_csv(path, schema_overrides={"name": pl.String, "eur_per_month": pl.String}).iter_rows(named=True)
        found = [
            Offer(row["name"], float(row["vcpus"]), float(row["memory_gib"]), Decimal(row["eur_per_month"]))
            for row in rows
        ]
        return found, f"{len(found)} offers of offers.csv"
    ladder = [
        Offer(f"{vcpus}C-{gib}G", vcpus, gib, vcpus * EUR_PER_VCPU + gib * EUR_PER_GIB)
        for vcpus in _LADDER_VCPUS
        for gib in _LADDER_GIB
    ]
    told = (
        f"no offers.csv: a ladder of {len(ladder)} offers, every vCPU count of {_LADDER_VCPUS} with every GiB of "
        f"{_LADDER_GIB}, at {EUR_PER_VCPU} € a vCPU and {EUR_PER_GIB} € a GiB a month (Scaleway's BASIC3 range)"
    )
    return ladder, told


def current_offer(machine: Machine, offers: list[Offer]) -> Offer | None:
    """The offer a machine is on: the one of its size, else the cheapest that is no smaller, None if there is none."""
    holding = [each for each in offers if each.vcpus >= machine.vcpus and each.memory_gib >= machine.memory_gib]
    same = [each for each in holding if (each.vcpus, each.memory_gib) == (machine.vcpus, machine.memory_gib)]
    return min(same or holding, key=lambda each: (each.eur_per_month, each.name), default=None)


def first_seconds(machines: list[Machine]) -> dict[str, int]:
    """When the recording of each begins: with the first machine's, or 14 days and more later with its own first sample.

    A machine that joins within the first 14 days has been seen for less of them than the others; one that joins later
    belongs to another recording.
    """
    begins = min(int(machine.seconds[0]) for machine in machines)
    own = {machine.name: int(machine.seconds[0]) for machine in machines}
    return {name: begins if first < begins + TRAINED * DAY else first for name, first in own.items()}


def _binned(hours_ago: Integers, values: Floats) -> Summary:
    return binned(hours_ago // 24, values)


def _unbinned(hours_ago: Integers, values: Floats) -> Summary:
    return unbinned(hours_ago // 24, values)


def _of_hours(hours_ago: Integers, values: Floats) -> Summary:
    """Only minimum, p50, p95, p99, p99.5 and maximum of each hour, as the product's own table of usage keeps them."""
    samples = pl.DataFrame({"hour": hours_ago, "value": values}).filter(pl.col("value").is_finite())
    quantiles = [
        pl.col("value").quantile(share, "linear").alias(f"{share}") for share in (0, 0.5, 0.95, 0.99, 0.995, 1)
    ]
    hours = samples.group_by("hour").agg(pl.len().alias("samples"), *quantiles)
    return of_hours(
        hours["hour"].to_numpy() // 24, hours["samples"].to_numpy().astype(np.int64), hours[:, 2:].to_numpy()
    )


def _machines(usage: pl.DataFrame) -> list[Machine]:
    """Cut by machine; of several samples of one moment the highest counts."""
    columns = {"cpu": "cpu_used_vcpus", "memory": "memory_used_gib", "network": "network", "disk": "disk"}
    measures = [
        (pl.col(column).cast(pl.Float64) if column in usage.columns else pl.lit(None, dtype=pl.Float64)).alias(name)
        for name, column in columns.items()
    ]
    kept = usage.select(
        pl.col("resource_id").cast(pl.String),
        pl.col("timestamp").dt.epoch("s").alias("second"),
        pl.col("vcpus", "memory_gib").cast(pl.Float64),
        *measures,
    )
    moments = kept.group_by("resource_id", "second").agg(pl.col("vcpus", "memory_gib", *MEASURES).max())
    found = []
    for (name,), rows in moments.sort("resource_id", "second").group_by("resource_id", maintain_order=True):
        values = {measure: rows[measure].fill_null(np.nan).to_numpy() for measure in MEASURES}
        size = float(rows["vcpus"].drop_nulls()[-1]), float(rows["memory_gib"].drop_nulls()[-1])
        found.append(Machine(str(name), *size, rows["second"].to_numpy(), values))
    return found


def _with_rates(usage: pl.DataFrame) -> pl.DataFrame:
    """Disk and network by one name each: given as one column, or as reads and writes to be added up."""
    rates = []
    for name in ("disk", "network"):
        parts = [each for each in usage.columns if each.startswith(name)]
        if parts:
            rates.append(sum((pl.col(each).cast(pl.Float64) for each in parts[1:]), pl.col(parts[0])).alias(name))
    return usage.with_columns(rates)


def _opendc(path: Path) -> pl.DataFrame:
    """OpenDC's layout: megahertz of a capacity in megahertz; no memory in use. A count of 0 CPUs is no sample."""
    sizes = pl.read_csv(path.with_name(path.name.replace("_cpu_5min.parquet", "_vms.csv")))
    rows = (
        pl.read_parquet(path)
        .filter(pl.col("cpu_count") > 0)
        .drop("cpu_count")
        .join(sizes.with_columns(pl.col("id").cast(pl.String)), on="id")
        .with_columns(
            steps=(pl.col("duration") / (1000 * _STEP)).round().clip(1, _LONGEST_STEPS).cast(pl.Int64),
            second=pl.col("timestamp").dt.epoch("s") // _STEP * _STEP,
        )
        .with_columns(back=pl.int_ranges(0, pl.col("steps")))
        .explode("back")
    )
    return rows.select(
        resource_id="id",
        timestamp=pl.from_epoch(pl.col("second") - _STEP * pl.col("back"), "s").dt.replace_time_zone("UTC"),
        vcpus=pl.col("cpu_count").cast(pl.Float64),
        cpu_used_vcpus=pl.col("cpu_usage_mhz") / pl.col("cpu_capacity_mhz_total") * pl.col("cpu_count"),
        memory_gib=pl.col("mem_capacity_kb") / 2**20,
    )


def _archive(path: Path) -> pl.DataFrame:
    """The archive's own layout, one machine a file; its times are seconds, whatever its header says."""
    rows = pl.read_csv(path, separator=";", infer_schema=False)
    rows = rows.select(pl.all().str.strip_chars().cast(pl.Float64)).rename(str.strip)
    mhz, kb = pl.col("CPU usage [MHZ]"), 2**20
    return rows.select(
        resource_id=pl.lit(path.name.removesuffix("_raw.csv.gz")),
        timestamp=pl.from_epoch(pl.col("Timestamp [ms]").cast(pl.Int64), "s").dt.replace_time_zone("UTC"),
        vcpus=pl.col("CPU cores"),
        cpu_used_vcpus=mhz / pl.col("CPU capacity provisioned [MHZ]") * pl.col("CPU cores"),
        memory_gib=pl.col("Memory capacity provisioned [KB]") / kb,
        memory_used_gib=pl.col("Memory usage [KB]") / kb,
        disk=pl.col("Disk read throughput [KB/s]") + pl.col("Disk write throughput [KB/s]"),
        network=pl.col("Network received throughput [KB/s]") + pl.col("Network transmitted throughput [KB/s]"),
    )
