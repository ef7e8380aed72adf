"""What people say about recommendations, and where one stands because of it and of what the last judgement saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

GRACE = timedelta(days=35)
"""So long after it was said to be done may advice go on: its window of four weeks has to pass."""


class Status(StrEnum):
    """Where a recommendation stands."""

    open = "open"
    accepted = "accepted"
    done = "done"
    verified = "verified"
    rejected = "rejected"
    suppressed = "suppressed"
    gone = "gone"

    @property
    def is_to_do(self) -> bool:
        """Whether its saving still lies ahead: what is suppressed is one that nobody wants to hear of now."""
        return self in (Status.open, Status.accepted, Status.suppressed)


class Judgement(StrEnum):
    """What the newest judgement says of a recommendation that was made once."""

    advised = "advised"
    not_judged = "not judged"
    seen_done = "seen done"
    gone = "gone"


class Word(StrEnum):
    """What a person can say."""

    accepted = "accepted"
    done = "done"
    rejected = "rejected"
    suppressed = "suppressed"
    reopened = "reopened"


@dataclass(frozen=True)
class Said:
    """One word on one recommendation. `until` and `owner` are of those suppressed."""

    recommendation_id: str
    said_at: datetime
    said_by: str
    word: Word
    reason: str
    until: date | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Standing:
    """Status, why, since when, until when, and who answers for it."""

    status: Status
    reason: str
    since: date
    until: date | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Judged:
    """What is known of a recommendation without people: see the columns of gold.recommendations."""

    judgement: Judgement
    reason: str
    since: date
    first_seen: date
    last_seen: date
    judged_on: date
    returned_on: date | None = None


def newest(said: Iterable[Said]) -> Mapping[str, Said]:
    """The last word on each recommendation."""
    return {each.recommendation_id: each for each in sorted(said, key=lambda each: each.said_at)}


def standing(
    judged: Judged, said: Said | None, aside: Standing | None, today: date, proof: str | None = None
) -> Standing:
    """Where a recommendation stands on a day.

    The inventory has the last word on what is done; after it what was said last; then `aside`, what the settings
    suppress. What was said before a recommendation came back no longer holds, unless somebody declined it. What is done
    is verified where later bills show it: `proof` says how.
    """
    stands = _standing(judged, said, aside, today)
    if proof is not None and stands.status is Status.done:
        return replace(stands, status=Status.verified, reason=proof)
    return stands


def _standing(judged: Judged, said: Said | None, aside: Standing | None, today: date) -> Standing:
    said = None if said is None or _is_over(judged, said) else said
    if judged.judgement is Judgement.seen_done:
        return Standing(Status.done, judged.reason, judged.since)
    if judged.judgement is Judgement.gone:
        if said is not None and said.word is Word.done:
            return _as_said(said, Status.done)
        return Standing(Status.gone, judged.reason, judged.since)
    if said is not None:
        return _of_word(judged, said, aside, today)
    return aside or _open(judged)


def _is_over(judged: Judged, said: Said) -> bool:
    back = judged.returned_on
    return back is not None and said.said_at.date() < back and said.word in (Word.accepted, Word.done, Word.reopened)


def _of_word(judged: Judged, said: Said, aside: Standing | None, today: date) -> Standing:
    day = said.said_at.date()
    if said.word is Word.done and judged.last_seen > day + GRACE:
        reason = f"said to be done on {day} by {said.said_by}, yet still advised on {judged.last_seen}"
        return Standing(Status.open, reason, judged.last_seen)
    if said.word is Word.suppressed and said.until is not None and said.until < today:
        return aside or Standing(Status.open, f"it was suppressed until {said.until}: {said.reason}", said.until)
    status = Status.open if said.word is Word.reopened else Status(said.word.value)
    return _as_said(said, status)


def _as_said(said: Said, status: Status) -> Standing:
    return Standing(status, said.reason, said.said_at.date(), said.until, said.owner or said.said_by)


def _open(judged: Judged) -> Standing:
    if judged.judgement is Judgement.not_judged:
        return Standing(Status.open, f"last judged on {judged.judged_on}: {judged.reason}", judged.since)
    return Standing(Status.open, judged.reason, judged.returned_on or judged.first_seen)


def judged_of(row: Mapping[str, Any]) -> Judged:
    """The judgement a row of gold.recommendations holds."""
    return Judged(
        Judgement(row["judgement"]),
        row["judgement_reason"] or "",
        row["judgement_since"],
        row["first_seen"],
        row["last_seen"],
        row["judged_on"],
        row["returned_on"],
    )
