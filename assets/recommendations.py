"""Recommendations out of what exists, what it costs and how it is used, judged once a run. No Dagster here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa

from assets.anomaly_feedback import rows_of
from assets.forecasts_tables import write_partition
from assets.recommendation_actions import proofs_so_far, said_so_far, with_worth, worth_so_far
from assets.recommendations_policy import asides_of, holidays_around, policy_of
from assets.recommendations_tables import RECOMMENDATIONS, UNJUDGED
from assets.recommendations_world import read_world
from pipelines.lake.engine import Catalog
from pipelines.lake.migrations import migrated
from pipelines.lake.store import WHOLE
from pipelines.recommendations.engine import ask, together
from pipelines.recommendations.register import Day, registered, unjudged_rows
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules import RULES
from pipelines.recommendations.said import newest
from pipelines.recommendations.world import World
from pipelines.settings import Settings


@dataclass(frozen=True)
class Updated:
    """Rows written by table, and what was judged and found."""

    rows: Mapping[str, int]
    resources: int
    statuses: Mapping[str, int]
    unjudged: int
    spared: int
    silent_rules: Sequence[str]
    known_until: date | None


def update_recommendations(catalog: Catalog, settings: Settings, today: date, rules: Sequence[Rule] = RULES) -> Updated:
    """Bring the register up to date; equal rows make no commit, and before anything was charged nothing is written."""
    for table in migrated(catalog.lake, {RECOMMENDATIONS.name: RECOMMENDATIONS.table}):
        catalog.forget(table)
    world = read_world(catalog, rules, today)
    if world is None:
        policy_of(settings.recommendations, rules)  # what is wrong in it is said before there is anything to judge
        return Updated({}, 0, {}, 0, 0, (), None)
    day = _judged(catalog, settings, world, rules)
    answers = day.answers
    rows = with_worth(registered(rows_of(catalog, RECOMMENDATIONS.name), day), worth_so_far(catalog))
    unjudged = unjudged_rows(rows_of(catalog, UNJUDGED.name), day)
    written = {
        RECOMMENDATIONS.name: write_partition(catalog, RECOMMENDATIONS, WHOLE, rows),
        UNJUDGED.name: write_partition(catalog, UNJUDGED, WHOLE, unjudged),
    }
    return Updated(
        written,
        len(world.resources),
        Counter(row["status"] for row in rows),
        len(unjudged),
        len(answers.spared),
        sorted(answers.silent_rules),
        world.known_until,
    )


def _judged(catalog: Catalog, settings: Settings, world: World, rules: Sequence[Rule]) -> Day:
    """All answers of the day; rules that are asked last find the advice of the others as it stands."""
    policy = policy_of(settings.recommendations, rules, holidays_around(settings, world.today))
    answers = ask(world, [rule for rule in rules if not rule.is_last], policy)
    said, proofs = newest(said_so_far(catalog)), proofs_so_far(catalog)
    day = Day(world, answers, said, asides_of(settings.recommendations), proofs)
    last = [rule for rule in rules if rule.is_last]
    if not last:
        return day
    standing = registered(rows_of(catalog, RECOMMENDATIONS.name), day)
    advised = pa.Table.from_pylist(standing, schema=RECOMMENDATIONS.table.schema)
    told = replace(world, tables={**world.tables, RECOMMENDATIONS.name: advised})
    return replace(day, answers=together(answers, ask(told, last, policy)))
