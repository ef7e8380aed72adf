"""A plan is advised on what is left after all other advice, and only where the settings know its discount."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.recommendations.commitments.months import following
from pipelines.recommendations.recommendation import Recommendation, Unjudged
from pipelines.recommendations.rules.savings_plan import ADVISED, SAVINGS_PLAN
from pipelines.recommendations.world import Resource, World

D = Decimal
TODAY = date(2026, 11, 18)
SKU = "/compute/pro2_s/run_par1"
TERM = {
    "months": 12,
    "discount": D("0.15"),
    "valid_from": date(2026, 1, 1),
    "least": D(50),
    "most": D(9_999),
    "billing_currency": "EUR",
}
NO_PLAN = pa.schema(
    [
        ("billing_currency", pa.string()),
        ("monthly_commitment", pa.decimal128(38, 12)),
        ("starts_on", pa.date32()),
        ("ends_on", pa.date32()),
    ]
)
ADVICE = pa.schema(
    [
        ("is_counted", pa.bool_()),
        ("currency", pa.string()),
        ("monthly_saving", pa.decimal128(38, 12)),
        ("saves_on", pa.list_(pa.string())),
    ]
)


def resource(name, costs):
    unknown = dict.fromkeys(Resource.__dataclass_fields__)
    cost = sum(costs.values())
    return Resource(**{**unknown, "resource_id": name, "tags": (), "costs": costs, "monthly_cost": cost})


def judged(terms=(TERM,), advice=(), things: dict[str, Resource] | None = None):
    days = [date(2025, 12, 1), *following(date(2025, 12, 1), 10)]
    months = [
        {"first_day": day, "billing_currency": "EUR", "eligible_cost": D(100) * (following(day, 1)[0] - day).days}
        for day in days
    ]
    world = World(
        TODAY,
        TODAY,
        things or {},
        {
            "gold.eligible_months": pa.Table.from_pylist(months),
            "silver.savings_plans": NO_PLAN.empty_table(),
            "silver.savings_plan_terms": pa.Table.from_pylist(list(terms), schema=pa.Table.from_pylist([TERM]).schema),
            "silver.savings_plan_skus": pa.Table.from_pylist([{"sku": SKU}]),
            ADVISED: pa.Table.from_pylist(list(advice), schema=ADVICE),
        },
    )
    (answer,) = SAVINGS_PLAN.judge(world, SAVINGS_PLAN.thresholds)
    return answer


def test_steady_usage_is_worth_a_plan_and_says_on_what_terms():
    advice = judged()
    assert isinstance(advice, Recommendation)
    assert 2_600 < advice.evidence["commitment"] <= 3_100
    assert advice.monthly_saving == pytest.approx(D("0.15") * advice.evidence["commitment"], rel=D("0.1"))
    assert any("cannot be cancelled" in note for note in advice.change.notes)
    assert advice.evidence["break_even_usage"] == advice.evidence["commitment"] * D("0.85")


def test_nobody_commits_to_machines_that_are_to_go():
    machine = resource("web", {SKU: D(900), "/storage/x": D(100)})
    going = {"is_counted": True, "currency": "EUR", "monthly_saving": D(1_000), "saves_on": ["web"]}
    alone, less = judged(things={"web": machine}), judged(advice=[going], things={"web": machine})
    assert less.evidence["taken_off_for_counted_advice"] == 900
    assert less.evidence["commitment"] <= alone.evidence["commitment"] - 800
    other = judged(advice=[{**going, "is_counted": False}], things={"web": machine})
    assert other.evidence["commitment"] == alone.evidence["commitment"]


def test_without_a_dated_discount_there_is_no_advice():
    answer = judged(terms=())
    assert isinstance(answer, Unjudged)
    assert "no API tells" in answer.reason
