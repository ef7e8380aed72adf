"""Training runs that go on far beyond what runs of their model take: a longest time, and what it would have saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from math import ceil

from pipelines.recommendations.changes.gpu import longest_time
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, Row, World

NAME = "gpu_training_cap"
_RUNS = "gold.cost_per_training"


@dataclass(frozen=True)
class Thresholds:
    """How much longer than usual a run may take, and how many runs tell what is usual."""

    times_the_usual: float = 1.5
    completed_runs: int = 3
    least_saving: Decimal = Decimal(10)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each machine that exists and ran training in the newest month."""
    by_machine: dict[str, list[Row]] = defaultdict(list)
    for row in world.rows(_RUNS):
        if row["scope"] == "run":
            for identity in row["resource_ids"] or ():
                by_machine[identity].append(row)
    for identity in sorted(set(by_machine) & set(world.resources)):
        yield _judged(world, world.resources[identity], by_machine[identity], thresholds)


def _judged(world: World, machine: Resource, runs: Sequence[Row], thresholds: Thresholds) -> Answer:
    identity = machine.resource_id
    completed = sum(row["status"] == "completed" for row in runs)
    if completed < thresholds.completed_runs or machine.monthly_cost is None:
        return Unjudged(
            NAME, identity, f"{completed} runs completed this month; {thresholds.completed_runs} tell what is usual"
        )
    over = [row for row in runs if _hours_over(row, thresholds) > 0 and row["allocation_cost"] is not None]
    if not over:
        return NothingToDo(
            NAME, identity, f"none of {len(runs)} runs took {thresholds.times_the_usual} times as long as usual"
        )
    wasted = sum((_cost_over(row, thresholds) for row in over), Decimal(0))
    since, until = _span(world, runs)
    saving = min(machine.monthly_cost, wasted * 730 / (24 * (until - since).days)).quantize(Decimal("0.01"), ROUND_DOWN)
    if saving < thresholds.least_saving:
        return NothingToDo(NAME, identity, f"runs beyond the usual time cost {wasted:.2f} this month")
    return _advised(world, machine, runs, over, wasted, saving, thresholds)


def _advised(
    world: World,
    machine: Resource,
    runs: Sequence[Row],
    over: Sequence[Row],
    wasted: Decimal,
    saving: Decimal,
    thresholds: Thresholds,
) -> Recommendation:
    cap = max(_cap(row, thresholds) for row in over)
    since, until = _span(world, runs)
    return Recommendation(
        rule=NAME,
        resource_id=machine.resource_id,
        target=f"{cap} h",
        action=f"End training runs on {machine.resource_name} after {cap} hours",
        reason=f"{len(over)} of {len(runs)} runs this month went on beyond {thresholds.times_the_usual} times what "
        f"runs of their model usually take; the hours beyond cost {wasted:.2f}.",
        evidence={
            "runs": len(runs),
            "runs_over": len(over),
            "cap_hours": cap,
            "usual_hours": max(row["typical_hours"] for row in over),
            "longest_run_hours": max(row["run_hours"] for row in over),
            "cost_beyond": wasted,
            "most_runs_at_once": max(row["runs_at_once"] or 1 for row in runs),
            "query": f"select * from {_RUNS} where scope = 'run' and run_hours > typical_hours",
        },
        evaluation_start=since,
        evaluation_end=until,
        monthly_saving=saving,
        saves_on=frozenset({machine.resource_id}),
        change=longest_time(cap),
        risk=Level.medium,
        effort=Level.low,
    )


def _span(world: World, runs: Sequence[Row]) -> tuple[date, date]:
    """The days of the runs' month that are known; one at least."""
    since = date.fromisoformat(f"{runs[0]['billing_month']}-01")
    after = (since + timedelta(days=31)).replace(day=1)
    return since, max(since + timedelta(days=1), min(after, world.known_until))


def _cap(row: Row, thresholds: Thresholds) -> int:
    usual: Decimal = row["typical_hours"]
    return ceil(usual * Decimal(str(thresholds.times_the_usual)))


def _hours_over(row: Row, thresholds: Thresholds) -> Decimal:
    if row["typical_hours"] is None or row["run_hours"] is None:
        return Decimal(0)
    hours: Decimal = row["run_hours"]
    return max(Decimal(0), hours - _cap(row, thresholds))


def _cost_over(row: Row, thresholds: Thresholds) -> Decimal:
    """A run on several machines counts for each with its even share."""
    cost: Decimal = row["allocation_cost"]
    hours: Decimal = row["run_hours"]
    return cost / len(row["resource_ids"]) * (_hours_over(row, thresholds) / hours)


GPU_TRAINING_CAP = Rule(
    name=NAME,
    title="Training that goes on too long",
    about="Looks for training runs that took far longer than runs of their model usually do.",
    reads=(_RUNS,),
    thresholds=Thresholds(),
    judge=judge,
)
