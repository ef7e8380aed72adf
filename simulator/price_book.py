"""Scaleway's price list as this world knows it: SKUs, their units and their prices by date."""

import csv
import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from simulator.instants import HOUR, seconds
from simulator.scenario import Price, Scenario

ZONES = (
    "fr-par-1", "fr-par-2", "fr-par-3", "nl-ams-1", "nl-ams-2", "nl-ams-3",
    "pl-waw-1", "pl-waw-2", "pl-waw-3", "it-mil-1",
)  # fmt: skip
REGIONS = ("fr-par", "nl-ams", "pl-waw", "it-mil")

# How long one unit lasts; a unit that is not listed is counted instead.
UNIT_SECONDS = {
    "minute": 60, "node_minute": 60, "ip_minute": 60, "version_minute": 60, "gigabyte_minute": 60,
    "hour": HOUR, "gigabyte_hour": HOUR, "device_hour": HOUR,
}  # fmt: skip
MONTHLY_UNITS = frozenset({"month", "plan", "gigabyte_month"})

_DATA = Path(__file__).parent / "price_book"


@dataclass(frozen=True)
class InstanceType:
    """What a commercial type is made of."""

    name: str
    vcpus: int
    ram_gib: int
    arch: str
    gpus: int
    gpu_name: str
    gpu_gib: int
    hourly_price: Decimal
    local_gb: int
    range: str
    kg_co2e: str
    m3_water: str


@dataclass(frozen=True)
class Offer:
    """One SKU. `prices` are nanos per `size` units, each valid from its second on."""

    sku: str
    unit: str
    size: int
    billed_unit: str
    category: str
    product_type: str
    product_category: str
    product: str
    label: str
    locality: tuple[str, str]
    prices: tuple[tuple[int, int], ...]
    instance: InstanceType | None = None

    def nanos(self, instant: int) -> int:
        """The price that holds at an instant."""
        return [price for since, price in self.prices if since <= instant][-1]

    @property
    def is_free(self) -> bool:
        return all(price == 0 for _, price in self.prices)


@dataclass(frozen=True)
class PriceBook:
    """Every SKU that can be billed in this world, and every Instance type by zone."""

    offers: dict[str, Offer]
    types: dict[tuple[str, str], InstanceType] = field(repr=False)

    @staticmethod
    def of(scenario: Scenario) -> "PriceBook":
        """The public price list with the scenario's own SKUs and dated changes."""
        offers, types = _public_list()
        extra = {offer.sku: offer for price in scenario.prices for offer in _service_offers(price)}
        book = PriceBook({**offers, **extra}, types)
        changed = dict(book.offers)
        for change in sorted(scenario.price_changes, key=lambda change: change.on):
            for pattern in change.skus:
                for sku in book.matching(pattern):
                    offer = changed[sku]
                    scale = Decimal(_unit_seconds(offer)) / HOUR if change.unit == "hour" else Decimal(1)
                    old = _nanos(change.old * scale)
                    new = offer.prices[-1][1] if change.new is None else _nanos(change.new * scale)
                    before = [*offer.prices[:-1], (offer.prices[-1][0], old)]
                    changed[sku] = _repriced(offer, (*before, (seconds(change.on), new)))
        return PriceBook(changed, types)

    def matching(self, pattern: str) -> list[str]:
        """The SKUs a pattern means; `*` at its end stands for anything."""
        if pattern.endswith("*"):
            return [sku for sku in self.offers if sku.startswith(pattern[:-1])]
        return [pattern] if pattern in self.offers else []

    def sells(self, name: str, zone: str) -> bool:
        return (name, zone) in self.types

    def types_in(self, zone: str) -> list[str]:
        return sorted(name for name, where in self.types if where == zone)


def instance_sku(name: str, zone: str) -> str:
    """The irregular spelling of an Instance's SKU."""
    where = _short(zone) if zone in ("fr-par-1", "nl-ams-1") else zone
    return f"/compute/{name.lower().replace('-', '_')}/run_{where}"


def is_gpu_billed_by_the_minute(offer: InstanceType) -> bool:
    return offer.gpus > 0 and not offer.name.startswith("RENDER")


def _short(zone: str) -> str:
    return zone[3:].replace("-", "")


def _unit_seconds(offer: Offer) -> int:
    return UNIT_SECONDS.get(offer.unit, HOUR)


def _nanos(euros: Decimal) -> int:
    return int((euros * 10**9).quantize(Decimal(1), ROUND_HALF_EVEN))


def _repriced(offer: Offer, prices: tuple[tuple[int, int], ...]) -> Offer:
    return Offer(**{**offer.__dict__, "prices": prices})


@functools.cache
def _public_list() -> tuple[dict[str, Offer], dict[tuple[str, str], InstanceType]]:
    types: dict[tuple[str, str], InstanceType] = {}
    offers: dict[str, Offer] = {}
    for row in _rows("instances.csv"):
        for zone in row["zones"].split():
            kind = _instance_type(row, zone)
            types[kind.name, zone] = kind
            offer = _instance_offer(kind, zone)
            offers[offer.sku] = offer
    for row in _rows("services.csv"):
        offers.update({offer.sku: offer for offer in _service_offers(Price.model_validate(row))})
    return offers, types


def _rows(name: str) -> Iterable[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _instance_type(row: dict[str, str], zone: str) -> InstanceType:
    french = zone.startswith("fr-par")  # the footprint is published by zone; ours is known for Paris
    return InstanceType(
        name=row["type"],
        vcpus=int(row["vcpus"]),
        ram_gib=int(row["ram_gib"]),
        arch=row["arch"],
        gpus=int(row["gpus"]),
        gpu_name=row["gpu_name"],
        gpu_gib=int(row["gpu_gib"]),
        hourly_price=Decimal(row["price_per_hour"]),
        local_gb=int(row["local_gb"]),
        range=row["range"] or "GPU" * (int(row["gpus"]) > 0),
        kg_co2e=row["kg_co2e_per_hour"] if french else "",
        m3_water=row["m3_water_per_hour"] if french else "",
    )


def _instance_offer(kind: InstanceType, zone: str) -> Offer:
    by_minute = is_gpu_billed_by_the_minute(kind)
    price = kind.hourly_price / 60 if by_minute else kind.hourly_price
    return Offer(
        sku=instance_sku(kind.name, zone),
        unit="minute" if by_minute else "hour",
        size=1,
        billed_unit="minute",
        category="Compute",
        product_type="instance",
        product_category="Instance",
        product=kind.name,
        label=f"{kind.name} - {zone.upper()}",
        locality=("zone", zone),
        prices=((0, _nanos(price)),),
        instance=kind,
    )


def _service_offers(price: Price) -> list[Offer]:
    amount, _, size = price.price.partition("/")
    return [
        Offer(
            sku=price.sku.format(**words),
            unit=price.unit,
            size=int(size or 1),
            billed_unit=price.billed_unit or price.unit,
            category=price.category,
            product_type=price.product_type,
            product_category=price.product_category,
            product=price.product,
            label=(price.label or price.product).format(**words),
            locality=locality,
            prices=((0, _nanos(Decimal(amount))),),
        )
        for locality, words in _places(price.where)
    ]


def _places(where: str) -> list[tuple[tuple[str, str], dict[str, str]]]:
    if where == "global":
        return [(("global", "true"), {})]
    names: tuple[str, ...] = {"zones": ZONES, "regions": REGIONS}.get(where) or tuple(where.split())
    return [(("zone" if name[-1].isdigit() else "region", name), _words(name)) for name in names]


def place_words(where: str) -> list[str]:
    """The words a SKU or label template may use if it is sold there."""
    found = [set(words) for _, words in _places(where)]
    return sorted(set.intersection(*found)) if found else []


def _words(name: str) -> dict[str, str]:
    """The many spellings of a place that SKUs and labels use."""
    region = name[:6]
    words = {"region": region, "REGION": region.upper(), "country": region[:2], "COUNTRY": region[:2].upper()}
    if name != region:
        short = _short(name)
        joined = f"{region}{name[-1]}"
        words |= {"zone": name, "ZONE": name.upper(), "short": short, "SHORT": short.upper(), "joined": joined}
    return words
