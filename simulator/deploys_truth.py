"""What is so of deploys, jobs, training and requests at an instant, by month."""

from collections.abc import Mapping
from typing import Any

from simulator.deploys_plan import FAILED, ROLLED_BACK, RUNNING, SUCCESSFUL
from simulator.deploys_tenants import counted_requests
from simulator.instants import month_of
from simulator.jobs_training import training_runs
from simulator.world import World

Months = dict[str, dict[str, Any]]


def deploys_truth(world: World, now: int) -> dict[str, Months]:
    """Deploys by service, production first, then with the environment in the name; successes count each image once."""
    production: Months = {}
    everywhere: Months = {}
    seen: set[tuple[str, str, str]] = set()
    for deploy in world.deploys.all(now):
        place = deploy.plan.service, deploy.plan.environment
        status = deploy.status(now)
        if status == RUNNING:
            continue
        is_again = status == SUCCESSFUL and (*place, deploy.digest) in seen
        if status == SUCCESSFUL:
            seen.add((*place, deploy.digest))
        month = month_of(deploy.started).name
        told = [_counts(everywhere, month, "|".join(place))]
        if place[1] == "prod":
            told.append(_counts(production, month, place[0]))
        for counts in told:
            counts["repeated" if is_again else status] += 1
    return {"deploys": production, "deploys_by_environment": everywhere}


def jobs_truth(world: World, now: int) -> dict[str, Months]:
    """Runs that began, by job, and what those that ended came to and used."""
    begun: Months = {}
    used: Months = {}
    for name, runs in sorted(world.jobs.runs.items()):
        label = _name(world, name)
        for run in runs:
            month = month_of(run.started).name
            if run.started > now:
                break
            counts = begun.setdefault(month, {})
            counts[label] = counts.get(label, 0) + 1
            if run.ended <= now:
                told = used.setdefault(month, {}).setdefault(label, {"succeeded": 0, "failed": 0, "seconds": 0})
                told[run.outcome] += 1
                told["seconds"] += run.seconds
    return {"job_runs": dict(sorted(begun.items())), "job_usage": dict(sorted(used.items()))}


def training_truth(world: World, now: int) -> Months:
    """Training runs that ended, by model, with their epochs and the seconds their machines spent on them."""
    found: Months = {}
    for run in training_runs(world.scenario.training, world.resources, world.identity, now):
        if run.ended > now:
            continue
        empty = {"completed": 0, "failed": 0, "abandoned": 0, "epochs": 0, "seconds": 0}
        told = found.setdefault(month_of(run.started).name, {}).setdefault(run.training.model, empty)
        told[run.outcome] += 1
        told["epochs"] += run.epochs
        told["seconds"] += run.ended - run.started
    return found


def requests_truth(world: World, now: int) -> Months:
    """Requests of complete days and those that failed, by tenant; health checks are left out."""
    found: Months = {}
    for counted in counted_requests(world, now):
        if counted.tenant:
            month, name = month_of(counted.day).name, counted.tenant.name
            told = found.setdefault(month, {}).setdefault(name, {"requests": 0, "failed": 0})
            told["requests"] += counted.requests
            told["failed"] += counted.errors
    return found


def work_truth(world: World, now: int) -> Mapping[str, Any]:
    """All of it, under the names the truth gives it."""
    return {
        **deploys_truth(world, now),
        **jobs_truth(world, now),
        "training_runs": training_truth(world, now),
        "tenant_requests": requests_truth(world, now),
    }


def _counts(months: Months, month: str, name: str) -> dict[str, int]:
    empty = {SUCCESSFUL: 0, FAILED: 0, ROLLED_BACK: 0, "repeated": 0}
    counts: dict[str, int] = months.setdefault(month, {}).setdefault(name, empty)
    return counts


def _name(world: World, identifier: str) -> str:
    return next(row.name for row in world.resources if row.id == identifier)
