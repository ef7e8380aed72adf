"""What is likely to be needed is worth less to delete; hints, age and environment all point the right way."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import Level
from pipelines.recommendations.regret import (
    REPLACING,
    RESTORING,
    is_passing,
    probability_needed,
    risk_of,
    worth_of_a_year,
)
from pipelines.recommendations.world import Resource

D = Decimal


def thing(name="disk", environment="dev", tags=()):
    unknown = (
        *("resource_class", "resource_state", "project_id", "project_name", "region_id", "availability_zone"),
        *("owner", "team", "created_at", "parent_id", "monthly_cost", "currency"),
    )
    nothing = dict.fromkeys(unknown)
    return Resource(
        resource_id="it",
        resource_name=name,
        resource_type="block_volume",
        environment=environment,
        tags=tags,
        costs={},
        **nothing,
    )


def test_production_and_names_of_backups_are_more_likely_to_be_needed_than_what_was_made_for_a_while():
    chances = [
        probability_needed(thing(name, environment), 30)
        for name, environment in [("tmp-disk", "sandbox"), ("disk", "dev"), ("disk", None), ("disk-backup", "prod")]
    ]
    assert chances == sorted(chances)
    assert 0 < chances[0] < chances[-1] < 1


def test_a_tag_hints_as_a_name_does_and_a_copy_for_disasters_is_not_for_a_while():
    assert probability_needed(thing(tags=("role=dr-copy",)), 30) > probability_needed(thing(), 30)
    assert is_passing(thing("before-migration-02"))
    assert not is_passing(thing("before-migration-backup"))
    assert not is_passing(thing("preprod-db"))
    assert not is_passing(thing("attempts"))


@settings(max_examples=50, deadline=None)
@given(first=st.integers(0, 2000), more=st.integers(0, 2000))
def test_the_longer_nothing_used_it_the_less_likely_it_is_needed(first, more):
    assert probability_needed(thing(), first + more) <= probability_needed(thing(), first)
    assert probability_needed(thing(), None) == probability_needed(thing(), 0)


@settings(max_examples=50, deadline=None)
@given(saving=st.decimals(0, 1000, places=2), low=st.floats(0, 1), high=st.floats(0, 1))
def test_expected_worth_falls_with_the_chance_and_with_the_loss(saving, low, high):
    low, high = sorted((low, high))
    assert worth_of_a_year(saving, D(0), high, RESTORING) <= worth_of_a_year(saving, D(0), low, RESTORING)
    assert worth_of_a_year(saving, D(0), high, REPLACING) <= worth_of_a_year(saving, D(0), high, RESTORING)


def test_a_year_is_twelve_months_less_what_is_paid_once_and_what_may_be_lost():
    assert worth_of_a_year(D(10), D(15), 0.0, REPLACING) == 105
    assert worth_of_a_year(D(10), D(15), 0.5, RESTORING) == 90 - 15 - 50


def test_what_cannot_be_brought_back_is_never_of_low_risk():
    assert risk_of(0.01, RESTORING) is Level.low
    assert risk_of(0.01, REPLACING) is Level.medium
    assert risk_of(0.4, RESTORING) is Level.high
