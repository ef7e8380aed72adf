"""What planted wastes can really save: worked out object by object and day by day from what the world decided.

It is by the month of 730 hours and to the cent. A bucket saves what its objects cost as of the midnight before `now`,
at the public price, less what they would if the cure had always acted: who writes and deletes what stays as it was.
Telemetry and traffic save their part of what the last 28 complete days were charged for them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from simulator.charges import Charge
from simulator.cockpit_logs import LogWorld
from simulator.cure_scenario import Cure
from simulator.instants import DAY, HOUR, day_start, seconds
from simulator.resources import Resource
from simulator.s3_buckets import STORAGE_SKU, StoredBucket
from simulator.s3_lifecycle import Version
from simulator.s3_scenario import Rule, Transition
from simulator.scenario import Planted
from simulator.telemetry_families import Crowd
from simulator.telemetry_noise import Whole
from simulator.telemetry_sources import Source
from simulator.telemetry_world import TelemetryWorld
from simulator.world import World

_HOURS_A_MONTH = 730
_DAYS = 28
_GB = 10**9
_NANOS = 10**9
_RANKS = {"STANDARD": 0, "ONEZONE_IA": 1, "GLACIER": 2}
_LOGS, _SAMPLES = "/observability/cockpit/custom-log/", "/observability/cockpit/custom-sample/"
_TRAFFIC = "/storage/obj/bandwidth/to-external/"


@dataclass(frozen=True)
class Held:
    """An object, or the parts of an upload, that lies in a bucket: `age` counts from when it was written, `old_for`
    from when it was replaced or deleted (None: it is current), both in whole days."""

    key: str
    storage_class: str
    size: int
    age: int
    old_for: int | None = None
    is_upload: bool = False


class Cures:
    """The savings of a world's planted wastes at an instant."""

    def __init__(self, world: World, now: int) -> None:
        self._world = world
        self._until = day_start(now)
        self._now = now

    def monthly_saving(self, item: Planted) -> Decimal | None:
        """None where the scenario names no cure."""
        cure = item.cure
        if cure is None:
            return None
        members = [row for row in self._world.resources if row.group.name in item.groups and row.exists(self._now)]
        if cure.levels:
            return _cents(sum((self._logs(row, cure) for row in members), Fraction(0)))
        if cure.drops_unread:
            return _cents(sum((self._samples(row) for row in members), Fraction(0)))
        if cure.ends_bursts:
            return _cents(sum((self._traffic(row) for row in members), Fraction(0)))
        return _cents(sum((self._bucket(row, cure) for row in members), Fraction(0)))

    def _bucket(self, row: Resource, cure: Cure) -> Fraction:
        bucket = self._world.storage.buckets[row.id]
        held = list(lying(bucket, self._until))
        before = sum((self._rate(row, each.storage_class, each.size) for each in held), Fraction(0))
        if cure.empties:
            return before
        rules = [*cure.rules, *self._within(row, held, cure)]
        after = Fraction(0)
        for each in held:
            left = class_after(each, rules, bucket.spec.versioning == "enabled", cure.small_bytes)
            after += self._rate(row, left, each.size) if left else 0
        return before - after

    def _within(self, row: Resource, held: Iterable[Held], cure: Cure) -> Iterator[Rule]:
        """The expiry at the largest age that leaves no more than is allowed, else at the smallest."""
        if cure.within is None:
            return
        for age in sorted(cure.ages, reverse=True):
            left = (each for each in held if each.old_for is not None or each.is_upload or each.age < age)
            if sum(self._rate(row, each.storage_class, each.size) for each in left) <= Fraction(cure.within):
                yield Rule(id="within", expire=age)
                return
        yield Rule(id="within", expire=min(cure.ages))

    def _rate(self, row: Resource, storage_class: str, size: int) -> Fraction:
        """Euros by the month for so many bytes."""
        offer = self._world.book.offers[f"{STORAGE_SKU}{storage_class.lower()}/{row.zone[:6]}"]
        return Fraction(offer.nanos(self._until) * size * _HOURS_A_MONTH, _NANOS * _GB * offer.size)

    def _logs(self, row: Resource, cure: Cure) -> Fraction:
        """By the bytes of each day, since a day's charge is for its own."""
        streams = self._logged.streams(self._source(row))
        gone = [
            each
            for each in streams
            if each.labels["detected_level"] in cure.levels.get(each.labels["service_name"], ())
        ]
        return self._charged(row, _LOGS, lambda day: _part(day, [s.daily for s in gone], [s.daily for s in streams]))

    def _samples(self, row: Resource) -> Fraction:
        """Of the series that are only there to be many."""
        held = self._telemetry.holdings(self._source(row)).by_name
        every = [family.samples_by_day() for families in held.values() for family in families]
        gone = [
            family.samples_by_day() for families in held.values() for family in families if isinstance(family, Crowd)
        ]
        return self._charged(row, _SAMPLES, lambda day: _part(day, gone, every))

    def _traffic(self, row: Resource) -> Fraction:
        """Beyond what the load would be without the bursts that have not ended."""
        bursts = [each for each in row.load.bursts if seconds(each.end) > self._now]

        def beyond(number: int) -> Fraction:
            day = self._telemetry.land.calendar.start + number * DAY
            factor = Fraction(1)
            for burst in bursts:
                factor *= Fraction(burst.factor) if seconds(burst.start) <= day else 1
            return 1 - 1 / factor

        return self._charged(row, _TRAFFIC, beyond)

    def _charged(self, row: Resource, sku: str, part: Callable[[int], Fraction]) -> Fraction:
        """What a part of each day's charges comes to by the month; days are told by their number in the calendar."""
        total = Fraction(0)
        for day in range(self._until - _DAYS * DAY, self._until, DAY):
            share = part(self._telemetry.land.calendar.day_of(day))
            nanos = (self._nanos(charge, day) for charge in self._world.overlapping(day, day + DAY)
                     if charge.line.resource is row and charge.line.offer.sku.startswith(sku))  # fmt: skip
            total += share * sum(nanos)
        return total * _HOURS_A_MONTH * HOUR / (_NANOS * _DAYS * DAY)

    def _nanos(self, charge: Charge, day: int) -> int:
        until = self._world.served_until(charge, self._now)
        first, last = max(charge.start, day), min(until or 0, day + DAY)
        return charge.nanos(first, last, self._now) if first < last else 0

    @cached_property
    def _telemetry(self) -> TelemetryWorld:
        return TelemetryWorld(self._world)

    @cached_property
    def _logged(self) -> LogWorld:
        return LogWorld(self._telemetry)

    def _source(self, row: Resource) -> Source:
        return self._telemetry.sources[row.id]


def lying(bucket: StoredBucket, midnight: int) -> Iterator[Held]:
    """What is billed as of a midnight: versions that are no markers, and the parts of uploads."""
    for version in bucket.held.versions:
        if version.is_there(midnight) and not version.is_marker:
            yield _version(version, midnight)
    for upload in bucket.held.uploads:
        if upload.is_there(midnight):
            yield Held(upload.key, upload.storage_class, upload.size, (midnight - upload.begun) // DAY, is_upload=True)


def class_after(held: Held, rules: Iterable[Rule], is_versioned: bool, small_bytes: int) -> str:
    """Where it would lie if these rules had always acted; empty if it would be gone."""
    found = held.storage_class
    rules = [rule for rule in rules if held.key.startswith(rule.prefix)]
    # what a bucket with versions expires becomes an old version first, and is gone when that is
    kept = min((rule.expire_noncurrent for rule in rules if rule.expire_noncurrent), default=None)
    for rule in rules:
        moves: tuple[Transition, ...] = ()
        if held.is_upload:
            days, end = held.age, rule.abort_uploads
        elif held.old_for is not None:
            days, end, moves = held.old_for, rule.expire_noncurrent, rule.noncurrent_transitions
        else:
            days, end, moves = held.age, _ends(rule, is_versioned, kept), rule.transitions
        if end is not None and days >= end:
            return ""
        found = _moved(found, days, moves if held.size >= small_bytes else ())
    return found


def _ends(rule: Rule, is_versioned: bool, kept: int | None) -> int | None:
    if rule.expire is None or not is_versioned:
        return rule.expire
    return None if kept is None else rule.expire + kept


def _moved(found: str, days: int, moves: Iterable[Transition]) -> str:
    reached = [found, *(move.storage_class for move in moves if days >= move.days)]
    return max(reached, key=lambda name: _RANKS[name])


def _version(version: Version, midnight: int) -> Held:
    old_for = None if version.superseded > midnight else (midnight - version.superseded) // DAY
    age = (midnight - version.written) // DAY
    return Held(version.key, version.class_at(midnight), version.size, age, old_for)


def _part(day: int, some: Iterable[Whole], whole: Iterable[Whole]) -> Fraction:
    total = sum(int(daily[day]) for daily in whole)
    return Fraction(sum(int(daily[day]) for daily in some), total) if total else Fraction(0)


def _cents(amount: Fraction) -> Decimal:
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(Decimal("0.01"))
