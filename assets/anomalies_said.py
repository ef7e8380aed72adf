"""What earlier runs and people said of anomalies. No Dagster here."""

from __future__ import annotations

from collections.abc import Set
from datetime import date
from typing import Any

from assets.anomalies_tables import ANOMALIES, ANOMALY_TABLES
from assets.anomaly_feedback import FEEDBACK, said_so_far, with_feedback
from assets.lens import Lens
from pipelines.anomalies import feedback
from pipelines.anomalies.feedback import State, Verdict
from pipelines.anomalies.scopes import Scope
from pipelines.anomalies.standing import Feedback, Said

Row = dict[str, Any]
_PARTS = ("project_id", "service_name", "region", "sku", "resource_id", "label_key", "label_value", "kpi")
_OWN = {
    "organization": ("kpi",),
    "project": ("project_id",),
    "service": ("project_id", "service_name", "kpi"),
    "region": ("project_id", "region"),
    "sku": ("project_id", "service_name", "sku"),
    "resource": ("project_id", "service_name", "resource_id"),
    "label": ("label_key", "label_value"),
    "kpi": ("kpi",),
}
"""A row also names the region or SKU that all of its cost lies in; its scope is what its level says."""


def said_of(lens: Lens) -> list[Said]:
    """Every anomaly that was ever told, as it was last told."""
    rows = _rows(lens, ANOMALIES.name, "order by anomaly_id")
    return [
        Said(
            row["anomaly_id"],
            _scope(row, row["unit"]),
            row["kind"],
            row["first_day"],
            row["last_day"],
            None if row["impact"] is None else float(row["impact"]),
            State(row["state"]),
            row["state_since"],
            row["first_judged_on"],
            row["judged_on"],
        )
        for row in rows
    ]


def feedback_so_far(lens: Lens) -> list[Feedback]:
    """Every word of people, with what it was about."""
    return [
        Feedback(
            feedback.Said(
                row["anomaly_id"],
                row["said_at"],
                row["said_by"],
                Verdict(row["verdict"]),
                row["reason"],
                row["until"],
            ),
            _scope(row, ""),
            row["kind"],
        )
        for row in _rows(lens, FEEDBACK.name, "order by said_at, anomaly_id")
    ]


def kept_rows(lens: Lens, judged: tuple[date, date], told: Set[str], today: date) -> dict[str, list[Row]]:
    """What stays: events of other days than the judged ones (first and last) as last told, or as people said since; of
    these days, what is no longer seen, as closed.
    """
    kept: dict[str, list[Row]] = {}
    words = feedback.newest(said_so_far(lens.catalog))
    for made in ANOMALY_TABLES:
        rows = _rows(lens, made.name)
        kept[made.name] = [row for row in rows if row["anomaly_id"] not in told]
    kept[ANOMALIES.name] = [_kept(row, judged, today, words.get(row["anomaly_id"])) for row in kept[ANOMALIES.name]]
    return kept


def _kept(row: Row, judged: tuple[date, date], today: date, word: feedback.Said | None) -> Row:
    since, until = judged
    if row["last_day"] < since or row["first_day"] > until:
        return with_feedback({**row, "is_ongoing": False}, word)
    if row["state"] == State.closed.value:
        return {**row, "is_ongoing": False}
    reason = f"no longer unusual, as the bill and the settings are on {today}"
    return {
        **row,
        "is_ongoing": False,
        "state": State.closed.value,
        "state_reason": reason,
        "state_since": today,
        "expected_until": None,
        "is_actionable": False,
        "judged_on": today,
    }


def _scope(row: Row, unit: str) -> Scope:
    own = _OWN.get(row["level"], _PARTS)
    return Scope(row["subject"], row["level"], unit, **{name: row[name] for name in own})


def _rows(lens: Lens, table: str, clause: str = "") -> list[Row]:
    if table not in lens.catalog.names() or lens.catalog.state(table).delta is None:
        return []
    rows: list[Row] = lens.query(f"select * from {table} {clause}").to_pylist()
    return rows
