"""What a deploy, a run of a job and a query cost."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from simulator.deploys_plan import FAILED, ROLLED_BACK, SUCCESSFUL
from simulator.deploys_scenario import Dashboard
from simulator.deploys_tenants import counted_queries
from simulator.instants import day_start
from simulator.jobs_runs import Run
from simulator.kpi_allocation import Borne, label
from simulator.kpi_costs import UNITS_OF_A_NANO, Spent
from simulator.kpi_figures import Figure, amount, per_unit
from simulator.kpi_requests import PRODUCTION
from simulator.kpi_settings import UnitSettings
from simulator.world import World

_REGISTRY = "Container Registry"


def deploys_by_day(world: World, now: int) -> Mapping[int, Mapping[str, int]]:
    """Production deploys that ended, by outcome: a service's image counts once for each, when it first came to that."""
    seen: set[tuple[str, str, str]] = set()
    found: dict[int, dict[str, int]] = {}
    for deploy in sorted(world.deploys.all(now), key=lambda each: each.ended):
        key = deploy.plan.service, deploy.digest, deploy.status(now)
        if deploy.plan.environment == PRODUCTION and deploy.ended <= now and key not in seen:
            seen.add(key)
            counts = found.setdefault(day_start(deploy.ended), dict.fromkeys((SUCCESSFUL, FAILED, ROLLED_BACK), 0))
            counts[key[2]] += 1
    return found


def deploy_figure(borne: Iterable[Borne], deploys: Iterable[Mapping[str, int]], said: UnitSettings) -> Figure:
    """(Runners + registry + artifact buckets + ephemeral environments) over successful production deploys.

    The cost is that of the registry, of the products and pools that the settings call the CI's, and of the environments
    they call ephemeral; direct is what these are charged themselves, loaded adds their parts of other pools. Failed and
    rolled-back deploys are no deploys, and stay in the cost. `deploys` are the counts of the days.
    """
    direct = loaded = 0
    for piece in borne:
        is_registry, is_ci_pool = piece.service == _REGISTRY, piece.pool in said.ci_pools
        bearer = piece.bearer
        is_ci = is_ci_pool or (bearer is not None and label(bearer, "product") in said.ci_products)
        is_ephemeral = bearer is not None and label(bearer, "environment") in said.ephemeral_environments
        if is_registry or is_ci or is_ephemeral:
            loaded += piece.units
            direct += piece.units if not piece.pool or is_ci_pool or is_registry else 0
    counts = Counter[str]()
    for told in deploys:
        counts.update(told)
    live = counts[SUCCESSFUL]
    return {
        "cost_direct": amount(direct),
        "cost_loaded": amount(loaded),
        "deploys": live,
        "failed": counts[FAILED],
        "rolled_back": counts[ROLLED_BACK],
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
    found: dict[str, tuple[int, int, int]] = {}
    for run in runs:
        region = run.job.zone[:6]
        prices = [world.book.offers.get(f"/paas/jobs/{part}/{region}") for part in ("vcpu", "memory")]
        used = (world.jobs.vcpu_seconds(run), world.jobs.gb_seconds(run))
        cost = sum(
            int(amount_used * offer.nanos(run.started) * UNITS_OF_A_NANO / offer.size)
            for amount_used, offer in zip(used, prices, strict=True)
            if offer is not None
        )
        before = found.get(run.job.name, (0, 0, 0))
        found[run.job.name] = (before[0] + cost, before[1] + 1, before[2] + (run.outcome == "failed"))
    return {
        name: {"cost_direct": amount(cost), "runs": runs, "failed": failed, "value": per_unit(cost, runs)}
        for name, (cost, runs, failed) in sorted(found.items())
    }


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
