"""Kapsule: how many nodes a pool may have, and what workloads ask for."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.world import Resource


@dataclass(frozen=True)
class Requests:
    """What one workload asks for now and should; `cpu` in cores, memory in bytes; None for one that is to go."""

    namespace: str
    kind: str
    name: str
    cpu: float
    memory_bytes: float
    wanted_cpu: float | None
    wanted_memory_bytes: float | None


def bounded(pool: Resource, least: int, most: int, today: tuple[bool, int, int]) -> Change:
    """A pool whose autoscaler keeps between `least` and `most` nodes; `today` is whether it scales, and its bounds."""
    return Change(
        cli=(_update(pool, True, least, most),),
        undo_cli=(_update(pool, *today),),
        terraform=_terraform(pool, True, least, most),
        undo_terraform=_terraform(pool, *today),
        notes=(
            "The autoscaler drains a node and removes it when what its pods ask for fits elsewhere, and brings one "
            "back when a pod finds no place; it waits ten minutes before it removes one.",
            "Pods without a controller, with local data or behind a strict disruption budget keep their node.",
            "Never power a node off instead: it stays billed until the pool loses it.",
        ),
    )


def asks_less(cluster: Resource, workloads: Sequence[Requests]) -> Change:
    """Lower requests, and nothing left of what is idle. The manifests, charts or GitOps sources have to follow."""
    region = {"region": cluster.region_id} if cluster.region_id else {}
    return Change(
        cli=(
            scw("k8s", "kubeconfig", "install", cluster.resource_id, **region),
            *(_lowered(each) for each in workloads),
        ),
        undo_cli=tuple(_restored(each) for each in workloads),
        notes=(
            "Pods restart one after the other when their requests change.",
            "A workload scaled to zero is not deleted: bring it back by its replicas, or delete its manifest.",
            "Requests that come from a chart or a GitOps repository have to change there, or they come back.",
            "The saving comes when the pool loses nodes: by its autoscaler, or by its size.",
        ),
    )


def _lowered(workload: Requests) -> str:
    if workload.wanted_cpu is None or workload.wanted_memory_bytes is None:
        return _kubectl(workload, "scale", "--replicas=0")
    return _set(workload, workload.wanted_cpu, workload.wanted_memory_bytes)


def _restored(workload: Requests) -> str:
    if workload.wanted_cpu is None:
        return _kubectl(workload, "scale", "--replicas=REPLICAS_OF_BEFORE")
    return _set(workload, workload.cpu, workload.memory_bytes)


def _set(workload: Requests, cpu: float, memory_bytes: float) -> str:
    """Requests of all its pods together, as a share of what they ask for now, are for a person to spread by replica."""
    total = f"all-pods:cpu={round(1000 * cpu)}m,memory={round(memory_bytes / 2**20)}Mi"
    return _kubectl(workload, "set resources", "--requests=cpu=CPU_OF_A_POD,memory=MEMORY_OF_A_POD") + f"  # {total}"


def _kubectl(workload: Requests, verb: str, *options: str) -> str:
    words = ["kubectl", "--namespace", workload.namespace, *verb.split(), f"{workload.kind}/{workload.name}", *options]
    return shlex.join(words)


def _update(pool: Resource, autoscaling: bool, least: int, most: int) -> str:
    region = {"region": pool.region_id} if pool.region_id else {}
    return scw(
        "k8s", "pool", "update", pool.resource_id, autoscaling=autoscaling, min_size=least, max_size=most, **region
    )


def _terraform(pool: Resource, autoscaling: bool, least: int, most: int) -> str:
    return block(
        "resource",
        "scaleway_k8s_pool",
        label(pool.resource_name),
        name=pool.resource_name,
        autoscaling=autoscaling,
        min_size=least,
        max_size=most,
    )
