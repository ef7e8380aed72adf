"""Which events of nested scopes are one: they begin on the same days and move the same way.

An echo is dropped: a slow rise of the whole after a part took its step, the end of something that was told already, a
resource that comes beside many of its kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.anomalies.baselines import STARTS, Course, course_of
from pipelines.anomalies.scopes import RESOURCE, SERVICE, WIDEST_FIRST, Scope, Tree
from pipelines.anomalies.verdicts import Kind

NEAR = 1  # days that the first days of one event may lie apart
DRIFT_DAYS = 21  # so long after a step the whole may still drift for it
_MOST = 0.5
_LOOK_BACK, _WEEK = 56, 7
_UNPLANNED = 0.2  # of days on which it is on and was off a week before, or the reverse
_NO_LARGER = 1.25  # times the most that it cost on a day before
LARGE = 10.0  # times the least amount: a resource so large is told although its service hardly moved


@dataclass(frozen=True)
class Signal:
    """One event of one scope as the detector saw it: what it came to, and the room its first day was allowed."""

    scope: Scope
    first: int
    last: int
    kind: Kind
    move: float
    score: float
    allowed: float

    @property
    def sign(self) -> int:
        return 1 if self.move >= 0 else -1

    @property
    def a_day(self) -> float:
        return self.move / (self.last - self.first + 1)


def grouped(signals: Sequence[Signal], tree: Tree, floor: float) -> list[list[Signal]]:
    """Events of one project and what is in it, those of one cause together, the widest scope of each first.

    `floor` is the least amount a day that counts; a group's first signal is never an echo of another group's.
    """
    kept = [each for each in signals if not _is_one_more(each, signals, tree, floor)]
    kept = [each for each in kept if not is_echo(each, kept, tree)]
    return [sorted(group, key=_width) for group in _components(kept, tree)]


def is_echo(signal: Signal, others: Iterable[Signal], tree: Tree) -> bool:
    """A drift of a scope after a part of it took a step that makes most of it."""
    if signal.kind is not Kind.DRIFT:
        return False
    steps = [
        other
        for other in others
        if other.kind is not Kind.DRIFT
        and other.sign == signal.sign
        and signal.first - DRIFT_DAYS <= other.first <= signal.first + NEAR
        and (tree.inside(signal.scope, other.scope) or other.scope == signal.scope)
    ]
    largest = max((abs(other.a_day) for other in steps), default=0.0)
    return largest >= _MOST * abs(signal.a_day)


def _is_one_more(signal: Signal, others: Sequence[Signal], tree: Tree, floor: float) -> bool:
    """A resource that starts beside others of its kind, or is off and on anyway, in a service that hardly moves."""
    is_small_start = signal.kind in STARTS and abs(signal.a_day) < LARGE * floor
    if signal.scope.level != RESOURCE or not (is_small_start or _comes_and_goes(signal, tree)):
        return False
    return not any(
        other.sign == signal.sign and abs(other.first - signal.first) <= NEAR and tree.inside(other.scope, signal.scope)
        for other in others
    )


def _comes_and_goes(signal: Signal, tree: Tree) -> bool:
    """Whether it was off and on without a weekly plan before, and is now no larger than it was then."""
    series = tree.series(signal.scope)
    past, now = series[max(signal.first - _LOOK_BACK, 0) : signal.first], series[signal.first : signal.last + 1]
    if len(past) < _LOOK_BACK // 2 or not np.isfinite(past).any() or not np.isfinite(now).any():
        return False
    is_on = np.nan_to_num(past) != 0
    unplanned = np.mean(is_on[_WEEK:] != is_on[:-_WEEK])
    return bool(unplanned >= _UNPLANNED and np.nanmax(np.abs(now)) <= _NO_LARGER * np.nanmax(np.abs(past)))


def _components(signals: Sequence[Signal], tree: Tree) -> list[list[Signal]]:
    parent = list(range(len(signals)))

    def top(at: int) -> int:
        while parent[at] != at:
            at = parent[at]
        return at

    by_day: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for at, each in enumerate(signals):
        by_day[each.sign, each.first].append(at)
    for one, each in enumerate(signals):
        for two in (at for off in range(-NEAR, NEAR + 1) for at in by_day[each.sign, each.first + off]):
            if tree.inside(each.scope, signals[two].scope):
                parent[top(two)] = top(one)
    found: defaultdict[int, list[Signal]] = defaultdict(list)
    for at, each in enumerate(signals):
        found[top(at)].append(each)
    return list(found.values())


def _width(signal: Signal) -> tuple[int, float, int, tuple[str, ...]]:
    return (WIDEST_FIRST.index(signal.scope.level), -abs(signal.move), signal.first, signal.scope.words)


def netted(groups: Sequence[Sequence[Signal]], tree: Tree) -> list[Sequence[Signal]]:
    """Without the groups that move against their whole service, which is told with both of its parts."""
    return [
        group
        for group in groups
        if not any(
            other[0].sign != group[0].sign
            and abs(other[0].first - group[0].first) <= NEAR
            and any(wide.scope.level == SERVICE and tree.inside(wide.scope, group[0].scope) for wide in other)
            for other in groups
        )
    ]


@dataclass(frozen=True)
class Replaced:
    """Something that came for something that went: a rename or a change of type of the same size."""

    came: Sequence[Signal]
    went: Sequence[Signal]


def replacements(groups: Sequence[Sequence[Signal]], tree: Tree) -> list[Replaced]:
    """Pairs of one project and service that began on the same days and cancel out: one came, the other went."""
    coming = [group for group in groups if group[0].sign > 0 and _is_part(group[0])]
    going = [group for group in groups if group[0].sign < 0 and _is_part(group[0])]
    found: list[Replaced] = []
    for came in sorted(coming, key=lambda group: -abs(group[0].move)):
        pairs = [
            (abs(abs(went[0].a_day) - came[0].a_day), at)
            for at, went in enumerate(going)
            if _cancel(came[0], went[0], tree)
        ]
        if pairs:
            found.append(Replaced(came, going.pop(min(pairs)[1])))
    return found


_SAME_SIZE, _SAME_SIZE_ELSEWHERE, _GONE = 0.25, 0.1, 0.2


def _is_part(signal: Signal) -> bool:
    return signal.scope.service_name is not None and signal.scope.level != SERVICE


def _cancel(came: Signal, went: Signal, tree: Tree) -> bool:
    same = (came.scope.project_id, came.scope.service_name, came.scope.level, came.scope.unit)
    if same != (went.scope.project_id, went.scope.service_name, went.scope.level, went.scope.unit):
        return False
    if abs(came.first - went.first) > NEAR + 1:
        return False
    first, last = max(came.first, went.first), min(max(came.last, went.last), tree.days - 1)
    up = course_of(tree.series(came.scope), first, last, came.kind)
    down = course_of(tree.series(went.scope), first, last, went.kind)
    is_swap = up.expected <= _GONE * up.actual and down.actual <= _GONE * down.expected
    return is_swap and abs(up.impact + down.impact) <= _SAME_SIZE * max(abs(up.impact), abs(down.impact))


def counterpart(came: Scope, up: Course, tree: Tree) -> Scope | None:
    """What of the same service and level, in any project, ended on the days on which this began, and cost the same.

    None for what did not come out of nothing, and for scopes wider than a service.
    """
    if came.service_name is None or up.impact <= 0 or up.expected > _GONE * up.actual:
        return None
    found = []
    for scope in tree.values:
        same = (scope.level, scope.service_name, scope.unit) == (came.level, came.service_name, came.unit)
        if not same or scope == came:
            continue
        down = course_of(tree.series(scope), up.first, up.last)
        off = abs(up.impact + down.impact)
        if down.impact < 0 and down.actual <= _GONE * down.expected and off <= _SAME_SIZE_ELSEWHERE * up.impact:
            found.append((off, scope.words, scope))
    return min(found)[2] if found else None
