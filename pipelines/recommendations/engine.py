"""Asks every rule about the world, and tells what each answer means for cost, carbon and water.

What a tag protects is left alone by the rules that take something away. Nothing else is left out here: whether advice
is told again, is suppressed or is counted in a total is said in `register.py` and `choosing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pipelines.recommendations.protection import protecting_tag
from pipelines.recommendations.recommendation import Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

_PLACES = Decimal("0.000000000001")


@dataclass(frozen=True)
class Policy:
    """What a deployment sets: tags that protect (patterns), and thresholds by rule where they are not its own."""

    protected_tags: Sequence[str] = ()
    thresholds: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Advice:
    """A recommendation and the resource it is about.

    `monthly_cost` is what all resources it saves on cost by the month, None where nothing was charged for any of them.
    Carbon and water are by the month, None where they are not known.
    """

    recommendation: Recommendation
    title: str
    resource: Resource | None
    monthly_cost: Decimal | None
    currency: str | None
    kg_co2e_saving: Decimal | None
    m3_water_saving: Decimal | None


@dataclass(frozen=True)
class Spared:
    """Advice nobody is given, since a tag protects what it would take away."""

    recommendation: Recommendation
    protected_id: str
    tag: str


@dataclass(frozen=True)
class Answers:
    """All that the rules answered on one day, in the order of rules and resources.

    `silent_rules` could not judge anything: none of the tables of gold they read holds a row (of silver, where they
    read no gold). `nothing` counts the resources that were judged and left as they are.
    """

    advice: Sequence[Advice]
    spared: Sequence[Spared]
    unjudged: Sequence[Unjudged]
    nothing: int
    judged_rules: frozenset[str]
    silent_rules: frozenset[str]


def ask(world: World, rules: Sequence[Rule], policy: Policy) -> Answers:
    """Ask each rule once. Raises ValueError where two answers of a rule have one identity."""
    advice: dict[str, Advice] = {}
    spared: list[Spared] = []
    unjudged: list[Unjudged] = []
    nothing = 0
    for rule in rules:
        for answer in _answers(world, rule, policy):
            if isinstance(answer, Unjudged):
                unjudged.append(answer)
            elif not isinstance(answer, Recommendation):
                nothing += 1
            elif (protected := _protected(world, rule, answer, policy)) is not None:
                spared.append(protected)
            elif answer.recommendation_id in advice:
                raise ValueError(f"{rule.name} answers twice for {answer.resource_id} and {answer.target}")
            else:
                advice[answer.recommendation_id] = _enriched(world, rule, answer)
    silent = frozenset(rule.name for rule in rules if _is_silent(world, rule))
    judged = frozenset(rule.name for rule in rules) - silent
    return Answers(tuple(advice.values()), tuple(spared), tuple(unjudged), nothing, judged, silent)


def _is_silent(world: World, rule: Rule) -> bool:
    measured = [name for name in rule.reads if name.startswith("gold.")] or list(rule.reads)
    return bool(measured) and not any(world.table(name).num_rows for name in measured)


def together(first: Answers, last: Answers) -> Answers:
    """The answers of two groups of rules as those of one."""
    return Answers(
        (*first.advice, *last.advice),
        (*first.spared, *last.spared),
        (*first.unjudged, *last.unjudged),
        first.nothing + last.nothing,
        first.judged_rules | last.judged_rules,
        first.silent_rules | last.silent_rules,
    )


def _answers(world: World, rule: Rule, policy: Policy) -> list[Any]:
    """In an order of their own: the rule may answer in any."""
    found: Iterable[Any] = rule.judge(world, policy.thresholds.get(rule.name, rule.thresholds))
    return sorted(found, key=lambda answer: (answer.resource_id, getattr(answer, "target", "")))


def _protected(world: World, rule: Rule, advised: Recommendation, policy: Policy) -> Spared | None:
    if not rule.spares_protected:
        return None
    for resource_id in sorted({advised.resource_id, *advised.overlaps_on}):
        resource = world.resources.get(resource_id)
        tag = protecting_tag(resource.tags, policy.protected_tags) if resource else None
        if tag is not None:
            return Spared(advised, resource_id, tag)
    return None


def _enriched(world: World, rule: Rule, advised: Recommendation) -> Advice:
    touched = [world.resources[each] for each in sorted(advised.overlaps_on) if each in world.resources]
    cost = _sum(each.monthly_cost for each in touched)
    resource = world.resources.get(advised.resource_id)
    currencies = [each.currency for each in (resource, *touched) if each and each.currency]
    share = None if not cost else min(advised.monthly_saving / cost, Decimal(1))
    return Advice(
        advised,
        rule.title,
        resource,
        cost if touched else advised.monthly_cost,
        currencies[0] if currencies else advised.currency,
        _share(advised.kg_co2e_saving, share, _sum(each.kg_co2e for each in touched)),
        _share(advised.m3_water_saving, share, _sum(each.m3_water for each in touched)),
    )


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    """Of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None


def _share(told: Decimal | None, share: Decimal | None, own: Decimal | None) -> Decimal | None:
    if told is not None:
        return told
    return None if share is None or own is None else (own * share).quantize(_PLACES)
