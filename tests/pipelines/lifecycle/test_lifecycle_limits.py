"""What Object Storage allows, by region and day, and what it would refuse."""

from datetime import date

import pytest

from pipelines.lifecycle.limits import limits_of, problems
from pipelines.lifecycle.rules import LifecycleRule, Transition

PARIS = limits_of("fr-par", date(2026, 11, 18))


def rule(*moves, **more):
    return LifecycleRule("it", "Enabled", prefix="", transitions=tuple(Transition(*move) for move in moves), **more)


def test_ages_hold_from_their_day_on():
    assert dict(PARIS.minimum_days) == {"ONEZONE_IA": 30, "GLACIER": 90}
    assert limits_of("fr-par", date(2026, 3, 31)).minimum_days["GLACIER"] == 1
    assert limits_of("fr-par", date(2026, 4, 1)).minimum_days["GLACIER"] == 90


def test_a_region_nobody_described_moves_nothing():
    unknown = limits_of("xx-new", date(2026, 11, 18))
    assert unknown.classes == ("STANDARD",)
    assert not unknown.allows("STANDARD", "GLACIER")


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (rule(("GLACIER", 89)), ["it moves to GLACIER after 89 days; 90 are the least"]),
        (rule(("ONEZONE_IA", 29)), ["it moves to ONEZONE_IA after 29 days; 30 are the least"]),
        (rule(("GLACIER", 100), ("ONEZONE_IA", 200)), ["fr-par does not move GLACIER to ONEZONE_IA"]),
        (rule(("STANDARD", 100)), ["fr-par does not move STANDARD to STANDARD"]),
        (rule(("ONEZONE_IA", 90), ("GLACIER", 90)), ["it moves twice after 90 days"]),
        (rule(("GLACIER", 90), expire_days=90), ["it moves after 90 days what is deleted after 90"]),
        (rule(("GLACIER", None)), ["it moves on a date, not at an age"]),
        (rule(abort_days=0), ["it acts after 0 days; one day is the least"]),
        (rule(), ["it does nothing"]),
        (LifecycleRule("x" * 256, "Enabled", abort_days=7), ["its ID is longer than 255 characters"]),
        (rule(("ONEZONE_IA", 30), ("GLACIER", 90), expire_days=365), []),
    ],
)
def test_what_would_be_refused_is_said(told, says):
    assert problems(told, PARIS) == says


def test_warsaw_has_no_archive():
    assert problems(rule(("GLACIER", 365)), limits_of("pl-waw", date(2026, 11, 18))) == [
        "pl-waw does not move STANDARD to GLACIER"
    ]
