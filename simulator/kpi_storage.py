"""What a GB stored costs: capacity charges over GB (10^9 bytes) and months of 730 hours, by kind and class.

A class is the word that the SKU has for it. Stored is what truly lies there: in a bucket all versions, delete-marked
and incomplete parts included, as of the midnight that begins a day; a volume or snapshot has its size for as long as it
is there. No metric tells the classes of a bucket apart: one that is billed in several on a day is shared out by what
the bill charges for each, at the price of that day. Object, block, local and snapshot storage are never mixed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from simulator.instants import DAY, HOUR, at
from simulator.kpi_costs import UNITS_OF_A_NANO, Spent
from simulator.kpi_figures import Figure, amount, per_unit, ratio
from simulator.kpi_work import running_parts
from simulator.resources import Resource
from simulator.s3_objects import held_bytes
from simulator.world import World

HOURS_A_MONTH = 730
_GB = 10**9
_STORED = ("/storage/obj/storage/", "/storage/block/", "/storage/local/", "/storage/snapshot/")


@dataclass
class Stored:
    """One kind and class in a month."""

    units: int = 0
    byte_seconds: int = 0
    is_known: bool = True
    known_from: int = 0

    def figure(self) -> Figure:
        gb_months = Fraction(self.byte_seconds, _GB * HOUR * HOURS_A_MONTH)
        return {
            "cost_direct": amount(self.units),
            "gb_months": ratio(gb_months) if self.is_known else None,
            "value": per_unit(self.units, gb_months) if self.is_known else None,
            "known_from": at(self.known_from).date().isoformat(),
        }


@dataclass
class Capacity:
    """The GB of a world's buckets, volumes and snapshots; a reader knows what buckets hold from `measured_from` on."""

    world: World
    measured_from: int
    _held: dict[str, dict[str, dict[int, int]]] = field(default_factory=dict)

    def figures(self, spent: Iterable[Spent]) -> Mapping[str, Figure]:
        """By `kind|class`."""
        found: dict[str, Stored] = {}
        classes: dict[tuple[int, str], dict[str, Spent]] = {}
        for piece in spent:
            if not piece.offer.sku.startswith(_STORED):
                continue
            name = kind_and_class(piece.offer.sku)
            stored = found.setdefault(name, Stored())
            stored.units += piece.units
            is_bucket = piece.resource.kind == "service"
            stored.known_from = max(stored.known_from, self.measured_from if is_bucket else self.world.start)
            if is_bucket:
                classes.setdefault((piece.day, piece.resource.id), {})[name] = piece
            else:
                stored.byte_seconds += piece.resource.gb * _GB * _lived(piece)
        for pieces in classes.values():
            for name, size in self._in_bucket(pieces).items():
                found[name].is_known = found[name].is_known and size is not None
                found[name].byte_seconds += size or 0
        return {name: stored.figure() for name, stored in sorted(found.items())}

    def _in_bucket(self, pieces: Mapping[str, Spent]) -> Mapping[str, int | None]:
        """What lay in a bucket on a day by class, times how long; None where nothing but the bill knows."""
        piece = next(iter(pieces.values()))
        held = self._held_in(piece.resource)
        if held is None:
            return dict.fromkeys(pieces)
        if len(pieces) == 1:
            word = _word(piece.offer.sku, 4).upper()
            return {name: held.get(word, {}).get(piece.day, 0) * _lived(piece) for name in pieces}
        whole = sum(by_day.get(piece.day, 0) for by_day in held.values()) * _lived(piece) // HOUR
        charged = {name: _charged_byte_hours(each) for name, each in pieces.items()}
        if not any(charged.values()):
            return dict.fromkeys(pieces)
        return {name: part * HOUR for name, part in running_parts(whole, charged).items()}

    def _held_in(self, resource: Resource) -> Mapping[str, Mapping[int, int]] | None:
        bucket = self.world.storage.buckets.get(resource.id)
        if bucket is not None and resource.id not in self._held:
            days = range(self.world.start, self.world.horizon, DAY)
            self._held[resource.id] = held_bytes(bucket.held, days)
        return self._held.get(resource.id)


def _lived(piece: Spent) -> int:
    """Seconds of the day for which it was there."""
    return min(piece.day + DAY, piece.resource.end) - max(piece.day, piece.resource.start)


def _charged_byte_hours(piece: Spent) -> int:
    """What a charge pays for at the list price, which is by GB and hour."""
    return piece.units * piece.offer.size * _GB // (piece.offer.nanos(piece.day) * UNITS_OF_A_NANO)


def kind_and_class(sku: str) -> str:
    if sku.startswith("/storage/obj/"):
        return f"object|{_word(sku, 4)}"
    if sku.startswith("/storage/block/snapshot"):
        return "snapshot|block snapshot"
    kind = sku.split("/")[2]
    return f"{kind}|{_word(sku, 3)}"


def _word(sku: str, number: int) -> str:
    return sku.split("/")[number]
