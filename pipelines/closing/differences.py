"""What differs between closed and present figures, and what may have changed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from pipelines.closing.manifest import Answer, Figure, Manifest

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Difference:
    """A figure that is another one now. A value of None is not known, and so is the difference to it."""

    figure: Figure
    closed: Decimal | None
    present: Decimal | None

    @property
    def amount(self) -> Decimal | None:
        if self.closed is None or self.present is None:
            return None
        with localcontext() as exact:
            exact.prec = 60
            return self.present - self.closed


def differences(
    closed: Sequence[Figure], present: Sequence[Figure], told: Mapping[Key, Decimal | None] | None = None
) -> list[Difference]:
    """Figures whose present value is not the one last told: the closed one, or the newest in `told`."""
    before, now = ({each.key: each for each in figures} for figures in (closed, present))
    found = []
    for key in sorted({*before, *now}):
        value = now[key].value if key in now else None
        first = before[key].value if key in before else None
        last = told[key] if told and key in told else first
        if value != last:
            found.append(Difference(before.get(key) or now[key], first, value))
    return found


def changed_answers(closed: Manifest, present: Manifest) -> list[Answer]:
    """Present answers to questions that were answered otherwise, or not at all, when the month was closed."""
    before = {(each.source, each.question): each.answer for each in closed.answers}
    return sorted(each for each in present.answers if before.get((each.source, each.question)) != each.answer)


def causes(closed: Manifest, present: Manifest) -> list[str]:
    """What else differs between the two: models, code, settings, version, tables by name."""
    found = ["answers"] if changed_answers(closed, present) else []
    found += [
        name
        for name, one, other in (
            ("settings", closed.settings, present.settings),
            ("models", closed.models, present.models),
            ("code", closed.code, present.code),
        )
        if one != other
    ]
    contents = {(each.table, each.partition): each.content for each in closed.inputs}
    tables = {each.table for each in present.inputs if contents.get((each.table, each.partition)) != each.content}
    return [*found, *sorted(tables)]
