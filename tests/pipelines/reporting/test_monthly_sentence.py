from decimal import Decimal

import pytest

from pipelines.reporting.money import MoneyFormat
from pipelines.reporting.monthly_rows import MoverRow
from pipelines.reporting.sentence import headline_sentence

EUROS = MoneyFormat("EUR")
TABLES = ("gold.daily_costs", "gold.top_spenders", "gold.tag_coverage", "gold.reconciliation")


@pytest.fixture
def sentence(build, summary_of):
    """The sentence for a month of so much, after one of so much, moved by so much per project."""

    def write(now, days=31, before=None, before_days=30, moved=None, month="2026-10", previous="2026-09", **changes):
        pair = None if before is None else (Decimal(before), before_days)
        summaries = [summary_of(month, Decimal(now), days, pair, **changes)]
        if pair:
            summaries.insert(0, summary_of(previous, *pair, None))
        zero = dict.fromkeys([name for name in MoverRow.__dataclass_fields__ if "effect" in name], Decimal(0))
        movers = [
            zero | {
                "billing_month": month, "project_id": name, "project_name": name, "product": "", "sku": "s",
                "service_name": "x",
                "owner": None, "billing_currency": "EUR", "previous_cost": Decimal(0), "billed_cost": Decimal(part),
                "delta_cost": Decimal(part), "volume_effect": Decimal(part), "days": days, "previous_days": before_days,
                "delta_cost_per_day": Decimal(part) / days, "reason": None,
            }
            for name, part in (moved or {}).items()
        ]  # fmt: skip
        rows = {"gold.monthly_summary": summaries, "gold.total_bridge": movers}
        return headline_sentence(build(rows, month=month), EUROS)

    return write


def test_an_increase_names_size_day_length_and_the_two_projects_behind_it(sentence):
    assert sentence("28400", before="26000", moved={"ml": 1200, "shop": 576, "rest": 624}) == (
        "You spent €28,400 in October 2026, €2,400 more than in September (+9.2%). "
        "Per day it is +5.7%, since October has a day more. ml and rest explain 76% of the increase."
    )


def test_a_decrease_says_less_and_a_small_second_project_is_not_named(sentence):
    text = sentence("20000", before="25000", moved={"ml": -4700, "shop": -300})
    assert text.startswith("You spent €20,000 in October 2026, €5,000 less than in September (−20.0%).")
    assert text.endswith("ml explains 94% of the decrease.")


def test_a_project_that_moved_more_than_the_whole_is_not_given_more_than_all_of_it(sentence):
    text = sentence("28000", before="25000", moved={"ml": 4000, "shop": -1000})
    assert text.endswith("ml rose by €4,000, more than the whole increase; others fell.")
    text = sentence("22000", before="25000", moved={"ml": -4000, "shop": 1000})
    assert text.endswith("ml fell by €4,000, more than the whole decrease; others rose.")


def test_a_flat_month_is_called_about_the_same_and_is_not_explained(sentence):
    assert sentence("26900", before="26000", moved={"ml": 900}) == (
        "You spent €26,900 in October 2026, about the same as in September (+€900.00, +3.5%). "
        "Per day it is +0.1%, since October has a day more."
    )


def test_the_length_of_the_month_is_not_mentioned_where_it_says_nothing(sentence):
    text = sentence("30000", month="2026-08", previous="2026-07", before="20000", before_days=31, moved={"ml": 10000})
    assert "er day" not in text
    assert text.endswith("ml explains 100% of the increase.")


def test_a_day_that_costs_the_same_is_said_to(sentence):
    assert "Per day it is the same, since October has a day more." in sentence("31000", before="30000")


def test_another_year_and_a_shorter_month_are_said(sentence):
    text = sentence("2800", days=28, month="2027-02", previous="2027-01", before="3100", before_days=31)
    assert "since February has 3 days fewer" in text
    text = sentence("3100", month="2027-01", previous="2026-12", before="2000", before_days=31)
    assert "more than in December 2026" in text


def test_a_month_with_few_charged_days_says_so_instead_of_blaming_the_calendar(sentence):
    text = sentence("3000", before="1000", before_days=12)
    assert "since October has 31 days with charges and September 12" in text


def test_a_first_month_has_nothing_to_compare_with(sentence):
    text = sentence("28412.40")
    assert text == (
        "You spent €28,412 in October 2026; there is no month before it to compare with. That is €916.53 per day."
    )
    assert sentence("0") == "Nothing was charged in October 2026."


def test_an_open_month_is_compared_per_day_only(sentence):
    changes = {"is_complete": False, "is_final": False, "invoice_state": None}
    text = sentence("17000", days=17, before="15300", before_days=17, month="2026-11", previous="2026-10", **changes)
    assert text == (
        "You spent €17,000 in November 2026 so far (month to date, 17 of 30 days). "
        "That is €1,000 per day, €100.00 more than in the first 17 days of October (+11.1%)."
    )
    text = sentence("15300", days=17, before="15300", before_days=17, month="2026-11", previous="2026-10", **changes)
    assert text.endswith("That is €900.00 per day, about the same as in the first 17 days of October (0.0%).")


def test_credits_and_months_from_nothing_keep_their_grammar(sentence):
    assert sentence("-310", before="2000", moved={"ml": -2310}).startswith(
        "Credits exceeded charges in October 2026: the month comes to −€310.00, "
        "€2,310 less than in September (−115.5%)."
    )
    assert "€2,310 more than in September." in sentence("2310", before="0")
    assert "exactly as much as in September." in sentence("100", before="100")
