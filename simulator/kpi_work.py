"""What a deploy, a run of a job and a query cost."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from simulator.deploys_plan import FAILED, ROLLED_BACK, SUCCESSFUL
from simulator.deploys_scenario import Dashboard
from simulator.deploys_tenants import counted_queries
from simulator.instants import HOUR, day_start
from simulator.jobs_runs import Run
from simulator.kpi_allocation import Borne, label
from simulator.kpi_costs import UNITS_OF_A_NANO, Spent
from simulator.kpi_figures import Figure, amount, per_unit
from simulator.kpi_requests import PRODUCTION
from simulator.kpi_settings import UnitSettings
from simulator.world import World

Counts: TypeAlias = Mapping[str, Mapping[str, int]]
"""Deploys of a day, by service and outcome."""
ALL_JOBS = "all jobs"
_REGISTRY = "Container Registry"
_WINDOW_HOURS = 6


def deploys_by_day(world: World, now: int) -> Mapping[int, Counts]:
    """Production deploys that ended, by service and outcome: an image counts once for each, when it first came to
    that."""
    seen: set[tuple[str, str, str]] = set()
    found: dict[int, dict[str, dict[str, int]]] = {}
    for deploy in sorted(world.deploys.all(now), key=lambda each: each.ended):
        key = deploy.plan.service, deploy.digest, deploy.status(now)
        if deploy.plan.environment == PRODUCTION and deploy.ended <= now and key not in seen:
            seen.add(key)
            services = found.setdefault(day_start(deploy.ended), {})
            counts = services.setdefault(key[0], dict.fromkeys((SUCCESSFUL, FAILED, ROLLED_BACK), 0))
            counts[key[2]] += 1
    return found


def deploy_figure(borne: Iterable[Borne], deploys: Iterable[Counts], said: UnitSettings) -> Figure:
    """(Runners + registry + artifact buckets + ephemeral environments) over successful production deploys.

    The cost is that of the registry, of the products and pools that the settings call the CI's, and of the environments
    they call ephemeral; direct is what these are charged themselves, loaded adds their parts of other pools. Failed and
    rolled-back deploys are no deploys, and stay in the cost. `deploys` are the counts of the days.
    """
    direct = loaded = 0
    for piece, _ in _of_ci(borne, said):
        loaded += piece.units
        is_own = not piece.pool or piece.pool in said.ci_pools or piece.service == _REGISTRY
        direct += piece.units if is_own else 0
    counts = Counter[str]()
    for services in deploys:
        for told in services.values():
            counts.update(told)
    return _by_deploy(direct, loaded, counts)


def service_figures(
    borne: Iterable[Borne], deploys: Iterable[Counts], services: Collection[str], said: UnitSettings
) -> Mapping[str, Figure]:
    """The same by service: direct is the cost of the product that is called like it, whatever pool it comes from.

    Loaded adds its part of what is left, by deploys of all outcomes, as a difference of a running total in the order of
    names. `services` are those of the calendar month; one without deploys has what is its own.
    """
    spelled = {service.lower(): service for service in services}
    own: dict[str, int] = {}
    common = 0
    for piece, product in _of_ci(borne, said):
        service = spelled.get(product.lower()) if product else None
        if service is None:
            common += piece.units
        else:
            own[service] = own.get(service, 0) + piece.units
    counts: dict[str, Counter[str]] = {}
    for day in deploys:
        for service, told in day.items():
            counts.setdefault(service, Counter()).update(told)
    shared = running_parts(common, {service: told.total() for service, told in counts.items()}) if counts else {}
    return {
        service: _by_deploy(
            own.get(service), own.get(service, 0) + shared.get(service, 0), counts.get(service, Counter())
        )
        for service in sorted({*own, *counts})
    }


def _of_ci(borne: Iterable[Borne], said: UnitSettings) -> Iterator[tuple[Borne, str | None]]:
    """What building and deploying costs, with whose product it is; None where services have it in common."""
    for piece in borne:
        product = label(piece.bearer, "product") if piece.bearer else None
        is_ci = piece.pool in said.ci_pools or product in said.ci_products
        is_ephemeral = piece.bearer is not None and label(piece.bearer, "environment") in said.ephemeral_environments
        if piece.service == _REGISTRY or is_ci or is_ephemeral:
            yield piece, None if product in said.ci_products else product


def _by_deploy(direct: int | None, loaded: int, counts: Mapping[str, int]) -> Figure:
    live = counts.get(SUCCESSFUL, 0)
    return {
        "cost_direct": None if direct is None else amount(direct),
        "cost_loaded": amount(loaded),
        "deploys": live,
        "failed": counts.get(FAILED, 0),
        "rolled_back": counts.get(ROLLED_BACK, 0),
        "value": per_unit(direct, live),
        "loaded_value": per_unit(loaded, live),
    }


def runs_by_day(world: World, now: int) -> Mapping[int, list[Run]]:
    """Runs that ended, by the day they began."""
    found: dict[int, list[Run]] = {}
    for run in (run for runs in world.jobs.runs.values() for run in runs if run.ended <= now):
        found.setdefault(day_start(run.started), []).append(run)
    return found


def job_figures(world: World, runs: Iterable[Run]) -> Mapping[str, Figure]:
    """By job: what its runs were given, times how long, at the price of the day they began; a free tier is left out of
    account. Failed runs count and cost."""
    return _run_figures(world, ((run.job.name, run) for run in runs))


def window_figures(world: World, runs: Iterable[Run]) -> Mapping[str, Figure]:
    """The same by the six hours of the day in UTC that a run began in, such as "06-12", and of all jobs."""
    named = ((name, run) for run in runs for name in (_window(run), ALL_JOBS))
    return _run_figures(world, named)


def _window(run: Run) -> str:
    first = (run.started - day_start(run.started)) // (_WINDOW_HOURS * HOUR) * _WINDOW_HOURS
    return f"{first:02}-{first + _WINDOW_HOURS:02}"


def _run_figures(world: World, runs: Iterable[tuple[str, Run]]) -> Mapping[str, Figure]:
    found: dict[str, tuple[int, int, int]] = {}
    for name, run in runs:
        before = found.get(name, (0, 0, 0))
        found[name] = (before[0] + _run_cost(world, run), before[1] + 1, before[2] + (run.outcome == "failed"))
    return {
        name: {"cost_direct": amount(cost), "runs": number, "failed": failed, "value": per_unit(cost, number)}
        for name, (cost, number, failed) in sorted(found.items())
    }


def _run_cost(world: World, run: Run) -> int:
    region = run.job.zone[:6]
    prices = [world.book.offers.get(f"/paas/jobs/{part}/{region}") for part in ("vcpu", "memory")]
    used = (world.jobs.vcpu_seconds(run), world.jobs.gb_seconds(run))
    return sum(
        int(amount_used * offer.nanos(run.started) * UNITS_OF_A_NANO / offer.size)
        for amount_used, offer in zip(used, prices, strict=True)
        if offer is not None
    )


def queries_by_day(world: World, now: int) -> Mapping[int, list[tuple[Dashboard, int]]]:
    """Queries of each dashboard, by complete day."""
    found: dict[int, list[tuple[Dashboard, int]]] = {}
    for day, dashboard, queries in counted_queries(world, now):
        found.setdefault(day, []).append((dashboard, queries))
    return found


def query_figures(
    world: World, queries: Mapping[int, Iterable[tuple[Dashboard, int]]], spent: Iterable[Spent]
) -> Mapping[str, Figure]:
    """By dashboard: the cost of what it asks on the days it asks it, shared among all who ask it by their queries.

    Parts are differences of a running total in the order of names, rounded down, so that they add up to a day's cost.
    """
    asked_of = {row.group.name: row.id for row in reversed(world.resources) if not row.server_id}
    costs: dict[tuple[int, str], int] = {}
    for piece in spent:
        key = piece.day, piece.resource.id
        costs[key] = costs.get(key, 0) + piece.units
    asked: dict[tuple[int, str], dict[str, int]] = {}
    for day, dashboard, number in ((day, *each) for day, told in queries.items() for each in told):
        asked.setdefault((day, asked_of[dashboard.group]), {})[dashboard.name] = number
    found: dict[str, list[int]] = {}
    for key, by_name in asked.items():
        for name, part in running_parts(costs.get(key, 0), by_name).items():
            told = found.setdefault(name, [0, 0])
            told[0] += part
            told[1] += by_name[name]
    return {
        name: {"cost_direct": amount(cost), "queries": number, "value": per_unit(cost, number)}
        for name, (cost, number) in sorted(found.items())
    }


def running_parts(units: int, weights: Mapping[Any, int]) -> dict[Any, int]:
    """Parts as differences of a running total in the order of the names, each rounded down; "" comes last."""
    whole, until, before, parts = sum(weights.values()), 0, 0, dict[Any, int]()
    for name in sorted(weights, key=lambda name: (name == "", name)):
        until += weights[name]
        now = units * until // whole
        parts[name] = now - before
        before = now
    return parts
