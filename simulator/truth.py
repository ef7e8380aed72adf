"""What is so in a world at an instant, worked out from its charges and not from its answers."""

import json
from decimal import Decimal
from typing import Any

from simulator.bill import Bill, Invoice
from simulator.charges import TAKEN_OFF_WHOLE, Charge
from simulator.cures import Cures
from simulator.deploys_truth import work_truth
from simulator.footprint_truth import footprint_truth
from simulator.instants import DAY, Month, at, day_start, seconds, zulu
from simulator.kpi_truth import KpiTruth
from simulator.s3_truth import storage_truth
from simulator.scenario import Planted
from simulator.telemetry_truth import telemetry_truth
from simulator.world import World

NANO = Decimal(1).scaleb(-9)


def truth(world: World, now: int) -> dict[str, Any]:
    """The whole truth; every amount is a decimal string."""
    bill = Bill(world)
    scenario = world.scenario
    costs = {month.name: _daily_costs(world, month, now) for month in bill.begun(now)}
    work = _work(world, now)
    wastes = planted(world, now)
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "today": zulu(now),
        "organization_id": scenario.organization.id,
        "currency": scenario.currency,
        "months": {month.name: _month(world, bill, month, now, costs[month.name]) for month in bill.begun(now)},
        "planted": wastes,
        "traps": [planted_truth(world, item, now) for item in scenario.traps],
        "price_changes": _price_changes(world, now),
        "late_charges": _late_charges(world, now),
        "restated_charges": _restated_charges(world, now),
        "residuals": _residuals(world, bill, now),
        "storage": storage_truth(world, now),
        "footprint": footprint_truth(world, now),
        "kpis": KpiTruth(world, now, {**work, "planted": wastes}).months(),
        **work,
    }


def key_figures(world: World, now: int) -> KpiTruth:
    """The key figures alone, which can be told by day as well."""
    wastes = [planted_truth(world, item, now) for item in world.scenario.planted]
    return KpiTruth(world, now, {**_work(world, now), "planted": wastes})


def _work(world: World, now: int) -> dict[str, Any]:
    """What was done and measured."""
    return {**work_truth(world, now), **telemetry_truth(world, now)}


def truth_json(world: World, now: int) -> str:
    return json.dumps(truth(world, now), indent=1, ensure_ascii=False) + "\n"


def one_day_pieces(world: World, charge: Charge, now: int) -> int:
    """What a charge adds up to when asked for one complete UTC day at a time."""
    until = world.served_until(charge, now)
    today = day_start(now)
    if until is None or charge.line.offer.is_free:
        return 0
    total = 0
    for day in range(day_start(charge.start), min(until, today), DAY):
        total += charge.nanos(max(charge.start, day), min(until, day + DAY), now)
    return total


def _daily_costs(world: World, month: Month, now: int) -> dict[tuple[str, str], int]:
    costs: dict[tuple[str, str], int] = {}
    for charge in world.of_month(month.name):
        key = world.project_id(charge.line.resource.project), charge.line.offer.sku
        costs[key] = costs.get(key, 0) + one_day_pieces(world, charge, now)
    return costs


def _month(world: World, bill: Bill, month: Month, now: int, costs: dict[tuple[str, str], int]) -> dict[str, Any]:
    by_project: dict[str, int] = {}
    by_sku: dict[str, int] = {}
    for (project, sku), nanos in sorted(costs.items()):
        by_project[project] = by_project.get(project, 0) + nanos
        by_sku[sku] = by_sku.get(sku, 0) + nanos
    total = sum(costs.values())
    invoice = bill.periodic(month, now)
    apart = [other for other in bill.invoices(now) if other.month == month]
    return {
        "complete": month.end <= now,
        "charges": _exact(total),
        "charges_cents": str((total * NANO).quantize(Decimal("0.01"))),
        "consumption": _from_cents(bill.total(month, now)),
        "by_project": {project: _exact(nanos) for project, nanos in by_project.items()},
        "by_sku": {sku: _exact(nanos) for sku, nanos in by_sku.items()},
        "invoice": _invoice(invoice) if invoice else None,
        "invoiced_apart": _from_cents(sum(o.untaxed for o in apart if o.kind == "purchase")),
        "credit_notes": _from_cents(sum(o.untaxed for o in apart if o.kind == "credit_note")),
        "list_price_change_effect": f"{_price_effect(world, month, now):.9f}",
    }


def _price_effect(world: World, month: Month, now: int) -> Decimal:
    """Usage of this month x (its price - the price a month earlier), over SKUs whose price changed."""
    before = month.start - 1
    effect = Decimal(0)
    for charge in world.of_month(month.name):
        offer = charge.line.offer
        difference = offer.nanos(charge.start) - offer.nanos(before)
        until = world.served_until(charge, now)
        if not difference or until is None:
            continue
        span = max(0, min(until, day_start(now)) - charge.start)
        price = offer.nanos(charge.start)
        kept = Decimal(TAKEN_OFF_WHOLE - charge.taken_off) / TAKEN_OFF_WHOLE
        effect += NANO * kept * charge.rate_at(now) * span * difference / (charge.scale * price)
    return effect.quantize(NANO)


def _invoice(invoice: Invoice) -> dict[str, str]:
    return {
        "id": invoice.id,
        "state": invoice.state,
        "undiscount": _from_cents(invoice.undiscount),
        "discount": _from_cents(invoice.discount),
        "untaxed": _from_cents(invoice.untaxed),
        "tax": _from_cents(invoice.tax),
        "taxed": _from_cents(invoice.taxed),
    }


def planted(world: World, now: int) -> list[dict[str, Any]]:
    """What there is to be found, and what of it can be saved by the month; None where the scenario names no cure."""
    cures = Cures(world, now)
    found = []
    for item in world.scenario.planted:
        saving = cures.monthly_saving(item)
        told = {"monthly_saving": None if saving is None else str(saving)}
        found.append({**planted_truth(world, item, now), **told})
    return found


def planted_truth(world: World, item: Planted, now: int) -> dict[str, Any]:
    """What is so of one thing to be found, or to be left alone."""
    members = [r for r in world.resources if r.group.name in item.groups and r.start <= now]
    expected = item.expected_monthly_cost
    return {
        "id": item.id,
        "kind": item.kind,
        "title": item.title,
        "resource_ids": [member.id for member in members],
        "from": zulu(seconds(item.start or world.scenario.start)),
        "to": zulu(seconds(item.end)) if item.end else None,
        "expected_monthly_cost": str(_monthly_cost(world, item, now) if expected is None else expected),
        "expect": item.expect,
    }


def _monthly_cost(world: World, item: Planted, now: int) -> Decimal:
    """What is meant: over its window where that is over, else of the last complete month billed."""
    if item.end and item.groups:
        start, end = seconds(item.start or world.scenario.start), min(seconds(item.end), now)
        return _share(item, sum(_within(world, charge, start, end, now) for charge in _meant(world, item)))
    for month in reversed([month for month in world.months if month.end <= now]):
        charges = [charge for charge in _meant(world, item) if month.start <= charge.start < month.end]
        nanos = sum(one_day_pieces(world, charge, now) for charge in charges)
        if nanos:
            return _share(item, nanos)
    return Decimal("0.00")


def _meant(world: World, item: Planted) -> list[Charge]:
    skus = {sku for pattern in item.skus for sku in world.book.matching(pattern)}
    return [
        charge
        for charge in world.charges
        if charge.line.resource.group.name in item.groups and (not skus or charge.line.offer.sku in skus)
    ]


def _within(world: World, charge: Charge, start: int, end: int, now: int) -> int:
    until = world.served_until(charge, now)
    first, last = max(charge.start, start), min(until or 0, end)
    return charge.nanos(first, last, now) if first < last and not charge.line.offer.is_free else 0


def _share(item: Planted, nanos: int) -> Decimal:
    return (nanos * NANO * item.cost_share).quantize(Decimal("0.01"))


def _price_changes(world: World, now: int) -> list[dict[str, str]]:
    return [
        {
            "sku": offer.sku,
            "on": at(since).date().isoformat(),
            "old": str(Decimal(before) * NANO / offer.size),
            "new": str(Decimal(price) * NANO / offer.size),
            "unit": offer.unit,
        }
        for offer in world.book.offers.values()
        for (_, before), (since, price) in zip(offer.prices, offer.prices[1:], strict=False)
        if since <= now
    ]


def _late_charges(world: World, now: int) -> list[dict[str, str]]:
    return [
        _charge(world, charge, now) | {"published_at": zulu(charge.published)}
        for charge in world.charges
        if charge.published and charge.end <= now
    ]


def _restated_charges(world: World, now: int) -> list[dict[str, str]]:
    return [
        _charge(world, charge, now)
        | {
            "restated_at": zulu(charge.restated_at),
            "first_amount": _exact(charge.nanos(charge.start, charge.end, charge.restated_at - 1)),
            "final_amount": _exact(charge.nanos(charge.start, charge.end, charge.restated_at)),
        }
        for charge in world.charges
        if charge.restated_at and charge.end <= now
    ]


def _charge(world: World, charge: Charge, now: int) -> dict[str, str]:
    return {
        "project_id": world.project_id(charge.line.resource.project),
        "sku": charge.line.offer.sku,
        "resource_id": charge.line.resource.id,
        "start": zulu(charge.start),
        "end": zulu(charge.end),
        "amount": _exact(charge.nanos(charge.start, charge.end, now)),
    }


def _residuals(world: World, bill: Bill, now: int) -> dict[str, dict[str, str]]:
    """Where a month's consumption differs from all its visible charges by more than rounding, and why."""
    found: dict[str, dict[str, str]] = {}
    for month in bill.begun(now):
        kinds = {
            f"{world.project_id(line.project)}|{line.sku}": line.kind for line in bill.lines(month, now) if line.kind
        }
        for charge in world.of_month(month.name):
            hidden = charge.published > now and world.accrued_until(charge, now) is not None
            if hidden and not charge.line.offer.is_free:
                kinds[f"{world.project_id(charge.line.resource.project)}|{charge.line.offer.sku}"] = "late"
        if kinds:
            found[month.name] = kinds
    return found


def _exact(nanos: int) -> str:
    return f"{nanos * NANO:.9f}"


def _from_cents(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):.2f}"
