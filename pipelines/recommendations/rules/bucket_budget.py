"""Buckets that cost more than their tag monthly-budget-eur allows, or will in some months if they grow on.

What can be made again is deleted at the largest of the usual ages that brings the bucket back within its budget. Of
other data nothing is deleted to save money: then a person is told, and nothing is counted as saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from pipelines.lifecycle.plan import Plan, even_months
from pipelines.recommendations.changes.storage import looked_into
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_advice import answers
from pipelines.recommendations.rules.storage_buckets import (
    BUCKET,
    CELLS,
    OUTLOOK,
    Planned,
    Row,
    Storage,
    budget_of,
    planned,
)
from pipelines.recommendations.world import Resource, World

NAME = "bucket_budget"


def judge(world: World, thresholds: Storage) -> Iterator[Answer]:
    """One answer for each bucket with a budget."""
    advised = {each.resource_id: each for each in answers(world, thresholds, NAME, _told, _about)}
    plans = {
        each.resource.resource_id: each.plan for each in planned(world, thresholds, _about) if isinstance(each, Planned)
    }
    for resource in world.of_type(BUCKET):
        answer = advised.get(resource.resource_id)
        budget, cost = budget_of(resource), resource.monthly_cost
        if isinstance(answer, Recommendation) or budget is None or cost is None:
            if answer is not None:
                yield answer
        elif cost > budget:
            yield _beyond(world, resource, budget, cost)
        else:
            yield _grown(world, resource, budget, cost, plans.get(resource.resource_id), thresholds)


def _about(resource: Resource, cells: Sequence[Row]) -> bool:
    return budget_of(resource) is not None


def _told(told: Planned) -> tuple[str, str]:
    days = next((rule.expire_days for part in told.plan.parts for rule in part.rules if rule.expire_days), None)
    name, cost = told.resource.resource_name, told.resource.monthly_cost
    return (
        f"Delete objects of {name} after {days} days: keep what the last of them need",
        f"It costs {cost:.2f} by the month and its tag allows {budget_of(told.resource)}; its data can be made again.",
    )


def _grown(
    world: World, resource: Resource, budget: Decimal, cost: Decimal, plan: Plan | None, thresholds: Storage
) -> Answer:
    """Within its budget today: whether it stays so when as much goes on to come in as in the last month."""
    ahead = [] if plan is None else [cost + month - plan.monthly_before for month in even_months(plan)]
    soon = [(number, month) for number, month in enumerate(ahead[: thresholds.budget_months], 1) if month > budget]
    if not soon:
        return NothingToDo(NAME, resource.resource_id, f"it costs {cost:.2f} of the {budget} allowed")
    number, month = soon[0]
    advice = _beyond(world, resource, budget, cost)
    return replace(
        advice,
        target="growth within its budget",
        action=f"Keep the growth of {resource.resource_name} within its budget, or agree on a new one",
        reason=f"It costs {cost:.2f} by the month and its tag allows {budget}; as it grows it will cost {month:.2f} in "
        f"month {number} from now.",
        evidence={**advice.evidence, "months_until": number, "monthly_cost_then": month.quantize(Decimal("0.01"))},
    )


def _beyond(world: World, resource: Resource, budget: Decimal, cost: Decimal) -> Recommendation:
    return Recommendation(
        rule=NAME,
        resource_id=resource.resource_id,
        target="within its budget",
        action=f"Bring {resource.resource_name} back within its budget, or agree on a new one",
        reason=f"It costs {cost:.2f} by the month and its tag allows {budget}.",
        evidence={
            "monthly_cost": cost,
            "monthly_budget": budget,
            "query": f"select sku, monthly_cost from gold.resource_costs where resource_id = '{resource.resource_id}'",
        },
        evaluation_start=world.known_until - timedelta(days=28),
        evaluation_end=world.known_until,
        monthly_saving=Decimal(0),
        change=looked_into(resource, ("Ask its owner what may go: nothing in it is said to be recreatable.",)),
        risk=Level.low,
        effort=Level.medium,
    )


BUCKET_BUDGET = Rule(
    name=NAME,
    title="Buckets beyond their budget",
    about="Looks for buckets that cost more than their tag monthly-budget-eur allows, or will as they grow.",
    reads=(CELLS, OUTLOOK),
    thresholds=Storage(),
    judge=judge,
)
