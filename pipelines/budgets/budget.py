"""What a budget says: for whom, how much, in which month, counted how, and at which percentages to speak up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from pipelines.errors import ConfigurationError

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class ScopeKind(StrEnum):
    """Whose cost a budget bounds; for a KPI it bounds the cost of one unit."""

    organization = "organization"
    project = "project"
    team = "team"
    product = "product"
    tag = "tag"
    kpi = "kpi"


@dataclass(frozen=True)
class Scope:
    """One organisation, project, team, product, tag (`key=value`) or KPI."""

    kind: ScopeKind
    value: str


@dataclass(frozen=True)
class Basis:
    """How money is counted. Costs here are before vouchers and discounts and without VAT, so that is the default."""

    after_discounts: bool = False
    with_tax: bool = False

    def __str__(self) -> str:
        discounts = "after" if self.after_discounts else "before"
        return f"{discounts} discounts, {'with' if self.with_tax else 'without'} VAT"


COST = Basis()
"""The basis of every cost in the lake."""

SCALEWAY = Basis(after_discounts=True, with_tax=True)
"""The basis on which Scaleway's own budgets count."""


@dataclass(frozen=True)
class Budget:
    """One month's budget. `thresholds` are percentages of the amount; of a KPI the amount is the highest value."""

    name: str
    scope: Scope
    amount: Decimal
    currency: str
    month: str
    basis: Basis = COST
    thresholds: tuple[Decimal, ...] = (Decimal(100),)

    def __post_init__(self) -> None:
        if not _MONTH.fullmatch(self.month):
            raise ConfigurationError(f"budget '{self.name}': month {self.month!r} is not a month; write YYYY-MM")
        if not _CURRENCY.fullmatch(self.currency):
            raise ConfigurationError(f"budget '{self.name}': currency {self.currency!r} is none; write EUR or the like")
        if not (self.amount.is_finite() and self.amount > 0):
            raise ConfigurationError(f"budget '{self.name}': amount {self.amount} is not above zero; raise it")
        for threshold in self.thresholds:
            if not (threshold.is_finite() and threshold > 0):
                raise ConfigurationError(
                    f"budget '{self.name}': threshold {threshold} is not above zero; write percent, such as 80"
                )
        if self.scope.kind is ScopeKind.kpi and self.basis != COST:
            raise ConfigurationError(f"budget '{self.name}': a KPI is counted {COST}; leave the basis out")

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of the month, in order."""
        first = date(int(self.month[:4]), int(self.month[5:]), 1)
        until = (first + timedelta(days=32)).replace(day=1)
        return tuple(first + timedelta(days=number) for number in range((until - first).days))


def refuse_same_names(budgets: Iterable[Budget]) -> None:
    """Raises ConfigurationError when two budgets of a month have one name: what fired is remembered by it."""
    seen: set[tuple[str, str]] = set()
    for budget in budgets:
        if (budget.name, budget.month) in seen:
            raise ConfigurationError(f"two budgets of {budget.month} are named '{budget.name}'; name each its own way")
        seen.add((budget.name, budget.month))
