"""Carbon and water, by themselves, by cost and by requests: the lake's rows beside the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from benchmarks.kpi_compare import LAST, Comparison, Figure, Key, compared, name_of
from benchmarks.kpi_sides import Sides

ESTIMATED = "Scaleway's report was read for whole months, so this is the price list's estimate"
ALL = "all"
IMPACTS = ("carbon", "water")


class Impacts(Sides):
    """What was emitted and taken, and its intensity; every intensity also beside its own two parts."""

    def comparisons(self) -> Iterator[Comparison]:
        """Each key figure in turn."""
        for impact in IMPACTS:
            yield self._whole(impact)
        for impact in IMPACTS:
            for by in ("currency", "1k_requests"):
                kpi = f"{impact}_per_{by}"
                true = self._by_cost(kpi) if by == "currency" else self._by_request(kpi)
                yield compared(kpi, self.period, self._figures(kpi), true, self._estimated(impact))
                yield compared(f"{kpi}, of its parts", self.period, self._figures(kpi), self._parts(impact, kpi), {})

    def _whole(self, impact: str) -> Comparison:
        true = dict[Key, Figure]()
        for period, kpis in self.periods.items():
            for name, told in kpis[impact].items():
                true[period, name] = {"cost": told}
            true[period, ALL] = {"cost": sum(map(Decimal, kpis[impact].values()))}
        return compared(impact, self.period, self._figures(impact), true, self._estimated(impact))

    def _estimated(self, impact: str) -> dict[Key, str]:
        """Rows that are no report: the price list's estimates, or partly."""
        return {
            (name_of(row, self.period), row["scope"]): ESTIMATED
            for row in self._kpis.get(impact, [])
            if row["units_source"] != "reported"
        }

    def _by_cost(self, kpi: str) -> Mapping[Key, Figure]:
        """Over what is paid for whatever emits."""
        return {
            (period, name): {"cost": told["amount"], "quantity": told["cost"], "value": told["value"]}
            for period, name, told in self._true(kpi)
        }

    def _by_request(self, kpi: str) -> Mapping[Key, Figure]:
        """Over all requests of production, of the days that they were counted on.

        Requests that a reader cannot know enter as it read them: the others, and all that is emitted, are true.
        """
        read = {(name_of(row, self.period), row["scope"]): row for row in self._kpis.get("cost_per_request", [])}
        true = dict[Key, Figure]()
        for period, kpis in self.periods.items():
            thousands = Decimal(0)
            for name, whole in kpis["cost_per_1k_requests"].items():
                if "|" in name:
                    continue
                told = self._counted(period, name, whole)
                if self._uncountable(period, told):
                    row = read.get((period, f"{name} / prod"))
                    thousands += (row["denominator"] if row else None) or 0
                else:
                    thousands += Decimal(told["requests"]) / 1000
            for whole in kpis["unlabelled_requests"]:
                if not self._uncountable(period, whole):
                    thousands += Decimal(self._unlabelled(period, whole)) / 1000
            emitted = kpis[kpi]["amount"]
            if emitted is not None and thousands:
                value = (Decimal(emitted) / thousands).quantize(LAST)
                true[period, ALL] = {"cost": emitted, "quantity": thousands, "value": value}
        return true

    def _parts(self, impact: str, kpi: str) -> Mapping[Key, Figure]:
        """What the table's own amount and units come to, also of estimates."""
        emitted = {(row["billing_month"], row["period_start"], row["scope"]): row for row in self._kpis[impact]}
        true = dict[Key, Figure]()
        for row in self._kpis.get(kpi, []):
            whole = emitted[row["billing_month"], row["period_start"], row["scope"]]["numerator"]
            units = row["denominator"]
            share = (whole / units).quantize(LAST) if whole is not None and units else None
            true[name_of(row, self.period), row["scope"]] = {"cost": whole, "value": share}
        return true
