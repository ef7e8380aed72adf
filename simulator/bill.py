"""The bill drawn from the charges: consumption lines, vouchers, taxes and invoices at an instant."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from simulator.bill_scenario import ConsumptionOnly, CreditNote, Purchase, Voucher
from simulator.charges import half_even
from simulator.instants import DAY, Month, month_named, months_between, seconds
from simulator.savings_plan import plan_lines
from simulator.scenario import Project
from simulator.world import World

CENT = 10_000_000  # nanos
MILLION = 1_000_000


@dataclass
class ConsumptionLine:
    """One project and SKU of a month; `nanos` is exact, `cents` what the bill says."""

    project: Project
    sku: str
    product: str
    label: str
    category: str
    unit: str
    nanos: int = 0
    millionths: int = 0
    kind: str = ""

    @property
    def cents(self) -> int:
        return half_even(self.nanos, CENT)

    @property
    def quantity(self) -> int:
        return self.millionths // MILLION


@dataclass(frozen=True)
class VoucherUse:
    """What one voucher pays of one month, in cents."""

    voucher: Voucher
    month: Month
    cents: int


@dataclass(frozen=True)
class Invoice:
    """An invoice in cents; `issued` and `due` are None while it is a draft."""

    id: str
    kind: str
    state: str
    number: int
    month: Month
    issued: int | None
    due: int | None
    undiscount: int
    discount: int
    tax: int

    @property
    def untaxed(self) -> int:
        return self.undiscount + self.discount

    @property
    def taxed(self) -> int:
        return self.untaxed + self.tax


@dataclass
class Bill:
    """The world's bill; remembers the lines of the last instant it was asked about."""

    world: World
    _now: int = -1
    _lines: dict[str, list[ConsumptionLine]] = field(default_factory=dict)

    def lines(self, month: Month, now: int) -> list[ConsumptionLine]:
        """A month's consumption so far, by project and SKU."""
        if now != self._now:
            self._now, self._lines = now, {}
        if month.name not in self._lines:
            self._lines[month.name] = _lines(self.world, month, now)
        return self._lines[month.name]

    def total(self, month: Month, now: int) -> int:
        """The sum of a month's lines in cents."""
        return sum(line.cents for line in self.lines(month, now))

    def updated_at(self, month: Month, now: int) -> int:
        """When a month's consumption last changed."""
        if now < month.end:
            return self.world.known_until(now)
        changes = [c.restated_at for c in self.world.of_month(month.name) if c.restated_at <= now]
        return max([month.end, *changes])

    def voucher_uses(self, now: int) -> list[VoucherUse]:
        """What each voucher pays of each month that has begun, the oldest month first."""
        uses: list[VoucherUse] = []
        left = {index: _cents(v.value) for index, v in enumerate(self.world.scenario.vouchers)}
        for month in self.begun(now):
            open_cents = self.total(month, now)
            for index, voucher in enumerate(self.world.scenario.vouchers):
                if not seconds(voucher.start) <= month.start < seconds(voucher.end):
                    continue
                cents = min(self._eligible(voucher, month, now), open_cents)
                if voucher.mode == "value":
                    cents = min(cents, left[index])
                    left[index] -= cents
                open_cents -= cents
                uses.append(VoucherUse(voucher, month, cents))
        return uses

    def begun(self, now: int) -> list[Month]:
        return [month for month in self.world.months if month.start <= now]

    def discount(self, month: Month, now: int) -> int:
        """What vouchers take off a month, as a negative sum."""
        return -sum(use.cents for use in self.voucher_uses(now) if use.month == month)

    def tax(self, cents: int) -> int:
        return int((cents * self.world.scenario.invoicing.tax_rate).quantize(Decimal(1), ROUND_HALF_EVEN))

    def periodic(self, month: Month, now: int) -> Invoice | None:
        """The month's invoice: None until the month is over, then a draft until it is issued."""
        if now < month.end:
            return None
        undiscount, discount = self.total(month, now), self.discount(month, now)
        return self._invoice("periodic", (month,), month, self.world.issued_at(month), now, (undiscount, discount))

    def invoices(self, now: int) -> list[Invoice]:
        """All invoices that exist, the newest first."""
        found = [invoice for month in self.begun(now) if (invoice := self.periodic(month, now))]
        found += [
            self._invoice("purchase", (p.description, month), month, day, now, (_cents(p.amount), 0))
            for p, month, day in self._purchases(now)
        ]
        found += [
            self._invoice("credit_note", (note.on, note.month), month_named(note.month), seconds(note.on), now,
                          (-_cents(note.amount), 0))
            for note in self._credit_notes(now)
        ]  # fmt: skip
        return sorted(found, key=lambda invoice: (-invoice.month.start, invoice.kind, invoice.id))

    def invoice_id(self, month: Month) -> str:
        """The identifier that charges of a month carry once its invoice is issued."""
        return self.world.identity.uuid("invoice", "periodic", month.name)

    def _eligible(self, voucher: Voucher, month: Month, now: int) -> int:
        lines = self.lines(month, now)
        cents = sum(line.cents for line in lines if voucher.category in ("", line.category))
        if voucher.mode == "rate":
            return int((max(cents, 0) * voucher.value / 100).quantize(Decimal(1), ROUND_HALF_EVEN))
        return max(cents, 0)

    def _purchases(self, now: int) -> Iterator[tuple[Purchase, Month, int]]:
        for purchase in self.world.scenario.purchases:
            end = min(seconds(purchase.end), now + 1) if purchase.end else now + 1
            for month in months_between(seconds(purchase.start), end):
                day = month.start + (purchase.day - 1) * DAY + 32_000
                if day <= now:
                    yield purchase, month, day

    def _credit_notes(self, now: int) -> Iterator[CreditNote]:
        return (note for note in self.world.scenario.credit_notes if seconds(note.on) <= now)

    def _invoice(
        self, kind: str, name: tuple[object, ...], month: Month, issued: int, now: int, amounts: tuple[int, int]
    ) -> Invoice:
        rules = self.world.scenario.invoicing
        names = [part.name if isinstance(part, Month) else part for part in name]
        is_draft = now < issued
        is_paid = now >= issued + rules.paid_after_days * DAY
        return Invoice(
            id=self.world.identity.uuid("invoice", kind, *names),
            kind=kind,
            state="draft" if is_draft else "paid" if is_paid else "issued",
            number=0 if is_draft else issued // 600 + self.world.identity.millionths("number", kind, *names) % 600,
            month=month,
            issued=None if is_draft else issued,
            due=None if is_draft else issued - issued % DAY + (rules.due_days + 1) * DAY,
            undiscount=amounts[0],
            discount=amounts[1],
            tax=self.tax(sum(amounts)),
        )


def _lines(world: World, month: Month, now: int) -> list[ConsumptionLine]:
    found: dict[tuple[str, str], ConsumptionLine] = {}
    for charge in world.of_month(month.name):
        until = world.accrued_until(charge, now)
        if until is None:
            continue
        offer, project = charge.line.offer, charge.line.resource.project
        line = found.get((project.name, offer.sku))
        if line is None:
            line = ConsumptionLine(project, offer.sku, offer.product, offer.label, offer.category, offer.billed_unit)
            found[project.name, offer.sku] = line
        line.nanos += charge.nanos(charge.start, until, now)
        line.millionths += charge.units(charge.start, until)
    for extra in world.scenario.consumption_only:
        _add(found, world, month, now, extra)
    _add_plan(found, world, month, now)
    return [found[key] for key in sorted(found)]


def _add(
    found: dict[tuple[str, str], ConsumptionLine], world: World, month: Month, now: int, extra: ConsumptionOnly
) -> None:
    """Adds what is in the consumption alone, whole from the month's first day."""
    start = seconds(extra.start) if extra.start else world.start
    end = seconds(extra.end) if extra.end else world.horizon
    if not (start <= month.start < end and month.start <= now):
        return
    project = next(project for project in world.scenario.projects if project.name == extra.project)
    line = found.setdefault(
        (extra.project, extra.sku),
        ConsumptionLine(project, extra.sku, extra.product, extra.label, extra.category, extra.unit),
    )
    line.nanos += _cents(extra.amount) * CENT
    line.millionths += MILLION if extra.kind == "contract" else 0
    line.kind = extra.kind


def _add_plan(found: dict[tuple[str, str], ConsumptionLine], world: World, month: Month, now: int) -> None:
    """Adds what the bill says of the savings plan beside the charges."""
    plan = world.scenario.savings_plan
    if plan is None:
        return
    used = ((charge, world.accrued_until(charge, now)) for charge in world.of_month(month.name))
    project = next(project for project in world.scenario.projects if project.name == plan.project)
    for told in plan_lines(plan, [(charge, until) for charge, until in used if until is not None], month, now):
        line = ConsumptionLine(
            project, told.sku, "Savings Plans", told.label, "Contracts", "month", told.nanos, MILLION
        )
        line.kind = "contract"
        found[plan.project, told.sku] = line


def _cents(amount: Decimal) -> int:
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_EVEN))
