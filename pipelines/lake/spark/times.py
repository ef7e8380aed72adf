"""Dates and moments: what is a date stays one, what becomes a timestamp in DuckDB does so in Spark."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp
from sqlglot.generator import Generator

from pipelines.lake.spark.arithmetic import NotPortable
from pipelines.lake.spark.kinds import is_kind

_TIMES = (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ)
_WRITTEN = {
    "%Y": "yyyy",
    "%m": "MM",
    "%d": "dd",
    "%H": "HH",
    "%M": "mm",
    "%S": "ss",
    "%f": "SSSSSS",
    "T": "'T'",
    "Z": "'Z'",
    "-": "-",
    ":": ":",
    ".": ".",
    " ": " ",
}
_HOUR = 3_600_000_000


def add(to: Generator, node: exp.Add | exp.Sub) -> str:
    """Days to a date, an interval to a date or moment; numbers as they are."""
    left, right = node.this, node.expression
    sign = "+" if isinstance(node, exp.Add) else "-"
    if is_kind(left, exp.DType.DATE):
        if is_kind(right, exp.DType.INTERVAL):
            return f"CAST({to.sql(left)} AS TIMESTAMP_NTZ) {sign} {to.sql(right)}"
        if is_kind(right, *_TIMES):
            return f"DATEDIFF({to.sql(left)}, {to.sql(right)})"
        name = "DATE_ADD" if sign == "+" else "DATE_SUB"
        return f"{name}({to.sql(left)}, CAST({to.sql(right)} AS INT))"
    return f"{to.sql(left)} {sign} {to.sql(right)}"


def difference(to: Generator, node: exp.DateDiff) -> str:
    """How many bounds of the unit lie between; the second less the first."""
    unit = node.text("unit").upper()
    ends = [to.sql(node.this), to.sql(node.expression)]
    if unit == "DAY":
        last, first = (f"CAST({each} AS DATE)" for each in ends)
        return f"DATEDIFF({last}, {first})"
    if unit == "HOUR":
        last, first = (f"UNIX_MICROS(DATE_TRUNC('HOUR', {each}))" for each in ends)
        return f"(({last} - {first}) DIV {_HOUR})"
    raise NotPortable(f"date_diff of {unit.lower()}: only days and hours are")


def truncate(to: Generator, node: exp.TimestampTrunc) -> str:
    """A date becomes a timestamp, as in DuckDB."""
    cut = f"DATE_TRUNC('{node.text('unit').upper()}', {to.sql(node.this)})"
    return cut if is_kind(node.this, exp.DType.TIMESTAMPTZ) else f"CAST({cut} AS TIMESTAMP_NTZ)"


def series(to: Generator, node: exp.GenerateSeries) -> str:
    """Empty, not an error, where the end is before the start."""
    start, end, step = to.sql(node.args["start"]), to.sql(node.args["end"]), node.args.get("step")
    if step is not None and is_kind(node.args["start"], exp.DType.DATE):
        start, end = f"CAST({start} AS TIMESTAMP_NTZ)", f"CAST({end} AS TIMESTAMP_NTZ)"
    if node.args.get("is_end_exclusive"):
        end = f"{end} - 1"
    by = f", {to.sql(step)}" if step is not None else ""
    return f"IF({start} <= {end}, SEQUENCE({start}, {end}{by}), ARRAY())"


def in_zone(to: Generator, node: exp.AtTimeZone) -> str:
    """To UTC's wall clock and back; the session is in UTC."""
    if node.args["zone"].name != "UTC":
        raise NotPortable(f"{node.sql('duckdb')}: all times are in UTC")
    kind = "TIMESTAMP_NTZ" if is_kind(node.this, exp.DType.TIMESTAMPTZ) else "TIMESTAMP"
    return f"CAST({to.sql(node.this)} AS {kind})"


def written(to: Generator, node: exp.TimeToStr) -> str:
    """A time by a pattern."""
    pattern, left = "", node.text("format")
    while left:
        part = next((part for part in _WRITTEN if left.startswith(part)), None)
        if part is None:
            raise NotPortable(f"strftime with {left!r}: only {' '.join(_WRITTEN)} are known")
        pattern += _WRITTEN[part]
        left = left[len(part) :]
    return f'DATE_FORMAT({to.sql(node.this)}, "{pattern}")'


def part(to: Generator, node: exp.Extract) -> str:
    """Microseconds of the minute; other parts have functions of their own."""
    if node.name.lower() != "microsecond":
        raise NotPortable(f"{node.sql('duckdb')}: only the microsecond is known")
    return f"CAST(EXTRACT(SECOND FROM {to.sql(node.expression)}) * 1000000 AS BIGINT)"


def epoch(to: Generator, node: exp.TimeToUnix) -> str:
    """Seconds with their fraction."""
    return f"(CAST(UNIX_MICROS(CAST({to.sql(node.this)} AS TIMESTAMP)) AS DOUBLE) / 1000000D)"


TRANSFORMS = {
    exp.Add: add,
    exp.Sub: add,
    exp.DateDiff: difference,
    exp.TimestampTrunc: truncate,
    exp.DateTrunc: truncate,
    exp.GenerateSeries: series,
    exp.AtTimeZone: in_zone,
    exp.TimeToStr: written,
    exp.Extract: part,
    exp.TimeToUnix: epoch,
    exp.DayOfWeekIso: lambda to, node: f"(WEEKDAY({to.sql(node.this)}) + 1)",
    exp.ToDays: lambda to, node: f"MAKE_DT_INTERVAL({to.sql(node.this)})",
    exp.LastDay: lambda to, node: f"LAST_DAY({to.sql(node.this)})",
}


def _of_microseconds(value: str) -> str:
    return f"MAKE_DT_INTERVAL(0, 0, 0, CAST(CAST({value} AS DECIMAL(18, 0)) * 0.000001BD AS DECIMAL(18, 6)))"


FUNCTIONS: dict[str, Callable[..., str]] = {
    "epoch_us": lambda value: f"UNIX_MICROS(CAST({value} AS TIMESTAMP))",
    "make_timestamptz": lambda value: f"TIMESTAMP_MICROS({value})",
    "to_microseconds": _of_microseconds,
    "yearweek": lambda value: f"(EXTRACT(YEAROFWEEK FROM {value}) * 100 + WEEKOFYEAR({value}))",
}
