"""What the rules about idle machines share: whether measurements say that a machine does nothing. No rule itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.recommendations.recommendation import Fact
from pipelines.recommendations.world import Resource, World

ACTIVITY = "gold.machine_activity"
AGENT_COST = "an agent that tells it costs about 13 euros a month and machine"


@dataclass(frozen=True)
class Idle:
    """It does nothing; `is_network_known` says whether that stands on more than its processors."""

    row: Mapping[str, Any]
    is_network_known: bool


@dataclass(frozen=True)
class Busy:
    """It does something, and what."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """What is missing to tell."""

    reason: str


@dataclass(frozen=True)
class Quiet:
    """Below which a machine does nothing. The processors' level is the peak that AWS Compute Optimizer calls idle."""

    least_days: int = 14
    least_weekends: int = 2
    least_hours_a_day: float = 12  # on less than that it is switched on for a purpose, and off when that is done
    cpu_peak_ratio: float = 0.05  # 99.5th percentile; an operating system alone takes one to two percent
    cpu_alone_ratio: float = 0.03  # the same where the network is not measured: less evidence, a lower bar
    network_bytes_per_day: int = 5_000_000  # what monitoring and updates take is more; both directions


def activity(world: World) -> dict[str, dict[str, Any]]:
    """How busy each machine is, by resource."""
    return {row["resource_id"]: row for row in world.rows(ACTIVITY)}


def by_cpu(server: Resource, row: Mapping[str, Any] | None, quiet: Quiet) -> Idle | Busy | Unknown:
    """Judged by its processors and its network: both have to be quiet, and the network's silence has to be seen."""
    if row is None or row["cpu_p995_ratio"] is None:
        return Unknown("its processors are not measured (instance_cpu_ratio or node_cpu_ratio)")
    short = _too_short(row["cpu_days"], row["cpu_weekends"], quiet)
    if short:
        return short
    if row["cpu_hours"] is None or row["is_node"] is None:
        return Unknown("how long it was on, or whether it is the node of a pool, is not known")
    if row["cpu_hours"] < quiet.least_hours_a_day * row["cpu_days"]:
        return Busy("it is switched on for some hours of a day only")
    if row["cpu_p995_ratio"] >= Decimal(str(quiet.cpu_peak_ratio)):
        return Busy(f"its processors peak at {row['cpu_p995_ratio']:.0%}")
    if row["network_bytes_per_day"] is not None:
        if row["network_bytes_per_day"] >= quiet.network_bytes_per_day:
            return Busy(f"{row['network_bytes_per_day'] / 10**6:,.0f} MB a day go over its network")
        return Idle(row, True)
    missing = "its network is not measured (node_network_received_bytes)"
    if server.is_production:
        return Unknown(f"its processors are quiet, but {missing}, and it is in production; {AGENT_COST}")
    if row["cpu_p995_ratio"] >= Decimal(str(quiet.cpu_alone_ratio)):
        return Unknown(f"its processors are nearly quiet, and {missing}; {AGENT_COST}")
    return Idle(row, False)


def by_gpu(row: Mapping[str, Any] | None, quiet: Quiet, gpu_peak_percent: float) -> Idle | Busy | Unknown:
    """Judged by its GPUs: quiet processors are no sign, since a model that waits takes none of either."""
    if row is None or row["gpu_max_percent"] is None:
        return Unknown("its GPUs are not measured (gpu_utilization_percent, an NVIDIA exporter tells it)")
    short = _too_short(row["gpu_days"], row["gpu_weekends"], quiet)
    if short:
        return short
    if row["is_node"] is None:
        return Unknown("whether it is the node of a pool is not known")
    if row["gpu_max_percent"] > Decimal(str(gpu_peak_percent)):
        return Busy(f"its GPUs reach {row['gpu_max_percent']:.0f} %")
    return Idle(row, row["network_bytes_per_day"] is not None)


def facts(found: Idle, server: Resource) -> dict[str, Fact]:
    """The numbers behind it."""
    names = (
        "cpu_days",
        "cpu_weekends",
        "cpu_hours",
        "cpu_p95_ratio",
        "cpu_p995_ratio",
        "cpu_max_ratio",
        "steal_max_ratio",
        "gpu_mean_percent",
        "gpu_max_percent",
        "network_bytes_per_day",
        "last_active_on",
        "measured_from",
    )
    return {
        **{name: found.row[name] for name in names},
        "missing_metric": None if found.is_network_known else "node_network_received_bytes",
        "query": f"select * from {ACTIVITY} where resource_id = '{server.resource_id}' order by billing_month desc",
    }


def _too_short(days: int | None, weekends: int | None, quiet: Quiet) -> Unknown | None:
    if (days or 0) < quiet.least_days or (weekends or 0) < quiet.least_weekends:
        return Unknown(
            f"only {days or 0} days with {weekends or 0} weekends are measured of the {quiet.least_days} days with "
            f"{quiet.least_weekends} weekends that it takes"
        )
    return None
