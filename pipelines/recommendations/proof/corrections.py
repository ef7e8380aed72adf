"""What a rule's past predictions were worth: a factor that later ones are multiplied by.

The factor is the ratio of the sums of what was realised and what was predicted, pulled towards one by as much as a few
actions of the rule's mean size that came true exactly (a ratio estimator with a prior of its own weight).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_PRIOR_ACTIONS = 5
_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class Outcome:
    """What was said of an action and what came of it by the month. Harm and bounce count as nothing saved."""

    rule: str
    currency: str
    predicted: Decimal
    realised: Decimal


@dataclass(frozen=True)
class Correction:
    """Of a rule: how many actions, their sums, and the factor for what it says next."""

    rule: str
    currency: str
    actions: int
    predicted: Decimal
    realised: Decimal
    factor: Decimal


def corrections(outcomes: Iterable[Outcome]) -> list[Correction]:
    """One for each rule and currency, in their order; advice to spend more (nothing predicted) corrects nothing."""
    told: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.predicted > 0:
            told.setdefault((outcome.rule, outcome.currency), []).append(outcome)
    return [_correction(rule, currency, told[rule, currency]) for rule, currency in sorted(told)]


def _correction(rule: str, currency: str, outcomes: list[Outcome]) -> Correction:
    predicted = sum((each.predicted for each in outcomes), Decimal(0))
    realised = sum((each.realised for each in outcomes), Decimal(0))
    prior = predicted * _PRIOR_ACTIONS / len(outcomes)
    factor = max(Decimal(0), (realised + prior) / (predicted + prior)).quantize(_PLACES)
    return Correction(rule, currency, len(outcomes), predicted, realised, factor)
