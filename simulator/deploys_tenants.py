"""Tenants, the requests that come in for each of them, and the queries of dashboards: whole numbers by day."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from simulator.deploys_scenario import Dashboard, Requests, Tenant
from simulator.identity import Identity
from simulator.instants import DAY, at, day_start, seconds
from simulator.world import World

_MILLION = 1_000_000
_TENANT_NOISE, _ERROR_NOISE = Decimal(30), Decimal(40)  # percent


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests of one day to one route, for one tenant or for none."""

    day: int
    asked: Requests
    tenant: Tenant | None
    requests: int
    errors: int


def active(tenant: Tenant, day: int) -> bool:
    """Whether a contract covers a day."""
    return (not tenant.start or seconds(tenant.start) <= day) and (not tenant.end or day < seconds(tenant.end))


def counted_requests(world: World, now: int) -> Iterator[Counted]:
    """Every complete day until now, in order."""
    scenario, identity = world.scenario, world.identity
    begin = at(world.start)
    for day in range(world.start, day_start(now), DAY):
        date = at(day)
        months = (date.year - begin.year) * 12 + date.month - begin.month
        tenants = [tenant for tenant in scenario.tenants if active(tenant, day)]
        usual = [int(tenant.weight * _after_months(tenant.growth, months)) for tenant in tenants]
        for asked in scenario.requests:
            if asked.start and seconds(asked.start) > day:
                continue
            total = _total(asked, day, months, _swing(asked.noise, identity, asked.service, asked.route, day))
            if asked.is_health_check:
                yield Counted(day, asked, None, total, 0)
                continue
            weights = [
                weight * _swing(_TENANT_NOISE, identity, tenant.name, asked.route, day)
                for tenant, weight in zip(tenants, usual, strict=True)
            ]
            for tenant, requests in zip(tenants, _shares(total, weights), strict=True):
                if requests:
                    yield Counted(day, asked, tenant, requests, _errors(asked, tenant, identity, day, requests))


def counted_queries(world: World, now: int) -> Iterator[tuple[int, Dashboard, int]]:
    """Queries of each dashboard on every complete day until now, in order."""
    begin = at(world.start)
    for day in range(world.start, day_start(now), DAY):
        date = at(day)
        months = (date.year - begin.year) * 12 + date.month - begin.month
        for asked in world.scenario.dashboards:
            if (asked.start and day < seconds(asked.start)) or (asked.end and day >= seconds(asked.end)):
                continue
            queries = _total(asked, day, months, _swing(asked.noise, world.identity, "queries", asked.name, day))
            if queries:
                yield day, asked, queries


def _total(asked: Requests | Dashboard, day: int, months: int, swing: int) -> int:
    millionths = _after_months(asked.growth, months) * swing // _MILLION
    if at(day).weekday() >= 5:
        millionths = millionths * int(asked.weekend * _MILLION) // _MILLION
    return asked.a_day * millionths // _MILLION


def _swing(noise: Decimal, identity: Identity, *names: object) -> int:
    """Millionths of the usual: `noise` percent up or down."""
    return _MILLION + int(noise * 1_000) * (2 * identity.millionths("requests", *names) - _MILLION) // 100_000


@functools.cache
def _after_months(growth: Decimal, months: int) -> int:
    """Millionths of what it was in the first month."""
    return int((1 + growth / 100) ** months * _MILLION)


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """The total split by weight, to the last request: what is left over goes to the largest remainders."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-(total * weights[index] % whole), index))
    for index in order[: total - sum(parts)]:
        parts[index] += 1
    return parts


def _errors(asked: Requests, tenant: Tenant, identity: Identity, day: int, requests: int) -> int:
    swing = _swing(_ERROR_NOISE, identity, "errors", tenant.name, asked.route, day)
    return min(requests, requests * int(asked.errors * _MILLION) * swing // _MILLION**2)
