"""What a rule sees: the resources as they are today, with what they cost, and the tables it asked for. Plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One thing that exists today, whose it is, and what it costs by the month (730 hours) at what was charged.

    `monthly_cost` is None where nothing was charged for it under its own name in the last thirty complete days;
    `costs` are its parts by SKU. `tags` are as the inventory shows them.
    """

    resource_id: str
    resource_name: str
    resource_type: str
    resource_class: str | None
    resource_state: str | None
    project_id: str | None
    project_name: str | None
    region_id: str | None
    availability_zone: str | None
    environment: str | None
    owner: str | None
    team: str | None
    tags: tuple[str, ...]
    created_at: datetime | None
    parent_id: str | None
    monthly_cost: Decimal | None
    currency: str | None
    costs: Mapping[str, Decimal]
    kg_co2e: Decimal | None = None
    m3_water: Decimal | None = None

    @property
    def is_production(self) -> bool:
        """Whether to be careful: an environment nobody named counts as production."""
        return self.environment in (None, "prod", "production", "shared")


@dataclass(frozen=True)
class World:
    """Everything there is to judge on the day `today`. `known_until` is the first day not charged completely yet."""

    today: date
    known_until: date
    resources: Mapping[str, Resource]
    tables: Mapping[str, pa.Table] = field(default_factory=dict)

    def table(self, name: str) -> pa.Table:
        """A table the rule named in `reads`."""
        return self.tables[name]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The same as rows, in the order of the table."""
        rows: list[dict[str, Any]] = self.tables[name].to_pylist()
        return rows

    def of_type(self, *resource_types: str) -> Iterator[Resource]:
        """The resources of these types, by their ids, so that answers come in the same order every day."""
        for resource_id in sorted(self.resources):
            if self.resources[resource_id].resource_type in resource_types:
                yield self.resources[resource_id]
