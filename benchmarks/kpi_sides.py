"""Both sides of a comparison: what a lake says of the key figures of a kind of period, and what is true of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeAlias

from benchmarks.kpi_compare import LAST, Comparison, Figure, Key, compared, name_of

Query: TypeAlias = Callable[[str], list[dict[str, Any]]]
Told: TypeAlias = dict[Key, Figure]

WAITED_FOR = "counted only on the days a reader waited to see"
BEFORE_COUNTS = "counts were not kept that long"
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

    def _counted(self, period: str, name: str, whole: Mapping[str, Any]) -> Mapping[str, Any]:
        """The figure of the days that counts were kept of, where these begin within the period."""
        if not self._begins_within(period, whole):
            return whole
        told = [kpis["cost_per_1k_requests"].get(name) for kpis in self._kept_days(period, whole)]
        counted = [each for each in told if each and each["counted_by"] == whole["counted_by"]]
        requests = sum(each["requests"] for each in counted)
        direct, loaded = (sum(Decimal(each[cost]) for each in counted) for cost in ("cost_direct", "cost_loaded"))
        return {
            **whole,
            "requests": requests,
            "cost_direct": direct,
            "value": (direct * 1000 / requests).quantize(LAST),
            "loaded_value": (loaded * 1000 / requests).quantize(LAST),
        }

    def _unlabelled(self, period: str, whole: Mapping[str, Any]) -> int:
        """Requests that belong to no product, of the days that counts were kept of."""
        if not self._begins_within(period, whole):
            return int(whole["requests"])
        told = [each for kpis in self._kept_days(period, whole) for each in kpis["unlabelled_requests"]]
        return sum(each["requests"] for each in told if each["counted_by"] == whole["counted_by"])

    def _begins_within(self, period: str, whole: Mapping[str, Any]) -> bool:
        first = whole["known_from"]
        return first is not None and first_day(period).isoformat() < first <= last_day(period).isoformat()

    def _kept_days(self, period: str, whole: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        first = whole["known_from"]
        return (kpis for day, kpis in self.days.items() if first <= day[:10] and day.startswith(period))

    def _uncountable(self, period: str, told: Mapping[str, Any]) -> str | None:
        """Why a reader cannot know the requests of a period, if it cannot."""
        if told["known_from"] is None:
            return WAITED_FOR
        return BEFORE_COUNTS if last_day(period) < date.fromisoformat(told["known_from"]) else None

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
