"""Buckets from which much more traffic leaves than was usual, and has for weeks: every GB of it is billed.

The usual is where the weeks before the rise would have come to by their own growth. What is beyond it is the saving
that finding the reader, or a cache in front of the bucket, could bring; a cache that only hits sometimes brings less.
Nobody billed the usual beside the rise: it is estimated, and told with what holds it in nine of ten cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.recommendations.changes.storage import looked_into
from pipelines.recommendations.recommendation import Answer, Fact, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

NAME = "unexpected_egress"
_EGRESS, _DAYS = "gold.storage_egress", "gold.storage_egress_days"
_MONTH_DAYS = Decimal(730) / 24
_CHANCE = Decimal("0.9")  # of the interval of gold.storage_egress


@dataclass(frozen=True)
class Thresholds:
    """How long traffic must have been billed, and how far beyond the usual it is before it is said."""

    usual_days: int = 56
    recent_days: int = 14
    least_factor: Decimal = Decimal("1.5")
    least_saving: Decimal = Decimal(5)  # by the month
    cached_share: Decimal = Decimal("0.5")  # of all that is fetched, which a cache in front of the bucket could answer


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each bucket whose traffic was billed."""
    for row in sorted(world.rows(_EGRESS), key=lambda row: (row["resource_id"], row["billing_currency"])):
        bucket = world.resources.get(row["resource_id"])
        if bucket is not None and bucket.currency == row["billing_currency"]:
            yield _judged(bucket, row, thresholds)


def _judged(bucket: Resource, row: dict[str, Any], thresholds: Thresholds) -> Answer:
    usual = row["usual_daily_cost"]
    if usual is None or (row["usual_days"] or 0) < thresholds.usual_days:
        return Unjudged(NAME, bucket.resource_id, f"its traffic was billed on {row['usual_days'] or 0} days before")
    if row["recent_cost"] is None or (row["recent_days"] or 0) < thresholds.recent_days:
        return NothingToDo(NAME, bucket.resource_id, "hardly any traffic left it of late")
    # a day without a charge is one without traffic; the usual is of days with traffic, which is the careful side
    recent = row["recent_cost"] / (row["known_until"] - row["known_from"]).days
    saving = (recent - usual) * _MONTH_DAYS
    if recent < usual * thresholds.least_factor or saving < thresholds.least_saving or row["rising_since"] is None:
        return NothingToDo(NAME, bucket.resource_id, "as much leaves it as is usual")
    cached = recent * _MONTH_DAYS * thresholds.cached_share
    shares = {
        "cached_share": thresholds.cached_share,
        "cache_saves_at_most_per_month": round(cached, 2),
    }
    return _advised(bucket, row, recent, min(saving, bucket.monthly_cost or Decimal(0)), shares)


def _advised(
    bucket: Resource,
    row: dict[str, Any],
    recent: Decimal,
    saving: Decimal,
    shares: Mapping[str, Fact],
) -> Recommendation:
    usual = row["usual_daily_cost"]
    between = _between(row, recent)
    factor = f"{recent / usual:.1f} times the usual" if usual else "where none did before"
    return Recommendation(
        rule=NAME,
        resource_id=bucket.resource_id,
        target="usual traffic",
        action=f"Find out who fetches {bucket.resource_name}, and put a cache in front of it",
        reason=f"Since {row['rising_since']} much more traffic leaves it: {factor}, on every day since.",
        evidence={
            "rising_since": row["rising_since"],
            "daily_cost": round(recent, 4),
            "usual_daily_cost": round(usual, 4),
            "usual_days": row["usual_days"],
            "usual_weeks": row["usual_weeks"],
            "usual_weekly_growth": row["usual_weekly_growth"],
            "recent_days": row["recent_days"],
            **between,
            **shares,
            "query": f"select charge_date, billed_cost, usual_factor from {_DAYS} "
            f"where resource_id = '{bucket.resource_id}' order by charge_date",
        },
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=saving,
        change=looked_into(
            bucket,
            (
                "Turn on the bucket's access logs for a day and count who fetches what; block what nobody wants.",
                "Edge Services in front of the bucket answers what many fetch: if its cache answers "
                f"{shares['cached_share']:.0%} of it, {shares['cache_saves_at_most_per_month']} a month do not leave "
                "the bucket. Its plan, and what its cache delivers beyond it, cost extra.",
                f"The saving is all that is beyond the usual, as if whoever fetches it stopped{_words(between)}.",
            ),
        ),
        risk=Level.low,
        effort=Level.medium,
    )


def _between(row: dict[str, Any], recent: Decimal) -> dict[str, Fact]:
    """What holds the saving by the month in nine of ten cases; nothing where no growth of the usual is known."""
    low, high = row["usual_daily_cost_low"], row["usual_daily_cost_high"]
    if low is None or high is None:
        return {}
    return {
        "saving_low": round((recent - high) * _MONTH_DAYS, 2),
        "saving_high": round((recent - low) * _MONTH_DAYS, 2),
        "saving_between_chance": _CHANCE,
    }


def _words(between: Mapping[str, Fact]) -> str:
    """The interval as the end of a sentence."""
    if not between:
        return ""
    return f"; in nine of ten cases between {between['saving_low']} and {between['saving_high']} a month"


UNEXPECTED_EGRESS = Rule(
    name=NAME,
    title="Unusual traffic out of buckets",
    about="Looks for buckets whose billed traffic has been far beyond the usual for weeks.",
    reads=(_EGRESS,),
    thresholds=Thresholds(),
    judge=judge,
)
