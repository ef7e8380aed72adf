"""What a series is about, and which scopes lie inside which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from pipelines.anomalies.verdicts import Floats

COST = "cost"
ORGANIZATION, PROJECT, SERVICE, REGION, SKU, RESOURCE = (
    "organization",
    "project",
    "service",
    "region",
    "sku",
    "resource",
)
LABEL, KPI = "label", "kpi"
WIDEST_FIRST = (ORGANIZATION, LABEL, PROJECT, SERVICE, REGION, SKU, RESOURCE)


@dataclass(frozen=True)
class Scope:
    """One series' name. A field is None where the scope is wider than it."""

    subject: str
    level: str
    unit: str
    project_id: str | None = None
    service_name: str | None = None
    region: str | None = None
    sku: str | None = None
    resource_id: str | None = None
    label_key: str | None = None
    label_value: str | None = None
    kpi: str | None = None

    def of(self, level: str) -> Scope:
        """The wider scope of a level: that of a resource's project, say."""
        kept = {PROJECT: ("project_id",), SERVICE: ("project_id", "service_name")}.get(level, ())
        return replace(Scope(self.subject, level, self.unit), **{name: getattr(self, name) for name in kept})

    @property
    def words(self) -> tuple[str, ...]:
        """Its fields that are set, for a hash or an order."""
        return tuple(f"{field.name}={getattr(self, field.name)}" for field in fields(self) if getattr(self, field.name))


@dataclass(frozen=True)
class Placed:
    """Where a resource's cost of one SKU lies, and who bears it."""

    project_id: str
    service_name: str
    sku: str
    resource_id: str | None
    regions: frozenset[str]
    labels: frozenset[tuple[str, str]] = frozenset()


class Tree:
    """Daily costs by scope, and how the scopes nest: organization, projects, services, SKUs, resources."""

    def __init__(self, values: Mapping[Scope, Floats], placed: Iterable[Placed] = ()) -> None:
        self.values = values
        self._skus: defaultdict[tuple[str | None, ...], set[str]] = defaultdict(set)
        self._regions: defaultdict[tuple[str | None, ...], set[str]] = defaultdict(set)
        self._labels: defaultdict[tuple[str | None, ...], set[tuple[str, str]]] = defaultdict(set)
        for place in placed:
            resource = (place.project_id, place.service_name, None, place.resource_id)
            if place.resource_id:
                self._skus[resource].add(place.sku)
            sku = (place.project_id, place.service_name, place.sku, None)
            service, project = (place.project_id, place.service_name, None, None), (place.project_id, None, None, None)
            for key in (resource, sku, service, project):
                self._regions[key] |= place.regions
                self._labels[key] |= place.labels

    def series(self, scope: Scope) -> Floats:
        """The scope's values; zeros where it has none of its own."""
        found = self.values.get(scope)
        return found if found is not None else np.zeros(self.days)

    @cached_property
    def days(self) -> int:
        """How many days every series has."""
        return len(next(iter(self.values.values()), np.zeros(0)))

    def skus_of(self, resource: Scope) -> frozenset[str]:
        """The SKUs a resource was billed as."""
        return frozenset(self._skus.get(_place(resource), ()))

    def regions_of(self, scope: Scope) -> frozenset[str]:
        """Where a scope's costs lie."""
        return frozenset((scope.region,)) if scope.region else frozenset(self._regions.get(_place(scope), ()))

    def labels_of(self, scope: Scope) -> frozenset[tuple[str, str]]:
        """The labels that a scope's costs bear."""
        return frozenset(self._labels.get(_place(scope), ()))

    def inside(self, outer: Scope, inner: Scope) -> bool:
        """Whether one scope of costs is a part of another, and not the same."""
        if outer.unit != inner.unit or outer.subject != inner.subject or outer == inner:
            return False
        if outer.level == ORGANIZATION:
            return True
        if outer.level == LABEL:
            return (outer.label_key or "", outer.label_value or "") in self.labels_of(inner)
        if outer.project_id != inner.project_id or inner.level in (ORGANIZATION, PROJECT, LABEL):
            return False
        if outer.level == PROJECT:
            return True
        if outer.level == SERVICE:
            return inner.level in (SKU, RESOURCE) and outer.service_name == inner.service_name
        if outer.level == REGION:
            return inner.level in (SKU, RESOURCE) and self.regions_of(inner) == {outer.region}
        is_of_service = inner.level == RESOURCE and outer.service_name == inner.service_name
        return outer.level == SKU and is_of_service and outer.sku in self.skus_of(inner)

    def children(self, scope: Scope, level: str) -> Sequence[Scope]:
        """The parts of a scope at a narrower level, that have values of their own."""
        project = None if scope.level in (ORGANIZATION, LABEL) else scope.project_id
        near = self._near.get((level, project, scope.service_name if project else None), ())
        return [each for each in near if self.inside(scope, each)]

    @cached_property
    def _near(self) -> Mapping[tuple[str, str | None, str | None], Sequence[Scope]]:
        """Scopes by level, by level and project, and by level, project and service."""
        found: defaultdict[tuple[str, str | None, str | None], list[Scope]] = defaultdict(list)
        for scope in self.values:
            places = {(None, None), (scope.project_id, None), (scope.project_id, scope.service_name)}
            for project, service in places:
                found[scope.level, project, service].append(scope)
        return found


def _place(scope: Scope) -> tuple[str | None, ...]:
    return (scope.project_id, scope.service_name, scope.sku, scope.resource_id)
