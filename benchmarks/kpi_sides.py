"""Both sides of a comparison: what a lake says of the key figures of a kind of period, and what is true of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeAlias

from benchmarks.kpi_compare import Comparison, Figure, Key, compared, name_of

Query: TypeAlias = Callable[[str], list[dict[str, Any]]]
Told: TypeAlias = dict[Key, Figure]

UNTOLD_SPLIT = "a pool was split by a driver the truth does not tell"
_LOADED = ("loaded_cost", "loaded_value")


@dataclass
class Sides:
    """Rows of the lake, and what is true, by month or by day."""

    query: Query
    period: str
    periods: Mapping[str, Any]
    days: Mapping[str, Any]
    """What is true of every day: a month of which a part was counted has the truth of that part."""

    def _both(
        self, kpi: str, found: Mapping[Key, Figure], true: Mapping[Key, Figure], unknown: Mapping[Key, str]
    ) -> Iterator[Comparison]:
        """What is charged itself, and apart from it what has parts of pools in it."""
        for name, is_loaded in ((kpi, False), (f"{kpi}, loaded", True)):
            sides = [
                {
                    key: {each: value for each, value in told.items() if (each in _LOADED) == is_loaded}
                    for key, told in side.items()
                }
                for side in (found, true)
            ]
            sides = [{key: told for key, told in side.items() if told} for side in sides]
            hidden = {**unknown, **(self._untold({**found, **true}) if is_loaded else {})}
            yield compared(name, self.period, sides[0], sides[1], hidden)

    @cached_property
    def _kpis(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in self.query(f"select * from gold.kpis where period = '{self.period}'"):
            if name_of(row, self.period) in self.periods:
                found[row["kpi"]].append(row)
        return found

    def _figures(self, kpi: str) -> Told:
        """What gold.kpis says."""
        return {
            (name_of(row, self.period), row["scope"]): {
                "cost": row["numerator"],
                "quantity": row["denominator"],
                "value": row["value"],
                "loaded_value": row["loaded_value"],
            }
            for row in self._kpis.get(kpi, [])
        }

    def _rows(self, table: str) -> list[dict[str, Any]]:
        return self.query(f"select * from gold.{table} where period = '{self.period}'")

    def _told_only(self, found: Mapping[Key, Figure]) -> Told:
        """Of the periods that the truth tells."""
        return {key: told for key, told in found.items() if key[0] in self.periods}

    def _true(self, kpi: str) -> Iterator[tuple[str, str, Any]]:
        return ((period, name, told) for period, kpis in self.periods.items() for name, told in kpis[kpi].items())

    @cached_property
    def _untold_periods(self) -> set[str]:
        rows = self.query(
            "select distinct billing_month, charge_date as period_start from gold.allocated_costs "
            "where allocation_method = 'kubernetes'"
        )
        return {name_of(row, self.period) for row in rows}

    def _untold(self, figures: Mapping[Key, Figure]) -> dict[Key, str]:
        return {key: UNTOLD_SPLIT for key in figures if key[0] in self._untold_periods}


def first_day(period: str) -> date:
    return date.fromisoformat(period if len(period) > 7 else f"{period}-01")


def last_day(period: str) -> date:
    """Of a month at least the 28th: counts that begin later than that leave the whole month out."""
    return date.fromisoformat(period if len(period) > 7 else f"{period}-28")
