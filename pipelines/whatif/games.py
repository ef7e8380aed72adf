"""Each piece of a line with the scenarios that meet in it, and its cost with any of them, worked out once each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from pipelines.errors import UsageError
from pipelines.whatif.baseline import Line, Piece, pieces
from pipelines.whatif.scenarios import Scenario
from pipelines.whatif.transformation import Worth, changed, touching

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Game:
    """A piece and its scenarios by name, in order."""

    piece: Piece
    players: dict[str, Scenario]
    _known: dict[frozenset[str], Worth] = field(default_factory=dict, compare=False, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.players)

    def worth(self, names: Iterable[str]) -> Worth:
        """What the piece is under the scenarios of these names; the names of others change nothing."""
        key = frozenset(names).intersection(self.players)
        if key not in self._known:
            self._known[key] = changed(self.piece, [self.players[name] for name in self.players if name in key])
        return self._known[key]

    def cost(self, names: Iterable[str]) -> Fraction:
        return self.worth(names).cost


def games(line: Line, scenarios: Sequence[Scenario]) -> list[Game]:
    """The line cut wherever a scenario or a month begins."""
    dates = [day for scenario in scenarios for day in scenario.dates]
    return [
        Game(piece, {each.name: each for each in sorted(touching(piece, scenarios), key=lambda each: each.name)})
        for piece in pieces(line, dates)
    ]


def named_once(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """By name. Raises UsageError where two have one name, or one ends before it begins."""
    ordered = sorted(scenarios, key=lambda each: each.name)
    for one, other in pairwise(ordered):
        if one.name == other.name:
            raise UsageError(f"two scenarios are named '{one.name}'; name each its own way")
    for each in ordered:
        if each.since is not None and each.until is not None and each.since >= each.until:
            raise UsageError(f"scenario '{each.name}' ends on {each.until} and begins on {each.since}; swap them")
    return ordered
