"""The data sources of Cockpit: Scaleway's own wherever a project has something, and custom ones that are billed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from simulator.resources import Resource
from simulator.service_parts import meter
from simulator.world import World

REGIONS = ("fr-par", "nl-ams", "pl-waw")
COCKPIT = "/observability/cockpit/"
Signal: TypeAlias = Literal["metrics", "logs", "traces"]
_CUSTOM: dict[str, Signal] = {"custom-sample/": "metrics", "custom-log/": "logs", "custom-trace/": "traces"}


@dataclass(frozen=True)
class Source:
    """One data source. It is there while any of its resources is; a custom one is itself what is billed."""

    id: str
    name: str
    project: str
    project_id: str
    region: str
    signal: Signal
    is_custom: bool
    resources: tuple[Resource, ...]

    @property
    def origin(self) -> str:
        return "custom" if self.is_custom else "scaleway"

    @property
    def key(self) -> str:
        """How the truth names what all data sources of an origin in one place take in."""
        return f"{self.project_id}|{self.region}|{self.origin}"

    @property
    def start(self) -> int:
        return min(row.start for row in self.resources)

    @property
    def end(self) -> int:
        return max(row.end for row in self.resources)

    def exists(self, instant: int) -> bool:
        return any(row.exists(instant) for row in self.resources)


def data_sources(world: World) -> list[Source]:
    """Every data source that ever is, in a stable order."""
    return [*_own(world), *_custom(world)]


def _own(world: World) -> Iterator[Source]:
    places: dict[tuple[str, str], list[Resource]] = {}
    for row in world.resources:
        if row.zone[:6] in REGIONS:
            places.setdefault((row.project.name, row.zone[:6]), []).append(row)
    for (project, region), rows in sorted(places.items()):
        signals: Sequence[Signal] = ("metrics", "logs")
        for signal in signals:
            identifier = world.identity.uuid("data source", project, region, signal)
            name, project_id = f"Scaleway {signal.title()}", world.project_ids[project]
            yield Source(identifier, name, project, project_id, region, signal, False, tuple(rows))


def _custom(world: World) -> Iterator[Source]:
    for row in world.resources:
        signal = next((told for word, told in _CUSTOM.items() if meter(row, COCKPIT + word)), None)
        if row.kind == "service" and signal is not None and row.zone[:6] in REGIONS:
            project = row.project.name
            project_id = world.project_ids[project]
            yield Source(row.id, row.name, project, project_id, row.zone[:6], signal, True, (row,))
