"""Recommendations in words and figures, as the commands show them. No Dagster here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assets.anomaly_feedback import rows_of
from assets.anomaly_figures import amount
from assets.recommendations_tables import ACTIONS, UNJUDGED
from pipelines.lake.engine import Catalog
from pipelines.recommendations.said import Status

Row = dict[str, Any]
SENT_JSON = ("evidence", "change", "rollback")


@dataclass(frozen=True)
class Unjudged:
    """How many things could not be judged, by how many rules, and the commonest reasons with their counts."""

    answers: int
    resources: int
    reasons: Sequence[tuple[str, int]]


def money(amounts: Mapping[str, Decimal], locale: str) -> str:
    """`€1,204.00`, in each currency there is."""
    told = [amount(value, currency or None, locale) for currency, value in sorted(amounts.items())]
    return " and ".join(told) or amount(Decimal(0), "EUR", locale)


def saving(row: Mapping[str, Any], locale: str) -> str:
    """By the month, with its sign where it is no saving."""
    return amount(row["monthly_saving"], row["currency"], locale)


def unpacked(row: Mapping[str, Any]) -> Row:
    """The row with what it holds as JSON as values."""
    return {name: json.loads(value) if name in SENT_JSON and value else value for name, value in row.items()}


def note(row: Mapping[str, Any]) -> str:
    """What a person should know at a glance: overlaps, where it stands, restarts, whose price it is."""
    told = []
    if row["status"] != Status.open:
        until = f" until {row['status_until']}" if row["status_until"] else ""
        told.append(f"{row['status']}{until}")
    if row["conflicts_with"] and not row["is_counted"]:
        told.append(f"overlaps with {', '.join(row['conflicts_with'][:2])}, not counted")
    if row["restart_needed"]:
        told.append("restart")
    if row["basis"] == "list price":
        told.append("list price")
    if row["judgement"] == "not judged":
        told.append(f"last judged {row['judged_on']}")
    return "; ".join(told)


def is_dust(row: Mapping[str, Any], floor: Decimal) -> bool:
    """Whether it saves less than is worth a line; advice to spend more is told always."""
    return bool(0 <= row["monthly_saving"] < floor) and row["status"] != Status.accepted


def unjudged(catalog: Catalog, keep: Iterable[str] | None = None) -> Unjudged:
    """What the newest run could not judge, of some rules or of all."""
    rows = rows_of(catalog, UNJUDGED.name)
    if keep is not None:
        wanted = set(keep)
        rows = [row for row in rows if row["rule"] in wanted]
    counted = Counter(row["reason"] for row in rows)
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return Unjudged(len(rows), len({row["resource_id"] for row in rows}), ordered)


def words_on(catalog: Catalog, recommendation_id: str) -> list[Row]:
    """What people said of one, the oldest first."""
    return rows_of(catalog, ACTIONS.name, f"where recommendation_id = '{recommendation_id}' order by said_at")
