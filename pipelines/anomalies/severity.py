"""How bad an anomaly is, and whether it deserves somebody's time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from pipelines.anomalies.hierarchy import Incident
from pipelines.anomalies.scopes import COST

_GPU = re.compile(r"(^|[^a-z0-9])(gpu|h[12]00|b[23]00|gb[23]00|l4|l40s|p100|a100|render)([^a-z0-9]|$)")
_STARTED = ("burst", "new_resource", "new_service", "new_region", "new_project")
MISSING = "missing_days"


class Severity(StrEnum):
    """From what can wait for ever to what cannot wait until tomorrow."""

    low = "low"
    medium = "medium"
    high = "high"
    urgent = "urgent"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True)
class Scale:
    """What counts as much: a share of what the whole costs a day, between multiples of the least amount a day."""

    share: float
    least: float
    most: float

    def amount(self, floor: float, whole_a_day: float) -> float:
        """From so much on."""
        return min(max(self.share * whole_a_day, self.least * floor), self.most * floor)


MEDIUM_A_DAY, MEDIUM_IN_ALL = Scale(0.005, 2, 20), Scale(0.025, 10, 100)
HIGH_A_DAY, HIGH_IN_ALL = Scale(0.03, 10, 100), Scale(0.15, 50, 500)
URGENT_A_DAY = 5.0
"""Times the least amount a day: less is not worth waking anybody for."""
DROP = 5.0
"""A drop must be so many times larger than a rise."""


def severity_of(incident: Incident, floor: float, whole_a_day: float, by_stranger: bool = False) -> Severity:
    """By euros, a drop less than a rise; urgent where a key may have leaked.

    That is a start of GPUs, of a region, or by somebody who did nothing there before (`by_stranger`). `floor` is the
    least amount a day that counts, `whole_a_day` what the organization costs.
    """
    if incident.kind == MISSING:
        return Severity.medium
    if incident.scope.subject != COST:
        return Severity.low
    a_day, in_all = abs(incident.a_day), abs(incident.course.impact)
    has_started = incident.sign > 0 and incident.kind in _STARTED and a_day >= URGENT_A_DAY * floor
    if has_started and (by_stranger or incident.kind == "new_region" or is_gpu(incident)):
        return Severity.urgent
    if incident.sign < 0:
        a_day, in_all = a_day / DROP, in_all / DROP
    if a_day >= HIGH_A_DAY.amount(floor, whole_a_day) or in_all >= HIGH_IN_ALL.amount(floor, whole_a_day):
        return Severity.high
    if a_day >= MEDIUM_A_DAY.amount(floor, whole_a_day) or in_all >= MEDIUM_IN_ALL.amount(floor, whole_a_day):
        return Severity.medium
    return Severity.low


def is_gpu(incident: Incident) -> bool:
    """Whether it happened to GPUs, by the names of services and SKUs on the way to it and among its causes."""
    scopes = (*incident.chain, *(cause.scope for cause in incident.causes))
    return any(_GPU.search(f"{scope.service_name or ''} {scope.sku or ''}".lower()) for scope in scopes)


def is_actionable(state: str, severity: Severity) -> bool:
    """What alerts and the top of a report show: open, and more than a trifle."""
    return state in ("open", "reopened") and severity.rank >= Severity.medium.rank
