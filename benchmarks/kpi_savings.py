"""What agreed prices and advice save, by month: the lake's rows beside the truth."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from benchmarks.kpi_compare import LAST, Comparison, Figure, Key, compared, name_of
from benchmarks.kpi_sides import Sides, first_day

UNVERIFIED = "billing.charges_are_net is not set"
RUNNING = "the month is not over"
FOUND = "the table counts the savings that are found, the truth those that are planted"
OPEN = ("open", "accepted", "suppressed")
"""What becomes of a recommendation while its saving still lies open."""


class Savings(Sides):
    """The effective savings rate with its commitment, and cost efficiency; both are told by month alone."""

    def comparisons(self) -> Iterator[Comparison]:
        """Each key figure in turn."""
        if self.period == "month":
            yield self._listed()
            yield self._saved()
            yield from self._committed()
            yield from self._efficiency()

    def _listed(self) -> Comparison:
        """What eligible usage cost, and would cost at the public price."""
        found = {
            (name_of(row, self.period), "all"): {"cost": row["charged_cost"], "quantity": row["denominator"]}
            for row in self._rows("effective_savings_rate")
        }
        true = {
            key: {"cost": told["cost"], "quantity": told["list_cost"]} for key, told in self._savings_rates().items()
        }
        return compared("effective_savings_rate, denominator", self.period, found, true, self._running(found, true))

    def _saved(self) -> Comparison:
        rows = {(name_of(row, self.period), "all"): row for row in self._rows("effective_savings_rate")}
        found = {key: {"cost": row["numerator"], "value": row["value"]} for key, row in rows.items()}
        true = {key: {"cost": told["saved"], "value": told["value"]} for key, told in self._savings_rates().items()}
        unset = "billing.charges_are_net is not set"
        hidden = {key: UNVERIFIED for key, row in rows.items() if str(row["reason"]).startswith(unset)}
        hidden |= self._running(found, true)
        return compared("effective_savings_rate", self.period, found, true, hidden)

    def _committed(self) -> Iterator[Comparison]:
        """The month's pool of the savings plan: what part of the usage it covers, and what part of it is used."""
        rows = {(name_of(row, self.period), "all"): row for row in self._rows("effective_savings_rate")}
        for kpi, name in (("commitment_coverage", "coverage"), ("commitment_utilisation", "utilisation")):
            found = {key: {"quantity": row["committed_cost"], "value": row[kpi]} for key, row in rows.items()}
            true = {
                key: {"quantity": told["committed"], "value": told[name]}
                for key, told in self._savings_rates().items()
                if Decimal(told["committed"])
            }
            yield compared(kpi, self.period, found, true, self._running(found, self._savings_rates()))

    def _savings_rates(self) -> Mapping[Key, Mapping[str, Any]]:
        """What is true of months that are over."""
        name = "effective_savings_rate"
        return {(period, "all"): kpis[name] for period, kpis in self.periods.items() if name in kpis}

    def _running(self, found: Mapping[Key, Figure], true: Mapping[Key, Any]) -> dict[Key, str]:
        return {key: RUNNING for key in found if key not in true}

    def _efficiency(self) -> Iterator[Comparison]:
        """The spend beside the truth; the value beside that spend and the savings that lie open in the lake."""
        rows = {(name_of(row, self.period), "all"): row for row in self._rows("cost_efficiency")}
        true = {(period, "all"): kpis["cost_efficiency"] for period, kpis in self.periods.items()}
        spend = {key: {"cost": row["denominator"]} for key, row in rows.items()}
        whole = {key: {"cost": told["optimisable_cost"]} for key, told in true.items()}
        yield compared("cost_efficiency, denominator", self.period, spend, whole, {})
        value = {key: {"value": row["value"]} for key, row in rows.items()}
        yield compared("cost_efficiency", self.period, value, self._left(true), {})
        planted = {key: {"value": told["value"]} for key, told in true.items()}
        yield compared("cost_efficiency, planted", self.period, value, planted, dict.fromkeys(rows, FOUND))

    def _left(self, true: Mapping[Key, Mapping[str, Any]]) -> Mapping[Key, Figure]:
        """One minus the savings found over the true spend; nothing of months before the first recommendation."""
        made = self.query("select * from gold.recommendations")
        found = dict[Key, Figure]()
        for key, told in true.items():
            first, end = first_day(key[0]), first_day(key[0]) + timedelta(days=monthrange(*_year_month(key[0]))[1])
            spend = Decimal(told["optimisable_cost"])
            if spend > 0 and any(each["first_seen"] < end for each in made):
                days = sum(day.startswith(key[0]) for day in self.days)
                saving = open_saving(made, first, end) * days / (end - first).days
                found[key] = {"value": ((spend - saving) / spend).quantize(LAST)}
        return found


def open_saving(made: Iterable[Mapping[str, Any]], first: date, end: date) -> Decimal:
    """What recommendations that lie open in [first, end) save a month, of those that overlap the counted ones."""
    lie_open = [
        each["monthly_saving"]
        for each in made
        if each["status"] in OPEN and each["is_counted"] and each["monthly_saving"] > 0 and each["first_seen"] < end
        and each["last_seen"] >= first
    ]  # fmt: skip
    return sum(lie_open, Decimal(0))


def _year_month(name: str) -> tuple[int, int]:
    year, _, month = name.partition("-")
    return int(year), int(month)
