"""Contracts with a minimum spend: how far behind they are, and what will have to be paid for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pipelines.budgets.amounts import less, money, total
from pipelines.budgets.chance import Estimate, chance_above
from pipelines.errors import ConfigurationError

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Commitment:
    """At least `minimum` is paid for the days from `starts_on` until before `ends_on`, used or not."""

    name: str
    minimum: Decimal
    currency: str
    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        if self.starts_on >= self.ends_on:
            raise ConfigurationError(
                f"commitment '{self.name}' ends on {self.ends_on} and starts on {self.starts_on}; swap them"
            )
        if self.minimum <= 0:
            raise ConfigurationError(f"commitment '{self.name}': the minimum {self.minimum} is not above zero")


@dataclass(frozen=True)
class Shortfall:
    """A commitment today. `behind` compares with an even spend over its days; `to_spend` is what is left to reach it.

    `expected` is the shortfall at its end with the range of the forecast, `chance` how likely there is one at all;
    None without a forecast of the days to come. `per_day_needed` is None once no day is left.
    """

    commitment: Commitment
    spent: Decimal
    planned: Decimal
    behind: Decimal
    to_spend: Decimal
    per_day_needed: Decimal | None
    days_left: int
    expected: Estimate | None
    chance: float | None


def shortfall(commitment: Commitment, spent: Decimal, today: date, ahead: Estimate | None) -> Shortfall:
    """How a commitment stands with `spent` on the days before `today`; `ahead` forecasts the days from today on."""
    days = (commitment.ends_on - commitment.starts_on).days
    gone = min(max((today - commitment.starts_on).days, 0), days)
    planned = money(Fraction(commitment.minimum) * gone / days)
    to_spend = _above_zero(less(commitment.minimum, spent))
    days_left = days - gone
    at_end = Estimate(_ZERO, _ZERO, _ZERO) if not days_left else ahead
    expected = chance = None
    if at_end is not None:
        whole = [total((spent, value)) for value in (at_end.high, at_end.expected, at_end.low)]
        least, middle, most = (_above_zero(less(commitment.minimum, value)) for value in whole)
        expected = Estimate(middle, least, most, at_end.level)
        reached = Estimate(whole[1], whole[2], whole[0], at_end.level)
        chance = _chance_below(commitment.minimum, reached)
    return Shortfall(
        commitment=commitment,
        spent=spent,
        planned=planned,
        behind=_above_zero(less(planned, spent)),
        to_spend=to_spend,
        per_day_needed=money(Fraction(to_spend) / days_left) if days_left else None,
        days_left=days_left,
        expected=expected,
        chance=chance,
    )


def _chance_below(minimum: Decimal, reached: Estimate) -> float:
    """Reaching exactly the minimum is no shortfall."""
    if reached.low == reached.high:
        return 1.0 if reached.expected < minimum else 0.0
    return 1 - chance_above(minimum, reached)


def _above_zero(value: Decimal) -> Decimal:
    return max(value, _ZERO)
