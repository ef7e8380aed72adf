"""What the Audit Trail records: every call to Scaleway's API that made the world as it is.

What happens inside a machine is no call: a guest that powers itself off leaves no trace here. Nor does Kapsule
itself, which makes and deletes the machines of a pool: only the call that resized the pool is seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator.audit_methods import CLUSTERS, CONTAINERS, INSTANCES, POOLS, Methods, methods_of
from simulator.audit_scenario import Actor
from simulator.deploys_plan import Deploy
from simulator.instants import DAY, day_start, seconds
from simulator.loads import hours_on
from simulator.resources import Resource, cluster_id
from simulator.scenario import Project
from simulator.world import World

_ACTIONS = {"running": "poweron", "stopped": "poweroff", "stopped in place": "stop_in_place"}
_SCHEDULED = frozenset({"business-hours", "month-end"})
_SOMEBODY = Actor(name="console", address="51.15.0.1", agent="Mozilla/5.0")
_BOOT_SECONDS = 21


@dataclass(frozen=True, slots=True)
class Touched:
    """What a call was about."""

    id: str
    name: str
    created: int
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One call."""

    at: int
    methods: Methods
    method: str
    actor: Actor
    project: Project
    locality: str
    touched: Touched
    body: dict[str, Any] = field(default_factory=dict)


class Trail:
    """Everything that was called in a world, in order."""

    def __init__(self, world: World) -> None:
        self._world = world
        scenario = world.scenario
        self._actors = {actor.name: actor for actor in scenario.actors}
        self._of_project = {project: actor for actor in scenario.actors for project in actor.projects}
        self._usual = scenario.actors[0] if scenario.actors else _SOMEBODY
        self._continued = {group.continues for group in scenario.resources if group.continues}
        found = [*self._of_resources(), *self._of_pools(), *self._of_clusters(), *self._of_deploys()]
        self.events = sorted(found, key=lambda event: (event.at, event.touched.id, event.method))

    def _of_resources(self) -> Iterator[Event]:
        for row in self._world.resources:
            methods = methods_of(row)
            if methods is None or _belongs_to_node(row):
                continue
            yield from self._tag_changes(row, methods)
            if row.kind != "instance" or not row.group.kapsule:
                yield from self._life(row, methods)
                yield from self._power(row)

    def _life(self, row: Resource, methods: Methods) -> Iterator[Event]:
        actor = self._actor(row)
        if row.group.continues:
            body = {"resized_to": [meter.sku for meter in row.meters]}
            yield self._event(row.start, methods, methods.resize, row, actor, body)
        elif self._is_made(row):
            yield self._event(row.start, methods, methods.create, row, actor, _making(row))
            if row.kind == "instance":
                on = self._event(row.start + _BOOT_SECONDS, methods, "ServerAction", row, actor, {"action": "poweron"})
                yield from [on] if row.load.shape not in _SCHEDULED else []
        if self._is_deleted(row):
            by = self._actors.get(row.group.deleted_by, actor)
            yield self._event(row.end, methods, methods.delete, row, by)

    def _tag_changes(self, row: Resource, methods: Methods) -> Iterator[Event]:
        for since, tags in row.tags[1:]:
            if row.exists(since) and not row.server_id:
                yield self._event(since, methods, methods.update, row, self._actor(row), {"tags": list(tags)})

    def _power(self, row: Resource) -> Iterator[Event]:
        actor = self._actor(row)
        for change in row.group.states if row.kind == "instance" else ():
            action = _ACTIONS.get(change.state)
            if action and change.by == "api" and row.exists(seconds(change.at)):
                yield self._event(seconds(change.at), INSTANCES, "ServerAction", row, actor, {"action": action})
        if row.kind == "instance" and row.load.shape in _SCHEDULED:
            for instant, action in _schedule(row, max(row.start, self._world.start)):
                yield self._event(instant, INSTANCES, "ServerAction", row, actor, {"action": action})

    def _of_pools(self) -> Iterator[Event]:
        """Pools that begin, grow and end with their machines."""
        pools: dict[tuple[str, str], list[Resource]] = {}
        for row in self._world.resources:
            if row.kind == "instance" and row.group.kapsule:
                pools.setdefault((row.group.kapsule.cluster, row.group.kapsule.pool), []).append(row)
        for (cluster, pool), rows in pools.items():
            identifier = self._world.identity.uuid("pool", cluster, pool)
            first, actor = min(rows, key=lambda row: row.start), self._actor(rows[0])
            touched = Touched(identifier, pool, first.start)
            for instant in sorted({row.start for row in rows if self._is_made(row)}):
                method = POOLS.create if instant == first.start else POOLS.update
                body = {"size": sum(row.exists(instant) for row in rows)}
                yield Event(instant, POOLS, method, actor, first.project, first.zone[:6], touched, body)
            if all(self._is_deleted(row) for row in rows):
                end = max(row.end for row in rows)
                gone = Touched(identifier, pool, first.start, end)
                yield Event(end, POOLS, POOLS.delete, actor, first.project, first.zone[:6], gone)

    def _of_clusters(self) -> Iterator[Event]:
        """Clusters that were deleted and left volumes behind."""
        left: dict[tuple[str, int], Resource] = {}
        for row in self._world.resources:
            if row.group.kapsule and row.group.detached_at:
                left.setdefault((row.group.kapsule.cluster, seconds(row.group.detached_at)), row)
        for (name, instant), row in left.items():
            if instant < self._world.start:
                continue
            identifier = cluster_id(self._world.scenario, self._world.identity, name)
            touched = Touched(identifier, name, row.start, instant)
            body = {"with_additional_resources": False}
            yield Event(
                instant, CLUSTERS, CLUSTERS.delete, self._actor(row), row.project, row.zone[:6], touched, body
            )  # fmt: skip

    def _of_deploys(self) -> Iterator[Event]:
        rows = {row.group.name: row for row in self._world.resources if row.kind == "service"}
        for deploys in self._world.deploys.by_place.values():
            live: Deploy | None = None
            for deploy in deploys:
                row = rows.get(deploy.plan.group)
                if deploy.has_failed or row is None or not row.exists(deploy.ended):
                    continue
                yield self._redeploy(row, deploy.ended, deploy)
                if deploy.reverted and live:
                    yield self._redeploy(row, deploy.reverted, live)
                else:
                    live = deploy

    def _redeploy(self, row: Resource, instant: int, deploy: Deploy) -> Event:
        body = {"image": f"{deploy.plan.service}@{deploy.digest}", "redeploy": True}
        actor = self._actors.get(deploy.plan.actor) or self._actor(row)
        return self._event(instant, CONTAINERS, CONTAINERS.update, row, actor, body)

    def _event(
        self, at: int, methods: Methods, method: str, row: Resource, actor: Actor, body: dict[str, Any] | None = None
    ) -> Event:
        locality = row.zone if methods.is_zonal else row.zone[:6]
        deleted = at if method == methods.delete else 0
        touched = Touched(row.id, row.name, row.created, deleted)
        return Event(at, methods, method, actor, row.project, locality, touched, body or {})

    def _actor(self, row: Resource) -> Actor:
        name = row.group.actor
        return self._actors[name] if name else self._of_project.get(row.project.name, self._usual)

    def _is_made(self, row: Resource) -> bool:
        """Whether it was made within the history: what no scenario dates was there before."""
        return row.start >= self._world.start and (row.group.start is not None or row.start > self._world.start)

    def _is_deleted(self, row: Resource) -> bool:
        return row.group.end is not None and row.end < self._world.horizon and row.group.name not in self._continued


def _belongs_to_node(row: Resource) -> bool:
    """A machine's own parts come and go with it; those of a node with its pool."""
    return bool(row.server_id) and (row.kind == "ip" or row.group.kapsule is not None)


def _making(row: Resource) -> dict[str, Any]:
    if row.kind == "instance":
        return {"name": row.name, "commercial_type": row.type, "tags": list(row.tags_at(row.start))}
    return {"name": row.name} | ({"size": row.gb * 10**9} if row.gb else {})


def _schedule(row: Resource, first: int) -> Iterator[tuple[int, str]]:
    """When a machine is switched on and off; days that follow each other are one stretch."""
    since, until = 0, 0
    for day in range(day_start(first), row.end, DAY):
        on = hours_on(row.load, day)
        if on and on[0] == until:
            until = on[1]
            continue
        if since:
            yield from [(since, "poweron"), (until, "poweroff")]
        since, until = on or (0, 0)
        if since and since < first:
            since = first
    if since and until < row.end:
        yield from [(since, "poweron"), (until, "poweroff")]
