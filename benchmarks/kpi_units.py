"""What a unit costs, and who bears what: the lake's rows beside the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property

from benchmarks.kpi_compare import LAST, Comparison, Figure, Key, amounts, compared, name_of, summed
from benchmarks.kpi_sides import BEFORE_COUNTS, Sides, first_day

FROM_BILL = "no metric was kept that long: sizes follow from the bill"


class Units(Sides):
    """Allocation, requests, tenants, storage, deploys, jobs and queries."""

    def comparisons(self) -> Iterator[Comparison]:
        """Each key figure in turn."""
        yield from self._allocation()
        yield from self._requests()
        yield from self._tenants()
        yield from self._storage()
        yield from self._deploys()
        yield from self._jobs()
        yield from self._queries()

    def _allocation(self) -> Iterator[Comparison]:
        for name, columns, where in (
            ("allocated", ("product", "environment", "team", "tenant"), "allocation_method <> 'unallocated'"),
            ("pools", ("pool",), "not is_direct"),
            ("unallocated", ("pool",), "not is_direct and allocation_method = 'unallocated'"),
        ):
            rows = self.query(
                f"select billing_month, charge_date as period_start, {', '.join(columns)}, sum(billed_cost) as cost "
                f"from gold.allocated_costs where {where} group by all"
            )
            true = amounts(self.periods, name)
            unknown = self._untold(true) if name == "allocated" else {}
            found = summed(rows, self.period, *columns)
            unknown |= self._untold(found) if name == "allocated" else {}
            yield compared(name, self.period, found, true, unknown)

    def _requests(self) -> Iterator[Comparison]:
        found = self._figures("cost_per_request")
        true, unknown = dict[Key, Figure](), dict[Key, str]()
        for period, name, whole in self._true("cost_per_1k_requests"):
            product, _, environment = name.partition("|")
            key = period, f"{product} / {environment or 'prod'}"
            told = self._counted(period, name, whole)
            true[key] = {
                "cost": told["cost_direct"],
                "quantity": Decimal(told["requests"]) / 1000,
                "value": told["value"],
                "loaded_value": told["loaded_value"],
            }
            if reason := self._uncountable(period, told):
                unknown[key] = reason
        yield from self._both("cost_per_request", found, true, unknown)

    def _tenants(self) -> Iterator[Comparison]:
        found = {
            (name_of(row, self.period), row["tenant"] or row["scope"]): {
                "cost": row["direct_cost"],
                "value": row["unit_cost"] if row["direct_cost"] else None,
                "quantity": row["units"],
                "active": row["is_active"],
                "loaded_cost": row["loaded_cost"],
                "loaded_value": row["loaded_unit_cost"],
            }
            for row in self._rows("cost_per_tenant")
        }
        true = dict[Key, Figure]()
        for period, name, told in self._true("cost_per_tenant"):
            true[period, name] = {"loaded_cost": told["cost_loaded"]}
            if name != "unattributed":
                true[period, name] = {
                    "cost": told["cost_direct"],
                    "value": told["value"] if Decimal(told["cost_direct"]) else None,
                    "quantity": told.get("tenants", 1),
                    "active": told.get("active"),
                    "loaded_cost": told["cost_loaded"],
                    "loaded_value": told["loaded_value"],
                }
        unknown = {key: BEFORE_COUNTS for key in {**found, **true} if key[0] in self._uncounted}
        yield from self._both("cost_per_tenant", found, true, unknown)
        if self.period == "month":
            yield self._margins(true, unknown)

    @cached_property
    def _uncounted(self) -> set[str]:
        """Periods that began before the counts that tenants share their cost by."""
        return {
            period
            for period, _, told in self._true("cost_per_1k_requests")
            if told["known_from"] and first_day(period) < date.fromisoformat(told["known_from"])
        }

    def _margins(self, costs: Mapping[Key, Figure], unknown: Mapping[Key, str]) -> Comparison:
        """The contract less what the tenant truly costs."""
        found, true = dict[Key, Figure](), dict[Key, Figure]()
        for row in self.query("select * from gold.tenant_margins where reason is null"):
            key = row["billing_month"], row["tenant"]
            found[key] = {"cost": row["margin_amount"], "value": row["margin_share"], "below": row["is_below_target"]}
            margin = row["price_amount"] - Decimal(costs[key]["loaded_cost"])
            below = margin / row["price_amount"] < row["target_share"]
            share = (margin / row["price_amount"]).quantize(LAST)
            true[key] = {"cost": margin, "value": share, "below": below}
        return compared("tenant_margins", self.period, found, true, {**unknown, **self._untold(found)})

    def _storage(self) -> Iterator[Comparison]:
        found = self._figures("cost_per_gb")
        sources = {
            (name_of(row, self.period), row["scope"]): row["units_source"] for row in self._kpis.get("cost_per_gb", [])
        }
        true, unknown = dict[Key, Figure](), dict[Key, str]()
        for period, name, told in self._true("cost_per_gb"):
            key = period, name.replace("|", " / ")
            true[key] = {"cost": told["cost_direct"], "quantity": told["gb_months"], "value": told["value"]}
            if first_day(period) < date.fromisoformat(told["known_from"]) or "bill (" in sources.get(key, ""):
                unknown[key] = FROM_BILL
        yield compared("cost_per_gb", self.period, found, true, unknown)

    def _deploys(self) -> Iterator[Comparison]:
        found = {
            (name_of(row, self.period), row["service"] or row["scope"]): {
                "cost": row["direct_cost"],
                "quantity": row["units"],
                "value": row["unit_cost"],
                "failed": row["failed_deploys"],
                "rolled_back": row["rolled_back_deploys"],
                "loaded_cost": row["loaded_cost"],
                "loaded_value": row["loaded_unit_cost"],
            }
            for row in self._rows("cost_per_deploy")
        }
        true = {
            (period, name): {
                "cost": told["cost_direct"],
                "quantity": told["deploys"],
                "value": told["value"],
                "failed": told["failed"],
                "rolled_back": told["rolled_back"],
                "loaded_cost": told["cost_loaded"],
                "loaded_value": told["loaded_value"],
            }
            for period, kpis in self.periods.items()
            for name, told in {
                "all services": kpis["cost_per_deploy"],
                **kpis["cost_per_deploy_by_service"],
            }.items()
        }
        yield from self._both("cost_per_deploy", found, true, {})

    def _jobs(self) -> Iterator[Comparison]:
        found = {
            (name_of(row, self.period), row["job_name"] or row["batch_window"] or row["scope"]): {
                "cost": row["direct_cost"],
                "quantity": row["units"],
                "value": row["unit_cost"],
                "failed": row["failed_runs"],
            }
            for row in self._rows("cost_per_job")
        }
        true = {
            (period, name): {
                "cost": told["cost_direct"],
                "quantity": told["runs"],
                "value": told["value"],
                "failed": told["failed"],
            }
            for kpi in ("cost_per_job", "cost_per_job_by_window")
            for period, name, told in self._true(kpi)
        }
        yield compared("cost_per_job", self.period, self._told_only(found), true, {})

    def _queries(self) -> Iterator[Comparison]:
        found = {
            (name_of(row, self.period), row["service"]): {
                "cost": row["direct_cost"],
                "quantity": row["units"],
                "value": row["unit_cost"],
            }
            for row in self._rows("cost_per_query")
            if row["service"] is not None
        }
        true = {
            (period, name): {"cost": told["cost_direct"], "quantity": told["queries"], "value": told["value"]}
            for period, name, told in self._true("cost_per_query")
        }
        yield compared("cost_per_query", self.period, found, true, {})
