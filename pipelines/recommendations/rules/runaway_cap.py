"""What could run away: no limit, a limit far beyond any use, or a job that hangs until a timeout nobody chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from math import ceil
from typing import Any

from pipelines.recommendations.changes.caps import job_timeout, most_instances
from pipelines.recommendations.recommendation import Answer, Basis, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

NAME = "runaway_cap"
_TABLE = "gold.scaling_caps"
_HOURS = 730
_HOUR = 3600
_WINDOW_HOURS = 28 * 24


@dataclass(frozen=True)
class Thresholds:
    """From when on a worst case matters, and how much room a limit leaves."""

    worst_case: Decimal = Decimal(1000)  # by the month; what could be lost below that is left to alerts
    times_the_peak: float = 4.0  # a limit that far beyond the busiest moment protects nobody
    room: float = 2.0  # a new limit holds twice the busiest moment of four weeks
    observed_days: int = 14
    timeout_room: float = 1.5  # a new timeout holds one and a half of the longest run that succeeded
    least_runs: int = 5  # that succeeded or not, before a timeout is proposed


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each container, function, job and pool that can scale by itself."""
    rows = {row["resource_id"]: row for row in world.rows(_TABLE)}
    for resource in world.of_type("containers_container", "functions_function", "k8s_pool"):
        if resource.resource_id in rows:
            yield _scaled(world, resource, rows[resource.resource_id], thresholds)
    for job in world.of_type("serverless_jobs_job_definition"):
        if job.resource_id in rows:
            yield _timed(world, job, rows[job.resource_id], thresholds)


def _scaled(world: World, resource: Resource, row: Mapping[str, Any], thresholds: Thresholds) -> Answer:
    """A limit on instances or nodes."""
    if resource.resource_type == "k8s_pool" and not row["is_autoscaled"]:
        return NothingToDo(NAME, resource.resource_id, "it does not scale by itself")
    monthly = _one_by_month(world, row)
    if monthly is None:
        return Unjudged(NAME, resource.resource_id, "what one more of it costs is not known")
    limit, peak = row["max_scale"], _peak(row)
    if limit is None and peak is None:
        return Unjudged(NAME, resource.resource_id, "it has no limit, and how many ran at once was not measured")
    worst = None if limit is None else monthly * limit
    if limit is not None and worst is not None and worst < thresholds.worst_case:
        told = f"at its limit of {limit} it costs {worst:.0f} by the month at most"
        return NothingToDo(NAME, resource.resource_id, told)
    if peak is None or ((row["measured_days"] or 0) < thresholds.observed_days and not row["node_ids"]):
        return Unjudged(NAME, resource.resource_id, "how many instances ran at once was not measured for two weeks")
    wanted = max(ceil(peak * thresholds.room), (row["min_scale"] or 0) + 1, 2)
    if limit is not None and (limit < peak * thresholds.times_the_peak or wanted >= limit):
        return NothingToDo(NAME, resource.resource_id, f"its limit of {limit} is near its peak of {peak:.0f}")
    reason = (
        f"Nothing limits it; {wanted} at once hold twice its busiest moment."
        if worst is None
        else f"At its limit of {limit} it would cost {worst:.0f} by the month; no more than {peak:.0f} ran at once."
    )
    return Recommendation(
        rule=NAME,
        resource_id=resource.resource_id,
        target=f"max_scale={wanted}",
        action=f"Limit {resource.resource_name} to {wanted} at once",
        reason=reason,
        evidence={
            "max_scale": limit,
            "peak_instances": peak,
            "one_instance_cost_per_month": monthly,
            "worst_case_cost_per_month": worst,
            "worst_case_cost_per_month_then": monthly * wanted,
            "query": _query(row),
        },
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=Decimal(0),  # it is charged for nothing today that a limit would end
        change=most_instances(resource, wanted, limit),
        risk=Level.medium if resource.is_production else Level.low,
        effort=Level.low,
        basis=Basis.charged if row["node_ids"] else Basis.list_price,
    )


def _timed(world: World, job: Resource, row: Mapping[str, Any], thresholds: Thresholds) -> Answer:
    """A limit on how long a job runs."""
    timeout, longest = row["timeout_seconds"], _number(row["longest_seconds"])
    if timeout is None:
        return Unjudged(NAME, job.resource_id, "its timeout is not known")
    if longest is None or (row["runs"] or 0) < thresholds.least_runs:
        return Unjudged(NAME, job.resource_id, f"{row['runs'] or 0} of its runs are known, too few for a timeout")
    wanted = ceil(longest * thresholds.timeout_room / _HOUR) * _HOUR
    worst = _worst_job(row)
    hung = row["timed_out_runs"]
    if wanted >= timeout or (not hung and (worst is None or worst < thresholds.worst_case)):
        told = "" if worst is None else f"; if every run hung, it would cost {worst:.0f} by the month"
        return NothingToDo(NAME, job.resource_id, f"no run met its timeout of {timeout // _HOUR} h{told}")
    saving = _hung_cost(job, row, wanted)
    reason = f"Its longest good run took {longest / _HOUR:.1f} h, and it may run for {timeout / _HOUR:.0f} h."
    if hung:
        reason += f" {hung} of {row['runs']} runs hung until then."
    return Recommendation(
        rule=NAME,
        resource_id=job.resource_id,
        target=f"timeout={wanted}s",
        action=f"Set the timeout of {job.resource_name} to {wanted // _HOUR} hours",
        reason=reason,
        evidence={
            "timeout_seconds": timeout,
            "longest_good_run_seconds": longest,
            "runs": row["runs"],
            "runs_until_timeout": hung,
            "seconds_of_runs_until_timeout": row["timed_out_seconds"],
            "worst_case_cost_per_month": worst,
            "query": _query(row),
        },
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=saving,
        change=job_timeout(job, wanted, timeout),
        risk=Level.low,
        effort=Level.low,
        basis=Basis.list_price,
    )


def _hung_cost(job: Resource, row: Mapping[str, Any], wanted: int) -> Decimal:
    """By the month, what runs took beyond the new timeout; never more than was charged for the job."""
    if not row["timed_out_seconds"] or row["list_price_per_hour"] is None:
        return Decimal(0)
    beyond = Decimal(row["timed_out_seconds"]) - row["timed_out_runs"] * wanted
    price: Decimal = row["list_price_per_hour"]
    cost: Decimal = price * max(beyond, Decimal(0)) / _HOUR * _HOURS / _WINDOW_HOURS
    charged: Decimal = job.monthly_cost if job.monthly_cost is not None else cost
    return min(cost, charged).quantize(Decimal("0.01"), ROUND_DOWN)


def _worst_job(row: Mapping[str, Any]) -> Decimal | None:
    """By the month, if every run took until its timeout."""
    if row["list_price_per_hour"] is None:
        return None
    runs = Decimal(row["runs"]) * _HOURS / _WINDOW_HOURS
    worst: Decimal = row["list_price_per_hour"] * runs * row["timeout_seconds"] / _HOUR
    return worst


def _one_by_month(world: World, row: Mapping[str, Any]) -> Decimal | None:
    """What one instance costs that is on all month: list price, or what a pool's nodes are charged."""
    if row["resource_type"] != "k8s_pool":
        price: Decimal | None = row["list_price_per_hour"]
        return None if price is None else price * _HOURS
    nodes = [world.resources[node].monthly_cost for node in row["node_ids"] or () if node in world.resources]
    costs = [cost for cost in nodes if cost is not None]
    mean: Decimal | None = sum(costs, Decimal(0)) / len(costs) if costs else None
    return mean


def _peak(row: Mapping[str, Any]) -> float | None:
    """The most that ran at once; of a pool the nodes it has today."""
    if row["resource_type"] == "k8s_pool":
        return float(len(row["node_ids"])) if row["node_ids"] else None
    return _number(row["peak_instances"])


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _query(row: Mapping[str, Any]) -> str:
    return (
        f"select * from {_TABLE} where resource_id = '{row['resource_id']}' "
        f"and known_until = date '{row['known_until']}'"
    )


RUNAWAY_CAP = Rule(
    name=NAME,
    title="Nothing stops it from running away",
    about="Looks for serverless containers, functions and pools without a limit or with one far beyond their use whose "
    "worst case is dear, and for jobs that hang until their timeout.",
    reads=(_TABLE,),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,  # a limit takes nothing away
)
