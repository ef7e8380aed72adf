"""The causes of a month's change add up to the cent, and a closed month says what became another figure."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pipelines.reporting.money import MoneyFormat
from pipelines.reporting.monthly import render_monthly
from pipelines.reporting.monthly_causes import MEANINGS, causes_chart, causes_table
from pipelines.reporting.monthly_closing import ClosedMonth, RestatedRow, closed_note

EUROS = MoneyFormat("EUR")
CAUSES = ("price", "volume", "mix", "efficiency", "new", "gone", "not_separable")
PARTS = st.lists(
    st.tuples(*[st.decimals(min_value=-(10**6), max_value=10**6, places=6)] * len(CAUSES)), min_size=1, max_size=12
)


def cents(text):
    digits = re.sub(r"[^\d.−]", "", text).replace("−", "-")
    return Decimal(digits) if digits else Decimal(0)


REPORT: list = []


def report_of(build, rows, effects, unexplained):
    """A report whose movers have these effects, and whose change is theirs and something that no mover has."""
    if not REPORT:
        REPORT.append(build(rows))
    movers = []
    for number, parts in enumerate(effects):
        named = {f"{cause}_effect": part for cause, part in zip(CAUSES, parts, strict=True)}
        named |= {f"{name}_per_day": part / 31 for name, part in named.items()}
        movers.append(replace(REPORT[0].movers[0], sku=str(number), delta_cost=sum(parts, Decimal(0)), **named))
    whole = sum((row.delta_cost for row in movers), unexplained)
    return replace(REPORT[0], movers=tuple(movers), summary=replace(REPORT[0].summary, delta_cost=whole))


def test_causes_add_up_to_the_change_to_the_cent_and_other_takes_up_the_rest(rows, build):
    @given(PARTS, st.decimals(min_value=-1000, max_value=1000, places=6))
    def holds(effects, unexplained):
        report = report_of(build, rows, effects, unexplained)
        *lines, whole = causes_table(report, EUROS).lines
        assert sum(cents(line.cells[1].text) for line in lines) == cents(whole.cells[1].text)
        assert cents(whole.cells[1].text) == EUROS.rounded(report.summary.delta_cost)
        assert [line.cells[0].text for line in lines] == [
            name for name in MEANINGS if name in {line.cells[0].text for line in lines}
        ]

    holds()


def test_the_title_names_the_largest_causes_and_other_says_why(rows, build):
    report = build(rows)
    chart = causes_chart(report, EUROS)
    assert chart.title.replace("\u2060", "") == "October against September: mostly volume +€1,371 and new +€412.80"
    other = next(line for line in chart.table.lines if line.cells[0].text == "Other")
    assert other.cells[0].note == "neither quantity nor unit price (2)"


def restated(figure, closed, present, unit="EUR", **changes):
    row = RestatedRow(
        "2026-10", figure, "", "EUR", unit, Decimal(closed), Decimal(present), Decimal(present) - Decimal(closed),
        "answers, silver.costs", datetime(2026, 11, 20, 6, tzinfo=UTC),
    )  # fmt: skip
    return replace(row, **changes)


def closed(*rows, **changes):
    return ClosedMonth(datetime(2026, 11, 5, 7, tzinfo=UTC), False, "abcdef0123456789", rows, **changes)


def test_a_closed_month_without_differences_says_so():
    note = closed_note(closed(), EUROS)
    assert note.closed == "On 2026-11-05 07:00 UTC; these are the closed figures. Manifest abcdef012345."
    assert note.difference == "No figure differs from it since."
    assert note.table is None
    assert closed_note(None, EUROS) is None


def test_what_became_another_figure_is_a_sentence_and_a_line_each_the_months_cost_first():
    rows = [
        restated("cost of a service", 5, 100),
        restated("billed cost", 1000, 990),
        restated("kpi", "0.5", "0.4", "GB"),
    ]
    note = closed_note(closed(*rows, restated("billed cost", 1, 2, billing_currency="USD")), EUROS)
    assert note.difference == (
        "Restated since: the month's cost by −€10.00 to €990.00, and 2 figures beside it. First seen 2026-11-20."
    )
    shown = [[cell.text for cell in line.cells] for line in note.table.lines]
    assert shown == [
        ["Billed cost", "€1,000.00", "€990.00", "−€10.00", "2026-11-20"],
        ["Cost of a service", "€5.00", "€100.00", "+€95.00", "2026-11-20"],
        ["Kpi", "0.5", "0.4", "-0.1", "2026-11-20"],
    ]


def test_tables_that_were_tidied_away_are_not_passed_off_as_the_closed_ones():
    assert "present figures" in closed_note(closed(shows_closed=False), EUROS).closed


def test_the_page_of_a_closed_month_shows_both(rows, build):
    page = render_monthly(build(rows, closing=closed(restated("billed cost", 1000, 990))))
    assert "Since the month was closed" in page
    assert "these are the closed figures" in page
