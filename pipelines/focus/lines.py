"""One batch of a FOCUS bill: text in, typed lines and quarantined lines out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.files.lines import raw_line
from pipelines.files.opening import RawFile
from pipelines.files.values import shorten, without_nulls
from pipelines.focus.casting import Casting, cast
from pipelines.focus.columns import ALL_COLUMNS, FOCUS_LINES_SCHEMA, QUARANTINE_SCHEMA, columns_of
from pipelines.focus.duplicates import RepeatedLines

# A line without one of these belongs to no month, no total or no account.
REQUIRED_VALUES = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodEnd",
    "ChargePeriodStart",
)
_CURRENCY = r"^[A-Z]{3}$"


@dataclass
class Reading:
    """One file while it is read."""

    raw: RawFile
    path: Path
    version: str
    names: dict[str, str]  # FOCUS name -> name in the file
    repeats: RepeatedLines
    counts: Counter[str] = field(default_factory=Counter)
    accepted: list[pa.Table] = field(default_factory=list)
    quarantined: list[pa.Table] = field(default_factory=list)

    @property
    def extra(self) -> list[str]:
        known = set(self.names.values())
        return [name for name in self.raw.names if name not in known]


def take(reading: Reading, batch: pa.Table, numbers: list[int]) -> None:
    """Cast one batch and divide it into accepted and quarantined lines."""
    text = {name: batch.column(name).combine_chunks() for name in batch.column_names}
    reading.repeats.add(batch, numbers)
    found = Casting()
    values = {}
    for column in ALL_COLUMNS:
        own = reading.names.get(column.name)
        if own is None:
            values[column.name] = pa.nulls(batch.num_rows, column.arrow_type)
        else:
            values[column.name] = cast(column, without_nulls(text[own]), found)
    _fault_missing(reading, values, found)
    _fault_periods(values, found)
    _derive_providers(reading, values)
    _count(reading, values, found)
    lines = _lines(reading, values, text, numbers)
    wrong = sorted(found.faults)
    keep = pc.invert(pc.is_in(pa.array(range(batch.num_rows)), pa.array(wrong, pa.int64())))
    reading.accepted.append(lines.filter(keep))
    if wrong:
        rows = [(numbers[row], "; ".join(found.faults[row]), raw_line(text, row)) for row in wrong]
        reading.quarantined.append(quarantine(reading.raw, rows))


def _fault_missing(reading: Reading, values: dict[str, pa.Array], found: Casting) -> None:
    for name in REQUIRED_VALUES:
        if name not in reading.names:
            continue  # only a lenient import gets here without the column
        for row in pc.indices_nonzero(pc.is_null(values[name])).to_pylist():
            if not any(reason.startswith(f"{name} ") for reason in found.faults.get(row, ())):
                found.fault(row, f"{name} is missing")
    currency = values["BillingCurrency"]
    strange = pc.invert(pc.fill_null(pc.match_substring_regex(currency, _CURRENCY), True))
    for row in pc.indices_nonzero(strange).to_pylist():
        found.fault(row, f"BillingCurrency {shorten(currency[row].as_py())!r} is not a currency code")


def _fault_periods(values: dict[str, pa.Array], found: Casting) -> None:
    for period in ("ChargePeriod", "BillingPeriod"):
        start, end = values[f"{period}Start"], values[f"{period}End"]
        for row in pc.indices_nonzero(pc.fill_null(pc.less(end, start), False)).to_pylist():
            found.fault(row, f"{period}End {end[row]} is before {period}Start {start[row]}")


def _derive_providers(reading: Reading, values: dict[str, pa.Array]) -> None:
    """Give every line both generations of provider columns: the seller is the publisher, the host the provider."""
    names = reading.names
    if "ServiceProviderName" not in names and "HostProviderName" not in names:
        values["ServiceProviderName"] = pc.coalesce(values["PublisherName"], values["ProviderName"])
        values["HostProviderName"] = values["ProviderName"]
    elif "ProviderName" not in names and "PublisherName" not in names:
        values["PublisherName"] = values["ServiceProviderName"]
        values["ProviderName"] = pc.coalesce(values["HostProviderName"], values["ServiceProviderName"])


def _count(reading: Reading, values: dict[str, pa.Array], found: Casting) -> None:
    counts = reading.counts
    counts["times without a zone, taken as UTC"] += found.naive_times
    counts["JSON values that are not JSON, kept as text"] += found.broken_json
    for column in columns_of(reading.version):
        if column.name not in reading.names or column.name in REQUIRED_VALUES:
            continue
        if not column.nullable:
            counts[f"lines without {column.name}, which FOCUS wants, kept"] += values[column.name].null_count
        if column.allowed:
            known = pc.is_in(values[column.name], pa.array([*column.allowed, None], pa.string()))
            counts[f"lines with a {column.name} unknown to FOCUS, kept"] += len(known) - pc.sum(known).as_py()


def _lines(reading: Reading, values: dict[str, pa.Array], text: dict[str, pa.Array], numbers: list[int]) -> pa.Table:
    count = len(numbers)
    month = pc.strftime(values["BillingPeriodStart"], format="%Y-%m")
    arrays = [
        pa.repeat(pa.scalar(reading.raw.source_file), count),
        pa.repeat(pa.scalar(reading.raw.source_hash), count),
        pa.array(numbers, pa.int64()),
        pa.repeat(pa.scalar(reading.version), count),
        month,
        *(values[column.name] for column in ALL_COLUMNS),
        _extra_json({name: without_nulls(text[name]) for name in reading.extra}, count),
    ]
    return pa.Table.from_arrays(arrays, schema=FOCUS_LINES_SCHEMA)


def _extra_json(extra: dict[str, pa.Array], count: int) -> pa.Array:
    """Columns FOCUS does not know, as one JSON object per line; null where all of them are empty."""
    import polars as pl

    if not extra or not count:
        return pa.nulls(count, pa.string())
    frame = pl.DataFrame({name: pl.Series(values) for name, values in extra.items()})
    some = pl.any_horizontal(pl.all().is_not_null())
    packed = frame.select(pl.when(some).then(pl.struct(pl.all()).struct.json_encode()).alias("x"))
    return packed["x"].to_arrow().cast(pa.string())


def quarantine(raw: RawFile, rows: Iterable[tuple[int, str, str]]) -> pa.Table:
    listed = [(raw.source_file, raw.source_hash, *row) for row in rows]
    return pa.Table.from_pylist(
        [dict(zip(QUARANTINE_SCHEMA.names, row, strict=True)) for row in listed], schema=QUARANTINE_SCHEMA
    )
