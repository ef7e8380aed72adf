"""Charges: what each resource and SKU costs over which interval, exactly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from simulator.bill_scenario import Publication
from simulator.identity import Identity
from simulator.instants import DAY, HOUR, Month, day_start, months_between
from simulator.loads import WHOLE, hours_on, is_steady, usage
from simulator.price_book import MONTHLY_UNITS, UNIT_SECONDS, Offer, PriceBook
from simulator.resources import Resource
from simulator.scenario import Meter, Scenario

ALWAYS = 0
TAKEN_OFF_WHOLE = 10**12
"""What is taken off is counted in parts of so many of the price."""

Ledgers = Mapping[tuple[str, str], Mapping[int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A resource and one of its SKUs: what all its charges have in common. Compared by identity."""

    resource: Resource
    offer: Offer


@dataclass(frozen=True, slots=True)
class Charge:
    """A cost of `rate / scale` nanos a second over [start, end).

    Quantity is millionths of the billed unit, `quantity / quantity_scale` a second. A charge is
    visible as it accrues, unless it is `in_advance` or first `published` later; until
    `restated_at` its rate was `first_rate`. Rates are public prices, of which `taken_off` is agreed to be left out.
    """

    line: Line
    start: int
    end: int
    rate: int
    scale: int
    quantity: int
    quantity_scale: int
    in_advance: bool = False
    published: int = ALWAYS
    restated_at: int = ALWAYS
    first_rate: int = 0
    taken_off: int = 0

    def rate_at(self, now: int) -> int:
        return self.first_rate if now < self.restated_at else self.rate

    def nanos(self, start: int, end: int, now: int) -> int:
        """What [start, end) of this charge costs, to the nano, as known at `now`."""
        if not self.taken_off:
            return self.list_nanos(start, end, now)
        kept = TAKEN_OFF_WHOLE - self.taken_off
        return half_even(self.rate_at(now) * kept * (end - start), self.scale * TAKEN_OFF_WHOLE)

    def list_nanos(self, start: int, end: int, now: int) -> int:
        """The same at the public price."""
        return half_even(self.rate_at(now) * (end - start), self.scale)

    def units(self, start: int, end: int) -> int:
        """Millionths of the billed unit used in [start, end)."""
        return self.quantity * (end - start) // self.quantity_scale


def half_even(numerator: int, denominator: int) -> int:
    """The whole number nearest to the fraction; a tie goes to the even one."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))


class Billing:
    """Makes the charges of a resource from its meters, its load and the price book."""

    def __init__(
        self, scenario: Scenario, book: PriceBook, identity: Identity, issued: dict[str, int], ledgers: Ledgers
    ) -> None:
        """`issued` says when the invoice of each month of the world is issued; other months cost nothing.

        Where `ledgers` knows a resource and SKU, it says what was used on each day, in millionths of the unit.
        """
        self._publication: Publication = scenario.publication
        self._book = book
        self._identity = identity
        self._issued = issued
        self._ledgers = ledgers

    def charges(self, resource: Resource) -> Iterator[Charge]:
        """All charges of a resource, none crossing a month or a price change."""
        for meter in resource.meters:
            line = Line(resource, self._book.offers[meter.sku])
            for month in months_between(resource.start, resource.end):
                if month.name not in self._issued:
                    continue
                start, end = max(month.start, resource.start), min(month.end, resource.end)
                yield from self._of_month(line, meter, month, start, end)

    def _of_month(self, line: Line, meter: Meter, month: Month, start: int, end: int) -> Iterator[Charge]:
        group = line.resource.group
        if group.charge == "advance":
            yield self._charge(line, meter, month, (month.start, month.end), WHOLE)
        elif group.charge == "month" and is_steady(line.resource.load) and self._ledger(line) is None:
            for part in _split(line.offer, start, end):
                yield self._charge(line, meter, month, part, WHOLE)
        else:
            yield from self._by_day(line, meter, month, start, end)

    def _by_day(self, line: Line, meter: Meter, month: Month, start: int, end: int) -> Iterator[Charge]:
        resource = line.resource
        is_machine = resource.kind == "instance"
        ledger = self._ledger(line)
        meter = meter if ledger is None else Meter(sku=meter.sku)
        for day in range(day_start(start), end, DAY):
            on = hours_on(resource.load, day) if is_machine else (day, day + DAY)
            if on is None:
                continue
            first, last = max(on[0], start), min(on[1], end)
            factor = WHOLE
            if ledger is not None:
                factor = ledger.get(day, 0)
            elif not is_machine:
                factor = usage(resource.load, day, resource.start, self._identity, resource.id)
            if first >= last or not factor:
                continue
            for part in _split(line.offer, first, last):
                yield self._seen(self._charge(line, meter, month, part, factor), month)

    def _ledger(self, line: Line) -> Mapping[int, int] | None:
        return self._ledgers.get((line.resource.id, line.offer.sku))

    def _charge(self, line: Line, meter: Meter, month: Month, span: tuple[int, int], factor: int) -> Charge:
        offer = line.offer
        amount = int(meter.amount * WHOLE) * factor
        scale = WHOLE * WHOLE * _seconds_per_amount(offer, meter, month)
        return Charge(
            line=line,
            start=span[0],
            end=span[1],
            rate=amount * offer.nanos(span[0]),
            scale=scale * offer.size,
            quantity=amount * WHOLE * _unit_seconds(offer.unit) // _unit_seconds(offer.billed_unit),
            quantity_scale=scale,
            in_advance=line.resource.group.charge == "advance",
        )

    def _seen(self, charge: Charge, month: Month) -> Charge:
        """The charge with its publication: some come late, some are corrected, before the invoice."""
        rules, resource = self._publication, charge.line.resource
        name = (charge.line.offer.sku, resource.id, charge.start)
        deadline = self._issued[month.name] - HOUR
        late = self._identity.millionths("late", *name) < rules.late_share * WHOLE
        if late or resource.group.name in rules.late_groups:
            days = 1 + self._identity.millionths("late days", *name) % rules.late_days
            return _with(charge, published=min(day_start(charge.end - 1) + (1 + days) * DAY + 9 * HOUR, deadline))
        if rules.restated_share and self._identity.millionths("restated", *name) < rules.restated_share * WHOLE:
            moment = day_start(charge.end - 1) + (1 + rules.restated_days) * DAY + 9 * HOUR
            first = charge.rate * int((100 + rules.restated_percent) * WHOLE) // (100 * WHOLE)
            return _with(charge, restated_at=min(moment, deadline), first_rate=first)
        return charge


def _with(charge: Charge, published: int = ALWAYS, restated_at: int = ALWAYS, first_rate: int = 0) -> Charge:
    return Charge(
        charge.line, charge.start, charge.end, charge.rate, charge.scale, charge.quantity,
        charge.quantity_scale, charge.in_advance, published, restated_at, first_rate,
    )  # fmt: skip


def _seconds_per_amount(offer: Offer, meter: Meter, month: Month) -> int:
    """How long it takes to use the meter's amount once."""
    if offer.unit in UNIT_SECONDS:
        return UNIT_SECONDS[offer.unit]
    return month.seconds if meter.per == "month" or offer.unit in MONTHLY_UNITS else DAY


def _unit_seconds(unit: str) -> int:
    return UNIT_SECONDS.get(unit, 1)


def _split(offer: Offer, start: int, end: int) -> list[tuple[int, int]]:
    """[start, end) cut where the price changes."""
    cuts = [since for since, _ in offer.prices if start < since < end]
    return list(zip([start, *cuts], [*cuts, end], strict=True))
