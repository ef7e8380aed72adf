"""Shares, footprint, labels and savings: the lake's rows beside the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from benchmarks.kpi_compare import LAST, Comparison, Figure, Key, compared, name_of
from benchmarks.kpi_sides import Sides

TAGLESS = "things whose product has no tags, or that were gone before anybody looked, cannot show them"
CLUSTERS = "nodes idle by what OpenCost says of their cluster, which the truth does not tell"
UNVERIFIED = "billing.charges_are_net is not set"
RUNNING = "the month is not over"
FOUND = "the table counts the savings that are found, the truth those that are planted"
ESTIMATED = "Scaleway's report was read for whole months, so this is the price list's estimate"


class Shares(Sides):
    """Environments, footprint, idle hours; of months also labels and savings."""

    def comparisons(self) -> Iterator[Comparison]:
        """Each key figure in turn."""
        yield from self._environments()
        yield from self._footprint()
        yield from self._intensity()
        yield self._idle()
        if self.period == "month":
            yield from self._coverage()
            yield self._listed()
            yield self._saved()
            yield from self._efficiency()

    def _environments(self) -> Iterator[Comparison]:
        for kpi in ("environment_share", "non_production_share"):
            found = self._figures(kpi)
            if kpi == "environment_share":
                true = {(period, name): _share(told) for period, name, told in self._true(kpi)}
            else:
                true = {(period, "non-production"): _share(kpis[kpi]) for period, kpis in self.periods.items()}
            yield from self._both(kpi, found, true, {})

    def _footprint(self) -> Iterator[Comparison]:
        for kpi in ("carbon", "water"):
            true = dict[Key, Figure]()
            for period, kpis in self.periods.items():
                for name, told in kpis[kpi].items():
                    true[period, name] = {"cost": told}
                true[period, "all"] = {"cost": sum(map(Decimal, kpis[kpi].values()))}
            unknown = {
                (name_of(row, self.period), row["scope"]): ESTIMATED
                for row in self._kpis.get(kpi, [])
                if row["units_source"] != "reported"
            }
            yield compared(kpi, self.period, self._figures(kpi), true, unknown)

    def _intensity(self) -> Iterator[Comparison]:
        """Footprint over what was charged, and over all requests of production."""
        for impact in ("carbon", "water"):
            emitted = {(row["billing_month"], row["period_start"], row["scope"]): row for row in self._kpis[impact]}
            for kpi in (f"{impact}_per_currency", f"{impact}_per_1k_requests"):
                found, true = self._figures(kpi), dict[Key, Figure]()
                for row in self._kpis.get(kpi, []):
                    whole = emitted[row["billing_month"], row["period_start"], row["scope"]]["numerator"]
                    units = row["denominator"]
                    share = (whole / units).quantize(LAST) if whole is not None and units else None
                    true[name_of(row, self.period), row["scope"]] = {"cost": whole, "value": share}
                yield compared(kpi, self.period, found, true, {})

    def _idle(self) -> Comparison:
        true = {
            (period, name): {"cost": told["idle"], "quantity": told["measured"], "value": told["value"]}
            for period, name, told in self._true("idle_share")
        }
        sql = (
            "select distinct billing_month, usage_date as period_start from silver.idle_hours "
            "where measured_by = 'kubernetes'"
        )
        periods = {name_of(row, self.period) for row in self.query(sql)}
        hidden = {
            key: CLUSTERS for key in true if key[0] in periods and key[1] in ("Instances", "GPU Instances", "all")
        }
        return compared("idle_share", self.period, self._figures("idle_share"), true, hidden)

    def _coverage(self) -> Iterator[Comparison]:
        for kpi, amount, total, value in (
            ("tag_coverage_by_cost", "cost", "total", "value"),
            ("tag_coverage_by_count", "resources", "total_resources", "resource_value"),
        ):
            true = {
                (period, name): {"cost": told[amount], "quantity": told[total], "value": told[value]}
                for period, name, told in self._true("tag_coverage")
            }
            # the world tags everything, and some products have no tags to show
            hidden = {key: TAGLESS for key in true if key[1] != "owner"}
            yield compared(kpi, self.period, self._figures(kpi), true, hidden)

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

    def _savings_rates(self) -> Mapping[Key, Mapping[str, Any]]:
        """What is true of months that are over."""
        name = "effective_savings_rate"
        return {(period, "all"): kpis[name] for period, kpis in self.periods.items() if name in kpis}

    def _running(self, found: Mapping[Key, Figure], true: Mapping[Key, Figure]) -> dict[Key, str]:
        return {key: RUNNING for key in found if key not in true}

    def _efficiency(self) -> Iterator[Comparison]:
        rows = {(name_of(row, self.period), "all"): row for row in self._rows("cost_efficiency")}
        true = {(period, "all"): kpis["cost_efficiency"] for period, kpis in self.periods.items()}
        spend = {key: {"cost": row["denominator"]} for key, row in rows.items()}
        whole = {key: {"cost": told["optimisable_cost"]} for key, told in true.items()}
        yield compared("cost_efficiency, denominator", self.period, spend, whole, {})
        value = {key: {"value": row["value"]} for key, row in rows.items()}
        planted = {key: {"value": told["value"]} for key, told in true.items()}
        yield compared("cost_efficiency", self.period, value, planted, dict.fromkeys(rows, FOUND))


def _share(told: Mapping[str, Any]) -> Figure:
    return {
        "cost": told["cost"],
        "quantity": told["total"],
        "value": told["value"],
        "loaded_value": told["loaded_value"],
    }
