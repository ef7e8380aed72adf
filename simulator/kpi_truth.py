"""Every key figure of each month as it truly is, worked out from the world itself and its organisation's finops.toml.

`kpis` holds by month, every amount before vouchers and VAT, of complete days in UTC:

* `complete`: whether the month is over.
* `allocated`: who bears the month, own cost and parts of pools, by `product|environment|team|tenant`; `unallocated` is
  what no receiver could be found for, by pool. Both add up to the month's charges. `pools` is what each pool held.
* `cost_per_1k_requests`: by product, production only; cost and requests of the days on which requests were counted at
  the first entry point; `known_from` is the first day that a reader can know those counts of, null if it must wait for
  each day to see it.
* `cost_per_tenant`: by tenant, `all tenants` over the active ones, and `unattributed`.
* `cost_per_gb`: by `kind|class`, capacity charges by GB and month of 730 hours. Before `known_from` a reader knows no
  bucket's size but from its bill. The classes of a bucket that has several are its bytes as the bill shares them out.
* `cost_per_deploy`: of all services together. `cost_per_job`: by job. `cost_per_query`: by dashboard.
* `environment_share`: of the labelled cost, pools included, by environment; `unknown` where nothing says one. Its
  `loaded_value` is the share of the cost that is borne. `non_production_share`: neither production, shared nor unknown.
* `carbon` and `water`: kg CO2e and m3 by project.

`value` is cost by unit, `loaded_value` that with parts of pools. A pool that is split by a driver of which no truth is
told (kubernetes) is split by direct cost here, and `untold_pools` names it: loaded figures then hold only for months of
which a reader knows no such driver either.
"""

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import Any

from simulator.footprint_truth import footprint_truth
from simulator.instants import at, day_start, months_between
from simulator.kpi_allocation import Borne, allocated, label
from simulator.kpi_costs import Spent, spent_in
from simulator.kpi_drivers import Drivers, counted_resources, first_known
from simulator.kpi_figures import Figure, amount, per_unit, ratio
from simulator.kpi_labels import Labeller
from simulator.kpi_requests import PRODUCTION, Entry, entries_of, known_from
from simulator.kpi_settings import organization_settings
from simulator.kpi_storage import Capacity
from simulator.kpi_tenants import tenant_figures
from simulator.kpi_work import deploy_figure, deploys_by_month, job_figures, query_figures
from simulator.world import World

_UNKNOWN = "unknown"
_TOLD_SPLITS = ("cost", "even", "weight", "requests", "telemetry")


class KpiTruth:
    """The figures of one world at one instant; `truth` is what is known of requests and telemetry already."""

    def __init__(self, world: World, now: int, truth: Mapping[str, Any]) -> None:
        self._world = world
        self._now = now
        self._truth = truth
        self._labeller = Labeller(world, organization_settings(world.scenario.settings_file))
        known = first_known(now, self._labeller.settings.history.metrics_days, world.scenario.telemetry.metrics_days)
        self._capacity = Capacity(world, max(known, world.start))
        self._deploys = deploys_by_month(world, now)
        self._resources = counted_resources(world)
        self._spent = {
            month.name: list(spent_in(world, month.name, now)) for month in months_between(world.start, day_start(now))
        }
        self._entries = entries_of(world, now, truth, self._labeller, self._products())

    def months(self) -> dict[str, Any]:
        """Every month that has begun."""
        footprint = footprint_truth(self._world, self._now)
        return {name: self._month(name, spent, footprint[name]) for name, spent in self._spent.items()}

    def _products(self) -> dict[str, set[str]]:
        """The products each project has cost of."""
        found: dict[str, set[str]] = {}
        for piece in (piece for spent in self._spent.values() for piece in spent):
            product = self._labeller.of(piece).labels.get("product")
            if product:
                found.setdefault(piece.resource.project.name, set()).add(product)
        return found

    def _month(self, month: str, spent: list[Spent], footprint: Mapping[str, Any]) -> dict[str, Any]:
        world, now, settings = self._world, self._now, self._labeller.settings
        borne = list(allocated(spent, self._labeller, self._drivers(month)))
        return {
            "complete": next(each.end <= now for each in world.months if each.name == month),
            **_allocation(borne),
            "untold_pools": [pool.name for pool in settings.allocation.pools if pool.split not in _TOLD_SPLITS],
            "cost_per_1k_requests": self._requests(borne),
            "cost_per_tenant": tenant_figures(world, month, borne, self._entries, now),
            "cost_per_gb": self._capacity.figures(spent),
            "cost_per_deploy": deploy_figure(borne, self._deploys.get(month, {}), settings.units),
            "cost_per_job": job_figures(world, month, now),
            "cost_per_query": query_figures(world, month, now, spent),
            **self._environments(spent, borne),
            "carbon": {name: told["kg_co2_equivalent"] for name, told in footprint["by_project"].items()},
            "water": {name: told["m3_water_usage"] for name, told in footprint["by_project"].items()},
        }

    def _drivers(self, month: str) -> Drivers:
        world, settings = self._world, self._labeller.settings
        projects = {identifier: name for name, identifier in world.project_ids.items()}
        kept = world.scenario.telemetry.metrics_days
        return Drivers(month, self._now, self._truth, self._resources, projects, self._labeller, settings.history, kept)

    def _requests(self, borne: Collection[Borne]) -> dict[str, Figure]:
        costs: dict[str, dict[int, list[int]]] = {}
        for piece in borne:
            product = label(piece.bearer, "product") if piece.bearer else None
            if piece.bearer and product and label(piece.bearer, "environment") == PRODUCTION:
                day = costs.setdefault(product, {}).setdefault(piece.day, [0, 0])
                day[0] += 0 if piece.pool else piece.units
                day[1] += piece.units
        month = {piece.day for piece in borne}
        figures = {
            product: _by_request(days, self._entries.entries(product, month)) for product, days in sorted(costs.items())
        }
        return {
            product: figure | {"known_from": self._known_from(rank)}
            for product, (figure, rank) in figures.items()
            if rank is not None
        }

    def _known_from(self, rank: int) -> str | None:
        first = known_from(rank, self._world, self._now, self._labeller.settings)
        return at(first).date().isoformat() if first is not None else None

    def _environments(self, spent: Iterable[Spent], borne: Iterable[Borne]) -> dict[str, Any]:
        labelled: dict[str, int] = {}
        loaded: dict[str, int] = {}
        for piece in spent:
            name = self._labeller.of(piece).labels.get("environment", _UNKNOWN)
            labelled[name] = labelled.get(name, 0) + piece.units
        for part in borne:
            name = (part.bearer and label(part.bearer, "environment")) or _UNKNOWN
            loaded[name] = loaded.get(name, 0) + part.units
        total, names = sum(labelled.values()), sorted({*labelled, *loaded})
        elsewhere = [name for name in names if name not in (PRODUCTION, "shared", _UNKNOWN)]
        return {
            "environment_share": {name: _share(labelled.get(name, 0), loaded.get(name, 0), total) for name in names},
            "non_production_share": _share(
                sum(labelled.get(name, 0) for name in elsewhere), sum(loaded.get(name, 0) for name in elsewhere), total
            ),
        }


def _share(labelled: int, loaded: int, total: int) -> Figure:
    """Of the whole cost: by label, and with parts of pools; None where nothing is left after credits."""
    return {
        "cost": amount(labelled),
        "total": amount(total),
        "value": ratio(Fraction(labelled, total)) if total > 0 else None,
        "loaded_value": ratio(Fraction(loaded, total)) if total > 0 else None,
    }


def _allocation(borne: Iterable[Borne]) -> dict[str, Any]:
    bearers: dict[str, int] = {}
    kept: dict[str, int] = {}
    pools: dict[str, int] = {}
    for piece in borne:
        if piece.pool:
            pools[piece.pool] = pools.get(piece.pool, 0) + piece.units
        if piece.bearer is None:
            kept[piece.pool] = kept.get(piece.pool, 0) + piece.units
        else:
            name = "|".join(label(piece.bearer, each) or "" for each in ("product", "environment", "team", "tenant"))
            bearers[name] = bearers.get(name, 0) + piece.units
    return {
        name: {key: amount(units) for key, units in sorted(found.items())}
        for name, found in (("allocated", bearers), ("unallocated", kept), ("pools", pools))
    }


def _by_request(days: Mapping[int, list[int]], entries: Mapping[int, Entry]) -> tuple[Figure, int | None]:
    """The figure over the days that were counted, and the rank of the way they were counted in."""
    direct = loaded = requests = 0
    rank, word = None, ""
    for day, (own, whole) in sorted(days.items()):
        entry = entries.get(day)
        if entry is None or entry.requests is None:
            continue
        direct, loaded, requests = direct + own, loaded + whole, requests + entry.requests
        rank, word = entry.rank, entry.counted_by
    figure: Figure = {
        "cost_direct": amount(direct),
        "cost_loaded": amount(loaded),
        "requests": requests,
        "value": per_unit(direct * 1_000, requests),
        "loaded_value": per_unit(loaded * 1_000, requests),
        "counted_by": word,
    }
    return figure, rank
