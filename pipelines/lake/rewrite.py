"""Replaces partitions of a table that Python makes, and commits nothing when they hold the same already."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pipelines.lake.build import content_hashes
from pipelines.lake.engine import connect
from pipelines.lake.store import WHOLE, Lake, PartitionState


def replace_whole(lake: Lake, table: str, rows: pa.Table) -> bool:
    """As `replace_changed`, of a table without partitions; whether it held other rows before."""
    return bool(replace_changed(lake, table, rows, None, [WHOLE]))


def is_whole(lake: Lake, table: str, rows: pa.Table) -> bool:
    """Whether a table without partitions holds exactly `rows`; one that was never made holds none."""
    known = lake.state(table).partitions.get(WHOLE)
    return not rows.num_rows if known is None else known.content == _hashes(rows, None, [WHOLE])[WHOLE]


def replace_changed(
    lake: Lake, table: str, rows: pa.Table, partition_by: str | None, partitions: Sequence[str]
) -> list[str]:
    """Make `partitions` of `table` hold exactly `rows`; the partitions that were different are returned."""
    hashes = _hashes(rows, partition_by, partitions)
    state = lake.state(table)
    changed = [p for p in partitions if p not in state.partitions or state.partitions[p].content != hashes[p]]
    if changed:
        states = {p: PartitionState(hashes[p]) for p in partitions}
        lake.replace(table, rows, states, partition_by)
    return changed


def _hashes(rows: pa.Table, partition_by: str | None, partitions: Sequence[str]) -> dict[str, str]:
    with connect() as connection:
        connection.register("wanted", rows)
        return content_hashes(connection, "wanted", partition_by, partitions)
