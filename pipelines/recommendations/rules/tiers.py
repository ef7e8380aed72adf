"""Criticality tiers: how much data may be lost and how long a service may be away, and so what may be saved on it.

A resource says its tier in a tag (`tier=1`, `criticality:high`). Without a tag its environment speaks: production is
as the second tier, everything else as the fourth. What a tier may lose and how long it may be away are the common
four-tier table of disaster recovery planning; the actions follow from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipelines.recommendations.world import Resource


@dataclass(frozen=True)
class Tier:
    """What is promised (RPO and RTO in hours), and what may be done to save.

    `keeps_standby`: a standby or replica is needed to come back in time. `may_migrate`: a cut-over with minutes of
    outage is acceptable. `least_backup_days`: how long backups are kept at the least.
    """

    name: str
    rpo_hours: float
    rto_hours: float
    keeps_standby: bool
    may_migrate: bool
    least_backup_days: int


MISSION_CRITICAL = Tier("1", rpo_hours=0.25, rto_hours=1, keeps_standby=True, may_migrate=False, least_backup_days=30)
BUSINESS_CRITICAL = Tier("2", rpo_hours=4, rto_hours=4, keeps_standby=True, may_migrate=True, least_backup_days=14)
IMPORTANT = Tier("3", rpo_hours=24, rto_hours=24, keeps_standby=False, may_migrate=True, least_backup_days=7)
EXPENDABLE = Tier("4", rpo_hours=168, rto_hours=168, keeps_standby=False, may_migrate=True, least_backup_days=0)

_NAMES = {
    MISSION_CRITICAL: ("0", "1", "critical", "mission-critical", "gold", "platinum"),
    BUSINESS_CRITICAL: ("2", "high", "business-critical", "silver"),
    IMPORTANT: ("3", "medium", "important", "bronze"),
    EXPENDABLE: ("4", "low", "none", "expendable"),
}
_BY_NAME = {name: tier for tier, names in _NAMES.items() for name in names}
_TAG = re.compile(r"^(?:tier|criticality)[=:]\s*(?:tier-?)?(.+?)\s*$", re.IGNORECASE)


def needs_standby(resource: Resource) -> bool:
    """Whether a standby node belongs to it: in production, and where its tier must be back before a restore is done."""
    return resource.is_production or tier_of(resource).keeps_standby


def tier_of(resource: Resource) -> Tier:
    """The tier its tags name; of several the strictest, and an unknown name is taken for the strictest of all."""
    named = [_BY_NAME.get(found[1].lower(), MISSION_CRITICAL) for tag in resource.tags if (found := _TAG.match(tag))]
    if named:
        return min(named, key=lambda tier: tier.name)
    return BUSINESS_CRITICAL if resource.is_production else EXPENDABLE
