"""Buckets that hold data of several kinds, of which each wants other lifecycle rules: logs, copies, scratch, records.

Kinds are told by words in the first parts of keys, or in the bucket's own name for all that says nothing itself. A rule
for the whole bucket does to one kind what another must not have; a prefix with rules of its own is in order.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from pipelines.lifecycle.rules import parse_rules
from pipelines.lifecycle.stock import CURRENT
from pipelines.recommendations.changes.storage import looked_into
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Plain, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_buckets import BUCKET, CELLS, OUTLOOK, Row
from pipelines.recommendations.world import Resource, World

NAME = "bucket_mixed_classes"
_GIGABYTE = 10**9
_OTHER = "other"
_WORDS = {
    "records": {"audit", "security", "siem", "compliance", "legal", "pci", "journal", "invoices"},
    "copies": {"backup", "backups", "bak", "dump", "dumps", "snapshot", "snapshots", "replica"},
    "logs": {"log", "logs", "logging", "accesslogs"},
    "scratch": {"tmp", "temp", "temporary", "scratch", "cache", "trash"},
}
"""Kinds from what must be kept longest; the first that a name has a word of is its kind."""
_WANTS = {
    "records": "no expiry before the law allows it",
    "copies": "expiry after the retention of backups, Glacier before",
    "logs": "expiry after the days logs are kept",
    "scratch": "expiry after days, no Glacier",
    _OTHER: "no expiry",
}


@dataclass(frozen=True)
class Thresholds:
    """How much of a kind is a part of its own."""

    least_share: float = 0.05  # of the bytes of current objects
    least_gb: Decimal = Decimal(10)


def kind_of(name: str) -> str:
    """What a prefix or a bucket holds by its name; `other` where the name does not tell."""
    words = set(re.split(r"[^a-z0-9]+", name.casefold()))
    return next((kind for kind, known in _WORDS.items() if words & known), _OTHER)


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each bucket that was listed."""
    cells: dict[str, list[Row]] = defaultdict(list)
    for cell in world.rows(CELLS):
        if cell["state"] == CURRENT and cell["prefix"] is not None:
            cells[cell["resource_id"]].append(cell)
    rows = {row["resource_id"]: row for row in world.rows(OUTLOOK)}
    for bucket in world.of_type(BUCKET):
        if bucket.resource_id in rows:
            yield _judged(world, bucket, rows[bucket.resource_id], cells[bucket.resource_id], thresholds)


def _judged(world: World, bucket: Resource, row: Row, cells: Sequence[Row], thresholds: Thresholds) -> Answer:
    if row["is_sample"] is not False:
        return Unjudged(NAME, bucket.resource_id, "only a part of its objects was listed")
    if row["lifecycle_rules"] is None:
        return Unjudged(NAME, bucket.resource_id, "its lifecycle rules could not be read")
    whole = kind_of(bucket.resource_name)
    ruled = tuple(rule.prefix for rule in parse_rules(row["lifecycle_rules"]) if rule.is_enabled and rule.prefix)
    sizes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for cell in cells:
        kind = kind_of(cell["prefix"])
        sizes[whole if kind == _OTHER else kind][cell["prefix"]] += cell["bytes"]
    least = max(
        Decimal(sum(cell["bytes"] for cell in cells)) * Decimal(str(thresholds.least_share)),
        thresholds.least_gb * _GIGABYTE,
    )
    kinds = {kind: prefixes for kind, prefixes in sizes.items() if sum(prefixes.values()) >= least}
    named = [prefix for kind, prefixes in kinds.items() if kind != whole for prefix in prefixes]
    if len(kinds) < 2:
        return NothingToDo(NAME, bucket.resource_id, "what it holds is of one kind, as far as names tell")
    if all(any(prefix.startswith(told) or told.startswith(prefix) for told in ruled) for prefix in named):
        return NothingToDo(NAME, bucket.resource_id, "its kinds of data have rules of their own")
    return _advised(world, bucket, kinds)


def _advised(world: World, bucket: Resource, kinds: Mapping[str, Mapping[str, int]]) -> Recommendation:
    told = [
        f"{kind} under {', '.join(prefix or 'no prefix' for prefix in sorted(prefixes))}"
        for kind, prefixes in sorted(kinds.items())
    ]
    name = bucket.resource_name
    return Recommendation(
        rule=NAME,
        resource_id=bucket.resource_id,
        target="one kind of data a bucket",
        action=f"Give each kind of data in {name} a bucket, or at least rules by prefix, of its own",
        reason=f"It holds {'; '.join(told)}. A rule for all of it does to one what another must not have.",
        evidence={
            "kinds": [_told(kind, prefixes) for kind, prefixes in sorted(kinds.items())],
            "query": "select prefix, sum(bytes) as bytes from gold.storage_cells where state = 'current' "
            f"and resource_id = '{bucket.resource_id}' group by all order by bytes desc",
        },
        evaluation_start=world.known_until - timedelta(days=28),
        evaluation_end=world.known_until,
        monthly_saving=Decimal(0),
        change=looked_into(
            bucket,
            (
                *(f"{kind} wants {_WANTS[kind]}." for kind in sorted(kinds)),
                "Copying to another bucket of the region is free; readers and writers have to know the new name.",
            ),
        ),
        risk=Level.low,
        effort=Level.medium,
    )


def _told(kind: str, prefixes: Mapping[str, int]) -> Mapping[str, Plain]:
    return {
        "kind": kind,
        "wants": _WANTS[kind],
        "gb": Decimal(sum(prefixes.values())) / _GIGABYTE,
        "prefixes": ", ".join(sorted(prefixes)),
    }


BUCKET_MIXED_CLASSES = Rule(
    name=NAME,
    title="Several kinds of data in one bucket",
    about="Looks for buckets with logs, copies, scratch data or records beside other data, under one set of rules.",
    reads=(CELLS, OUTLOOK),
    thresholds=Thresholds(),
    judge=judge,
)
