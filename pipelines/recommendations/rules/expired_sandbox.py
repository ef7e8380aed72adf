"""What outlived the time its own tag gives it (`ttl=14d`, `expires=2026-09-01`), or that a sandbox gives.

How long things in a sandbox may live is a rule of the organisation and not ours: without a setting only tags count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.recommendations.changes.change import Change
from pipelines.recommendations.changes.cleanup import (
    DELETABLE,
    database_deleted,
    deleted,
    server_deleted,
    volume_deleted,
)
from pipelines.recommendations.recommendation import Answer, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import (
    ATTACHMENTS,
    COPY_PRICES,
    Unused,
    advised,
    attached_to,
    attachments,
    copy_cost,
)
from pipelines.recommendations.world import Resource, World

NAME = "expired_sandbox"
_HOLDING_DATA = frozenset({"rdb_instance", "mongodb_instance", "redis_cluster"})
_VOLUMES = frozenset({"block_volume", "instance_volume"})
_TTL = re.compile(r"^(?:ttl|max-age|lifetime)[=:]\s*(\d+)\s*(h|d|w|m)?$", re.IGNORECASE)
_EXPIRES = re.compile(r"^(?:expires?|expires-on|expiry|delete-after|until)[=:]\s*(\d{4}-\d{2}-\d{2})", re.IGNORECASE)
_DAYS = {"h": 1 / 24, "d": 1, "w": 7, "m": 30}


@dataclass(frozen=True)
class Thresholds:
    """How long a thing in a sandbox may live without a tag of its own (0: as long as it likes)."""

    sandbox_days: int = 0
    keep_snapshots_days: int = 90


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each thing that has an end, by a tag or by the setting."""
    types = sorted(DELETABLE | _VOLUMES | {"instance_server"})
    for resource in world.of_type(*types):
        end = expires_on(resource, thresholds.sandbox_days)
        if end is None:
            continue
        if isinstance(end, str):
            yield Unjudged(NAME, resource.resource_id, end)
        elif end > world.today:
            yield NothingToDo(NAME, resource.resource_id, f"it may live until {end}")
        else:
            yield _advised(world, resource, end, thresholds)


def expires_on(resource: Resource, sandbox_days: int) -> date | str | None:
    """The day from which it may go; a reason where a tag cannot be read; None where it has no end."""
    for tag in resource.tags:
        if found := _EXPIRES.match(tag):
            try:
                return date.fromisoformat(found[1])
            except ValueError:
                return f"its tag {tag} names no day"
        if found := _TTL.match(tag):
            if resource.created_at is None:
                return "it has a time to live, but when it was made is not known"
            days = int(found[1]) * _DAYS[(found[2] or "d").lower()]
            return (resource.created_at + timedelta(days=days)).date() if days < 36500 else None
    if sandbox_days > 0 and resource.environment == "sandbox":
        if resource.created_at is None:
            return "it is in a sandbox, but when it was made is not known"
        return (resource.created_at + timedelta(days=sandbox_days)).date()
    return None


def _advised(world: World, resource: Resource, end: date, thresholds: Thresholds) -> Answer:
    rows, keep = attachments(world), thresholds.keep_snapshots_days
    volumes: list[Resource] = [resource] if resource.resource_type in _VOLUMES else []
    addresses: list[Resource] = []
    if resource.resource_type == "instance_server":
        volumes = attached_to(world, rows, resource, "block_volume", "instance_volume")
        addresses = attached_to(world, rows, resource, "instance_ip")
    copies = copy_cost(world, rows, volumes, keep)
    if copies is None:
        return Unjudged(NAME, resource.resource_id, "what snapshots of its volumes cost is not in the price list")
    others = tuple(each for each in (*volumes, *addresses) if each is not resource)
    over = (world.today - end).days
    return advised(
        world,
        NAME,
        Unused(
            resource=resource,
            reason=f"Its time was over on {end}, {over} days ago.",
            action=f"Ask its owner, then delete {resource.resource_name}",
            change=_change(resource, volumes, addresses, keep),
            unused_days=over,
            evidence={
                "expired_on": end,
                "created_at": None if resource.created_at is None else resource.created_at.date(),
                "tags": ", ".join(resource.tags),
                "snapshot_cost": copies,
                "query": "select created_at, tags from silver.resources where resource_id = "
                f"'{resource.resource_id}' and valid_to is null",
            },
            others=others,
            one_off_cost=copies,
            gone=resource.resource_type not in {*_VOLUMES, "instance_server", "rdb_instance", "mongodb_instance"},
        ),
    )


def _change(resource: Resource, volumes: list[Resource], addresses: list[Resource], keep: int) -> Change:
    if resource.resource_type == "instance_server":
        return server_deleted(resource, volumes, addresses, keep)
    if resource.resource_type in _VOLUMES:
        return volume_deleted(resource, keep)
    if resource.resource_type in _HOLDING_DATA:
        return database_deleted(resource, keep)
    return deleted(resource, ("This cannot be undone: copy what it holds first, and ask its owner.",))


EXPIRED_SANDBOX = Rule(
    name=NAME,
    title="Past their time to live",
    about="Looks for things whose tag says until when they are wanted, and for those in a sandbox past its limit.",
    reads=(ATTACHMENTS, COPY_PRICES),
    thresholds=Thresholds(),
    judge=judge,
)
