"""What would change, asked of a lake that was really read: exact sums, nothing twice, nothing written."""

import json
from decimal import Decimal

import pytest


@pytest.fixture
def ask(small, finops_at, tmp_path):
    """The answer as JSON, amounts as exact numbers."""
    finops = finops_at(tmp_path, FINOPS_STATE=str(tmp_path), FINOPS_LAKE=str(small.lake))

    def run(*words):
        ran = finops("what-if", *words, "--json")
        assert ran.code == 0, ran.err
        return json.loads(ran.out, parse_float=Decimal)

    run.finops = finops
    return run


def numbers(told):
    return {name: Decimal(str(value)) for name, value in told.items()}


def test_a_price_changes_the_month_by_exactly_its_share_of_it(ask, small):
    told = ask("--price", "/compute/*=+10%")
    assert told["baseline_month"] == "2026-06"
    computed = small.view.one(
        "select sum(billed_cost) from silver.costs where billing_month = '2026-06' and sku like '/compute/%'"
    )
    days = Decimal(31) / 30  # of July or August, at June's use of each day
    assert abs(Decimal(str(told["change"])) - computed * days / 10) < Decimal("1e-10")
    assert numbers(told["shares"]) == {"price /compute/*=+10%": Decimal(str(told["change"]))}


def test_together_is_less_than_one_by_one_and_shares_are_all_of_it(ask):
    words = ("--price", "/compute/*=+10%", "--schedule", "/compute/*=20-7", "--traffic", "requests=+50%")
    told = ask(*words)
    change = Decimal(str(told["change"]))
    shares, alone = numbers(told["shares"]), numbers(told["alone"])
    assert sum(shares.values()) == change
    assert sum(alone.values()) + Decimal(str(told["interaction"])) == change
    assert Decimal(str(told["interaction"])) < 0  # the higher price is not paid for hours that are off
    assert ask(*reversed(_pairs(words)))["shares"] == told["shares"]
    for line in told["lines"]:
        assert sum(numbers(line["shares"]).values()) == Decimal(str(line["after"])) - Decimal(str(line["before"]))


def _pairs(words):
    """Reversed later, so each option stands before its value again."""
    return [word for pair in zip(words[1::2], words[::2], strict=True) for word in pair]


def test_a_key_figure_begins_at_what_gold_says_and_more_requests_make_it_cheaper(ask, small):
    told = ask("--traffic", "requests=+50%")
    known = small.rows(
        "select product, unit_cost from gold.cost_per_request where period = 'month' and billing_month = '2026-06' "
        "and environment = 'prod' and unit_cost is not null"
    )
    found = {kpi["name"].rpartition(" ")[2]: kpi for kpi in told["kpis"]}
    assert found.keys() == {row["product"] for row in known} != set()
    for row in known:
        kpi = found[row["product"]]
        assert abs(Decimal(str(kpi["before"])) - row["unit_cost"]) < Decimal("1e-9")
        assert Decimal(str(kpi["after"])) < Decimal(str(kpi["before"]))


def test_forecast_and_budget_move_by_the_same_days_to_come(ask, small):
    told = ask("--price", "*=+10%")
    periods = {each["period"]: each for each in told["forecasts"]}
    assert set(periods) == {"month_end", "next_month", "next_quarter"}
    said = small.rows(
        "select period, expected_cost from gold.forecasts where level = 'organization' "
        "and made_on = (select max(made_on) from gold.forecasts)"
    )
    for row in said:
        assert Decimal(str(periods[row["period"]]["before"]["expected"])) == row["expected_cost"]
    moved = {name: _moved(each) for name, each in periods.items()}
    assert 0 < moved["month_end"] < moved["next_month"] < moved["next_quarter"]
    budgets = {each["budget"]: each for each in told["budgets"] if each["amount"] is not None}
    assert budgets
    for budget in budgets.values():
        left = Decimal(str(budget["left_before"])) - Decimal(str(budget["left_after"]))
        assert 0 <= left <= moved["month_end"]


def _moved(period):
    return Decimal(str(period["after"]["expected"])) - Decimal(str(period["before"]["expected"]))


def test_what_cannot_be_changed_is_said_and_words_are_a_table(ask):
    told = ask("--schedule", "/storage/*=20-7", "--price", "/nothing/*=+5%")
    reasons = {note["scenario"].partition(" ")[0]: note["reason"] for note in told["notes"]}
    assert reasons["price"] == "it fits no line of its days"
    assert "which this does not change" in reasons["schedule"]
    assert told["change"] == 0 or Decimal(str(told["change"])) == 0
    ran = ask.finops("what-if", "--price", "/compute/*=+5%")
    assert ran.code == 0
    assert "Cost of the month: " in ran.out
    assert "Key figures" in ran.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "no scenario is given; write one such as --price '/compute/*=+5%', or --file FILE"),
        (("--price", "/compute/*=more"), "--price '/compute/*=more' is not understood"),
        (("--size", "/compute/*=/no/sku"), "SKU '/no/sku' has no list price now"),
        (("--price", "*=+1%", "--since", "soon"), "--since 'soon' is not a day"),
        (("--price", "*=+1%", "--currency", "XXX"), "currency 'XXX' has no charges in 2026-06; it has EUR"),
        (("--price", "*=+1%", "--price", "*=+1%"), "two scenarios are named 'price *=+1%'"),
    ],
)
def test_an_error_names_value_and_remedy_and_exits_with_2(ask, words, complaint):
    ran = ask.finops("what-if", *words)
    assert ran.code == 2
    assert complaint in ran.complaint


def test_the_lake_is_only_read(ask, small):
    before = small.view.versions()
    ask("--price", "*=+1%")
    assert small.view.versions() == before
