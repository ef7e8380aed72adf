"""What the GPUs of each machine truly did, and what it cost: from samples of NVIDIA's exporter as the world makes them.

A sample stands for the seconds from one scrape to the next: in so much of them the GPU's engine worked. No more hours
are measured than were charged. An idle GPU is kept by requests that wait (queue), by a model that lies in its memory
(warm), or by nobody. A day's charges of a machine, its volumes and its addresses are shared out evenly over its charged
GPU-hours; what is not measured has no busy or idle part.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from simulator.instants import DAY, HOUR, day_start
from simulator.kpi_costs import Spent, service_of
from simulator.kpi_figures import PLACES, Figure, amount, ratio
from simulator.telemetry_calendar import Days
from simulator.telemetry_families import Family
from simulator.telemetry_noise import Floats
from simulator.telemetry_world import TelemetryWorld
from simulator.world import World

Kind: TypeAlias = Literal["charged", "measured", "busy", "queue", "warm", "nobodys"]
_KINDS: tuple[Kind, ...] = ("charged", "measured", "busy", "queue", "warm", "nobodys")
_HELD = 0.05  # of its memory: a driver alone takes less
_ENGINE, _USED, _FREE = "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE"
_WAITING = "vllm:num_requests_waiting"
_SERVICES = ("GPU Instances", "Dedicated Inference")
_HOURS = DAY // HOUR
Spans: TypeAlias = dict[Kind, float]
"""GPU-seconds of one machine and day."""


@dataclass
class GpuTime:
    """Of all machines with GPUs; measured is what lies in [first, until), which are midnights."""

    world: World
    first: int
    until: int

    @cached_property
    def machines(self) -> frozenset[str]:
        """Those that were ever charged for GPUs."""
        return frozenset(machine for machine, _ in self._charged)

    @cached_property
    def found(self) -> Mapping[tuple[str, int], Spans]:
        """By machine and day on which it was charged."""
        found: dict[tuple[str, int], Spans] = {
            (machine, day): {"charged": float(hours.sum()) * self._gpus[machine]}
            for (machine, day), hours in self._charged.items()
        }
        for machine, day, spans in self._measured():
            found[machine, day] |= spans
        return found

    @cached_property
    def _gpus(self) -> Mapping[str, int]:
        """How many each machine has; a dedicated deployment's node has one."""
        types = self.world.book.types
        return {row.id: types[row.type, row.zone].gpus if row.kind == "instance" else 1 for row in self.world.resources}

    @cached_property
    def _charged(self) -> dict[tuple[str, int], Floats]:
        """Seconds of each hour that a machine is paid for."""
        spans: dict[str, set[tuple[int, int]]] = {}
        for charge in self.world.charges:
            until = self.world.served_until(charge, self.until)
            offer = charge.line.offer
            if until is not None and not offer.is_free and service_of(offer.sku, offer.category) in _SERVICES:
                spans.setdefault(charge.line.resource.id, set()).add((charge.start, min(until, self.until)))
        found: dict[tuple[str, int], Floats] = {}
        for machine, stretches in spans.items():
            for start, end in stretches:
                for day in range(day_start(start), end, DAY):
                    hours = found.setdefault((machine, day), np.zeros(_HOURS))
                    edges = day + HOUR * np.arange(_HOURS)
                    hours += np.clip(np.minimum(end, edges + HOUR) - np.maximum(start, edges), 0, None)
        return {key: np.minimum(hours, HOUR) for key, hours in found.items()}

    def _measured(self) -> Iterable[tuple[str, int, Spans]]:
        if self.first >= self.until:
            return
        charged, telemetry = self._charged, TelemetryWorld(self.world)
        for source in telemetry.of_signal("metrics"):
            families = telemetry.holdings(source).by_name
            engines = self._hourly(families.get(_ENGINE, []))
            used, free = (self._hourly(families.get(name, [])) for name in (_USED, _FREE))
            waiting = self._hourly(families.get(_WAITING, []))
            for (machine, day), gpus in engines.items():
                if (machine, day) in charged:
                    paid = charged[machine, day] * self._gpus[machine]
                    held = _share(used.get((machine, day), []), free.get((machine, day), []))
                    yield machine, day, _spans(gpus, paid, held, waiting.get((machine, day), []))

    def _hourly(self, families: Iterable[Family]) -> dict[tuple[str, int], list[tuple[Floats, Floats]]]:
        """By machine and day, of each series the mean of each hour and the seconds its samples stand for."""
        found: dict[tuple[str, int], list[tuple[Floats, Floats]]] = {}
        for family in families:
            days = Days(
                family.calendar,
                family.calendar.day_of(self.first),
                family.calendar.day_of(self.until - 1) + 1,
                family.scrape,
            )
            values, present = family.block(np.arange(family.size), days, with_values=True)
            assert values is not None
            there = np.ones(values.shape, dtype=bool) if present is None else present
            shape = (family.size, days.count, _HOURS, HOUR // family.scrape)
            counts = there.reshape(shape).sum(axis=3)
            sums = np.where(there, values, 0.0).reshape(shape).sum(axis=3)
            means = np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
            for row, labels in enumerate(family.labels):
                for number in range(days.count):
                    day = self.first + number * DAY
                    machine = self._machine(labels["instance"], day) if counts[row, number].any() else None
                    if machine is not None:
                        seen = counts[row, number] * float(family.scrape)
                        found.setdefault((machine, day), []).append((means[row, number], seen))
        return found

    def _machine(self, name: str, day: int) -> str | None:
        """Exporters tell a machine's name only."""
        there = [
            row.id
            for row in self.world.resources
            if row.name == name and not row.server_id and row.start < day + DAY and row.end > day
        ]
        return there[0] if len(there) == 1 else None


def _share(used: Collection[tuple[Floats, Floats]], free: Collection[tuple[Floats, Floats]]) -> Floats:
    """How much of the memory of all its GPUs is held in each hour."""
    held = sum((mean for mean, _ in used), np.zeros(_HOURS))
    return np.asarray(held / np.maximum(held + sum((mean for mean, _ in free), np.zeros(_HOURS)), 1e-9))


def _spans(
    gpus: Collection[tuple[Floats, Floats]], paid: Floats, held: Floats, queues: Collection[tuple[Floats, Floats]]
) -> Spans:
    """Busy and idle seconds of one day."""
    measured = np.minimum(sum((seen for _, seen in gpus), np.zeros(_HOURS)), paid)
    worked = sum((np.nan_to_num(mean) * seen for mean, seen in gpus), np.zeros(_HOURS))
    busy = np.minimum(worked, measured)
    waits = np.nan_to_num(np.max([mean for mean, _ in queues], axis=0)) if queues else np.zeros(_HOURS)
    queue = np.minimum(measured - busy, measured * np.clip(waits, 0, 1))
    left = measured - busy - queue
    spans: dict[Kind, Floats] = {
        "measured": measured,
        "busy": busy,
        "queue": queue,
        "warm": np.where(held >= _HELD, left, 0.0),
        "nobodys": np.where(held >= _HELD, 0.0, left),
    }
    return {kind: float(seconds.sum()) for kind, seconds in spans.items()}


def gpu_figures(time: GpuTime, spent: Iterable[Spent]) -> dict[str, Figure]:
    """By machine: its cost, charged GPU-hours, and the hours and euros of each kind; None where nothing measured it."""
    costs: dict[str, dict[int, int]] = {}
    for piece in spent:
        owner = piece.resource.server_id or piece.resource.id
        if owner in time.machines:
            days = costs.setdefault(owner, {})
            days[piece.day] = days.get(piece.day, 0) + piece.units
    return {
        machine: _figure({day: time.found.get((machine, day), {}) for day in days}, days)
        for machine, days in sorted(costs.items())
    }


def _figure(days: Mapping[int, Spans], costs: Mapping[int, int]) -> Figure:
    seen = [day for day, spans in days.items() if spans.get("measured", 0) > 0]
    told: Figure = {"cost": amount(sum(costs.values()))}
    for kind in _KINDS:
        counted = list(days) if kind == "charged" else seen
        seconds = sum(Fraction(days[day].get(kind, 0.0)) for day in counted)
        told[f"{kind}_hours"] = ratio(Fraction(seconds, HOUR)) if counted else None
        if kind not in ("charged", "measured"):
            parts = (Fraction(days[day][kind]) / Fraction(days[day]["charged"]) * costs[day] for day in seen)
            told[f"{kind}_cost"] = ratio(sum(parts, Fraction(0)) / 10**PLACES) if seen else None
    return told
