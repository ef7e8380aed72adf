"""What every rule owes whoever follows its advice, as checks of its answers about a world."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import hcl2
import pyarrow as pa

from pipelines.recommendations.recommendation import Answer, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rows import as_json
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import World

PLAIN = (bool, int, float, str, Decimal, date, tuple, type(None))


def answers_of(rule: Rule, world: World) -> list[Answer]:
    """All it answers, by resource and target."""
    return sorted(rule.judge(world, rule.thresholds), key=lambda each: (each.resource_id, str(key_of(each))))


def key_of(answer: Answer) -> tuple[Any, ...]:
    """What an answer says, so that two can be compared."""
    if isinstance(answer, Recommendation):
        return (
            *(answer.recommendation_id, answer.target, answer.action, answer.reason, answer.monthly_saving),
            *(as_json(answer.evidence), answer.change, answer.one_off_cost, sorted(answer.overlaps_on)),
        )
    return (type(answer).__name__, answer.reason)


def problems_of(rule: Rule, world: World) -> list[str]:
    """Everything in its answers that breaks the contract, in words."""
    answers = answers_of(rule, world)
    found = [f"{answer.resource_id}: {problem}" for answer in answers for problem in _problems(rule, answer, world)]
    identities = Counter(each.recommendation_id for each in answers if isinstance(each, Recommendation))
    found += [f"{identity} is advised {count} times" for identity, count in identities.items() if count > 1]
    return found


def _problems(rule: Rule, answer: Answer, world: World) -> Iterable[str]:
    if answer.rule != rule.name:
        yield f"says it is of the rule {answer.rule}"
    if answer.resource_id not in world.resources:
        yield "is not in the world"
    if isinstance(answer, Unjudged) and not answer.reason.strip():
        yield "could not be judged for no reason"
    if isinstance(answer, Recommendation):
        yield from _advice_problems(answer, world)
    elif not isinstance(answer, Unjudged | NothingToDo):
        yield f"{answer!r} is no answer"


def _advice_problems(advice: Recommendation, world: World) -> Iterable[str]:
    for name in ("target", "action", "reason"):
        if not getattr(advice, name).strip():
            yield f"has no {name}"
    evidence = json.loads(as_json(advice.evidence))
    if not [value for name, value in evidence.items() if name != "query" and value is not None]:
        yield "has no evidence"
    if not advice.evaluation_start < advice.evaluation_end <= world.known_until:
        yield f"was judged from {advice.evaluation_start} to {advice.evaluation_end}"
    if advice.confidence is not None and not 0 <= advice.confidence <= 1:
        yield f"has a confidence of {advice.confidence}"
    if advice.one_off_cost < 0:
        yield f"costs {advice.one_off_cost} once"
    if not advice.overlaps_on <= world.resources.keys():
        yield f"saves on what is not there: {sorted(advice.overlaps_on - world.resources.keys())}"
    costs = [world.resources[each].monthly_cost for each in advice.overlaps_on if each in world.resources]
    if advice.monthly_saving > sum((cost for cost in costs if cost is not None), Decimal(0)):
        yield f"saves {advice.monthly_saving} of {costs}"
    yield from _change_problems(advice)


def _change_problems(advice: Recommendation) -> Iterable[str]:
    change = advice.change
    if not (change.cli or change.terraform.strip() or change.notes):
        yield "has no change"
    if not (change.undo_cli or change.undo_terraform.strip() or change.notes):
        yield "has no way back and no note that says so"
    for text in (change.terraform, change.undo_terraform):
        if text.strip():
            try:
                hcl2.loads(text)
            except Exception as error:  # noqa: BLE001 - whatever the parser finds
                yield f"has Terraform that does not parse: {error}"
    for command in (*change.cli, *change.undo_cli):
        if not command.startswith(("scw ", "kubectl ", "aws ", "curl ", "# ")):
            yield f"has a command nobody knows: {command}"


def shuffled(world: World, seed: int) -> World:
    """The same world with rows and resources in another order."""
    order = random.Random(seed)
    tables = {}
    for name, table in world.tables.items():
        places = list(range(table.num_rows))
        order.shuffle(places)
        tables[name] = table.take(pa.array(places, pa.int64()))
    ids = list(world.resources)
    order.shuffle(ids)
    return replace(world, tables=tables, resources={each: world.resources[each] for each in ids})


def without(world: World, table: str, column: str) -> World:
    """The same world with nothing but nulls in a column."""
    held = world.tables[table]
    place = held.schema.get_field_index(column)
    nulls = pa.nulls(held.num_rows, held.schema.field(place).type)
    return replace(world, tables={**world.tables, table: held.set_column(place, held.schema.field(place), nulls)})


def threshold_problems(rule: Rule) -> Sequence[str]:
    """What is wrong with the dataclass of its thresholds."""
    told = rule.thresholds
    if not is_dataclass(told) or not told.__dataclass_params__.frozen:
        return ["is no frozen dataclass"]
    if told != type(told)():
        return ["is not what its defaults say"]
    wrong = [field.name for field in fields(told) if not isinstance(getattr(told, field.name), PLAIN)]
    return [f"{name} is no plain value" for name in wrong]
