"""Moves of a cost that its usage hid: services at their usual usage, judged like all the rest. No Dagster here.

A cost that stays while its requests fall by a third costs more for each of them, and no view of the cost alone shows
it. What the cost itself shows is told already, with the usage that explains it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from assets.anomalies_judged import Judged, may_still_come, room_of
from assets.anomalies_known import Known
from assets.anomalies_series import Panel, Span
from pipelines.anomalies.baselines import STARTS, course_of, last_day
from pipelines.anomalies.daily import judge_days
from pipelines.anomalies.events import events_of_days
from pipelines.anomalies.grouping import NEAR
from pipelines.anomalies.hierarchy import Cause, Incident, move_word
from pipelines.anomalies.scopes import COST, PROJECT, SERVICE, Scope, Tree
from pipelines.anomalies.usage import without_usage
from pipelines.anomalies.verdicts import DailyCaution, Floats

_STILL = 0.5  # of the least amount a day: while so much of it is left, an event goes on


def judged_hidden(
    known: Known, tree: Tree, span: Span, caution: DailyCaution, maturing: int, told: Sequence[Incident]
) -> Iterator[Judged]:
    """Events of services at their usual usage, without those that the costs told on the same days."""
    driven = _driven(known, tree)
    if not driven:
        return
    scopes = list(driven)
    panel = Panel(scopes, span.days, np.array([tree.series(scope) - driven[scope] for scope in scopes]))
    verdicts = judge_days(panel.values, panel.days, caution)
    for event in events_of_days(panel.values, verdicts):
        if event.impact is None or event.kind in STARTS or may_still_come(event.impact, event.first, panel, maturing):
            continue
        scope, series = scopes[event.series], panel.values[event.series]
        sign = 1 if event.impact >= 0 else -1
        course = course_of(series, event.first, last_day(series, event.first, sign, event.kind), event.kind)
        kind, room = move_word(event.kind, sign, course), room_of(verdicts, event)
        cause = Cause(scope, course, 1.0)
        chain = (scope.of(PROJECT), scope)
        incident = Incident(scope, chain, kind, event.kind, course, sign, event.score, room, (cause,))
        is_enough = abs(incident.a_day) >= _STILL * caution.amount_floor
        if is_enough and not any(_meets(incident, other, tree) for other in told):
            yield Judged(incident, span.days, series, driven[scope])


def _driven(known: Known, tree: Tree) -> Mapping[Scope, Floats]:
    """By service, what its usage adds to each day's cost, or takes from it; only where the past shows that it does."""
    found: defaultdict[Scope, Floats] = defaultdict(lambda: np.zeros(tree.days))
    for (project, service, currency), usages in known.usages.items():
        scope = Scope(COST, SERVICE, currency, project, service_name=service)
        if scope in tree.values and usages:
            cost = np.array([usage.cost for usage in usages])
            added = cost - without_usage(cost, np.array([usage.units for usage in usages]))
            found[scope] = np.nan_to_num(added).sum(axis=0)
    return {scope: added for scope, added in found.items() if added.any()}


def _meets(incident: Incident, other: Incident, tree: Tree) -> bool:
    """Whether a scope around it, in it or the same is told to move the same way, from one of its days on."""
    scope = incident.scope
    nested = other.scope == scope or tree.inside(scope, other.scope) or tree.inside(other.scope, scope)
    return nested and other.sign == incident.sign and incident.first - NEAR <= other.first <= incident.last + NEAR
