"""Kapsule clusters: their nodes, pods, processors and control planes."""

from collections.abc import Callable, Sequence

import numpy as np

from simulator.resources import CONTROL_PLANE, Resource, cluster_id
from simulator.service_parts import word
from simulator.telemetry_families import Labels, Metric
from simulator.telemetry_landscape import Board, Landscape
from simulator.telemetry_noise import Whole
from simulator.telemetry_usage import CPU, MEMORY
from simulator.telemetry_values import Constant, Gauge, Headcount, Product, Values

_PREFIX = "kubernetes_cluster_k8s_shoot_"
_COMPONENTS = {"api-server": 0.6, "etcd": 0.25, "controller-manager": 0.1, "scheduler": 0.05}
_CONTROL_CORES, _DEDICATED_CORES = 1.0, {"4": 2.0, "8": 4.0, "16": 8.0}
_CONTROL_BYTES = 2 * 2**30
_PODS_A_NODE = 30.0
_QUOTA_BYTES = 50 * 2**20


def clusters(land: Landscape, resources: Sequence[Resource]) -> list[Metric]:
    """Each cluster is a thing: its control plane where that is billed, else its first machine."""
    machines = [row for row in resources if row.kind == "instance" and row.group.kapsule]
    members: dict[str, list[int]] = {}
    for index, row in enumerate(machines):
        members.setdefault(_name(row), []).append(index)
    if not members:
        return []
    planes = {_name(row): row for row in land.services(resources, CONTROL_PLANE) if row.group.kapsule}
    rows = [planes.get(name, machines[indices[0]]) for name, indices in members.items()]
    world = land.world
    common = [
        {
            **land.labels(row, "kubernetes_cluster"),
            "resource_id": cluster_id(world.scenario, world.identity, name),
            "resource_name": name,
        }
        for name, row in zip(members, rows, strict=True)
    ]
    board = Board(land.things(rows), common)
    groups = tuple(np.array(indices, dtype=np.int64) for indices in members.values())
    _nodes(land, board, machines, groups)
    _control_planes(land, board, rows)
    return board.made


def _nodes(land: Landscape, board: Board, machines: Sequence[Resource], groups: tuple[Whole, ...]) -> None:
    things, offsets = land.things(machines), board.things.offsets
    cores = np.array([float(land.world.book.types[row.type, row.zone].vcpus) for row in machines])
    count = Headcount(things, groups, np.ones(len(machines)), offsets)
    capacity = Headcount(things, groups, cores, offsets)
    everyone = np.ones(len(groups))

    def add(name: str, about: str, values: Values) -> None:
        board.add(f"{_PREFIX}{name}", "gauge", about, lambda _: values)

    def share(factor: float, base: float = 0.0) -> Values:
        return Gauge(land.signal(board.things, CPU), np.arange(len(groups)), everyone * factor, everyone * base, 5)

    add("nodes", "Nodes", count)
    add("nodes_ready", "Nodes that are ready", count)
    add("nodes_pods_usage_total", "Pods", Product((count, share(_PODS_A_NODE, 6.0)), 0))
    add("nodes_cpu_usage_total", "Processors in use", Product((capacity, share(1.0)), 3))
    add("nodes_cpu_capacity_total", "Processors", capacity)


def _control_planes(land: Landscape, board: Board, rows: Sequence[Resource]) -> None:
    cores = np.array([_cores(row) for row in rows])
    parts: list[Labels] = [{"component": name} for name in _COMPONENTS]
    shares = np.tile(list(_COMPONENTS.values()), len(rows))

    cpu, memory = land.signal(board.things, CPU), land.signal(board.things, MEMORY)

    def processors(member: Whole) -> Values:
        return Gauge(cpu, member, cores[member] * shares, np.zeros(len(member)), 4)

    def held(member: Whole) -> Values:
        return Gauge(memory, member, _CONTROL_BYTES * cores[member] * shares, np.zeros(len(member)), 0)

    def limit(each: float) -> Callable[[Whole], Values]:
        return lambda member: Constant(each * cores[member] * shares)

    board.add(f"{_PREFIX}controlplane_cpu_usage", "gauge", "Processors in use", processors, parts)
    board.add(f"{_PREFIX}controlplane_memory_usage_bytes", "gauge", "Bytes in use", held, parts)
    board.add(f"{_PREFIX}controlplane_cpu_limit", "gauge", "Processors it may use", limit(1.0), parts)
    most = limit(float(_CONTROL_BYTES))
    board.add(f"{_PREFIX}controlplane_memory_limit_bytes", "gauge", "Bytes it may use", most, parts)
    size: list[Labels] = [{"type": "size"}]
    usage = "kubernetes_cluster_etcdwatcher_namespace_usage"
    board.gauge(usage, "Bytes in etcd", memory, float(_QUOTA_BYTES), digits=0, variants=size)


def _name(row: Resource) -> str:
    assert row.group.kapsule
    return row.group.kapsule.cluster


def _cores(row: Resource) -> float:
    """Processors of a control plane: a dedicated one says so in its name."""
    kind = word(row, CONTROL_PLANE) if row.kind == "service" else ""
    return _DEDICATED_CORES.get(kind.rpartition("-")[2], _CONTROL_CORES)
