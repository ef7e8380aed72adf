"""How many GPUs, and which, serve recorded traffic within a latency: its replay with throughput that was measured.

A GPU answers as many requests at once as it was seen to (continuous batching: Yu et al., Orca, OSDI 2022). Each takes a
free place in the order of arrival, reads its prompt and writes its answer at the measured pace of one stream; the first
token comes after the wait and the prompt.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

import numpy as np

from pipelines.gpu.traffic import Floats, Requests, Shape


@dataclass(frozen=True)
class Throughput:
    """Of one GPU: tokens a second at which a stream's prompt is read and its answer written, and streams at once."""

    prefill_per_second: float
    decode_per_second: float
    streams: int

    def prefill_seconds(self, shape: Shape) -> float:
        """To read the prompt of one request."""
        return float(shape.input_tokens) / self.prefill_per_second

    def seconds(self, shape: Shape) -> float:
        """To read the prompt of one request and to write its answer: how long it takes a place."""
        return self.prefill_seconds(shape) + float(shape.output_tokens) / self.decode_per_second

    def hourly_requests(self, shape: Shape) -> Decimal | None:
        """Requests of that shape it answers in an hour when all its places are taken; None of no tokens at all."""
        takes = self.seconds(shape)
        return Decimal(str(round(3600 * self.streams / takes, 6))) if takes > 0 else None


@dataclass(frozen=True)
class Option:
    """A type of machine that could serve: its cost by the hour, its GPUs, and what one of them was measured to do."""

    name: str
    hourly_cost: Decimal
    gpus: int
    gpu_memory_bytes: int | None
    throughput: Throughput


@dataclass(frozen=True)
class Fleet:
    """Machines of one type that hold the target, what they cost by the hour, and the latency they reach."""

    option: Option
    machines: int
    hourly_cost: Decimal
    first_token_seconds: float


def measured(
    computed_tokens: float | None,
    prefill_seconds: float | None,
    output_tokens: float | None,
    decode_seconds: float | None,
    most_running: float | None,
    gpus: int = 1,
) -> Throughput | None:
    """Throughput of one GPU from counters of a server of models; None where one of them is missing or still at zero."""
    if not (computed_tokens and prefill_seconds and output_tokens and decode_seconds and most_running and gpus):
        return None
    return Throughput(
        computed_tokens / prefill_seconds, output_tokens / decode_seconds, max(1, int(most_running // gpus))
    )


def first_tokens(requests: Requests, throughput: Throughput, gpus: int) -> Floats:
    """Seconds from each arrival to its first token, with that many GPUs. Tokens that were not told count as none."""
    prefill = np.nan_to_num(requests.inputs) / throughput.prefill_per_second
    whole = prefill + np.nan_to_num(requests.outputs) / throughput.decode_per_second
    arrivals: list[float] = requests.arrivals.tolist()
    free = [arrivals[0]] * max(1, gpus * throughput.streams)
    waits = []
    for arrived, takes in zip(arrivals, whole.tolist(), strict=True):
        start = max(arrived, free[0])
        heapq.heapreplace(free, start + takes)
        waits.append(start - arrived)
    found: Floats = np.array(waits) + prefill
    return found


def fewest_gpus(
    requests: Requests, throughput: Throughput, target_seconds: float, quantile: float = 0.95, most: int = 512
) -> tuple[int, float] | None:
    """The fewest GPUs whose quantile of the time to the first token is within the target, and that time.

    None where no number helps: a prompt alone takes longer, or more than `most` would be needed.
    """

    def reached(gpus: int) -> float:
        return float(np.quantile(first_tokens(requests, throughput, gpus), quantile))

    high = 1
    while reached(high) > target_seconds:
        high *= 2
        if high > most:
            return None
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) <= target_seconds else (middle, high)
    return high, reached(high)


def cheapest_fleet(
    requests: Requests,
    options: Sequence[Option],
    target_seconds: float,
    memory_bytes: int | None = None,
    quantile: float = 0.95,
) -> Fleet | None:
    """The cheapest machines that hold the target and whose GPUs hold the model; None where none do.

    `memory_bytes` is what the model was seen to hold of one GPU; types of which the memory is not known are left out
    where it is given.
    """
    found = []
    for option in options:
        if memory_bytes is not None and (option.gpu_memory_bytes or 0) < memory_bytes:
            continue
        reached = fewest_gpus(requests, option.throughput, target_seconds, quantile)
        if reached is not None and option.gpus > 0:
            machines = ceil(reached[0] / option.gpus)
            found.append(Fleet(option, machines, machines * option.hourly_cost, reached[1]))
    return min(found, key=lambda fleet: (fleet.hourly_cost, fleet.machines, fleet.option.name), default=None)
