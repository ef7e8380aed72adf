"""Machines that work for a few hours at the same time of every day and are charged for all of them.

The work needs its window alone: as a Serverless Job, or on the same machine switched on for the window. Whether
anything else talks to the machine decides, so a machine whose network is not measured is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any

from pipelines.recommendations.activity import Week168, activity_week, busy_limit
from pipelines.recommendations.changes.schedules import machine_schedule
from pipelines.recommendations.nights_calendar import Week
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

NAME = "batch_window"
_TABLE = "gold.activity_hours"
_COMPUTE = "/compute/"
_DAY = 24


@dataclass(frozen=True)
class Thresholds:
    """What a batch looks like, and how quiet the rest of the day must be."""

    most_hours: int = 8  # of a day, one after the other
    margin_hours: int = 1  # left on before and after
    busy_share: float = 0.05
    busy_share_of_peak: float = 0.3
    needed_chance: float = 0.25
    quiet_bytes_per_second: float = 1000.0  # what keeps a machine alive: time, names, monitoring
    quiet_share: float = 0.02  # of the traffic of its window
    charged_share: float = 0.95  # of all hours: what is switched off already is no candidate
    observed_days: int = 14
    observed_weekends: int = 2
    least_saving: Decimal = Decimal(5)  # by the month
    holidays: tuple[date, ...] = ()


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Instance that is charged around the clock and busy in a short window alone."""
    rows = {row["resource_id"]: row for row in world.rows(_TABLE)}
    for server in world.of_type("instance_server"):
        row = rows.get(server.resource_id)
        if row is not None and row["charges"] and row["busy_shares"] and row["pool_id"] is None:
            answer = _judged(server, row, thresholds)
            if answer is not None:
                yield answer


def _judged(server: Resource, row: Mapping[str, Any], thresholds: Thresholds) -> Answer | None:
    """None where its hours are those of no batch: other rules judge it."""
    shares = row["busy_shares"]
    if None in shares or _charged_share(row) < thresholds.charged_share:
        return None
    limit = busy_limit(shares, thresholds.busy_share, thresholds.busy_share_of_peak)
    week = activity_week(row["known_from"], row["measured_hours"], shares, limit, thresholds.holidays)
    window = window_of(week, thresholds.needed_chance)
    if window is None or window[1] > thresholds.most_hours:
        return None
    if week.days_seen < thresholds.observed_days or week.weekends_seen < thresholds.observed_weekends:
        return Unjudged(NAME, server.resource_id, f"only {week.days_seen} days of metrics")
    hours = {(window[0] + step) % _DAY for step in range(window[1])}
    outside = _traffic(row, hours, inside=False)
    inside = _traffic(row, hours, inside=True)
    if outside is None or inside is None:
        told = "it works in a few hours of the day alone; whether anything asks it outside of them is not measured: "
        return Unjudged(NAME, server.resource_id, f"{told}node_network_received_bytes needs an agent")
    if outside > max(thresholds.quiet_bytes_per_second, thresholds.quiet_share * inside):
        return NothingToDo(NAME, server.resource_id, f"{outside:.0f} bytes a second pass it outside its busy hours")
    return _advised(server, row, week, window, (outside, inside), thresholds)


def window_of(week: Week168, chance: float) -> tuple[int, int] | None:
    """First hour of the day and length of the shortest stretch, around midnight if need be, that holds all use."""
    used = sorted({hour % _DAY for hour in week.needed_hours(chance)})
    if not used:
        return None
    gaps = [((after - hour - 1) % _DAY, after) for hour, after in zip(used, [*used[1:], used[0]], strict=True)]
    gap, first = max(gaps) if len(used) > 1 else (_DAY - 1, used[0])
    return first, _DAY - gap


def _advised(
    server: Resource,
    row: Mapping[str, Any],
    week: Week168,
    window: tuple[int, int],
    traffic: tuple[float, float],
    thresholds: Thresholds,
) -> Answer:
    length = window[1] + 2 * thresholds.margin_hours
    first = (window[0] - thresholds.margin_hours) % _DAY
    plan = Week(frozenset(range(7)), first * 60, (first + length) % _DAY * 60)
    compute = sum((cost for sku, cost in server.costs.items() if sku.startswith(_COMPUTE)), Decimal(0))
    saving = (compute * (_DAY - length) / _DAY).quantize(Decimal("0.01"), ROUND_DOWN)
    if saving < thresholds.least_saving:
        return NothingToDo(NAME, server.resource_id, f"a window would save {saving:.2f} by the month")
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target="window",
        action=f"Run the work of {server.resource_name} as a Serverless Job, or switch the machine {plan.told()} alone",
        reason=f"It is busy for {window[1]} hours of the day, always from {window[0]:02}:00 UTC on, and idle and "
        "unasked in all others.",
        evidence={
            "busy_from_hour_utc": window[0],
            "busy_hours_per_day": window[1],
            "observed_days": week.days_seen,
            "traffic_outside_bytes_per_second": round(traffic[0], 1),
            "traffic_inside_bytes_per_second": round(traffic[1], 1),
            "compute_cost_per_month": compute,
            "query": f"select measured_hours, busy_shares, traffic_bytes_per_second from {_TABLE} "
            f"where resource_id = '{server.resource_id}'",
        },
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=saving,
        change=machine_schedule(server, plan),
        risk=Level.medium if server.is_production else Level.low,
        effort=Level.medium,
        restart_needed=True,
    )


def _charged_share(row: Mapping[str, Any]) -> float:
    seconds = sum((each["ends_at"] - each["starts_at"]).total_seconds() for each in row["charges"])
    return float(seconds / ((row["known_until"] - row["known_from"]).days * 86_400))


def _traffic(row: Mapping[str, Any], hours: set[int], *, inside: bool) -> float | None:
    """Bytes a second in the hours of the window, or in all others; None where nobody measured."""
    values: Sequence[float] = [
        value
        for number, value in zip(row["traffic_hours"] or (), row["traffic_bytes_per_second"] or (), strict=True)
        if (number % _DAY in hours) is inside and value is not None
    ]
    return sum(values) / len(values) if values else None


BATCH_WINDOW = Rule(
    name=NAME,
    title="A batch on a machine of its own",
    about="Looks for Instances that are charged around the clock, busy for a few hours at the same time of every day, "
    "and asked for nothing in all others.",
    reads=(_TABLE,),
    thresholds=Thresholds(),
    judge=judge,
)
