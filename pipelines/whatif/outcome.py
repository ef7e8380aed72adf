"""What an answer holds: the effect on the total, by scenario, line, month and KPI, and what could not be applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pipelines.whatif.amounts import less, total
from pipelines.whatif.baseline import Line


@dataclass(frozen=True)
class LineEffect:
    """One line before and after; its `shares` by scenario add up to the change, those of zero are left out."""

    line: Line
    before: Decimal
    after: Decimal
    shares: Mapping[str, Decimal]


@dataclass(frozen=True)
class MonthEffect:
    """The cost of a month, before and after."""

    month: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class KpiEffect:
    """A KPI before and after; `shares` by scenario add up to the change. None with the reason if it is not known."""

    name: str
    before: Decimal | None
    after: Decimal | None
    shares: Mapping[str, Decimal]
    reason: str | None = None


@dataclass(frozen=True)
class Note:
    """A scenario that did not change lines it was meant for, with their cost; none at all if it fits no line."""

    scenario: str
    reason: str
    lines: int
    cost: Decimal


@dataclass(frozen=True)
class Outcome:
    """The joint effect of all scenarios. `shares` (Shapley) add up to the change; `alone` is what each would do by
    itself, and `interaction` what they do together beyond that."""

    before: Decimal
    after: Decimal
    shares: Mapping[str, Decimal]
    alone: Mapping[str, Decimal]
    lines: tuple[LineEffect, ...]
    transformed: tuple[Line, ...]
    months: tuple[MonthEffect, ...]
    kpis: tuple[KpiEffect, ...]
    notes: tuple[Note, ...]

    @property
    def change(self) -> Decimal:
        return less(self.after, self.before)

    @property
    def interaction(self) -> Decimal:
        return less(self.change, total(self.alone.values()))
