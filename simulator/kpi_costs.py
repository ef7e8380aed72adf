"""What each resource and SKU costs on each complete UTC day, as the bill says it at an instant."""

import csv
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simulator.instants import DAY, day_start
from simulator.price_book import Offer
from simulator.resources import Resource
from simulator.world import World

UNITS_OF_A_NANO = 1_000
"""Amounts that are split are counted in units of 10^-12, the last decimal of money."""
_FAMILIES = Path(__file__).parent / "price_book" / "families.csv"


@dataclass(frozen=True, slots=True)
class Spent:
    """Cost of one resource and SKU on one day, in units of 10^-12."""

    day: int
    resource: Resource
    offer: Offer
    units: int


def spent_in(world: World, month: str, now: int) -> Iterator[Spent]:
    """Every piece of a month's visible charges; what is free has no price and is left out."""
    return (piece for piece in charged_in(world, month, now) if not piece.offer.is_free)


def charged_in(world: World, month: str, now: int) -> Iterator[Spent]:
    """The same with what is free, which costs nothing."""
    today = day_start(now)
    for charge in world.of_month(month):
        until = world.served_until(charge, now)
        if until is None:
            continue
        for day in range(day_start(charge.start), min(until, today), DAY):
            nanos = charge.nanos(max(charge.start, day), min(until, day + DAY), now)
            yield Spent(day, charge.line.resource, charge.line.offer, nanos * UNITS_OF_A_NANO)


@functools.cache
def service_of(sku: str, category: str) -> str:
    """The service that a SKU's path tells of, else its category on the bill."""
    return next((name for prefix, name in _families() if sku.lower().startswith(prefix)), category)


@functools.cache
def _families() -> tuple[tuple[str, str], ...]:
    with _FAMILIES.open(encoding="utf-8", newline="") as file:
        return tuple((row["prefix"], row["service"]) for row in csv.DictReader(file))
