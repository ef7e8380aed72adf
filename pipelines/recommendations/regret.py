"""How likely something is still needed though nothing uses it, and what it is worth to let it go all the same.

A judgement, not a measurement: prior odds by environment, multiplied for what the name and the tags hint at, and halved
for every quarter in which nothing used it. Its numbers stand here, in one place, so that they can be read and argued
with; how often people took such advice back is what will replace them.
"""

from __future__ import annotations

import re
from decimal import Decimal

from pipelines.recommendations.recommendation import Level
from pipelines.recommendations.world import Resource

RESTORING = Decimal(100)
"""Euros that bringing it back from a copy costs: an hour of somebody's work."""
REPLACING = Decimal(1000)
"""Euros that doing without costs where no copy is left, or an address that others rely on is gone."""

_ODDS = {"sandbox": 0.03, "dev": 0.06, "development": 0.06, "test": 0.08, "staging": 0.10, "preprod": 0.15}
_ODDS_IN_PRODUCTION = 0.25
_HALVES_EVERY_DAYS = 90
_LEAST_RECENCY = 1 / 16
_KEPT = re.compile(
    r"backup|archiv|legal|audit|compliance|disaster|failover|standby|restore|golden|(?<![a-z])dr(?![a-z])"
)
_PASSING = re.compile(
    r"(?<![a-z])(tmp|temp|old|poc|demo|scratch|trial|test|try|draft|before|pre-(?:migration|upgrade|update|change)|bis|"
    r"deprecated|unused|migration)(?![a-z])"
)


def probability_needed(resource: Resource, unused_days: int | None) -> float:
    """Between 0 and 1: that somebody will ask for it within a year. Days that are not known count as none."""
    odds = _ODDS_IN_PRODUCTION if resource.is_production else _ODDS.get(resource.environment or "", 0.10)
    if _KEPT.search(_told(resource)):
        odds *= 6
    elif is_passing(resource):
        odds /= 2
    recency: float = 0.5 ** (max(0, unused_days or 0) / _HALVES_EVERY_DAYS)
    odds *= max(_LEAST_RECENCY, recency)
    return odds / (1 + odds)


def is_passing(resource: Resource) -> bool:
    """Whether its name or a tag says that it was made for a while (`tmp`, `before-…`), and none that it is kept."""
    told = _told(resource)
    return bool(_PASSING.search(told)) and not _KEPT.search(told)


def worth_of_a_year(monthly_saving: Decimal, one_off_cost: Decimal, probability: float, loss: Decimal) -> Decimal:
    """Expected euros of a year: twelve months saved if nobody asks; if somebody does, six of them and the loss."""
    needed = Decimal(str(round(probability, 6)))
    return monthly_saving * (12 - 6 * needed) - one_off_cost - needed * loss


def risk_of(probability: float, loss: Decimal) -> Level:
    """High where it is likely to be asked for and cannot be brought back, low where neither holds."""
    if probability >= 0.3:
        return Level.high
    if probability >= 0.1 or loss >= REPLACING:
        return Level.medium
    return Level.low


def _told(resource: Resource) -> str:
    return " ".join((resource.resource_name, *resource.tags)).lower()
