"""What people are told when a run fails or data stay away: one message per cause, however often it comes back.

What was told is kept in Dagster's own store, so that it lives and moves with the runs it speaks of.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import dagster as dg

from pipelines.alerts.message import Message
from pipelines.alerts.sending import Delivery
from pipelines.lake.engine import Catalog
from pipelines.secrets import Secret, masked

WILL_RETRY_TAG: Final = "dagster/will_retry"
_TOLD: Final = "finops/told/"
_QUIET: Final = timedelta(hours=24)
"""The same cause is told again after a day: it is still there."""
_LATE_AFTER: Final = timedelta(days=2)
_CHANGING: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b\d[\d:.TZ-]*\b|0x[0-9a-f]+")
_LONGEST: Final = 600

Deliver = Callable[[Message, Secret], Delivery]


@dataclass(frozen=True)
class Cause:
    """Why a run failed: the step that failed first by itself, and what it said, without secrets."""

    job: str
    step: str
    reason: str

    @property
    def key(self) -> str:
        """The same for the same cause, whatever its run, times and ids."""
        told = "\n".join((self.job, self.step, _CHANGING.sub("#", self.reason)))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def cause_of(run: dg.DagsterRun, instance: dg.DagsterInstance) -> Cause:
    """The root of a run's failure; steps that only waited for it say nothing of their own."""
    entries = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    for entry in entries:
        event = entry.dagster_event
        error: Any = event.step_failure_data.error if event else None
        while error is not None and error.cause is not None:
            error = error.cause
        if event is not None and error is not None:
            words = masked(" ".join(str(error.message).split()))[:_LONGEST]
            return Cause(run.job_name, event.step_key or "", words)
    return Cause(run.job_name, "", "the run ended before any step did")


def failure_message(cause: Cause, run_id: str, prefix: str) -> Message:
    """What broke, where, and what to do."""
    where = f"{cause.job}, step {cause.step}" if cause.step else cause.job
    lines = [
        f"The run of {where} failed.",
        "",
        f"Reason      {cause.reason}",
        f"Run         {run_id}",
        "Look at it  finops ui, then Runs",
        "Do it over  finops run: what was written stays, the rest is done again",
    ]
    return _message(f"{prefix} failed: {where}", lines, "high")


def late_sources(catalog: Catalog, today: date) -> list[tuple[str, date]]:
    """Sources whose data end earlier than the day before yesterday, the oldest first; the bill is one of them."""
    found: dict[str, date] = {}
    if catalog.state("gold.monthly_summary").delta is not None:
        [row] = catalog.query("select max(charges_until) as until from gold.monthly_summary").to_pylist()
        if row["until"] is not None:
            found["billing.charges"] = row["until"]
    rows = catalog.query("select source, data_until from gold.data_freshness where places > 0").to_pylist()
    found |= {row["source"]: row["data_until"] for row in rows if row["data_until"] is not None}
    late = [(name, until) for name, until in found.items() if until < today - _LATE_AFTER]
    return sorted(late, key=lambda each: (each[1], each[0]))


def late_message(late: Sequence[tuple[str, date]], prefix: str) -> Message:
    """Which sources stay away since when."""
    first, until = late[0]
    more = f" and {len(late) - 1} more" if len(late) > 1 else ""
    lines = [
        "Reports show what was known until then; nothing is guessed.",
        "",
        *(f"{name:<28} data until {day}" for name, day in late),
        "",
        "Look at it  finops doctor, and finops report quality",
    ]
    return _message(f"{prefix} data late: {first}{more}, until {until}", lines, "medium")


def tell_once(
    instance: dg.DagsterInstance,
    key: str,
    message: Message,
    destinations: Mapping[str, Secret],
    now: datetime,
    deliver: Deliver,
) -> tuple[int, tuple[str, ...]]:
    """Send where this cause was not told within a day: how many took it, and a line for each that did not."""
    taken, problems = 0, []
    for name, url in destinations.items():
        place = f"{_TOLD}{key}/{name}"
        before = instance.run_storage.get_cursor_values({place}).get(place)
        if before and now - datetime.fromisoformat(before) < _QUIET:
            continue
        delivery = deliver(message, url)
        if delivery.is_taken:
            instance.run_storage.set_cursor_values({place: now.isoformat()})
            taken += 1
        else:
            problems.append(f"{name}: {delivery.problem or 'it was not taken'}")
    return taken, tuple(problems)


def _message(subject: str, lines: Sequence[str], severity: str) -> Message:
    from html import escape

    text = "\n".join(lines) + "\n"
    style = "font-size:14px;white-space:pre-wrap"
    page = f'<!doctype html><html lang="en"><body><pre style="{style}">{escape(text)}</pre></body></html>'
    return Message(" ".join(subject.split()), text, page, severity)
