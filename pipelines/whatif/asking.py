"""The effect of several scenarios at once on a baseline: `what_if`.

The baseline is transformed once by all of them together, and the joint effect is the difference of the two totals. So
nothing is counted twice: a machine that is made smaller and switched off at night saves its nights at the small price.
How much of it each scenario brought is told afterwards (attribution.py), line by line, and rounded so that it adds up.
All lines are of one currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from pipelines.whatif.amounts import less, precise, rounded, rounded_parts, total
from pipelines.whatif.attribution import shares
from pipelines.whatif.baseline import Line, Units
from pipelines.whatif.games import Game, games, named_once
from pipelines.whatif.kpis import Kpi, kpi_effect
from pipelines.whatif.notes import notes
from pipelines.whatif.outcome import LineEffect, MonthEffect, Outcome
from pipelines.whatif.scenarios import Scenario


def what_if(
    lines: Sequence[Line], scenarios: Sequence[Scenario], kpis: Sequence[Kpi] = (), units: Sequence[Units] = ()
) -> Outcome:
    """What the lines would cost under all scenarios. The order in which anything is given decides nothing.

    Raises UsageError where two scenarios have one name or contradict each other.
    """
    asked = named_once(scenarios)
    ordered = sorted(lines, key=lambda line: (line.since, line.item, line.sku, repr(line)))
    played = [(line, games(line, asked)) for line in ordered]
    effects = [_line_effect(line, parts) for line, parts in played]
    after_pieces = [_pieces_after(parts, effect.after) for (_, parts), effect in zip(played, effects, strict=True)]
    return Outcome(
        before=total(effect.before for effect in effects),
        after=total(effect.after for effect in effects),
        shares={each.name: total(effect.shares.get(each.name, Decimal(0)) for effect in effects) for each in asked},
        alone={each.name: total(_alone(line, parts, each.name) for line, parts in played) for each in asked},
        lines=tuple(effects),
        transformed=tuple(piece for held in after_pieces for piece in held),
        months=_months(played, after_pieces),
        kpis=tuple(kpi_effect(kpi, [part for _, parts in played for part in parts], asked, units) for kpi in kpis),
        notes=notes([part for _, parts in played for part in parts], asked),
    )


def _line_effect(line: Line, parts: Sequence[Game]) -> LineEffect:
    if not any(part.players for part in parts):
        return LineEffect(line, line.cost, line.cost, {})
    after = rounded(sum((part.cost(part.names) for part in parts), Fraction(0)))
    exact: defaultdict[str, Fraction] = defaultdict(Fraction)
    for part in parts:
        for name, share in shares(part.names, part.cost).items():
            exact[name] += share
    found = rounded_parts(exact, less(after, line.cost))
    return LineEffect(line, line.cost, after, {name: share for name, share in sorted(found.items()) if share})


def _alone(line: Line, parts: Sequence[Game], name: str) -> Decimal:
    """The effect on the line if there were no other scenario."""
    if not any(name in part.players for part in parts):
        return Decimal(0)
    return less(rounded(sum((part.cost((name,)) for part in parts), Fraction(0))), line.cost)


def _pieces_after(parts: Sequence[Game], after: Decimal) -> list[Line]:
    """The transformed line in its pieces, whose costs add up to `after`; a lump sum has no quantity to tell."""
    if len(parts) == 1 and not parts[0].players:
        return [parts[0].piece.line]
    costs = rounded_parts({part.piece.since.isoformat(): part.cost(part.names) for part in parts}, after)
    found = []
    for part in parts:
        piece, worth = part.piece, part.worth(part.names)
        found.append(
            replace(
                piece.line,
                sku=worth.sku,
                since=piece.since,
                until=piece.until,
                cost=costs[piece.since.isoformat()],
                quantity=None if worth.is_lump else precise(worth.quantity),
                unit_price=precise(worth.unit_price) if worth.is_listed else None,
                hours_per_week=worth.hours_per_week,
            )
        )
    return found


def _months(played: Sequence[tuple[Line, Sequence[Game]]], after: Sequence[Sequence[Line]]) -> tuple[MonthEffect, ...]:
    """A line that spans months is in each by its days."""
    sums: Mapping[str, tuple[list[Decimal], list[Decimal]]] = defaultdict(lambda: ([], []))
    for (line, parts), changed in zip(played, after, strict=True):
        before = rounded_parts({part.piece.since.isoformat(): part.piece.cost for part in parts}, line.cost)
        for piece in changed:
            month = sums[f"{piece.since:%Y-%m}"]
            month[0].append(before[piece.since.isoformat()])
            month[1].append(piece.cost)
    return tuple(MonthEffect(month, total(sums[month][0]), total(sums[month][1])) for month in sorted(sums))
