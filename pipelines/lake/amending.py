"""Reads a partition, changes it and writes it from that version: what two writers do at once is done by both."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pyarrow as pa

from pipelines.lake.content import ContentDigest
from pipelines.lake.failures import Overtaken, lake_errors
from pipelines.lake.store import Lake, PartitionState, TableState
from pipelines.lake.tables import PythonTable

MOST_ATTEMPTS = 100
_WAIT_SECONDS = 0.02
_LONGEST_WAIT_SECONDS = 1.0


def amend(
    lake: Lake,
    table: PythonTable,
    partition: str,
    change: Callable[[pa.Table], pa.Table],
    most_attempts: int = MOST_ATTEMPTS,
) -> int:
    """Make `change(rows)` the rows of a partition, whatever others write meanwhile; how often it took is returned.

    `change` is asked again with newer rows each time another writer was first, so it must do nothing else. Equal rows
    make no commit. Raises Overtaken when it was too late so many times, LakeUnavailable where the lake cannot be read
    or written.
    """
    column = table.partition_by
    assert column is not None
    for attempt in range(1, most_attempts + 1):
        base = lake.state(table.name)
        rows = _rows(table, base, partition)
        changed = change(rows)
        if changed.equals(rows) and partition in base.partitions:
            return attempt
        content = ContentDigest(changed.schema)
        content.add(changed)
        states = {partition: PartitionState(content.hexdigest())}
        try:
            lake.replace(table.name, changed, states, column, base=base)
        except Overtaken:
            time.sleep(_pause(attempt))
        else:
            return attempt
    raise Overtaken(
        f"{table.name}: other writers came first {most_attempts} times in {partition}; run again when they end"
    )


def _rows(table: PythonTable, base: TableState, partition: str) -> pa.Table:
    """Those of one version, which stay what they are however many versions follow."""
    if base.delta is None:
        return table.schema.empty_table()
    with lake_errors(table.name):
        wanted = [(table.partition_by or "", "=", partition)]
        return base.delta.to_pyarrow_table(filters=wanted).cast(table.schema)


def _pause(attempt: int) -> float:
    """Longer each time and never the same, so that the writers part."""
    return random.uniform(0, min(_LONGEST_WAIT_SECONDS, _WAIT_SECONDS * attempt))  # noqa: S311 (no secret)
