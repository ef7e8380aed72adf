"""What the rules about data services share: what parts of a bill are, what a migration costs, what was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.recommendations.world import Resource, World

HOURS_PER_MONTH = 730
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Observed:
    """How long something must have been measured before it is judged."""

    observed_days: int = 14
    weekends: int = 2
    # node_exporter as it comes: a thousand series every 30 seconds, at Cockpit's price of custom metrics (2026)
    agent_series: int = 1000
    agent_step_seconds: int = 30
    million_samples_price: Decimal = Decimal("0.15")


@dataclass(frozen=True)
class Migration:
    """What it takes to move to a new resource: both run side by side, and a snapshot is kept for a while."""

    both_run_hours: int = 48
    snapshot_days: int = 7
    payback_months: int = 6  # within which the move must have paid for itself


def charged(resource: Resource, *parts: str) -> Decimal:
    """What was charged by the month for SKUs that hold one of these parts; zero where there are none."""
    return sum((cost for sku, cost in resource.costs.items() if any(part in sku for part in parts)), Decimal(0))


def scaled(cost: Decimal, wanted: Decimal | None, today: Decimal | None) -> Decimal | None:
    """A charged cost brought to another list price, with the discount that was had; None without both prices."""
    if wanted is None or not today:
        return None
    return cost * wanted / today


def move_cost(new_monthly: Decimal, snapshot_monthly: Decimal, migration: Migration) -> Decimal:
    """What running both costs until the old one goes (the new one is on top), and the snapshot meanwhile."""
    both = new_monthly * migration.both_run_hours / HOURS_PER_MONTH
    return both + snapshot_monthly * migration.snapshot_days * 24 / HOURS_PER_MONTH


def pays_off(saving: Decimal, one_off: Decimal, least_saving: Decimal, migration: Migration) -> bool:
    """Whether a move is worth a person's work: enough by the month, and paid back soon."""
    return saving >= least_saving and one_off <= saving * migration.payback_months


def by_resource(rows: Iterable[Row]) -> dict[str, Row]:
    """Rows by what they are about."""
    return {row["resource_id"]: row for row in rows}


def measured(rows: Iterable[Row]) -> dict[str, Row]:
    """The same of measurements, which tables keep exact and judgements read as floats."""
    return by_resource({name: _float(value) for name, value in row.items()} for row in rows)


def _float(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def window(row: Row) -> tuple[date, date]:
    """First and last (exclusive) day that were looked at."""
    return row["known_from"], row["known_until"]


def known_days(world: World, days: int) -> tuple[date, date]:
    """The newest complete days, for rules that read no metrics."""
    return date.fromordinal(world.known_until.toordinal() - days), world.known_until


def too_few_days(row: Row | None, measure: str, metric: str, observed: Observed) -> str:
    """Why what is known of a measure (`<measure>_days`, `<measure>_weekends`) does not suffice; empty when it does."""
    days = 0 if row is None else row[f"{measure}_days"] or 0
    weekends = 0 if row is None else row[f"{measure}_weekends"] or 0
    if not days:
        return f"{metric} is not measured"
    if days < observed.observed_days:
        return f"{metric} is known of only {days} of the {observed.observed_days} days needed"
    if weekends < observed.weekends:
        return f"{metric} is known of only {weekends} of the {observed.weekends} weekends needed"
    return ""


def agent_would_tell(observed: Observed) -> str:
    """Who measures a machine's disks and filesystems, and for how much."""
    samples = Decimal(HOURS_PER_MONTH * 3600 * observed.agent_series) / observed.agent_step_seconds
    price = samples / 1_000_000 * observed.million_samples_price
    return f"node_exporter on its machine would tell, for about {price:.0f} € a month as it comes"


def unknown(row: Row, *columns: str) -> str:
    """Which of the columns nothing is known of, as the end of a reason; empty when all are known."""
    missing = [column.replace("_", " ") for column in columns if row[column] is None]
    return f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not known" if missing else ""
