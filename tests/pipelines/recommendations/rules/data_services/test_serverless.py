"""Serverless: memory down to the next size that holds the peak, and what an avoided cold start costs."""

from datetime import date
from decimal import Decimal

import pytest

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.serverless_memory import SERVERLESS_MEMORY
from pipelines.recommendations.rules.serverless_min_scale import SERVERLESS_MIN_SCALE

MB = 10**6
LOAD = {
    "resource_id": "it",
    "known_from": date(2026, 10, 21),
    "known_until": date(2026, 11, 18),
    "memory_limit_bytes": 2048 * MB,
    "min_scale": 1,
    "memory_days": 28,
    "memory_weekends": 4,
    "memory_samples": 8064,
    "memory_p995_bytes": 300 * MB,
    "memory_max_bytes": 400 * MB,
    "cpu_p995_percent": 15.0,
    "instances_mean": 1.0,
    "request_hours": 672,
    "idle_hours": 336,
    "wake_ups": 28,
}
COSTS = {"/paas/caas/memory/fr-par": 20, "/paas/caas/vcpu/fr-par": 53}


@pytest.fixture
def answer(asked, thing):
    def judged(rule, kind="containers_container", costs=COSTS, environment="dev", **fields):
        service = thing(kind, costs=costs, environment=environment)
        found = asked(rule, [service], {"gold.serverless_load": [LOAD | fields]})
        return found[0] if found else None

    return judged


def test_a_container_keeps_its_processors_and_pays_for_a_quarter_of_its_memory(answer):
    advice = answer(SERVERLESS_MEMORY)
    assert (advice.target, advice.monthly_saving) == ("512 MB", 15)
    assert advice.change.cli == ("scw container container update it memory-limit-bytes=512000000 region=fr-par",)


def test_the_peak_needs_room(answer):
    # 420 MB and a quarter are more than 512
    assert answer(SERVERLESS_MEMORY, memory_max_bytes=420 * MB).target == "1024 MB"
    assert isinstance(answer(SERVERLESS_MEMORY, memory_max_bytes=1700 * MB), NothingToDo)
    assert isinstance(answer(SERVERLESS_MEMORY, memory_max_bytes=None), Unjudged)
    assert isinstance(answer(SERVERLESS_MEMORY, memory_weekends=1), Unjudged)


def test_a_functions_processors_follow_its_memory(answer):
    costs = {"/paas/faas/memory/fr-par": 40}
    assert answer(SERVERLESS_MEMORY, "functions_function", costs).monthly_saving == 30
    assert isinstance(answer(SERVERLESS_MEMORY, "functions_function", costs, cpu_p995_percent=21.0), NothingToDo)
    assert isinstance(answer(SERVERLESS_MEMORY, "functions_function", costs, cpu_p995_percent=None), NothingToDo)


def test_a_warm_instance_costs_its_idle_hours_and_spares_its_wake_ups(answer):
    advice = answer(SERVERLESS_MIN_SCALE)
    assert isinstance(advice, Recommendation)
    # 73 a month for one instance round the clock is a tenth an hour; half of the hours are idle
    assert advice.monthly_saving == pytest.approx(Decimal("36.50"))
    assert advice.evidence["cold_starts_per_month"] == pytest.approx(Decimal(28) * 730 / 672)
    assert advice.evidence["cost_per_avoided_cold_start"] == pytest.approx(Decimal("36.5") / (Decimal(28) * 730 / 672))


def test_enough_wake_ups_are_worth_it_and_in_production_fewer_are(answer):
    # 300 wake-ups are 326 a month: six and a half euros at two cents, 65 at twenty
    assert isinstance(answer(SERVERLESS_MIN_SCALE, wake_ups=300), Recommendation)
    assert isinstance(answer(SERVERLESS_MIN_SCALE, environment="prod", wake_ups=300), NothingToDo)


@pytest.mark.parametrize(
    "fields", [{"min_scale": None}, {"request_hours": None}, {"request_hours": 100}, {"instances_mean": None}]
)
def test_what_is_not_known_is_not_advised(answer, fields):
    assert isinstance(answer(SERVERLESS_MIN_SCALE, **fields), Unjudged)


def test_what_scales_to_zero_already_is_no_question(answer):
    assert answer(SERVERLESS_MIN_SCALE, min_scale=0) is None
