"""How a bucket's lifecycle plan is told: one advice with all of its parts, month by month, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from pipelines.lifecycle.choosing import Kind
from pipelines.recommendations.changes.storage import lifecycle_set
from pipelines.recommendations.recommendation import Answer, Fact, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.storage_buckets import CELLS, Planned, Row, Storage, planned
from pipelines.recommendations.world import Resource, World

_CENT = Decimal("0.01")
_SAYS = {
    Kind.tiering: "moves cold objects to a cheaper class",
    Kind.expiry: "deletes old objects",
    Kind.noncurrent: "deletes old versions",
    Kind.noncurrent_tiering: "moves old versions to a cheaper class",
    Kind.uploads: "aborts incomplete uploads",
    Kind.markers: "removes delete markers with nothing behind them",
}


def answers(
    world: World,
    storage: Storage,
    rule: str,
    told: Callable[[Planned], tuple[str, str]],
    about: Callable[[Resource, Sequence[Row]], bool] | None = None,
) -> Iterator[Answer]:
    """The plans that this rule leads, each with the action and reason that `told` gives it; the rest is left to others.

    A rule names the buckets it is about, so that the others need no plan; the one that names none is about all, and
    says too which could not be planned.
    """
    for each in planned(world, storage, about or _all):
        if isinstance(each, tuple):
            resource, missing = each
            if about is None:
                yield Unjudged(rule, resource.resource_id, missing)
        elif each.leading != rule:
            yield NothingToDo(rule, each.resource.resource_id, _why(each))
        else:
            yield _advised(world, each, rule, *told(each))


def _all(resource: Resource, cells: Sequence[Row]) -> bool:
    return True


def _why(told: Planned) -> str:
    if told.leading:
        return f"its plan is told by {told.leading}"
    return "; ".join(told.plan.left) or "its rules do what can be done"


def _advised(world: World, told: Planned, rule: str, action: str, reason: str) -> Recommendation:
    plan, row = told.plan, told.row
    others = sorted({_SAYS[part.kind] for part in plan.parts})
    return Recommendation(
        rule=rule,
        resource_id=told.resource.resource_id,
        target="lifecycle rules",
        action=action,
        reason=f"{reason} The plan {', '.join(others)}.",
        evidence=_evidence(told),
        evaluation_start=min(row["as_of"], world.known_until) - timedelta(days=28),
        evaluation_end=min(row["as_of"], world.known_until),
        monthly_saving=min(plan.monthly_saving, told.resource.monthly_cost or Decimal(0)),
        change=lifecycle_set(told.resource, told.rules, plan.rules, _notes(told)),
        risk=_risk(told),
        effort=Level.low,
    )


def _evidence(told: Planned) -> dict[str, Fact]:
    plan = told.plan
    months = zip(plan.before, plan.after, strict=True)
    efficiency = plan.efficiency
    return {
        "listed_on": told.row["as_of"],
        "size_gb": Decimal(sum(cell.size for cell in told.cells)) / 10**9,
        "read_percent_a_month": None if told.read_share is None else round(told.read_share * 100, 2),
        "monthly_cost_now": plan.monthly_before.quantize(_CENT),
        "monthly_cost_then": plan.monthly_after.quantize(_CENT),
        "lifecycle_efficiency": None if efficiency is None else round(efficiency, 4),
        "net_saving_12_months": plan.net_saving.quantize(_CENT),
        "parts": [
            {
                "does": part.kind.value,
                "prefix": part.prefix,
                "monthly_saving": part.monthly_saving.quantize(_CENT),
                "net_saving_12_months": part.net_saving.quantize(_CENT),
            }
            for part in plan.parts
        ],
        "months": [
            {"month": number, "cost_now": before.quantize(_CENT), "cost_then": after.quantize(_CENT)}
            for number, (before, after) in enumerate(months, 1)
        ],
        "left": list(plan.left),
        "query": "select state, storage_class, age_days_from, is_small, sum(objects) as objects, sum(bytes) as bytes "
        f"from {CELLS} where resource_id = '{told.resource.resource_id}' group by all order by all",
    }


def _notes(told: Planned) -> tuple[str, ...]:
    kinds = {part.kind for part in told.plan.parts}
    transitions = [move for part in told.plan.parts for rule in part.rules
                   for move in (*rule.transitions, *rule.noncurrent_transitions)]  # fmt: skip
    classes = {each.storage_class for each in transitions}
    notes = ["Rules act once a day at midnight UTC, on what is there already too."]
    if kinds & {Kind.expiry, Kind.noncurrent, Kind.uploads}:
        notes.append("What the rules delete cannot be brought back; the way back only keeps what is left.")
    if "GLACIER" in classes:
        price = told.row["restore_price"]
        cost = "" if price is None else f" and costs {price.normalize():f} a GB"
        notes.append(f"To read from Glacier an object is restored first: it takes minutes to 24 hours{cost}.")
    if "ONEZONE_IA" in classes:
        notes.append("One Zone keeps objects in one zone: if it is lost, they are. Rules never move them back.")
    if any(rule.larger_than for part in told.plan.parts for rule in part.rules):
        notes.append(
            "Objects below 1 MB stay where they are, by a filter of the rule: look whether it was taken as written."
        )
    return tuple(notes)


def _risk(told: Planned) -> Level:
    kinds = {part.kind for part in told.plan.parts}
    if Kind.expiry in kinds:
        return Level.high
    moves = kinds & {Kind.noncurrent, Kind.tiering, Kind.noncurrent_tiering}
    return Level.medium if moves else Level.low
