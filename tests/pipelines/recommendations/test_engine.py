"""Rules are asked, their advice gets its resource, carbon and water, and what a tag protects is left alone."""

import json
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.recommendations.engine import Policy, ask
from pipelines.recommendations.protection import protecting_tag
from pipelines.recommendations.rows import content_row

from .small_world import (
    NothingToDo,
    Thresholds,
    Unjudged,
    advice,
    asked,
    resource,
    rule,
    world,
)


def test_advice_gets_its_resource_and_the_share_of_carbon_and_water_its_saving_is_of():
    (found,) = asked(world(), rule("idle", advice("idle", "web", "delete", 25))).advice
    row = content_row(found)
    assert (row["resource_name"], row["project_name"], row["owner"], row["environment"]) == (
        "web-1",
        "shop",
        "mira",
        "prod",
    )
    assert (row["monthly_cost"], row["currency"], row["title"]) == (100, "EUR", "Idle")
    assert (row["kg_co2e_saving"], row["m3_water_saving"]) == (2, Decimal("0.1"))
    assert json.loads(row["evidence"]) == {"cpu_p95_percent": 2.5, "days": 28}
    assert json.loads(row["change"])["cli"] == ["scw instance server get web"]


def test_what_it_saves_on_costs_and_emits_together():
    seen = world(resource("web"), resource("disk", 20, kg_co2e=Decimal(2)), resource("ip", None, kg_co2e=None))
    told = advice("idle", "web", "delete", 60, saves_on=frozenset({"web", "disk", "ip"}))
    (found,) = asked(seen, rule("idle", told)).advice
    assert (found.monthly_cost, found.kg_co2e_saving) == (120, 5)


def test_the_rule_knows_better_and_what_is_not_known_stays_unknown():
    seen = world(resource("web"), resource("new", None, currency=None, kg_co2e=None, m3_water=None))
    same_machine = advice("term", "web", "monthly", 10, kg_co2e_saving=Decimal(0), m3_water_saving=Decimal(0))
    known, unknown = asked(seen, rule("term", same_machine, advice("term", "new", "grow", -5))).advice[::-1]
    assert (known.kg_co2e_saving, known.m3_water_saving) == (0, 0)
    assert (unknown.monthly_cost, unknown.kg_co2e_saving, unknown.currency) == (None, None, None)


def test_protected_things_are_spared_also_where_only_a_part_is_protected():
    seen = world(resource("web"), resource("disk", 20, tags=("legal-hold=2031-12",)))
    whole = advice("idle", "web", "delete", 60, saves_on=frozenset({"web", "disk"}))
    answers = asked(seen, rule("idle", whole), protected=("legal-hold",))
    assert answers.advice == ()
    (spared,) = answers.spared
    assert (spared.protected_id, spared.tag) == ("disk", "legal-hold=2031-12")
    kept = asked(seen, rule("idle", whole, spares_protected=False), protected=("legal-hold",))
    assert len(kept.advice) == 1


@pytest.mark.parametrize(
    ("pattern", "tag", "is_meant"),
    [
        ("role=dr-*", "role=dr-replica", True),
        ("role=dr-*", "Role:DR-copy", True),
        ("role:dr-replica", "role=dr-replica", True),
        ("role=dr-*", "role=primary", False),
        ("legal-hold", "legal-hold", True),
        ("legal-hold", "legal-hold=2031-12", True),
        ("legal-hold", "legal-hold=false", False),
        ("legal-hold", "no-legal-hold", False),
        ("finops:keep", "finops:keep", True),
        ("finops:keep", "finops=keep", True),
        ("finops:keep", "finops:keep=true", True),
        ("finops:keep", "finops:keep=no", False),
        ("keep", "keeper=web", False),
    ],
)
def test_tags_are_met_as_key_and_value_with_either_sign_or_bare(pattern, tag, is_meant):
    assert protecting_tag(["env=prod", tag], [pattern]) == (tag if is_meant else None)


def test_answers_come_in_one_order_and_are_counted():
    told = [
        advice("idle", "web", "delete"),
        Unjudged("idle", "b", "no metrics"),
        NothingToDo("idle", "c"),
        advice("idle", "a", "delete"),
    ]
    seen = world(*(resource(name) for name in ("a", "b", "c", "web")))
    answers = asked(seen, rule("idle", *told))
    assert [each.recommendation.resource_id for each in answers.advice] == ["a", "web"]
    assert ([each.resource_id for each in answers.unjudged], answers.nothing) == (["b"], 1)
    assert asked(seen, rule("idle", *reversed(told))) == answers


def test_a_rule_whose_measurements_hold_nothing_is_silent_and_prices_are_no_measurements():
    some, none = pa.table({"x": [1]}), pa.table({"x": pa.nulls(0)})
    seen = world(tables={"gold.load": none, "silver.offers": some, "silver.facts": none})
    rules = [
        rule("measured", reads=("gold.load", "silver.offers")),
        rule("priced", reads=("silver.offers",)),
        rule("facts", reads=("silver.facts",)),
        rule("plain"),
    ]
    answers = ask(seen, rules, Policy())
    assert (answers.silent_rules, answers.judged_rules) == ({"measured", "facts"}, {"priced", "plain"})


def test_a_rule_is_as_cautious_as_it_was_set():
    def judge(world, thresholds):
        yield advice("idle", "web", "delete", thresholds.least_saving)

    cautious = ask(world(), [rule("idle", judge=judge)], Policy((), {"idle": Thresholds(least_saving=Decimal(9))}))
    assert cautious.advice[0].recommendation.monthly_saving == 9


def test_two_answers_of_one_identity_are_refused():
    with pytest.raises(ValueError, match="idle answers twice for web and delete"):
        asked(world(), rule("idle", advice("idle", "web", "delete"), advice("idle", "web", "delete", 2)))


def test_evidence_that_is_no_number_is_refused():
    (found,) = asked(world(), rule("idle", advice("idle", "web", "delete", evidence={"p95": float("nan")}))).advice
    with pytest.raises(ValueError, match="JSON compliant"):
        content_row(found)
