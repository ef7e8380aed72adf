"""A FOCUS table as CSV text that keeps every digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def as_csv(rows: pa.Table, *, header: bool) -> bytes:
    """Times as ISO 8601 with Z, null as an empty field, decimals in plain notation.

    A decimal has at least one digit after the point, so that a column of whole numbers is still read as
    decimal by whoever infers types, and no further trailing zeros.
    """
    import polars as pl

    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)
    texts = [_text(frame[name]) for name in frame.columns]
    csv = pl.DataFrame(texts).write_csv(include_header=header, quote_style="necessary", line_terminator="\n")
    return csv.encode("utf-8")


def _text(values: pl.Series) -> pl.Series:
    import polars as pl

    if values.dtype == pl.Decimal:
        trimmed = values.cast(pl.String).str.strip_chars_end("0")
        whole = trimmed.str.ends_with(".")
        return pl.select(pl.when(whole).then(trimmed + "0").otherwise(trimmed).alias(values.name)).to_series()
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    return values
