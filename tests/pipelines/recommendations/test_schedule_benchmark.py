"""Nights of a simulated organisation whose faults are known: every one is classified as the plan has it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from benchmarks.schedule_injector import (
    FAULTS,
    FREEZE,
    NEVER,
    TAG_DAYS,
    Course,
    courses,
    split,
)
from benchmarks.schedule_nights import DAYS, SCENARIO
from pipelines.recommendations.nights import classify
from pipelines.recommendations.nights_calendar import Window
from pipelines.recommendations.nights_evidence import Call, Charge, Evidence, Excuse
from simulator.loading import load
from simulator.world import build


@pytest.fixture(scope="module")
def organisation():
    return build(split(load(str(SCENARIO))))


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def excuses(course: Course, night):
    """What the settings and the tags of the scenario allow, as anybody would write it down."""
    first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in FREEZE)
    tags = course.row.tags_at(night.starts_at)
    found = [Excuse(first, last, "deploy freeze")] if any(tag.startswith("schedule=") for tag in tags) else []
    if any(tag.startswith("keep-on") for tag in tags):
        found.append(Excuse(moment(night.starts_at), moment(night.ends_at), "tagged"))
    if "schedule=closing" in tags:
        found += [Excuse(end - timedelta(days=1), end, "end of the month") for end in (month(9), month(10))]
    return found


def month(number):
    return datetime(2026, number, 1, tzinfo=UTC)


def evidence(course: Course, night, days):
    charges = [
        Charge(moment(day + first), moment(day + last), Decimal(last - first))
        for day, (first, last) in sorted(course.billed.items())
        if first < last and day not in course.late
    ]
    sampled = {
        moment(day) + timedelta(hours=hour)
        for day, (first, last) in course.seen.items()
        if (first, last) != NEVER
        for hour in range(24)
        if hour * 3600 < last and (hour + 1) * 3600 > first
    }
    calls = [Call(moment(at), action == "poweron", actor == "console") for at, action, actor in course.calls]
    return Evidence(charges, frozenset(sampled), calls, days, days, days)


@pytest.mark.parametrize("seed", [101, 102])
def test_all_planted_nights_are_classified_right(organisation, seed):
    wrong, seen = [], Counter()
    plans = courses(organisation, seed, DAYS)
    start, today = moment(organisation.start).date(), organisation.scenario.today.date()
    days = frozenset(start + timedelta(days=number) for number in range((today - start).days))
    for course in plans:
        for night in course.nights:
            if moment(night.ends_at).date() < today and moment(night.starts_at).date() >= today - timedelta(days=DAYS):
                said = classify(
                    Window(moment(night.starts_at), moment(night.ends_at)),
                    evidence(course, night, days),
                    excuses(course, night),
                )
                seen[night.fault, night.night_class] += 1
                if said.night_class.value != night.night_class:
                    wrong.append((night, said))
    assert wrong == []
    assert {fault for fault, _ in seen} >= {*FAULTS, ""}
    assert {night_class for _, night_class in seen} == {"stopped", "missed", "excused", "unknown"}


def test_the_plan_speaks_of_days_the_scenario_has():
    assert all("2026-08-24" < day < "2026-10-12" for day in (*TAG_DAYS, *FREEZE))
