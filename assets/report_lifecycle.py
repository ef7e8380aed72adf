"""Storage and telemetry for the monthly review: what was measured, whose it is, and why something is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp, parse_one

from assets.recommendations_policy import policy_of
from assets.recommendations_tables import RESOURCES
from assets.recommendations_world import newest_rows, resources_of
from pipelines.lake.engine import Catalog
from pipelines.recommendations.protection import protecting_tag
from pipelines.recommendations.recommendation import Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules import RULES
from pipelines.recommendations.rules.storage_buckets import OUTLOOK
from pipelines.recommendations.rules.storage_lifecycle import STORAGE_LIFECYCLE
from pipelines.recommendations.rules.telemetry import LOGS, SAMPLES, STREAMS, charged
from pipelines.recommendations.rules.telemetry_budget import TELEMETRY_BUDGET, amounts
from pipelines.recommendations.world import Resource, World
from pipelines.settings import Settings
from pipelines.telemetry.classes import class_of_level, is_protected

STORED, EGRESS = "gold.storage_by_bucket", "gold.storage_egress"
LIFECYCLE_TABLES = (OUTLOOK, STORED, EGRESS, STREAMS)
"""What the sections read, beside recommendations and the bill."""
_PARTS = {"logs": LOGS, "metrics": SAMPLES}
_NAMED_BY = {OUTLOOK: "resource_id", EGRESS: "resource_id", STREAMS: "data_source_id"}
"""The resources that tables speak of."""

Row = dict[str, Any]


def lifecycle_rows(catalog: Catalog, settings: Settings, today: date) -> dict[str, list[Row]]:
    """Rows by table, as of the newest day of each; none before these tables were built as they are made now."""
    rules = (STORAGE_LIFECYCLE, TELEMETRY_BUDGET)
    needed = {*LIFECYCLE_TABLES, *(name for rule in rules for name in rule.reads), RESOURCES}
    if any(catalog.state(name).delta is None for name in needed):
        return {}
    if not all(_is_of_today(catalog, name) for name in (RESOURCES, STORED, EGRESS, STREAMS)):
        return {}
    world = _world(catalog, rules, today)
    if world is None:
        return {}
    is_of_today = all(map(partial(_is_of_today, catalog), STORAGE_LIFECYCLE.reads))
    return {
        OUTLOOK: _buckets(world, settings, is_of_today=is_of_today),
        STORED: newest_rows(catalog, STORED).to_pylist(),
        EGRESS: [{**row, "owner": _owner(world.resources.get(row["resource_id"]))} for row in world.rows(EGRESS)],
        STREAMS: _streams(world, settings),
    }


def _world(catalog: Catalog, rules: Sequence[Rule], today: date) -> World | None:
    """What these rules read and the sections show, with the resources they name and no others: an account has many
    thousands. None before anything was charged."""
    known = newest_rows(catalog, RESOURCES)
    if not known.num_rows:
        return None
    tables = {name: newest_rows(catalog, name) for name in sorted({EGRESS, *(name for r in rules for name in r.reads)})}
    named = {each for table, column in _NAMED_BY.items() for each in tables[table][column].to_pylist()}
    shown = known.filter(pc.is_in(known["resource_id"], pa.array(sorted(named - {None}), pa.string())))
    return World(today, max(known["known_until"].to_pylist()), resources_of(shown.to_pylist()), tables)


def _is_of_today(catalog: Catalog, table: str) -> bool:
    """Whether a table has the columns its model makes now: a closed month's, or one built before, may lack some."""
    made = parse_one(catalog.models.by_name[table].sql, dialect="duckdb")
    assert isinstance(made, exp.Query)
    return {*made.named_selects} <= {*catalog.state(table).schema.names}


def _buckets(world: World, settings: Settings, *, is_of_today: bool) -> list[Row]:
    """Each bucket that was listed, with the tag that protects it or what the lifecycle rule answers."""
    policy = policy_of(settings.recommendations, RULES)
    thresholds = policy.thresholds.get(STORAGE_LIFECYCLE.name, STORAGE_LIFECYCLE.thresholds)
    answered = STORAGE_LIFECYCLE.judge(world, thresholds) if is_of_today else ()
    answers = {answer.resource_id: answer for answer in answered}
    found = []
    for row in world.rows(OUTLOOK):
        resource = world.resources.get(row["resource_id"])
        answer = answers.get(row["resource_id"])
        found.append(
            {
                **_whose(resource, row["resource_id"]),
                **{name: row[name] for name in ("usage_month", "resource_id", "as_of", "bytes", "is_sample")},
                "left": None if answer is None or isinstance(answer, Recommendation) else _reason(answer),
                "spared_by": None if resource is None else protecting_tag(resource.tags, policy.protected_tags),
            }
        )
    return found


def _reason(answer: Any) -> str:
    return f"could not be judged: {answer.reason}" if isinstance(answer, Unjudged) else str(answer.reason)


def _streams(world: World, settings: Settings) -> list[Row]:
    """Each stream that is billed, with what its data source is charged for its kind."""
    queries = amounts(_told(settings).queries, "queries")
    found = []
    for row in world.rows(STREAMS):
        source = world.resources.get(row["data_source_id"])
        if source is None or not row["is_billed"] or row["signal"] not in _PARTS:
            continue
        log_class = class_of_level(row["level"]) if row["signal"] == "logs" else None
        asked = queries.get(row["service_name"]) if row["signal"] == "logs" else None
        found.append(
            {
                **row,
                **_whose(source, row["data_source_id"]),
                "source_name": source.resource_name,
                "charged_cost": charged(source, _PARTS[row["signal"]]),
                "log_class": None if log_class is None else log_class.value,
                "is_protected": log_class is not None and is_protected(log_class),
                "queries_per_month": None if asked is None else int(asked),
            }
        )
    return found


def _told(settings: Settings) -> Any:
    """The budget rule's thresholds as the settings have them."""
    return policy_of(settings.recommendations, RULES).thresholds.get(TELEMETRY_BUDGET.name, TELEMETRY_BUDGET.thresholds)


def _whose(resource: Resource | None, resource_id: str) -> Row:
    if resource is None:
        return {
            "resource_name": resource_id,
            "project_name": None,
            "owner": None,
            "monthly_cost": None,
            "currency": None,
        }
    return {
        "resource_name": resource.resource_name,
        "project_name": resource.project_name,
        "owner": _owner(resource),
        "monthly_cost": resource.monthly_cost,
        "currency": resource.currency,
    }


def _owner(resource: Resource | None) -> str | None:
    return None if resource is None else resource.owner or resource.team
