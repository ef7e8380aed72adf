"""Runs of serverless jobs: when each began, how it ended, and what its day is billed for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.identity import Identity
from simulator.instants import DAY, HOUR, Month, at, day_start, seconds
from simulator.jobs_scenario import Job
from simulator.resources import Resource

VCPU_SKU, MEMORY_SKU = "/paas/jobs/vcpu/", "/paas/jobs/memory/"
_MILLION = 1_000_000
MIB_PER_GB = 1_024  # the API's sizes are powers of two, and 1,024 MiB are billed as one GB
_USUAL = Job(hours=(0, 6, 12, 18), minutes=Decimal(1), cpu=4_000, memory=8_192)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job, with its end even where that is still to come."""

    job: Resource
    created: int
    started: int
    seconds: int
    outcome: str
    reason: str

    @property
    def ended(self) -> int:
        return self.started + self.seconds

    def state(self, now: int) -> str:
        if now < self.started:
            return "queued"
        return self.outcome if self.ended <= now else "running"


@dataclass(frozen=True)
class Jobs:
    """The jobs of a world and all their runs, in order."""

    runs: Mapping[str, list[Run]] = field(repr=False)
    specs: Mapping[str, Job] = field(repr=False)

    @staticmethod
    def of(identity: Identity, resources: Iterable[Resource], months: list[Month]) -> "Jobs":
        """Draws every run; a job that a scenario says nothing of runs four times a day for what it is billed."""
        runs: dict[str, list[Run]] = {}
        specs: dict[str, Job] = {}
        for resource in resources:
            amount = next((meter.amount for meter in resource.meters if meter.sku.startswith(VCPU_SKU)), None)
            if amount is None and resource.group.job is None:
                continue
            spec = resource.group.job or _usual(amount or Decimal(0))
            specs[resource.id] = spec
            runs[resource.id] = list(_runs(identity, resource, spec, months[0].start, months[-1].end))
        return Jobs(runs, specs)

    def ledgers(self, resources: Iterable[Resource]) -> dict[tuple[str, str], Mapping[int, int]]:
        """What the meters of each described job count, by the day a run starts on."""
        found: dict[tuple[str, str], Mapping[int, int]] = {}
        for resource in resources:
            for meter in resource.meters if resource.group.job else ():
                counted: dict[int, int] = {}
                for run in self.runs[resource.id]:
                    day = day_start(run.started)
                    counted[day] = counted.get(day, 0) + self._millionths(run, meter.sku)
                if meter.sku.startswith((VCPU_SKU, MEMORY_SKU)):
                    found[resource.id, meter.sku] = counted
        return found

    def vcpu_seconds(self, run: Run) -> Decimal:
        return Decimal(run.seconds * self.specs[run.job.id].cpu) / 1_000

    def gb_seconds(self, run: Run) -> Decimal:
        return Decimal(run.seconds * self.specs[run.job.id].memory) / MIB_PER_GB

    def _millionths(self, run: Run, sku: str) -> int:
        used = self.vcpu_seconds(run) if sku.startswith(VCPU_SKU) else self.gb_seconds(run)
        return int(used * _MILLION)


def _usual(vcpu_seconds_a_day: Decimal) -> Job:
    each = vcpu_seconds_a_day * 1_000 / (len(_USUAL.hours) * _USUAL.cpu)
    return _USUAL.model_copy(update={"minutes": each / 60})


def _runs(identity: Identity, resource: Resource, spec: Job, first: int, last: int) -> Iterator[Run]:
    begin, end = max(first, resource.start), min(last, resource.end)
    for day in range(day_start(begin), end, DAY):
        if spec.workdays and at(day).weekday() >= 5:
            continue
        for hour in sorted(spec.hours):
            created = day + hour * HOUR
            if begin <= created < end:
                yield _run(identity, resource, spec, created)


def _run(identity: Identity, resource: Resource, spec: Job, created: int) -> Run:
    started = created + 4 + identity.millionths("queue", resource.id, created) % 40
    usual = int(spec.minutes * 60 * _grown(spec, resource.start, created))
    swing = Decimal(2 * identity.millionths("run", resource.id, created) - _MILLION) / _MILLION
    wanted = max(1, int(usual * (1 + spec.noise / 100 * swing)))
    if any(seconds(period.start) <= created < seconds(period.end) for period in spec.stuck) or wanted >= spec.timeout:
        return Run(resource, created, started, spec.timeout, "failed", "timeout")
    drawn = identity.millionths("outcome", resource.id, created)
    if drawn < spec.failed * _MILLION:
        reason = "memory_usage_exceeded" if drawn % 3 == 0 else "exited_with_error"
        part = 5 + identity.millionths("failure", resource.id, created) % 90
        return Run(resource, created, started, max(1, wanted * part // 100), "failed", reason)
    return Run(resource, created, started, wanted, "succeeded", "")


def _grown(spec: Job, born: int, instant: int) -> Decimal:
    months = (instant - born) // (30 * DAY)
    return (1 + spec.growth / 100) ** max(0, months)
