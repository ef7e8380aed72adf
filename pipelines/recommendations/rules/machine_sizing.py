"""A machine with its offers: its recorded load is replayed against every size of its zone that it could move to.

Prices of other sizes are what was charged for this one, brought to the other's list price, so that a discount and the
hours it is switched off are kept. What a replay cannot know is left out before: other architectures, GPUs, sizes about
to be withdrawn, shared processors and development ranges for production that has better. A size without the local
storage in use costs the block storage that takes its place.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from pipelines.recommendations.recommendation import Basis, Fact, NothingToDo, Unjudged
from pipelines.recommendations.rightsizing.answers import Keep, Resize
from pipelines.recommendations.rightsizing.answers import Unjudged as Unsized
from pipelines.recommendations.rightsizing.deciding import rightsize
from pipelines.recommendations.rightsizing.load import Load
from pipelines.recommendations.rightsizing.offers import PRODUCTION, Offer, Policy
from pipelines.recommendations.rightsizing.recorded import RecordedLoads
from pipelines.recommendations.world import Resource, World

OFFERS, DEMAND = "silver.offers", "gold.machine_demand"
GIB, GB = 2**30, 10**9
_STANDBY = ("stopped in place", "stopped_in_place", "stopping", "locked", "archived")
_OF_THE_MACHINE = re.compile(r"^/compute/|^/baremetal/[^/]+/(hourly|monthly)/run")
_SOLD = ("general_availability", "end_of_new_features", None)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Machine:
    """A server, what its zone sells, what it costs by itself and what was measured of it."""

    server: Resource
    current: Row
    sold: Sequence[Row]
    cost: Decimal
    basis: Basis
    seen: Row
    local_cost: Decimal = Decimal(0)  # of its local volumes, which go where a size cannot hold them

    @property
    def offer(self) -> Offer:
        """What it is today."""
        return self.priced(self.current)

    @cached_property
    def local_gb(self) -> int:
        """GB of local volumes it holds."""
        return int(self.seen["local_volume_bytes"] or 0) // GB

    def loses_local(self, row: Row) -> bool:
        """Whether a size cannot hold its local volumes."""
        return not _holds_local(row, self.seen)

    def saves_on(self, row: Row) -> frozenset[str]:
        """What its move to a size takes away: its own cost, and that of local volumes the size cannot hold."""
        volumes = self.seen["local_volume_ids"] if self.loses_local(row) else ()
        return frozenset((self.server.resource_id, *(volumes or ())))

    def priced(self, row: Row) -> Offer:
        """A size at what this machine would pay for it, block storage for lost local storage included."""
        price = self.cost * row["monthly_list_price"] / self.current["monthly_list_price"]
        if self.loses_local(row):
            price += self.local_gb * row["block_gb_price"] - self.local_cost
        network = row["network_bits_per_second"]
        disk = row["block_bytes_per_second"]
        return Offer(
            row["offer_name"],
            float(row["vcpus"]),
            row["memory_bytes"] / GIB,
            price,
            None if network is None else network / 8000,
            None if disk is None or self.local_gb else disk / 1000,
        )


@dataclass(frozen=True)
class SizedMachine:
    """A machine and what the replay says of it."""

    machine: Machine
    load: Load
    answer: Resize | Keep

    def row(self, offer: Offer) -> Row:
        """What the zone's listing says of an offer of the answer."""
        return next(each for each in (self.machine.current, *self.machine.sold) if each["offer_name"] == offer.name)


class Machines:
    """The servers of one type, by the tables a rule reads."""

    def __init__(self, world: World, resource_type: str = "instance_server") -> None:
        self._world, self._type = world, resource_type
        self._offers: dict[str, list[Row]] = defaultdict(list)
        for row in world.rows(OFFERS):
            if row["resource_type"] == resource_type:
                self._offers[row["availability_zone"]].append(row)
        self.loads = RecordedLoads(world.table(DEMAND))

    def told(self, rule: str) -> Iterator[Machine | Unjudged | NothingToDo]:
        """Each server that is a machine of its own, beside its offers; or why it cannot be judged."""
        for server in self._world.of_type(self._type):
            found = self._machine(server, rule)
            if found is not None:
                yield found

    def _machine(self, server: Resource, rule: str) -> Machine | Unjudged | NothingToDo | None:
        seen = self.loads.row(server.resource_id)
        if seen is not None and seen["pool_id"]:
            return None  # a node of a pool is changed through its pool
        if server.resource_state in _STANDBY:
            return None  # a machine on standby is another rule's
        listed = self._offers.get(server.availability_zone or "", [])
        listed = [row for row in listed if row["subscription_period"] == _subscription(server)]
        current = next((row for row in listed if row["offer_name"] == server.resource_class), None)
        if current is not None and current["gpu_count"]:
            return None
        if current is None or not _is_sized(current):
            return Unjudged(
                rule, server.resource_id, f"the size of {server.resource_class} is not in the listing of its zone"
            )
        if seen is None:
            return Unjudged(rule, server.resource_id, "it is newer than what was measured")
        cost = sum((cost for sku, cost in server.costs.items() if _OF_THE_MACHINE.match(sku)), Decimal(0))
        basis = Basis.charged if cost > 0 else Basis.list_price
        if cost > 0 and server.currency not in (None, current["billing_currency"]):
            return Unjudged(rule, server.resource_id, f"its offers are listed in {current['billing_currency']}")
        sold = [
            row
            for row in listed
            if row is not current
            and may_move(server, current, row, self._world.today)
            and (_holds_local(row, seen) or row["block_gb_price"] is not None)
        ]
        price = cost if cost > 0 else current["monthly_list_price"]
        return Machine(server, current, sold, price, basis, seen, self._local_cost(seen))

    def _local_cost(self, seen: Row) -> Decimal:
        volumes = (self._world.resources.get(volume_id) for volume_id in seen["local_volume_ids"] or ())
        return sum((each.monthly_cost for each in volumes if each and each.monthly_cost), Decimal(0))

    def listed(self, machine: Machine) -> Sequence[Row]:
        """Every size of the machine's zone, of whatever architecture."""
        return self._offers[machine.server.availability_zone or ""]

    def sized(self, rule: str, **changes: float) -> Iterator[SizedMachine | Unjudged | NothingToDo]:
        """Each server beside what the replay of its load says, or why nothing can be said.

        `changes` are fields of the environment's policy that the rule sees otherwise.
        """
        for machine in self.told(rule):
            if not isinstance(machine, Machine):
                yield machine
                continue
            server, offer = machine.server, machine.offer
            load = self.loads.load(server.resource_id, offer.vcpus, offer.memory_gib)
            policy = replace(PRODUCTION if server.is_production else Policy(), **changes)  # type: ignore[arg-type]
            answer = rightsize(load, offer, [machine.priced(row) for row in machine.sold], policy)
            if isinstance(answer, Unsized):
                yield Unjudged(rule, server.resource_id, answer.reason)
            else:
                yield SizedMachine(machine, load, answer)


def is_leaving(row: Row, today: date) -> bool:
    """Whether a size is withdrawn, or the day from which it will not be sold is known."""
    ends = (row["end_of_growth_on"], row["end_of_sale_on"], row["end_of_life_on"])
    return bool(row["is_end_of_service"]) or row["status"] not in _SOLD or any(ends)


def is_sold(row: Row, today: date) -> bool:
    """Whether a size can still be taken today, and so be gone back to."""
    ended = row["end_of_sale_on"] is not None and row["end_of_sale_on"] <= today
    return row["status"] in _SOLD and not row["is_end_of_service"] and not ended


def evidence(sized: SizedMachine) -> dict[str, Fact]:
    """The numbers behind an answer, with their units; shares are of the recorded time."""
    found, seen, answer = sized.answer.evidence, sized.machine.seen, sized.answer
    memory = found.memory
    return {
        "metric": "instance_cpu_ratio or node_cpu_ratio ÷ (1 − steal), node_memory_used_ratio; network and disk bytes",
        "current_type": answer.current.name,
        "vcpus": answer.current.vcpus,
        "memory_gib": answer.current.memory_gib,
        "cpu_p50_vcpus": found.cpu.p50,
        "cpu_p95_vcpus": found.cpu.p95,
        "cpu_p995_vcpus": found.cpu.p995,
        "cpu_worst_week_p99_vcpus": found.cpu.worst_week_p99,
        "cpu_p95_ratio": seen["cpu_p95_ratio"],
        "steal_p95_ratio": seen["steal_p95_ratio"],
        "memory_p95_gib": None if memory is None else memory.p95,
        "memory_recurring_peak_gib": None if memory is None else memory.recurring_peak,
        "network_p99_kb_per_s": None if sized.load.network is None else sized.load.network.p99,
        "disk_p99_kb_per_s": None if sized.load.disk is None else sized.load.disk.p99,
        "disk_operations_p99_per_s": seen["disk_operations_p99"],
        "disk_queue_p95": seen["disk_queue_p95"],
        "packets_p99_per_s": seen["packets_p99"],
        "retransmits_p99_per_s": seen["retransmits_p99"],
        "over_capacity_now_share": found.over_capacity_now,
        "over_capacity_then_share": found.over_capacity_then,
        "cpu_headroom_share": found.cpu_headroom,
        "memory_headroom_share": found.memory_headroom,
        "saturation_risk": answer.risk,
        "samples": found.samples,
        "coverage_share": found.coverage,
        "days": found.days,
        "weekends": found.weekends,
        "not_measured": list(found.missing),
        "why_not_smaller": answer.why_not_smaller,
        "query": f"select cpu_p95_ratio, memory_max_ratio from {DEMAND} "
        f"where resource_id = '{sized.machine.server.resource_id}' order by usage_month desc limit 1",
    }


def _subscription(server: Resource) -> str:
    return "monthly" if any("/monthly/run" in sku for sku in server.costs) else "hourly"


def _holds_local(row: Row, seen: Row) -> bool:
    return (row["local_storage_bytes"] or 0) >= (seen["local_volume_bytes"] or 0)


def _is_sized(row: Row) -> bool:
    return row["vcpus"] is not None and row["memory_bytes"] is not None and bool(row["monthly_list_price"])


def may_move(server: Resource, current: Row, row: Row, today: date, architecture: str | None = None) -> bool:
    """Whether the machine could run there at all, whatever its load; on its own architecture unless one is named.

    Production gives up neither dedicated processors nor more than half of its memory in one step: what the page cache
    holds of the rest is not in any metric.
    """
    if not _is_sized(row) or is_leaving(row, today) or row["gpu_count"] or row["stock"] == "empty":
        return False
    wanted = architecture or current["architecture"]
    if row["architecture"] != wanted or row["billing_currency"] != current["billing_currency"]:
        return False
    if not server.is_production:
        return True
    was_development = current["offer_range"] == "Development"
    was_shared = current["has_dedicated_vcpus"] is False
    return (
        (was_development or row["offer_range"] != "Development")
        and (was_shared or row["has_dedicated_vcpus"] is True)
        and 2 * row["memory_bytes"] >= current["memory_bytes"]
    )
