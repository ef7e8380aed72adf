"""Loads out of the table that SQL makes of them: one row a machine, its bins and days as lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.recommendations.rightsizing.demand import Demand, Demands
from pipelines.recommendations.rightsizing.load import Load, measured
from pipelines.recommendations.rightsizing.summaries import NOTHING, Bins, Days, Floats, Integers

MEASURES = ("cpu", "memory", "network", "disk")
_AT_ONCE = 256  # machines whose summaries are read together


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
        self._demands: dict[tuple[str, int], Demands] = {}

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
        return measured(
            resource_id,
            datetime.combine(row["known_until"], time(), UTC),
            (row["known_until"] - row["known_from"]).days,
            timedelta(hours=1) / (row["expected_samples"] or 1),
            self._cpu_days(at),
            {name: self._demand(name, at, size) for name, size in sizes.items() if self._bins[name].has(at)},
            off_days=row["off_days"] or (),
            volumes=row["volume_count"],
            day_share=day_share,
        )

    def _demand(self, measure: str, at: int, size: float) -> Demand | None:
        """The levels of a machine, read together with those around it."""
        block, place = divmod(at, _AT_ONCE)
        if (measure, block) not in self._demands:
            first = block * _AT_ONCE
            bins, bin_offsets = self._bins[measure].rows(first, first + _AT_ONCE)
            days, day_offsets = self._days[measure].rows(first, first + _AT_ONCE)
            self._demands[measure, block] = Demands(_bins(bins), bin_offsets, _days(days), day_offsets)
        return self._demands[measure, block].of(place, size)

    def _cpu_days(self, at: int) -> Days:
        return _days(self._days["cpu"].of(at)) if self._bins["cpu"].has(at) else NOTHING.days


class _Lists:
    """A column of lists of structures as flat arrays with the place where each row's begin."""

    def __init__(self, table: pa.Table, name: str) -> None:
        column = table.column(name).combine_chunks()
        lists = column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)
        # a null row has no length, whatever stands at its place
        lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0)).astype(np.int64)
        self._offsets: Integers = np.concatenate([[0], np.cumsum(lengths)])
        self._ends: list[int] = self._offsets.tolist()
        values = lists.flatten()
        self._fields: dict[str, Floats] = {
            field.name: values.field(field.name).to_numpy(zero_copy_only=False) for field in values.type
        }

    def has(self, at: int) -> bool:
        return self._ends[at] < self._ends[at + 1]

    def of(self, at: int) -> dict[str, Floats]:
        return {name: values[self._ends[at] : self._ends[at + 1]] for name, values in self._fields.items()}

    def rows(self, first: int, last: int) -> tuple[dict[str, Floats], Integers]:
        """Those of the rows from the first up to the last, and where each row's begin."""
        offsets = self._offsets[first : last + 1]
        found = slice(int(offsets[0]), int(offsets[-1]))
        return {name: values[found] for name, values in self._fields.items()}, offsets - offsets[0]


def _bins(fields: Mapping[str, Floats]) -> Bins:
    return Bins(
        fields["part"].astype(np.int64, copy=False),
        fields["samples"].astype(float, copy=False),
        fields["highest"].astype(float, copy=False),
    )


def _days(fields: Mapping[str, Floats]) -> Days:
    return Days(
        fields["days_ago"].astype(np.int64, copy=False),
        fields["samples"].astype(np.int64, copy=False),
        fields["highest"].astype(float, copy=False),
    )
