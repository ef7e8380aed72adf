"""Queries over their budget of bytes read or seconds taken, where query statistics are imported.

What a query costs is its share of the database's seconds (else of the bytes read) times what the database costs. That
is saved by the month only where computing is billed by use; a node costs the same whatever it is asked, so there the
saving is zero and the share is told as evidence: it is what a smaller node would need.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.queries import rewritten
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import Row, charged
from pipelines.recommendations.world import Resource, World

NAME = "query_budget"
_LOAD = "gold.query_load"
_GB = 10**9
_BILLED_BY_USE = ("/serverless_sqldb/cpu_consumption/",)


@dataclass(frozen=True)
class Thresholds:
    """What one query of a dashboard or service may read and take, in the mean of four weeks."""

    scanned_gb: Decimal = Decimal(10)
    seconds: Decimal = Decimal(10)
    least_queries: int = 100  # fewer say little


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each query over its budget, else one for each database whose queries are imported."""
    asked: dict[str, list[Row]] = defaultdict(list)
    for row in world.rows(_LOAD):
        if row["resource_id"] in world.resources and row["queries"] is not None:
            asked[row["resource_id"]].append(row)
    for resource_id in sorted(asked):
        yield from _of_database(world.resources[resource_id], asked[resource_id], thresholds)


def _of_database(database: Resource, rows: Sequence[Row], thresholds: Thresholds) -> Iterator[Answer]:
    if all(row["scanned_bytes"] is None and row["seconds"] is None for row in rows):
        told = "its queries are counted, but neither scanned_bytes nor seconds are imported"
        yield Unjudged(NAME, database.resource_id, told)
        return
    over = [row for row in rows if row["queries"] >= thresholds.least_queries and _over(row, thresholds) > 1]
    for row in sorted(over, key=lambda row: (row["service"], row["query"])):
        yield _advised(database, row, _share(row, rows), thresholds)
    if not over:
        yield NothingToDo(NAME, database.resource_id, "its queries are within their budget")


def _over(row: Row, thresholds: Thresholds) -> Decimal:
    """How many times its budget a query reads or takes, whichever is worse; zero where neither is known."""
    measures = ((row["scanned_bytes"], thresholds.scanned_gb * _GB), (row["seconds"], thresholds.seconds))
    return max((total / row["queries"] / budget for total, budget in measures if total is not None), default=Decimal(0))


def _share(row: Row, rows: Sequence[Row]) -> Decimal | None:
    """Its part of all that the database was asked; None where some of that is not known."""
    for measure in ("seconds", "scanned_bytes"):
        totals = [each[measure] for each in rows]
        if all(total is not None for total in totals) and sum(totals) > 0:
            share: Decimal = row[measure] / sum(totals)
            return share
    return None


def _advised(database: Resource, row: Row, share: Decimal | None, thresholds: Thresholds) -> Recommendation:
    times, queries = _over(row, thresholds), row["queries"]
    saving = Decimal(0)
    if share is not None:
        saving = charged(database, *_BILLED_BY_USE) * share * (1 - 1 / times)
    who = f"{row['service']} ({row['query']})" if row["query"] else str(row["service"])
    scanned = None if row["scanned_bytes"] is None else row["scanned_bytes"] / queries / _GB
    seconds = None if row["seconds"] is None else row["seconds"] / queries
    return Recommendation(
        rule=NAME,
        resource_id=database.resource_id,
        target=who,
        action=f"Bring what {who} asks of {database.resource_name} within its budget",
        reason=f"One of its queries is at {times:.1f} times its budget"
        + ("" if scanned is None else f", reads {scanned:.1f} GB")
        + ("" if seconds is None else f", takes {seconds:.1f} s")
        + ".",
        evidence={
            "queries": queries,
            "days": row["days"],
            "scanned_gb_per_query": scanned,
            "seconds_per_query": seconds,
            "budget_scanned_gb": thresholds.scanned_gb,
            "budget_seconds": thresholds.seconds,
            "share_of_database": share,
            "cost_share_per_month": None
            if share is None or database.monthly_cost is None
            else share * database.monthly_cost,
            "query": f"select queries, scanned_bytes, seconds from {_LOAD} "
            f"where resource_id = '{database.resource_id}'",
        },
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=saving,
        change=rewritten(who),
        risk=Level.low,
        effort=Level.medium,
    )


QUERY_BUDGET = Rule(
    name=NAME,
    title="Queries over their budget",
    about="Looks for dashboards and services whose queries read more or take longer than their budget, where query "
    "statistics are imported.",
    reads=(_LOAD,),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,  # it takes nothing away
)
