"""What people say about anomalies: kept as it was said, and laid over what the last run judged. No Dagster here.

`anomalies_now` is the one way to read `gold.anomalies` for a person: what was said a moment ago holds at once,
without a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from assets.made_tables import MadeTable, content_of, in_order
from pipelines.anomalies import feedback
from pipelines.anomalies.feedback import Said, Standing, State, Verdict
from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog
from pipelines.lake.tables import PythonTable

ANOMALIES = "gold.anomalies"
SCOPE = (
    *("project_id", "project_name", "service_name", "region", "sku", "resource_id", "resource_name"),
    *("label_key", "label_value", "kpi"),
)
"""The columns that say where an anomaly happened; null where it is wider."""

_TEXT = pa.string()
_FEEDBACK_MONTH = "feedback_month"
_COPIED = ("kind", "subject", "level", *SCOPE)

FEEDBACK = MadeTable(
    PythonTable(
        "gold.anomaly_feedback",
        "What people said about anomalies: closed, false alarm, expected until a day, or reopened, each with its "
        "reason and with what the anomaly was. Append only; the newest word on an anomaly holds.",
        pa.schema(
            [
                ("anomaly_id", _TEXT),
                ("said_at", pa.timestamp("us", tz="UTC")),
                ("said_by", _TEXT),
                ("verdict", _TEXT),
                ("reason", _TEXT),
                ("until", pa.date32()),
                *((column, _TEXT) for column in _COPIED),
                (_FEEDBACK_MONTH, _TEXT),
            ]
        ),
        _FEEDBACK_MONTH,
    ),
    ("anomaly_id", "said_at"),
    (ANOMALIES,),
    (),
)

SENT = MadeTable(
    PythonTable(
        "gold.anomaly_alerts",
        "Anomalies people were told of: to which destination, when, and how large each was then. A destination that "
        "took an anomaly never gets it again; addresses are not kept, only their names.",
        pa.schema(
            [
                ("anomaly_id", _TEXT),
                ("destination", _TEXT),
                ("sent_at", pa.timestamp("us", tz="UTC")),
                ("severity", _TEXT),
                ("state", _TEXT),
                ("impact", pa.decimal128(38, 12)),
                ("unit", _TEXT),
                ("anomaly_month", _TEXT),
            ]
        ),
        "anomaly_month",
    ),
    ("anomaly_id", "destination"),
    (ANOMALIES,),
    (),
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Word:
    """What somebody wants to say about an anomaly."""

    verdict: Verdict
    reason: str
    by: str
    until: date | None = None


def said_so_far(catalog: Catalog) -> list[Said]:
    """Everything people said, the oldest first."""
    return [_said(row) for row in rows_of(catalog, FEEDBACK.name, "order by said_at, anomaly_id")]


def anomalies_now(catalog: Catalog) -> list[Row]:
    """The rows of gold.anomalies with the state that what people said gives them, and told when they were; in no order.

    None before the first run that judged.
    """
    said = feedback.newest(said_so_far(catalog))
    told: dict[str, date] = {}
    for row in rows_of(catalog, SENT.name, "order by sent_at"):
        told.setdefault(row["anomaly_id"], row["sent_at"].date())
    return [
        {**with_feedback(row, said.get(row["anomaly_id"])), "alerted_on": told.get(row["anomaly_id"])}
        for row in rows_of(catalog, ANOMALIES)
    ]


def with_feedback(row: Mapping[str, Any], said: Said | None) -> Row:
    """A row of gold.anomalies with state, reason, days and is_actionable as what was said last makes them."""
    after = feedback.standing(_judged(row), said, row["last_day"])
    return {
        **row,
        "state": after.state.value,
        "state_reason": after.reason,
        "state_since": after.since,
        "expected_until": after.until,
        "is_actionable": feedback.is_actionable(bool(row["is_actionable"]), after),
    }


def say(catalog: Catalog, anomaly: Mapping[str, Any], word: Word, now: datetime, dry_run: bool = False) -> Row | None:
    """Append one word on an anomaly; answers it as it stands then, or None where it stands so already.

    `anomaly` is a row of `anomalies_now`. Raises UsageError for a word that cannot be meant.
    """
    _refuse(anomaly, word)
    identifier = anomaly["anomaly_id"]
    before = feedback.newest(each for each in said_so_far(catalog) if each.anomaly_id == identifier).get(identifier)
    said = Said(identifier, now, word.by, word.verdict, word.reason, word.until)
    if before is not None and (before.verdict, before.reason, before.until) == (said.verdict, said.reason, said.until):
        return None
    if not dry_run:
        _append(catalog, anomaly, said)
    return with_feedback(anomaly, said)


def _refuse(anomaly: Mapping[str, Any], word: Word) -> None:
    identifier, state = anomaly["anomaly_id"], State(anomaly["state"])
    if not word.reason.strip():
        raise UsageError(f"{identifier}: a reason is wanted, for whoever reads it next; write --reason TEXT")
    if word.until is not None and word.until < anomaly["last_day"]:
        raise UsageError(
            f"{identifier} lasts until {anomaly['last_day']}, after {word.until}; name that day or a later one"
        )
    if word.verdict is Verdict.reopened and state.is_to_do:
        raise UsageError(f"{identifier} is {state} already: {anomaly['state_reason'] or 'nobody closed it'}")


def _append(catalog: Catalog, anomaly: Mapping[str, Any], said: Said) -> None:
    month = f"{said.said_at:%Y-%m}"
    row = {
        "anomaly_id": said.anomaly_id,
        "said_at": said.said_at,
        "said_by": said.said_by,
        "verdict": said.verdict.value,
        "reason": said.reason,
        "until": said.until,
        **{column: anomaly.get(column) for column in _COPIED},
        _FEEDBACK_MONTH: month,
    }
    append_rows(catalog, FEEDBACK, [row], month)


def append_rows(catalog: Catalog, made: MadeTable, rows: Sequence[Mapping[str, Any]], partition: str) -> None:
    """Add rows of one partition, in one commit."""
    content = in_order(made, rows)
    catalog.lake.append(made.name, content, {partition: content_of(content)}, made.table.partition_by)
    catalog.forget(made.name)


def _judged(row: Mapping[str, Any]) -> Standing:
    return Standing(State(row["state"]), row["state_reason"], row["state_since"], row["expected_until"])


def _said(row: Mapping[str, Any]) -> Said:
    return Said(
        row["anomaly_id"],
        row["said_at"],
        row["said_by"],
        Verdict(row["verdict"]),
        row["reason"],
        row["until"],
    )


def rows_of(catalog: Catalog, table: str, clause: str = "") -> list[Row]:
    """Rows of a table, of all or of those the clause asks for; none before it was written."""
    if catalog.state(table).delta is None:
        return []
    rows: list[Row] = catalog.query(f"select * from {table} {clause}").to_pylist()
    return rows
