"""Shows a bridge shorter and loses nothing: the largest movers with the rest as one, or parts joined by owner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipelines.bridge.items import Bridge, Part, exact_sum, sum_effects

OTHER = "other"


@dataclass(frozen=True)
class Movers:
    """The parts that rose and fell most, largest first, and what all other parts come to; together the whole change."""

    risen: tuple[Part, ...]
    fallen: tuple[Part, ...]
    other: Part
    other_count: int


def largest(bridge: Bridge, each_way: int = 5) -> Movers:
    """So many parts each way; equal changes in the order of their names."""
    ordered = sorted(bridge.parts, key=lambda part: (-abs(part.change), part.name))
    risen = tuple(part for part in ordered if part.change > 0)[:each_way]
    fallen = tuple(part for part in ordered if part.change < 0)[:each_way]
    shown = {part.name for part in (*risen, *fallen)}
    rest = tuple(part for part in ordered if part.name not in shown)
    return Movers(risen, fallen, _joined(OTHER, rest), len(rest))


def grouped(bridge: Bridge, key: Callable[[str], str]) -> Bridge:
    """The same bridge with parts joined by what `key` says of their names."""
    groups: dict[str, list[Part]] = {}
    for part in bridge.parts:
        groups.setdefault(key(part.name), []).append(part)
    return Bridge(bridge.before, bridge.after, tuple(_joined(name, groups[name]) for name in sorted(groups)))


def _joined(name: str, parts: Iterable[Part]) -> Part:
    held = tuple(parts)
    effects = {effect: value for effect, value in sum_effects(held).items() if value}
    reasons = sorted({part.reason for part in held if part.reason})
    return Part(name, exact_sum(part.change for part in held), effects, "; ".join(reasons) or None)
