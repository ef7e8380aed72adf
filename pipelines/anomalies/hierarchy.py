"""One event, one anomaly, at the scope where it happened, with its parts as causes.

From the widest scope that moved the walk goes down into a part that alone explains most of the move, and stops where
none does. What moved against it stays visible: as a cause of the same anomaly, or, where both cancel out in the whole,
as an anomaly of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.anomalies.baselines import STARTS, Course, course_of, expected_days, last_day
from pipelines.anomalies.grouping import NEAR, Replaced, Signal, counterpart, grouped, is_echo, netted, replacements
from pipelines.anomalies.scopes import (
    LABEL,
    ORGANIZATION,
    PROJECT,
    REGION,
    RESOURCE,
    SERVICE,
    SKU,
    Scope,
    Tree,
)
from pipelines.anomalies.verdicts import Kind

ALONE = (0.75, 1.34)  # share of the move that one part must have to be what happened
_ABOUT_SAME = 0.05
_MOST = 0.5
_STILL = 0.5
_SETTLED_DAYS = 6
LEAST_CAUSE = 0.02  # share of the move
_LEAST_OF_LARGEST = 0.1  # of the largest part's: of many small parts none has much of the move
MOST_CAUSES = 20
_PARTS = {
    ORGANIZATION: ((PROJECT,),),
    LABEL: ((PROJECT,), (SERVICE,)),
    PROJECT: ((SERVICE,),),
    REGION: ((SKU, RESOURCE),),
    SERVICE: ((SKU, RESOURCE),),
    SKU: ((RESOURCE,),),
}


@dataclass(frozen=True)
class Cause:
    """What a part of the scope did on the same days; `share` is of the whole move, and may be negative."""

    scope: Scope
    course: Course
    share: float


@dataclass(frozen=True)
class Incident:
    """One event as it is told. `chain` leads from the project to the scope; `allowed` is the room of one day."""

    scope: Scope
    chain: tuple[Scope, ...]
    kind: str
    detected: Kind
    course: Course
    sign: int
    score: float
    allowed: float
    causes: tuple[Cause, ...]
    replaces: Scope | None = None

    @property
    def listed(self) -> tuple[Cause, ...]:
        """The largest of its causes, as many as people read."""
        return self.causes[:MOST_CAUSES]

    @property
    def first(self) -> int:
        return self.course.first

    @property
    def last(self) -> int:
        return self.course.last

    @property
    def a_day(self) -> float:
        """What it comes to on one of its days."""
        return self.course.impact / self.course.days


def incidents(signals: Sequence[Signal], tree: Tree, floor: float) -> list[Incident]:
    """The events of all scopes of costs as what happened, in order of their first days.

    `floor` is the least amount a day that counts: an event goes on while half of its first day's move is left, so one
    that comes to less than half of it a day is none.
    """
    projects: defaultdict[tuple[str | None, str], list[Signal]] = defaultdict(list)
    wide = []
    for signal in sorted(signals, key=_signal_order):
        if signal.scope.level in (ORGANIZATION, LABEL):
            wide.append(signal)
        else:
            projects[signal.scope.project_id, signal.scope.unit].append(signal)
    found = [incident for project in projects.values() for incident in _of_project(project, tree, floor)]
    for signal in wide:
        if not _is_told(signal, found, tree) and not is_echo(signal, wide, tree):
            incident = _told([signal], tree, None)
            if not any(_is_within(incident, other, tree) for other in found):
                found.append(incident)
    told = [incident for incident in found if abs(incident.a_day) >= _STILL * floor]
    return sorted((_moved_here(incident, tree) for incident in told), key=_order)


def _moved_here(incident: Incident, tree: Tree) -> Incident:
    """With what it replaces, where the like of the same size ended on the same days, in whatever project.

    The end is read from the series: it is judged later than a start, for its charges may still come. A start that is
    explained by it is judged anew with every later day.
    """
    went = None if incident.replaces or incident.sign < 0 else counterpart(incident.scope, incident.course, tree)
    return incident if went is None else replace(incident, replaces=went)


def _of_project(signals: Sequence[Signal], tree: Tree, floor: float) -> list[Incident]:
    groups = netted(grouped(signals, tree, floor), tree)
    swaps = replacements(groups, tree)
    gone = {id(swap.went) for swap in swaps}
    came = {id(swap.came): swap for swap in swaps}
    found = [_told(group, tree, came.get(id(group))) for group in groups if id(group) not in gone]
    return _joined(sorted(found, key=_order), tree)


def _told(group: Sequence[Signal], tree: Tree, swap: Replaced | None) -> Incident:
    root = group[0]
    first = min(signal.first for signal in group if signal.kind is not Kind.DRIFT or signal is root)
    chain, course = _walk(root, first, tree, group)
    scope = chain[-1]
    detected = _detected(scope, root, group)
    causes = causes_of(scope, course, tree, detected) if scope.level in _PARTS else (Cause(scope, course, 1.0),)
    return Incident(
        scope=scope,
        chain=chain,
        kind=_kind(root, group, course),
        detected=detected,
        course=course,
        sign=1 if course.impact > 0 or (not course.impact and root.sign > 0) else -1,
        score=max(signal.score for signal in group),
        allowed=next((signal.allowed for signal in group if signal.scope == scope), root.allowed),
        causes=causes,
        replaces=swap.went[0].scope if swap else None,
    )


def _detected(scope: Scope, root: Signal, group: Sequence[Signal]) -> Kind:
    """A start is one of the scope itself: in a wider one it is a step."""
    own = next((signal.kind for signal in group if signal.scope == scope), None)
    if own is not None:
        return own
    return Kind.SPIKE if root.kind in STARTS else root.kind


def _walk(root: Signal, first: int, tree: Tree, group: Sequence[Signal]) -> tuple[tuple[Scope, ...], Course]:
    """Down into the part that alone explains most, as long as there is one."""
    scope, kind = root.scope, _detected(root.scope, root, group)
    chain = [*_above(scope), scope]
    course = _course(scope, first, root.sign, kind, tree)
    while True:
        best = _alone(scope, course, root, tree, group)
        if best is None:
            return tuple(chain), course
        scope, course = best
        chain.append(scope)


def _above(scope: Scope) -> list[Scope]:
    if scope.level in (SERVICE, REGION):
        return [scope.of(PROJECT)]
    if scope.level in (SKU, RESOURCE):
        return [scope.of(PROJECT), scope.of(SERVICE)]
    return []


def _course(scope: Scope, first: int, sign: int, kind: Kind, tree: Tree) -> Course:
    values = tree.series(scope)
    return course_of(values, first, last_day(values, first, sign, kind), kind)


def _alone(
    scope: Scope, course: Course, root: Signal, tree: Tree, group: Sequence[Signal]
) -> tuple[Scope, Course] | None:
    for levels in _PARTS.get(scope.level, ()) if course.impact else ():
        fitting = []
        for rank, level in enumerate(levels):
            for part in tree.children(scope, level):
                kind = _detected(part, root, group)
                share = course_of(tree.series(part), course.first, course.last, kind).impact / course.impact
                if ALONE[0] <= share <= ALONE[1]:
                    fitting.append((round(abs(share - 1) / _ABOUT_SAME), rank, abs(share - 1), part.words, part, kind))
        if fitting:
            *_, part, kind = min(fitting)[:6]
            return part, _course(part, course.first, root.sign, kind, tree)
    return None


def causes_of(scope: Scope, course: Course, tree: Tree, kind: Kind) -> tuple[Cause, ...]:
    """The parts of a scope by what they moved on an event's days, largest first."""
    if not course.impact:
        return ()
    levels = _PARTS[scope.level][0]
    parts = tree.children(scope, levels[-1]) or tree.children(scope, levels[0])
    shift = Kind.DRIFT if kind is Kind.DRIFT else Kind.SPIKE
    courses = [(part, course_of(tree.series(part), course.first, course.last, shift)) for part in parts]
    found = [Cause(part, own, own.impact / course.impact) for part, own in courses]
    least = min(LEAST_CAUSE, _LEAST_OF_LARGEST * max((abs(cause.share) for cause in found), default=0.0))
    found = [cause for cause in found if cause.share and abs(cause.share) >= least]
    return tuple(sorted(found, key=lambda cause: (-cause.share, cause.scope.words)))


def _kind(root: Signal, group: Sequence[Signal], course: Course) -> str:
    """What it is for people: a start of the widest scope that started, else the move of the widest that moved."""
    started = {signal.scope.level: signal.kind for signal in group if signal.kind in STARTS}
    if PROJECT in started:
        return "new_project"
    if REGION in started:
        return "new_region"
    is_short = course.days < _SETTLED_DAYS
    if SERVICE in started:
        return Kind.BURST.word if is_short or started[SERVICE] is Kind.BURST else Kind.NEW_SERVICE.word
    if root.kind in STARTS:
        return Kind.BURST.word if is_short else "new_resource"
    return move_word(root.kind, root.sign, course)


def move_word(detected: Kind, sign: int, course: Course) -> str:
    """A move that lasts is a new level, a shorter one a spike or a drop; a drift is one however long."""
    if detected not in (Kind.SPIKE, Kind.DROP, Kind.LEVEL_SHIFT):
        return detected.word
    if course.days >= _SETTLED_DAYS:
        return Kind.LEVEL_SHIFT.word
    return Kind.SPIKE.word if sign > 0 else Kind.DROP.word


def _joined(found: Sequence[Incident], tree: Tree) -> list[Incident]:
    """Without what only continues or ends an earlier one of the same scopes."""
    kept: list[Incident] = []
    for incident in found:
        earlier = [other for other in kept if _touches(other, incident, tree)]
        if any(other.sign == incident.sign or _returns(other, incident, tree) for other in earlier):
            continue
        kept.append(incident)
    return kept


def _touches(earlier: Incident, later: Incident, tree: Tree) -> bool:
    nested = (
        earlier.scope == later.scope
        or tree.inside(earlier.scope, later.scope)
        or tree.inside(later.scope, earlier.scope)
    )
    return nested and earlier.first < later.first <= earlier.last + NEAR + 1


def _returns(earlier: Incident, later: Incident, tree: Tree) -> bool:
    """Whether the later one brings the scope back to what it was before the earlier."""
    values = tree.series(later.scope)
    before = expected_days(values, earlier.first, later.last, Kind.SPIKE)[later.first - earlier.first :]
    off = values[later.first : later.last + 1] - before
    return bool(np.nanmean(np.abs(off)) <= _MOST * abs(later.a_day)) if np.isfinite(off).any() else True


def _is_told(signal: Signal, found: Iterable[Incident], tree: Tree) -> bool:
    """Whether the incidents of its parts, on its days, are most of a wide scope's move."""
    parts = [
        incident
        for incident in found
        if tree.inside(signal.scope, incident.scope)
        and incident.first <= signal.last + NEAR
        and incident.last >= signal.first - (21 if signal.kind is Kind.DRIFT else NEAR)
    ]
    # a drop of the whole may be the end of what a part did
    moved = sum(abs(part.a_day) for part in parts if part.sign == signal.sign or part.last <= signal.first + NEAR)
    return moved >= _MOST * abs(signal.a_day)


def _is_within(incident: Incident, other: Incident, tree: Tree) -> bool:
    """Whether what a wide scope's move comes down to is a part of what is told already: as it grows, say."""
    nested = incident.scope == other.scope or tree.inside(other.scope, incident.scope)
    meets = incident.first <= other.last + NEAR and other.first <= incident.last + NEAR
    return nested and meets and incident.sign == other.sign


def _signal_order(signal: Signal) -> tuple[bool, int, tuple[str, ...]]:
    return (signal.scope.level != ORGANIZATION, signal.first, signal.scope.words)


def _order(incident: Incident) -> tuple[int, int, tuple[str, ...]]:
    return (incident.first, -incident.course.days, incident.scope.words)
