"""What a plan may do: how long data stays hot, which data may lose a zone or go to the archive, what may be deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pipelines.lifecycle.costs import Prices, Reads
from pipelines.lifecycle.rules import LifecycleRule
from pipelines.lifecycle.stock import Cell


@dataclass(frozen=True)
class Policy:
    """Ages in days; None never deletes. `most_read` is the largest share of an archive that may be read by the month:
    what is read more often cannot wait up to a day for its restore. Fewer delete markers than `least_markers` are
    left, and so is what saves no more than `least_net` over the twelve months to come.
    """

    hot_days: int = 30
    archive_days: int = 180
    may_lose_zones: bool = False
    may_archive: bool = True
    expire_days: int | None = None
    noncurrent_days: int | None = 30
    abort_days: int | None = 7
    least_markers: int | None = 1000
    most_read: Decimal = Decimal("0.02")
    least_net: Decimal = Decimal(0)


@dataclass(frozen=True)
class Bucket:
    """A bucket as its newest listing saw it.

    `bucket_days` is its age, None where not known; `reads` is None where nobody measured them: then nothing is
    archived. `policies` are those of single prefixes (the first part of keys, with its slash) that are not the bucket's
    own.
    """

    region: str
    cells: Sequence[Cell]
    rules: tuple[LifecycleRule, ...]
    is_versioned: bool
    bucket_days: int | None
    prices: Prices
    reads: Reads | None
    policy: Policy
    policies: Mapping[str, Policy] = field(default_factory=dict)
