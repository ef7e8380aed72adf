"""Every key figure of each month as it truly is, worked out from the world itself and its organisation's finops.toml.

`kpis` holds by month, every amount before vouchers and VAT, of complete days in UTC:

* `complete`: whether the month is over.
* `allocated`: who bears the month, own cost and parts of pools, by `product|environment|team|tenant`; `unallocated` is
  what no receiver could be found for, by pool. Both add up to the month's charges. `pools` is what each pool held.
* `cost_per_1k_requests`: by product in production, and by `product|environment` elsewhere; cost and requests of the
  days on which requests were counted at the first entry point; `known_from` is the first day that a reader can know
  those counts of, null if it must wait for each day to see it. `unlabelled_requests`: production's where no product is.
* `cost_per_tenant`: by tenant, `all tenants` over the active ones, and `unattributed`.
* `cost_per_gb`: by `kind|class`, capacity charges by GB and month of 730 hours. Before `known_from` a reader knows no
  bucket's size but from its bill. The classes of a bucket that has several are its bytes as the bill shares them out.
* `cost_per_deploy`: of all services together; `cost_per_deploy_by_service`: of each, with its part of what they have in
  common. `cost_per_job`: by job; `cost_per_job_by_window`: by the six hours of the day they begin in, and `all jobs`.
  `cost_per_query`: by dashboard.
* `environment_share`: of the labelled cost, pools included, by environment; `unknown` where nothing says one. Its
  `loaded_value` is the share of the cost that is borne. `non_production_share`: neither production, shared nor unknown.
* `carbon` and `water`: kg CO2e and m3 by project. `carbon_per_currency` and `water_per_currency`: by project and of
  `all`, over the cost of what emits; `carbon_per_1k_requests` and `water_per_1k_requests`: of all, over all
  requests of production.
* `idle_share`: by service and of all, what measured hours cost, and the idle ones of them.
* `gpu`: by machine with GPUs, its cost with volumes and addresses, and GPU-hours and euros, busy and idle.
  `cost_per_inference`: by `resource|model`, requests and tokens, and the cost of the days they were counted on.
* `tag_coverage`: cost and number of resources that carry a label, by label; things that are free count, as do labels of
  things whose product cannot show any.
* `effective_savings_rate`: of months that are over, what eligible usage was charged, would cost at the public price and
  truly costs with what is committed; how much of it is covered, and how much of the commitment used.
* `cost_efficiency`: the cost that could be optimised, and the savings planted in it that lie open: what somebody who
  finds all of them and nothing else would say.

`value` is cost by unit, `loaded_value` that with parts of pools. A pool that is split by a driver of which no truth is
told (kubernetes) is split by direct cost here, and `untold_pools` names it: loaded figures then hold only for months of
which a reader knows no such driver either.
"""

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

from simulator.bill import Bill
from simulator.instants import DAY, Month, at, day_start, month_of, months_between
from simulator.kpi_allocation import Borne, allocated, label
from simulator.kpi_costs import Spent, charged_in, spent_in
from simulator.kpi_coverage import coverage_figures
from simulator.kpi_drivers import Drivers, counted_resources, first_known
from simulator.kpi_figures import Figure, amount, per_unit, ratio
from simulator.kpi_footprint import footprint_figures
from simulator.kpi_gpu import GpuTime, gpu_figures
from simulator.kpi_idle import Billed, IdleHours, billed_in, idle_figures
from simulator.kpi_inference import Inferences
from simulator.kpi_labels import Labeller
from simulator.kpi_requests import PRODUCTION, UNLABELLED, Entry, entries_of, in_environment, known_from
from simulator.kpi_savings import efficiency_figure, planted_savings, savings_figure
from simulator.kpi_settings import organization_settings
from simulator.kpi_storage import Capacity
from simulator.kpi_tenants import tenant_figures
from simulator.kpi_work import (
    deploy_figure,
    deploys_by_day,
    job_figures,
    queries_by_day,
    query_figures,
    runs_by_day,
    service_figures,
    window_figures,
)
from simulator.world import World

_UNKNOWN = "unknown"
Piece = TypeVar("Piece", Spent, Borne, Billed)
_TOLD_SPLITS = ("cost", "even", "weight", "requests", "telemetry")


class KpiTruth:
    """The figures of one world at one instant; `truth` is what is known of requests, telemetry and planted things
    already."""

    def __init__(self, world: World, now: int, truth: Mapping[str, Any]) -> None:
        self._world = world
        self._now = now
        self._truth = truth
        self._labeller = Labeller(world, organization_settings(world.scenario.settings_file))
        known = first_known(now, self._labeller.settings.history.metrics_days, world.scenario.telemetry.metrics_days)
        self._capacity = Capacity(world, max(known, world.start))
        below = float(self._labeller.settings.idle_below)
        self._idle_hours = IdleHours(world, max(known, world.start), day_start(now), below)
        self._gpu_time = GpuTime(world, max(known, world.start), day_start(now))
        asked = first_known(now, self._labeller.settings.history.request_days, world.scenario.telemetry.metrics_days)
        self._inferences = Inferences(world, now, max(asked, world.start), truth)
        self._deploys = deploys_by_day(world, now)
        self._runs = runs_by_day(world, now)
        self._queries = queries_by_day(world, now)
        self._resources = counted_resources(world)
        self._months = months_between(world.start, day_start(now))
        self._spent = {month.name: list(spent_in(world, month.name, now)) for month in self._months}
        self._billed = by_day(piece for month in self._months for piece in billed_in(world, month.name, now))
        self._entries = entries_of(world, now, truth, self._labeller, self._products())
        self._borne = {
            name: list(allocated(spent, self._labeller, self._drivers(name))) for name, spent in self._spent.items()
        }

    def months(self) -> dict[str, Any]:
        """Every month that has begun."""
        pools = [pool.name for pool in self._labeller.settings.allocation.pools if pool.split not in _TOLD_SPLITS]
        return {
            month.name: {
                "complete": month.end <= self._now,
                "untold_pools": pools,
                "tag_coverage": coverage_figures(charged_in(self._world, month.name, self._now), self._labeller),
                **self._savings(month),
                **self._figures(month, self._spent[month.name], self._borne[month.name]),
            }
            for month in self._months
        }

    def _savings(self, month: Month) -> dict[str, Figure]:
        world, spent, plan = self._world, self._spent[month.name], self._world.scenario.savings_plan
        savings = planted_savings(self._truth["planted"], month)
        figures = {"cost_efficiency": efficiency_figure(spent, savings, plan, month, self._now)}
        if month.end <= self._now:
            lines = Bill(world).lines(month, self._now)
            figures["effective_savings_rate"] = savings_figure(spent, lines, plan, month)
        return figures

    def days(self) -> dict[str, Any]:
        """The same of every complete day, as if it were a month of its own."""
        found: dict[str, Any] = {}
        for month in self._months:
            spent, borne = by_day(self._spent[month.name]), by_day(self._borne[month.name])
            for day in range(month.start, min(month.end, day_start(self._now)), DAY):
                name = at(day).date().isoformat()
                found[name] = self._figures(Month(name, day, day + DAY), spent.get(day, []), borne.get(day, []))
        return found

    def _products(self) -> dict[str, set[str]]:
        """The products each project has cost of."""
        found: dict[str, set[str]] = {}
        for piece in (piece for spent in self._spent.values() for piece in spent):
            product = self._labeller.of(piece).labels.get("product")
            if product:
                found.setdefault(piece.resource.project.name, set()).add(product)
        return found

    def _figures(self, span: Month, spent: list[Spent], borne: list[Borne]) -> dict[str, Any]:
        world = self._world
        days = range(span.start, span.end, DAY)
        requests = self._requests(borne)
        unlabelled = self._unlabelled({piece.day for piece in borne})
        entered = [figure for name, figure in requests.items() if "|" not in name] + unlabelled
        complete = span.start, min(span.end, day_start(self._now))
        return {
            **_allocation(borne),
            "cost_per_1k_requests": requests,
            "unlabelled_requests": unlabelled,
            "cost_per_tenant": tenant_figures(world, month_of(span.start).name, borne, self._entries, self._now),
            "cost_per_gb": self._capacity.figures(spent),
            **self._work(span, borne),
            "gpu": gpu_figures(self._gpu_time, spent),
            "cost_per_inference": self._inferences.figures(spent),
            "cost_per_query": query_figures(
                world, {day: self._queries[day] for day in days if day in self._queries}, spent
            ),
            **self._environments(spent, borne),
            **footprint_figures(world, complete, spent, sum(int(each["requests"] or 0) for each in entered)),
            "idle_share": idle_figures(
                (piece for day in days for piece in self._billed.get(day, [])), self._idle_hours.found()
            ),
        }

    def _work(self, span: Month, borne: list[Borne]) -> dict[str, Any]:
        world, units, days = self._world, self._labeller.settings.units, range(span.start, span.end, DAY)
        month = month_of(span.start)
        deploys = [self._deploys[day] for day in days if day in self._deploys]
        runs = [run for day in days for run in self._runs.get(day, [])]
        services = {name for day in range(month.start, month.end, DAY) for name in self._deploys.get(day, {})}
        return {
            "cost_per_deploy": deploy_figure(borne, deploys, units),
            "cost_per_deploy_by_service": service_figures(borne, deploys, services, units),
            "cost_per_job": job_figures(world, runs),
            "cost_per_job_by_window": window_figures(world, runs),
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
            if piece.bearer and product:
                name = in_environment(product, label(piece.bearer, "environment"))
                day = costs.setdefault(name, {}).setdefault(piece.day, [0, 0])
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

    def _unlabelled(self, days: Collection[int]) -> list[Figure]:
        """Requests of production that enter where no product is named: one figure, or none."""
        entries = self._entries.entries(UNLABELLED, days)
        counted = [entry for entry in entries.values() if entry.requests is not None]
        if not counted:
            return []
        return [
            {
                "requests": sum(entry.requests or 0 for entry in counted),
                "counted_by": counted[0].counted_by,
                "known_from": self._known_from(counted[0].rank),
            }
        ]

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


def by_day(pieces: Iterable[Piece]) -> dict[int, list[Piece]]:
    """Pieces of cost by their day."""
    found: dict[int, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.day, []).append(piece)
    return found


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
