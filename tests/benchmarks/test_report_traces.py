"""The program that traces the report reads figures as they are shown, and finds what is not what it claims to be."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.report_claims import claim_of
from benchmarks.report_figures import number_of, parts_of, says
from benchmarks.report_traces import Judge, Shown
from pipelines.reporting.display import Cell, Column, Command, Line, Table
from pipelines.reporting.kpi_words import three_digits
from pipelines.reporting.money import MoneyFormat, percent

MONEY = MoneyFormat("EUR", "en")
AMOUNTS = st.decimals(-(10**7), 10**7, places=4, allow_nan=False)


@settings(max_examples=60)
@given(AMOUNTS)
def test_an_amount_says_itself_and_not_another_cent(amount):
    for text in (MONEY.exact(amount), MONEY.signed(amount)):
        assert says(text, amount)
        assert not says(text, amount + Decimal("0.011"))
        assert says(text, amount + Decimal("0.009"), moved=1)
        assert not says(text, amount - Decimal("0.021"), moved=1)


@settings(max_examples=60)
@given(st.decimals(-5, 5, places=5, allow_nan=False))
def test_a_share_says_itself_to_the_digit_shown(share):
    assert says(percent(share, "en", plus=True), share)
    assert not says(percent(share, "en"), share + Decimal("0.0011"))
    assert says(three_digits(share, "en"), share)


def test_other_words_say_their_numbers():
    assert says("12.8M", Decimal(12_845_000))
    assert says("1.08bn", Decimal(1_084_000_000))
    assert says("−1.2\xa0pp", Decimal("-0.0124"))
    assert says("444 M samples", Decimal("444.1"))
    assert says("€4,890", Decimal("4891.6"))
    assert says("<1%", Decimal("0.004"))
    assert not says("<1%", Decimal("0.02"))
    assert says("31 October 2026", date(2026, 10, 31))
    assert not says("€0.00", None)
    assert number_of("no number") is None
    assert parts_of("175 of 350") == ["175", "350"]


def table_of(*amounts, total, fold):
    lines = [Line((Cell("part"), Cell(amount), Cell(""))) for amount in amounts]
    ends = (
        Line((Cell("… and 2 more"), Cell(fold), Cell("25.0%")), kind="fold"),
        Line((Cell("Total"), Cell(total)), kind="total"),
    )
    columns = (Column("What", numeric=False), Column("Cost"), Column("Share"))
    return Table("any", "", columns, (*lines, *ends))


@pytest.mark.parametrize(("fold", "is_right"), [("€1.10", True), ("€1.11", False)])
def test_a_rest_is_what_the_rows_above_leave_of_the_total(fold, is_right):
    table = table_of("€1.10", "€2.20", total="€4.40", fold=fold)
    line = table.lines[2]
    judge = Judge(None, "2026-10", date(2026, 11, 18))
    shown = Shown("any", "rest", fold, Command("finops recommendations"), "rest", table, line, 1)
    assert (judge.judge(shown).kind == "rest") is is_right
    share = Shown("any", "share", "25.0%", Command("finops recommendations"), "part: Cost", table, line, 2)
    assert (judge.judge(share).kind == "rest") is is_right


def test_what_nobody_claims_or_leads_on_is_not_traced():
    judge = Judge(None, "2026-10", date(2026, 11, 18))
    assert judge.judge(Shown("any", "a", "1", Command("finops recommendations"), None)).reason
    assert judge.judge(Shown("any", "a", "1", None, "count(*)")).reason == "no command"


def test_a_claim_is_found_by_name_by_kind_and_by_column():
    assert claim_of("causes", "Change", "", "Volume") == "~sum(volume_effect)"
    assert claim_of("spenders", "Cost", "fold", "… and 2 more") == "rest"
    assert claim_of("idle-findings", "Saves a month", "", "Power it off") == "sum(monthly_saving)"
    assert claim_of("a new table", "Cost", "", "any") is None
