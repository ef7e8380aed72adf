"""Tells people of anomalies: only what somebody should act on, each once to each destination. No Dagster here.

What was taken is written down at once, message by message, so that a run that is repeated or cut short does not tell it
again. A destination that refuses is left alone for the rest of the run and tried again by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from assets.anomaly_evidence import evidence_of, ranked
from assets.anomaly_feedback import SENT, Row, anomalies_now, append_rows, rows_of
from assets.anomaly_figures import (
    amount,
    cause_words,
    change_words,
    confidence_words,
    expected_words,
    impact,
    kind_words,
    one_line,
    what,
    when,
)
from pipelines.alerts.message import Alert, Message, message
from pipelines.alerts.sending import Delivery
from pipelines.anomalies.feedback import State
from pipelines.lake.engine import Catalog
from pipelines.secrets import Secret
from pipelines.settings import Settings
from pipelines.settings_anomalies import ALERT_URLS, Severity

_MONTH = "anomaly_month"

Deliver: TypeAlias = Callable[[Message, Secret], Delivery]


@dataclass(frozen=True)
class Due:
    """An anomaly to be told, the message, and the names of the destinations that do not know it yet."""

    anomaly: Row
    message: Message
    destinations: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """What became of the alerts of a run: messages taken, one line for each destination that refused, and how many
    anomalies wait for the next run."""

    sent: int
    failures: tuple[str, ...]
    waiting: int


def due_alerts(catalog: Catalog, settings: Settings, destinations: Sequence[str]) -> tuple[list[Due], int]:
    """The anomalies to be told now, the most severe first, and how many more wait; with no destination, to nobody."""
    known: dict[str, set[str]] = {}
    for row in rows_of(catalog, SENT.name):
        known.setdefault(row["anomaly_id"], set()).add(row["destination"])
    wanted = [
        (row, tuple(name for name in destinations if name not in known.get(row["anomaly_id"], ())))
        for row in _worth_telling(anomalies_now(catalog), settings)
    ]
    wanted = [(row, names) for row, names in wanted if names or (not destinations and row["anomaly_id"] not in known)]
    now = wanted[: settings.anomalies.alerts.most_per_run]
    due = [Due(row, alert_message(catalog, settings, row), names) for row, names in now]
    return due, len(wanted) - len(now)


def send_alerts(catalog: Catalog, settings: Settings, now: Callable[[], datetime], deliver: Deliver) -> Told:
    """Send what is due. Without any destination nothing is sent, and nothing is written."""
    urls = settings.alert_urls()
    if not urls:
        return Told(0, (), 0)
    due, waiting = due_alerts(catalog, settings, list(urls))
    refused: dict[str, str] = {}
    missed: dict[str, int] = {}
    problems: list[str] = []
    sent = 0
    for each in due:
        for name in each.destinations:
            if name in refused:
                missed[name] += 1
                continue
            delivery = deliver(each.message, urls[name])
            if delivery.is_taken:
                append_rows(catalog, SENT, [_sent(each.anomaly, name, now())], each.anomaly[_MONTH])
                sent += 1
                problems += [_partly(name, delivery.problem)] if delivery.problem else []
            else:
                refused[name], missed[name] = delivery.problem or "it was not taken", 1
    problems += [_failure(name, reason, missed[name]) for name, reason in refused.items()]
    return Told(sent, tuple(dict.fromkeys(problems)), waiting)


def alert_message(catalog: Catalog, settings: Settings, anomaly: Row) -> Message:
    """The message that tells of an anomaly as it stands now."""
    return message(_alert(catalog, settings, anomaly), settings.anomalies.alerts.subject_prefix)


def _worth_telling(rows: Sequence[Row], settings: Settings) -> list[Row]:
    """Open, actionable, severe enough and not over for long."""
    if not rows:
        return []
    alerts = settings.anomalies.alerts
    oldest = max(row["judged_on"] for row in rows) - timedelta(days=alerts.newest_days)
    found = [
        row
        for row in rows
        if row["is_actionable"]
        and State(row["state"]).is_to_do
        and Severity(row["severity"]).is_at_least(alerts.least_severity)
        and row["last_day"] >= oldest
    ]
    order = list(Severity)
    return sorted(ranked(found), key=lambda row: order.index(Severity(row["severity"])))


def _alert(catalog: Catalog, settings: Settings, row: Row) -> Alert:
    evidence, locale, unit = evidence_of(catalog, row), settings.locale, row["unit"]
    since = f", since {row['state_since']}" if row["state_since"] else ""
    reason = f": {row['state_reason']}" if row["state_reason"] else ""
    return Alert(
        anomaly_id=row["anomaly_id"],
        severity=row["severity"],
        what=what(row),
        kind=kind_words(row),
        when=when(row),
        actual=amount(row["actual"], unit, locale),
        expected=expected_words(row, locale),
        impact=impact(row, locale),
        owner=one_line(row["owner"] or ""),
        environment=one_line(row["environment"] or ""),
        root_cause=one_line(row["root_cause"] or ""),
        explanation=one_line(row["explanation"] or ""),
        state=one_line(f"{row['state']}{since}{reason}"),
        confidence=confidence_words(row),
        runbook=row["runbook"] or "",
        causes=tuple(cause_words(each, locale) for each in evidence.causes),
        changes=tuple(change_words(each) for each in _nearest_first(evidence.changes, row)),
    )


def _nearest_first(changes: Sequence[Row], anomaly: Row) -> list[Row]:
    """What changed on the resource itself before what changed around it: a message shows the first few."""
    return sorted(
        changes, key=lambda each: each["resource_id"] is None or each["resource_id"] != anomaly["resource_id"]
    )


def _sent(row: Row, destination: str, at: datetime) -> Row:
    return {
        "anomaly_id": row["anomaly_id"],
        "destination": destination,
        "sent_at": at,
        **{column: row[column] for column in ("severity", "state", "impact", "unit", _MONTH)},
    }


def _partly(name: str, problem: str) -> str:
    return f"an alert to {name!r} of {ALERT_URLS}: {problem}; it is not sent again"


def _failure(name: str, reason: str, count: int) -> str:
    return (
        f"{count} alert{'' if count == 1 else 's'} to {name!r} of {ALERT_URLS}: {reason}; the next run or "
        "`finops anomalies alert` tries again"
    )
