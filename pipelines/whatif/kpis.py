"""The effect on a KPI: cost divided by a driver, both of which scenarios change.

The KPI's cost is that of the lines it selects; what it is divided by changes with the traffic of its driver. As a sum
of lines, each divided by the driver, its change is shared between the scenarios like that of the total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipelines.whatif.amounts import less, rounded, rounded_parts
from pipelines.whatif.attribution import shares
from pipelines.whatif.baseline import Units, spans_between
from pipelines.whatif.games import NOTHING, Game
from pipelines.whatif.outcome import KpiEffect
from pipelines.whatif.scenarios import ANY, Scenario, Selector, Traffic


@dataclass(frozen=True)
class Kpi:
    """`per` x cost of the lines ÷ the driver's units, such as per = 1000 for the cost of a thousand requests."""

    name: str
    driver: str
    per: Decimal | int = 1
    lines: Selector = ANY


def kpi_effect(kpi: Kpi, parts: Sequence[Game], scenarios: Sequence[Scenario], units: Sequence[Units]) -> KpiEffect:
    """The KPI under none and under all scenarios; not known without units to divide by."""
    traffic = [each for each in scenarios if isinstance(each, Traffic) and each.driver == kpi.driver]
    counted = [each for each in units if each.driver == kpi.driver]
    everyone = frozenset(each.name for each in traffic)
    chosen = [part for part in parts if kpi.lines.fits(part.piece.line)]
    now, then = _count(counted, traffic, NOTHING), _count(counted, traffic, everyone)
    cost = sum((part.cost(NOTHING) for part in chosen), Fraction(0))
    before = rounded(Fraction(kpi.per) * cost / now) if now > 0 else None
    if before is None:
        return KpiEffect(kpi.name, None, None, {}, f"no {kpi.driver} are known to divide by")
    if then <= 0:
        return KpiEffect(kpi.name, before, None, {}, f"no {kpi.driver} would be left to divide by")
    after_cost = sum((part.cost(part.names) for part in chosen), Fraction(0))
    after = rounded(Fraction(kpi.per) * after_cost / then)
    exact = _shares(kpi, chosen, traffic, counted)
    return KpiEffect(kpi.name, before, after, rounded_parts(exact, less(after, before)))


def _shares(kpi: Kpi, parts: Sequence[Game], traffic: Sequence[Traffic], units: Sequence[Units]) -> dict[str, Fraction]:
    """Lines that no scenario touches are one game: what they cost, divided by the driver."""
    counts: dict[frozenset[str], Fraction] = {}
    divides = frozenset(each.name for each in traffic)

    def count(names: frozenset[str]) -> Fraction:
        key = names & divides
        if key not in counts:
            counts[key] = _count(units, traffic, key)
        return counts[key]

    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    still = sum((part.cost(NOTHING) for part in parts if not part.players), Fraction(0))
    for name, share in shares(sorted(divides), lambda names: Fraction(kpi.per) * still / count(names)).items():
        found[name] += share
    for part in parts:
        if part.players:
            players = sorted(divides | part.players.keys())
            for name, share in shares(players, _ratio(kpi, part, count)).items():
                found[name] += share
    return found


def _ratio(kpi: Kpi, part: Game, count: Callable[[frozenset[str]], Fraction]) -> Callable[[frozenset[str]], Fraction]:
    return lambda names: Fraction(kpi.per) * part.cost(names) / count(names)


def _count(units: Sequence[Units], traffic: Sequence[Traffic], names: Collection[str]) -> Fraction:
    """The driver's units under the traffic of these names; units of many days are spread evenly over them."""
    active = [each for each in traffic if each.name in names]
    whole = Fraction(0)
    for each in units:
        days = (each.until - each.since).days
        for since, until in spans_between(each.since, each.until, (day for held in active for day in held.dates)):
            part = Fraction(each.count) * (until - since).days / days
            for held in active:
                if held.holds(since, until):
                    part *= 1 + Fraction(held.percent) / 100
            whole += part
    return whole
