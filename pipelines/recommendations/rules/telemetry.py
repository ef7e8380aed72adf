"""What the rules about telemetry share: streams of a data source, what it was charged for taking them in, and lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from pipelines.recommendations.world import Resource, World
from pipelines.telemetry.prices import marginal_saving

STREAMS = "gold.telemetry_streams"
SOURCE = "cockpit_data_source"
SAMPLES, LOGS, TRACES = "/custom-sample/", "/custom-log/", "/custom-trace/"
DAYS_PER_MONTH = Decimal(730) / 24
Row = Mapping[str, Any]
_CENT = Decimal("0.01")
_ENDED_SINCE = timedelta(days=7)


def streams(world: World, signal: str) -> dict[str, list[Row]]:
    """Rows of what is billed, by data source, where the inventory knows it."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in world.rows(STREAMS):
        if row["signal"] == signal and row["is_billed"] and row["data_source_id"] in world.resources:
            found[row["data_source_id"]].append(row)
    return {name: found[name] for name in sorted(found)}


def named_metrics(rows: Sequence[Row]) -> list[Row]:
    """Metrics of a data source whose samples were counted by name, without those that ended a week ago or earlier."""
    named = [row for row in rows if row["metric_name"] is not None and row["samples"] is not None]
    newest = max((row["last_seen"] for row in named if row["last_seen"] is not None), default=None)
    return [
        row for row in named if newest is None or row["last_seen"] is None or newest - row["last_seen"] < _ENDED_SINCE
    ]


def whole_samples(row: Row) -> int | None:
    """All samples of a data source on the days its metrics were counted on; single ones are only of the largest."""
    counted, ingested = row["source_samples"], row["ingested_meanwhile"]
    return None if not counted else max(counted, ingested or 0)


def charged(source: Resource, part: str) -> Decimal | None:
    """By the month for SKUs of this kind; None where none was charged."""
    costs = [cost for sku, cost in source.costs.items() if part in sku]
    return sum(costs, Decimal(0)) if costs else None


def window(world: World, row: Row) -> tuple[date, date] | None:
    """First and last (exclusive) day that were looked at; None where none of them is charged already."""
    if row["known_from"] is None or row["known_until"] is None:
        return None
    end = min(row["known_until"], world.known_until)
    return (row["known_from"], end) if row["known_from"] < end else None


def by_month(count: int, days: int) -> int:
    """A count of so many days in a month of 730 hours."""
    return int(count * DAYS_PER_MONTH / days)


def samples_saving(world: World, metrics: Mapping[str, Sequence[Row]], source: Resource, share: Decimal) -> Decimal:
    """What a data source saves by the month when a share of its samples is not sent any more, of all `metrics`.

    Tiers are those of all custom samples of the organisation together: the cheapest go first, which saves least.
    """
    own, total, paid = 0, 0, Decimal(0)
    for name, rows in metrics.items():
        row, cost = rows[0], charged(world.resources[name], SAMPLES)
        if cost is None or not row["ingested_samples"] or not row["ingested_days"]:
            continue
        samples = by_month(row["ingested_samples"], row["ingested_days"])
        total, paid = total + samples, paid + cost
        own = samples if name == source.resource_id else own
    most = (charged(source, SAMPLES) or Decimal(0)) * share
    return cents(min(marginal_saving(total, int(own * share), paid), most))


def cents(amount: Decimal) -> Decimal:
    """Down to the cent, so that no rounding makes a saving larger than a cost."""
    return amount.quantize(_CENT, ROUND_DOWN)


def share_of(rows: Iterable[Row], column: str, whole: int | None) -> Decimal | None:
    """The part of a data source that some of its streams are; None where one of them was not measured."""
    counts = [row[column] for row in rows]
    if not whole or any(count is None for count in counts):
        return None
    return min(Decimal(sum(counts)) / whole, Decimal(1))
