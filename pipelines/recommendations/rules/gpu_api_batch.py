"""Models asked at Generative APIs in a few hours of the day alone, as jobs do: the same in batches, at their price.

A batch is answered within a day. Whether anybody waits for an answer no metric tells; work that comes in the same few
hours of every day and never outside them is a job's, and around the clock there may be people, so that is only told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from pipelines.recommendations.changes.gpu import asked_in_batches
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.gpu_workload import (
    API,
    PRICES,
    WORKLOADS,
    about,
    days_counted,
    evidence,
    listed_cost,
    monthly_factor,
    prices_of,
)
from pipelines.recommendations.world import Row, World

NAME = "gpu_api_batch"
_DAY = 24


@dataclass(frozen=True)
class Thresholds:
    """What a job looks like, and from which saving on a change of code is worth it."""

    most_hours: int = 8  # of a day, one after the other
    least_share: float = 0.98  # of all tokens in those hours
    counted_days: int = 14
    least_saving: Decimal = Decimal(10)  # by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each model of a project at Generative APIs."""
    for row in world.rows(WORKLOADS):
        if row["provider"] == API and row["window_cost"]:
            yield _judged(world, row, thresholds)


def _judged(world: World, row: Row, thresholds: Thresholds) -> Answer:
    identity = about(row)
    if days_counted(row) < thresholds.counted_days:
        return Unjudged(NAME, identity, f"its tokens were counted on {days_counted(row)} days; two weeks are needed")
    realtime, batch = (listed_cost(row, prices_of(world, row, mode)) for mode in ("realtime", "batch"))
    if not realtime or batch is None:
        return NothingToDo(NAME, identity, f"the price list has no batch price of {row['model']}")
    # as charged, so that what a contract takes off is not saved twice
    saving = (row["window_cost"] * (1 - batch / realtime) * monthly_factor(row)).quantize(Decimal("0.01"), ROUND_DOWN)
    if saving < thresholds.least_saving:
        return NothingToDo(NAME, identity, f"batches would save {saving:.2f} a month: not worth a change of code")
    hours = busiest_hours(row["hourly_tokens"], thresholds.most_hours)
    if hours[1] < thresholds.least_share:
        return NothingToDo(
            NAME,
            identity,
            f"it is asked around the clock; what may wait for a day would save up to {saving:.2f} a month",
        )
    return _advised(row, hours, saving, batch, thresholds)


def busiest_hours(hourly: Sequence[float | None], length: int) -> tuple[int, float]:
    """First hour of the day (UTC) of the `length` hours that hold most, and their share of all; hours begin at
    midnight."""
    by_hour = [0.0] * _DAY
    for at, value in enumerate(hourly):
        by_hour[at % _DAY] += float(value or 0)
    held = [sum(by_hour[(first + more) % _DAY] for more in range(length)) for first in range(_DAY)]
    whole = sum(by_hour)
    best = max(range(_DAY), key=lambda first: (held[first], -first))
    return best, held[best] / whole if whole > 0 else 0.0


def _advised(
    row: Row, hours: tuple[int, float], saving: Decimal, batch: Decimal, thresholds: Thresholds
) -> Recommendation:
    first, share = hours
    window = f"{first:02d}:00 to {(first + thresholds.most_hours) % _DAY:02d}:00 UTC"
    cost = (row["window_cost"] * monthly_factor(row)).quantize(Decimal("0.01"))
    return Recommendation(
        rule=NAME,
        resource_id=about(row),
        target="batches",
        action=f"Ask {row['model']} of {row['project_name'] or row['project_id']} in batches",
        reason=f"{share:.0%} of its tokens come from {window}, as a job's do; batches are answered within a day and "
        "cost less.",
        evidence={
            **evidence(row),
            "window": window,
            "share_in_window": round(share, 4),
            "batch_window_cost": batch,
        },
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=saving,
        monthly_cost=cost,
        currency=row["billing_currency"],
        change=asked_in_batches(row["model"]),
        risk=Level.low,
        effort=Level.medium,
    )


GPU_API_BATCH = Rule(
    name=NAME,
    title="Batches instead of realtime",
    about="Looks for models at Generative APIs that are asked in a few hours of the day alone and have a batch price.",
    reads=(WORKLOADS, PRICES),
    thresholds=Thresholds(),
    judge=judge,
)
