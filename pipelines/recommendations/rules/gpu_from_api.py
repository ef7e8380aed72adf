"""Models at Generative APIs that would cost less on GPUs of one's own: judged where a GPU was seen to serve them.

Both are compared at allocation: tokens as charged, against machines at their list price that are on day and night and
hold the busiest hour. What a machine holds is what one of the organisation's own was seen to answer in an hour with the
same model; below the price of the cheapest machine the API is cheaper whatever that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from math import ceil

from pipelines.recommendations.changes.gpu import moved_from_api
from pipelines.recommendations.recommendation import Answer, Basis, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.gpu_load import OFFERS
from pipelines.recommendations.rules.gpu_workload import (
    API,
    OWN,
    WORKLOADS,
    about,
    counted_tokens,
    days_counted,
    evidence,
    monthly_factor,
)
from pipelines.recommendations.world import Row, World

NAME = "gpu_from_api"


@dataclass(frozen=True)
class Thresholds:
    """From which saving on a move is worth it, and how much of what was seen a machine is asked for."""

    least_saving: Decimal = Decimal(100)  # by the month: machines want somebody on call
    least_share: Decimal = Decimal("0.3")  # of what the API costs
    counted_days: int = 14
    filled_share: float = 0.8  # of the most tokens a machine was seen to answer in an hour
    machines_in_production: int = 2  # one may fail
    move_hours: int = 336  # both run side by side for two weeks


@dataclass(frozen=True)
class _Seen:
    """A type of machine and the most tokens one was seen to answer in an hour."""

    commercial_type: str
    tokens: float
    monthly_price: Decimal


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each model of a project at Generative APIs."""
    rows = world.rows(WORKLOADS)
    for row in rows:
        if row["provider"] == API and row["window_cost"]:
            yield _judged(world, row, rows, thresholds)


def _judged(world: World, row: Row, rows: Sequence[Row], thresholds: Thresholds) -> Answer:
    identity = about(row)
    spent = row["window_cost"] * monthly_factor(row)
    prices = _prices(world, row["billing_currency"])
    if not prices:
        return Unjudged(NAME, identity, "no machine with GPUs has a price in its currency")
    least = min(prices.values())
    if spent < least + thresholds.least_saving:
        return NothingToDo(NAME, identity, f"{spent:.2f} a month; the cheapest machine with a GPU costs {least:.2f}")
    tokens = counted_tokens(row)
    if days_counted(row) < thresholds.counted_days or not tokens:
        return Unjudged(NAME, identity, f"its tokens were counted on {days_counted(row)} days; two weeks are needed")
    seen = _seen(row, rows, prices)
    if seen is None:
        return Unjudged(
            NAME,
            identity,
            f"what a GPU does for {row['model']} was not measured: serve it for an hour on a machine of your own with "
            "vLLM's metrics in Cockpit",
        )
    fewest = thresholds.machines_in_production if row["environment"] in (None, "prod", "production", "shared") else 1
    machines = max(fewest, ceil(max(tokens) / (thresholds.filled_share * seen.tokens)))
    saving = (spent - machines * seen.monthly_price).quantize(Decimal("0.01"), ROUND_DOWN)
    if saving < max(thresholds.least_saving, thresholds.least_share * spent):
        return NothingToDo(
            NAME,
            identity,
            f"{spent:.2f} a month; {machines} {seen.commercial_type}, which hold its busiest hour, cost "
            f"{machines * seen.monthly_price:.2f}",
        )
    return _advised(row, seen, machines, spent, saving, thresholds)


def _prices(world: World, currency: str) -> dict[str, Decimal]:
    """By type of machine its price by the month, where it is on sale."""
    return {
        offer["commercial_type"]: Decimal(offer["monthly_list_price"])
        for offer in world.rows(OFFERS)
        if offer["billing_currency"] == currency and offer["monthly_list_price"] and not offer["is_end_of_service"]
    }


def _seen(row: Row, rows: Sequence[Row], prices: dict[str, Decimal]) -> _Seen | None:
    """The type that costs least a token of those that serve the same model in any project."""
    found = []
    for other in rows:
        tokens = counted_tokens(other)
        price = prices.get(other["commercial_type"] or "")
        is_same = other["provider"] == OWN and other["model"].lower() == row["model"].lower()
        if is_same and price and tokens and max(tokens) > 0:
            found.append(_Seen(other["commercial_type"], max(tokens) / len(other["resource_ids"]), price))
    return min(
        found, key=lambda each: (each.monthly_price / Decimal(repr(each.tokens)), each.commercial_type), default=None
    )


def _advised(
    row: Row, seen: _Seen, machines: int, spent: Decimal, saving: Decimal, thresholds: Thresholds
) -> Recommendation:
    beside = (machines * seen.monthly_price * thresholds.move_hours / 730).quantize(Decimal("0.01"), ROUND_DOWN)
    name = f"{machines} {seen.commercial_type}"
    return Recommendation(
        rule=NAME,
        resource_id=about(row),
        target=seen.commercial_type,
        action=f"Serve {row['model']} of {row['project_name'] or row['project_id']} on {name} instead of Generative "
        "APIs",
        reason=f"Its tokens cost {spent:.2f} a month; {name} hold its busiest hour and cost "
        f"{machines * seen.monthly_price:.2f}.",
        evidence={
            **evidence(row),
            "api_monthly_cost": spent,
            "machine": seen.commercial_type,
            "machines": machines,
            "machine_monthly_price": seen.monthly_price,
            "busiest_hour_tokens": max(counted_tokens(row)),
            "seen_tokens_an_hour_a_machine": seen.tokens,
        },
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=saving,
        one_off_cost=beside,
        monthly_cost=spent.quantize(Decimal("0.01")),
        currency=row["billing_currency"],
        change=moved_from_api(row["model"], seen.commercial_type, machines),
        risk=Level.medium,
        effort=Level.high,
        basis=Basis.list_price,
    )


GPU_FROM_API = Rule(
    name=NAME,
    title="Models that cost less on GPUs of one's own",
    about="Compares what tokens at Generative APIs cost with machines that hold the busiest hour, where one was seen "
    "to serve the same model.",
    reads=(WORKLOADS, OFFERS),
    thresholds=Thresholds(),
    judge=judge,
)
