"""Machines outside production that run at night and at weekends though nobody uses them then.

What can be scheduled: Instances, powered off through the API, and Kapsule pools, scaled to zero. Databases, caches and
dedicated inference have no call that stops them, Elastic Metal is charged until it is deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from pipelines.recommendations.activity import Week168, activity_week, busy_limit
from pipelines.recommendations.changes.schedules import machine_schedule, pool_schedule
from pipelines.recommendations.nights_calendar import Week
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

NAME = "off_hours_schedule"
_TABLE = "gold.activity_hours"
_WORKDAYS = frozenset(range(5))
_COMPUTE = "/compute/"
_GPU = ("gpu", "render", "l4", "l40s", "h100", "h200", "b200", "b300", "a100")
_HOURS = 60


@dataclass(frozen=True)
class Thresholds:
    """How cautious the rule is."""

    on_from_hour: int = 7  # the usual plan, UTC; an environment that needs more gets more
    on_until_hour: int = 20
    most_hours_on: int = 16  # a machine that is used longer than that on a day is no case for a schedule
    busy_share: float = 0.05  # of its processors or GPU, which 95 % of an hour's samples stay below
    busy_share_of_peak: float = 0.3  # background work alone is no use
    needed_chance: float = 0.25  # an hour that is used in one of four weeks is left on
    observed_days: int = 14
    observed_weekends: int = 2
    off_already: float = 0.05  # of the hours off that are still charged
    least_saving: Decimal = Decimal(3)  # by the month
    holidays: tuple[date, ...] = ()  # days that tell nothing of a usual week


@dataclass(frozen=True)
class _Case:
    """One machine, what it is used for in a week, and what of its charges lies outside a plan."""

    server: Resource
    row: Mapping[str, Any]
    week: Week168
    needed: frozenset[int]

    @property
    def environment(self) -> str:
        return self.server.environment or ""

    def hours_needed(self) -> tuple[int, int]:
        """First and last hour (exclusive) of a working day in which it is used."""
        hours = [hour % 24 for hour in self.needed]
        return min(hours), max(hours) + 1


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each machine outside production, one for each pool of them."""
    answers, cases = _sorted_out(world, thresholds)
    yield from answers
    plans = plans_of(cases, thresholds)
    pools: defaultdict[str, list[_Case]] = defaultdict(list)
    for case in cases:
        if case.row["pool_id"] in world.resources:
            pools[case.row["pool_id"]].append(case)
        else:
            yield _advised(world, case.server, [case], plans[case.environment], thresholds)
    nodes: defaultdict[str, set[str]] = defaultdict(set)
    for row in world.rows(_TABLE):
        nodes[row["pool_id"]].add(row["resource_id"])
    for pool_id, of_pool in pools.items():
        if len(of_pool) < len(nodes[pool_id]):
            yield NothingToDo(NAME, pool_id, "some of its nodes are used at night or at weekends")
        else:
            yield _advised(world, world.resources[pool_id], of_pool, plans[of_pool[0].environment], thresholds)


def environment_plans(world: World, thresholds: Thresholds) -> list[dict[str, Any]]:
    """The plan of each environment, for a report: hours on, machines, and what they would save by the month."""
    cases = _sorted_out(world, thresholds)[1]
    rows = []
    for environment, week in sorted(plans_of(cases, thresholds).items()):
        of_environment = [case for case in cases if case.environment == environment]
        rows.append(
            {
                "environment": environment,
                "plan": week.told(),
                "hours_off_per_week": 168 - week.hours_on(),
                "machines": len(of_environment),
                "monthly_saving": sum((_saving(case, week)[0] for case in of_environment), Decimal(0)),
            }
        )
    return rows


def plans_of(cases: Sequence[_Case], thresholds: Thresholds) -> dict[str, Week]:
    """By environment the usual hours, widened to those in which any of its machines is used."""
    plans = {}
    for environment in {case.environment for case in cases}:
        needed = [case.hours_needed() for case in cases if case.environment == environment]
        first = min(thresholds.on_from_hour, *(hours[0] for hours in needed))
        last = max(thresholds.on_until_hour, *(hours[1] for hours in needed))
        plans[environment] = Week(_WORKDAYS, first * _HOURS, last * _HOURS)
    return plans


def _sorted_out(world: World, thresholds: Thresholds) -> tuple[list[Answer], list[_Case]]:
    """Machines that can be scheduled, and answers for all others."""
    answers: list[Answer] = []
    cases: list[_Case] = []
    rows = {row["resource_id"]: row for row in world.rows(_TABLE)}
    for server in world.of_type("instance_server"):
        row = rows.get(server.resource_id)
        if row is not None and not server.is_production:
            found = _case(server, row, thresholds)
            if isinstance(found, _Case):
                cases.append(found)
            else:
                answers.append(found)
    return answers, cases


def _case(server: Resource, row: Mapping[str, Any], thresholds: Thresholds) -> _Case | Answer:
    if not row["charges"]:
        return NothingToDo(NAME, server.resource_id, "it was not charged in the last four weeks")
    usual = Week(_WORKDAYS, thresholds.on_from_hour * _HOURS, thresholds.on_until_hour * _HOURS)
    off_hours = _hours(row, usual)[1]
    if off_hours < thresholds.off_already * (168 - usual.hours_on()) * 4:
        return NothingToDo(NAME, server.resource_id, "it is off at night and at weekends already")
    if not row["measured_hours"] or not row["busy_shares"] or None in row["busy_shares"]:
        return Unjudged(
            NAME, server.resource_id, "its processors were not measured; let Cockpit keep instance_cpu_ratio"
        )
    shares = row["busy_shares"]
    limit = busy_limit(shares, thresholds.busy_share, thresholds.busy_share_of_peak)
    week = activity_week(row["known_from"], row["measured_hours"], shares, limit, thresholds.holidays)
    if week.days_seen < thresholds.observed_days or week.weekends_seen < thresholds.observed_weekends:
        told = f"{week.days_seen} days and {week.weekends_seen} weekends of metrics"
        return Unjudged(NAME, server.resource_id, f"only {told}; a week is judged by {thresholds.observed_days} days")
    needed = week.needed_hours(thresholds.needed_chance)
    if not needed:
        return NothingToDo(
            NAME, server.resource_id, "no hour of the week is used; it is idle, not a case for a schedule"
        )
    case = _Case(server, row, week, needed)
    first, last = case.hours_needed()
    if any(hour // 24 not in _WORKDAYS for hour in needed) or last - first > thresholds.most_hours_on:
        return NothingToDo(NAME, server.resource_id, "it is used at night or at weekends")
    return case


def _advised(world: World, resource: Resource, cases: Sequence[_Case], week: Week, thresholds: Thresholds) -> Answer:
    savings = [_saving(case, week) for case in cases]
    saving = sum((each for each, _ in savings), Decimal(0))
    if saving < thresholds.least_saving:
        return NothingToDo(NAME, resource.resource_id, f"a schedule would save {saving:.2f} by the month")
    is_pool = resource.resource_type == "k8s_pool"
    is_scarce = any(_is_gpu(case.server) for case in cases)
    kind = f"pool {resource.resource_name} ({len(cases)} nodes)" if is_pool else resource.resource_name
    return Recommendation(
        rule=NAME,
        resource_id=resource.resource_id,
        target="schedule",
        action=f"{'Scale' if is_pool else 'Switch'} {kind} {'to zero' if is_pool else 'off'} "
        f"outside working hours: {week.told()}",
        reason=f"It ran {sum(hours for _, hours in savings):.0f} hours in four weeks outside those hours, in which "
        "its processors did background work alone.",
        evidence=_evidence(world, cases, week, savings, thresholds),
        evaluation_start=cases[0].row["known_from"],
        evaluation_end=world.known_until,
        monthly_saving=saving,
        change=pool_schedule(resource, week, len(cases)) if is_pool else machine_schedule(resource, week),
        risk=Level.high if is_scarce else Level.medium if is_pool else Level.low,
        effort=Level.low,
        restart_needed=True,
        saves_on=frozenset(case.server.resource_id for case in cases),
    )


def _evidence(
    world: World,
    cases: Sequence[_Case],
    week: Week,
    savings: Sequence[tuple[Decimal, float]],
    thresholds: Thresholds,
) -> dict[str, Any]:
    ids = ", ".join(f"'{case.server.resource_id}'" for case in cases)
    compute = sum((_compute_cost(case.server) for case in cases), Decimal(0))
    everything = sum((case.server.monthly_cost or Decimal(0) for case in cases), Decimal(0))
    needed = sorted(hour for case in cases for hour in case.needed)
    chances = [case.week.chances for case in cases]
    off = [hour for hour in range(168) if not _is_on(hour, week)]
    return {
        "plan": week.told(),
        "hours_off_per_week": 168 - week.hours_on(),
        "observed_days": min(case.week.days_seen for case in cases),
        "observed_weekends": min(case.week.weekends_seen for case in cases),
        "first_hour_used_utc": min(hour % 24 for hour in needed),
        "last_hour_used_utc": max(hour % 24 for hour in needed),
        "highest_chance_of_use_while_off": round(max(each[hour] for each in chances for hour in off), 3),
        "busy_share_of_an_hour_from": thresholds.busy_share,
        "charged_hours_off_in_window": round(sum(hours for _, hours in savings), 1),
        "compute_cost_per_month": compute,
        "cost_that_goes_on_per_month": max(everything - compute, Decimal(0)),
        "least_billed_minutes_per_start": 60,
        "starts_per_week": len(week.days),
        "chance_of_use_by_hour_of_week": [round(max(each[hour] for each in chances), 2) for hour in range(168)],
        "query": f"select resource_id, measured_hours, busy_shares, charges from {_TABLE} "
        f"where resource_id in ({ids}) and billing_month = '{world.known_until - timedelta(days=1):%Y-%m}'",
    }


def _saving(case: _Case, week: Week) -> tuple[Decimal, float]:
    """By the month what is charged outside the plan, at what was charged, and the hours of it in four weeks."""
    cost_off, hours_off = _hours(case.row, week)
    charged = case.row["charged_cost"]
    share = cost_off / charged if charged else Decimal(0)
    return (_compute_cost(case.server) * min(share, Decimal(1))).quantize(Decimal("0.01"), ROUND_DOWN), hours_off


def _hours(row: Mapping[str, Any], week: Week) -> tuple[Decimal, float]:
    """Cost and hours of the charges that lie outside the plan; each time it is on is billed for an hour at least."""
    on = list(week.on_times(row["known_from"], row["known_until"]))
    cost, hours = Decimal(0), 0.0
    for charge in row["charges"]:
        starts_at, ends_at = charge["starts_at"], charge["ends_at"]
        whole = (ends_at - starts_at).total_seconds()
        inside = sum(max((min(ends_at, last) - max(starts_at, first)).total_seconds(), 0.0) for first, last in on)
        outside = max(whole - inside, 0.0)
        cost += charge["cost"] * Decimal(outside) / Decimal(whole)
        hours += outside / 3600
    return cost, hours


def _compute_cost(server: Resource) -> Decimal:
    return sum((cost for sku, cost in server.costs.items() if sku.startswith(_COMPUTE)), Decimal(0))


def _is_on(hour: int, week: Week) -> bool:
    return hour // 24 in week.days and week.on_from <= hour % 24 * _HOURS < week.on_until


def _is_gpu(server: Resource) -> bool:
    return (server.resource_class or "").lower().startswith(_GPU)


OFF_HOURS_SCHEDULE = Rule(
    name=NAME,
    title="On at night and at weekends",
    about="Looks for Instances and Kapsule pools outside production that are charged at night and at weekends though "
    "their hours of use lie within the working day.",
    reads=(_TABLE,),
    thresholds=Thresholds(),
    judge=judge,
)
