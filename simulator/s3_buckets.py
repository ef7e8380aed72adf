"""The buckets of a world: what lies in each as of a day, and how much of it is billed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.identity import Identity
from simulator.instants import DAY, Month, day_start, seconds
from simulator.loading import ScenarioError
from simulator.resources import Resource
from simulator.s3_lifecycle import Upload, Version
from simulator.s3_objects import Contents, Life, Totals, contents, daily_totals, held_bytes
from simulator.s3_scenario import Bucket
from simulator.scenario import Scenario

STORAGE_SKU = "/storage/obj/storage/"
CLASSES = {"standard": "STANDARD", "onezone_ia": "ONEZONE_IA", "glacier": "GLACIER"}
KILOBYTE = 1_000  # a millionth of the gigabyte that is billed
_PART = 134_217_728
_MOST_PARTS = 1_000


class Entry(NamedTuple):
    """A version or delete marker as a listing shows it."""

    key: str
    version_id: str
    written: int
    size: int
    storage_class: str
    etag: str
    is_latest: bool
    is_marker: bool


@dataclass(frozen=True)
class Snapshot:
    """What lies in a bucket on one day: all versions, newest first by key; current objects; incomplete uploads."""

    versions: Sequence[Entry]
    current: Sequence[Entry]
    uploads: Sequence[Upload]


@dataclass
class StoredBucket:
    """One bucket and everything it ever holds."""

    resource: Resource
    spec: Bucket
    held: Contents
    _day: int = -1
    _snapshot: Snapshot = field(default_factory=lambda: Snapshot((), (), ()))

    def at(self, now: int) -> Snapshot:
        """What is seen at an instant: the bucket as of the midnight UTC before it."""
        midnight = day_start(now)
        if midnight != self._day:
            versions = [
                _entry(each, midnight, self.spec.versioning != "never", self.resource.id)
                for each in self.held.versions
                if each.is_there(midnight)
            ]
            current = [each for each in versions if each.is_latest and not each.is_marker]
            uploads = [each for each in self.held.uploads if each.is_there(midnight)]
            self._day, self._snapshot = midnight, Snapshot(versions, current, uploads)
        return self._snapshot


@dataclass(frozen=True)
class Storage:
    """All buckets of a world, by name."""

    buckets: Mapping[str, StoredBucket]

    @staticmethod
    def of(scenario: Scenario, identity: Identity, resources: Iterable[Resource]) -> "Storage":
        """Draws what every bucket holds; ScenarioError for one that cannot be."""
        today = seconds(scenario.today)
        buckets = {}
        for resource in resources:
            spec = resource.group.bucket
            if spec is None:
                continue
            if resource.kind != "service" or resource.group.identified_by != "name":
                raise _wrong(resource, 'it needs kind = "service" and identified_by = "name"')
            life = Life(resource.start, today, resource.end)
            buckets[resource.id] = StoredBucket(resource, spec, contents(spec, identity, resource.id, life))
        return Storage(buckets)

    def daily(self, name: str, months: Sequence[Month]) -> Mapping[int, Totals]:
        """What a bucket holds on each day, as its metrics count it."""
        return daily_totals(self.buckets[name].held, _days(months))

    def ledgers(self, months: Sequence[Month]) -> dict[tuple[str, str], Mapping[int, int]]:
        """What each storage meter counts on each day: kilobytes that lay in the bucket as of its midnight."""
        days = _days(months)
        found: dict[tuple[str, str], Mapping[int, int]] = {}
        for name, bucket in self.buckets.items():
            held = held_bytes(bucket.held, days)
            for meter in bucket.resource.meters:
                if meter.sku.startswith(STORAGE_SKU):
                    by_day = held.pop(class_of(meter.sku), {})
                    found[name, meter.sku] = {day: size // KILOBYTE for day, size in by_day.items()}
            if unbilled := sorted(name for name, by_day in held.items() if any(by_day.values())):
                raise _wrong(bucket.resource, f"objects come to lie in class {unbilled[0]}, which no meter of it bills")
        return found


def _days(months: Sequence[Month]) -> range:
    return range(months[0].start, months[-1].end, DAY)


def class_of(sku: str) -> str:
    """The storage class that a capacity SKU bills; empty for any other SKU."""
    return CLASSES.get(sku.removeprefix(STORAGE_SKU).split("/")[0], "") if sku.startswith(STORAGE_SKU) else ""


def _wrong(resource: Resource, problem: str) -> ScenarioError:
    return ScenarioError(f"resources.{resource.group.name}.bucket: {problem}")


def _entry(each: Version, midnight: int, has_versions: bool, bucket: str) -> Entry:
    name = hashlib.blake2b(f"{bucket}\x1f{each.number}".encode(), digest_size=16).hexdigest()
    micro = int(name[:5], 16) % 1_000_000
    return Entry(
        key=each.key,
        version_id=f"{each.written}{micro:06}" if has_versions else "null",
        written=each.written,
        size=each.size,
        storage_class="" if each.is_marker else each.class_at(midnight),
        etag=_etag(name, each.size),
        is_latest=each.superseded > midnight,
        is_marker=each.is_marker,
    )


def _etag(name: str, size: int) -> str:
    """What was uploaded in parts says so in its tag."""
    parts = -(-size // max(_PART, -(-size // _MOST_PARTS))) if size else 1
    return f"{name}-{parts}" if parts > 1 else name
