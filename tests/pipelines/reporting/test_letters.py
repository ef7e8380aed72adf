"""Reviews as letters: the same figures as the report in both parts, small enough for every mail program, no markup."""

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from pipelines.reporting.letter import LINES, subject_line
from pipelines.reporting.letter_monthly import monthly_letter
from pipelines.reporting.letter_page import LARGEST_HTML, bar_lines, letter_html, letter_text
from pipelines.reporting.letter_pictures import browser, pictures
from pipelines.reporting.letter_weekly import weekly_letter
from pipelines.reporting.monthly_rows import FailedCheck
from pipelines.reporting.weekly_input import weekly_input
from pipelines.reporting.weeks import Week

WEEK = Week(date(2026, 10, 19))
HOSTILE = "</td><script>x()</script><img src=https://example.org/a.png onerror=x()>\r\nBcc: someone@example.org"


class Words(HTMLParser):
    """The text of a page, its elements, and whatever it would fetch."""

    def __init__(self, page):
        super().__init__()
        self.words, self.elements, self.sources = "", set(), []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href", "background")]

    def handle_data(self, data):
        self.words += data


def plain(text):
    return re.sub(r"\s+", "", text)


@pytest.fixture
def month(rows, anomaly_rows, advice_rows, build):
    return build(rows | anomaly_rows | advice_rows)


@pytest.fixture
def week(rows, anomaly_rows, advice_rows):
    cost = {
        "project_id": "p", "project_name": "shop", "service_name": "Instances", "owner": None,
        "billing_currency": "EUR", "billed_cost": Decimal("700.10"), "previous_cost": Decimal(640),
        "delta_cost": Decimal("60.10"),
    }  # fmt: skip
    named = {"organization_name": "Example Organisation", "product_version": "0.1.0"}
    known = {"gold.daily_costs": [cost], "gold.data_freshness": rows["gold.data_freshness"]}
    return weekly_input(
        known | anomaly_rows | advice_rows, WEEK, "EUR", as_of=rows["gold.data_freshness"][0]["last_answer_at"],
        charges_until=date(2026, 10, 27), checks_failed=(), **named,
    )  # fmt: skip


def test_both_parts_say_the_sentence_the_figures_and_the_lines(month, week):
    for letter in (monthly_letter([month]), weekly_letter([week])):
        words, text = plain(Words(letter_html(letter, {})).words), plain(letter_text(letter))
        [part] = letter.parts
        said = [part.sentence, *(each for tile in part.figures for each in (tile.label, tile.value))]
        said += [each for section in part.sections for item in section.items for each in (item.what, item.amount)]
        assert len(part.figures) == 4
        assert all(0 < len(section.items) <= LINES or section.empty for section in part.sections)
        for each in said:
            assert plain(each) in words, each
            assert plain(each) in text.replace("-", "") or plain(each) in text, each
        assert max(map(len, letter_text(letter).splitlines())) < 140


def test_the_subject_says_period_cost_change_and_what_asks_for_action(month, week):
    cost = f"€{month.summary.billed_cost.quantize(Decimal(1)):,}"
    assert monthly_letter([month]).subject.startswith(f"[FinOps] Example Organisation October 2026: {cost} (+")
    assert monthly_letter([month]).subject.endswith("anomalies")
    open_month = replace(month, summary=replace(month.summary, is_final=False))
    assert monthly_letter([open_month]).subject.endswith("preliminary")
    assert weekly_letter([week]).subject.startswith("[FinOps] Example Organisation 2026-W43: €700.10 (+9.4%) – ")
    assert len(subject_line("x" * 400)) == 150
    assert "\n" not in subject_line("a\r\nBcc: b")


def test_a_letter_without_a_browser_draws_its_bars_as_cells(month):
    [chart] = monthly_letter([month]).pictures
    bars = bar_lines(chart)
    assert [bar.name for bar in bars] == [line.cells[0].text for line in chart.table.lines]
    assert all(bar.before >= 0 and bar.size >= 1 and bar.before + bar.size <= 101 for bar in bars)
    widths = [abs(width) for width in json.loads(chart.figure_json)["data"][0]["x"]]
    assert max(range(len(bars)), key=lambda at: bars[at].size) == widths.index(max(widths))
    page = Words(letter_html(monthly_letter([month]), {}))
    assert "img" not in page.elements
    assert page.sources == []
    assert Words(letter_html(monthly_letter([month]), {chart.name: "cid:x"})).sources == ["cid:x"]


def test_refused_data_give_a_letter_without_any_figure(month, week):
    check = FailedCheck("one_row_per_grain", "gold.daily_costs", "Rows found: 2.", is_blocking=True)
    for letter in (
        monthly_letter([replace(month, checks_failed=(check,))]),
        weekly_letter([replace(week, checks_failed=(check,))]),
    ):
        assert letter.is_delayed
        assert "data delayed" in letter.subject
        for page in (letter_html(letter, {}), letter_text(letter)):
            assert "one_row_per_grain" in page
            assert "€" not in page


def test_names_are_never_markup_and_the_page_stays_small(rows, anomaly_rows, advice_rows, build):
    rows |= anomaly_rows | advice_rows
    for table in ("gold.total_bridge", "gold.anomalies", "gold.recommendations"):
        for row in rows[table]:
            row |= {
                name: HOSTILE * 9 for name in ("project_name", "owner", "sku", "action", "root_cause") if name in row
            }
    letter = monthly_letter([build(rows, organization_name=HOSTILE)])
    page = letter_html(letter, {}, "https://reports.example.org/x.html")
    assert len(page.encode()) <= LARGEST_HTML
    assert not {"script", "img"} & Words(page).elements
    assert Words(page).sources == ["https://reports.example.org/x.html"]
    assert not {"\r", "\n"} & set(letter.subject)


def test_pictures_are_drawn_in_one_go(month):
    charts = monthly_letter([month]).pictures
    found = pictures(charts)
    if browser() is None:
        assert found == {}
        return
    assert set(found) == {chart.name for chart in charts}
    assert all(each.startswith(b"\x89PNG") for each in found.values())
