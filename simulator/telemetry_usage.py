"""How busy a group is: what its scenario says, and otherwise what is usual for its environment and its role."""

from dataclasses import dataclass
from typing import TypeVar

from simulator.resources import Resource
from simulator.telemetry_scenario import Usage
from simulator.telemetry_shapes import Levels

UNSAID = Usage()
PRODUCTION = "prod"
_ENVIRONMENTS = ("prod", "staging", "dev", "sandbox", "shared")
T = TypeVar("T")
_OFFICE = ("staging", "dev", "shared")


@dataclass(frozen=True)
class Quantity:
    """Something that is used: its number makes its chance its own; levels by environment, the rest as production. The
    least that is used of it is a share of the median."""

    number: int
    name: str
    usual: dict[str, tuple[float, float]]
    least: float


def by_environment(*usual: T) -> dict[str, T]:
    """What is usual for production, staging, development, a sandbox, and what all share."""
    return dict(zip(_ENVIRONMENTS, usual, strict=True))


def _quantity(number: int, name: str, *usual: tuple[float, float], least: float = 0.5) -> Quantity:
    return Quantity(number, name, by_environment(*usual), least)


CPU = _quantity(1, "cpu", (0.24, 0.52), (0.05, 0.22), (0.06, 0.36), (0.02, 0.08), (0.16, 0.58))
MEMORY = _quantity(2, "memory", (0.56, 0.68), (0.38, 0.46), (0.40, 0.55), (0.20, 0.27), (0.48, 0.66), least=0.9)
DISK = _quantity(3, "disk", (0.06, 0.22), (0.01, 0.06), (0.02, 0.12), (0.003, 0.02), (0.05, 0.30))
NETWORK = _quantity(4, "network", (0.05, 0.16), (0.006, 0.03), (0.008, 0.05), (0.001, 0.008), (0.03, 0.20))
GPU = _quantity(5, "gpu", (0.42, 0.86), (0.05, 0.30), (0.06, 0.45), (0.30, 0.90), (0.20, 0.60))
GPU_MEMORY = _quantity(
    6, "gpu_memory", (0.78, 0.84), (0.72, 0.78), (0.40, 0.70), (0.40, 0.80), (0.50, 0.60), least=0.95
)
CONNECTIONS = _quantity(7, "connections", (0.28, 0.52), (0.05, 0.14), (0.04, 0.12), (0.01, 0.03), (0.10, 0.25))
_FILESYSTEM = by_environment(0.55, 0.35, 0.40, 0.15, 0.50)


def usage_of(resource: Resource) -> Usage:
    """What the scenario says of a resource's group."""
    return resource.group.usage or UNSAID


def shape_of(resource: Resource, said: str | None = None) -> str:
    """The shape of its load: people work by day, shops sell in the evening, batches close months."""
    told = said or usage_of(resource).shape
    if told:
        return told
    load, environment = resource.group.load.shape, resource.project.environment
    if load == "business-hours":
        return "office-hours"
    if load == "month-end":
        return "month-end"
    if environment in _OFFICE:
        return "office-hours"
    return "consumer" if environment == PRODUCTION else "flat"


def levels_of(resource: Resource, quantity: Quantity) -> Levels:
    """The levels of one quantity. One that is said without its 95th percentile swings as usual around it."""
    usage = usage_of(resource)
    half, most = quantity.usual.get(resource.project.environment, quantity.usual[PRODUCTION])
    said = getattr(usage, quantity.name)
    said_most = getattr(usage, f"{quantity.name}_p95", None)
    if said is not None:
        most = said_most if said_most is not None else min(1.0, said * most / half, said + most - half)
        half = said
    return Levels.of(half, most, quantity.least)


def filling_of(resource: Resource) -> tuple[float, float]:
    """The part of its storage that is used on the scenario's today, and by how much it grows in a month."""
    usage = usage_of(resource)
    usual = _FILESYSTEM.get(resource.project.environment, _FILESYSTEM[PRODUCTION])
    return (usual if usage.filesystem is None else usage.filesystem), usage.filling
