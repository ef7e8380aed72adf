"""Incidents as rows of gold: an anomaly, its causes, its days, and what else changed. No Dagster here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from assets.anomalies_judged import Judged
from assets.anomalies_reasons import Change, Reasons
from assets.anomalies_tables import MONTH
from pipelines.anomalies.baselines import WEEKS, Course, expected_days
from pipelines.anomalies.confidence import confidence_of
from pipelines.anomalies.explained import Explanation
from pipelines.anomalies.scopes import COST, KPI, ORGANIZATION, REGION, RESOURCE, Scope
from pipelines.anomalies.severity import MISSING, Severity, is_actionable
from pipelines.anomalies.standing import Standing
from pipelines.anomalies.verdicts import Kind

DAYS_BEFORE, DAYS_AFTER = 28, 7
_PLACES = Decimal("0.000001")
_MOST = 0.5  # of the move: parts that are less of it are not where it comes from
_ARROW = " › "
_MEASURED_AS = {
    "missing_days": Kind.MISSING.word,
    **dict.fromkeys(("new_resource", "new_region", "new_project"), Kind.NEW_SERVICE.word),
}
"""The kind under which the detector's precision was measured; what starts is detected in one way."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Decided:
    """An incident with its name and where it stands."""

    judged: Judged
    anomaly_id: str
    first_judged_on: date
    standing: Standing
    severity: Severity
    explanation: Explanation | None
    changes: Sequence[Change] = ()

    @property
    def month(self) -> str:
        return f"{self.judged.first_day:%Y-%m}"


def anomaly_row(decided: Decided, reasons: Reasons, runbook: str | None, today: date) -> Row:
    """The anomaly itself."""
    judged, incident, standing = decided.judged, decided.judged.incident, decided.standing
    scope = incident.scope
    named = scope_columns(scope, reasons)
    owner, environment = _whose(judged, reasons)
    return {
        "anomaly_id": decided.anomaly_id,
        "first_day": judged.first_day,
        "last_day": judged.last_day,
        "duration_days": incident.course.days,
        "is_ongoing": judged.is_ongoing,
        "kind": incident.kind,
        "subject": scope.subject,
        **named,
        "unit": scope.unit,
        **_measures(judged, _least(judged)),
        "score": incident.score,
        "confidence": confidence_of(_MEASURED_AS.get(incident.kind, incident.kind)),
        "severity": decided.severity.value,
        "state": standing.state.value,
        "state_reason": standing.reason,
        "state_since": standing.since,
        "expected_until": standing.expected_until,
        "explained_by": decided.explanation.by if decided.explanation else None,
        "explanation": decided.explanation.words if decided.explanation else None,
        "is_actionable": is_actionable(standing.state.value, decided.severity),
        "owner": owner,
        "environment": environment,
        "root_cause": _chain(judged, reasons),
        "runbook": _runbook(runbook, incident.kind, named),
        "first_judged_on": decided.first_judged_on,
        "judged_on": today,
        "alerted_on": None,
        MONTH: decided.month,
    }


def _least(judged: Judged) -> float:
    """What was never below zero does not go there."""
    return 0.0 if float(np.nanmin(judged.values)) >= 0 else -np.inf


def _measures(judged: Judged, least: float) -> Row:
    """Sums over its days, of a unit cost their mean; of a gap only what was expected is known."""
    incident = judged.incident
    course, room = _shown(judged, incident.course), incident.allowed * incident.course.days
    room = incident.allowed if incident.scope.level == KPI else room
    if incident.kind == MISSING:
        unknown = dict.fromkeys(("actual", "low", "high", "impact", "impact_percent"))
        return {**unknown, "expected": decimal(course.expected)}
    return {
        "actual": decimal(course.actual),
        "expected": decimal(course.expected),
        "low": decimal(max(course.expected - room, least)),
        "high": decimal(course.expected + room),
        "impact": difference(course),
        "impact_percent": decimal(100 * course.impact / course.expected) if course.expected else None,
    }


def _shown(judged: Judged, course: Course) -> Course:
    """Amounts add up, ratios are told by the mean of the days that have one. Usage is part of what is expected."""
    if judged.by_usage is not None:
        added = float(judged.by_usage[course.first : course.last + 1].sum())
        return replace(course, actual=course.actual + added, expected=course.expected + added)
    if judged.incident.scope.level != KPI:
        return course
    days = max(int(np.isfinite(judged.values[course.first : course.last + 1]).sum()), 1)
    return replace(course, actual=course.actual / days, expected=course.expected / days)


def scope_columns(scope: Scope, reasons: Reasons) -> Row:
    """The columns that say where; a region is named where all of the cost lies in one."""
    billed = reasons.known.of(scope) if scope.subject == COST and scope.service_name else []
    regions = {region for part in billed for region in part.place.regions} - {"unknown"}
    skus = {part.place.sku for part in billed} if scope.level == RESOURCE else set()
    return {
        "level": scope.level,
        "project_id": scope.project_id,
        "project_name": reasons.known.projects.get(scope.project_id or ""),
        "service_name": scope.service_name,
        "region": scope.region or (next(iter(regions)) if len(regions) == 1 else None),
        "sku": scope.sku or (next(iter(skus)) if len(skus) == 1 else None),
        "resource_id": scope.resource_id,
        "resource_name": reasons.name(scope) if scope.level == RESOURCE else None,
        "label_key": scope.label_key,
        "label_value": scope.label_value,
        "kpi": scope.kpi,
    }


def cause_rows(decided: Decided, reasons: Reasons) -> list[Row]:
    """The parts, the largest first."""
    found = []
    for rank, cause in enumerate(decided.judged.incident.listed, 1):
        course = _shown(decided.judged, cause.course)
        found.append(
            {
                "anomaly_id": decided.anomaly_id,
                "rank": rank,
                **scope_columns(cause.scope, reasons),
                "unit": cause.scope.unit,
                "actual": decimal(course.actual),
                "expected": decimal(course.expected),
                "impact": difference(course),
                "share_percent": decimal(100 * cause.share),
                MONTH: decided.month,
            }
        )
    return found


def day_rows(decided: Decided) -> list[Row]:
    """Four weeks before it until a week after; before its first day a day is expected from its own past.

    Of a day without value nothing is expected where the same weekday never had one, and it is unusual only in a gap.
    """
    judged, incident = decided.judged, decided.judged.incident
    start = max(incident.first - DAYS_BEFORE, 0)
    stop = min(incident.last + DAYS_AFTER, len(judged.days) - 1)
    ahead = expected_days(judged.values, incident.first, stop, incident.detected)
    found, least = [], _least(judged)
    for at in range(start, stop + 1):
        added = 0.0 if judged.by_usage is None else float(judged.by_usage[at])
        value = float(judged.values[at]) + added
        is_inside = incident.first <= at <= incident.last
        own = expected_days(judged.values, at, at)[0] if at >= 7 else np.nan
        expected = float(ahead[at - incident.first] if at >= incident.first else own) + added
        is_known = np.isfinite(value)
        if not is_known and not np.isfinite(judged.values[at % 7 : at : 7][-len(WEEKS) :]).any():
            expected = np.nan
        found.append(
            {
                "anomaly_id": decided.anomaly_id,
                "day": judged.days[at],
                "actual": decimal(value),
                "expected": decimal(expected),
                "low": decimal(max(expected - incident.allowed, least)),
                "high": decimal(expected + incident.allowed),
                "is_unusual": is_inside and (is_known or incident.kind == MISSING),
                MONTH: decided.month,
            }
        )
    return found


def change_rows(decided: Decided) -> list[Row]:
    """What else changed, what is nearest to the anomaly first."""
    return [
        {
            "anomaly_id": decided.anomaly_id,
            "number": number,
            "changed_on": change.on,
            "change": change.change,
            "what": change.what,
            "who": change.who,
            "resource_id": change.resource_id,
            "resource_name": change.resource_name,
            MONTH: decided.month,
        }
        for number, change in enumerate(decided.changes, 1)
    ]


def decimal(value: float) -> Decimal | None:
    """A measure of the detector, to the millionth of its unit; what is not known is null."""
    return Decimal(repr(value)).quantize(_PLACES) if np.isfinite(value) else None


def difference(course: Course) -> Decimal | None:
    """What was not expected, as the figures beside it say it."""
    actual, expected = decimal(course.actual), decimal(course.expected)
    return None if actual is None or expected is None else actual - expected


def _chain(judged: Judged, reasons: Reasons) -> str:
    incident = judged.incident
    scope = incident.scope
    if scope.subject != COST:
        project = reasons.known.projects.get(scope.project_id or "", "")
        return _ARROW.join(filter(None, (project, scope.service_name, scope.kpi if scope.level != KPI else None))) or (
            scope.kpi or "the whole organisation"
        )
    chain = [part for part in incident.chain if part.level != ORGANIZATION or len(incident.chain) == 1]
    names = [reasons.name(part) for part in chain]
    if scope.level != RESOURCE and scope.level != REGION:
        largest = [cause for cause in incident.causes if cause.share > 0]
        if largest and largest[0].scope != scope and sum(cause.share for cause in largest) >= _MOST:
            more = f" and {len(largest) - 1} more" if len(largest) > 1 else ""
            names.append(f"{reasons.name(largest[0].scope)}{more}")
    return _ARROW.join(names)


def _whose(judged: Judged, reasons: Reasons) -> tuple[str | None, str | None]:
    """Who bears most of what moved."""
    scope = judged.incident.scope
    if scope.subject != COST or scope.level in (ORGANIZATION,):
        return None, scope.label_value if scope.label_key == "environment" else None
    ids = {cause.scope.resource_id for cause in judged.incident.causes if cause.share > 0 and cause.scope.resource_id}
    billed = [part for part in reasons.known.of(scope) if not ids or part.place.resource_id in ids]
    owner = next((part.owner for part in billed if part.owner), None)
    return owner, next((part.environment for part in billed if part.environment), None)


def _runbook(template: str | None, kind: str, named: Row) -> str | None:
    if template is None:
        return None
    return template.format(kind=kind, project=named["project_name"] or "", service=named["service_name"] or "")
