"""Anomalies on the monthly page: what deserves a line has one, the rest is counted, and nothing found is a sentence.

After an intended change: `UPDATE_GOLDEN=1 python -m pytest tests/pipelines/reporting`, then review the diff.
"""

import json
import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.reporting.anomaly_words import scope_words, span_words, when_words
from pipelines.reporting.money import NOTHING, MoneyFormat
from pipelines.reporting.monthly import render_monthly
from pipelines.reporting.monthly_anomalies import anomalies_block

EUROS = MoneyFormat("EUR")
GOLDEN = Path(__file__).with_name("anomaly_block.golden.html")
D = Decimal


@pytest.fixture
def block(small_rows, anomaly_rows, build):
    """The block of these rows of gold.anomalies, of the fixture's unless told otherwise."""

    def make(rows=None, currency="EUR"):
        given = anomaly_rows if rows is None else anomaly_rows | {"gold.anomalies": rows}
        return anomalies_block(build(small_rows | given, currency=currency), EUROS)

    return make


def section(html):
    """The section, less the figures' JSON."""
    [found] = re.findall(r'<section class="anomalies".*?</section>', html, flags=re.S)
    return re.sub(r"(<script[^>]*>).*?(</script>)", r"\1\2", found, flags=re.S)


def labels(table):
    return [line.cells[0].text for line in table.lines]


def test_the_block_reads_as_committed(small_rows, anomaly_rows, build):
    html = section(render_monthly(build(small_rows | anomaly_rows)))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(html, encoding="utf-8")
    assert html.count("<h2>") == 1
    assert html == GOLDEN.read_text(encoding="utf-8")


def test_those_to_act_on_come_by_euros_and_what_is_no_money_comes_last(block):
    found = block()
    assert labels(found.table)[:3] == [
        "web-shop › Object Storage",
        "sandbox › GPU Instances › H100-1-80G › notebook-7",
        "platform › logs (own)",
    ]
    drift, burst, gap = ([cell.text for cell in line.cells[1:]] for line in found.table.lines[:3])
    assert drift[:4] == ["26 Oct – 17 Nov", "€940.55", "€610.05", "+€330.50"]
    assert burst[:6] == ["23–26 Oct", "€193.20", "€0.00", "+€193.20", "93%", "no owner"]
    assert gap[1:4] == [NOTHING, "88\xa0GB", NOTHING]
    assert [line.cells[1].note for line in found.table.lines[:3]] == [
        "23 days, ongoing",
        "4 days, ended",
        "2 days, ended",
    ]


def test_the_head_of_the_page_and_the_lead_count_them_and_name_the_measured_precision(block):
    found = block()
    assert found.chip == "3 anomalies"
    assert found.lead == (
        "3 anomalies of October 2026 ask for action: €523.70 more than expected together. 1 of them goes on."
    )
    assert found.precision == (
        "Measured on series whose anomalies are known, 81% to 93% of such alarms were right: "
        "see docs/anomaly_accuracy.md."
    )


def test_what_nobody_has_to_act_on_is_counted_with_its_reason_and_folded(block):
    found = block()
    folded = [line for line in found.table.lines if line.kind == "fold"]
    assert [(line.cells[0].text, line.cells[0].note, line.cells[4].text) for line in folded] == [
        ("1 explained", "explained by +38 % requests", "+€20.50"),
        ("1 more that ask for no action", "", "+€15.00"),
    ]
    assert labels(found.answered) == ["web-shop", "staging"]


def test_only_events_with_a_day_in_the_month_are_there(block, anomaly_rows):
    rows = anomaly_rows["gold.anomalies"]
    last = [row for row in rows if row["anomaly_id"] == "f6"]
    assert block(last).table.lines == ()
    assert block(last).table.empty == "Nothing unusual was found in October 2026."
    touching = [last[0] | {"last_day": date(2026, 10, 1)}]
    assert len(block(touching).table.lines) == 1


def test_nothing_found_is_a_sentence_and_nothing_judged_is_no_section(block, small_rows, anomaly_rows, build):
    quiet = [row for row in anomaly_rows["gold.anomalies"] if not row["is_actionable"]]
    assert block(quiet).table.empty == "No anomaly of October 2026 asks for action."
    assert len(block(quiet).answered.lines) == 2
    assert block([]).chip == block([]).lead == ""
    html = render_monthly(build(small_rows | {"gold.anomalies": []}))
    assert "Nothing unusual was found in October 2026." in section(html)
    assert 'class="anomalies"' not in render_monthly(build(small_rows))


def test_beyond_ten_they_are_counted_and_a_single_one_is_shown(block, anomaly_rows):
    row = next(row for row in anomaly_rows["gold.anomalies"] if row["anomaly_id"] == "a1")
    many = [row | {"anomaly_id": f"x{at:02d}", "impact": D(at)} for at in range(1, 14)]
    table = block(many).table
    assert len(table.lines) == 11
    assert (labels(table)[-1], table.lines[-1].cells[4].text) == ("… and 3 more", "+€6.00")
    assert len(block(many[:11]).table.lines) == 11
    assert block(many[:11]).table.lines[-1].kind == ""


def test_the_largest_are_drawn_with_their_band_and_their_unusual_days_marked(block):
    charts = block().charts
    assert [chart.title for chart in charts] == [
        "web-shop › Object Storage: €940.55 from 26 Oct to 17 Nov, where €610.05 was expected",
        "sandbox › GPU Instances › H100-1-80G › notebook-7: €193.20 from 23 to 26 Oct, where €0.00 was expected",
    ]
    low, high, expected, actual, unusual = json.loads(charts[1].figure_json)["data"]
    assert len(low["x"]) == len(high["x"]) == len(expected["x"]) == len(actual["x"]) == 28 + 4 + 7
    assert unusual["x"] == [f"2026-10-{day}" for day in range(23, 27)]
    assert unusual["y"] == [48.3] * 4
    assert len(charts[1].table.lines) == len(actual["x"])


def test_a_gap_breaks_the_line_and_is_marked_where_something_was_expected(block, anomaly_rows):
    gap = [row for row in anomaly_rows["gold.anomalies"] if row["anomaly_id"] == "c3"]
    [chart] = block(gap).charts
    assert chart.title == "platform › logs (own): nothing from 8 to 9 Oct, where 88\xa0GB was expected"
    *_, actual, unusual = json.loads(chart.figure_json)["data"]
    assert actual["y"][28:30] == [None, None]
    assert unusual["marker"]["symbol"] == ["x", "x"]


def test_an_event_whose_days_were_not_kept_has_a_line_and_no_chart(block, anomaly_rows):
    del anomaly_rows["gold.anomaly_days"]
    assert block().charts == ()
    assert len(block().table.lines) == 5


def test_costs_stand_with_their_currency_and_other_units_with_the_first_one(block, small_rows, anomaly_rows):
    dollars = [row | {"billing_currency": "USD"} for row in small_rows["gold.monthly_summary"]]
    small_rows["gold.monthly_summary"] += dollars
    rows = anomaly_rows["gold.anomalies"]
    rows[0] |= {"unit": "USD"}
    rows.append(rows[1] | {"anomaly_id": "k7", "subject": "kpi", "unit": "thousand requests (USD)"})
    assert len(block(currency="USD").table.lines) == 2
    assert labels(block().table)[:2] == ["web-shop › Object Storage", "platform › logs (own)"]


def test_what_one_unit_costs_keeps_digits_beyond_the_cent_and_adds_nothing_to_the_euros(block, anomaly_rows):
    row = anomaly_rows["gold.anomalies"][1]
    kpi = {"subject": "kpi", "unit": "thousand requests (EUR)", "kpi": "cost_per_request of shop / prod"}
    amounts = {"actual": D("0.0412"), "expected": D("0.0301"), "low": None, "high": None, "impact": D("0.0111")}
    [line] = block([row | kpi | amounts]).table.lines
    assert [cell.text for cell in line.cells[2:5]] == ["€0.0412", "€0.0301", "+€0.0111"]
    assert "more than expected" not in block([row | kpi | amounts]).lead


def test_where_it_is_written_what_to_do_stands_beside_the_kind(block, anomaly_rows):
    row = anomaly_rows["gold.anomalies"][0] | {"runbook": "https://wiki.example.org/burst"}
    assert block([row]).table.lines[0].cells[0].note == "Spike; https://wiki.example.org/burst"


def test_an_unmeasured_precision_is_said_to_be_so(block, anomaly_rows):
    rows = [row | {"confidence": None} for row in anomaly_rows["gold.anomalies"]]
    assert block(rows).precision == "How often such alarms are right has not been measured yet."
    assert block(rows).table.lines[0].cells[5].text == NOTHING


def test_a_missing_column_is_named(block, anomaly_rows):
    del anomaly_rows["gold.anomalies"][0]["is_actionable"]
    with pytest.raises(UsageError, match=r"gold.anomalies has no column is_actionable"):
        block()


def test_names_from_users_stay_text(small_rows, anomaly_rows, build):
    hostile = "</script><script>alert(1)</script><img src=x>"
    for row in anomaly_rows["gold.anomalies"]:
        row |= {"project_name": hostile, "owner": hostile, "root_cause": hostile, "state_reason": hostile}
    html = render_monthly(build(small_rows | anomaly_rows))
    assert "<script>alert" not in html
    assert "<img" not in section(html)


@pytest.mark.parametrize(
    ("first", "last", "when", "span"),
    [
        (date(2026, 10, 23), date(2026, 10, 23), "23 Oct", "on 23 Oct"),
        (date(2026, 10, 23), date(2026, 10, 26), "23–26 Oct", "from 23 to 26 Oct"),
        (date(2026, 9, 30), date(2026, 10, 2), "30 Sep – 2 Oct", "from 30 Sep to 2 Oct"),
        (date(2025, 12, 30), date(2026, 1, 2), "30 Dec 2025 – 2 Jan", "from 30 Dec 2025 to 2 Jan"),
        (date(2025, 12, 1), date(2025, 12, 2), "1–2 Dec 2025", "from 1 to 2 Dec 2025"),
    ],
)
def test_days_are_told_as_people_tell_them(first, last, when, span):
    assert when_words(first, last, 2026) == when
    assert span_words(first, last, 2026) == span


@settings(deadline=None, max_examples=50)
@given(st.lists(st.decimals(min_value=-(10**6), max_value=10**6, places=4), max_size=30))
def test_every_anomaly_is_in_a_line_or_counted_in_one(impacts):
    build, rows, template = KEPT
    given = [template | {"anomaly_id": f"{at:03d}", "impact": impact} for at, impact in enumerate(impacts)]
    block = anomalies_block(build(rows | {"gold.anomalies": given}), EUROS)
    counted = [re.fullmatch(r"… and (\d+) more", label) for label in labels(block.table)]
    assert sum(int(found[1]) if found else 1 for found in counted) == len(impacts)
    shown = [abs(row.impact) for row in build(rows | {"gold.anomalies": given}).anomalies.rows]
    assert shown == sorted(shown, reverse=True)


KEPT: tuple = ()


@pytest.fixture(autouse=True)
def _kept(small_rows, anomaly_rows, build):
    global KEPT
    if not KEPT:
        KEPT = (build, dict(small_rows), dict(anomaly_rows["gold.anomalies"][1]))


def test_a_scope_without_any_part_is_the_organisation(build, small_rows, anomaly_rows):
    row = anomaly_rows["gold.anomalies"][1] | {"project_name": None, "service_name": None}
    [found] = build(small_rows | {"gold.anomalies": [row]}).anomalies.rows
    assert scope_words(found) == "the whole organisation"
