"""Where an anomaly stands: what was said of it before, what people said, what is suppressed or explained.

An anomaly keeps its name while it goes on, and the day it was first told. What people said holds: closed stays closed
until it grows to more than twice; what is expected is so until its date; a false alarm raises what is allowed to the
same scope and kind from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from hashlib import sha256

from pipelines.anomalies import feedback
from pipelines.anomalies.explained import Explanation
from pipelines.anomalies.feedback import State, Verdict
from pipelines.anomalies.scopes import KPI, Scope

GROWN, FALSE_ALARM_ROOM = 2.0, 1.5
_NEAR_DAYS = 1


@dataclass(frozen=True)
class Said:
    """What an earlier run said of an anomaly."""

    anomaly_id: str
    scope: Scope
    kind: str
    first_day: date
    last_day: date
    impact: float | None
    state: State
    state_since: date
    first_judged_on: date
    judged_on: date

    @property
    def a_day(self) -> float:
        """Its impact is a sum over its days, of a unit cost their mean."""
        days = 1 if self.scope.level == KPI else (self.last_day - self.first_day).days + 1
        return (self.impact or 0.0) / days


@dataclass(frozen=True)
class Feedback:
    """A word of somebody on an anomaly, and what that was."""

    said: feedback.Said
    scope: Scope
    kind: str

    @property
    def said_on(self) -> date:
        return self.said.said_at.date()


@dataclass(frozen=True)
class Suppression:
    """What is not to be told, by patterns; all that are given must fit."""

    name: str
    reason: str
    owner: str
    until: date
    project: str = "*"
    service: str = "*"
    sku: str = "*"
    kind: str = "*"


@dataclass(frozen=True)
class Present:
    """The anomaly as it is seen today: its days' impacts, the newest last, and its names for patterns."""

    scope: Scope
    kind: str
    days: Sequence[date]
    impacts: Sequence[float]
    is_ongoing: bool
    projects: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()

    @property
    def a_day(self) -> float:
        return sum(self.impacts) / max(len(self.impacts), 1)


@dataclass(frozen=True)
class Standing:
    """The state, the sentence that says why, and since when and until when it holds."""

    state: State
    reason: str
    since: date
    expected_until: date | None = None


def id_of(scope: Scope, first_day: date) -> str:
    """Twelve hex digits of the scope and its first day."""
    told = "|".join((*scope.words, first_day.isoformat()))
    return sha256(told.encode()).hexdigest()[:12]


def same_event(scope: Scope, sign: int, first: date, last: date, said: Said, nested: bool) -> bool:
    """Whether an earlier run spoke of this event already; `nested` says that one scope is the other or inside it."""
    is_same_kind = scope.subject == said.scope.subject and scope.unit == said.scope.unit and nested
    same_way = said.impact is None or said.impact * sign >= 0
    near = (first - said.last_day).days <= _NEAR_DAYS and (said.first_day - last).days <= _NEAR_DAYS
    return is_same_kind and same_way and near


def standing_of(
    present: Present,
    explanation: Explanation | None,
    anomaly_id: str,
    today: date,
    said: Iterable[Said] = (),
    told: Iterable[Feedback] = (),
    suppressions: Iterable[Suppression] = (),
) -> Standing:
    """Suppressed, else what people said of it, else what they said of the like, else explained, else open."""
    earlier = {each.anomaly_id: each for each in said}
    ordered = sorted(told, key=lambda each: each.said.said_at)
    judged = (
        _suppressed(present, suppressions)
        or _as_of_the_like(present, [each for each in ordered if each.said.anomaly_id != anomaly_id], earlier)
        or _explained(explanation)
        or (State.open, "nothing known explains it", None)
    )
    own = [each for each in ordered if each.said.anomaly_id == anomaly_id]
    if own:
        return _as_people_said(present, own[-1], judged, today)
    before = earlier.get(anomaly_id)
    since = before.state_since if before is not None and before.state == judged[0] else today
    return Standing(judged[0], judged[1], since, judged[2])


Found = tuple[State, str, date | None]


def _suppressed(present: Present, suppressions: Iterable[Suppression]) -> Found | None:
    for each in suppressions:
        if present.days[0] <= each.until and _fits(each, present):
            words = f"{each.name}: {each.reason}" if each.name else each.reason
            return State.suppressed, f"{words} ({each.owner}, until {each.until})", each.until
    return None


def _fits(suppression: Suppression, present: Present) -> bool:
    pairs = (
        (suppression.project, present.projects),
        (suppression.service, (present.scope.service_name or "",)),
        (suppression.sku, present.skus),
        (suppression.kind, (present.kind,)),
    )
    return all(pattern == "*" or any(fnmatchcase(name, pattern) for name in names) for pattern, names in pairs)


def _as_people_said(present: Present, newest: Feedback, judged: Found, today: date) -> Standing:
    """What was said last of this very one holds; what was closed and then grew is reopened on the day it was seen.

    What is suppressed is reopened by people alone.
    """
    before = feedback.Standing(judged[0], judged[1], today, judged[2])
    after = feedback.standing(before, newest.said, present.days[-1])
    if judged[0] is State.suppressed:
        return Standing(after.state, after.reason or "", after.since or today, after.until)
    if after.state is State.closed and (grown := grown_on(present, newest.said_on)) is not None:
        return Standing(
            State.reopened, f"came to more than twice as much a day after it was closed on {newest.said_on}", grown
        )
    return Standing(after.state, after.reason or "", after.since or today, after.until)


def grown_on(present: Present, since: date) -> date | None:
    """The first day after `since` if the days since come to more than twice of one until then."""
    before = [impact for day, impact in zip(present.days, present.impacts, strict=True) if day <= since]
    after = [(day, impact) for day, impact in zip(present.days, present.impacts, strict=True) if day > since]
    if not before or not after:
        return None
    a_day = sum(impact for _, impact in after) / len(after)
    return after[0][0] if abs(a_day) > GROWN * abs(sum(before)) / len(before) else None


def _as_of_the_like(present: Present, told: Sequence[Feedback], earlier: Mapping[str, Said]) -> Found | None:
    scope = replace(present.scope, unit="")
    like = [each for each in told if replace(each.scope, unit="") == scope and each.kind == present.kind]
    for each in reversed(like):
        said = each.said
        if said.verdict is Verdict.expected and said.until is not None and present.days[0] <= said.until:
            return State.expected, f"as {said.anomaly_id}: {said.reason}", said.until
        known = earlier.get(said.anomaly_id)
        is_no_larger = known is not None and abs(present.a_day) <= FALSE_ALARM_ROOM * abs(known.a_day)
        if said.verdict is Verdict.false_alarm and each.said_on <= present.days[-1] and is_no_larger:
            words = f"like {said.anomaly_id}, a false alarm by {said.said_by} on {each.said_on}: {said.reason}"
            return State.suppressed, words, None
    return None


def _explained(explanation: Explanation | None) -> Found | None:
    return None if explanation is None else (State.explained, explanation.words, None)
