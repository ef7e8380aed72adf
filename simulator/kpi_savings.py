"""What agreed prices save, and what of the cost could be saved at all.

The usage that a Compute savings plan covers is that of Instances without GPUs, but for the types its terms leave out.
At the public price it is the bill's quantity, which is in whole units, times the mean price of the days it was charged
on, to twelve decimals for each project and SKU. Vouchers and free tiers are on neither side. A plan of C at a discount
of d makes it cost C x (1 - d) + max(0, E - C); where charges are net they say so themselves, but for what nobody used.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from simulator.bill import ConsumptionLine
from simulator.bill_scenario import SavingsPlan
from simulator.charges import half_even
from simulator.instants import DAY, Month, day_start, parse_rfc3339
from simulator.kpi_costs import UNITS_OF_A_NANO, Spent, service_of
from simulator.kpi_figures import PLACES, Figure, amount, ratio
from simulator.price_book import UNIT_SECONDS, Offer
from simulator.savings_plan import is_eligible, is_in_force

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


def savings_figure(
    spent: Iterable[Spent], lines: Iterable[ConsumptionLine], plan: SavingsPlan | None, month: Month
) -> Figure:
    """Of a month that is over; `value` is one minus what eligible usage truly costs over its list price.

    `coverage` is the committed part of the usage and `utilisation` the used part of what is committed. None where
    nothing is eligible, or nothing committed.
    """
    found: dict[tuple[str, str], _Used] = {}
    for piece in spent:
        offer = piece.offer
        if is_eligible(offer):
            used = found.setdefault((piece.resource.project.name, offer.sku), _Used(offer))
            used.units += piece.units
            used.amount += Fraction(piece.units * offer.size, offer.nanos(piece.day) * UNITS_OF_A_NANO)
    quantities = {(line.project.name, line.sku): line for line in lines}
    cost = sum(used.units for used in found.values())
    priced = {key: used for key, used in found.items() if used.amount}
    lists = (
        _rounded(used.units / used.amount * _quantity(quantities[key], used.offer)) for key, used in priced.items()
    )
    at_list = Fraction(sum(lists))
    committed, kept = _committed(plan, month)
    covered = min(committed, at_list)
    if plan is None or plan.charges_are_net:
        net = cost + (committed - covered) * kept
    else:
        net = committed * kept + (at_list - covered)
    return {
        "cost": amount(cost),
        "list_cost": ratio(at_list / 10**PLACES),
        "net_cost": ratio(net / 10**PLACES),
        "saved": ratio((at_list - net) / 10**PLACES),
        "value": ratio((at_list - net) / at_list) if at_list > 0 else None,
        "committed": ratio(committed / 10**PLACES),
        "coverage": ratio(covered / at_list) if committed and at_list > 0 else None,
        "utilisation": ratio(covered / committed) if committed else None,
    }


def _committed(plan: SavingsPlan | None, month: Month) -> tuple[Fraction, Fraction]:
    """A month's pool in units of 10^-12, and the part of its price that is paid."""
    if plan is None or not is_in_force(plan, month):
        return Fraction(0), Fraction(1)
    return Fraction(plan.commitment) * 10**PLACES, 1 - Fraction(plan.discount)


def _rounded(value: Fraction) -> int:
    return half_even(value.numerator, value.denominator)


def _quantity(line: ConsumptionLine, offer: Offer) -> Fraction:
    """The quantity on the bill in the unit that the price is for."""
    return Fraction(line.quantity * UNIT_SECONDS[offer.billed_unit], UNIT_SECONDS[offer.unit])


def efficiency_figure(
    spent: Iterable[Spent], savings: Iterable[Decimal], plan: SavingsPlan | None, month: Month, now: int
) -> Figure:
    """One minus the monthly savings that lie open over the cost that could be optimised.

    Support is no part of it, nor is what a savings plan costs whatever is used, as far as eligible usage bears it; of a
    month that still runs, as much of it as there are complete days.
    """
    pieces = list(spent)
    whole = sum(
        piece.units for piece in pieces if service_of(piece.offer.sku, piece.offer.category) not in _NOT_OPTIMISABLE
    )
    eligible = sum(piece.units for piece in pieces if is_eligible(piece.offer))
    committed, kept = _committed(plan, month)
    days = Fraction(min(month.end, day_start(now)) - month.start, DAY)
    floor = min(_rounded(committed * kept * days / Fraction(month.end - month.start, DAY)), max(eligible, 0))
    cost = whole - floor
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
