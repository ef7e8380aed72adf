"""Converts an amount between the ways of counting: before or after discounts, without or with VAT.

Scaleway takes off the contract's rate first, then the vouchers as far as they go, and adds VAT to the rest:

    counted = max(0, cost x (1 - rate) - vouchers) x (1 + VAT)

The way back gives the greatest cost that is counted so. Both figures of a budget are shown side by side, since people
compare one with the bill and the other with Scaleway's console.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipelines.budgets.amounts import money
from pipelines.budgets.budget import COST, Basis, Budget
from pipelines.errors import UsageError

DISCOUNTED_AWAY = "discounts take off the whole cost"


@dataclass(frozen=True)
class Terms:
    """What lies between a month's cost and its invoice: VAT (0.2 is 20 %), the contract's rate, and at most how much
    vouchers pay in that month: what is left of them, or the cost they may pay for if that is less."""

    tax_rate: Decimal
    discount_rate: Decimal = Decimal(0)
    vouchers: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if self.tax_rate < 0:
            raise UsageError(f"the tax rate {self.tax_rate} is negative; write 0.2 for 20 %")
        if not 0 <= self.discount_rate <= 1:
            raise UsageError(f"the discount rate {self.discount_rate} is not between 0 and 1; write 0.1 for 10 %")
        if self.vouchers < 0:
            raise UsageError(f"vouchers of {self.vouchers} are negative; write what they pay as a positive amount")


@dataclass(frozen=True)
class BothFigures:
    """A budget as it was set and as cost; without `as_cost` no cost reaches it, and `reason` says why."""

    as_set: Decimal
    basis: Basis
    as_cost: Decimal | None
    terms: Terms
    reason: str | None = None


def converted(amount: Decimal, source: Basis, target: Basis, terms: Terms) -> Decimal | None:
    """The amount counted the other way; None where every cost counts as zero, so that there is no way back."""
    value = Fraction(amount)
    if source.with_tax:
        value /= 1 + Fraction(terms.tax_rate)
    if source.after_discounts and not target.after_discounts:
        if terms.discount_rate == 1:
            return None
        value = (value + Fraction(terms.vouchers)) / (1 - Fraction(terms.discount_rate))
    if target.after_discounts and not source.after_discounts:
        value = max(Fraction(0), value * (1 - Fraction(terms.discount_rate)) - Fraction(terms.vouchers))
    if target.with_tax:
        value *= 1 + Fraction(terms.tax_rate)
    return money(value)


def both_figures(budget: Budget, terms: Terms) -> BothFigures:
    """The budget's amount as set, and the cost at which it is used up."""
    as_cost = converted(budget.amount, budget.basis, COST, terms)
    reason = DISCOUNTED_AWAY if as_cost is None else None
    return BothFigures(budget.amount, budget.basis, as_cost, terms, reason)
