"""How likely a budget is overrun, from a forecast's quantiles or from the errors the forecaster made before.

* From an expected value and an interval: two halves of a normal distribution meet at the expected value, which is
  taken as the median; each half is as wide as its side of the interval says (a two-piece normal, as central banks
  draw their fan charts).
* From past errors (actual ÷ forecast - 1 at the same horizon): each is applied to today's forecast, and the chance is
  the share of outcomes above the budget, counted as (k + 1/2) ÷ (n + 1), because no finite history proves 0 or 1.

Chances are floats: they are never money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from statistics import NormalDist

from pipelines.errors import UsageError

LEAST_ERRORS = 20
"""Fewer past errors say too little about a tail."""

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Estimate:
    """A forecast: the expected value and the interval that holds the truth with the chance `level` (0.8 is 80 %)."""

    expected: Decimal
    low: Decimal
    high: Decimal
    level: float = 0.8

    def __post_init__(self) -> None:
        if not self.low <= self.expected <= self.high:
            raise UsageError(f"the interval {self.low} to {self.high} does not hold the expected value {self.expected}")
        if not 0 < self.level < 1:
            raise UsageError(f"the level {self.level} is not between 0 and 1; write 0.8 for 80 %")


def chance_above(limit: Decimal, estimate: Estimate) -> float:
    """How likely the outcome is above `limit`; without any width it is 0 or 1, and exactly the limit is not above."""
    is_above = limit >= estimate.expected
    bound = estimate.high if is_above else estimate.low
    half = float(bound - estimate.expected)
    if not half:
        return 1.0 if estimate.expected > limit else 0.0
    width = abs(half) / _NORMAL.inv_cdf((1 + estimate.level) / 2)
    return _NORMAL.cdf(float(estimate.expected - limit) / width)


def chance_from_errors(limit: Decimal, expected: Decimal, errors: Sequence[Decimal]) -> float | None:
    """The same from past relative errors; None with fewer than LEAST_ERRORS of them."""
    if len(errors) < LEAST_ERRORS:
        return None
    above = sum(1 for error in errors if Fraction(expected) * (1 + Fraction(error)) > limit)
    return (above + 0.5) / (len(errors) + 1)
