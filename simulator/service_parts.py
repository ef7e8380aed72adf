"""What a billed service is, told by its meters: the SKUs of a resource say which product's API lists it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulator.instants import zulu
from simulator.resources import Resource
from simulator.scenario import Meter
from simulator.world import World

GB = 10**9


@dataclass(frozen=True)
class Placed:
    """One item of a listing, with where it is asked for, whose it is and what it belongs to."""

    place: str
    project_id: str
    item: dict[str, Any]
    parent: str = ""


def meter(row: Resource, prefix: str) -> Meter | None:
    """The first meter of a resource whose SKU begins so."""
    return next((each for each in row.meters if each.sku.startswith(prefix)), None)


def word(row: Resource, prefix: str) -> str:
    """The word of the SKU after the prefix: the node type, the offer, the class."""
    found = meter(row, prefix)
    return found.sku.removeprefix(prefix).split("/")[0] if found else ""


def amount(row: Resource, prefix: str, default: int = 0) -> int:
    """How many units of it are in use, as a whole number."""
    found = meter(row, prefix)
    return int(found.amount) if found else default


def size(row: Resource, prefix: str) -> int:
    """Gigabytes of storage as bytes."""
    found = meter(row, prefix)
    return int(Decimal(found.amount) * GB) if found else 0


class Services:
    """The living services of a world, and what all their shapes have in common."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.organization_id = world.scenario.organization.id

    def billed_for(self, now: int, *prefixes: str) -> Iterable[Resource]:
        """Services with a meter that begins so."""
        for row in self.world.living(now):
            if row.kind == "service" and any(meter(row, prefix) for prefix in prefixes):
                yield row

    def uuid(self, *names: object) -> str:
        return self.world.identity.uuid(*names)

    def created(self, row: Resource) -> str:
        return zulu(row.created, 1 + self.world.identity.millionths("micro", row.id) % 999_999)

    def region(self, row: Resource) -> str:
        return row.zone[:6]

    def project_id(self, row: Resource) -> str:
        return self.world.project_id(row.project)

    def common(self, row: Resource) -> dict[str, Any]:
        """Identifier, name, project and dates."""
        created = self.created(row)
        return {
            "id": row.id,
            "name": row.name,
            "project_id": self.project_id(row),
            "created_at": created,
            "updated_at": created,
        }

    def in_zone(self, row: Resource, item: dict[str, Any], parent: str = "") -> Placed:
        return Placed(row.zone, self.project_id(row), {**item, "zone": row.zone}, parent)

    def in_region(self, row: Resource, item: dict[str, Any], parent: str = "") -> Placed:
        region = self.region(row)
        return Placed(region, self.project_id(row), {**item, "region": region}, parent)
