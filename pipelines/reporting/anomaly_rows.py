"""Rows of the anomalies' gold tables as pages show them, and which of them belong to a period."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from pipelines.reporting.monthly_rows import GoldRow

COST, REQUESTS = "cost", "requests"
OPEN = ("open", "reopened")
"""States nobody has answered yet."""

_CURRENCY = re.compile(r"(?:.* \()?([A-Z]{3})\)?")


@dataclass(frozen=True)
class ScopeRow(GoldRow):
    """What an anomaly, or one of its causes, is about; a part is None where it is wider."""

    anomaly_id: str
    level: str
    project_id: str | None
    project_name: str | None
    service_name: str | None
    region: str | None
    sku: str | None
    resource_id: str | None
    resource_name: str | None
    label_key: str | None
    label_value: str | None
    kpi: str | None
    unit: str
    actual: Decimal | None
    expected: Decimal | None
    impact: Decimal | None

    @property
    def currency(self) -> str | None:
        """The currency of its amounts, of costs and of what one unit costs: `EUR`, `thousand requests (EUR)`."""
        found = _CURRENCY.fullmatch(self.unit)
        return found[1] if found else None

    @property
    def measure(self) -> str | None:
        """What is measured, where that is no cost."""
        return self.kpi


@dataclass(frozen=True)
class AnomalyRow(ScopeRow):
    """One event at the level where it happened; `actual` to `impact` are sums over its days."""

    TABLE = "gold.anomalies"
    KEYS = ("anomaly_id",)

    first_day: date
    last_day: date
    duration_days: int
    is_ongoing: bool
    kind: str
    subject: str
    low: Decimal | None
    high: Decimal | None
    impact_percent: Decimal | None
    confidence: float | None
    severity: str
    state: str
    state_reason: str | None
    state_since: date | None
    expected_until: date | None
    explained_by: str | None
    explanation: str | None
    is_actionable: bool
    owner: str | None
    root_cause: str | None
    runbook: str | None
    first_judged_on: date | None
    judged_on: date | None

    @property
    def measure(self) -> str | None:
        """What is measured, where that is no cost; of requests only who counted them is told there."""
        return None if self.subject == REQUESTS else self.kpi

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered it yet."""
        return self.state in OPEN

    @property
    def rank(self) -> tuple[bool, Decimal, date, str]:
        """The largest amounts of money first, then what is counted in other units."""
        return self.subject != COST, -abs(self.impact or Decimal(0)), self.first_day, self.anomaly_id


@dataclass(frozen=True)
class CauseRow(ScopeRow):
    """A part of an anomaly, one or more levels below it."""

    TABLE = "gold.anomaly_causes"
    KEYS = ("anomaly_id", "rank")

    rank: int
    share_percent: Decimal | None


@dataclass(frozen=True)
class AnomalyDayRow(GoldRow):
    """One day of an anomaly, or of the weeks around it."""

    TABLE = "gold.anomaly_days"
    KEYS = ("anomaly_id", "day")

    anomaly_id: str
    day: date
    actual: Decimal | None
    expected: Decimal | None
    low: Decimal | None
    high: Decimal | None
    is_unusual: bool


@dataclass(frozen=True)
class ChangeRow(GoldRow):
    """What else changed when it began."""

    TABLE = "gold.anomaly_changes"
    KEYS = ("anomaly_id", "number")

    anomaly_id: str
    number: int
    changed_on: date
    change: str
    what: str | None
    who: str | None
    resource_id: str | None
    resource_name: str | None


Row = TypeVar("Row", CauseRow, AnomalyDayRow, ChangeRow)

ANOMALY_ROWS = (AnomalyRow, CauseRow, AnomalyDayRow, ChangeRow)


@dataclass(frozen=True)
class Anomalies:
    """Anomalies with what belongs to each, the largest first."""

    rows: tuple[AnomalyRow, ...]
    causes: Mapping[str, tuple[CauseRow, ...]]
    days: Mapping[str, tuple[AnomalyDayRow, ...]]
    changes: Mapping[str, tuple[ChangeRow, ...]]

    def between(self, first: date, last: date) -> tuple[AnomalyRow, ...]:
        """Those with a day from `first` to `last`, both included."""
        return tuple(row for row in self.rows if row.first_day <= last and row.last_day >= first)

    def causes_of(self, row: AnomalyRow) -> tuple[CauseRow, ...]:
        """Its causes, the largest first."""
        return self.causes.get(row.anomaly_id, ())

    def days_of(self, row: AnomalyRow) -> tuple[AnomalyDayRow, ...]:
        """Its days and those around them, in order."""
        return self.days.get(row.anomaly_id, ())

    def changes_of(self, row: AnomalyRow) -> tuple[ChangeRow, ...]:
        """What changed when it began, in order."""
        return self.changes.get(row.anomaly_id, ())


def anomalies_of(
    rows: Sequence[AnomalyRow],
    causes: Sequence[CauseRow] = (),
    days: Sequence[AnomalyDayRow] = (),
    changes: Sequence[ChangeRow] = (),
) -> Anomalies:
    """The rows put in order, each with its own."""
    return Anomalies(
        rows=tuple(sorted(rows, key=lambda row: row.rank)),
        causes=_by_anomaly(sorted(causes, key=lambda row: row.rank)),
        days=_by_anomaly(sorted(days, key=lambda row: row.day)),
        changes=_by_anomaly(sorted(changes, key=lambda row: row.number)),
    )


def _by_anomaly(rows: Sequence[Row]) -> dict[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.anomaly_id, []).append(row)
    return {key: tuple(held) for key, held in found.items()}
