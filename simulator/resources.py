"""Turns groups of a scenario into single resources with a life span, tags, states and meters."""

from dataclasses import dataclass
from decimal import Decimal

from simulator.identity import Identity
from simulator.instants import months_between, seconds
from simulator.price_book import instance_sku
from simulator.scenario import Load, Meter, Project, Resources, Scenario

VOLUME_SKUS = {
    "sbs_5k": "/storage/block/volume-low-latency-5k/{zone}",
    "sbs_15k": "/storage/block/volume-low-latency-15k/{zone}",
    "b_ssd": "/storage/block/ssd/storage/{joined}",
    "l_ssd": "/storage/local/ssd/storage",
}
SNAPSHOT_SKUS = {
    "block-snapshot": "/storage/block/snapshot/{zone}",
    "instance-snapshot": "/storage/snapshot/local_storage",
}
IP_SKU = "/ip/reserved"
CONTROL_PLANE = "/k8s/control-plane/"
STEADY = Load()


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing that exists from `start` until `end` (exclusive; the horizon if it still lives)."""

    id: str
    name: str
    kind: str
    group: Resources
    project: Project
    start: int
    end: int
    meters: tuple[Meter, ...]
    load: Load
    tags: tuple[tuple[int, tuple[str, ...]], ...]
    gb: int = 0
    type: str = ""
    server_id: str = ""
    server_name: str = ""
    born: int = 0  # when it began, if that was before a resize

    @property
    def created(self) -> int:
        return self.born or self.start

    @property
    def zone(self) -> str:
        return self.group.zone

    def exists(self, instant: int) -> bool:
        return self.start <= instant < self.end

    def tags_at(self, instant: int) -> tuple[str, ...]:
        return [tags for since, tags in self.tags if since <= instant][-1]


def own_skus(group: Resources) -> list[str]:
    """Every SKU the members of a group are billed for."""
    return [meter.sku for meter in (*_own_meters(group), *(m for v in _volume_meters(group) for m in v))] + (
        [IP_SKU] if group.public_ip else []
    )


def expand(scenario: Scenario, identity: Identity, horizon: int) -> list[Resource]:
    """All resources of a scenario, in the order of the file."""
    projects = {project.name: project for project in scenario.projects}
    made: list[Resource] = []
    for group in scenario.resources:
        for index, start in enumerate(_starts(scenario, group, horizon)):
            member = _member(scenario, identity, group, projects[group.project], index, (start, horizon))
            made.append(member)
            made.extend(_attached(identity, member, index))
    return made


def _starts(scenario: Scenario, group: Resources, horizon: int) -> list[int]:
    """When each member begins; a growing group of machines gains members at month starts."""
    first = seconds(group.start or scenario.start)
    starts = [first] * group.count
    if group.kind == "instance" and group.load.growth > 0:
        for age, month in enumerate(months_between(first, horizon)[1:], start=1):
            target = int(group.count * (1 + group.load.growth / 100) ** age)
            starts += [month.start] * (target - len(starts))
    return starts


def _member(
    scenario: Scenario, identity: Identity, group: Resources, project: Project, index: int, span: tuple[int, int]
) -> Resource:
    identifier = identity.uuid("resource", group.name, index)
    name = _name(group, identifier, index)
    start, horizon = span
    return Resource(
        id=name if group.identified_by == "name" else identifier,
        name=name,
        kind=group.kind,
        group=group,
        project=project,
        start=start,
        end=min(seconds(group.end), horizon) if group.end else horizon,
        meters=tuple(_own_meters(group)),
        load=group.load,
        tags=_tags(scenario, identity, group, project, index),
        gb=group.gb,
        type=group.type,
    )


def cluster_id(scenario: Scenario, identity: Identity, name: str) -> str:
    """A Kapsule cluster's identifier: that of its control plane, where it is billed."""
    for group in scenario.resources:
        if group.kapsule and group.kapsule.cluster == name and _is_control_plane(group):
            return identity.uuid("resource", group.name, 0)
    return identity.uuid("cluster", name)


def _is_control_plane(group: Resources) -> bool:
    return any(meter.sku.startswith(CONTROL_PLANE) for meter in group.meters)


def _name(group: Resources, identifier: str, index: int) -> str:
    default = "{group}" if group.count == 1 and not group.load.growth else "{group}-{index:02}"
    if group.kapsule and group.kind == "instance":
        default = "scw-{cluster}-{pool}-{short}"
    words = {
        "group": group.name,
        "index": index + 1,
        "id": identifier,
        "short": identifier[:8],
        "cluster": group.kapsule.cluster if group.kapsule else "",
        "pool": group.kapsule.pool if group.kapsule else "",
    }
    return (group.label or default).format(**words)


def _attached(identity: Identity, server: Resource, index: int) -> list[Resource]:
    """The volumes and the address that live as long as their machine."""
    group = server.group
    if server.kind != "instance":
        return []
    parts: list[tuple[str, str, int, tuple[Meter, ...]]] = [
        ("local-volume" if volume.type in ("l_ssd", "b_ssd") else "block-volume", volume.type, volume.gb, meters)
        for volume, meters in zip(group.volumes, _volume_meters(group), strict=True)
    ]
    if group.public_ip:
        parts.append(("ip", "routed_ipv4", 0, (Meter(sku=IP_SKU),)))
    return [
        Resource(
            id=identity.uuid("attached", group.name, index, position),
            name=identity.address(group.name, index) if kind == "ip" else f"{server.name}-volume-{position}",
            kind=kind,
            group=group,
            project=server.project,
            start=server.start,
            end=server.end,
            meters=meters,
            load=STEADY,
            tags=server.tags,
            gb=gb,
            type=kind_type,
            server_id=server.id,
            server_name=server.name,
        )
        for position, (kind, kind_type, gb, meters) in enumerate(parts)
    ]


def _own_meters(group: Resources) -> list[Meter]:
    sizes = Decimal(group.gb)
    if group.kind == "instance":
        return [Meter(sku=instance_sku(group.type, group.zone)), *group.meters]
    if group.kind in ("block-volume", "local-volume"):
        return [Meter(sku=_placed(VOLUME_SKUS[group.type or "sbs_5k"], group.zone), amount=sizes)]
    if group.kind in SNAPSHOT_SKUS:
        return [Meter(sku=_placed(SNAPSHOT_SKUS[group.kind], group.zone), amount=sizes)]
    if group.kind == "ip":
        return [Meter(sku=IP_SKU)]
    return list(group.meters)


def _volume_meters(group: Resources) -> list[tuple[Meter, ...]]:
    return [
        (Meter(sku=_placed(VOLUME_SKUS[volume.type], group.zone), amount=Decimal(volume.gb)),)
        for volume in group.volumes
    ]


def _placed(sku: str, zone: str) -> str:
    return sku.format(zone=zone, joined=f"{zone[:6]}{zone[-1]}")


def _tags(
    scenario: Scenario, identity: Identity, group: Resources, project: Project, index: int
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    share = project.tagged if group.tagged is None else group.tagged
    tagged = identity.millionths("tagged", group.name, index) < share * 1_000_000
    platform = _kapsule_tags(scenario, identity, group, index)
    own = [*(project.tags if group.tags is None else group.tags), *group.extra_tags] if tagged else []
    timeline = [(0, (*platform, *_filled(own, project)))]
    if tagged:
        for change in sorted(group.tag_changes, key=lambda change: change.at):
            timeline.append((seconds(change.at), (*platform, *_filled(change.tags, project))))
    return tuple(timeline)


def _filled(templates: list[str], project: Project) -> list[str]:
    words = {"environment": project.environment, "team": project.team, "project": project.name}
    return [template.format(**words) for template in templates]


def _kapsule_tags(scenario: Scenario, identity: Identity, group: Resources, index: int) -> list[str]:
    if group.kapsule is None or _is_control_plane(group):
        return []
    cluster = cluster_id(scenario, identity, group.kapsule.cluster)
    if group.kind != "instance":
        return [f"kapsule={cluster}"]
    pool = identity.uuid("pool", group.kapsule.cluster, group.kapsule.pool)
    node = identity.uuid("node", group.name, index)
    return [
        f"kapsule={cluster}",
        f"pool={pool}",
        f"pool-name={group.kapsule.pool}",
        "runtime=containerd",
        "managed=true",
        f"node={node}",
    ]
