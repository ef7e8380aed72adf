"""Requests that dedicated deployments answered, by day: their owner counts them, since no metric of theirs does."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.instants import DAY, at, day_start, seconds
from simulator.resources import Resource
from simulator.telemetry_calendar import MONTH
from simulator.telemetry_scenario import Served
from simulator.world import World

_FAILED = 4  # of a thousand
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Answered:
    """What one deployment was asked on one day, failed requests included; tokens are of those that were answered."""

    day: int
    deployment: Resource
    served: Served
    requests: int

    @property
    def failed(self) -> int:
        return self.requests * _FAILED // 1_000

    @property
    def input_tokens(self) -> int:
        return (self.requests - self.failed) * self.served.input_tokens

    @property
    def output_tokens(self) -> int:
        return (self.requests - self.failed) * self.served.output_tokens


def deployments(world: World) -> list[tuple[Resource, Served]]:
    """Those of which the scenario says what they serve."""
    return [
        (row, row.group.serves)
        for row in world.resources
        if row.group.inference and row.group.serves and not row.server_id
    ]


def answered(world: World, now: int) -> Iterator[Answered]:
    """Every complete day until now on which somebody asked, in order."""
    rows = deployments(world)
    for day in range(day_start(world.start), day_start(now), DAY):
        for row, served in rows:
            requests = _requests(world, row, served, day)
            if requests and row.start <= day and row.end >= day + DAY:
                yield Answered(day, row, served, requests)


def _requests(world: World, row: Resource, served: Served, day: int) -> int:
    months = (seconds(world.scenario.today) - day - DAY / 2) / (MONTH * DAY)
    asked = served.per_day * float((1 + served.growth / 100) ** -months)
    if at(day).weekday() >= 5:
        asked *= served.weekend
    for shift in served.shifts:
        asked *= shift.factor if day >= seconds(shift.at) else 1.0
    drawn = world.identity.millionths("inferences", row.id, day) / _MILLION
    return int(asked * (1 + served.noise / 100 * (2 * drawn - 1)))
