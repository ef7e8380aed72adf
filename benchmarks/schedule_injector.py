"""Nights that go wrong, planted in a simulated organisation; what became of each is told by the plan, not by a reader.

The pretend Scaleway knows machines that are switched on and off on time. Here each machine gets a course of its own,
day by day: the hours it is billed, the hours it is measured, and the calls to the API. Charges, samples and events are
then those of the course.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from unittest.mock import patch

from simulator import telemetry_things
from simulator.audit_events import Event, Trail
from simulator.audit_methods import INSTANCES
from simulator.charges import Charge
from simulator.instants import DAY, HOUR, at, day_start, seconds
from simulator.loads import hours_on
from simulator.resources import Resource
from simulator.scenario import Scenario, TagChange
from simulator.telemetry_calendar import Calendar
from simulator.world import World, _index_by_day, _index_by_month, build

STOPPED, MISSED, EXCUSED, UNKNOWN = "stopped", "missed", "excused", "unknown"
FREEZE = ("2026-09-21", "2026-09-24")
"""The deploy freeze that the settings know of: a pause of the declared schedules."""
TAG_DAYS = ("2026-08-31", "2026-09-28", "2026-10-01")
"""Days on which the inventory was read; on the second the tag of override was set, on the third it went."""
OVERRIDE = "keep-on=load-test"
FAULTS = {
    "left on": 0.05,
    "stopped hours late": 0.03,
    "stopped minutes late": 0.03,
    "powered off from within": 0.05,
    "did not start": 0.03,
    "metrics missing": 0.04,
    "left on, metrics missing": 0.02,
    "charges late": 0.03,
    "left on, charges late": 0.02,
    "nothing told": 0.02,
    "by a person": 0.03,
}
"""What may go wrong with a night, and how often."""
Hours = tuple[int, int]
NEVER: Hours = (0, 0)


@dataclass(frozen=True)
class TrueNight:
    """One window in truth: from when until when it should be off, what became of it, and what it cost beyond that."""

    machine: str
    starts_at: int
    ends_at: int
    fault: str
    night_class: str
    billed_hours: float


@dataclass
class Course:
    """What one machine does: seconds of each day it is billed and measured, calls, and days whose charges come late."""

    row: Resource
    billed: dict[int, Hours] = field(default_factory=dict)
    seen: dict[int, Hours] = field(default_factory=dict)
    calls: list[tuple[int, str, str]] = field(default_factory=list)
    late: set[int] = field(default_factory=set)
    nights: list[TrueNight] = field(default_factory=list)


def split(scenario: Scenario) -> Scenario:
    """One group for each machine, so that each has its own course; one in five has a tag of override for a week."""
    groups = []
    for group in scenario.resources:
        for index in range(group.count):
            tags = [*group.extra_tags, *(tag.format(environment="dev") for tag in ["env:{environment}"])]
            changes = []
            if index % 5 == 4 and group.extra_tags:
                changes = [
                    TagChange(at=f"{TAG_DAYS[1]}T00:00:00Z", tags=[*tags, OVERRIDE]),
                    TagChange(at=f"{TAG_DAYS[2]}T00:00:00Z", tags=tags),
                ]  # fmt: skip
            name = f"{group.name}-{index + 1:02}"
            groups.append(group.model_copy(update={"name": name, "count": 1, "tag_changes": changes}))
    return scenario.model_copy(update={"resources": groups})


def courses(world: World, seed: int, days: int) -> list[Course]:
    """The course of every machine, with faults drawn for its nights of the newest days."""
    random = Random(seed)  # noqa: S311 a repeatable draw
    today = day_start(seconds(world.scenario.today))
    machines = [row for row in world.resources if row.kind == "instance"]
    return [_course(row, world.start, today, today - days * DAY, random) for row in machines]


def _course(row: Resource, start: int, today: int, faulty_from: int, random: Random) -> Course:
    course = Course(row)
    on = {day: hours for day in range(start, today + DAY, DAY) if (hours := hours_on(row.load, day))}
    for day, (first, last) in on.items():
        course.billed[day] = course.seen[day] = (first - day, last - day)
    office = sorted(on)
    broken = False
    for index, (day, following) in enumerate(pairwise(office)):
        if not broken:
            course.calls.append((on[day][0], "poweron", "scheduler"))
        is_faulty = day >= faulty_from and index % 2 == 0 and following < today
        fault = random.choices(["", *FAULTS], [1 - sum(FAULTS.values()), *FAULTS.values()])[0] if is_faulty else ""
        if fault == "did not start" and index + 2 >= len(office):
            fault = ""
        broken = _happen(course, fault, day, following, (on[day][1], on[following][0]))
    course.nights = [replace(each, night_class=UNKNOWN) if _is_dark(course, each) else each for each in course.nights]
    return course


def _is_dark(course: Course, night: TrueNight) -> bool:
    """Whether nothing tells of a window: no charge and no sample of its days, and no call."""
    days = range(day_start(night.starts_at), night.ends_at, DAY)
    is_hidden = all(day in course.late and course.seen.get(day, NEVER) == NEVER for day in days)
    return is_hidden and not any(night.starts_at <= at <= night.ends_at - HOUR for at, _, _ in course.calls)


def _happen(course: Course, fault: str, day: int, following: int, window: Hours) -> bool:
    """Write one night into the course; whether the next morning is told already."""
    evening, morning = window
    tagged = OVERRIDE in course.row.tags_at(evening)
    paused = _is_paused(course.row, evening, morning)
    ends_month = "schedule=closing" in course.row.tags_at(evening) and _ends_month(evening, morning)
    allowed = tagged or paused or ends_month
    if allowed and not fault and course.billed[day] != NEVER:
        fault = "left on"
    left_on = fault in ("left on", "left on, metrics missing", "left on, charges late")
    if left_on or fault == "powered off from within":
        for each in range(day, following + DAY, DAY):
            first = course.billed[day][0] if each == day else 0
            last = morning - following if each == following else DAY
            hours = (first, max(last, course.billed.get(each, NEVER)[1]))
            course.billed[each] = hours
            if left_on and (each != day or course.seen[day] != NEVER):
                course.seen[each] = (course.seen[day][0] if each == day else 0, hours[1])
    elif fault == "by a person":
        course.billed[following] = course.seen[following] = (2 * HOUR, course.billed[following][1])
    elif fault.startswith("stopped"):
        late = 4 * HOUR if "hours" in fault else HOUR * 2 // 3
        course.billed[day] = course.seen[day] = (course.billed[day][0], course.billed[day][1] + late)
    elif fault == "did not start":
        course.billed[following] = course.seen[following] = NEVER
    _hide(course, fault, day, following)
    _call(course, fault, day, following, window)
    night_class = _truth(fault, allowed)
    billed = sum(_overlap(course.billed.get(each, NEVER), each, window) for each in range(day, following + DAY, DAY))
    course.nights.append(TrueNight(course.row.id, evening, morning, fault, night_class, billed / HOUR))
    return left_on or fault in ("by a person", "did not start", "nothing told")


def _hide(course: Course, fault: str, day: int, following: int) -> None:
    """What the sources do not tell of."""
    whole = range(day, following + DAY, DAY)
    if "metrics missing" in fault or fault == "nothing told":
        course.seen.update(dict.fromkeys(whole, NEVER))
    if "charges late" in fault or fault == "nothing told":
        course.late.update(whole)


def _call(course: Course, fault: str, day: int, following: int, window: Hours) -> None:
    evening = window[0]
    silent = ("left on", "powered off from within", "nothing told")
    if not fault.startswith(silent):
        late = course.billed[day][1] - (evening - day) if fault.startswith("stopped") else 0
        course.calls.append((evening + late, "poweroff", "scheduler"))
    if fault == "by a person":
        course.calls.append((following + 2 * HOUR, "poweron", "console"))


def _truth(fault: str, allowed: bool) -> str:
    """What became of a night in which that happened."""
    if fault == "nothing told":
        return UNKNOWN
    if fault == "by a person":
        return EXCUSED
    if fault.startswith("left on") or fault in ("stopped hours late", "powered off from within"):
        return EXCUSED if allowed else MISSED
    return STOPPED


def _is_paused(row: Resource, evening: int, morning: int) -> bool:
    first, last = (seconds(datetime.fromisoformat(day).replace(tzinfo=UTC)) for day in FREEZE)
    return any(tag.startswith("schedule=") for tag in row.tags_at(evening)) and evening < last and morning > first


def _ends_month(evening: int, morning: int) -> bool:
    """Whether the window touches the last day of a month."""
    return any(at(day + DAY).day == 1 for day in range(day_start(evening), morning, DAY))


def _overlap(hours: Hours, day: int, window: Hours) -> int:
    return max(0, min(day + hours[1], window[1]) - max(day + hours[0], window[0]))


def charged(world: World, plans: Mapping[str, Course]) -> World:
    """The world with the charges of the courses: one a day, as long as it was billed."""
    made: list[Charge] = []
    patterns: dict[str, Charge] = {}
    for charge in world.charges:
        plan = plans.get(charge.line.resource.id)
        if plan is None:
            made.append(charge)
        else:
            patterns.setdefault(charge.line.resource.id, charge)
    for identifier, plan in plans.items():
        for day, (first, last) in sorted(plan.billed.items()):
            if first < last:
                published = world.horizon if day in plan.late else 0
                made.append(replace(patterns[identifier], start=day + first, end=day + last, published=published))
    made.sort(key=lambda charge: (charge.start, charge.line.resource.id, charge.line.offer.sku))
    return replace(world, charges=made, _by_day=_index_by_day(made), _by_month=_index_by_month(made))


@contextmanager
def happening(plans: Mapping[str, Course]) -> Iterator[None]:
    """While it lasts, samples and calls are those of the courses."""
    by_group = {plan.row.group.name: plan for plan in plans.values()}
    usual = telemetry_things._schedule

    def measured(calendar: Calendar, resource: Resource) -> list[Hours]:
        plan = by_group.get(resource.group.name)
        if plan is None or resource.kind != "instance":
            return usual(calendar, resource)
        return [plan.seen.get(int(day), NEVER) for day in calendar.midnights]

    class Told(Trail):
        """The trail with the calls of the courses instead of those on time."""

        def __init__(self, world: World) -> None:
            super().__init__(world)
            kept = [event for event in self.events if event.touched.id not in plans or event.method != "ServerAction"]
            actors = {actor.name: actor for actor in world.scenario.actors}
            for plan in plans.values():
                for instant, action, actor in plan.calls:
                    body = {"action": action}
                    kept.append(self._event(instant, INSTANCES, "ServerAction", plan.row, actors[actor], body))
            self.events: list[Event] = sorted(kept, key=lambda event: (event.at, event.touched.id, event.method))

    with patch.object(telemetry_things, "_schedule", measured), patch("simulator.audit_api.Trail", Told):
        yield


def planted(scenario: Scenario, seed: int, days: int) -> tuple[World, Mapping[str, Course]]:
    """The world with its nights, and the courses they come from."""
    world = build(split(scenario))
    plans = {plan.row.id: plan for plan in courses(world, seed, days)}
    return charged(world, plans), plans
