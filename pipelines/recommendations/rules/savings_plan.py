"""A Compute savings plan that would pay off: how much to commit to, for how long, and what if months go otherwise.

It is asked after all other rules, since nobody should commit to machines that advice takes away: what is counted among
the advice of the day on resources with such usage is taken off the usage to come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pipelines.recommendations.changes.change import Change
from pipelines.recommendations.commitments.deciding import (
    PRECONDITIONS,
    Commitment,
    Option,
    Thresholds,
    advise,
)
from pipelines.recommendations.commitments.months import Month, following
from pipelines.recommendations.commitments.plans import InForce, Term, break_even
from pipelines.recommendations.recommendation import (
    Answer,
    Basis,
    Level,
    NothingToDo,
    Recommendation,
    Unjudged,
)
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import World

NAME = "savings_plan"
ADVISED = "gold.recommendations"
"""What the other rules advise on the same day; it is given, not read."""
_MONTHS, _PLANS, _TERMS, _SKUS = (
    *("gold.eligible_months", "silver.savings_plans", "silver.savings_plan_terms", "silver.savings_plan_skus"),
)
_CENT = Decimal("0.01")
_UNLIKELY = 0.1  # a chance of loss below it is a medium risk, since a plan binds


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each currency in which there is usage that a plan covers."""
    months = world.rows(_MONTHS)
    for currency in sorted({row["billing_currency"] for row in months}):
        history = [
            Month(row["first_day"], row["eligible_cost"])
            for row in sorted(months, key=lambda row: row["first_day"])
            if row["billing_currency"] == currency
        ]
        yield _judged(world, currency, history, thresholds)


def _judged(world: World, currency: str, history: Sequence[Month], thresholds: Thresholds) -> Answer:
    terms = [
        Term(row["months"], row["discount"], row["valid_from"], int(row["least"]), int(row["most"]))
        for row in world.rows(_TERMS)
        if row["billing_currency"] == currency
    ]
    plans = [
        InForce(row["monthly_commitment"], row["starts_on"], row["ends_on"])
        for row in world.rows(_PLANS)
        if row["billing_currency"] == currency
    ]
    reduction = _reduction(world, currency)
    advice = advise(history, terms, plans, reduction, world.today, thresholds)
    about = f"savings plan {currency}"
    if isinstance(advice, Commitment):
        return _advised(about, currency, advice)
    return (Unjudged if advice.is_unjudged else NothingToDo)(NAME, about, advice.reason)


def _reduction(world: World, currency: str) -> Decimal:
    """What counted advice takes off the eligible usage by the month: the eligible share of what it saves on."""
    eligible = {row["sku"] for row in world.rows(_SKUS)}
    total = Decimal(0)
    for row in world.rows(ADVISED):
        if row["is_counted"] and row["currency"] == currency and row["monthly_saving"] > 0:
            costs = [cost for each in row["saves_on"] for cost in _costs(world, each)]
            whole = sum((cost for _, cost in costs), Decimal(0))
            part = sum((cost for sku, cost in costs if sku in eligible), Decimal(0))
            total += row["monthly_saving"] * part / whole if whole > 0 else Decimal(0)
    return total


def _costs(world: World, resource_id: str) -> list[tuple[str, Decimal]]:
    resource = world.resources.get(resource_id)
    return list(resource.costs.items()) if resource else []


def _advised(about: str, currency: str, advice: Commitment) -> Recommendation:
    term, outcome = advice.chosen.term, advice.chosen.outcome
    first, last = advice.history[0].first_day, following(advice.history[-1].first_day, 1)[0]
    saving = Decimal(outcome.saving).quantize(_CENT)
    return Recommendation(
        rule=NAME,
        resource_id=about,
        target=f"plan of {term.months} months",  # how much may change from day to day; what it is about does not
        action=f"Take a Compute savings plan of {outcome.commitment} a month for {term.months} months",
        reason=f"{outcome.utilisation:.0%} of it would be used and {outcome.coverage:.0%} of the usage covered; in "
        f"eight of ten futures it saves {outcome.low:.0f} to {outcome.high:.0f} a month, in "
        f"{outcome.chance_of_loss:.0%} it costs more than it saves.",
        evidence={
            "months_of_history": len(advice.history),
            "eligible_cost_of_last_month": advice.history[-1].eligible,
            "taken_off_for_counted_advice": advice.reduction.quantize(_CENT),
            "discount": term.discount,
            "discount_valid_from": term.valid_from,
            "commitment": outcome.commitment,
            "break_even_usage": break_even(Decimal(outcome.commitment), term.discount),
            "expected_monthly_saving": saving,
            "low": round(outcome.low, 2),
            "high": round(outcome.high, 2),
            "chance_of_loss": round(outcome.chance_of_loss, 4),
            "expected_utilisation": round(outcome.utilisation, 4),
            "expected_coverage": round(outcome.coverage, 4),
            "options": [_told(option) for option in advice.options],
            "query": f"select * from {_MONTHS} order by first_day",
        },
        evaluation_start=first,
        evaluation_end=last,
        monthly_saving=saving,
        change=_change(outcome.commitment, term),
        risk=Level.medium if outcome.chance_of_loss < _UNLIKELY else Level.high,
        effort=Level.low,
        confidence=round(1 - outcome.chance_of_loss, 4),
        basis=Basis.list_price,
        kg_co2e_saving=Decimal(0),  # the same machines run
        m3_water_saving=Decimal(0),
        monthly_cost=advice.history[-1].eligible,
        currency=currency,
    )


def _told(option: Option) -> Mapping[str, Any]:
    outcome = option.outcome
    return {
        "months": option.term.months,
        "discount": option.term.discount,
        "commitment": outcome.commitment,
        "saving": round(outcome.saving, 2),
        "low": round(outcome.low, 2),
        "high": round(outcome.high, 2),
        "chance_of_loss": round(outcome.chance_of_loss, 4),
        "utilisation": round(outcome.utilisation, 4),
        "coverage": round(outcome.coverage, 4),
    }


def _change(commitment: int, term: Term) -> Change:
    ends = timedelta(days=round(term.months * 365.25 / 12))
    return Change(
        cli=(),
        undo_cli=(),
        notes=(
            f"In the console, under Billing, Savings plans: {commitment} a month for {term.months} months. "
            "No API or command buys one.",
            f"It binds for {ends.days} days. There is no way back before it ends.",
            *PRECONDITIONS,
        ),
    )


SAVINGS_PLAN = Rule(
    name=NAME,
    title="Savings plans that pay off",
    about="Looks for the Compute savings plan with the least expected cost and downside over the months to come, drawn "
    "from complete months of eligible usage at public price, net of the advice that is counted.",
    reads=(_MONTHS, _PLANS, _TERMS, _SKUS),
    thresholds=Thresholds(),
    judge=judge,
    spares_protected=False,
    is_last=True,
)
