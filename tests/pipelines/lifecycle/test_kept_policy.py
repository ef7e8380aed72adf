"""Lifecycle policies as code: read, compared with rules in place, and kept without touching exceptions."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.lifecycle.kept_policy import (
    WORDS,
    Kept,
    brought,
    differences,
    illegal,
    in_place,
    kept_policy,
    policy_for,
    words,
)
from pipelines.lifecycle.limits import limits_of, problems
from pipelines.lifecycle.rules import DISABLED, LifecycleRule, Transition, parse_rules, written

PARIS = limits_of("fr-par", date(2026, 11, 18))
RULES = parse_rules(
    '[{"ID": "all", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 365}},'
    ' {"ID": "tmp", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}},'
    ' {"ID": "off", "Status": "Disabled", "Filter": {}, "Expiration": {"Days": 1}}]'
)


def test_a_line_is_a_pattern_and_ages():
    assert kept_policy("*-logs: abort=7 expire=90") == Kept("*-logs", {"expire": 90, "abort": 7})
    policies = [kept_policy("pay-*: expire=400"), kept_policy("*: abort=7")]
    assert (policy_for("pay-x", policies), policy_for("Pay-x", policies)) == (policies[0], policies[1])
    assert policy_for("a", policies[:1]) is None


@pytest.mark.parametrize(
    "line",
    ["", "logs", "logs:", ": expire=9", "l: expire", "l: expire=x", "l: expire=0", "l: keep=9", "l: abort=7 abort=8"],
)
def test_a_line_that_is_no_policy_says_what_is_wrong(line):
    with pytest.raises(ValueError, match="="):
        kept_policy(line)


def test_rules_for_parts_and_rules_that_are_off_are_not_the_policy():
    assert in_place(RULES) == {"expire": 365}
    assert differences({"expire": 90, "abort": 7}, RULES) == {"expire": (90, 365), "abort": (7, None)}
    made = brought(RULES, {"expire": 90, "abort": 7})
    assert made[1:3] == RULES[1:]
    assert (made[0], made[3].rule_id, made[3].abort_days) == (replace(RULES[0], expire_days=90), "policy", 7)


def test_a_policy_that_is_not_legal_says_why():
    assert illegal({"glacier": 90}, PARIS) == []
    assert "least" in illegal({"glacier": 10}, PARIS)[0]
    assert "does not move" in illegal({"glacier": 180}, limits_of("pl-waw", date(2026, 11, 18)))[0]


wanted = st.dictionaries(st.sampled_from(WORDS), st.integers(1, 900), min_size=1)


@st.composite
def rule_lists(draw):
    made = []
    for number in range(draw(st.integers(0, 4))):
        moves = draw(st.lists(st.sampled_from(["ONEZONE_IA", "GLACIER"]), unique=True))
        made.append(
            LifecycleRule(
                draw(st.sampled_from([f"r{number}", None, "policy"])),
                draw(st.sampled_from(["Enabled", DISABLED])),
                prefix=draw(st.sampled_from(["", "logs/"])),
                transitions=tuple(Transition(name, draw(st.integers(1, 400))) for name in moves),
                expire_days=draw(st.none() | st.integers(1, 900)),
                abort_days=draw(st.none() | st.integers(1, 30)),
            )
        )
    return tuple(made)


@settings(max_examples=100)
@given(rules=rule_lists(), days=wanted)
def test_rules_that_are_brought_to_a_policy_keep_it_and_lose_nothing_else(rules, days):
    made = brought(rules, days)
    assert differences(days, made) == {}
    assert brought(made, days) == made
    assert parse_rules(written(made)["Rules"]) == made
    for before, after in zip(rules, made, strict=False):
        if before.prefix or not before.is_enabled:
            assert before == after
    assert {word: age for word, age in in_place(rules).items() if word not in days}.items() <= in_place(made).items()
    assert words(days).count("=") == len(days)


@settings(max_examples=50)
@given(days=wanted)
def test_a_legal_policy_makes_legal_rules(days):
    if not illegal(days, PARIS):
        assert not [problem for rule in brought((), days) for problem in problems(rule, PARIS)]
