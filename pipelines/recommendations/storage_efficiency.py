"""How near each bucket is to the cheapest legal way of keeping what it keeps: its lifecycle efficiency.

The cost of the bucket's best plan ÷ what it costs now, both by the month on what lies there today; 1 is as good as it
can be. What a tag protects is kept as it is on purpose, so it is at its best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pipelines.recommendations.protection import protecting_tag
from pipelines.recommendations.rules.storage_buckets import OUTLOOK, Planned, Storage, planned
from pipelines.recommendations.world import World

_PLACES = Decimal("0.000000000001")


def efficiency_rows(world: World, storage: Storage, protected_tags: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """One row for each bucket that was listed; figures are null, with the reason, where it could not be planned.

    Money is in the currency of the bucket's charges and counts storage and restores, not traffic.
    """
    listed = {row["resource_id"]: row for row in world.rows(OUTLOOK)}
    for each in planned(world, storage):
        resource = each.resource if isinstance(each, Planned) else each[0]
        row = listed[resource.resource_id]
        told = {
            "usage_month": row["usage_month"],
            "resource_id": resource.resource_id,
            "project_id": resource.project_id,
            "owner": resource.owner,
            "environment": resource.environment,
            "as_of": row["as_of"],
            "billing_currency": resource.currency,
        }
        if isinstance(each, Planned):
            tag = protecting_tag(resource.tags, protected_tags)
            best = each.plan.monthly_before if tag else each.plan.monthly_after
            yield {**told, **_figures(each.plan.monthly_before, best), "reason": tag and f"protected by its tag {tag}"}
        else:
            yield {**told, **_figures(None, None), "reason": each[1]}


def _figures(now: Decimal | None, best: Decimal | None) -> dict[str, Decimal | None]:
    return {
        "monthly_cost": None if now is None else now.quantize(_PLACES),
        "best_monthly_cost": None if best is None else best.quantize(_PLACES),
        "lifecycle_efficiency": (best / now).quantize(_PLACES) if now and best is not None else None,
    }
