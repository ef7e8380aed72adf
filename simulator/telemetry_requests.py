"""Requests: whole numbers by day and by what they ask for, from what a scenario says its groups serve."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.instants import DAY, seconds
from simulator.resources import Resource
from simulator.telemetry_families import Labels
from simulator.telemetry_flows import Flow
from simulator.telemetry_landscape import Landscape
from simulator.telemetry_noise import Whole, derived, uniform
from simulator.telemetry_scenario import Served
from simulator.telemetry_things import Signal, Things
from simulator.telemetry_usage import shape_of

NUMBER = 20  # of the signal that deals requests out over a day
_FRACTION = 1_000_000


@dataclass(frozen=True)
class Traffic:
    """Counters of requests: lines belong to things, and have labels of their own. `ids` name the things."""

    flow: Flow
    labels: tuple[Labels, ...]
    ids: tuple[str, ...]

    def lines_of(self, row: int) -> Whole:
        return np.flatnonzero(self.flow.owners == row)

    def labels_of(self, row: int) -> list[Labels]:
        return [self.labels[line] for line in self.lines_of(row)]


def traffic(
    land: Landscape, things: Things, said: Sequence[Served], ids: Iterable[str], each: Iterable[Labels] = ({},)
) -> Traffic:
    """The requests of things, split by route, tenant and the given labels."""
    owners, labels, totals = [], [], []
    everywhere = tuple(each)
    daily = daily_requests(land, things, said)
    for row, served in enumerate(said):
        parts = [(share, dict(more)) for share, more in _parts(served)]
        cells = [(share / len(everywhere), {**told, **more}) for share, told in parts for more in everywhere]
        left = daily[row].copy()
        for position, (share, told) in enumerate(cells):
            is_last = position == len(cells) - 1
            part = left.copy() if is_last else daily[row] * int(share * _FRACTION) // _FRACTION
            left -= part
            owners.append(row)
            labels.append(told)
            totals.append(part)
    table = np.array(totals, dtype=np.int64).reshape(len(owners), land.calendar.size)
    flow = Flow.of(things, np.array(owners, dtype=np.int64), table, rhythm(land, things, said), land.restarts(things))
    return Traffic(flow, tuple(labels), tuple(ids))


def rhythm(land: Landscape, things: Things, said: Sequence[Served]) -> Signal:
    """How requests spread over a day."""
    shapes = [shape_of(row, served.shape) for row, served in zip(things.resources, said, strict=True)]
    return land.shaped(things, NUMBER, shapes)


def daily_requests(land: Landscape, things: Things, said: Sequence[Served]) -> Whole:
    """Requests of each thing on each day: its part of what its group serves."""
    calendar = land.calendar
    found = np.zeros((len(things), calendar.size), dtype=np.int64)
    counts = things.counts(np.arange(len(things)), slice(0, calendar.size))
    drawn = uniform(derived(things.seeds, 300), calendar.midnights // DAY)
    for row, served in enumerate(said):
        resource = things.resources[row]
        members = [index for index, each in enumerate(things.resources) if each.group is resource.group]
        factors = calendar.factors(shape_of(resource, served.shape), served.growth)
        factors = factors * np.where(calendar.weekdays < 5, 1.0, served.weekend)
        factors *= 1 + served.noise / 100 * (2 * drawn[row] - 1)
        for shift in served.shifts:
            factors[calendar.midnights >= seconds(shift.at)] *= shift.factor
        share = counts[row] * land.scrape / DAY / len(members)
        found[row] = np.floor(served.per_day * factors * share).astype(np.int64)
        if resource.group.detached_at:
            found[row][calendar.midnights + DAY > seconds(resource.group.detached_at)] = 0
    return found


def served_by(resource: Resource, per_day: int, weekend: float = 1.0) -> Served:
    """What the scenario says a group serves, or so much."""
    return resource.group.serves or Served(per_day=per_day, weekend=weekend)


def _parts(served: Served) -> list[tuple[float, Labels]]:
    """The cross product of routes and tenants with their shares; the last part takes what is left."""
    routes = _shares("route", {name: float(share) for name, share in served.routes.items()})
    tenants = _shares("tenant", {name: float(share) for name, share in served.tenants.items()})
    return [(a * b, {**route, **tenant}) for a, route in routes for b, tenant in tenants]


def _shares(label: str, shares: dict[str, float]) -> list[tuple[float, dict[str, str]]]:
    found = [(share, {label: name}) for name, share in shares.items()]
    rest = 1 - sum(shares.values())
    return [*found, (rest, {})] if rest > 1e-9 else found
