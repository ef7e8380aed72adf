"""Telemetry's plan, budgets and policies, kept in the lake. No Dagster here.

Of a month the newest day holds; months before stay as they were said. A snapshot of policies is added when they differ
from the newest one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.forecasts_tables import write_partition
from assets.made_tables import MadeTable
from assets.recommendations_policy import policy_of
from assets.recommendations_world import read_world
from assets.telemetry_plan_tables import RETENTION_POLICIES, SNAPSHOT, TELEMETRY_BUDGETS, TELEMETRY_PLAN
from pipelines.lake.engine import Catalog
from pipelines.recommendations.engine import Policy
from pipelines.recommendations.retention_policies import policy_rows
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules import RULES
from pipelines.recommendations.rules.custom_metrics import CUSTOM_METRICS
from pipelines.recommendations.rules.storage_policy_drift import STORAGE_POLICY_DRIFT
from pipelines.recommendations.rules.telemetry_budget import TELEMETRY_BUDGET
from pipelines.recommendations.rules.telemetry_retention import TELEMETRY_RETENTION
from pipelines.recommendations.telemetry_plan import Settings as Told
from pipelines.recommendations.telemetry_plan import source_rows, stream_rows
from pipelines.settings import Settings


@dataclass(frozen=True)
class Planned:
    """Rows written by table, streams and data sources there are, and data sources beyond their budget."""

    rows: Mapping[str, int]
    streams: int
    sources: int
    beyond_budget: int
    drifted: int


def update_telemetry(catalog: Catalog, settings: Settings, today: date) -> Planned:
    """Bring all three tables up to date; equal rows make no commit. Raises ConfigurationError for a bad threshold."""
    policy = policy_of(settings.recommendations, RULES)
    written = {RETENTION_POLICIES.name: _note_policies(catalog, policy, today)}
    world = read_world(catalog, [TELEMETRY_BUDGET], today)
    if world is None:
        return Planned(written, 0, 0, 0, 0)
    told = Told(
        _thresholds(policy, TELEMETRY_BUDGET),
        _thresholds(policy, TELEMETRY_RETENTION),
        _thresholds(policy, CUSTOM_METRICS),
    )
    streams, sources = list(stream_rows(world, told)), list(source_rows(world, told))
    written[TELEMETRY_PLAN.name] = _by_month(catalog, TELEMETRY_PLAN, streams)
    written[TELEMETRY_BUDGETS.name] = _by_month(catalog, TELEMETRY_BUDGETS, sources)
    return Planned(
        written,
        len(streams),
        len(sources),
        sum(row["is_beyond_budget"] is True for row in sources),
        sum(row["has_drifted"] is True for row in sources),
    )


def _thresholds(policy: Policy, rule: Rule) -> Any:
    return policy.thresholds.get(rule.name, rule.thresholds)


def _by_month(catalog: Catalog, made: MadeTable, rows: Iterable[dict[str, Any]]) -> int:
    months: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        months[row["usage_month"]].append(row)
    return sum(write_partition(catalog, made, month, each) for month, each in months.items())


def _note_policies(catalog: Catalog, policy: Policy, today: date) -> int:
    """A snapshot of today, where the newest one until today says something else."""
    lines = _thresholds(policy, STORAGE_POLICY_DRIFT).policies
    rows = list(policy_rows(_thresholds(policy, TELEMETRY_RETENTION), lines))
    known = [name for name in catalog.state(RETENTION_POLICIES.name).partitions if name <= today.isoformat()]
    if known:
        table = RETENTION_POLICIES.name
        newest = catalog.query(f"select * from {table} where {SNAPSHOT} = '{max(known)}'").to_pylist()
        if _plain(newest) == _plain(rows):
            return 0
    told = [{**row, SNAPSHOT: today.isoformat()} for row in rows]
    return write_partition(catalog, RETENTION_POLICIES, today.isoformat(), told)


def _plain(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(str(sorted((name, value) for name, value in row.items() if name != SNAPSHOT)) for row in rows)
