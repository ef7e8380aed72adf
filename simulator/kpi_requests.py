"""Requests of each product and day at their first entry point, and who asked; each environment is counted by itself.

Of several ways in which a product's requests are counted in a month one is taken, in this order: the organisation's own
counts, if its settings say that requests enter there first; Edge Services; load balancers; containers and functions;
model servers; the organisation's other counts. Hops of one request are never added up.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from simulator.deploys_tenants import Counted, counted_requests
from simulator.instants import DAY, at, day_start
from simulator.kpi_costs import Spent
from simulator.kpi_drivers import counted_resources, first_known
from simulator.kpi_labels import Labeller
from simulator.kpi_settings import OrganizationSettings
from simulator.world import World

PRODUCTION = "prod"
UNLABELLED = "(none)"
"""What belongs to no product, where requests enter all the same."""
EXPORTED_AS = "import"
"""Whose numbers the organisation's own counts are called when they are imported."""
_RANKS = {"load_balancer": 2, "serverless_container": 3, "serverless_function": 3, "vllm": 4}
_WORDS = {0: "own counts", 1: "Edge Services", 2: "load balancer", 3: "service", 4: "model server", 9: "own counts"}
_EDGE, _FIRST_ENTRY, _OWN = 1, 0, 9
Tenant: TypeAlias = str


@dataclass
class Way:
    """One way of counting a product's requests on one day; by tenant where it tells them."""

    requests: int = 0
    tenants: dict[Tenant, int] = field(default_factory=dict)
    services: set[str] = field(default_factory=set)

    @property
    def is_ambiguous(self) -> bool:
        return len(self.services) > 1


@dataclass(frozen=True)
class Entry:
    """The way that counts: its rank, its word, and what it counted; None where that cannot be told."""

    rank: int
    way: Way

    @property
    def counted_by(self) -> str:
        return _WORDS[self.rank]

    @property
    def requests(self) -> int | None:
        return None if self.rank == _OWN and self.way.is_ambiguous else self.way.requests


@dataclass
class Entries:
    """All ways of counting, by day and what `in_environment` calls a product there."""

    ways: dict[tuple[int, str], dict[int, Way]] = field(default_factory=dict)

    def way(self, day: int, product: str, rank: int) -> Way:
        return self.ways.setdefault((day, product), {}).setdefault(rank, Way())

    def entries(self, product: str, days: Collection[int]) -> Mapping[int, Entry]:
        """A month's counts by day, all of one way: the first that counted on most days, else on more than others.

        Days on which that way did not count are left out.
        """
        counted = {day: self.ways.get((day, product), {}) for day in days}
        ways = [Entry(rank, way) for found in counted.values() for rank, way in found.items()]
        told = Counter(entry.rank for entry in ways if entry.requests is not None)
        ranks = sorted({entry.rank for entry in ways}, key=lambda rank: (-told[rank], rank))
        most = [rank for rank in ranks if told[rank] * 2 > len(days)]
        chosen = [min(most)] if most else ranks[:1]
        return {day: Entry(rank, found[rank]) for day, found in counted.items() for rank in chosen if rank in found}

    def driver(self, day: int, product: str) -> Mapping[Tenant, int] | None:
        """Requests by tenant, of the first way that tells tenants; "" is nobody in particular."""
        ways = self.ways.get((day, product), {})
        telling = [
            rank for rank, way in sorted(ways.items()) if any(way.tenants) and not (rank == _OWN and way.is_ambiguous)
        ]
        return ways[telling[0]].tenants if telling else None

    def products(self) -> set[str]:
        return {product for _, product in self.ways}


def entries_of(
    world: World, now: int, truth: Mapping[str, Any], labeller: Labeller, products: Mapping[str, set[str]]
) -> Entries:
    """Every complete day; `products` are those that each project has cost of."""
    found = Entries()
    measured = _Measured(world, truth, labeller)
    for day in range(world.start, day_start(now), DAY):
        for product, rank, requests, tenants in measured.on(day):
            way = found.way(day, product, rank)
            way.requests += requests
            _add(way.tenants, tenants)
    rank = _FIRST_ENTRY if EXPORTED_AS in labeller.settings.units.first_entry_sources else _OWN
    for counted in counted_requests(world, now):
        name = in_environment(_product(counted, products), counted.asked.environment)
        _count(found.way(counted.day, name, rank), counted)
    return found


def in_environment(product: str, environment: str | None) -> str:
    """The product's name in production, `product|environment` elsewhere."""
    return product if environment == PRODUCTION else f"{product}|{environment or 'unknown'}"


def known_from(rank: int, world: World, now: int, settings: OrganizationSettings) -> int | None:
    """The first day from which a reader can know what was counted so; None where it only sees what it waited for."""
    if rank == _EDGE:
        return None
    if rank in (_FIRST_ENTRY, _OWN):
        return world.start
    return first_known(now, settings.history.request_days, world.scenario.telemetry.metrics_days)


class _Measured:
    """What Cockpit and Edge Services count, as the product whose resource it is."""

    def __init__(self, world: World, truth: Mapping[str, Any], labeller: Labeller) -> None:
        self._truth = truth
        self._labeller = labeller
        self._offers = world.book.offers
        self._resources = counted_resources(world)
        edge = [row for row in world.resources if any(m.sku.startswith("/network/edge-services/") for m in row.meters)]
        self._edges = {world.project_id(row.project): row.id for row in edge}

    def on(self, day: int) -> Iterator[tuple[str, int, int, Mapping[Tenant, int]]]:
        """Product, rank, requests, and by tenant."""
        name = at(day).date().isoformat()
        tenants = self._truth["requests_by_tenant"].get(name, {})
        for key, measures in self._truth["requests"].get(name, {}).items():
            service, identifier = key.split("|")
            product = self._product(identifier, day)
            if service in _RANKS and product and "requests" in measures:
                yield product, _RANKS[service], measures["requests"], tenants.get(key, {})
        for project, requests in self._truth["edge_requests"].get(name, {}).items():
            product = self._product(self._edges[project], day)
            if product and requests:
                yield product, _EDGE, requests, {}

    def _product(self, identifier: str, day: int) -> str | None:
        """The product of what serves, or that it has none, with the environment where that is not production."""
        resource = self._resources.get(identifier)
        if resource is None or not resource.meters:
            return None
        offer = self._offers[min(meter.sku for meter in resource.meters)]
        labels = self._labeller.of(Spent(day, resource, offer, 0)).labels
        return in_environment(labels.get("product") or UNLABELLED, labels.get("environment"))


def _product(counted: Counted, products: Mapping[str, set[str]]) -> str:
    """The product called like the service, else the only one of its project, else the service is one."""
    service = counted.asked.service
    if service.lower() in {name for names in products.values() for name in names}:
        return service.lower()
    own = products.get(counted.asked.project, set())
    return next(iter(own)) if len(own) == 1 else service


def _count(way: Way, counted: Counted) -> None:
    way.services.add(counted.asked.service.lower())
    if not counted.asked.is_health_check:
        way.requests += counted.requests
        _add(way.tenants, {counted.tenant.name if counted.tenant else "": counted.requests})


def _add(known: dict[Tenant, int], more: Mapping[Tenant, int] | Iterable[tuple[Tenant, int]]) -> None:
    for tenant, requests in dict(more).items():
        known[tenant] = known.get(tenant, 0) + requests
