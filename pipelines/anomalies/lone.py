"""Series that are no part of one another: telemetry, requests, unit costs. And days on which nothing was measured.

A day that hardly any series of a source knows was not read: a gap of the source, told once. A series that alone has no
value is a gap of its own; a real drop has values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipelines.anomalies.baselines import STARTS, Course, course_of, expected_days, last_day
from pipelines.anomalies.events import Event
from pipelines.anomalies.hierarchy import Cause, Incident, move_word
from pipelines.anomalies.scopes import KPI, ORGANIZATION, Scope
from pipelines.anomalies.severity import MISSING
from pipelines.anomalies.verdicts import Flags, Floats, Kind

_MOST = 0.5


def lone_incidents(
    scopes: Sequence[Scope], values: Floats, events: Sequence[Event], allowed: Sequence[float]
) -> Iterator[Incident]:
    """Every event as an incident of its own; `allowed` is the room of each event's first day.

    A unit cost that begins is no event: there was nothing to divide.
    """
    unread = unread_days(values)
    for event, room in zip(events, allowed, strict=True):
        scope, series = scopes[event.series], values[event.series]
        is_start = event.kind in STARTS
        if (is_start and scope.level == KPI) or (event.kind is Kind.MISSING and unread[event.first]):
            continue
        sign = 1 if event.impact is None or event.impact >= 0 else -1
        if event.kind is Kind.MISSING:
            yield _gap(scope, series, event.first, event.last)
            continue
        course = course_of(series, event.first, last_day(series, event.first, sign, event.kind), event.kind)
        cause = Cause(scope, course, 1.0)
        kind = move_word(event.kind, sign, course)
        yield Incident(scope, (scope,), kind, event.kind, course, sign, event.score, room, (cause,))


def gap_incidents(scope: Scope, values: Floats) -> Iterator[Incident]:
    """Runs of days that were not read, of the sum of all series; `values` are by day, NaN where not known."""
    first = None
    for day, missing in enumerate([*np.isnan(values).tolist(), False]):
        if missing and first is None:
            first = day
        elif not missing and first is not None:
            yield _gap(scope, values, first, day - 1)
            first = None


def unread_days(values: Floats) -> Flags:
    """Days that most series with a value on an earlier day have none of."""
    known = np.isfinite(values)
    seen = np.cumsum(known, axis=1) > 0
    missing = (seen & ~known).sum(axis=0)
    return np.asarray((missing > 1) & (missing > _MOST * seen.sum(axis=0)))


def whole(scope: Scope) -> Scope:
    """The organization, for a source that told nothing of anyone."""
    return Scope(scope.subject, ORGANIZATION, scope.unit, kpi=scope.kpi)


def _gap(scope: Scope, values: Floats, first: int, last: int) -> Incident:
    expected = float(expected_days(values, first, last).sum())
    course = Course(first, last, 0.0, expected)
    return Incident(scope, (scope,), MISSING, Kind.MISSING, course, -1, 1.0, 0.0, ())
