"""Serverless containers and functions: a series for each instance that runs, and how many requests each gets."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.instants import DAY
from simulator.resources import Resource
from simulator.service_parts import amount, meter
from simulator.telemetry_calendar import SHAPES
from simulator.telemetry_families import Labels, Metric, Slots
from simulator.telemetry_landscape import Board, Landscape
from simulator.telemetry_noise import Whole
from simulator.telemetry_requests import Traffic, served_by, traffic
from simulator.telemetry_shapes import profiles
from simulator.telemetry_things import Signal, Things
from simulator.telemetry_usage import CPU, MEMORY, shape_of
from simulator.telemetry_values import Constant, Gauge, Instances, Split, Values

CONTAINER, FUNCTION, _FUNCTION_MEMORY = "/paas/caas/vcpu/", "/paas/faas/", "/paas/faas/memory/"
_GB = 10**9
_MOST_INSTANCES = 8
_PEAK = 2.0  # instances at the busiest time for each that runs on average
_SECONDS_OF_A_REQUEST = 0.12


@dataclass(frozen=True)
class _Kind:
    """What containers and functions have in common."""

    type: str
    limit: float
    number: int


_CONTAINERS = _Kind("serverless_container", 2.0 * _GB, 1)
_FUNCTIONS = _Kind("serverless_function", 0.512 * _GB, 2)


def containers(land: Landscape, resources: Sequence[Resource]) -> tuple[list[Metric], Traffic | None]:
    rows = land.services(resources, CONTAINER)
    return _made(land, rows, _CONTAINERS, {row.id: row.id for row in rows})


def functions(land: Landscape, resources: Sequence[Resource]) -> tuple[list[Metric], Traffic | None]:
    """A function that is billed with a container has an identifier of its own."""
    rows = land.services(resources, FUNCTION)
    uuid = land.world.identity.uuid
    return _made(
        land, rows, _FUNCTIONS, {row.id: uuid("function", row.id) if meter(row, CONTAINER) else row.id for row in rows}
    )


def _made(
    land: Landscape, rows: Sequence[Resource], kind: _Kind, names: dict[str, str]
) -> tuple[list[Metric], Traffic | None]:
    if not rows:
        return [], None
    things = land.nodes(rows, [kind.number] * len(rows))
    board = Board(things, [{**land.labels(row, kind.type), "resource_id": names[row.id]} for row in rows])
    running = _instances(land, things)
    named = [f"{row.name}-{land.world.identity.uuid('instance', row.id)[:8]}" for row in rows]
    most = [int(each) for each in running.most]

    def each(row: int) -> list[Labels]:
        return [{"resource_instance": f"{named[row]}-{number:02}"} for number in range(most[row])]

    def slots(member: Whole) -> Slots:
        return Slots(_numbers(member), member, running)

    def limit(member: Whole) -> Values:
        return Constant(np.full(len(member), kind.limit))

    cpu, memory = land.signal(things, CPU), land.signal(things, MEMORY)
    board.add(f"{kind.type}_cpu_usage_ratio", "gauge", "Percent of its processors", _gauge(cpu, 100.0, 2), each, slots)
    used = _gauge(memory, kind.limit, 0)
    board.add(f"{kind.type}_memory_usage_bytes", "gauge", "Bytes in use", used, each, slots)
    board.add(f"{kind.type}_memory_limit_bytes", "gauge", "Bytes it may use", limit, each, slots)
    if kind is _CONTAINERS:
        board.add(f"{kind.type}_instances_total", "gauge", "Instances that run", lambda _: running)
    counted = traffic(land, things, [served_by(row, _usual(row)) for row in rows], [names[row.id] for row in rows])
    _rates(board, f"{kind.type}_requests_per_second", counted, running, each)
    return board.made, counted


def _instances(land: Landscape, things: Things) -> Instances:
    rows = things.resources
    shapes = [SHAPES.index(shape_of(row, row.group.serves.shape if row.group.serves else None)) for row in rows]
    most = [min(_MOST_INSTANCES, max(1, math.ceil(_running(row) * _PEAK))) for row in rows]
    return Instances(things, profiles(land.scrape)[shapes], np.array(most, dtype=np.float64))


def _rates(
    board: Board, name: str, counted: Traffic, running: Instances, each: Callable[[int], Sequence[Labels]]
) -> None:
    """Each line of the traffic is a series for each instance."""
    lines: list[int] = []
    numbers: list[int] = []
    labels: list[list[Labels]] = []
    for row in range(len(board.things)):
        labels.append([])
        for line in counted.lines_of(row):
            for number, instance in enumerate(each(row)):
                lines.append(int(line))
                numbers.append(number)
                labels[-1].append({**counted.labels[line], **instance})
    which, positions = np.array(lines, dtype=np.int64), np.array(numbers, dtype=np.int64)
    values = Split(counted.flow, which, positions, running, float(board.things.scrape))
    board.add(
        name, "gauge", "Requests a second", lambda _: values, lambda row: labels[row],
        lambda member: Slots(positions, member, running),
    )  # fmt: skip


def _gauge(signal: Signal, factor: float, digits: int) -> Callable[[Whole], Values]:
    def values(member: Whole) -> Values:
        return Gauge(signal, member, np.full(len(member), factor), np.zeros(len(member)), digits)

    return values


def _numbers(member: Whole) -> Whole:
    """The position of each series among those of its thing."""
    starts = np.searchsorted(member, member)
    found: Whole = np.arange(len(member)) - starts
    return found


def _running(row: Resource) -> float:
    """Instances that are billed on average: of a processor, or of half a gigabyte."""
    if meter(row, CONTAINER):
        return amount(row, CONTAINER) / DAY
    return amount(row, _FUNCTION_MEMORY) / DAY / (_FUNCTIONS.limit / _GB)


def _usual(row: Resource) -> int:
    return int(_running(row) * DAY / _SECONDS_OF_A_REQUEST)
