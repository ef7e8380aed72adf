"""Load shapes: when a machine is on during a day, and how much a metered resource uses."""

from decimal import Decimal

from simulator.identity import Identity
from simulator.instants import DAY, HOUR, at, month_of, seconds
from simulator.scenario import Load

WHOLE = 1_000_000  # factors are millionths


def is_steady(load: Load) -> bool:
    """Whether every day is alike, so that one charge can cover a month."""
    return load.shape == "steady" and not load.noise and not load.bursts and not load.growth


def hours_on(load: Load, day: int) -> tuple[int, int] | None:
    """The part of a UTC day a machine is on, or None."""
    if load.shape == "business-hours":
        return (day + load.first_hour * HOUR, day + load.last_hour * HOUR) if _is_workday(day) else None
    if load.shape == "month-end" and day < month_of(day).end - load.days * DAY:
        return None
    return day, day + DAY


def is_on(load: Load, instant: int) -> bool:
    on = hours_on(load, instant - instant % DAY)
    return on is not None and on[0] <= instant < on[1]


def usage(load: Load, day: int, born: int, identity: Identity, name: str) -> int:
    """How many millionths of its nominal amount a metered resource uses on a day."""
    factor = Decimal(WHOLE)
    if load.growth:
        factor *= (1 + load.growth / 100) ** _months_since(born, day)
    if load.shape == "weekly" and not _is_workday(day):
        factor *= load.weekend
    if load.shape == "business-hours" and not _is_workday(day):
        return 0
    if load.shape == "month-end" and day < month_of(day).end - load.days * DAY:
        return 0
    for burst in load.bursts:
        if seconds(burst.start) <= day < seconds(burst.end):
            factor *= burst.factor
    if load.noise:
        swing = Decimal(2 * identity.millionths("noise", name, day) - WHOLE) / WHOLE
        factor *= 1 + load.noise / 100 * swing
    return int(factor)


def billed(load: Load, amount: Decimal, day: int, life: tuple[int, int], identity: Identity, name: str) -> int:
    """How many whole units a resource that lives from one instant to another is billed on a day, of so many a day."""
    lived = min(day + DAY, life[1]) - max(day, life[0])
    if lived <= 0:
        return 0
    return int(amount * usage(load, day, life[0], identity, name) * lived) // (WHOLE * DAY)


def _is_workday(day: int) -> bool:
    return at(day).weekday() < 5


def _months_since(born: int, day: int) -> int:
    first, now = at(born), at(day)
    return max(0, (now.year - first.year) * 12 + now.month - first.month)
