"""What agreed prices save, and what of the cost could be saved at all.

The usage that a Compute savings plan covers is that of Instances without GPUs, but for the types its terms leave out.
At the public price it is the bill's quantity, which is in whole units, times the mean price of the days it was charged
on. Vouchers and free tiers are on neither side. This world knows no savings plan: what is charged is what is paid.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from simulator.bill import ConsumptionLine
from simulator.instants import Month, parse_rfc3339
from simulator.kpi_costs import UNITS_OF_A_NANO, Spent, service_of
from simulator.kpi_figures import PLACES, Figure, amount, ratio
from simulator.price_book import UNIT_SECONDS, Offer

_LEFT_OUT = re.compile(r"coparm1|start1|x64|pop2?[-_].*win|basic2[-_]a")
_SAVED = frozenset(
    ("standby", "schedule", "orphan", "database", "commitment", "observability", "lifecycle", "egress", "rightsizing",
     "idle", "snapshot", "generation", "traffic")
)  # fmt: skip
_NOT_OPTIMISABLE = ("Support", "Contract")


@dataclass
class _Used:
    """One SKU of a project in a month: what it was charged, and for how much at the price of each day."""

    offer: Offer
    units: int = 0
    amount: Fraction = Fraction(0)


def savings_figure(spent: Iterable[Spent], lines: Iterable[ConsumptionLine]) -> Figure:
    """Of a month that is over; `value` is one minus cost over list price, None where nothing is eligible."""
    found: dict[tuple[str, str], _Used] = {}
    for piece in spent:
        offer = piece.offer
        if is_eligible(offer):
            used = found.setdefault((piece.resource.project.name, offer.sku), _Used(offer))
            used.units += piece.units
            used.amount += Fraction(piece.units * offer.size, offer.nanos(piece.day) * UNITS_OF_A_NANO)
    quantities = {(line.project.name, line.sku): line for line in lines}
    cost = sum(used.units for used in found.values())
    at_list = Fraction(0)
    for key, used in found.items():
        if used.amount:
            at_list += used.units / used.amount * _quantity(quantities[key], used.offer)
    return {
        "cost": amount(cost),
        "list_cost": ratio(at_list / 10**PLACES),
        "saved": ratio((at_list - cost) / 10**PLACES),
        "value": ratio((at_list - cost) / at_list) if at_list > 0 else None,
    }


def is_eligible(offer: Offer) -> bool:
    """Whether a Compute savings plan covers it."""
    kind = offer.instance
    return kind is not None and not kind.gpus and not _LEFT_OUT.match(offer.sku.split("/")[2].lower())


def _quantity(line: ConsumptionLine, offer: Offer) -> Fraction:
    """The quantity on the bill in the unit that the price is for."""
    return Fraction(line.quantity * UNIT_SECONDS[offer.billed_unit], UNIT_SECONDS[offer.unit])


def efficiency_figure(spent: Iterable[Spent], savings: Iterable[Decimal]) -> Figure:
    """One minus the monthly savings that lie open over the cost that could be optimised; support is no part of it."""
    cost = sum(
        piece.units for piece in spent if service_of(piece.offer.sku, piece.offer.category) not in _NOT_OPTIMISABLE
    )
    saving = int(sum(savings, Decimal(0)).scaleb(PLACES))
    return {
        "optimisable_cost": amount(cost),
        "planted_saving": amount(saving),
        "value": ratio(Fraction(cost - saving, cost)) if cost > 0 else None,
    }


def planted_savings(planted: Iterable[Mapping[str, Any]], month: Month) -> Iterator[Decimal]:
    """What the things planted to be saved come to a month, of those that lie open in this one."""
    for item in planted:
        has_begun = parse_rfc3339(item["from"]) < month.end
        is_open = item["to"] is None or parse_rfc3339(item["to"]) > month.start
        if item["kind"] in _SAVED and has_begun and is_open:
            yield Decimal(item["expected_monthly_cost"])
