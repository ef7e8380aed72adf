from decimal import Decimal

import pytest
from babel.numbers import parse_decimal
from hypothesis import given
from hypothesis import strategies as st

from pipelines.reporting.folding import cents_adding_up, shortened
from pipelines.reporting.money import MoneyFormat, arrow, is_flat, percent, total

EUROS = MoneyFormat("EUR")
FRENCH = MoneyFormat("EUR", "fr_FR")
amounts = st.decimals(min_value=-(10**24), max_value=10**24, places=12)


@pytest.mark.parametrize(
    ("money", "amount", "shown"),
    [
        (EUROS, "1234567.895", "€1,234,567.90"),
        (FRENCH, "1234567.894", "1\xa0234\xa0567,89\xa0€"),
        (EUROS, "-0.004", "€0.00"),
        (EUROS, "-3.1", "−€3.10"),
        (MoneyFormat("JPY"), "1234.6", "JP¥1,235"),
    ],
)
def test_an_amount_is_written_as_its_locale_and_currency_ask(money, amount, shown):
    assert money.exact(Decimal(amount)) == shown


@given(amount=amounts, locale=st.sampled_from(["en_IE", "fr_FR", "de_DE"]))
def test_no_cent_is_lost_between_an_amount_and_what_is_shown(amount, locale):
    money = MoneyFormat("EUR", locale)
    shown = money.exact(amount)
    read = parse_decimal(shown.replace("€", "").replace("−", "").strip("\xa0"), locale=locale)
    assert (-read if shown.startswith("−") else read) == money.rounded(amount)
    assert abs(money.rounded(amount) - amount) <= Decimal("0.005")
    assert " " not in shown
    assert "\u202f" not in shown


def test_headlines_drop_cents_from_a_thousand_on():
    assert EUROS.headline(Decimal("999.99")) == "€999.99"
    assert EUROS.headline(Decimal("999.996")) == "€1,000"
    assert FRENCH.headline(Decimal("28412.51")) == "28\xa0413\xa0€"


def test_a_change_carries_sign_and_percentage_and_none_on_a_tiny_base():
    assert EUROS.change(Decimal(2810), Decimal(45322)) == "+€2,810 (+6.2%)"
    assert FRENCH.change(Decimal(-2810), Decimal(45322)) == "−2\xa0810\xa0€ (−6,2\xa0%)"
    assert EUROS.change(Decimal(12), Decimal(0)) == "+€12.00 (new)"
    assert EUROS.change(Decimal(12), Decimal("0.4")) == "+€12.00 (—)"
    assert EUROS.change(Decimal(12), Decimal(-40)) == "+€12.00 (—)"
    assert EUROS.change(None, Decimal(1)) == "—"


def test_unit_costs_have_three_significant_digits_and_their_unit():
    assert EUROS.unit_cost(Decimal("0.00412345"), "GB") == "€0.00412 per GB"
    assert EUROS.unit_cost(Decimal("0.9996"), "job") == "€1.00 per job"
    assert EUROS.unit_cost(Decimal("1234.5"), "deploy") == "€1,230 per deploy"


def test_percentages_and_directions():
    assert percent(Decimal("-0.0004")) == "0.0%"
    assert percent(Decimal(12), plus=True) == "+1,200%"
    assert percent(None) == "—"
    assert is_flat(Decimal("-0.05"))
    assert not is_flat(Decimal("0.0501"))
    assert [arrow(Decimal(n)) for n in (1, -1, 0)] == ["▲", "▼", "="]


@given(st.lists(amounts, min_size=1, max_size=12))
def test_parts_in_cents_add_up_to_the_whole_in_cents(parts):
    whole = total(parts)
    cents = cents_adding_up(parts, whole, EUROS)
    assert total(cents) == EUROS.rounded(whole)
    assert all(abs(cent - part) < Decimal("0.015") for cent, part in zip(cents, parts, strict=True))
    assert all(cent == 0 for cent, part in zip(cents, parts, strict=True) if part == 0)


def test_long_names_lose_their_middle():
    assert shortened("analytics-warehouse-for-reporting", 15) == "analyti…porting"
    assert shortened("short", 15) == "short"
