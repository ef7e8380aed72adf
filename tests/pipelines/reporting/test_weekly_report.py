"""The weekly review: what is new, still open and answered in a week, what moved, and the same sums everywhere."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.reporting.money import MoneyFormat
from pipelines.reporting.monthly_input import read_advice
from pipelines.reporting.monthly_rows import FailedCheck
from pipelines.reporting.weekly import render_weekly
from pipelines.reporting.weekly_advice import new_table, week_advice
from pipelines.reporting.weekly_facts import agenda
from pipelines.reporting.weekly_input import currencies_of_week, weekly_input
from pipelines.reporting.weekly_rows import WeekCostRow, week_anomalies
from pipelines.reporting.weekly_tables import movers_table, spenders_table
from pipelines.reporting.weeks import Week, last_complete_week, parse_week, week_of

D = Decimal
EUROS = MoneyFormat("EUR")
WEEK = Week(date(2026, 10, 19))
COSTS = [
    ("shop", "Instances", "team-shop", "700.10", "640"),
    ("shop", "Object Storage", "team-shop", "90.004", "100"),
    ("lab", "GPU Instances", None, "193.2", "0"),
    ("old", "Block Storage", None, "0", "12.5"),
    ("data", "Kapsule", "team-data", "300", "300"),
]


def cost(project, service, owner, now, before, currency="EUR"):
    amounts = {"billed_cost": D(now), "previous_cost": D(before), "delta_cost": D(now) - D(before)}
    return amounts | {
        "project_id": f"id-{project}", "project_name": project, "service_name": service, "owner": owner,
        "billing_currency": currency,
    }  # fmt: skip


@pytest.fixture
def week(anomaly_rows):
    """The week of 19 October, out of dict rows."""
    rows = {
        "gold.daily_costs": [cost(*each) for each in COSTS],
        "gold.data_freshness": [
            {"source": "billing charges", "last_answer_at": datetime(2026, 10, 27, 6, tzinfo=UTC),
             "data_until": date(2026, 10, 27), "answers": 12}
        ],
        **anomaly_rows,
    }  # fmt: skip

    def make(*, without=(), **changes):
        given = {table: held for table, held in rows.items() if table not in without}
        named = {
            "organization_name": "Example Organisation",
            "as_of": datetime(2026, 10, 27, 6, tzinfo=UTC),
            "product_version": "0.1.0",
            "charges_until": date(2026, 10, 27),
        }
        found = weekly_input(given, WEEK, "EUR", **named)
        return replace(found, **changes)

    return make


def words(page):
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", page[page.index("<body") :], flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("\u2060", "")


def cents(text):
    digits = re.sub(r"[^\d.−]", "", text).replace("−", "-")
    return D(digits) if digits else D(0)


def test_the_page_says_the_week_its_sum_and_what_moved_it(week):
    text = words(render_weekly(week()))
    assert "Weekly review, 2026-W43" in text
    assert "You spent €1,283 in the week of 19 to 25 October 2026, €230.80 more than in the week before" in text
    assert "Most of it: lab +€193.20 and shop +€50.10." in text
    assert "The review, 15 minutes" in text
    assert "1 new anomaly" in text


def test_the_agenda_is_of_fifteen_minutes_whatever_was_found(week):
    found = week_anomalies(week().anomalies, WEEK)
    for each in (found, replace(found, new=(), still_open=()), None):
        assert sum(step.minutes for step in agenda(each)) == 15
    assert "1 new anomaly: name the cause, an owner and a day" in [step.what for step in agenda(found)]


def test_every_link_of_the_page_leads_to_a_place_on_it(week):
    page = re.sub(r"<script.*?</script>", "", render_weekly(week()), flags=re.S)
    places = re.findall(r'href="#([^"]+)"', page)
    assert len(places) >= 6
    assert set(places) <= set(re.findall(r'id="([^"]+)"', page))
    assert not re.search(r'(?:src|href)="(?!#)', page)


def names(rows):
    return [row.anomaly_id for row in rows]


def test_anomalies_stand_once_new_open_from_before_answered_or_counted(week):
    found = week_anomalies(week().anomalies, WEEK)
    assert names(found.new) == ["a1"]
    assert names(found.still_open) == ["f6", "c3"]
    assert (names(found.answered), names(found.quiet)) == ([], [])
    later = week_anomalies(week().anomalies, Week(date(2026, 10, 26)))
    assert (names(later.new), names(later.still_open)) == (["b2"], ["f6", "a1", "c3"])
    earlier = week_anomalies(week().anomalies, Week(date(2026, 10, 5)))
    assert (names(earlier.new), names(earlier.answered), names(earlier.quiet)) == (["c3"], ["d4"], ["e5"])


def test_what_was_first_found_in_the_week_is_new_while_it_is_fresh(week, anomaly_rows):
    gap = next(row for row in anomaly_rows["gold.anomalies"] if row["anomaly_id"] == "c3")
    gap["first_judged_on"] = date(2026, 10, 22)
    assert "c3" not in names(week_anomalies(week().anomalies, WEEK).new)
    gap["last_day"] = date(2026, 10, 12)
    assert "c3" in names(week_anomalies(week().anomalies, WEEK).new)


@pytest.mark.parametrize(("state", "is_there"), [("closed", True), ("expected", True), ("explained", False)])
def test_what_a_person_answered_in_the_week_is_told_however_old(week, anomaly_rows, state, is_there):
    old = next(row for row in anomaly_rows["gold.anomalies"] if row["anomaly_id"] == "f6")
    old |= {"state": state, "state_since": date(2026, 10, 22), "is_actionable": False, "state_reason": "a reason"}
    found = week_anomalies(week().anomalies, WEEK)
    assert ("f6" in names(found.answered)) == is_there
    assert ("a reason" in words(render_weekly(week()))) == is_there
    old["state_since"] = date(2026, 10, 26)
    assert "f6" not in names(week_anomalies(week().anomalies, WEEK).answered)


def test_nothing_found_is_said_and_nothing_judged_too(week, anomaly_rows):
    anomaly_rows["gold.anomalies"].clear()
    text = words(render_weekly(week(anomalies=replace(week().anomalies, rows=()))))
    assert "Nothing unusual began in this week." in text
    assert "Nothing is open from before." in text
    assert "Nothing was explained, expected, closed or suppressed in this week." in text
    text = words(render_weekly(week(without=("gold.anomalies",))))
    assert "Nothing has been judged yet" in text


def test_a_week_that_still_runs_is_set_against_as_many_days(week):
    text = words(render_weekly(week(charges_until=date(2026, 10, 22))))
    assert "Week to date 3 of 7 days; charges still arrive." in text
    assert "more than in the first 3 days of the week before" in text


def test_a_refused_week_gives_the_check_and_no_figure(week):
    failed = FailedCheck("row_count_matches", "silver.costs", "12 of 300 charges are missing")
    text = words(render_weekly(week(checks_failed=(failed,))))
    assert "The report for 2026-W43 is held back" in text
    assert "12 of 300 charges are missing" in text
    assert "finops report weekly" in text
    assert "€" not in text
    warned = replace(failed, is_blocking=False)
    assert "row_count_matches on silver.costs" in words(render_weekly(week(checks_failed=(warned,))))


def test_a_flat_week_a_first_one_and_an_empty_one_say_so(week):
    row = week().costs[0]
    flat = replace(row, previous_cost=D(700), billed_cost=D(701), delta_cost=D(1))
    assert "about the same as in the week before (+€1.00, +0.1%)" in words(render_weekly(week(costs=(flat,))))
    first = replace(row, previous_cost=D(0), delta_cost=row.billed_cost)
    assert "there is nothing before it to compare with" in words(render_weekly(week(costs=(first,))))
    still = replace(row, previous_cost=row.billed_cost, delta_cost=D(0))
    assert "cost as much as in the week before" in words(render_weekly(week(costs=(still,))))


def test_currencies_stand_side_by_side_and_one_week_is_one_page(week):
    page = render_weekly([week(), week(currency="USD")])
    assert "You spent US$1,283" in words(page)
    identifiers = re.findall(r' id="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    with pytest.raises(UsageError, match="one organisation and one week"):
        render_weekly([week(), week(week=WEEK.before)])


def test_currencies_of_a_week_are_those_charged():
    rows = [cost("a", "b", None, "1", "0", currency) for currency in ("USD", "CHF", "EUR", "USD")]
    assert currencies_of_week({"gold.daily_costs": rows}) == ("EUR", "CHF", "USD")


def test_names_from_users_stay_text(week):
    hostile = "</script><script>alert(1)</script><img src=x>"
    rows = tuple(replace(row, project_name=hostile, service_name=hostile, owner=hostile) for row in week().costs)
    page = render_weekly(week(costs=rows))
    assert "<script>alert" not in page
    assert "<img" not in page


amounts = st.decimals(min_value=-(10**5), max_value=10**5, places=6)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 2), amounts, amounts), max_size=40))
def test_columns_add_up_to_the_cent_whatever_is_folded(given_rows):
    rows = tuple(
        WeekCostRow(f"p{project}", f"p{project}", f"s{service}", None, "EUR", now, before, now - before)
        for project, service, now, before in given_rows
    )
    report = replace(TEMPLATE[0], costs=rows)
    for table, columns, fixed in (
        (movers_table(report, EUROS), (2, 3, 4), 11),
        (spenders_table(report, EUROS), (2, 4), 12),
    ):
        if not table.lines:
            continue
        *lines, whole = table.lines
        for column in columns:
            assert sum(cents(line.cells[column].text) for line in lines) == cents(whole.cells[column].text)
        assert len(lines) <= fixed
    assert report.cost - report.previous_cost == report.delta_cost


TEMPLATE: list = []


@pytest.fixture(autouse=True)
def _template(week):
    if not TEMPLATE:
        TEMPLATE.append(week())


@settings(deadline=None, max_examples=50)
@given(st.dates(date(2001, 1, 1), date(2098, 12, 31)))
def test_a_week_is_read_as_it_is_written_and_holds_its_days(day):
    found = week_of(day)
    assert parse_week(str(found)) == found
    assert found.monday <= day <= found.sunday
    assert found.before.until == found.monday
    assert last_complete_week(found.until) == found
    assert last_complete_week(found.sunday) == found.before
    assert set(found.months) == {f"{found.monday:%Y-%m}", f"{found.sunday:%Y-%m}"}


@pytest.mark.parametrize("text", ["2026-46", "2026-W54", "2026W46", "2025-W53", "last", "2026-W1", "0000-W01"])
def test_what_is_no_week_is_refused_with_how_to_write_one(text):
    with pytest.raises(UsageError, match="write YYYY-Www, such as 2026-W46"):
        parse_week(text)


def test_days_of_a_week_are_told_across_months_and_years():
    assert WEEK.days == "19 to 25 October 2026"
    assert Week(date(2026, 9, 28)).days == "28 September to 4 October 2026"
    assert parse_week("2026-W53").days == "28 December 2026 to 3 January 2027"


def advised(advice_rows, without=(), **changes):
    """The recommendations of the fixture as the input of a week's page has them."""
    tables = {table: held for table, held in advice_rows.items() if table not in without}
    tables["gold.recommendations"] = [row | changes for row in tables["gold.recommendations"]]
    return read_advice(tables, "EUR", is_first=True)


def identifiers(rows):
    return [row.recommendation_id for row in rows]


def test_recommendations_of_the_week_are_new_or_answered_and_stand_once(advice_rows):
    for row in advice_rows["gold.recommendations"]:
        old = row["recommendation_id"] in ("d4", "e5")
        row |= {"first_seen": date(2026, 9, 1)} if old else {"first_seen": date(2026, 10, 20)}
        row |= {"status_since": date(2026, 10, 22)}
    advice_rows["gold.recommendations"][4]["returned_on"] = date(2026, 10, 25)
    advice_rows["gold.recommendations"][3]["status"] = "done"
    found = week_advice(advised(advice_rows), WEEK)
    assert identifiers(found.new) == ["a1", "b2", "f6", "e5"]
    assert identifiers(found.answered) == ["d4", "c3", "g7"]
    later = week_advice(advised(advice_rows), Week(date(2026, 10, 26)))
    assert (later.new, later.answered) == ((), ())


def test_the_week_tells_what_is_new_what_was_done_and_puts_it_on_the_agenda(week, advice_rows):
    same = {"first_seen": date(2026, 10, 20), "status_since": date(2026, 10, 20)}
    text = words(render_weekly(replace(week(), advice=advised(advice_rows, **same))))
    assert "4 actions would save €149.24 a month." in text
    assert "finops plan a1" in text
    assert "overlaps with another" in text
    assert "rejected on call" in text
    assert "5 new recommendations: who takes them, or why not?" in text
    quiet = words(render_weekly(replace(week(), advice=advised(advice_rows))))
    assert "No recommendation is new in this week." in quiet
    assert "Nothing was done, accepted or declined in this week." in quiet


def test_a_week_of_a_lake_without_recommendations_says_when_they_come(week):
    text = words(render_weekly(week()))
    assert "No rule has been asked yet" in text
    assert "come with the next run: finops run" in text


def test_new_recommendations_beyond_ten_are_counted(week, advice_rows):
    rows = [advice_rows["gold.recommendations"][0] | {"recommendation_id": f"x{at:02d}"} for at in range(14)]
    advice = read_advice({"gold.recommendations": rows}, "EUR", is_first=True)
    table = new_table(advice.rows, EUROS)
    assert len(table.lines) == 11
    assert table.lines[-1].cells[0].text == "… and 4 more"
    assert table.lines[-1].cells[1].text == "€337.33"
