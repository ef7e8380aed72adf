"""Serverless containers and functions: memory, and how many instances are kept warm; a new revision each time."""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.world import Resource

_MB = 10**6


def memory(service: Resource, limit_bytes: int, today_bytes: int) -> Change:
    """Another memory limit. A function's processors follow it."""
    return _changed(service, _memory(service, limit_bytes), _memory(service, today_bytes))


def least_instances(service: Resource, wanted: int, today: int) -> Change:
    """Another number of instances that are kept warm."""
    return _changed(service, {"min_scale": wanted}, {"min_scale": today})


def _changed(service: Resource, wanted: dict[str, int], today: dict[str, int]) -> Change:
    return Change(
        cli=(_update(service, wanted),),
        undo_cli=(_update(service, today),),
        terraform=_block(service, wanted),
        undo_terraform=_block(service, today),
        notes=("A new revision is rolled out; requests go on while it starts.",),
    )


def _memory(service: Resource, limit_bytes: int) -> dict[str, int]:
    if service.resource_type == "containers_container":
        return {"memory_limit_bytes": limit_bytes}
    return {"memory_limit": limit_bytes // _MB}


def _update(service: Resource, what: dict[str, int]) -> str:
    product = "container" if service.resource_type == "containers_container" else "function"
    return scw(product, product, "update", service.resource_id, **what, region=service.region_id or "")


def _block(service: Resource, what: dict[str, int]) -> str:
    kind = "scaleway_container" if service.resource_type == "containers_container" else "scaleway_function"
    return block("resource", kind, label(service.resource_name), name=service.resource_name, **what)
