"""Deploys of a world: which image went live where and when, which failed, and which was taken back."""

import hashlib
import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.deploys_scenario import Deployment
from simulator.identity import Identity
from simulator.instants import DAY, HOUR, Month, at, day_start, seconds
from simulator.loading import ScenarioError
from simulator.scenario import Scenario

SUCCESSFUL, FAILED, ROLLED_BACK, RUNNING = "successful", "failed", "rolled_back", "running"
_WORKDAYS = 5
_FIRST_HOUR, _LAST_HOUR = 8, 17


@dataclass(frozen=True, slots=True)
class Deploy:
    """One attempt to bring an image to an environment. `reverted` is when it was taken back, 0 if never."""

    plan: Deployment
    number: int
    started: int
    ended: int
    digest: str
    is_new_image: bool
    has_failed: bool
    reverted: int

    def status(self, now: int) -> str:
        """How it stands at an instant."""
        if now < self.ended:
            return RUNNING
        if self.has_failed:
            return FAILED
        return ROLLED_BACK if self.reverted and self.reverted <= now else SUCCESSFUL


@dataclass(frozen=True)
class Deploys:
    """All deploys of a world, in order of their start, by service and environment."""

    by_place: Mapping[tuple[str, str], Sequence[Deploy]] = field(repr=False)

    @staticmethod
    def of(scenario: Scenario, identity: Identity, months: Sequence[Month]) -> "Deploys":
        """Draws all deploys; what promotes another environment's images comes after it."""
        found: dict[tuple[str, str], Sequence[Deploy]] = {}
        waiting = list(scenario.deploys)
        while waiting:
            ready = [p for p in waiting if not p.promotes or (p.service, p.promotes) in found]
            if not ready:
                first = waiting[0]
                raise ScenarioError(f"deploys.{first.service}: promotes {first.promotes!r}, which has no deploys")
            for plan in ready:
                source = found.get((plan.service, plan.promotes), ())
                drawn = random.Random(identity.uuid("deploys", plan.service, plan.environment))  # noqa: S311
                made = _deploys(plan, drawn, source, (months[0].start, months[-1].end))
                found[plan.service, plan.environment] = made
                waiting.remove(plan)
        return Deploys(found)

    def all(self, until: int) -> list[Deploy]:
        """Every deploy that has begun, in order."""
        found = [deploy for deploys in self.by_place.values() for deploy in deploys if deploy.started <= until]
        return sorted(found, key=lambda each: (each.started, each.plan.service, each.plan.environment))

    def live(self, service: str, environment: str, now: int) -> tuple[str, int] | None:
        """The image that serves at an instant and since when; None before the first deploy."""
        changes: list[tuple[int, str]] = []
        for deploy in self.by_place.get((service, environment), ()):
            if deploy.has_failed or deploy.ended > now:
                continue
            before = changes[-1][1] if changes else deploy.digest
            changes.append((deploy.ended, deploy.digest))
            if deploy.reverted and deploy.reverted <= now:
                changes.append((deploy.reverted, before))
        return (changes[-1][1], changes[-1][0]) if changes else None

    def of_group(self, group: str) -> Deployment | None:
        """What is deployed to the containers of a group."""
        plans = (deploys[0].plan for deploys in self.by_place.values() if deploys)
        return next((plan for plan in plans if plan.group == group), None)

    def pushed(self, registry: str, until: int) -> dict[str, list[Deploy]]:
        """The images pushed to a registry, by service, oldest first; each image once."""
        found: dict[str, list[Deploy]] = {}
        for deploy in self.all(until):
            if deploy.plan.registry == registry and deploy.is_new_image:
                found.setdefault(deploy.plan.service, []).append(deploy)
        return found


def tag_of(deploy: Deploy) -> str:
    """What an image is called in its registry."""
    return f"{at(deploy.started):%Y.%m.%d}-{deploy.number}"


def _deploys(plan: Deployment, drawn: random.Random, source: Sequence[Deploy], life: tuple[int, int]) -> list[Deploy]:
    begin = max(life[0], seconds(plan.start)) if plan.start else life[0]
    end = min(life[1], seconds(plan.end)) if plan.end else life[1]
    instants: list[int] = []
    for day in range(day_start(begin), end, DAY):
        times = sorted(
            day + _FIRST_HOUR * HOUR + drawn.randrange((_LAST_HOUR - _FIRST_HOUR) * HOUR)
            for _ in range(_number(plan.a_week / _WORKDAYS, drawn))
        )
        if at(day).weekday() < _WORKDAYS and not _is_frozen(plan, day):
            instants += [instant for instant in times if begin <= instant < end]
    made: list[Deploy] = []
    for number, started in enumerate(instants, start=1):
        last = made[-1] if made else None
        if last is None or started > max(last.ended, last.reverted):  # one at a time, and none while one is taken back
            made.append(_deploy(plan, drawn, source, number, started, last))
    return made


def _deploy(
    plan: Deployment, drawn: random.Random, source: Sequence[Deploy], number: int, started: int, last: Deploy | None
) -> Deploy:
    ended = started + 180 + drawn.randrange(540)
    fate, again, back = drawn.random(), drawn.random(), 1_200 + drawn.randrange(4_200)
    digest, is_new = _digest(plan.service, plan.environment, number), True
    if plan.promotes:
        digest, is_new = _newest(source, started) or digest, False
    if last and again < plan.repeated:
        digest, is_new = last.digest, False
    has_failed = fate < plan.failed
    is_reverted = not has_failed and fate < plan.failed + plan.rolled_back
    return Deploy(plan, number, started, ended, digest, is_new, has_failed, ended + back if is_reverted else 0)


def _newest(source: Sequence[Deploy], instant: int) -> str | None:
    """What went live last in the other environment."""
    index = bisect_right([deploy.ended for deploy in source], instant)
    return next((deploy.digest for deploy in reversed(source[:index]) if not deploy.has_failed), None)


def _number(a_day: Decimal, drawn: random.Random) -> int:
    return int(a_day) + (drawn.random() < a_day % 1)


def _is_frozen(plan: Deployment, day: int) -> bool:
    return any(seconds(period.start) <= day < seconds(period.end) for period in plan.freezes)


def _digest(service: str, environment: str, number: int) -> str:
    return "sha256:" + hashlib.sha256(f"{service}/{environment}/{number}".encode()).hexdigest()
