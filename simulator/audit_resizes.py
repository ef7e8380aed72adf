"""Resizes: a resource that goes on under its identifier with other meters."""

from dataclasses import replace

from simulator.loading import ScenarioError
from simulator.resources import Resource


def resumed(resources: list[Resource]) -> list[Resource]:
    """The resources, where each member of a group that `continues` another is the other's member, later in its life."""
    groups: dict[str, list[Resource]] = {}
    found = []
    for resource in resources:
        before = resource.group.continues
        if before:
            position = len(groups.setdefault(resource.group.name, []))
            resource = _resumed(resource, groups.get(before, [])[position : position + 1])
        if not resource.server_id:
            groups.setdefault(resource.group.name, []).append(resource)
        found.append(resource)
    return found


def _resumed(resource: Resource, before: list[Resource]) -> Resource:
    name = resource.group.name
    if not before or before[0].kind != "service" or resource.kind != "service":
        raise ScenarioError(f"resources.{name}.continues: it needs a service group before it with as many members")
    if before[0].end != resource.start:
        raise ScenarioError(f"resources.{name}.continues: it has to begin when {before[0].group.name} ends")
    return replace(resource, id=before[0].id, name=before[0].name, born=before[0].created)
