"""Replaces partitions of a table that Python makes, and commits nothing when they hold the same already."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pipelines.lake.build import content_hashes
from pipelines.lake.engine import connect
from pipelines.lake.store import Lake, PartitionState


def replace_changed(lake: Lake, table: str, rows: pa.Table, partition_by: str, partitions: Sequence[str]) -> list[str]:
    """Make `partitions` of `table` hold exactly `rows`; the partitions that were different are returned."""
    connection = connect()
    with connection:
        connection.register("wanted", rows)
        hashes = content_hashes(connection, "wanted", partition_by, partitions)
    state = lake.state(table)
    changed = [p for p in partitions if p not in state.partitions or state.partitions[p].content != hashes[p]]
    if changed:
        states = {p: PartitionState(hashes[p]) for p in partitions}
        lake.replace(table, rows, states, partition_by)
    return changed
