"""Shares, idle hours and labels: the lake's rows beside the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.kpi_compare import Comparison, Figure, compared, name_of
from benchmarks.kpi_sides import Sides

TAGLESS = "things whose product has no tags, or that were gone before anybody looked, cannot show them"
CLUSTERS = "nodes idle by what OpenCost says of their cluster, which the truth does not tell"


class Shares(Sides):
    """Environments and idle hours; of months also labels."""

    def comparisons(self) -> Iterator[Comparison]:
        """Each key figure in turn."""
        yield from self._environments()
        yield self._idle()
        if self.period == "month":
            yield from self._coverage()

    def _environments(self) -> Iterator[Comparison]:
        for kpi in ("environment_share", "non_production_share"):
            found = self._figures(kpi)
            if kpi == "environment_share":
                true = {(period, name): _share(told) for period, name, told in self._true(kpi)}
            else:
                true = {(period, "non-production"): _share(kpis[kpi]) for period, kpis in self.periods.items()}
            yield from self._both(kpi, found, true, {})

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


def _share(told: Mapping[str, Any]) -> Figure:
    return {
        "cost": told["cost"],
        "quantity": told["total"],
        "value": told["value"],
        "loaded_value": told["loaded_value"],
    }
