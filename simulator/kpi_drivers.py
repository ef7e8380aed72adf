"""What shared cost is split by besides cost: requests and telemetry, as far back as a reader can know them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

from simulator.instants import DAY, at, day_start, month_named
from simulator.kpi_costs import Spent
from simulator.kpi_labels import Labeller
from simulator.kpi_settings import DIMENSIONS, History
from simulator.resources import Resource
from simulator.world import World

Bearer: TypeAlias = tuple[str | None, ...]
_HOPS = {"load_balancer": 2, "object_storage_bucket": 4}
_ANY_OTHER_HOP = 3


def counted_resources(world: World) -> dict[str, Resource]:
    """Resources by what their counts are called: the identifier, and for a model server the name of its machine."""
    machines = {row.name: row for row in world.resources if row.kind == "instance"}
    return {**machines, **{row.id: row for row in world.resources}}


def first_known(now: int, looked_back: int, kept: int) -> int:
    """The first whole day that is kept and that a reader who looks back so many days asks for."""
    oldest = now - kept * DAY
    return max(day_start(now) - looked_back * DAY, day_start(oldest + DAY - 1))


@dataclass
class Drivers:
    """The drivers of one month. Direct cost is told while it is summed, and then known by project."""

    month: str
    now: int
    truth: Mapping[str, Any]
    resources: Mapping[str, Resource]
    projects: Mapping[str, str]
    labeller: Labeller
    history: History
    kept_days: int
    _direct: dict[str, dict[Bearer, int]] = field(default_factory=dict)

    def direct(self, project: str, bearer: Bearer, units: int) -> None:
        """One more piece of direct cost."""
        mine = self._direct.setdefault(project, {})
        mine[bearer] = mine.get(bearer, 0) + units

    def measured(self, split: str, day: int | None) -> list[tuple[Bearer, Fraction]]:
        """Quantities of a day, or of the whole month, by bearer; nothing where nothing can be known."""
        if split == "requests":
            days = self._days(day, self.history.request_days)
            return [found for each in days for found in self._requests(each)]
        if split == "telemetry":
            return self._telemetry(self._days(day, self.history.metrics_days))
        return []

    def _days(self, day: int | None, looked_back: int) -> list[int]:
        month = month_named(self.month)
        wanted = [day] if day is not None else range(month.start, min(month.end, day_start(self.now)), DAY)
        first = first_known(self.now, looked_back, self.kept_days)
        return [each for each in wanted if each >= first]

    def _requests(self, day: int) -> Iterator[tuple[Bearer, Fraction]]:
        """The first entry point counts: of a product in an environment, the services that come first on the way."""
        found: dict[Bearer, dict[int, dict[Bearer, int]]] = {}
        for key, measures in self.truth["requests"].get(at(day).date().isoformat(), {}).items():
            service, identifier = key.split("|")
            resource = self.resources.get(identifier)
            if resource is None or not measures.get("requests"):
                continue
            bearer = self._bearer(resource, day)
            counts = found.setdefault(_way(bearer), {}).setdefault(_HOPS.get(service, _ANY_OTHER_HOP), {})
            counts[bearer] = counts.get(bearer, 0) + measures["requests"]
        for hops in found.values():
            for bearer, requests in hops[min(hops)].items():
                yield bearer, Fraction(requests)

    def _bearer(self, resource: Resource, day: int) -> Bearer:
        offers = self.labeller.world.book.offers
        offer = offers[min(meter.sku for meter in resource.meters)]
        labels = self.labeller.of(Spent(day, resource, offer, 0)).labels
        return tuple(labels.get(name) for name in DIMENSIONS)

    def _telemetry(self, days: list[int]) -> list[tuple[Bearer, Fraction]]:
        """A project's samples go to those who bear its direct cost of the month; billed ones alone, where there are."""
        volumes: dict[str, int] = {}
        for day in days:
            told = self.truth["telemetry"].get(at(day).date().isoformat(), {})
            billed = {key: row for key, row in told.items() if key.endswith("|custom")}
            for key, row in (billed or told).items():
                project = self.projects[key.split("|")[0]]
                volumes[project] = volumes.get(project, 0) + row["samples"]
        parts: list[tuple[Bearer, Fraction]] = []
        for project, volume in volumes.items():
            shares = {bearer: units for bearer, units in self._direct.get(project, {}).items() if units > 0}
            shares = shares or {(None,) * len(DIMENSIONS): 1}
            whole = sum(shares.values())
            parts += [(bearer, Fraction(volume * units, whole)) for bearer, units in shares.items()]
        return parts


def _way(bearer: Bearer) -> Bearer:
    """Whose way through several services it is: a product's in an environment, else that of whoever owns them."""
    told = dict(zip(DIMENSIONS, bearer, strict=True))
    wanted = ("product", "environment") if told["product"] else ("environment", "owner", "team")
    return tuple(told[name] if name in wanted else None for name in DIMENSIONS)
