"""Lines of one file that speak of the same thing, found while the file is read."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


class SeenLines:
    """A 128-bit fingerprint of what each usable line spoke of, with its number: 24 bytes a line."""

    def __init__(self) -> None:
        self._first = pa.array([], pa.uint64())
        self._second = pa.array([], pa.uint64())
        self._lines = pa.array([], pa.int64())

    def repeats(self, identity: pa.Table, numbers: list[int]) -> dict[int, int]:
        """Row to the number of an earlier line that spoke of the same; the other rows count as seen from now on."""
        import polars as pl

        frame = pl.from_arrow(identity)
        assert isinstance(frame, pl.DataFrame)
        prints = pl.DataFrame(
            {"a": frame.hash_rows(seed=1), "b": frame.hash_rows(seed=7), "line": pl.Series(numbers, dtype=pl.Int64)}
        )
        first, second, lines = (prints[name].to_arrow() for name in prints.columns)
        here = prints.select(pl.col("line").min().over("a", "b"))["line"].to_arrow()
        found = pc.index_in(first, value_set=self._first)
        is_same = pc.fill_null(pc.equal(self._second.take(found), second), False)
        earliest = pc.if_else(is_same, self._lines.take(found), here)
        is_new = pc.equal(earliest, lines)
        self._first = pa.concat_arrays([self._first, first.filter(is_new)])
        self._second = pa.concat_arrays([self._second, second.filter(is_new)])
        self._lines = pa.concat_arrays([self._lines, lines.filter(is_new)])
        again = pc.indices_nonzero(pc.invert(is_new))
        return dict(zip(again.to_pylist(), earliest.take(again).to_pylist(), strict=True))
