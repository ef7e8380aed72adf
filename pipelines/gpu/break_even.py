"""From how many requests on a machine of one's own costs less than an API that is paid by the token.

Both are compared at allocation, as OpenCost does: a machine is paid while it is on, whatever it does, and must hold the
traffic's peak and not its mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from pipelines.errors import UsageError
from pipelines.gpu.traffic import Shape

_MILLION = Decimal(1_000_000)
_UNIT = Decimal("0.000000000001")


@dataclass(frozen=True)
class Price:
    """What a million tokens cost at an API. The price list says what a batch takes off, where there is one."""

    input_million: Decimal
    output_million: Decimal

    def of(self, shape: Shape) -> Decimal:
        """Cost of one request of that shape."""
        return (shape.input_tokens * self.input_million + shape.output_tokens * self.output_million) / _MILLION


@dataclass(frozen=True)
class Machine:
    """What serves a model: its cost by the hour as billed, volumes and addresses included, and the requests an hour it
    was measured to hold, None where it was not. `on_share` is below 1 for one that is off in hours without work."""

    name: str
    hourly_cost: Decimal
    hourly_requests: Decimal | None = None
    on_share: Decimal = Decimal(1)

    def needed(self, hourly: Decimal, peak_factor: Decimal) -> int:
        """Machines for that many requests an hour on average, so that the peak fits; one at least."""
        if not self.hourly_requests:
            return 1
        return max(1, int((hourly * peak_factor / self.hourly_requests).to_integral_value(ROUND_CEILING)))

    def cost(self, hourly: Decimal, peak_factor: Decimal = Decimal(1)) -> Decimal:
        """Cost of an hour at that many requests."""
        return self.hourly_cost * self.on_share * self.needed(hourly, peak_factor)


@dataclass(frozen=True)
class BreakEven:
    """From which traffic on the machine costs less. `is_reachable` is False where it cannot hold that many even when
    full, so that it never does, whatever their number; None where nothing was measured of what it holds."""

    requests_per_hour: Decimal
    tokens_per_day: Decimal
    is_reachable: bool | None


@dataclass(frozen=True)
class Point:
    """Cost of a thousand requests at one level of traffic; None where there is no such offer."""

    requests_per_hour: Decimal
    machines: int
    machine_thousand_cost: Decimal
    api_thousand_cost: Decimal
    dedicated_thousand_cost: Decimal | None = None


def break_even(machine: Machine, price: Price, shape: Shape, peak_factor: Decimal = Decimal(1)) -> BreakEven | None:
    """Requests per hour, on average, from which the machine is cheaper; None where the API costs nothing.

    n machines cost less from `n × cost of an hour ÷ API's cost of a request` on and hold `n × what one holds ÷ peak`,
    so what one reaches any number reaches, and what one does not none does.
    """
    _check(machine, peak_factor)
    each = price.of(shape)
    if each <= 0:
        return None
    wanted = machine.hourly_cost * machine.on_share / each
    reached = None if machine.hourly_requests is None else wanted * peak_factor <= machine.hourly_requests
    return BreakEven(wanted.quantize(_UNIT), (wanted * 24 * shape.tokens).quantize(_UNIT), reached)


def curve(
    machine: Machine,
    price: Price,
    shape: Shape,
    levels: Sequence[Decimal],
    peak_factor: Decimal = Decimal(1),
    dedicated: Machine | None = None,
) -> list[Point]:
    """Cost of a thousand requests at each level of traffic, in requests per hour; levels of zero have no cost each.

    Of a machine of which nobody measured what it holds there is no curve: how many it would take is not known.
    """
    _check(machine, peak_factor)
    if not machine.hourly_requests:
        return []
    api = (1000 * price.of(shape)).quantize(_UNIT)
    points = []
    for hourly in levels:
        if hourly <= 0:
            continue
        told = None if dedicated is None else (1000 * dedicated.cost(hourly, peak_factor) / hourly).quantize(_UNIT)
        own = (1000 * machine.cost(hourly, peak_factor) / hourly).quantize(_UNIT)
        points.append(Point(hourly, machine.needed(hourly, peak_factor), own, api, told))
    return points


def levels_around(hourly: Decimal, steps: int = 25, decades: int = 2) -> list[Decimal]:
    """Levels of traffic from a hundredth to a hundred times that of today, evenly spaced to the eye."""
    if hourly <= 0:
        return []
    half = steps // 2
    return [hourly * Decimal(10) ** (Decimal(decades * step) / half) for step in range(-half, half + 1)]


def _check(machine: Machine, peak_factor: Decimal) -> None:
    if machine.hourly_cost < 0 or machine.on_share < 0:
        raise UsageError(
            f"{machine.name}: a cost of {machine.hourly_cost} an hour is below zero; give what it is billed"
        )
    if peak_factor < 1:
        raise UsageError(f"a peak of {peak_factor} times the mean is below the mean; give 1 or more")
