"""What is asked of a model in a project, and what is known of how fast kinds of GPU answer it. Plain values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pipelines.gpu.capacity import Throughput, measured
from pipelines.gpu.shapes import Hours
from pipelines.gpu.traffic import Shape

MEASURED, BY_DATA_SHEET = "measured", "data sheets"
_MILLION = Decimal(1_000_000)
_THOUSAND = Decimal(1000)
Speeds = Mapping[str, tuple[float, float]]
"""Of each kind of GPU its arithmetic and its memory bandwidth, by NVIDIA's data sheets."""


@dataclass(frozen=True)
class Serving:
    """Machines that serve a model today: their type and GPUs, what one costs by the hour, volumes and addresses
    included (`extra_hourly` alone is those), and the memory one GPU was seen to hold."""

    machines: int
    offer: str
    gpus: int
    gpu_name: str | None
    hourly_cost: Decimal
    extra_hourly: Decimal
    region_id: str | None
    memory_bytes: int | None


@dataclass(frozen=True)
class Workload:
    """One model of one project over four weeks. `shape` is the mean request as an API counts it, `computed` that of
    which a cache answered nothing. What is billed by the token tells no requests: then one stands for a thousand
    tokens (`per_thousand_tokens`). None where nothing was counted."""

    project_id: str
    model: str
    provider: str
    currency: str
    monthly_cost: Decimal
    serving: Serving | None = None
    hours: Hours | None = None
    shape: Shape | None = None
    computed: Shape | None = None
    cached_tokens: Decimal = Decimal(0)
    pace: Throughput | None = None
    first_token_seconds: Decimal | None = None
    per_thousand_tokens: bool = False

    @property
    def key(self) -> str:
        """The model's name as a price list writes it."""
        return plain_name(self.model)


@dataclass(frozen=True)
class ModelPrice:
    """What a million tokens of a model cost at Generative APIs in one mode; None where the list has no price."""

    model: str
    mode: str
    input_million: Decimal | None
    output_million: Decimal | None = None
    cached_million: Decimal | None = None

    def of(self, workload: Workload) -> Decimal | None:
        """Cost of one request; cached tokens cost their own price where there is one, else that of the others."""
        if workload.shape is None or self.input_million is None:
            return None
        if self.output_million is None and workload.shape.output_tokens > 0:
            return None
        cached = self.input_million if self.cached_million is None else self.cached_million
        fresh = workload.shape.input_tokens - workload.cached_tokens
        prompt = fresh * self.input_million + workload.cached_tokens * cached
        return (prompt + workload.shape.output_tokens * (self.output_million or Decimal(0))) / _MILLION


def plain_name(model: str) -> str:
    """`mistral/mistral-small-3.2:fp8` of a deployment is `mistral-small-3.2` of the price list."""
    return re.sub(r":[^:]*$", "", re.sub(r"^[^/]+/", "", model)).lower()


def shapes(
    requests: Decimal, input_tokens: Decimal, cached_tokens: Decimal, output_tokens: Decimal
) -> tuple[Shape, Shape, Decimal]:
    """Tokens of the mean request: as counted, without those a cache answered, and how many it answered."""
    cached = min(cached_tokens, input_tokens) / requests
    prompt, answer = input_tokens / requests, output_tokens / requests
    return Shape(prompt, answer), Shape(prompt - cached, answer), cached


def thousands(input_tokens: Decimal, output_tokens: Decimal) -> Shape | None:
    """A thousand tokens with the prompts' and answers' share; None of none at all."""
    whole = input_tokens + output_tokens
    return None if whole <= 0 else Shape(_THOUSAND * input_tokens / whole, _THOUSAND * output_tokens / whole)


def paces(workloads: Iterable[Workload]) -> dict[tuple[str, str], Throughput]:
    """By model and kind of GPU what one GPU was measured to do, where several did where most streams ran at once."""
    found: dict[tuple[str, str], Throughput] = {}
    for workload in workloads:
        if workload.pace is None or workload.serving is None or workload.serving.gpu_name is None:
            continue
        key = (workload.key, workload.serving.gpu_name)
        if key not in found or workload.pace.streams > found[key].streams:
            found[key] = workload.pace
    return found


def pace_on(
    model: str, gpu_name: str | None, known: Mapping[tuple[str, str], Throughput], speeds: Speeds
) -> tuple[Throughput, str] | None:
    """What one GPU of a kind does for a model, and how that is known; None where no kind was measured with it.

    Of a kind that was not measured data sheets tell how much faster it reads prompts (arithmetic) and writes answers
    (memory) than one that was; it is taken to answer no more streams at once.
    """
    if gpu_name is None:
        return None
    if (model, gpu_name) in known:
        return known[model, gpu_name], MEASURED
    bases = sorted(kind for each, kind in known if each == model and kind in speeds)
    if not bases or gpu_name not in speeds:
        return None
    base, pace = speeds[bases[0]], known[model, bases[0]]
    reads, writes = (other / mine for other, mine in zip(speeds[gpu_name], base, strict=True))
    return Throughput(pace.prefill_per_second * reads, pace.decode_per_second * writes, pace.streams), BY_DATA_SHEET


def pace_of(
    computed_tokens: Decimal | None,
    prefill_seconds: Decimal | None,
    output_tokens: Decimal | None,
    decode_seconds: Decimal | None,
    most_running: Decimal | None,
    gpus_each: int,
) -> Throughput | None:
    """What one GPU did, out of counters of a server of models; None where one is missing or still at zero."""
    if most_running is None or most_running < 1:
        return None
    read, reading, written, writing = (
        None if value is None else float(value)
        for value in (computed_tokens, prefill_seconds, output_tokens, decode_seconds)
    )
    return measured(read, reading, written, writing, float(most_running), gpus=gpus_each)
