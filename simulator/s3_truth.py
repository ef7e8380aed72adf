"""What lies in each bucket at an instant, and how that becomes what its day is billed for."""

from typing import Any

from simulator.s3_buckets import KILOBYTE, Snapshot
from simulator.world import World


def storage_truth(world: World, now: int) -> dict[str, dict[str, Any]]:
    """By bucket, as of the midnight UTC before `now`.

    `objects` and `bytes` are current objects and older versions together, `by_class` splits them. A day is billed,
    class by class, for the bytes of `by_class` and of the incomplete uploads' parts that lie there as of the midnight
    that begins it, in whole kilobytes, rounded down: `billed_kilobytes`.
    """
    return {
        name: _bucket(bucket.at(now))
        for name, bucket in sorted(world.storage.buckets.items())
        if bucket.resource.exists(now)
    }


def _bucket(held: Snapshot) -> dict[str, Any]:
    by_class: dict[str, dict[str, int]] = {}
    billed: dict[str, int] = {}
    stored = [entry for entry in held.versions if not entry.is_marker]
    for entry in stored:
        told = by_class.setdefault(entry.storage_class, {"objects": 0, "bytes": 0})
        told["objects"] += 1
        told["bytes"] += entry.size
        billed[entry.storage_class] = billed.get(entry.storage_class, 0) + entry.size
    for upload in held.uploads:
        billed[upload.storage_class] = billed.get(upload.storage_class, 0) + upload.size
    old = [entry for entry in stored if not entry.is_latest]
    return {
        "objects": len(stored),
        "bytes": sum(entry.size for entry in stored),
        "by_class": dict(sorted(by_class.items())),
        "noncurrent_objects": len(old),
        "noncurrent_bytes": sum(entry.size for entry in old),
        "delete_markers": len(held.versions) - len(stored),
        "incomplete_uploads": len(held.uploads),
        "incomplete_bytes": sum(upload.size for upload in held.uploads),
        "billed_kilobytes": {name: size // KILOBYTE for name, size in sorted(billed.items())},
    }
