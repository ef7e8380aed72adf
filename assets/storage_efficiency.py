"""How near buckets are to their best plan, month by month. No Dagster here.

Of a month the newest listing of each bucket holds, at what it cost then; months before stay as they were said.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.forecasts_tables import write_partition
from assets.recommendations_policy import policy_of
from assets.recommendations_world import read_world
from assets.storage_efficiency_tables import STORAGE_EFFICIENCY
from pipelines.lake.engine import Catalog
from pipelines.recommendations.rules import RULES
from pipelines.recommendations.rules.storage_lifecycle import STORAGE_LIFECYCLE
from pipelines.recommendations.storage_efficiency import efficiency_rows
from pipelines.settings import Settings


@dataclass(frozen=True)
class Judged:
    """Rows written, buckets that were listed in the newest month, and those of them that could not be planned."""

    rows: int
    buckets: int
    unplanned: int


def update_storage_efficiency(catalog: Catalog, settings: Settings, today: date) -> Judged:
    """Bring the newest month with a listing up to date; equal rows make no commit."""
    world = read_world(catalog, [STORAGE_LIFECYCLE], today)
    if world is None:
        return Judged(0, 0, 0)
    policy = policy_of(settings.recommendations, RULES)
    storage = policy.thresholds.get(STORAGE_LIFECYCLE.name, STORAGE_LIFECYCLE.thresholds)
    months: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in efficiency_rows(world, storage, policy.protected_tags):
        months[row["usage_month"]].append(row)
    written = sum(write_partition(catalog, STORAGE_EFFICIENCY, month, rows) for month, rows in months.items())
    found = [row for rows in months.values() for row in rows]
    return Judged(written, len(found), sum(row["lifecycle_efficiency"] is None for row in found))
