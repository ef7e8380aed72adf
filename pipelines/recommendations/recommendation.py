"""One shape for every advice, and the three things a rule can answer: advice, nothing to do, or could not judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import TypeAlias

from pipelines.recommendations.changes.change import Change

Plain: TypeAlias = str | int | float | bool | Decimal | date | None
Fact: TypeAlias = Plain | list[Plain] | Mapping[str, Plain] | list[Mapping[str, Plain]]


class Level(StrEnum):
    """How much risk an action carries, or how much work it is."""

    low = "low"
    medium = "medium"
    high = "high"


class Basis(StrEnum):
    """Where the price behind a saving is from: what was charged, or the public list where nothing was."""

    charged = "charged"
    list_price = "list price"


@dataclass(frozen=True)
class Recommendation:
    """What to do about one resource, why, and how.

    `target` names what it becomes (`PRO2-S`, `delete`) and is a part of its identity. `monthly_saving` is in the
    currency of the resource's charges and negative where the advice is to spend more. `saves_on` names the resources
    whose cost it takes away: two that share one overlap, and only one of them is counted. `evidence` holds the numbers
    the judgement stands on, each of which a query can derive again; `evaluation_start` to `evaluation_end` (exclusive)
    is their window. `confidence` is between 0 and 1 and measured, None where nothing was measured yet. The kilograms
    of CO2e and cubic metres of water are by the month; None lets the saved share of the resource's own stand for them.
    `monthly_cost` and `currency` are said only where the advice is about no single resource.
    """

    rule: str
    resource_id: str
    target: str
    action: str
    reason: str
    evidence: Mapping[str, Fact]
    evaluation_start: date
    evaluation_end: date
    monthly_saving: Decimal
    change: Change
    risk: Level
    effort: Level
    restart_needed: bool = False
    confidence: float | None = None
    one_off_cost: Decimal = Decimal(0)
    basis: Basis = Basis.charged
    saves_on: frozenset[str] = field(default_factory=frozenset)
    kg_co2e_saving: Decimal | None = None
    m3_water_saving: Decimal | None = None
    monthly_cost: Decimal | None = None
    currency: str | None = None

    @property
    def recommendation_id(self) -> str:
        """Stable: the same rule, resource and target have the same name on every day and in every lake."""
        return sha256("\n".join((self.rule, self.resource_id, self.target)).encode()).hexdigest()[:12]

    @property
    def overlaps_on(self) -> frozenset[str]:
        """The resources it saves on; its own where it names none."""
        return self.saves_on or frozenset({self.resource_id})


@dataclass(frozen=True)
class NothingToDo:
    """The rule judged the resource and leaves it as it is, with the reason where a person would ask."""

    rule: str
    resource_id: str
    reason: str = ""


@dataclass(frozen=True)
class Unjudged:
    """The rule could not judge the resource, and what is missing for it."""

    rule: str
    resource_id: str
    reason: str


Answer: TypeAlias = Recommendation | NothingToDo | Unjudged
