"""Lightly used GPUs, each in a machine of its own, whose work fits on one of them: by its memory and its busy time.

Two servers of the same model become one, which holds the model once. Different models share the card: by time slices,
or as parts of it (MIG) where the kind has them; what they hold together must fit. Only machines of one project,
environment and zone share, and none that train.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from pipelines.recommendations.changes.gpu import shared_with
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.gpu_load import LOAD, OFFERS, Loaded, loaded, unmeasured
from pipelines.recommendations.world import World

NAME = "gpu_share"
# NVIDIA's MIG user guide: kinds that can be cut into parts with memory of their own
_WITH_PARTS = ("H100-PCIe", "H100-SXM", "B300-SXM")


@dataclass(frozen=True)
class Thresholds:
    """How full the shared GPU may become, and from which saving on the work is worth it."""

    busiest_share: float = 0.7  # of the time: the busiest hours of all of them added up, as if they were the same hours
    memory_share: float = 0.9  # of the memory of one GPU
    least_saving: Decimal = Decimal(20)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Instance with one GPU."""
    memory = {row["commercial_type"]: row["gpu_memory_bytes"] for row in world.rows(OFFERS)}
    groups: dict[tuple[str | None, ...], list[Loaded]] = defaultdict(list)
    for machine in loaded(world):
        if machine.row["gpus"] != 1:
            continue
        problem = unmeasured(NAME, machine) or _unknown(machine, memory)
        if problem is not None:
            yield problem
            continue
        server = machine.server
        place = (server.project_id, server.environment, server.availability_zone, server.resource_class)
        groups[(*place, server.currency)].append(machine)
    for key in sorted(groups, key=str):
        yield from _of_group(groups[key], memory, thresholds)


def _unknown(machine: Loaded, memory: dict[str, int | None]) -> Answer | None:
    identity = machine.server.resource_id
    if machine.row["memory_used_bytes"] is None:
        return Unjudged(NAME, identity, "what its GPU holds is not measured (gpu_memory_used_mebibytes of DCGM)")
    if memory.get(machine.server.resource_class or "") is None:
        return Unjudged(NAME, identity, f"the GPU memory of {machine.server.resource_class} is not known")
    if machine.row["training_gpu_hours"]:
        return NothingToDo(NAME, identity, "it trains: a run takes all of a GPU")
    return None


def _of_group(group: Sequence[Loaded], memory: dict[str, int | None], thresholds: Thresholds) -> Iterator[Answer]:
    """The busiest stays and takes in others, the lightest first, as long as they fit."""
    left = sorted(group, key=lambda each: (_busy(each), each.server.resource_id))
    while left:
        host = left.pop()
        held = [host]
        for guest in tuple(left):
            if _fits([*held, guest], memory[host.server.resource_class or ""] or 0, thresholds):
                left.remove(guest)
                yield _advised(host, guest, [*held, guest], thresholds)
                held.append(guest)
        if len(held) == 1:
            yield NothingToDo(NAME, host.server.resource_id, "no other GPU beside it is so little used that both fit")


def _busy(machine: Loaded) -> float:
    return float(machine.row["busiest_gpu_active_ratio"])


def _fits(machines: Sequence[Loaded], memory: int, thresholds: Thresholds) -> bool:
    busy = sum(_busy(each) for each in machines) <= thresholds.busiest_share
    return busy and (_is_one_model(machines) or _memory(machines) <= thresholds.memory_share * memory)


def _is_one_model(machines: Sequence[Loaded]) -> bool:
    """Whether all serve the same one, which is then in memory once."""
    models = {each.row["model"] for each in machines}
    return len(models) == 1 and None not in models and all(each.row["models"] == 1 for each in machines)


def _memory(machines: Sequence[Loaded]) -> int:
    return sum(each.row["memory_used_bytes"] for each in machines)


def _advised(host: Loaded, guest: Loaded, held: Sequence[Loaded], thresholds: Thresholds) -> Answer:
    server, kept = guest.server, host.server
    saving = guest.machine_cost.quantize(Decimal("0.01"), ROUND_DOWN)
    if saving < thresholds.least_saving:
        return NothingToDo(NAME, server.resource_id, f"sharing a GPU would save {saving:.2f}: not worth the work")
    is_one = _is_one_model(held)
    with_parts = host.row["gpu_name"] in _WITH_PARTS
    busy = sum(_busy(each) for each in held)
    what = "the same model, held once" if is_one else f"{_memory(held) / 2**30:.0f} GiB together"
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target=kept.resource_id,
        action=f"Serve what {server.resource_name} does on {kept.resource_name} and stop {server.resource_name}",
        reason=f"Each has a GPU of its own and works little: in their busiest hours they would take {busy:.0%} of one, "
        f"with {what}.",
        evidence={
            **guest.evidence,
            "shares_with": kept.resource_id,
            "machines_on_the_gpu": len(held),
            "busiest_share_together": round(busy, 4),
            "memory_together_bytes": max(each.row["memory_used_bytes"] for each in held) if is_one else _memory(held),
            "is_one_model": is_one,
        },
        evaluation_start=guest.row["known_from"],
        evaluation_end=guest.row["known_until"],
        monthly_saving=saving,
        # what stops the host, too, leaves nothing to share
        saves_on=frozenset({server.resource_id, kept.resource_id}),
        change=shared_with(server, kept, is_one_model=is_one, with_parts=with_parts),
        risk=Level.high if server.is_production else Level.medium,
        effort=Level.low if is_one else Level.medium,
        restart_needed=not is_one,
    )


GPU_SHARE = Rule(
    name=NAME,
    title="GPUs that could be shared",
    about="Looks for lightly used single GPUs of one project whose work fits on one of them by memory and busy time.",
    reads=(LOAD, OFFERS),
    thresholds=Thresholds(),
    judge=judge,
)
