"""Every way to answer a workload, with its cost by the month and the traffic from which it is worth it.

Compared at allocation: machines as billed while they are on, idle hours included, with an API at its price list. Kinds
of machine are those of the workload's region that hold as much memory a GPU as was seen to be held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pipelines.gpu.capacity import Throughput
from pipelines.gpu.queueing import Held, Target, first_token_seconds
from pipelines.gpu.shapes import HOURS_A_MONTH, Hours, Offer, Running, crossing, tokens_cost
from pipelines.gpu.workloads import MEASURED, ModelPrice, Speeds, Workload, pace_on

TODAY, REALTIME, BATCH, DEDICATED = "as today", "API", "API in batches", "dedicated"
API_MODES = (("realtime", REALTIME), ("batch", BATCH))
_UNIT = Decimal("0.000000000001")


@dataclass(frozen=True)
class Kind:
    """A type of machine for sale: GPUs of a kind and its price by the hour, volumes and addresses not included."""

    name: str
    option: str
    gpu_name: str | None
    gpus: int
    gpu_memory_bytes: int | None
    hourly_price: Decimal
    region_id: str | None


@dataclass(frozen=True)
class Market:
    """What can be had instead: types of machine, prices of models, and what is known of how fast GPUs are."""

    kinds: Sequence[Kind]
    prices: Sequence[ModelPrice]
    paces: Mapping[tuple[str, str], Throughput]
    speeds: Speeds
    target: Target = field(default_factory=Target)


@dataclass(frozen=True)
class Way:
    """One way to answer the workload. Costs None where they cannot be told, and then with a reason. `break_even` is
    the mean requests an hour from which it costs no more than the API in realtime, `batch_break_even` than in batches,
    None where it never does."""

    option: str
    offer: str
    monthly_cost: Decimal | None
    machines: int | None = None
    gpus: int | None = None
    first_token_seconds: float | None = None
    known_by: str | None = None
    break_even: float | None = None
    batch_break_even: float | None = None
    is_same_model: bool = True
    reason: str | None = None


@dataclass(frozen=True)
class Sized:
    """A kind of machine with what it does for the workload."""

    kind: Kind
    offer: Offer
    pace: Throughput
    known_by: str


def ways(workload: Workload, market: Market) -> list[Way]:
    """Today's first, then the API's, then machines from the cheapest on."""
    found = [_today(workload)]
    chosen = {mode: chosen_price(workload, market.prices, mode) for mode in ("realtime", "batch")}
    if workload.hours is None or workload.shape is None:
        return found
    found += _api_ways(workload, chosen)
    sized = sized_for(workload, market)
    own = [_machines(workload, each, running, chosen, _target(workload, market)) for each, running in _runs(sized)]
    if not own:
        found.append(_unmeasured(workload, market, chosen["realtime"]))
    return found + sorted(own, key=lambda way: (way.monthly_cost or Decimal(0), way.option, way.offer))


def chosen_price(workload: Workload, prices: Sequence[ModelPrice], mode: str) -> ModelPrice | None:
    """That of the model itself where it is listed, else of the cheapest one that answers; None where none does."""
    able = [(price.of(workload), price) for price in prices if price.mode == mode]
    told = [(cost, price) for cost, price in able if cost is not None]
    same = [each for each in told if each[1].model.lower() == workload.key]
    # a model without a price for answers (embeddings) stands in for no other
    others = [each for each in told if each[1].output_million is not None]
    chosen = same or others
    return min(chosen, key=lambda each: (each[0], each[1].model))[1] if chosen else None


def _today(workload: Workload) -> Way:
    serving, hours = workload.serving, workload.hours
    offer = serving.offer if serving else plain(workload)
    known = None if workload.first_token_seconds is None else float(workload.first_token_seconds)
    reason = None if hours else "its requests are not counted, so that nothing can be set against it"
    return Way(
        TODAY,
        offer,
        workload.monthly_cost,
        serving.machines if serving else None,
        serving.machines * serving.gpus if serving else None,
        known,
        MEASURED if known is not None else None,
        reason=reason,
    )


def plain(workload: Workload) -> str:
    """What is asked today where no machine is one's own: the model."""
    return workload.key


def _api_ways(workload: Workload, chosen: Mapping[str, ModelPrice | None]) -> Iterator[Way]:
    for mode, option in API_MODES:
        price = chosen[mode]
        each = None if price is None else price.of(workload)
        if price is None or each is None or workload.hours is None:
            yield Way(option, "", None, reason=f"the price list has no {mode} price of a model that answers")
            continue
        is_same = price.model.lower() == workload.key
        reason = None if is_same else f"{workload.key} is not on the list, and this model answers differently"
        cost = tokens_cost(each, workload.hours.mean)
        yield Way(option, price.model, cost, is_same_model=is_same, reason=reason)


def _unmeasured(workload: Workload, market: Market, price: ModelPrice | None) -> Way:
    """The least that a machine can cost: below its break-even the API is cheaper whatever a GPU does."""
    reason = f"at least: what a GPU does for {workload.key} was not measured; serve it for an hour with vLLM's metrics"
    kinds = [kind for kind in market.kinds if kind.option != DEDICATED and _fits(workload, kind)]
    least = min(kinds, key=lambda kind: (kind.hourly_price, kind.name), default=None)
    if least is None:
        return Way(str(Running.always), "", None, reason=reason.removeprefix("at least: "))
    hourly = _hourly(workload, least)
    each = None if price is None else price.of(workload)
    level = float(hourly / each) if each else None
    cost = (HOURS_A_MONTH * hourly).quantize(_UNIT)
    return Way(str(Running.always), least.name, cost, 1, least.gpus, break_even=level, reason=reason)


def sized_for(workload: Workload, market: Market) -> list[Sized]:
    """Kinds of machine of the region that hold the model, sized by what a GPU of theirs does: that of today, and of
    each other kind of GPU the type that costs least for today's traffic."""
    hours, today = workload.hours, workload.serving.offer if workload.serving else None
    if hours is None:
        return []
    seen: set[tuple[str, str | None]] = set()
    found = []
    for sized in sorted(_able(workload, market), key=lambda each: cost_now(each, hours)):
        kind = (sized.kind.option, sized.kind.gpu_name)
        if sized.kind.name == today or kind not in seen:
            found.append(sized)
        seen.add(kind)
    return found


def cost_now(sized: Sized, hours: Hours) -> tuple[Decimal, str]:
    """What it costs by the month for today's traffic, always on; by its name where that is the same."""
    return sized.offer.monthly_cost(hours, Running.always, hours.mean), sized.kind.name


def _able(workload: Workload, market: Market) -> list[Sized]:
    found = []
    for kind in market.kinds:
        told = pace_on(workload.key, kind.gpu_name, market.paces, market.speeds)
        if told is None or workload.computed is None or not _fits(workload, kind):
            continue
        held = Held.of(told[0], workload.computed, kind.gpus, _target(workload, market)[0])
        if held.is_able:
            found.append(Sized(kind, Offer(kind.name, _hourly(workload, kind), held), *told))
    return found


def _target(workload: Workload, market: Market) -> tuple[Target, float]:
    """The target, and what is left out of it: seconds that the first token was seen to take beyond what the queue and
    the prompt explain. They stay, whatever answers; a target missed today is not asked of others."""
    serving, seen = workload.serving, workload.first_token_seconds
    if seen is None or serving is None or workload.computed is None or workload.hours is None:
        return market.target, 0.0
    told = pace_on(workload.key, serving.gpu_name, market.paces, market.speeds)
    if told is None:
        return market.target, 0.0
    gpus = serving.machines * serving.gpus
    explained = first_token_seconds(workload.hours.peak, told[0], workload.computed, gpus, market.target)
    beyond = max(0.0, float(seen) - explained)
    wanted = max(market.target.first_token_seconds, float(seen)) - beyond
    return Target(wanted, market.target.quantile), beyond


def _fits(workload: Workload, kind: Kind) -> bool:
    serving = workload.serving
    if serving is None:
        return True
    if serving.region_id is not None and kind.region_id != serving.region_id:
        return False
    return serving.memory_bytes is None or (kind.gpu_memory_bytes or 0) >= serving.memory_bytes


def _hourly(workload: Workload, kind: Kind) -> Decimal:
    """As billed for the type of today; of another its list price, with the volumes and addresses of today's."""
    serving = workload.serving
    if serving is None or kind.option == DEDICATED:
        return kind.hourly_price
    return serving.hourly_cost if kind.name == serving.offer else kind.hourly_price + serving.extra_hourly


def _runs(sized: Sequence[Sized]) -> Iterator[tuple[Sized, Running]]:
    """A dedicated deployment cannot be stopped; of Instances, a schedule and a scale by the hour are ways too."""
    for each in sized:
        for running in Running:
            if running is Running.always or each.kind.option != DEDICATED:
                yield each, running


def _machines(
    workload: Workload,
    sized: Sized,
    running: Running,
    chosen: Mapping[str, ModelPrice | None],
    told: tuple[Target, float],
) -> Way:
    hours, computed = workload.hours, workload.computed
    assert hours is not None
    assert computed is not None  # only such are sized
    counts = sized.offer.machines(hours, running, hours.mean)
    most = int(counts.max())
    each = {mode: None if price is None else price.of(workload) for mode, price in chosen.items()}
    target, beyond = told
    reached = beyond + first_token_seconds(hours.peak, sized.pace, computed, most * sized.kind.gpus, target)
    crossings = {
        mode: None if cost is None else crossing(sized.offer, hours, running, cost) for mode, cost in each.items()
    }
    return Way(
        _option(sized.kind, running),
        sized.kind.name,
        sized.offer.monthly_cost(hours, running, hours.mean),
        most,
        most * sized.kind.gpus,
        reached,
        sized.known_by,
        crossings["realtime"],
        crossings["batch"],
        reason=_why(each["realtime"], crossings["realtime"]),
    )


def _option(kind: Kind, running: Running) -> str:
    return DEDICATED if kind.option == DEDICATED else str(running)


def _why(each: Decimal | None, found: float | None) -> str | None:
    if each is None or found is not None:
        return None
    return "costs more than the API however much is asked: even full machines cost more a request"


def hourly_of(monthly: Decimal) -> Decimal:
    """A price of 730 hours by the hour."""
    return (monthly / HOURS_A_MONTH).quantize(_UNIT)
