"""OpenCost beside a cluster: what its workloads ask for and use, and what of its machines is idle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import answer, not_found
from simulator.instants import DAY, HOUR, parse_rfc3339, seconds, zulu
from simulator.resources import Resource, cluster_id
from simulator.telemetry_calendar import Days
from simulator.telemetry_landscape import Landscape
from simulator.telemetry_noise import Floats, seed_of, uniform
from simulator.telemetry_scenario import Workload
from simulator.world import Clock, World

_GIB = 2**30
_IDLE = "__idle__"
_CPU_PART = 0.75  # of a machine's price, that its processors are taken to cost
_DIFFERS = 0.12
_LONGEST = 31 * DAY
_PROPERTIES = ("cluster", "namespace", "controllerKind", "controller")
NANO = 1e-9


@dataclass(frozen=True)
class Cluster:
    """A cluster whose workloads are known."""

    id: str
    name: str
    workloads: Sequence[Workload]
    machines: Sequence[Resource]


@dataclass(frozen=True)
class _Capacity:
    """What the machines of a cluster have in a window: core hours, byte hours and what they cost."""

    core_hours: float
    byte_hours: float
    cost: float

    @property
    def per_core_hour(self) -> float:
        return self.cost * _CPU_PART / self.core_hours if self.core_hours else 0.0

    @property
    def per_byte_hour(self) -> float:
        return self.cost * (1 - _CPU_PART) / self.byte_hours if self.byte_hours else 0.0


class CostApi:
    """Answers /opencost/{cluster}/allocation."""

    def __init__(self, world: World, clock: Clock, land: Landscape) -> None:
        self._world = world
        self._clock = clock
        self._land = land
        self._clusters = {each.id: each for each in _clusters(world)}

    def addresses(self) -> dict[str, str]:
        return {identifier: f"/opencost/{identifier}" for identifier in self._clusters}

    def routes(self) -> list[Route]:
        return [Route("/opencost/{cluster}/allocation", self.allocation)]

    async def allocation(self, request: Request) -> Response:
        """One set for the whole window, by the properties that are asked for."""
        identifier = request.path_params["cluster"]
        cluster = self._clusters.get(identifier)
        if cluster is None:
            raise not_found("cluster", identifier)
        query = request.query_params
        window = _window(query.get("window", ""))
        by = [name.strip() for name in query.get("aggregate", "namespace").split(",") if name.strip()]
        if window is None or window[1] - window[0] > _LONGEST:
            return _refused(f"Invalid 'window' parameter: {query.get('window', '')}")
        if set(by) - set(_PROPERTIES):
            return _refused(f"Invalid 'aggregate' parameter: {query.get('aggregate', '')}")
        start, end = window[0], min(window[1], self._clock.instant)
        if end <= start:
            return answer({"code": 200, "status": "success", "data": [{}]})
        found = self._allocations(cluster, start, end, by)
        if query.get("includeIdle", "").lower() == "true":
            found |= self._idle(cluster, start, end, found)
        return answer({"code": 200, "status": "success", "data": [found]})

    def _allocations(self, cluster: Cluster, start: int, end: int, by: Sequence[str]) -> dict[str, dict[str, Any]]:
        capacity = self._capacity(cluster, start, end)
        found: dict[str, dict[str, Any]] = {}
        for workload in cluster.workloads:
            hours = self._hours(cluster, workload, start, end)
            if not hours:
                continue
            properties = {
                "cluster": cluster.name,
                "namespace": workload.namespace,
                "controllerKind": workload.kind,
                "controller": workload.name,
            }
            name = "/".join(
                f"{workload.kind}:{workload.name}" if each == "controller" else properties[each] for each in by
            )
            row = self._row(cluster, workload, (start, end), hours, capacity)
            kept = {"controllerKind", *by} if "controller" in by else set(by)
            told = {"cluster": cluster.name, **{key: value for key, value in properties.items() if key in kept}}
            found[name] = _summed(found.get(name), {"name": name, "properties": told, **row})
        return found

    def _row(
        self, cluster: Cluster, workload: Workload, span: tuple[int, int], hours: float, capacity: _Capacity
    ) -> dict[str, Any]:
        seed = seed_of(self._world.identity, cluster.id, workload.namespace, workload.name)
        drawn = uniform(np.array([seed], dtype=np.uint64), np.array([span[0] // HOUR, span[0] // HOUR + 1]))[0]
        swing = 1 + _DIFFERS * (2 * drawn - 1)
        cores, memory = workload.cpu * workload.replicas, workload.memory_gib * _GIB * workload.replicas
        used, held = float(cores * workload.cpu_used * swing[0]), float(memory * workload.memory_used * swing[1])
        core_hours, byte_hours = max(cores, used) * hours, max(memory, held) * hours
        costs = {"cpuCost": core_hours * capacity.per_core_hour, "ramCost": byte_hours * capacity.per_byte_hour}
        return _told(span, hours, core_hours, byte_hours, costs) | {
            "cpuCoreRequestAverage": cores,
            "cpuCoreUsageAverage": used,
            "ramByteRequestAverage": memory,
            "ramByteUsageAverage": held,
            "cpuEfficiency": used / cores,
            "ramEfficiency": held / memory,
        }

    def _idle(
        self, cluster: Cluster, start: int, end: int, found: dict[str, dict[str, Any]]
    ) -> dict[str, dict[str, Any]]:
        """What the machines have beyond all workloads; costs add up to those of the machines."""
        capacity = self._capacity(cluster, start, end)
        core_hours = max(capacity.core_hours - sum(row["cpuCoreHours"] for row in found.values()), 0.0)
        byte_hours = max(capacity.byte_hours - sum(row["ramByteHours"] for row in found.values()), 0.0)
        costs = {"cpuCost": core_hours * capacity.per_core_hour, "ramCost": byte_hours * capacity.per_byte_hour}
        hours = (end - start) / HOUR
        row = {"name": _IDLE, "properties": {"cluster": cluster.name}}
        row |= _told((start, end), hours, core_hours, byte_hours, costs)
        nothing = dict.fromkeys(("cpuCoreRequestAverage", "cpuCoreUsageAverage"), 0.0)
        nothing |= dict.fromkeys(("ramByteRequestAverage", "ramByteUsageAverage"), 0.0)
        return {_IDLE: row | nothing}

    def _hours(self, cluster: Cluster, workload: Workload, start: int, end: int) -> float:
        first = max(start, seconds(workload.start) if workload.start else self._world.start)
        last = min(end, seconds(workload.end) if workload.end else self._world.horizon)
        alive = max((row.end for row in cluster.machines), default=0)
        born = min((row.start for row in cluster.machines), default=end)
        return max(min(last, alive) - max(first, born), 0) / HOUR

    def _capacity(self, cluster: Cluster, start: int, end: int) -> _Capacity:
        """From the hours that each machine was there, at the list price of the window's beginning."""
        things = self._land.things(cluster.machines)
        days = Days(things.calendar, things.calendar.day_of(start), things.calendar.day_of(end - 1) + 1, HOUR)
        first, last = things.hours(np.arange(len(things)), days.span)
        hours: Floats = np.clip(np.minimum(last, end) - np.maximum(first, start), 0, None).sum(axis=1) / HOUR
        core_hours = byte_hours = cost = 0.0
        for row, lived in zip(cluster.machines, hours.tolist(), strict=True):
            kind = self._world.book.types[row.type, row.zone]
            core_hours += kind.vcpus * lived
            byte_hours += kind.ram_gib * _GIB * lived
            offer = self._world.book.offers[row.meters[0].sku]
            seconds_of_price = 60 if offer.unit == "minute" else HOUR
            cost += offer.nanos(start) * NANO * lived * HOUR / seconds_of_price
        return _Capacity(core_hours, byte_hours, cost)


def _clusters(world: World) -> list[Cluster]:
    """Clusters whose group says what runs in them."""
    found = []
    for group in world.scenario.resources:
        if group.workloads and group.kapsule:
            name = group.kapsule.cluster
            machines = [
                row
                for row in world.resources
                if row.kind == "instance" and row.group.kapsule and row.group.kapsule.cluster == name
            ]
            found.append(Cluster(cluster_id(world.scenario, world.identity, name), name, group.workloads, machines))
    return found


def _told(
    span: tuple[int, int], hours: float, core_hours: float, byte_hours: float, costs: dict[str, float]
) -> dict[str, Any]:
    length = (span[1] - span[0]) / HOUR
    return {
        "window": {"start": zulu(span[0]), "end": zulu(span[1])},
        "start": zulu(span[0]),
        "end": zulu(span[1]),
        "minutes": hours * 60,
        "cpuCores": core_hours / length,
        "cpuCoreHours": core_hours,
        "ramBytes": byte_hours / length,
        "ramByteHours": byte_hours,
        "gpuHours": 0.0,
        "gpuCost": 0.0,
        "pvCost": 0.0,
        "networkCost": 0.0,
        "loadBalancerCost": 0.0,
        **costs,
        "totalCost": sum(costs.values()),
    }


def _summed(known: dict[str, Any] | None, row: dict[str, Any]) -> dict[str, Any]:
    """Two allocations with the same name as one."""
    if known is None:
        return row
    added = {key: known[key] + value for key, value in row.items() if isinstance(value, float) and key != "minutes"}
    return {**known, **added}


def _window(text: str) -> tuple[int, int] | None:
    first, _, last = text.partition(",")
    try:
        start, end = int(parse_rfc3339(first)), int(parse_rfc3339(last))
    except ValueError:
        return None
    return (start, end) if start < end else None


def _refused(said: str) -> Response:
    return answer({"code": 400, "status": "error", "message": said}, 400)
