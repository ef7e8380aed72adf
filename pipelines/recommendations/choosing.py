"""Which recommendations can be followed together, and which of them together save the most.

Two that save on one resource overlap, and their savings are never added. The best set is a heaviest independent set of
the graph of overlaps; it is found exactly, one connected part after the other, by branch and bound with reductions
(Lamm et al., "Exactly solving the maximum weight independent set problem on large real-world graphs", ALENEX 2019:
of neighbours that all overlap each other the heaviest is taken). A part that takes more than `STEPS` branches is chosen
greedily instead, the largest saving first.

Advice to spend more protects a service, so no saving is worth leaving it out: it is counted before any saving, and of
two that overlap the one that spends more. A saving that overlaps with it is not counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

STEPS = 20_000
"""Branches after which a part is chosen greedily."""
_DEPTH = 400

Neighbours = Mapping[str, frozenset[str]]
Weights = Mapping[str, Decimal]


@dataclass(frozen=True)
class Option:
    """A recommendation that may be followed. `is_set_aside` is one that people suppressed: counted after all others."""

    recommendation_id: str
    monthly_saving: Decimal
    currency: str | None
    overlaps_on: frozenset[str]
    is_set_aside: bool = False


@dataclass(frozen=True)
class Choice:
    """The ids that are counted, and with which each overlaps (its own not among them)."""

    counted: frozenset[str]
    conflicts: Neighbours
    is_exact: bool


class _TooLarge(Exception):
    """A part takes more branches than it may."""


def choose(options: Sequence[Option]) -> Choice:
    """The best set. The same options in any order give the same choice."""
    conflicts = conflicts_of(options)
    counted: set[str] = set()
    is_exact = True
    for stage in _stages(options):
        free = {each: weight for each, weight in stage.items() if not conflicts[each] & counted}
        chosen, exact = heaviest(free, conflicts)
        counted |= chosen
        is_exact &= exact
    return Choice(frozenset(counted), conflicts, is_exact)


def conflicts_of(options: Sequence[Option]) -> Neighbours:
    """Which options save on a resource that another one saves on too."""
    by_resource: dict[str, set[str]] = defaultdict(set)
    for option in options:
        for resource_id in option.overlaps_on:
            by_resource[resource_id].add(option.recommendation_id)
    return {
        option.recommendation_id: frozenset[str]().union(*(by_resource[each] for each in option.overlaps_on))
        - {option.recommendation_id}
        for option in options
    }


def _stages(options: Sequence[Option]) -> Iterable[Weights]:
    """What is chosen one after the other: advice to spend more, savings, what is set aside; by currency."""
    stages: dict[tuple[bool, bool, str], dict[str, Decimal]] = defaultdict(dict)
    for option in options:
        key = (option.is_set_aside, option.monthly_saving >= 0, option.currency or "")
        stages[key][option.recommendation_id] = abs(option.monthly_saving)
    return [stages[key] for key in sorted(stages)]


def heaviest(weights: Weights, neighbours: Neighbours) -> tuple[set[str], bool]:
    """A heaviest set of which no two are neighbours, and whether it is one for sure. Weights are not negative."""
    near = {each: neighbours[each] & weights.keys() for each in weights}
    chosen: set[str] = set()
    is_exact = True
    for part in _parts(weights.keys(), near):
        steps = [STEPS]
        try:
            chosen |= _best(part, weights, near, steps, 0)
        except _TooLarge:
            chosen |= _greedy(part, weights, near)
            is_exact = False
    return chosen, is_exact


def _best(nodes: frozenset[str], weights: Weights, near: Neighbours, steps: list[int], depth: int) -> set[str]:
    """A heaviest set of the nodes, each connected part for itself."""
    taken: set[str] = set()
    for part in _parts(nodes, near):
        kept, rest = _reduced(part, weights, near)
        taken |= kept
        for each in _parts(rest, near):
            taken |= _branch(each, weights, near, steps, depth)
    return taken


def _branch(part: frozenset[str], weights: Weights, near: Neighbours, steps: list[int], depth: int) -> set[str]:
    steps[0] -= 1
    if steps[0] < 0 or depth > _DEPTH:
        raise _TooLarge
    hub = max(part, key=lambda each: (len(near[each] & part), weights[each], each))
    without = part - {hub}
    with_hub = {hub} | _best(without - near[hub], weights, near, steps, depth + 1)
    total = _sum(with_hub, weights)
    if _bound(without, weights, near) <= total:
        return with_hub
    without_hub = _best(without, weights, near, steps, depth + 1)
    return without_hub if _sum(without_hub, weights) > total else with_hub


def _reduced(part: frozenset[str], weights: Weights, near: Neighbours) -> tuple[set[str], frozenset[str]]:
    """Those that are in some heaviest set for sure, and what is left to decide."""
    kept: set[str] = set()
    rest = set(part)
    found = True
    while found:
        found = False
        for each in sorted(rest, key=lambda one: (-weights[one], one)):
            if each not in rest:
                continue
            around = near[each] & rest
            if _is_heaviest(each, around, weights) and _all_overlap(around, near):
                kept.add(each)
                rest -= around | {each}
                found = True
    return kept, frozenset(rest)


def _is_heaviest(each: str, around: Collection[str], weights: Weights) -> bool:
    return all(weights[other] <= weights[each] for other in around)


def _all_overlap(nodes: Collection[str], near: Neighbours) -> bool:
    return all(other in near[each] for each in nodes for other in nodes if each < other)


def _bound(nodes: Collection[str], weights: Weights, near: Neighbours) -> Decimal:
    """At most this much: the nodes in groups of which all overlap, the heaviest of each."""
    sizes: list[int] = []
    group_of: dict[str, int] = {}
    total = Decimal(0)
    for each in sorted(nodes, key=lambda one: (-weights[one], one)):
        overlaps = Counter(group_of[other] for other in near[each] if other in group_of)
        group = min((group for group, count in overlaps.items() if count == sizes[group]), default=None)
        if group is None:
            group = len(sizes)
            sizes.append(0)
            total += weights[each]
        sizes[group] += 1
        group_of[each] = group
    return total


def _greedy(part: Collection[str], weights: Weights, near: Neighbours) -> set[str]:
    chosen: set[str] = set()
    for each in sorted(part, key=lambda one: (-weights[one], one)):
        if not near[each] & chosen:
            chosen.add(each)
    return chosen


def _parts(nodes: Collection[str], near: Neighbours) -> list[frozenset[str]]:
    """The connected parts, each once, in an order of their own."""
    parts: list[frozenset[str]] = []
    left = set(nodes)
    for start in sorted(nodes):
        if start not in left:
            continue
        found, edge = {start}, [start]
        while edge:
            new = (near[edge.pop()] & left) - found
            found |= new
            edge.extend(new)
        left -= found
        parts.append(frozenset(found))
    return parts


def _sum(chosen: Collection[str], weights: Weights) -> Decimal:
    return sum((weights[each] for each in chosen), Decimal(0))
