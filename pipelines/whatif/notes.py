"""What a scenario did not do: lines it was meant for and could not change, or no line at all. Silence would mislead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from pipelines.whatif.amounts import rounded
from pipelines.whatif.games import Game
from pipelines.whatif.outcome import Note
from pipelines.whatif.scenarios import Price, Scenario, Size
from pipelines.whatif.transformation import obstacle

FITS_NO_LINE = "it fits no line of its days"


def notes(parts: Sequence[Game], scenarios: Sequence[Scenario]) -> tuple[Note, ...]:
    """One note for each scenario and reason, with the number of lines and their cost; scenarios in order of name."""
    found: list[Note] = []
    for scenario in scenarios:
        held: defaultdict[str, list[Game]] = defaultdict(list)
        does_something = False
        for part in parts:
            does_something = does_something or scenario.name in part.players
            reason = obstacle(scenario, part.piece)
            if reason and _is_meant(scenario, part):
                held[reason].append(part)
        for reason in sorted(held):
            lines = len({id(part.piece.line) for part in held[reason]})
            cost = sum((part.piece.cost for part in held[reason]), Fraction(0))
            found.append(Note(scenario.name, reason, lines, rounded(cost)))
        if not does_something and not held:
            found.append(Note(scenario.name, FITS_NO_LINE, 0, rounded(Fraction(0))))
    return tuple(found)


def _is_meant(scenario: Scenario, part: Game) -> bool:
    """A price goes by the SKU bought in the end; the others' obstacles imply that they fit."""
    line = part.piece.line
    skus = [line.sku, *(each.to_sku for each in part.players.values() if isinstance(each, Size))]
    return not isinstance(scenario, Price) or any(scenario.lines.fits(line, sku) for sku in skus)
