"""What machines cost in hours in which they idle: 95 % of the hour's samples show less of their processors in use than
the organisation's limit, of a machine with GPUs less of its GPUs. Of several series of a thing the busiest decides.

A counter shows what was used since the sample before it. The hours of a day share its cost evenly; hours that nobody
measured are left out. What a cluster's workloads leave over is not told here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from simulator.instants import DAY, HOUR, day_start
from simulator.kpi_costs import UNITS_OF_A_NANO, service_of
from simulator.kpi_figures import Figure, amount, ratio
from simulator.telemetry_calendar import Days
from simulator.telemetry_families import Family
from simulator.telemetry_noise import Floats
from simulator.telemetry_world import TelemetryWorld
from simulator.world import World

CPU, GPU = "cpu", "gpu"
Hours: TypeAlias = dict[tuple[str, int, str], tuple[int, int]]
"""Measured and idle hours by thing, day and what was measured."""

_GPU_SERVICE = "GPU Instances"
_SERVICES = frozenset(
    ("Instances", _GPU_SERVICE, "Elastic Metal", "Load Balancers", "Managed Databases", "Managed Redis",
     "Serverless Containers", "Serverless Functions", "Serverless SQL")
)  # fmt: skip
_ALL = "all"


@dataclass(frozen=True)
class _Meter:
    """How a share in use is read from series: gauges of `whole`, counters of `whole` a second, or what is not idle."""

    whole: float = 1.0
    is_counter: bool = False
    modes: str = ""
    measures: str = CPU


_METERS = {
    "instance_server_cpu_seconds_total": _Meter(is_counter=True, modes="vcpus"),
    "node_cpu_seconds_total": _Meter(is_counter=True, modes="idle"),
    "rdb_instance_postgresql_node_cpu_seconds_total": _Meter(is_counter=True, modes="idle"),
    "rkv_cluster_node_cpu_seconds_total": _Meter(is_counter=True, modes="idle"),
    "serverless_db_postgresql_cpu_usage_seconds": _Meter(4.0, is_counter=True, modes="busy"),
    "load_balancer_lb_cpu_usage": _Meter(),
    "serverless_container_cpu_usage_ratio": _Meter(100.0),
    "serverless_function_cpu_usage_ratio": _Meter(100.0),
    "DCGM_FI_DEV_GPU_UTIL": _Meter(100.0, measures=GPU),
}


@dataclass(frozen=True, slots=True)
class Billed:
    """What one thing cost on one day as one service, in units of 10^-12, and the hours of the clock it was paid for."""

    day: int
    resource_id: str
    service: str
    units: int
    hours: int


def billed_in(world: World, month: str, now: int) -> Iterator[Billed]:
    """A month's visible charges as `Billed`; the hours are those from the first charge of the day to the last."""
    found: dict[tuple[int, str, str], list[int]] = {}
    for charge in world.of_month(month):
        until, offer = world.served_until(charge, now), charge.line.offer
        if until is None or offer.is_free:
            continue
        service = service_of(offer.sku, offer.category)
        for day in range(day_start(charge.start), min(until, day_start(now)), DAY):
            start, end = max(charge.start, day), min(until, day + DAY)
            units = charge.nanos(start, end, now) * UNITS_OF_A_NANO
            known = found.setdefault((day, charge.line.resource.id, service), [0, start, end])
            known[:] = known[0] + units, min(known[1], start), max(known[2], end)
    for (day, resource, service), (units, start, end) in found.items():
        yield Billed(day, resource, service, units, max(1, -(-end // HOUR) - start // HOUR))


@dataclass
class IdleHours:
    """The hours of all things that are measured in [first, until), which are midnights."""

    world: World
    first: int
    until: int
    below: float
    _found: Hours = field(default_factory=dict)

    def found(self) -> Hours:
        if self._found or self.first >= self.until:
            return self._found
        telemetry = TelemetryWorld(self.world)
        busiest: dict[tuple[str, int, str], Floats] = {}
        for source in telemetry.of_signal("metrics"):
            for name, families in telemetry.holdings(source).by_name.items():
                if name in _METERS:
                    for family in families:
                        self._add(busiest, family, _METERS[name])
        for key, hours in busiest.items():
            measured = int(np.count_nonzero(~np.isnan(hours)))
            if measured:
                self._found[key] = (measured, int(np.count_nonzero(hours < self.below)))
        return self._found

    def _add(self, busiest: dict[tuple[str, int, str], Floats], family: Family, meter: _Meter) -> None:
        calendar, per_hour = family.calendar, HOUR // family.scrape
        first, last = calendar.day_of(self.first), calendar.day_of(self.until - 1) + 1
        before = 1 if meter.is_counter and first else 0
        days = Days(calendar, first - before, last, family.scrape)
        for labels, shares in _shares(family, days, meter, self.world):
            hourly = shares[before * DAY // family.scrape :].reshape(-1, per_hour)
            for number, hours in enumerate(_quantiles(hourly).reshape(-1, DAY // HOUR)):
                day = self.first + number * DAY
                thing = self._thing(labels, day)
                if thing is None:
                    continue
                key = thing, day, meter.measures
                busiest[key] = np.fmax(busiest[key], hours) if key in busiest else hours

    def _thing(self, labels: Mapping[str, str], day: int) -> str | None:
        """Whose series it is: exporters tell a machine's name only."""
        if "resource_id" in labels:
            return labels["resource_id"]
        there = [
            row.id
            for row in self.world.resources
            if row.name == labels["instance"] and not row.server_id and row.start < day + DAY and row.end > day
        ]
        return there[0] if len(there) == 1 else None


def _shares(family: Family, days: Days, meter: _Meter, world: World) -> Iterator[tuple[Mapping[str, str], Floats]]:
    """What was in use at each sample, NaN where there is none: by series, or by thing where modes or processors are
    added up."""
    values, present = family.block(np.arange(family.size), days, with_values=True)
    assert values is not None
    if present is not None:
        values = np.where(present, values, np.nan)
    if meter.is_counter:
        values = np.diff(values, axis=1, prepend=np.nan) / family.scrape
    values = values / meter.whole
    if meter.modes == "vcpus":
        kinds = {
            row.id: world.book.types[row.type, row.zone].vcpus for row in world.resources if row.kind == "instance"
        }
        values = values / np.array([kinds[labels["resource_id"]] for labels in family.labels])[:, None]
    if meter.modes not in ("idle", "busy"):
        yield from zip(family.labels, values, strict=True)
        return
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for row, labels in enumerate(family.labels):
        if (labels["mode"] == "idle") == (meter.modes == "idle"):
            kept = tuple(sorted((key, value) for key, value in labels.items() if key not in ("cpu", "mode")))
            groups.setdefault(kept, []).append(row)
    for kept, rows in groups.items():
        # one that was resized has two lives, and series of both
        there = ~np.isnan(values[rows])
        counts = np.where(there.any(axis=0), there.sum(axis=0), np.nan)
        total = np.nansum(values[rows], axis=0)
        yield dict(kept), 1 - total / counts if meter.modes == "idle" else total + 0 * counts


def _quantiles(hours: Floats) -> Floats:
    """The 95th percentile of each row; NaN where there is no sample."""
    found = np.full(len(hours), np.nan)
    gaps = np.isnan(hours)
    whole = ~gaps.any(axis=1)
    found[whole] = np.quantile(hours[whole], 0.95, axis=1)
    for row in np.flatnonzero(~whole & ~gaps.all(axis=1)):
        found[row] = np.quantile(hours[row][~gaps[row]], 0.95)
    return found


def idle_figures(billed: Iterable[Billed], hours: Hours) -> Mapping[str, Figure]:
    """By service and of all: the cost of measured hours, and of idle ones."""
    sums: dict[str, list[int]] = {}
    for each in billed:
        measures = GPU if each.service == _GPU_SERVICE else CPU
        told = hours.get((each.resource_id, each.day, measures))
        if each.service not in _SERVICES or told is None:
            continue
        share = min(Fraction(1), Fraction(told[0], each.hours))
        measured = round(each.units * share)
        idle = round(each.units * share * Fraction(told[1], told[0]))
        for name in (each.service, _ALL):
            found = sums.setdefault(name, [0, 0])
            found[0] += idle
            found[1] += measured
    return {name: _figure(idle, measured) for name, (idle, measured) in sorted(sums.items())}


def _figure(idle: int, measured: int) -> Figure:
    return {
        "idle": amount(idle),
        "measured": amount(measured),
        "value": ratio(Fraction(idle, measured)) if measured > 0 else None,
    }
