"""Everything that is ever written into a bucket, drawn from the seed: when, under which key, and how large."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from simulator.identity import Identity
from simulator.instants import DAY, HOUR, at, day_start, month_of, seconds
from simulator.s3_lifecycle import Lifecycle, Upload, Version, midnight_from
from simulator.s3_scenario import Bucket, Stream

GB = 10**9
_MONTH = 30.4375 * DAY
_SUNDAY = 3 * DAY  # 1970-01-04, the first Sunday there is


@dataclass(frozen=True)
class Life:
    """From when to when a bucket lives, and the scenario's today."""

    start: int
    today: int
    end: int


@dataclass(frozen=True)
class Contents:
    """All versions, delete markers and uploads that a bucket ever holds, in the order of their keys."""

    versions: list[Version]
    uploads: list[Upload]


def contents(bucket: Bucket, identity: Identity, name: str, life: Life) -> Contents:
    """What a bucket holds over its life; the same seed gives the same."""
    lifecycle = Lifecycle(bucket, life.start)
    versions: list[Version] = []
    uploads: list[Upload] = []
    for position, stream in enumerate(bucket.objects):
        drawn = random.Random(identity.uuid("objects", name, position))  # noqa: S311 reproducible on purpose
        first = position * 1_000_000
        if stream.kind == "uploads":
            uploads += _uploads(stream, drawn, first, life, lifecycle)
        else:
            versions += _versions(stream, drawn, first, life, lifecycle)
    versions.sort(key=lambda each: (each.key, -each.written, not each.is_marker))
    uploads.sort(key=lambda each: (each.key, each.begun, each.number))
    return Contents(versions, uploads)


def _versions(stream: Stream, drawn: random.Random, first: int, life: Life, lifecycle: Lifecycle) -> list[Version]:
    chains: dict[str, list[Version]] = {}
    for index, written in enumerate(_instants(stream, drawn, life)):
        key = _key(stream, drawn, index, written)
        chain = chains.setdefault(key, [])
        written = max(written, chain[-1].written + 1) if chain else written
        chain.append(Version(key, first + index, written, stream.storage_class, _weight(stream, drawn)))
    made: list[Version] = []
    for chain in chains.values():
        is_deleted = drawn.random() < stream.deleted
        made += lifecycle.settle(chain, chain[0].written + stream.deleted_after * DAY if is_deleted else None)
    scale = _scale(stream, [each for each in made if not each.is_marker], life.today)
    for each in made:
        each.size = 0 if each.is_marker else max(1, int(each.weight * scale))
    return made


def _uploads(stream: Stream, drawn: random.Random, first: int, life: Life, lifecycle: Lifecycle) -> list[Upload]:
    made = []
    for index, begun in enumerate(_instants(stream, drawn, life)):
        key, weight = _key(stream, drawn, index, begun), _weight(stream, drawn)
        count = 1 + drawn.randrange(stream.parts)
        made.append(lifecycle.abort(Upload(key, first + index, begun, stream.storage_class, count, weight)))
    scale = _scale(stream, made, life.today)
    for each in made:
        each.sizes = (max(1, int(each.weight * scale) // each.part_count),) * each.part_count
    return made


def _instants(stream: Stream, drawn: random.Random, life: Life) -> Iterator[int]:
    """When something is written, in order: `count` times until today, then on at the same pace."""
    start = seconds(stream.start) if stream.start else life.start
    end = min(seconds(stream.end), life.end) if stream.end else life.end
    pace = math.log1p(float(stream.growth) / 100) / _MONTH
    whole = _grown(max(min(end, life.today) - start, 1), pace)
    found = []
    index = 0
    while True:
        share = (index + drawn.random()) / stream.count * whole
        age = math.log1p(share * pace) / pace if pace else share
        written = _occasion(stream, start + int(age), drawn)
        if start + age >= end:
            break
        found.append(max(written, start))
        index += 1
    return iter(sorted(found))


def _grown(span: int, pace: float) -> float:
    """How much is written in a span that begins at one a second and grows."""
    return math.expm1(pace * span) / pace if pace else float(span)


def _occasion(stream: Stream, instant: int, drawn: random.Random) -> int:
    """The last regular occasion before an instant, and some minutes."""
    minutes = drawn.randrange(HOUR)
    if stream.rhythm == "nightly":
        return min(instant, day_start(instant) + 2 * HOUR + minutes)
    if stream.rhythm == "weekly":
        return min(instant, instant - (instant - _SUNDAY) % (7 * DAY) + 3 * HOUR + minutes)
    if stream.rhythm == "monthly":
        return min(instant, month_of(instant).start + 4 * HOUR + minutes)
    return instant


def _key(stream: Stream, drawn: random.Random, index: int, written: int) -> str:
    number = index % stream.keys if stream.keys else index
    tail = drawn.getrandbits(28)
    # a key that is written again has the same name every time, so its name cannot be drawn each time
    name = f"{number * 2_654_435_761 % (1 << 32):08x}" if stream.keys else f"{tail:07x}{number:05x}"
    moment = at(written)
    return stream.key.format(
        year=f"{moment.year:04}", month=f"{moment.month:02}", day=f"{moment.day:02}", hour=f"{moment.hour:02}",
        id=name, index=f"{number:06}",
    )  # fmt: skip


def _weight(stream: Stream, drawn: random.Random) -> float:
    return math.pow(float(stream.spread), drawn.random())


def _scale(stream: Stream, made: list[Version] | list[Upload], today: int) -> float:
    """Bytes per unit of weight, so that what is left today comes to the gigabytes wanted."""
    midnight = day_start(today)
    left = [each.weight for each in made if each.is_there(midnight)] or [each.weight for each in made]
    return float(stream.gb) * GB / math.fsum(left) if left else 0.0


class Totals(NamedTuple):
    """What a bucket holds as of a midnight: objects and older versions, their bytes, parts of incomplete uploads."""

    objects: int
    bytes: int
    parts: int
    part_bytes: int


def held_bytes(held: Contents, days: range) -> dict[str, dict[int, int]]:
    """Bytes by class and day, as of the midnight that begins it: versions and the parts of uploads."""
    changes: dict[str, dict[int, int]] = {}
    for version in held.versions:
        for since, until, name in version.spans() if not version.is_marker else ():
            _count(changes.setdefault(name, {}), since, until, version.size, days)
    for upload in held.uploads:
        change = changes.setdefault(upload.storage_class, {})
        _count(change, midnight_from(upload.begun), upload.gone, upload.size, days)
    return {name: _running(change, days) for name, change in changes.items()}


def daily_totals(held: Contents, days: range) -> dict[int, Totals]:
    """Totals by day, as of the midnight that begins it."""
    objects: dict[int, int] = {}
    size: dict[int, int] = {}
    parts: dict[int, int] = {}
    part_size: dict[int, int] = {}
    for version in held.versions:
        if not version.is_marker:
            since = midnight_from(version.written)
            _count(objects, since, version.gone, 1, days)
            _count(size, since, version.gone, version.size, days)
    for upload in held.uploads:
        since = midnight_from(upload.begun)
        _count(parts, since, upload.gone, upload.part_count, days)
        _count(part_size, since, upload.gone, upload.size, days)
    running = [_running(change, days) for change in (objects, size, parts, part_size)]
    return {day: Totals(*(each[day] for each in running)) for day in days}


def _count(change: dict[int, int], since: int, until: int, amount: int, days: range) -> None:
    """Adds an amount from one midnight to another."""
    first = max(since, days.start)
    if first < min(until, days.stop):
        change[first] = change.get(first, 0) + amount
        change[until] = change.get(until, 0) - amount


def _running(change: dict[int, int], days: range) -> dict[int, int]:
    total, found = 0, {}
    for day in days:
        total += change.get(day, 0)
        found[day] = total
    return found
