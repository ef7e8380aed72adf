"""One anomaly with all that is known about it, found by its id or the beginning of it. No Dagster here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from assets.anomaly_feedback import ANOMALIES, FEEDBACK, SENT, Row, anomalies_now, rows_of
from assets.anomaly_figures import where
from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog

_SEVERITIES = ("urgent", "high", "medium", "low")
_NEAR = 3


@dataclass(frozen=True)
class Evidence:
    """An anomaly, its causes by rank, its days, what else changed, what people said, and when it was told to whom."""

    anomaly: Row
    causes: Sequence[Row]
    days: Sequence[Row]
    changes: Sequence[Row]
    said: Sequence[Row]
    alerts: Sequence[Row]


def judged_anomalies(catalog: Catalog) -> list[Row]:
    """All anomalies as they stand now, the most expensive first. Raises UsageError before the first run that judged."""
    if catalog.state(ANOMALIES).delta is None:
        raise UsageError("no day was judged for anomalies yet; run `finops demo`, or `finops run` on your account")
    return ranked(anomalies_now(catalog))


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Costs by the size of their impact, then the rest by severity; amounts of two currencies are not compared."""
    return sorted(rows, key=_rank)


def _rank(row: Mapping[str, Any]) -> tuple[Any, ...]:
    is_cost = row["subject"] == "cost"
    impact = abs(row["impact"]) if row["impact"] is not None else Decimal(-1)
    severity = _SEVERITIES.index(row["severity"]) if row["severity"] in _SEVERITIES else len(_SEVERITIES)
    unit = row["unit"] or ""
    order = (unit != "EUR", unit, -impact) if is_cost else (False, severity, -impact)
    return (not is_cost, *order, row["first_day"], row["anomaly_id"])


def find_anomaly(rows: Sequence[Row], text: str) -> Row:
    """The anomaly of this id, or of an id that alone begins so. Raises UsageError that names near ones."""
    wanted = text.strip().lower()
    found = [row for row in rows if wanted and row["anomaly_id"].startswith(wanted)]
    exact = [row for row in found if row["anomaly_id"] == wanted]
    if exact or len(found) == 1:
        return (exact or found)[0]
    if found:
        raise UsageError(f"{text!r} begins {len(found)} ids: {_listed(found)}; write more of it")
    near = get_close_matches(wanted, [row["anomaly_id"] for row in rows], n=_NEAR, cutoff=0.6)
    close = [row for row in rows if row["anomaly_id"] in near]
    if close:
        raise UsageError(f"no anomaly is called {text!r}; did you mean {_listed(close)}?")
    if rows:
        raise UsageError(f"no anomaly is called {text!r}; the largest are {_listed(rows[:_NEAR])}")
    raise UsageError(f"no anomaly is called {text!r}: there is none")


def evidence_of(catalog: Catalog, anomaly: Row) -> Evidence:
    """Everything the tables hold about an anomaly."""
    of_it = f"where anomaly_id = '{anomaly['anomaly_id']}'"
    return Evidence(
        anomaly,
        rows_of(catalog, "gold.anomaly_causes", f"{of_it} order by rank"),
        rows_of(catalog, "gold.anomaly_days", f"{of_it} order by day"),
        rows_of(catalog, "gold.anomaly_changes", f"{of_it} order by number"),
        rows_of(catalog, FEEDBACK.name, f"{of_it} order by said_at"),
        rows_of(catalog, SENT.name, f"{of_it} order by sent_at, destination"),
    )


def _listed(rows: Sequence[Mapping[str, Any]]) -> str:
    shown = ", ".join(f"{row['anomaly_id']} ({where(row)}, {row['first_day']})" for row in rows[:_NEAR])
    return f"{shown} and {len(rows) - _NEAR} more" if len(rows) > _NEAR else shown
