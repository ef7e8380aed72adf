"""Series become events: every panel is judged by the detector, and what it found is put where it happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from assets.anomalies_series import Panel, Span, cost_panels, other_panels
from assets.lens import Lens
from pipelines.anomalies.daily import judge_days
from pipelines.anomalies.days import french_holidays
from pipelines.anomalies.events import Event, events_of_days
from pipelines.anomalies.grouping import Signal
from pipelines.anomalies.hierarchy import Incident
from pipelines.anomalies.lone import gap_incidents, lone_incidents, unread_days, whole
from pipelines.anomalies.scopes import ORGANIZATION, Scope
from pipelines.anomalies.verdicts import DailyCaution, Floats, Kind, Verdicts
from pipelines.settings import Settings


@dataclass(frozen=True)
class Judged:
    """One incident with its own series: `days` are the days that its indices count.

    `by_usage` is what usage adds to each day's cost, where `values` are the cost without it.
    """

    incident: Incident
    days: Sequence[date]
    values: Floats
    by_usage: Floats | None = None

    @property
    def first_day(self) -> date:
        return self.days[self.incident.first]

    @property
    def last_day(self) -> date:
        return self.days[self.incident.last]

    @property
    def is_ongoing(self) -> bool:
        return self.incident.last == len(self.days) - 1


@dataclass(frozen=True)
class Costs:
    """What was seen in costs: events by scope, all values, and the runs of days whose bill was not read."""

    signals: Sequence[Signal]
    values: dict[Scope, Floats]
    gaps: Sequence[Judged]
    series: int


def least_a_day(settings: Settings) -> float:
    """What a day must deviate by, as the detector counts."""
    least = settings.anomalies.amount_floor
    return float(least)


def caution_of(settings: Settings, span: Span) -> DailyCaution:
    """How cautious the settings ask to be, with their holidays."""
    told = settings.anomalies
    years = range(span.first.year, span.last.year + 1)
    is_french = settings.forecast.holidays.value == "fr"
    return DailyCaution(
        share_floor=float(told.percent_floor) / 100,
        amount_floor=least_a_day(settings),
        false_discovery_rate=float(told.false_discovery_rate),
        holidays=french_holidays(years) if is_french else frozenset(),
    )


def judged_costs(lens: Lens, span: Span, caution: DailyCaution, maturing: int) -> Costs:
    """Costs of every level. A rise is judged on its day; a fall only when its charges can hardly come any more."""
    signals: list[Signal] = []
    values: dict[Scope, Floats] = {}
    for panel in cost_panels(lens, span, caution.amount_floor):
        verdicts, events = _judge(panel, caution)
        values |= dict(zip(panel.scopes, panel.values, strict=True))
        signals += [
            _signal(panel, event, verdicts)
            for event in events
            if event.impact is not None and not may_still_come(event.impact, event.first, panel, maturing)
        ]
    gaps = [
        Judged(incident, span.days, series)
        for scope, series in values.items()
        if scope.level == ORGANIZATION
        for incident in gap_incidents(scope, series)
    ]
    return Costs(signals, values, gaps, len(values))


def judged_others(lens: Lens, span: Span, caution: DailyCaution, maturing: int) -> tuple[list[Judged], int]:
    """Telemetry, requests and unit costs, and how many series they are."""
    found: list[Judged] = []
    count = 0
    for panel in other_panels(lens, span):
        count += len(panel.scopes)
        verdicts, events = _judge(panel, caution)
        events = [each for each in events if not may_still_come(each.impact or 0.0, each.first, panel, maturing)]
        rooms = [room_of(verdicts, event) for event in events]
        series = dict(zip(panel.scopes, panel.values, strict=True))
        lone = lone_incidents(panel.scopes, panel.values, events, rooms)
        found += [Judged(incident, panel.days, series[incident.scope]) for incident in lone]
        unread = np.where(unread_days(panel.values), np.nan, 0.0)
        for incident in gap_incidents(whole(panel.scopes[0]), unread) if len(panel.scopes) else ():
            found.append(Judged(incident, panel.days, unread))
    return found, count


def _judge(panel: Panel, caution: DailyCaution) -> tuple[Verdicts, list[Event]]:
    verdicts = judge_days(panel.values, panel.days, caution)
    return verdicts, events_of_days(panel.values, verdicts)


def may_still_come(impact: float, first: int, panel: Panel, maturing: int) -> bool:
    """A fall of the newest days, whose charges are not all there yet."""
    return impact < 0 and first >= len(panel.days) - maturing


def _signal(panel: Panel, event: Event, verdicts: Verdicts) -> Signal:
    assert event.impact is not None
    room = room_of(verdicts, event)
    return Signal(panel.scopes[event.series], event.first, event.last, event.kind, event.impact, event.score, room)


def room_of(verdicts: Verdicts, event: Event) -> float:
    """What an event's first day was allowed to be off; nothing where it began."""
    if event.kind in (Kind.NEW_SERVICE, Kind.BURST):
        return 0.0
    at = event.series, event.first
    return float(np.nan_to_num(verdicts.high[at] - verdicts.expected[at]))
