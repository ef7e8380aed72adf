"""The three answers: another offer, nothing to do, or could not judge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pipelines.recommendations.rightsizing.demand import Demand
from pipelines.recommendations.rightsizing.offers import Offer


@dataclass(frozen=True)
class Evidence:
    """The numbers behind an answer; all of them can be derived again from the samples of the window.

    Shares over capacity are of the recorded time, on the offer of today and on the one advised. Headroom is what is
    left of the advised offer above the p99 of the processors' demand and above the recurring peak of memory.
    `missing` names what is not measured.
    """

    start: datetime
    end: datetime
    samples: int
    coverage: float
    days: int
    weekends: int
    cpu: Demand
    memory: Demand | None
    over_capacity_now: float
    over_capacity_then: float
    cpu_headroom: float
    memory_headroom: float | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Resize:
    """Take another offer. The saving is negative where the advice is to spend more."""

    resource_id: str
    current: Offer
    offer: Offer
    monthly_saving: Decimal
    risk: float
    reason: str
    why_not_smaller: str
    evidence: Evidence

    @property
    def spends_more(self) -> bool:
        return self.monthly_saving < 0


@dataclass(frozen=True)
class Keep:
    """Nothing to do. `is_saturated` where the load is cut off at the capacity and no offer sold would hold it."""

    resource_id: str
    current: Offer
    risk: float
    why_not_smaller: str
    evidence: Evidence
    is_saturated: bool = False


@dataclass(frozen=True)
class Unjudged:
    """Could not judge, and why."""

    resource_id: str
    reason: str


Answer = Resize | Keep | Unjudged
