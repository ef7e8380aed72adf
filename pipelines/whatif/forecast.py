"""Carries an outcome over to a forecast and to a budget."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipelines.errors import UsageError
from pipelines.whatif.amounts import less, rounded, total


@dataclass(frozen=True)
class Range:
    """A forecast with its interval, where that was measured."""

    expected: Decimal
    low: Decimal | None
    high: Decimal | None

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and not self.low <= self.expected <= self.high:
            raise UsageError(f"the interval {self.low} to {self.high} does not hold the expected value {self.expected}")


@dataclass(frozen=True)
class BudgetEffect:
    """What is left of a budget at the expected end, before and after; below zero it is overrun by so much."""

    amount: Decimal
    before: Range
    after: Range
    left_before: Decimal
    left_after: Decimal


def shifted(forecast: Range, before: Decimal, after: Decimal) -> Range:
    """The forecast with the baseline's cost `after` in place of `before`.

    `before` is the part that is still to come, so what is already spent keeps its place in the forecast. An interval
    is as wide in proportion to that part as it was; where there was nothing to come it keeps its width.
    """
    expected = total((forecast.expected, after, before.copy_negate()))
    if forecast.low is None or forecast.high is None:
        return Range(expected, None, None)
    scale = abs(Fraction(after) / Fraction(before)) if before else Fraction(1)
    down = rounded(Fraction(less(forecast.expected, forecast.low)) * scale)
    up = rounded(Fraction(less(forecast.high, forecast.expected)) * scale)
    return Range(expected, less(expected, down), total((expected, up)))


def budget_effect(amount: Decimal, forecast: Range, before: Decimal, after: Decimal) -> BudgetEffect:
    """A budget, on the basis of the costs, against the forecast as it is and as it would be."""
    changed = shifted(forecast, before, after)
    return BudgetEffect(amount, forecast, changed, less(amount, forecast.expected), less(amount, changed.expected))
