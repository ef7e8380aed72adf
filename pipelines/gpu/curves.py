"""What ways to answer a workload cost at other traffic of the same shape: the curve on which today is one point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.gpu.options import API_MODES, DEDICATED, REALTIME, Market, Sized, chosen_price, cost_now, sized_for
from pipelines.gpu.shapes import Hours, Offer, Running, crossing, levels_between, tokens_cost
from pipelines.gpu.workloads import ModelPrice, Workload


@dataclass(frozen=True)
class Point:
    """Cost by the month of one way at one level of traffic."""

    option: str
    offer: str
    level: float
    monthly_cost: Decimal
    machines: int | None
    is_today: bool


def points(workload: Workload, market: Market) -> list[Point]:
    """What each way costs around today's traffic and where the API and the cheapest machine cost the same: of machines
    the type of today and the cheapest, always on, and the cheapest scaled by the hour."""
    hours = workload.hours
    if hours is None or workload.shape is None:
        return []
    sized = sorted(sized_for(workload, market), key=lambda each: cost_now(each, hours))
    own = [each for each in sized if each.kind.option != DEDICATED]
    prices = {option: chosen_price(workload, market.prices, mode) for mode, option in API_MODES}
    levels = levels_between(hours.mean, *_crossing(workload, own[:1], prices[REALTIME]))
    return [
        Point(option, offer, level, *cost(level), is_today=level == hours.mean)
        for option, offer, cost in _lines(workload, hours, sized, prices)
        for level in levels
    ]


def _crossing(workload: Workload, own: Sequence[Sized], price: ModelPrice | None) -> list[float]:
    each = None if price is None else price.of(workload)
    if not own or each is None or workload.hours is None:
        return []
    found = crossing(own[0].offer, workload.hours, Running.always, each)
    return [] if found is None else [found]


def _lines(
    workload: Workload, hours: Hours, sized: Sequence[Sized], prices: Mapping[str, ModelPrice | None]
) -> Iterator[tuple[str, str, _Cost]]:
    for option, price in prices.items():
        each = None if price is None else price.of(workload)
        if price is not None and each is not None:
            yield option, price.model, _Cost(hours, each=each)
    own = [each for each in sized if each.kind.option != DEDICATED]
    today = workload.serving.offer if workload.serving else None
    for at, one in enumerate(own):
        if at == 0 or one.kind.name == today:
            yield str(Running.always), one.kind.name, _Cost(hours, one.offer)
    for one in own[:1]:
        yield str(Running.hourly), one.kind.name, _Cost(hours, one.offer, Running.hourly)
    for one in [each for each in sized if each.kind.option == DEDICATED][:1]:
        yield DEDICATED, one.kind.name, _Cost(hours, one.offer)


@dataclass(frozen=True)
class _Cost:
    """Cost by the month and machines at a level of traffic, of machines or of an API."""

    hours: Hours
    offer: Offer | None = None
    running: Running = Running.always
    each: Decimal = Decimal(0)

    def __call__(self, level: float) -> tuple[Decimal, int | None]:
        if self.offer is None:
            return tokens_cost(self.each, level), None
        machines = self.offer.machines(self.hours, self.running, level)
        return self.offer.monthly_cost(self.hours, self.running, level), int(machines.max())
