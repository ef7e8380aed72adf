"""Loads out of the table that SQL makes of them: one row a machine, its bins and days as lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.recommendations.rightsizing.load import Bins, Days, Floats, Load, Summary
from pipelines.recommendations.rightsizing.load import load as load_of

MEASURES = ("cpu", "memory", "network", "disk")


class RecordedLoads:
    """The machines of `gold.machine_demand`, each as a load for its size.

    Processors and memory are kept as shares of the machine, so its vCPUs and GiB turn them into amounts.
    """

    def __init__(self, table: pa.Table) -> None:
        plain = [name for name in table.column_names if not name.endswith(("_bins", "_by_day"))]
        self._rows: list[Mapping[str, Any]] = table.select(plain).to_pylist()
        self._at = {row["resource_id"]: at for at, row in enumerate(self._rows)}
        self._bins = {measure: _Lists(table, f"{measure}_bins") for measure in MEASURES}
        self._days = {measure: _Lists(table, f"{measure}_by_day") for measure in MEASURES}

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def row(self, resource_id: str) -> Mapping[str, Any] | None:
        """What else the table says of a machine; None where it does not know it."""
        at = self._at.get(resource_id)
        return None if at is None else self._rows[at]

    def load(self, resource_id: str, vcpus: float, memory_gib: float, day_share: float = 0.25) -> Load:
        """The load of a machine of this size. Raises KeyError for one the table does not know."""
        at = self._at[resource_id]
        row = self._rows[at]
        sizes = {"cpu": vcpus, "memory": memory_gib, "network": 1.0, "disk": 1.0}
        measures = {name: self._summary(name, at, size) for name, size in sizes.items() if self._bins[name].has(at)}
        return load_of(
            resource_id,
            datetime.combine(row["known_until"], time(), UTC),
            (row["known_until"] - row["known_from"]).days,
            timedelta(hours=1) / (row["expected_samples"] or 1),
            measures,
            off_days=row["off_days"] or (),
            volumes=row["volume_count"],
            day_share=day_share,
        )

    def _summary(self, measure: str, at: int, size: float) -> Summary:
        bins, days = self._bins[measure].of(at), self._days[measure].of(at)
        return Summary(
            Bins(bins["part"].astype(np.int64), bins["samples"].astype(float), bins["highest"] * size),
            Days(days["days_ago"].astype(np.int64), days["samples"].astype(np.int64), days["highest"] * size),
        )


class _Lists:
    """A column of lists of structures as flat arrays with the place where each row's begin."""

    def __init__(self, table: pa.Table, name: str) -> None:
        column = table.column(name).combine_chunks()
        lists = column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)
        self._valid = np.asarray(lists.is_valid()).tolist()
        self._offsets = lists.offsets.to_pylist()
        values = lists.values
        self._fields: dict[str, Floats] = {
            field.name: values.field(field.name).to_numpy(zero_copy_only=False) for field in values.type
        }

    def has(self, at: int) -> bool:
        return bool(self._valid[at] and self._offsets[at] < self._offsets[at + 1])

    def of(self, at: int) -> dict[str, Floats]:
        first, last = (self._offsets[at], self._offsets[at + 1]) if self._valid[at] else (0, 0)
        return {name: values[first:last] for name, values in self._fields.items()}
