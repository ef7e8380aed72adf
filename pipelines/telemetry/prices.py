"""What Cockpit and an archive cost, tier by tier, and what less of it saves: always the last, cheapest samples first.

Ingestion of what Scaleway itself sends is free. The list is the published one of 2025-11-27; what is charged goes
before it, so the list is only used for the shape of the tiers (`marginal_saving`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

GB = 10**9
_G = 10**9
_MILLION = 10**6

SAMPLE_TIERS: tuple[tuple[int, Decimal], ...] = (
    (0, Decimal("0.15")),
    (10 * _G, Decimal("0.13")),
    (25 * _G, Decimal("0.12")),
    (50 * _G, Decimal("0.11")),
    (100 * _G, Decimal("0.10")),
    (200 * _G, Decimal("0.08")),
)
"""Custom samples of a month from which on a price for a million holds."""


@dataclass(frozen=True)
class Prices:
    """Without tax, in euros. Archives are those of Object Storage in Glacier, the restore included."""

    log_gb: Decimal = Decimal("0.35")
    log_gb_day: Decimal = Decimal("0.002")
    samples_day: Decimal = Decimal("0.0002")  # for ten million
    archive_gb_month: Decimal = Decimal("0.00254")
    restore_gb: Decimal = Decimal("0.009")
    one_zone_gb_month: Decimal = Decimal("0.012")


LIST = Prices()


def samples_cost(samples: int) -> Decimal:
    """What so many custom samples of a month cost by the list."""
    total = Decimal(0)
    limits = [*(start for start, _ in SAMPLE_TIERS[1:]), None]
    for (start, price), end in zip(SAMPLE_TIERS, limits, strict=True):
        within = max(0, (samples if end is None else min(samples, end)) - start)
        total += within * price / _MILLION
    return total


def marginal_saving(total: int, removed: int, charged: Decimal) -> Decimal:
    """What is no longer charged when `removed` of `total` samples of a month go, of the `charged` for all of them.

    The last tier goes first, and any discount stays what it was.
    """
    listed = samples_cost(total)
    if not listed or removed <= 0:
        return Decimal(0)
    return charged * (listed - samples_cost(max(0, total - removed))) / listed


def archive_cost(bytes_per_month: int, days: int, prices: Prices = LIST) -> Decimal:
    """By the month, once as much is written each month as expires: what lies there, days ÷ 30 months of it.

    The first ninety days lie in One Zone, since no rule may archive what is younger.
    """
    size = Decimal(bytes_per_month) / GB / 30
    young, old = min(days, 90), max(days - 90, 0)
    return size * (young * prices.one_zone_gb_month + old * prices.archive_gb_month)


def restore_cost(bytes_: int, days: int, prices: Prices = LIST) -> Decimal:
    """To have a month's worth of an archive back and ask it: restored where it lies in Glacier, and taken in again."""
    size = Decimal(bytes_) / GB
    return size * (prices.log_gb + (prices.restore_gb if days > 90 else Decimal(0)))
