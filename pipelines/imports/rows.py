"""One batch of lines of one kind: columns of text in, typed columns and the lines' faults out."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.files.values import Faults, without_nulls
from pipelines.imports.casting import Reader
from pipelines.imports.columns import Columns
from pipelines.imports.kinds import IDENTIFYING, PARTS
from pipelines.imports.schema import ARROW_TYPES


@dataclass(frozen=True)
class Rows:
    """Typed columns by name, what each row speaks of, and that in words."""

    values: dict[str, pa.Array]
    identity: pa.Table
    spoken: str


def typed_rows(columns: Columns, reader: Reader, text: dict[str, pa.Array], count: int) -> tuple[Rows, Faults]:
    """Cast the columns of a kind, and find what makes a row unusable."""
    found = Faults()
    clean = {name: without_nulls(pc.utf8_trim_whitespace(values)) for name, values in text.items()}
    values = {
        each.name: reader.read(each, pc.coalesce(*(clean[name] for name in columns.ours[each.name])), found)
        if each.name in columns.ours
        else reader.read(each, pa.repeat(pa.scalar(columns.said[each.name]), count), found)
        if each.name in columns.said
        else pa.nulls(count, ARROW_TYPES[each.type])
        for each in columns.kind.fields
    }
    _take_day_from_time(values, found)
    _fault_missing(columns, values, found)
    _fault_contradictions(values, found)
    labels = _labels({name: clean[name] for name in columns.others}, count)
    named = [each for each in columns.kind.fields if each.type in IDENTIFYING]
    identity = {each.name: _comparable(values[each.name]) for each in named}
    kind = pa.repeat(pa.scalar(columns.kind.name), count)
    table = pa.table({"kind": kind, **identity, "labels": labels})
    spoken = ", ".join([*(each.name for each in named if each.name in columns.ours), *columns.others])
    return Rows({**values, "labels": labels}, table, spoken), found


def _comparable(values: pa.Array) -> pa.Array:
    return pc.binary_join(values, ";") if pa.types.is_list(values.type) else values


def _take_day_from_time(values: dict[str, pa.Array], found: Faults) -> None:
    """A time's UTC day is the day; one that was given must be the same. A month counts from its first day."""
    if "at" in values and "day" in values:
        known = pc.cast(pc.floor_temporal(values["at"], unit="day"), pa.date32())
        differs = pc.fill_null(pc.not_equal(known, values["day"]), False)
        for row in pc.indices_nonzero(differs).to_pylist():
            found.fault(row, f"day {values['day'][row]} is not the UTC day of at {values['at'][row]}")
        values["day"] = pc.coalesce(values["day"], known)
    if "month" in values:
        first = pc.cast(pc.binary_join_element_wise(values["month"], pa.scalar("-01"), ""), pa.date32())
        outside = pc.fill_null(pc.not_equal(pc.strftime(values["day"], format="%Y-%m"), values["month"]), False)
        for row in pc.indices_nonzero(outside).to_pylist():
            found.fault(row, f"day {values['day'][row]} is not in month {values['month'][row]}")
        values["day"] = pc.coalesce(values["day"], first)


def _fault_missing(columns: Columns, values: dict[str, pa.Array], found: Faults) -> None:
    required = [(each.name,) for each in columns.kind.fields if each.is_required]
    for group in (*required, *columns.kind.one_of):
        missing = pc.is_null(values[group[0]])
        for name in group[1:]:
            missing = pc.and_(missing, pc.is_null(values[name]))
        for row in pc.indices_nonzero(missing).to_pylist():
            told = found.faults.get(row, ())
            if not any(reason.startswith(f"{name} ") for name in group for reason in told):
                found.fault(row, f"{' or '.join(group)} is missing")


def _fault_contradictions(values: dict[str, pa.Array], found: Faults) -> None:
    for part, whole in PARTS:
        if part in values and whole in values:
            for row in _where(pc.greater(values[part], values[whole])):
                found.fault(row, f"{part} {values[part][row]} is more than {whole} {values[whole][row]}")
    for start, end in (("started_at", "ended_at"), ("contract_start", "contract_end")):
        if end in values:
            for row in _where(pc.less(values[end], values[start])):
                found.fault(row, f"{end} {values[end][row]} is before {start} {values[start][row]}")
    if "contract_value" in values:
        for row in _where(pc.and_(pc.is_valid(values["contract_value"]), pc.is_null(values["currency"]))):
            found.fault(row, "contract_value has no currency")


def _where(condition: pa.Array) -> list[int]:
    rows: list[int] = pc.indices_nonzero(pc.fill_null(condition, False)).to_pylist()
    return rows


def _labels(others: dict[str, pa.Array], count: int) -> pa.Array:
    """Columns that are none of ours, as one JSON object a line without what is empty; null where all of it is."""
    import polars as pl

    if not others or not count:
        return pa.nulls(count, pa.string())
    frame = pl.DataFrame({name: pl.Series(values) for name, values in others.items()})
    entries = [
        pl.when(pl.col(name).is_not_null())
        .then(pl.struct(pl.col(name)).struct.json_encode().str.slice(1).str.head(-1))
        .alias(name)
        for name in others
    ]
    some = pl.any_horizontal(pl.all().is_not_null())
    joined = pl.concat_str([pl.lit("{"), pl.concat_str(entries, separator=",", ignore_nulls=True), pl.lit("}")])
    return frame.select(pl.when(some).then(joined).alias("labels"))["labels"].to_arrow().cast(pa.string())
