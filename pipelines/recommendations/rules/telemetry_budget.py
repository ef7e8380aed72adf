"""Telemetry against its budget: what it costs by the month as things go, and what brings it back within.

A budget is somebody's: without one nothing is said of logs; traces, of which few are ever looked at, are held against a
floor instead. The plan takes the streams worth least for what they cost first, and only what the policy allows;
protected lines are never among them, even where the budget is broken for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from pipelines.errors import ConfigurationError
from pipelines.recommendations.changes.change import Change
from pipelines.recommendations.changes.telemetry import archived, debug_dropped, traces_sampled
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Plain, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.telemetry import (
    LOGS,
    SOURCE,
    STREAMS,
    TRACES,
    Row,
    by_month,
    cents,
    charged,
    streams,
    window,
)
from pipelines.recommendations.world import Resource, World
from pipelines.telemetry.classes import LogClass, class_of_level
from pipelines.telemetry.plan import Action, Step, Stream, planned
from pipelines.telemetry.policy import Policy
from pipelines.telemetry.traces import TailSampling

NAME = "telemetry_budget"
_WEEK = 7


@dataclass(frozen=True)
class Thresholds:
    """What each data source of logs or traces may cost by the month, and what its streams are asked."""

    budgets: tuple[str, ...] = ()  # such as "cockpit-logs=300": name or id of a data source, and an amount
    queries: tuple[str, ...] = ()  # such as "shop-api=120": how often a service's logs are asked for by the month
    traces_without_budget: Decimal = Decimal(20)  # by the month; a data source that costs more is told without one
    sampled: tuple[str, ...] = ()  # names or ids of data sources of traces that are tail sampled already
    trace_share: float = 0.05  # of traces that are neither slow nor failed
    slow_seconds: float = 1.0  # a trace that takes longer is slow
    bucket: str = "YOUR_LOG_ARCHIVE"  # where what merely informs is archived


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each data source of logs that has a budget, and for each of traces.

    Raises ConfigurationError for a budget or a count that is none.
    """
    budgets, queries = amounts(thresholds.budgets, "budgets"), amounts(thresholds.queries, "queries")
    for source_id, rows in streams(world, "logs").items():
        source = world.resources[source_id]
        budget = budgets.get(source_id, budgets.get(source.resource_name))
        if budget is not None:
            yield _judged(world, source, rows, budget, queries, thresholds)
    for source in world.of_type(SOURCE):
        budget = budgets.get(source.resource_id, budgets.get(source.resource_name))
        if charged(source, TRACES) is not None:
            yield _traces(world, source, budget, thresholds)


def _traces(world: World, source: Resource, budget: Decimal | None, thresholds: Thresholds) -> Answer:
    """Tail sampling; how many traces are slow or failed is not measured, so what it saves is told as a bound alone."""
    cost = charged(source, TRACES) or Decimal(0)
    limit = thresholds.traces_without_budget if budget is None else budget
    if cost <= limit:
        return NothingToDo(NAME, source.resource_id, f"{cents(cost)} by the month is within its {limit}")
    if {source.resource_id, source.resource_name} & set(thresholds.sampled):
        return NothingToDo(NAME, source.resource_id, "its traces are tail sampled already, as the settings say")
    sampling = TailSampling(thresholds.slow_seconds, thresholds.trace_share)
    return Recommendation(
        rule=NAME,
        resource_id=source.resource_id,
        target="tail sampling",
        action=f"Keep every slow and failed trace of {source.resource_name}, and {sampling.share:.0%} of the others",
        reason=f"It costs {cents(cost)} by the month, "
        + (f"more than {limit} without a budget." if budget is None else f"and its budget is {budget}."),
        evidence={
            "budget_per_month": budget,
            "limit_per_month": limit,
            "charged_per_month": cost,
            "saving_at_most_per_month": cents(cost * (1 - Decimal(str(sampling.share)))),
            "slow_seconds": sampling.slow_seconds,
            "query": f"select sku, monthly_cost from gold.resource_costs where resource_id = '{source.resource_id}'",
        },
        evaluation_start=date.fromordinal(world.known_until.toordinal() - 28),
        evaluation_end=world.known_until,
        monthly_saving=Decimal(0),
        change=traces_sampled(sampling),
        risk=Level.low,
        effort=Level.medium,
        saves_on=frozenset({source.resource_id}),
    )


def amounts(told: Sequence[str], name: str, rule: str = NAME) -> Mapping[str, Decimal]:
    """`name=amount`, by name, of a setting of a rule. Raises ConfigurationError for what is none."""
    found = {}
    for text in told:
        key, equals, amount = text.rpartition("=")
        try:
            found[key.strip()] = Decimal(amount.strip())
        except InvalidOperation:
            equals = ""
        if not equals or not key.strip() or not found[key.strip()].is_finite() or found[key.strip()] < 0:
            place = f"recommendations.rules.{rule}.{name}"
            raise ConfigurationError(f'{place}: {text!r} is no name and amount; write it as "cockpit-logs=300"')
    return found


def _judged(
    world: World,
    source: Resource,
    rows: Sequence[Row],
    budget: Decimal,
    queries: Mapping[str, Decimal],
    thresholds: Thresholds,
) -> Answer:
    cost, days = charged(source, LOGS), window(world, rows[0])
    if cost is None or days is None or not rows[0]["source_bytes"] or not rows[0]["days"]:
        return Unjudged(NAME, source.resource_id, "what its logs cost, or how many they are, is not known")
    expected = max(cost, at_last_weeks_pace(cost, rows[0]))
    if expected <= budget:
        return NothingToDo(NAME, source.resource_id, f"{cents(expected)} by the month is within its {budget}")
    steps = _within(planned(log_streams(rows, cost, queries), Policy()), expected - budget)
    saving = cents(sum((step.monthly_saving or Decimal(0) for step in steps), Decimal(0)))
    if not steps or saving <= 0:
        told = f"it costs {cents(expected)} by the month, more than its {budget}, and the policy lets nothing of it go"
        return Unjudged(NAME, source.resource_id, told)
    return _advised(source, rows, steps, saving, budget, expected, days, thresholds)


def at_last_weeks_pace(cost: Decimal, row: Row, counted: str = "bytes") -> Decimal:
    """The month's cost if every week were like the last one; as it is where that week is not known.

    `counted` is what the charge is for: `bytes` or `samples`.
    """
    newest, whole = row[f"last_week_{counted}"], row[f"source_{counted}"]
    if row["last_week_days"] != _WEEK or not newest or not whole:
        return cost
    pace: Decimal = Decimal(newest * row["days"]) / (whole * _WEEK)
    return cost * pace


def log_streams(rows: Sequence[Row], cost: Decimal | None, queries: Mapping[str, Decimal]) -> list[Stream]:
    """Logs of a data source by service and class, with their part of what taking it in is charged."""
    counted: dict[tuple[str, LogClass], int] = defaultdict(int)
    for row in rows:
        if row["bytes"] is not None and row["service_name"] is not None:
            counted[row["service_name"], class_of_level(row["level"])] += row["bytes"]
    return [
        Stream(
            name=service,
            log_class=log_class,
            bytes_per_month=by_month(size, rows[0]["days"]),
            monthly_cost=None if cost is None else cost * size / rows[0]["source_bytes"],
            queries_per_month=int(queries[service]) if service in queries else None,
        )
        for (service, log_class), size in sorted(counted.items())
    ]


def _within(steps: Sequence[Step], excess: Decimal) -> list[Step]:
    """The least valuable first, until the excess is gone: debug, then what informs, the largest saving first."""
    order = (LogClass.debug, LogClass.info, LogClass.warn)
    able = [step for step in steps if step.keep_share < 1 and (step.monthly_saving or 0) > 0]
    taken: list[Step] = []
    for step in sorted(able, key=lambda each: (order.index(each.stream.log_class), -(each.monthly_saving or 0))):
        if sum((each.monthly_saving or Decimal(0) for each in taken), Decimal(0)) >= excess:
            break
        taken.append(step)
    return taken


def _advised(
    source: Resource,
    rows: Sequence[Row],
    steps: Sequence[Step],
    saving: Decimal,
    budget: Decimal,
    expected: Decimal,
    days: tuple[date, date],
    thresholds: Thresholds,
) -> Recommendation:
    dropped = sorted({step.stream.name for step in steps if step.action is Action.drop})
    sampled = sorted({step.stream.name for step in steps if step.action is not Action.drop})
    change = _change(source, steps, dropped, sampled, thresholds)
    parts = [f"drop debug of {', '.join(dropped)}"] if dropped else []
    parts += [f"archive what merely informs of {', '.join(sampled)}"] if sampled else []
    told = " and ".join(parts)
    return Recommendation(
        rule=NAME,
        resource_id=source.resource_id,
        target="within budget",
        action=told[:1].upper() + told[1:],
        reason=f"{source.resource_name} costs {cents(expected)} by the month as things go, and its budget is {budget}.",
        evidence={
            "budget_per_month": budget,
            "charged_per_month": charged(source, LOGS),
            "expected_per_month": cents(expected),
            "bytes": rows[0]["source_bytes"],
            "last_week_bytes": rows[0]["last_week_bytes"],
            "restore_cost_of_a_month": cents(sum((step.restore_cost for step in steps), Decimal(0))),
            "steps": [_told(step) for step in steps],
            "query": f"select service_name, level, bytes, source_bytes, last_week_bytes from {STREAMS} "
            f"where data_source_id = '{source.resource_id}' and usage_month = '{rows[0]['usage_month']}'",
        },
        evaluation_start=days[0],
        evaluation_end=days[1],
        monthly_saving=min(saving, cents(source.monthly_cost or saving)),
        change=change,
        risk=Level.medium if sampled else Level.low,
        effort=Level.medium,
        saves_on=frozenset({source.resource_id}),
    )


def _change(
    source: Resource, steps: Sequence[Step], dropped: Sequence[str], sampled: Sequence[str], thresholds: Thresholds
) -> Change:
    """Both changes one after the other where the plan has both."""
    share = max((step.keep_share for step in steps if step.action is not Action.drop), default=Decimal(1))
    parts = [debug_dropped(dropped)] if dropped else []
    if sampled:
        parts.append(archived(sampled, int(share * 100), thresholds.bucket, source.region_id or "fr-par"))
    return Change(
        cli=tuple(text for part in parts for text in part.cli),
        undo_cli=tuple(dict.fromkeys(text for part in parts for text in part.undo_cli)),
        notes=tuple(dict.fromkeys(text for part in parts for text in part.notes)),
        files=tuple(file for part in parts for file in part.files),
    )


def _told(step: Step) -> Mapping[str, Plain]:
    return {
        "service": step.stream.name,
        "class": step.stream.log_class.value,
        "does": step.action.value,
        "keep_share": step.keep_share,
        "archive_days": step.archive_days,
        "saving_per_month": cents(step.monthly_saving or Decimal(0)),
        "queries_for_each_euro": step.stream.value_score,
    }


TELEMETRY_BUDGET = Rule(
    name=NAME,
    title="Telemetry beyond its budget",
    about="Looks for data sources of logs and traces that will cost more than the budget the settings give them, and "
    "for traces that cost much without one.",
    reads=(STREAMS,),
    thresholds=Thresholds(),
    judge=judge,
)
