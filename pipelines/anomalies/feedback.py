"""What people said about anomalies, and the state each has by that. The newest word on an anomaly holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Verdict(StrEnum):
    """What a person can say about an anomaly."""

    closed = "closed"
    false_alarm = "false_alarm"
    expected = "expected"
    reopened = "reopened"


class State(StrEnum):
    """Where an anomaly stands in the review."""

    open = "open"
    explained = "explained"
    expected = "expected"
    closed = "closed"
    reopened = "reopened"
    suppressed = "suppressed"

    @property
    def is_to_do(self) -> bool:
        """Whether somebody has yet to look at it."""
        return self in (State.open, State.reopened)


@dataclass(frozen=True)
class Said:
    """One word of one person on one anomaly; `until` is the last day it is expected on, of nothing else."""

    anomaly_id: str
    said_at: datetime
    said_by: str
    verdict: Verdict
    reason: str
    until: date | None = None


@dataclass(frozen=True)
class Standing:
    """The state of an anomaly, why, since when, and until when it is expected."""

    state: State
    reason: str | None
    since: date | None
    until: date | None = None


def newest(said: Iterable[Said]) -> dict[str, Said]:
    """By anomaly, what was said last; of two at one moment the one given later."""
    found: dict[str, Said] = {}
    for each in said:
        before = found.get(each.anomaly_id)
        if before is None or each.said_at >= before.said_at:
            found[each.anomaly_id] = each
    return found


def standing(judged: Standing, said: Said | None, last_day: date) -> Standing:
    """The state after what was said last; as judged where nothing was.

    An anomaly that lasts longer than it was expected to is reopened on the day after, unless it is suppressed; one that
    was judged reopened since it was closed stays so.
    """
    if said is None:
        return judged
    day = said.said_at.date()
    if said.verdict is Verdict.reopened:
        return Standing(State.reopened, _by(said, "reopened"), day)
    if judged.state is State.reopened and judged.since is not None and judged.since > day:
        return judged
    if said.verdict is not Verdict.expected:
        words = "closed as a false alarm" if said.verdict is Verdict.false_alarm else "closed"
        return Standing(State.closed, _by(said, words), day)
    if said.until is not None and last_day > said.until:
        if judged.state is State.suppressed:
            return judged
        reason = f"was expected until {said.until} ({said.reason}), and lasts until {last_day}"
        return Standing(State.reopened, reason, said.until + timedelta(days=1))
    return Standing(State.expected, _by(said, "expected"), day, said.until)


def is_actionable(judged: bool, after: Standing) -> bool:
    """Whether somebody should act: what a person reopened always, what is open as judged, the rest never."""
    return after.state is State.reopened or (after.state is State.open and judged)


def _by(said: Said, words: str) -> str:
    return f"{words} by {said.said_by}: {said.reason}"
