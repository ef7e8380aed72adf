"""What rules about GPUs share: the load of a machine in four weeks, and what it and other types cost. No rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from pipelines.recommendations.recommendation import Fact, Unjudged
from pipelines.recommendations.world import Resource, Row, World

LOAD, OFFERS = "gold.gpu_load", "silver.gpu_offers"
_DAYS = 14
_NO_NODE = "instance_server"


@dataclass(frozen=True)
class Loaded:
    """A machine with GPUs and its load."""

    server: Resource
    row: Row

    @property
    def monthly_factor(self) -> Decimal:
        """From the four weeks to 730 hours."""
        days: int = (self.row["known_until"] - self.row["known_from"]).days
        return Decimal(730) / (24 * days)

    @property
    def machine_cost(self) -> Decimal:
        """What it costs by the month under its own name: volumes and addresses go on when it stops."""
        return self.server.monthly_cost or Decimal(0)

    @property
    def evidence(self) -> dict[str, Fact]:
        """What all of these rules stand on."""
        return {
            "gpu": self.row["gpu_name"],
            "gpus": self.row["gpus"],
            "days_measured": self.row["days_measured"],
            "days_counted": self.row["days_counted"],
            "gpu_hours_charged": self.row["charged_gpu_hours"],
            "gpu_hours_busy": self.row["busy_gpu_hours"],
            "busiest_gpu_p99_share": self.row["busiest_gpu_active_ratio"],
            "gpu_memory_used_most_bytes": self.row["memory_used_bytes"],
            "window_cost": self.row["window_cost"],
            "idle_cost": self.row["idle_cost"],
            "query": f"select * from {LOAD} where resource_id = '{self.server.resource_id}'",
        }


def loaded(world: World, *resource_types: str) -> Iterator[Loaded]:
    """Machines with GPUs that exist, are no nodes of a pool and were charged in the four weeks."""
    rows = {(row["resource_id"], row["billing_currency"]): row for row in world.rows(LOAD)}
    for server in world.of_type(*(resource_types or (_NO_NODE,))):
        row = rows.get((server.resource_id, server.currency))
        if row is not None and row["pool_id"] is None and row["days_charged"] and server.monthly_cost is not None:
            yield Loaded(server, row)


def unmeasured(rule: str, machine: Loaded) -> Unjudged | None:
    """Why the GPUs' work is not known well enough; None where it is."""
    days = machine.row["days_measured"] or 0
    if days >= _DAYS and machine.row["busiest_gpu_active_ratio"] is not None:
        return None
    return Unjudged(
        rule,
        machine.server.resource_id,
        f"its GPUs were measured on {days} days (gpu_utilization_percent, NVIDIA's DCGM exporter); {_DAYS} are needed",
    )


def offers_in(world: World, machine: Loaded) -> list[Row]:
    """Types with GPUs that the machine's zone sells and that stay on sale, in its currency, cheapest first."""
    sold = [
        row
        for row in world.rows(OFFERS)
        if row["availability_zone"] == machine.server.availability_zone
        and row["billing_currency"] == machine.server.currency
        and row["monthly_list_price"]
        and not row["is_end_of_service"]
        and row["status"] in (None, "general_availability", "public_beta")
    ]
    return sorted(sold, key=lambda row: (row["monthly_list_price"], row["commercial_type"]))


def saving_of(machine: Loaded, current: Row, wanted: Row) -> Decimal:
    """What the other type takes off what this one is charged by the month, at the two list prices' ratio."""
    ratio = Decimal(wanted["monthly_list_price"]) / Decimal(current["monthly_list_price"])
    return (machine.machine_cost * (1 - ratio)).quantize(Decimal("0.01"), ROUND_DOWN)
