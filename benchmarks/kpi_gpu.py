"""GPUs and models: what machines cost, what of it was busy and idle, and who was asked, beside the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from benchmarks.kpi_compare import Comparison, Key, compared, name_of
from benchmarks.kpi_sides import Sides, Told

DOUBLES = Decimal(1).scaleb(-9)
"""Shares of hours are doubles: their sums agree to nine decimals of an hour or of the currency."""
UNSEEN = "what was attached to a machine that no inventory shows is not known"
_SUMS = {
    "cost": "allocation_cost",
    "charged_hours": "charged_gpu_hours",
    "measured_hours": "busy_gpu_hours + idle_gpu_hours",
    **{f"{kind}_hours": f"{kind}_gpu_hours" for kind in ("busy", "nobodys")},
    **{f"{kind}_hours": f"{kind}_idle_gpu_hours" for kind in ("queue", "warm")},
    **{f"{kind}_cost": f"{kind}_cost" for kind in ("busy", "nobodys")},
    **{f"{kind}_cost": f"{kind}_idle_cost" for kind in ("queue", "warm")},
}


class Gpus(Sides):
    """Machines with GPUs, and the models they serve."""

    def comparisons(self) -> Iterator[Comparison]:
        """Each key figure in turn."""
        true = {(period, name): told for period, name, told in self._true("gpu")}
        found = self._near(self._machines(), true)
        hidden = {key: UNSEEN for key in {*true, *found} if key[1] not in self._seen}
        for name, suffix, unknown in (("gpu_hours", "hours", {}), ("gpu_cost", "cost", hidden)):
            yield compared(name, self.period, _ending(found, suffix), _ending(true, suffix), unknown)
        models = {(period, name): told for period, name, told in self._true("cost_per_inference")}
        yield compared("cost_per_inference", self.period, self._near(self._models(), models), models, {})

    def _machines(self) -> Told:
        columns = ", ".join(f"sum({column}) as {name}" for name, column in _SUMS.items())
        rows = self.query(
            f"select billing_month, {self._start} as period_start, resource_id, {columns} "
            "from gold.gpu_days group by all"
        )
        return self._told_only({
            (name_of(row, self.period), row["resource_id"]): {
                **{name: row[name] for name in _SUMS}, "charged_hours": row["charged_hours"] or Decimal(0)
            }
            for row in rows
        })  # fmt: skip

    def _models(self) -> Told:
        rows = self.query(
            "select billing_month, period_start, resource_id, model, "
            "sum(completed_requests + coalesce(failed_requests, 0)) as requests, "
            "sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens, sum(allocation_cost) as cost "
            "from gold.cost_per_inference "
            f"where is_sum and period = '{self.period}' and completed_requests is not null "
            "and provider in ('self-hosted', 'dedicated') group by all"
        )
        return self._told_only({
            (name_of(row, self.period), f"{row['resource_id']}|{row['model']}"): {
                "requests": _whole(row["requests"]),
                "input_tokens": _whole(row["input_tokens"]),
                "output_tokens": _whole(row["output_tokens"]),
                "cost": row["cost"],
            }
            for row in rows
        })  # fmt: skip

    @property
    def _start(self) -> str:
        return "charge_date" if self.period == "day" else "cast(null as date)"

    @cached_property
    def _seen(self) -> frozenset[str]:
        """Machines that an inventory shows; others the bill alone knows."""
        rows = self.query("select distinct resource_id from silver.gpu_machines where known_by = 'inventory'")
        return frozenset(row["resource_id"] for row in rows)

    def _near(self, found: Told, true: Mapping[Key, Mapping[str, Any]]) -> Told:
        """What was found, but for differences that doubles make."""
        return {
            key: {name: _snapped(value, true.get(key, {}).get(name)) for name, value in told.items()}
            for key, told in found.items()
        }


def _ending(side: Mapping[Key, Mapping[str, Any]], suffix: str) -> Told:
    return {key: {name: value for name, value in told.items() if name.endswith(suffix)} for key, told in side.items()}


def _snapped(found: Any, true: Any) -> Any:
    if found is None or true is None or abs(Decimal(found) - Decimal(true)) > DOUBLES:
        return found
    return Decimal(true)


def _whole(value: Any) -> Any:
    """A count: completed and failed ones were told apart by a share."""
    return None if value is None else round(Decimal(value))
