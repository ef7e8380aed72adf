"""The world of a scenario: resources, charges, and what of them is visible at an instant."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.audit_resizes import resumed
from simulator.charges import Billing, Charge
from simulator.deploys_plan import Deploys
from simulator.identity import Identity
from simulator.instants import DAY, HOUR, Month, day_start, month_named, month_of, months_between, seconds
from simulator.jobs_runs import Jobs
from simulator.price_book import PriceBook
from simulator.resources import Resource, expand
from simulator.s3_buckets import Storage
from simulator.savings_plan import net_charges
from simulator.scenario import Project, Scenario


@dataclass(frozen=True)
class World:
    """Everything that is so in a scenario, from its start to the end of the month after today."""

    scenario: Scenario
    book: PriceBook
    identity: Identity
    resources: list[Resource]
    charges: list[Charge]
    months: list[Month]
    project_ids: dict[str, str]
    storage: Storage
    jobs: Jobs
    deploys: Deploys
    _by_day: dict[int, list[Charge]]
    _by_month: dict[str, list[Charge]]

    @property
    def start(self) -> int:
        return self.months[0].start

    @property
    def horizon(self) -> int:
        return self.months[-1].end

    def project_id(self, project: Project) -> str:
        return self.project_ids[project.name]

    def known_until(self, now: int) -> int:
        """The instant up to which running costs have been counted."""
        return now - now % (self.scenario.publication.every_hours * HOUR)

    def issued_at(self, month: Month) -> int:
        """When a month's invoice is issued."""
        return _issued_at(self.scenario, month)

    def accrued_until(self, charge: Charge, now: int) -> int | None:
        """How far a charge has accrued at `now`, whether it is published or not; None before it begins."""
        if charge.in_advance:
            return charge.end if charge.start <= now else None
        until = min(charge.end, self.known_until(now))
        return until if until > charge.start else None

    def served_until(self, charge: Charge, now: int) -> int | None:
        """How far a charge is visible at `now`; None when it is not."""
        return None if charge.published > now else self.accrued_until(charge, now)

    def updated_at(self, charge: Charge, end: int, now: int) -> int:
        """When the part of a charge before `end` took the price it has at `now`."""
        if charge.in_advance:
            return charge.start
        step = self.scenario.publication.every_hours * HOUR
        moment = max(-(-end // step) * step, charge.published)
        return max(moment, charge.restated_at) if charge.restated_at <= now else moment

    def of_month(self, name: str) -> list[Charge]:
        return self._by_month.get(name, [])

    def overlapping(self, start: int, end: int) -> list[Charge]:
        """Charges with a second in [start, end), in order of start."""
        if end - start <= DAY and day_start(start) == day_start(end - 1):
            found: Iterable[Charge] = self._by_day.get(day_start(start), [])
        else:
            found = (charge for charge in self.charges if charge.start < end)
        return [charge for charge in found if charge.start < end and charge.end > start]

    def living(self, now: int) -> Iterator[Resource]:
        return (resource for resource in self.resources if resource.exists(now))


class Clock:
    """The world's time, which a test may set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    @property
    def instant(self) -> int:
        return seconds(self.now)


def build(scenario: Scenario) -> World:
    """The world of a scenario; the same scenario gives the same world."""
    identity = Identity(scenario.seed)
    book = PriceBook.of(scenario)
    last = month_of(month_of(seconds(scenario.today)).end)
    months = months_between(month_of(seconds(scenario.start)).start, last.end)
    resources = resumed(expand(scenario, identity, last.end))
    issued = {month.name: _issued_at(scenario, month) for month in months}
    storage = Storage.of(scenario, identity, resources)
    jobs = Jobs.of(identity, resources, months)
    ledgers = {**storage.ledgers(months), **jobs.ledgers(resources)}
    billing = Billing(scenario, book, identity, issued, ledgers)
    at_list = [charge for resource in resources for charge in billing.charges(resource)]
    charges = net_charges(at_list, scenario.savings_plan, months)
    charges.sort(key=lambda charge: (charge.start, charge.line.resource.id, charge.line.offer.sku))
    return World(
        scenario=scenario,
        book=book,
        identity=identity,
        resources=resources,
        charges=charges,
        months=months,
        project_ids={p.name: p.id or identity.uuid("project", p.name) for p in scenario.projects},
        storage=storage,
        jobs=jobs,
        deploys=Deploys.of(scenario, identity, months),
        _by_day=_index_by_day(charges),
        _by_month=_index_by_month(charges),
    )


def month_of_world(world: World, name: str) -> Month:
    """The month of that name; ValueError if the text is not a month."""
    return next((month for month in world.months if month.name == name), None) or month_named(name)


def _issued_at(scenario: Scenario, month: Month) -> int:
    morning = timedelta(days=scenario.invoicing.delay_days, hours=10, minutes=51, seconds=53)
    return month.end + int(morning.total_seconds())


def _index_by_day(charges: list[Charge]) -> dict[int, list[Charge]]:
    index: dict[int, list[Charge]] = {}
    for charge in charges:
        for day in range(day_start(charge.start), charge.end, DAY):
            index.setdefault(day, []).append(charge)
    return index


def _index_by_month(charges: list[Charge]) -> dict[str, list[Charge]]:
    names: dict[int, str] = {}
    index: dict[str, list[Charge]] = {}
    for charge in charges:
        day = day_start(charge.start)
        name = names.get(day) or names.setdefault(day, month_of(day).name)
        index.setdefault(name, []).append(charge)
    return index
