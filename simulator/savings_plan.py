"""What a Compute savings plan does to the bill: a pool of each calendar month, at the public price of eligible usage.

So much usage as is committed to costs 1 - discount of its public price, used or not; what goes beyond it costs all of
it: C x (1 - d) + max(0, E - C), with E the eligible usage of the month. Where charges are net the pool is used up in
the order of days, and the day on which it runs out is charged at the rate in between; else charges stand at the public
price and a line of the bill takes the discount off. What nobody used is a line of its own once the month is over.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from simulator.bill_scenario import SavingsPlan
from simulator.charges import TAKEN_OFF_WHOLE, Charge, half_even
from simulator.instants import DAY, Month, seconds
from simulator.price_book import Offer

_LEFT_OUT = re.compile(r"coparm1|start1|x64|pop2?[-_].*win|basic2[-_]a")
_NANOS = 10**9


@dataclass(frozen=True)
class PlanLine:
    """A line of the bill that stands for no charge, in nanos."""

    sku: str
    label: str
    nanos: int


def is_eligible(offer: Offer) -> bool:
    """Whether a Compute savings plan covers it: Instances without GPUs, but for the types its terms leave out."""
    kind = offer.instance
    return kind is not None and not kind.gpus and not _LEFT_OUT.match(offer.sku.split("/")[2].lower())


def is_in_force(plan: SavingsPlan, month: Month) -> bool:
    return seconds(plan.start) <= month.start and month.end <= seconds(plan.end)


def net_charges(charges: Sequence[Charge], plan: SavingsPlan | None, months: Iterable[Month]) -> list[Charge]:
    """The charges with what the plan takes off, cut at the day on which the month's pool runs out."""
    if plan is None or not plan.charges_are_net:
        return list(charges)
    found: list[Charge] = []
    covered = [month for month in months if is_in_force(plan, month)]
    pools = {month.name: _pool(charges, plan, month) for month in covered}
    for charge in charges:
        month = next((month for month in covered if month.start <= charge.start < month.end), None)
        if month is None or not is_eligible(charge.line.offer):
            found.append(charge)
        else:
            found += _cut(charge, *pools[month.name])
    return found


def plan_lines(
    plan: SavingsPlan | None, used: Iterable[tuple[Charge, int]], month: Month, now: int
) -> Iterator[PlanLine]:
    """What a month's bill says of the plan; `used` are the month's charges, each with how far it has accrued."""
    if plan is None or not is_in_force(plan, month) or month.start > now:
        return
    eligible = sum(
        charge.list_nanos(charge.start, until, now) for charge, until in used if is_eligible(charge.line.offer)
    )
    committed = int(plan.commitment * _NANOS)
    if not plan.charges_are_net and eligible:
        yield PlanLine(
            "/billing/discount/savings-plan-compute",
            "Compute savings plan - Discount",
            -_share(min(eligible, committed), Fraction(plan.discount)),
        )
    if month.end <= now and eligible < committed:
        yield PlanLine(
            "/billing/savings-plan/compute",
            "Compute savings plan - Unused commitment",
            _share(committed - eligible, 1 - Fraction(plan.discount)),
        )


def _pool(charges: Iterable[Charge], plan: SavingsPlan, month: Month) -> tuple[int, tuple[tuple[int, int], ...]]:
    """The first second that is not covered whole, and what is taken off before it, on its day and after it."""
    eligible = [each for each in charges if month.start <= each.start < month.end and is_eligible(each.line.offer)]
    whole, left = int(Fraction(plan.discount) * TAKEN_OFF_WHOLE), Fraction(plan.commitment) * _NANOS
    for day in range(month.start, month.end, DAY):
        spent = sum((_at_list(charge, day) for charge in eligible), Fraction(0))
        if spent > left:
            return day, ((day, whole), (day + DAY, int(whole * left / spent)), (month.end, 0))
        left -= spent
    return month.end, ((month.end, whole),)


def _at_list(charge: Charge, day: int) -> Fraction:
    start, end = max(charge.start, day), min(charge.end, day + DAY)
    return Fraction(charge.rate * (end - start), charge.scale) if start < end else Fraction(0)


def _cut(charge: Charge, first: int, spans: Sequence[tuple[int, int]]) -> Iterator[Charge]:
    if charge.end <= first:
        yield replace(charge, taken_off=spans[0][1])
        return
    start = charge.start
    for until, taken_off in spans:
        end = min(until, charge.end)
        if start < end:
            yield replace(charge, start=start, end=end, taken_off=taken_off)
            start = end


def _share(nanos: int, share: Fraction) -> int:
    return half_even(nanos * share.numerator, share.denominator)
