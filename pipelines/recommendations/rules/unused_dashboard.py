"""Dashboards and reports that nobody opened for four weeks, where imported numbers of queries tell who asks.

It saves no euros by itself: a dashboard costs what it asks, and this one asks nothing. But its tables are filled and
its metrics kept for nobody, and what it mentions counts as used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from pipelines.recommendations.changes.telemetry import dashboard_removed
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.telemetry import Row
from pipelines.recommendations.world import Resource, World

NAME = "unused_dashboard"
_USE = "gold.telemetry_dashboards"
_QUIET = timedelta(days=28)


@dataclass(frozen=True)
class Thresholds:
    """What had been asked before, so that a name that was tried once is not told."""

    least_queries_before: int = 100  # in the thirteen weeks before the last four
    kept: tuple[str, ...] = ()  # of names: those that are only opened once a year


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each dashboard nobody asked, else one for each database whose queries are imported."""
    asked: dict[str, list[Row]] = defaultdict(list)
    for row in world.rows(_USE):
        if row["resource_id"] in world.resources:
            asked[row["resource_id"]].append(row)
    for resource_id in sorted(asked):
        yield from _of_database(world, world.resources[resource_id], asked[resource_id], thresholds)


def _of_database(world: World, database: Resource, rows: Sequence[Row], thresholds: Thresholds) -> Iterator[Answer]:
    newest = max((row["known_until"] for row in rows if row["known_until"] is not None), default=None)
    if newest is None or newest < world.known_until - _QUIET:
        told = "nobody told who asks it" if newest is None else f"who asks it is only told until {newest}"
        yield Unjudged(NAME, database.resource_id, told)
        return
    unused = [
        row
        for row in sorted(rows, key=lambda row: str(row["service"]))
        if row["is_unused"]
        and row["known_until"] is not None
        and (row["queries_before"] or 0) >= thresholds.least_queries_before
        and row["service"] not in thresholds.kept
    ]
    for row in unused:
        yield _advised(database, row)
    if not unused:
        yield NothingToDo(NAME, database.resource_id, "all that asked it before still do")


def _advised(database: Resource, row: Row) -> Recommendation:
    name = str(row["service"])
    return Recommendation(
        rule=NAME,
        resource_id=database.resource_id,
        target=name,
        action=f"Ask whose {name} is, and take it away with what is only kept for it",
        reason=f"Nobody asked {database.resource_name} through {name} since {row['last_asked']}, after "
        f"{row['queries_before']:,} queries in the thirteen weeks before.",
        evidence={
            "last_asked": row["last_asked"],
            "queries_in_four_weeks": row["queries"],
            "queries_in_thirteen_weeks_before": row["queries_before"],
            "query": f"select service, last_asked, queries, queries_before from {_USE} "
            f"where resource_id = '{database.resource_id}'",
        },
        evaluation_start=row["known_until"] - _QUIET,
        evaluation_end=row["known_until"],
        monthly_saving=Decimal(0),
        change=dashboard_removed(name),
        risk=Level.low,
        effort=Level.low,
    )


UNUSED_DASHBOARD = Rule(
    name=NAME,
    title="Dashboards nobody asks",
    about="Looks for dashboards and reports that asked a database before and asked nothing for four weeks, where "
    "numbers of queries are imported.",
    reads=(_USE,),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,  # it takes nothing of the database away
)
