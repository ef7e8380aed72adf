"""A recommendation as a row: what a table keeps of it, apart from where it stands."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.recommendations.changes.change import as_mapping, undo_as_mapping
from pipelines.recommendations.engine import Advice

Row = dict[str, Any]
_PLACES = Decimal("0.000000000001")


def content_row(advice: Advice) -> Row:
    """The columns that say what is advised, why, for how much and how. JSON where a column holds more than a value."""
    advised, resource = advice.recommendation, advice.resource
    return {
        "recommendation_id": advised.recommendation_id,
        "rule": advised.rule,
        "title": advice.title,
        "resource_id": advised.resource_id,
        "resource_name": resource and resource.resource_name,
        "resource_type": resource and resource.resource_type,
        "target": advised.target,
        "project_id": resource and resource.project_id,
        "project_name": resource and resource.project_name,
        "team": resource and resource.team,
        "owner": resource and resource.owner,
        "environment": resource and resource.environment,
        "action": advised.action,
        "reason": advised.reason,
        "evidence": as_json(advised.evidence),
        "evaluation_start": advised.evaluation_start,
        "evaluation_end": advised.evaluation_end,
        "monthly_cost": _exact(advice.monthly_cost),
        "monthly_saving": _exact(advised.monthly_saving),
        "currency": advice.currency,
        "basis": advised.basis.value,
        "one_off_cost": _exact(advised.one_off_cost),
        "confidence": advised.confidence,
        "risk": advised.risk.value,
        "effort": advised.effort.value,
        "restart_needed": advised.restart_needed,
        "rollback": as_json(undo_as_mapping(advised.change)),
        "change": as_json(as_mapping(advised.change)),
        "kg_co2e_saving": _exact(advice.kg_co2e_saving),
        "m3_water_saving": _exact(advice.m3_water_saving),
        "saves_on": sorted(advised.overlaps_on),
    }


def _exact(value: Decimal | None) -> Decimal | None:
    """To the twelve places that tables keep."""
    return None if value is None else value.quantize(_PLACES)


def as_json(value: object) -> str:
    """Numbers as numbers, days as ISO 8601. Raises ValueError for what is no number."""
    return json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(f"{value!r} cannot be evidence; give numbers, text, days, lists or mappings")
