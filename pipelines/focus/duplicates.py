"""Finding lines that repeat an earlier line exactly, and whether a unique id proves them the same charge.

FOCUS has no row identity: two equal lines can be two equal charges (two requests in one hour). Only where a
column of the file is unique in all other lines does a repeat mean that a line was delivered twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.focus.columns import BY_NAME

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

_ID_COLUMN = re.compile(r"(.*[a-z_])?id", re.IGNORECASE)


@dataclass(frozen=True)
class Repeats:
    """Line number of each repeat and of its first occurrence; `id_column` is None if nothing proves them."""

    lines: dict[int, int]
    id_column: str | None = None


class RepeatedLines:
    """Collects a 128-bit fingerprint per line and per possible id while a file is read."""

    def __init__(self, names: list[str]) -> None:
        self._ids = [name for name in names if name not in BY_NAME and _ID_COLUMN.fullmatch(name)]
        self._prints: list[pl.DataFrame] = []

    def add(self, batch: pa.Table, numbers: list[int]) -> None:
        import polars as pl

        frame = pl.DataFrame({name: pl.Series(batch.column(name)) for name in batch.column_names})
        columns = {"line": pl.Series(numbers, dtype=pl.Int64), **_fingerprint(frame, "row")}
        for position, name in enumerate(self._ids):
            columns |= _fingerprint(frame.select(name), f"id{position}")
        self._prints.append(pl.DataFrame(columns))

    def find(self) -> Repeats:
        import polars as pl

        if not self._prints:
            return Repeats({})
        prints = pl.concat(self._prints)
        first = pl.col("line").min().over("row_a", "row_b")
        again = prints.select("line", first=first).filter(pl.col("first") < pl.col("line"))
        lines = dict(again.iter_rows())
        different = prints.height - len(lines)
        if not lines or different < 2:
            return Repeats(lines)
        for position, name in enumerate(self._ids):
            if prints.select(f"id{position}_a", f"id{position}_b").n_unique() == different:
                return Repeats(lines, name)
        return Repeats(lines)


def _fingerprint(frame: pl.DataFrame, name: str) -> dict[str, pl.Series]:
    return {f"{name}_a": frame.hash_rows(seed=1), f"{name}_b": frame.hash_rows(seed=7)}
