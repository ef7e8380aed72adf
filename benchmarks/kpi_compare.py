"""Holds rows of a lake's tables against the simulator's truth: what is equal, what differs, what nobody can know."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

Key: TypeAlias = tuple[str, str]
"""The period, a month or a day, and what of."""
Figure: TypeAlias = Mapping[str, Any]
"""What is told of it, by name; amounts as Decimal or text."""

DOUBLE = Decimal(2) ** -52
"""DuckDB divides decimals as doubles: the last decimals of a large quotient are those a double holds."""
LAST = Decimal(1).scaleb(-12)
"""The last decimal of a figure."""
QUOTIENTS = ("value", "loaded_value", "quantity")
"""Figures that come of a division, a GB and month among them."""


@dataclass(frozen=True)
class Difference:
    """One figure that is not what is true; `size` is relative to the truth, None where only one side has it."""

    key: Key
    name: str
    found: Any
    true: Any
    size: Decimal | None

    @property
    def is_tie(self) -> bool:
        """Whether a quotient was rounded up where the truth was rounded down, or the other way round."""
        return self.name in QUOTIENTS and self.size is not None and abs(self.found - Decimal(self.true)) <= LAST


@dataclass
class Comparison:
    """What came of the rows of one key figure. A row without a value on both sides is told apart: nothing is compared.

    Values of `rounded` rows were rounded the other way where the last decimal lay halfway. `unknown` counts, by reason,
    the rows that a reader cannot know though they are true, and `apart` is by how much their values differ at most.
    """

    kpi: str
    period: str
    exact: int = 0
    rounded: int = 0
    empty: int = 0
    different: list[Difference] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    apart: dict[str, Decimal] = field(default_factory=dict)

    @property
    def compared(self) -> int:
        return self.exact + self.rounded + len({each.key for each in self.different})

    def set_aside(self, reason: str, differences: Iterable[Difference]) -> None:
        """One row that a reader cannot know."""
        self.unknown[reason] += 1
        sizes = [each.size for each in differences if each.name in QUOTIENTS and each.size is not None]
        self.apart[reason] = max([self.apart.get(reason, Decimal(0)), *sizes])

    @property
    def largest(self) -> Difference | None:
        """The difference that is worst: of what one side lacks, else the largest of all."""
        return max(
            self.different, key=lambda each: Decimal("Infinity") if each.size is None else each.size, default=None
        )


def compared(
    kpi: str, period: str, found: Mapping[Key, Figure], true: Mapping[Key, Figure], unknown: Mapping[Key, str]
) -> Comparison:
    """All rows of both sides; of those in `unknown` nothing is demanded but that they stand on one side."""
    told = Comparison(kpi, period)
    for key in sorted({*found, *true}):
        mine, truth = found.get(key), true.get(key)
        differences = list(_differences(key, mine, truth))
        if key in unknown:
            told.set_aside(unknown[key], differences)
        elif [each for each in differences if not each.is_tie]:
            told.different += differences
        elif truth is None:
            told.empty += 1
        elif differences:
            told.rounded += 1
        else:
            told.exact += 1
    return told


def _differences(key: Key, found: Figure | None, true: Figure | None) -> Iterable[Difference]:
    if true is None:
        if found is not None and _is_told(found) and found.get("cost") != 0:
            yield Difference(key, "row", dict(found), None, None)
        return
    if found is None:
        yield Difference(key, "row", None, dict(true), None)
        return
    for name, wanted in true.items():
        if not equal(name, found[name], wanted):
            yield Difference(key, name, found[name], wanted, _size(found[name], wanted))


def equal(name: str, found: Any, true: Any) -> bool:
    """The same: a quotient to the last decimal that a double holds, everything else as it is."""
    if found is None or true is None or isinstance(true, bool):
        return bool(found == true)
    there = Decimal(true)
    return abs(Decimal(found) - there) <= (abs(there) * DOUBLE if name in QUOTIENTS else 0)


def summed(rows: Iterable[Mapping[str, Any]], period: str, *columns: str) -> dict[Key, Figure]:
    """What `cost` adds up to by those columns; what comes to nothing is left out."""
    found: dict[Key, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[name_of(row, period), "|".join(row[column] or "" for column in columns)] += row["cost"]
    return {key: {"cost": cost} for key, cost in found.items() if cost}


def amounts(periods: Mapping[str, Any], kpi: str) -> dict[Key, Figure]:
    """What is true by name, where it is not nothing."""
    told = ((period, name, value) for period, kpis in periods.items() for name, value in kpis[kpi].items())
    return {(period, name): {"cost": Decimal(value)} for period, name, value in told if Decimal(value)}


def name_of(row: Mapping[str, Any], period: str) -> str:
    """What the truth calls the period of a row."""
    return str(row["billing_month"]) if period == "month" else str(row["period_start"].isoformat())


def _is_told(found: Figure) -> bool:
    """Whether a row says anything: one of cost alone its cost, others a value."""
    names = ("value", "loaded_value") if "value" in found or "loaded_value" in found else ("cost",)
    return any(found.get(name) is not None for name in names)


def _size(found: Any, true: Any) -> Decimal | None:
    if found is None or true is None or isinstance(true, bool):
        return None
    there = Decimal(true)
    gap = abs(Decimal(found) - there)
    return gap / abs(there) if there else gap
