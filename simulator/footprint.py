"""The environmental footprint of what is used: greenhouse gases and water, by day, project and SKU.

A published estimate of an Instance type holds where there is one, else one by its vCPUs, memory and GPUs; every other
product has a factor by the unit it is billed in. Products without a factor have no footprint, as in the real report.
All amounts are whole nanograms and nanolitres, so that days add up to months exactly.
"""

import csv
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from simulator.charges import Charge
from simulator.instants import DAY, day_start
from simulator.price_book import InstanceType, Offer
from simulator.world import World

PLACES = 12  # decimals of a kilogram that a nanogram is, and of a cubic metre that a nanolitre is
_FACTORS = Path(__file__).parent / "price_book" / "footprint.csv"
_BY_GRID = {"fr-par": 1, "nl-ams": 5, "pl-waw": 12, "it-mil": 6}  # how much more than in Paris a kWh emits
_MINUTES = 60
_MILLION = 1_000_000
_NG_VCPU, _NG_GIB, _NG_GPU = 110_000_000, 18_000_000, 9_800_000_000  # of one hour
_WATER_SHARE = 16_500  # nanograms that come with one nanolitre


@dataclass(frozen=True)
class Factor:
    """What one billed unit of an offer emits and takes, and how the report files it."""

    service_category: str
    product_category: str
    nanograms: int
    nanolitres: int


@dataclass(frozen=True)
class Impact:
    """Greenhouse gases in nanograms of CO2 equivalent, water in nanolitres."""

    nanograms: int = 0
    nanolitres: int = 0

    def __add__(self, other: "Impact") -> "Impact":
        return Impact(self.nanograms + other.nanograms, self.nanolitres + other.nanolitres)

    @property
    def kg_co2e(self) -> Decimal:
        return Decimal(self.nanograms).scaleb(-PLACES)

    @property
    def m3_water(self) -> Decimal:
        return Decimal(self.nanolitres).scaleb(-PLACES)


@dataclass(frozen=True, slots=True)
class Emitted:
    """What one charge comes to on one UTC day."""

    day: int
    charge: Charge
    factor: Factor
    impact: Impact


class Footprint:
    """The footprint of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._of_offer: dict[str, Factor | None] = {}

    def emitted(self, start: int, end: int) -> Iterator[Emitted]:
        """Every complete day in [start, end), whatever of it is on the bill yet."""
        for charge in self._world.overlapping(start, end):
            factor = self.factor(charge.line.offer)
            if factor is None:
                continue
            grid = _BY_GRID.get(charge.line.resource.zone[:6], 1) if charge.line.offer.instance is None else 1
            first, last = max(charge.start, start), min(charge.end, end)
            for day in range(day_start(first), last, DAY):
                units = charge.units(max(first, day), min(last, day + DAY))
                impact = Impact(units * factor.nanograms * grid // _MILLION, units * factor.nanolitres // _MILLION)
                yield Emitted(day, charge, factor, impact)

    def factor(self, offer: Offer) -> Factor | None:
        """What a unit of an offer comes to; None for a product that is not reported on."""
        if offer.sku not in self._of_offer:
            self._of_offer[offer.sku] = _factor(offer)
        return self._of_offer[offer.sku]


def _factor(offer: Offer) -> Factor | None:
    if offer.instance is None:
        return _factors().get((offer.product_type, offer.billed_unit))
    kind, zone = offer.instance, offer.locality[1]
    nanograms = _known(kind.kg_co2e) or _estimated(kind) * _BY_GRID.get(zone[:6], 1)
    nanolitres = _known(kind.m3_water) or _estimated(kind) // _WATER_SHARE
    return Factor("compute", "instances", nanograms // _MINUTES, nanolitres // _MINUTES)


def _known(published: str) -> int:
    """Nanograms or nanolitres of an hour, 0 where nothing is published."""
    return int(Decimal(published).scaleb(PLACES)) if published else 0


def _estimated(kind: InstanceType) -> int:
    return kind.vcpus * _NG_VCPU + kind.ram_gib * _NG_GIB + kind.gpus * _NG_GPU


@functools.cache
def _factors() -> dict[tuple[str, str], Factor]:
    with _FACTORS.open(encoding="utf-8", newline="") as file:
        return {
            (row["product_type"], row["billed_unit"]): Factor(
                row["service_category"], row["product_category"], int(row["ng_co2e"]), int(row["nl_water"])
            )
            for row in csv.DictReader(file)
        }
