"""What a number of GPUs holds within a latency, where arrivals are known by the hour and not one by one.

Requests of an hour arrive independently and take a free place in their order: the queue M/M/c, whose share that waits
is Erlang's C formula (Erlang 1917; Kleinrock, Queueing Systems, 1975). Answers differ in length less than its
exponential ones, so that the waits it gives are on the safe side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, inf, lgamma, log

import numpy as np

from pipelines.gpu.capacity import Throughput
from pipelines.gpu.traffic import Floats, Shape

MOST_MACHINES = 32
_STEPS = 40


@dataclass(frozen=True)
class Target:
    """Seconds within which the first token comes for that share of an hour's requests."""

    first_token_seconds: float = 2.0
    quantile: float = 0.95


def waiting_share(places: int, load: float) -> float:
    """Erlang's C: the share of requests that finds all places taken. `load` is in places; from `places` on all wait.

    By way of Erlang's B, the chance of just so many over the chance of at most so many in a Poisson distribution, whose
    sum is the incomplete gamma function: a million places cost no more than one.
    """
    if load <= 0:
        return 0.0
    if load >= places:
        return 1.0
    from scipy.special import gammaincc

    blocked = exp(places * log(load) - load - lgamma(places + 1)) / float(gammaincc(places + 1, load))
    return blocked / (1 - load / places * (1 - blocked))


def first_token_seconds(hourly: float, pace: Throughput, shape: Shape, gpus: int, target: Target) -> float:
    """Seconds to the first token that the target's share of requests stays within; infinite where the queue grows."""
    places, prefill, whole = gpus * pace.streams, pace.prefill_seconds(shape), pace.seconds(shape)
    load = hourly / 3600 * whole
    if load >= places:
        return inf
    share = waiting_share(places, load)
    if share <= 1 - target.quantile:
        return prefill
    return prefill + log(share / (1 - target.quantile)) * whole / (places - load)


def holds(pace: Throughput, shape: Shape, gpus: int, target: Target) -> float:
    """Requests an hour that so many GPUs answer within the target; zero where a prompt alone takes longer."""
    whole = pace.seconds(shape)
    if pace.prefill_seconds(shape) > target.first_token_seconds or whole <= 0:
        return 0.0
    low, high = 0.0, 3600 * gpus * pace.streams / whole
    for _ in range(_STEPS):
        middle = (low + high) / 2
        within = first_token_seconds(middle, pace, shape, gpus, target) <= target.first_token_seconds
        low, high = (middle, high) if within else (low, middle)
    return low


@dataclass(frozen=True)
class Held:
    """Requests an hour that one machine, two, … hold. Beyond the last each more is taken to hold no more than it does
    as one of them: many together hold more each, never less."""

    by_machines: tuple[float, ...]

    @classmethod
    @cache
    def of(cls, pace: Throughput, shape: Shape, gpus_each: int, target: Target) -> Held:
        """Of machines with so many GPUs each."""
        numbers = range(1, MOST_MACHINES + 1)
        return cls(tuple(holds(pace, shape, number * gpus_each, target) for number in numbers))

    @property
    def is_able(self) -> bool:
        """Whether it holds anything at all within the target."""
        return self.by_machines[-1] > 0

    def machines(self, hourly: Floats | Sequence[float]) -> Floats:
        """Machines for each number of requests an hour; none where nothing is asked. Only of one that is able."""
        asked = np.asarray(hourly, dtype=np.float64)
        known = np.maximum.accumulate(np.asarray(self.by_machines))
        few = np.searchsorted(known, asked, side="left") + 1.0
        many = np.ceil(asked / (known[-1] / len(known)))
        found: Floats = np.where(asked <= 0, 0.0, np.where(asked <= known[-1], few, many))
        return found
