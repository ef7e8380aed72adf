"""A slice of the made-up charges: each is on one day and in one month, to the nano, and restatements touch theirs."""

from benchmarks.money_and_time import rehearsed


def test_every_charge_is_on_one_day_in_one_month_in_its_own_currency():
    counts = rehearsed(charges=150, seed=7, months=1)
    assert [(each.name, each.wrong[:2]) for each in counts if each.wrong] == []
    assert counts[0].cases == 150
    assert {key for each in counts if "billing_currency" in each.name for key in [each.cases]} == {2}
