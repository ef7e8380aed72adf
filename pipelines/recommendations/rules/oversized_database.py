"""Managed databases whose load a cheaper node type holds, by replay; a shrink is a migration and priced as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.recommendations.changes.databases import migrated
from pipelines.recommendations.recommendation import Answer, Basis, Level, NothingToDo, Recommendation
from pipelines.recommendations.rightsizing.answers import Resize
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.data_services import Migration, charged, move_cost, pays_off, window
from pipelines.recommendations.rules.database_sizing import (
    LOAD,
    NODES,
    OFFERS,
    SizedDatabase,
    evidence,
    sized_databases,
)
from pipelines.recommendations.rules.tiers import tier_of
from pipelines.recommendations.world import World

NAME = "oversized_database"


@dataclass(frozen=True)
class Thresholds(Migration):
    """From which saving on the move is worth its work; how much load a node may carry is the replay's policy."""

    least_saving: Decimal = Decimal(20)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each managed database."""
    for sized in sized_databases(world, NAME, drops_standby=True):
        yield _judged(sized, thresholds) if isinstance(sized, SizedDatabase) else sized


def _judged(sized: SizedDatabase, thresholds: Thresholds) -> Answer:
    resource_id, answer = sized.database.resource_id, sized.answer
    if not isinstance(answer, Resize) or answer.spends_more:
        return NothingToDo(NAME, resource_id, getattr(answer, "why_not_smaller", ""))
    if not tier_of(sized.database).may_migrate:
        return NothingToDo(NAME, resource_id, "its tier allows no cut-over")
    storage = charged(sized.database, "/storage/rdb/storage/", "/storage/mgdb/storage/")
    one_off = move_cost(answer.offer.eur_per_month + storage, storage, thresholds)
    if not pays_off(answer.monthly_saving, one_off, thresholds.least_saving, thresholds):
        return NothingToDo(
            NAME, resource_id, f"{answer.offer.name} saves {answer.monthly_saving:.2f}: not worth a move"
        )
    return _advised(sized, answer, one_off)


def _advised(sized: SizedDatabase, answer: Resize, one_off: Decimal) -> Recommendation:
    database, nodes, today = sized.database, sized.nodes, sized.node["node_count"]
    change = migrated(
        database, answer.offer.name, answer.current.name, nodes, today, sized.node["volume_type"] != "lssd"
    )
    one_node = " and one node" if nodes < today else ""
    return Recommendation(
        rule=NAME,
        resource_id=database.resource_id,
        target=answer.offer.name,
        action=f"Move {database.resource_name} from {answer.current.name} to {answer.offer.name}{one_node}",
        reason=f"{answer.reason} There is no call that makes a node smaller, so this is a migration.",
        evidence=evidence(sized),
        evaluation_start=window(sized.seen)[0],
        evaluation_end=window(sized.seen)[1],
        monthly_saving=answer.monthly_saving,
        one_off_cost=one_off,
        change=change,
        risk=Level.medium if database.is_production else Level.low,
        effort=Level.high,
        restart_needed=True,
        basis=Basis.list_price,
    )


OVERSIZED_DATABASE = Rule(
    name=NAME,
    title="Databases larger than their load",
    about="Replays the processors and memory of managed databases against the node types of their region and looks for "
    "a cheaper one that holds them.",
    reads=(NODES, OFFERS, LOAD),
    thresholds=Thresholds(),
    judge=judge,
)
