"""Files an organisation would hand over, as known at an instant: deploys, runs, tenants, requests, queries."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulator.deploys_inferences import answered, deployments
from simulator.deploys_plan import tag_of
from simulator.deploys_tenants import counted_queries, counted_requests
from simulator.instants import at, seconds, zulu
from simulator.jobs_runs import MIB_PER_GB
from simulator.jobs_shapes import JobShapes
from simulator.jobs_training import training_runs
from simulator.loading import ScenarioError
from simulator.service_parts import Services
from simulator.world import World

Rows = Iterator[dict[str, Any]]


def deploys(world: World, now: int) -> Rows:
    """One row for each attempt that ended, as a CI system tells it."""
    for deploy in world.deploys.all(now):
        if deploy.ended <= now:
            yield {
                "at": zulu(deploy.ended),
                "service": deploy.plan.service,
                "environment": deploy.plan.environment,
                "status": deploy.status(now),
                "digest": deploy.digest,
                "version": tag_of(deploy),
                "project_id": world.project_ids[deploy.plan.project],
                "started_at": zulu(deploy.started),
                "rolled_back_at": zulu(deploy.reverted) if 0 < deploy.reverted <= now else None,
            }


def training(world: World, now: int) -> Rows:
    """One row for each training run that ended, with the machine it ran on."""
    for run in training_runs(world.scenario.training, world.resources, world.identity, now):
        if run.ended <= now:
            yield {
                "run": world.identity.uuid("training run", run.training.model, run.machine.id, run.started),
                "model": run.training.model,
                "resource_ids": run.machine.id,
                "started_at": zulu(run.started),
                "ended_at": zulu(run.ended),
                "epochs": run.epochs,
                "status": run.outcome,
                "epochs_planned": run.training.epochs,
                "gpus": world.book.types[run.machine.type, run.machine.zone].gpus,
                "project_id": world.project_id(run.machine.project),
            }


def jobs(world: World, now: int) -> Rows:
    """One row for each run of a serverless job that ended, also of those the API no longer lists."""
    shapes = JobShapes(Services(world))
    runs = (run for found in world.jobs.runs.values() for run in found if run.ended <= now)
    for run in sorted(runs, key=lambda run: (run.created, run.job.id)):
        spec = world.jobs.specs[run.job.id]
        yield {
            "job": run.job.name,
            "run_id": shapes.run_id(run),
            "started_at": zulu(run.started),
            "ended_at": zulu(run.ended),
            "duration_s": run.seconds,
            "status": run.outcome,
            "resource_id": run.job.id,
            "cpu": str(Decimal(spec.cpu) / 1_000),
            "memory": str(Decimal(spec.memory) / MIB_PER_GB),
            "reason": run.reason or None,
            "project_id": world.project_id(run.job.project),
        }


def tenants(world: World, now: int) -> Rows:
    """One row for each contract that was signed."""
    for tenant in world.scenario.tenants:
        start = seconds(tenant.start) if tenant.start else world.start
        if start <= now:
            yield {
                "tenant": tenant.name,
                "contract_start": _day(start),
                "contract_end": _day(seconds(tenant.end)) if tenant.end else None,
                "contract_value": f"{tenant.monthly_price:.2f}",
                "currency": world.scenario.currency,
                "plan": tenant.plan,
            }


def requests(world: World, now: int) -> Rows:
    """One row for each complete day, route and tenant; health checks have no tenant."""
    for counted in counted_requests(world, now):
        asked = counted.asked
        yield {
            "day": _day(counted.day),
            "service": asked.service,
            "project_id": world.project_ids[asked.project] if asked.project else None,
            "environment": asked.environment,
            "tenant": counted.tenant.name if counted.tenant else None,
            "route": asked.route,
            "is_health_check": asked.is_health_check,
            "requests": counted.requests,
            "failed": counted.errors,
            "response_bytes": counted.requests * asked.bytes,
        }


def queries(world: World, now: int) -> Rows:
    """One row for each complete day and dashboard, with what it asks."""
    asked_of = {row.group.name: row.id for row in reversed(world.resources) if not row.server_id}
    for day, dashboard, count in counted_queries(world, now):
        yield {
            "day": _day(day),
            "service": dashboard.name,
            "resource_id": asked_of[dashboard.group],
            "queries": count,
        }


def inferences(world: World, now: int) -> Rows:
    """One row for each complete day and deployment that was asked."""
    for each in answered(world, now):
        yield {
            "day": _day(each.day),
            "model": each.served.model,
            "deployment": each.deployment.name,
            "resource_id": each.deployment.id,
            "requests": each.requests,
            "failed": each.failed,
            "input_tokens": each.input_tokens,
            "output_tokens": each.output_tokens,
        }


EXPORTS: Mapping[str, Callable[[World, int], Rows]] = {
    export.__name__: export for export in (deploys, training, jobs, tenants, requests, queries, inferences)
}


def exported_kinds(world: World) -> list[str]:
    """The kinds of which there is something to hand over, now or later."""
    scenario = world.scenario
    said: Mapping[Callable[[World, int], Rows], object] = {
        deploys: scenario.deploys,
        training: scenario.training,
        jobs: world.jobs.runs,
        tenants: scenario.tenants,
        requests: scenario.requests,
        queries: scenario.dashboards,
        inferences: deployments(world),
    }
    return [kind for kind, export in EXPORTS.items() if said[export]]


def export_csv(world: World, now: int, kind: str) -> str:
    """One kind of event as CSV; empty without rows."""
    return _csv(list(EXPORTS[kind](world, now)))


def write_export(world: World, now: int, kind: str, path: Path) -> int:
    """Writes one kind of event as CSV or JSON lines, by the file's name, and says how many."""
    rows = list(EXPORTS[kind](world, now))
    if path.suffix == ".csv":
        path.write_text(_csv(rows), encoding="utf-8", newline="")
    elif path.suffix in (".jsonl", ".ndjson"):
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    else:
        raise ScenarioError(f"--out {path}: give a name that ends in .csv, .jsonl or .ndjson")
    return len(rows)


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _day(instant: int) -> str:
    return at(instant).date().isoformat()
