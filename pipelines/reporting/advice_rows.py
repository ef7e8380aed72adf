"""Rows of gold.recommendations, gold.unjudged and gold.savings as pages show them, and what they come to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.reporting.money import total
from pipelines.reporting.monthly_rows import GoldRow

TO_DO = ("open", "accepted")
"""Statuses of advice that still waits to be followed."""
DUST_FLOOR = Decimal(1)
EFFORTS = ("low", "medium", "high")
HARMED = "harmed"
STATES = ("verified", HARMED, "bounced back", "unproven", "waiting", "unjudged")
"""How far the proof of a saving is, in the order of a table; what harmed a service stands apart."""


@dataclass(frozen=True)
class AdviceRow(GoldRow):
    """A row whose amounts are in one currency; None where nothing is charged for what it is about."""

    currency: str | None


@dataclass(frozen=True)
class RecommendationRow(AdviceRow):
    """One piece of advice; `monthly_saving` is negative where it is to spend more."""

    TABLE = "gold.recommendations"
    KEYS = ("recommendation_id",)

    recommendation_id: str
    rule: str
    title: str
    resource_id: str
    resource_name: str | None
    resource_type: str | None
    target: str
    project_id: str | None
    project_name: str | None
    team: str | None
    owner: str | None
    environment: str | None
    action: str
    reason: str
    evidence: str | None
    evaluation_start: date | None
    evaluation_end: date | None
    monthly_cost: Decimal | None
    monthly_saving: Decimal
    basis: str
    one_off_cost: Decimal
    confidence: float | None
    risk: str
    effort: str
    restart_needed: bool
    rollback: str | None
    kg_co2e_saving: Decimal | None
    conflicts_with: str
    is_counted: bool
    status: str
    status_reason: str | None
    status_since: date | None
    status_owner: str | None
    first_seen: date
    judged_on: date
    judgement: str
    returned_on: date | None

    @property
    def is_to_do(self) -> bool:
        """Whether somebody should still follow it."""
        return self.status in TO_DO

    @property
    def can_be_undone(self) -> bool:
        """Whether the way back is known as commands or as Terraform."""
        back = json.loads(self.rollback) if self.rollback else {}
        return bool(back.get("cli") or back.get("terraform"))

    @property
    def overlapping(self) -> tuple[str, ...]:
        """Ids of those that save on the same resources."""
        return tuple(each for each in self.conflicts_with.split(", ") if each)

    @property
    def facts(self) -> Mapping[str, Any]:
        """The numbers the judgement stands on, by their names."""
        found: Mapping[str, Any] = json.loads(self.evidence) if self.evidence else {}
        return found

    @property
    def rank(self) -> tuple[Decimal, str]:
        """The largest amounts first."""
        return -abs(self.monthly_saving), self.recommendation_id


@dataclass(frozen=True)
class UnjudgedRow(AdviceRow):
    """A resource that a rule could not judge."""

    TABLE = "gold.unjudged"
    KEYS = ("rule", "resource_id")

    rule: str
    resource_id: str
    resource_name: str | None
    monthly_cost: Decimal | None
    reason: str


@dataclass(frozen=True)
class SavingRow(AdviceRow):
    """What an action that was done saved; `low` and `high` hold it in nine of ten cases."""

    TABLE = "gold.savings"
    KEYS = ("recommendation_id",)

    recommendation_id: str
    rule: str
    title: str | None
    resource_name: str | None
    project_name: str | None
    owner: str | None
    action: str | None
    done_on: date
    state: str
    state_reason: str | None
    predicted_saving: Decimal | None
    monthly_saving: Decimal | None
    low: Decimal | None
    high: Decimal | None
    counted_saving: Decimal
    baseline: str | None
    days_judged: int
    bounced_back_on: date | None
    is_harmed: bool
    guard_reason: str | None

    @property
    def shown_state(self) -> str:
        """Its state; harm goes before all others."""
        return HARMED if self.is_harmed else self.state

    @property
    def rank(self) -> tuple[int, Decimal, str]:
        """What is proved first, then by what was hoped for."""
        at = STATES.index(self.shown_state) if self.shown_state in STATES else len(STATES)
        return at, -(self.predicted_saving or Decimal(0)), self.recommendation_id


@dataclass(frozen=True)
class RuleAccuracyRow(AdviceRow):
    """What a rule's predictions were worth."""

    TABLE = "gold.rule_accuracy"
    KEYS = ("rule", "currency")

    rule: str
    actions: int
    predicted_saving: Decimal
    realised_saving: Decimal
    factor: Decimal


@dataclass(frozen=True)
class Advice:
    """All advice in one currency, the largest first. `savings` is None before any run that proves."""

    rows: tuple[RecommendationRow, ...]
    unjudged: tuple[UnjudgedRow, ...] = ()
    savings: tuple[SavingRow, ...] | None = None
    accuracy: tuple[RuleAccuracyRow, ...] = ()
    dust_floor: Decimal = DUST_FLOOR

    @property
    def to_do(self) -> tuple[RecommendationRow, ...]:
        """What waits to be followed, whatever it saves."""
        return tuple(row for row in self.rows if row.is_to_do)

    @property
    def saving(self) -> tuple[RecommendationRow, ...]:
        """What waits and saves, those that overlap with others too."""
        return tuple(row for row in self.to_do if row.monthly_saving > 0)

    @property
    def counted(self) -> tuple[RecommendationRow, ...]:
        """Of those the ones that can all be followed."""
        return tuple(row for row in self.saving if row.is_counted)

    @property
    def spending(self) -> tuple[RecommendationRow, ...]:
        """Advice that costs more, or that saves nothing and prevents."""
        return tuple(row for row in self.to_do if row.monthly_saving <= 0)

    @property
    def counted_saving(self) -> Decimal:
        """By the month, nothing twice."""
        return total(row.monthly_saving for row in self.counted)

    @property
    def naive_saving(self) -> Decimal:
        """By the month, as if none overlapped."""
        return total(row.monthly_saving for row in self.saving)

    @property
    def proved_saving(self) -> Decimal:
        """By the month, of what was done, is proved, lasts and harms nobody."""
        return total(row.counted_saving for row in self.savings or ())

    @property
    def judged_on(self) -> date | None:
        """The day of the newest judgement."""
        return max((row.judged_on for row in self.rows), default=None)


def advice_of(
    rows: Sequence[RecommendationRow],
    unjudged: Sequence[UnjudgedRow] = (),
    savings: Sequence[SavingRow] | None = None,
    accuracy: Sequence[RuleAccuracyRow] = (),
    dust_floor: Decimal = DUST_FLOOR,
) -> Advice:
    """The rows put in order."""
    return Advice(
        rows=tuple(sorted(rows, key=lambda row: row.rank)),
        unjudged=tuple(unjudged),
        savings=None if savings is None else tuple(sorted(savings, key=lambda row: row.rank)),
        accuracy=tuple(sorted(accuracy, key=lambda row: (-row.predicted_saving, row.rule))),
        dust_floor=dust_floor,
    )


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of gold.recommendations with its list of ids as text."""
    return {**row, "conflicts_with": ", ".join(row["conflicts_with"] or ())}
