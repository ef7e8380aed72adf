"""Training runs on the machines of a world: when each began, how far it came, and how it ended."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from simulator.identity import Identity
from simulator.instants import DAY, HOUR, day_start, seconds
from simulator.jobs_scenario import Training
from simulator.loads import hours_on
from simulator.resources import Resource

_MILLION = 1_000_000
_DAYS_A_WEEK = {"business-hours": 5}


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One run, with its end even where that is still to come."""

    training: Training
    machine: Resource
    started: int
    ended: int
    epochs: int
    outcome: str


def training_runs(
    trainings: Iterable[Training], resources: Iterable[Resource], identity: Identity, until: int
) -> list[TrainingRun]:
    """Every run that has begun, in order."""
    machines = [resource for resource in resources if resource.kind == "instance"]
    found = [
        run
        for training in trainings
        for machine in machines
        if machine.group.name == training.group
        for run in _on_machine(training, machine, identity, until)
    ]
    return sorted(found, key=lambda run: (run.started, run.training.model, run.machine.id))


def _on_machine(training: Training, machine: Resource, identity: Identity, until: int) -> Iterator[TrainingRun]:
    """At most one run on a machine at a time, and only while it is on."""
    begin = max(machine.start, seconds(training.start)) if training.start else machine.start
    end = min(machine.end, until, seconds(training.end) if training.end else until)
    chance = training.a_week / _DAYS_A_WEEK.get(machine.load.shape, 7)
    free = begin
    for day in range(day_start(begin), end, DAY):
        on = hours_on(machine.load, day)
        if on is None or identity.millionths("trains", training.model, machine.id, day) >= chance * _MILLION:
            continue
        slack = max(1, on[1] - on[0] - int(training.hours * HOUR))
        started = on[0] + identity.millionths("begins", training.model, machine.id, day) * slack // _MILLION
        run = _run(training, machine, identity, started, _last_instant(machine, on, day))
        if max(free, begin) <= started < end and run.started < run.ended:
            free = run.ended
            yield run


def _last_instant(machine: Resource, on: tuple[int, int], day: int) -> int:
    """When the machine is switched off next."""
    end = on[1]
    while end == day + DAY and (following := hours_on(machine.load, end)) and following[0] == end:
        day, end = end, following[1]
        if end - on[0] >= 2 * DAY:
            break
    return min(end, machine.end)


def _run(training: Training, machine: Resource, identity: Identity, started: int, last: int) -> TrainingRun:
    drawn = Decimal(identity.millionths("ends", training.model, machine.id, started)) / _MILLION
    full = int(training.hours * HOUR)
    if drawn < training.failed + training.abandoned:
        part = 10 + identity.millionths("part", training.model, machine.id, started) % 80
        outcome = "failed" if drawn < training.failed else "abandoned"
        ended = min(started + full * part // 100, last)
        return TrainingRun(training, machine, started, ended, training.epochs * (ended - started) // full, outcome)
    ended = min(started + full, last)
    epochs = training.epochs * (ended - started) // full
    return TrainingRun(training, machine, started, ended, epochs, "completed" if ended == started + full else "failed")
