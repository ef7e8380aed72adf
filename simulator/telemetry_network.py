"""Load balancers with the requests they count, and public gateways."""

from collections.abc import Sequence

import numpy as np

from simulator.resources import Resource
from simulator.service_parts import meter, word
from simulator.telemetry_families import Labels, Metric
from simulator.telemetry_landscape import Board, Landscape
from simulator.telemetry_noise import Floats, Whole
from simulator.telemetry_requests import Traffic, served_by, traffic
from simulator.telemetry_usage import CPU, MEMORY, NETWORK, by_environment
from simulator.telemetry_values import Constant, Counter, Values

BALANCER, GATEWAY = "/network/loadbalancer/loadbalancer-", "/network/vpc/public-gateway/vpc-gw-"
_USUAL = by_environment(240_000, 3_500, 900, 40, 6_000)
_FRONTEND: tuple[Labels, ...] = ({"frontend_name": "https"},)
_CODES = {"2xx": 0.965, "3xx": 0.02, "4xx": 0.012, "5xx": 0.003}
_GATEWAY_BYTES = {"s": 12_500_000.0, "m": 125_000_000.0}
_MOST_SESSIONS = 900.0
_GATEWAY_LOAD = 0.2  # of what a machine would send


def balancers(land: Landscape, resources: Sequence[Resource]) -> tuple[list[Metric], Traffic | None]:
    """The families of load balancers, and the requests they count. One with nothing behind it serves nothing."""
    rows = land.services(resources, BALANCER)
    if not rows:
        return [], None
    things = land.things(rows)
    board = Board(things, [land.labels(row, "load_balancer") for row in rows])
    serving = np.array([0.0 if row.group.detached_at else 1.0 for row in rows])
    cpu, memory, network = (land.signal(things, each) for each in (CPU, MEMORY, NETWORK))
    board.gauge("load_balancer_lb_cpu_usage", "Share of its processors", cpu, 0.5 * serving, 0.01)
    board.gauge("load_balancer_lb_memory_usage", "Share of its memory", memory, 0.4 * serving, 0.1)
    board.gauge("load_balancer_lb_connection_usage", "Share of its connections", network, serving)
    board.gauge("load_balancer_lb_bandwidth_in_usage", "Share of its bandwidth", network, 0.4 * serving)
    board.gauge("load_balancer_lb_bandwidth_out_usage", "Share of its bandwidth", network, serving)
    sessions = "load_balancer_lb_frontend_current_sessions"
    board.gauge(sessions, "Sessions", network, _MOST_SESSIONS * serving, digits=0, variants=_FRONTEND)
    for name in ("backend_status", "backend_agg_server_check_status"):
        _states(board, f"load_balancer_lb_{name}", serving)
    said = [served_by(row, _USUAL.get(row.project.environment, 0)) for row in rows]
    counted = traffic(land, things, said, [row.id for row in rows], _FRONTEND)
    _requests(board, counted)
    return board.made, counted


def _states(board: Board, name: str, serving: Floats) -> None:
    """1 for the state a backend is in, 0 for the other."""
    states: list[Labels] = [{"backend_name": "backend", "state": state} for state in ("UP", "DOWN")]

    def values(member: Whole) -> Values:
        return Constant(np.where(np.arange(len(member)) % 2 == 0, serving[member], 1 - serving[member]))

    board.add(name, "gauge", "Whether a backend is in a state", values, states)


def _requests(board: Board, counted: Traffic) -> None:
    """Each line is a series; by code it is several, which add up to a little less."""

    def lines(member: Whole) -> Values:
        return Counter(counted.flow, np.arange(len(member)), np.ones(len(member)))

    def by_code(member: Whole) -> Values:
        line = np.arange(len(member)) // len(_CODES)
        return Counter(counted.flow, line, np.tile(list(_CODES.values()), len(member) // len(_CODES)))

    def codes(row: int) -> list[Labels]:
        return [{**counted.labels[line], "code": code} for line in counted.lines_of(row) for code in _CODES]

    prefix = "load_balancer_lb_frontend_http_"
    board.add(f"{prefix}requests_total", "counter", "Requests", lines, counted.labels_of)
    board.add(f"{prefix}responses_total", "counter", "Responses by class of status", by_code, codes)


def gateways(land: Landscape, resources: Sequence[Resource]) -> list[Metric]:
    """A gateway that is billed with a load balancer has an identifier of its own."""
    rows = land.services(resources, GATEWAY)
    if not rows:
        return []
    identity = land.world.identity
    common = []
    for row in rows:
        own = identity.uuid("gateway", row.id) if meter(row, BALANCER) else row.id
        common.append({**land.labels(row, "public_gateway"), "resource_id": own})
    board = Board(land.things(rows), common)
    bandwidth = np.array([_GATEWAY_BYTES.get(word(row, GATEWAY), _GATEWAY_BYTES["s"]) for row in rows])
    passed = land.flow(land.signal(board.things, NETWORK), bandwidth * _GATEWAY_LOAD, has_restarts=True)
    for name, share in (("receive", 0.7), ("transmit", 0.3)):
        board.counter(f"public_gateway_{name}_bytes_total", f"Bytes by {name}", passed, shares=(share,))
    return board.made
