"""Recommendations and their proof on the monthly page: sums that count nothing twice, and what is missing is said.

After an intended change: `UPDATE_GOLDEN=1 python -m pytest tests/pipelines/reporting`, then review the diff.
"""

import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.reporting.advice_tables import advice_table, effort_table, first_sentence
from pipelines.reporting.money import MoneyFormat
from pipelines.reporting.monthly import render_monthly
from pipelines.reporting.monthly_advice import advice_block, saved_block, saving_tile
from pipelines.reporting.monthly_input import read_advice
from pipelines.reporting.unjudged_tables import commonest_metric

EUROS = MoneyFormat("EUR")
GOLDEN = Path(__file__).with_name("advice_block.golden.html")
D = Decimal
TABLE, SAVINGS = "gold.recommendations", "gold.savings"


@pytest.fixture
def report(small_rows, advice_rows, build):
    """The month with these tables instead of the fixture's."""

    def make(currency="EUR", without=(), **changed):
        tables = advice_rows | {f"gold.{name}": rows for name, rows in changed.items()}
        return build(
            small_rows | {name: rows for name, rows in tables.items() if name not in without}, currency=currency
        )

    return make


def sections(html):
    """The sections, less the figures' JSON."""
    found = re.findall(r'<section class="advice".*?</section>', html, flags=re.S)
    return re.sub(r"(<script[^>]*>).*?(</script>)", r"\1\2", "\n".join(found), flags=re.S)


def labels(table):
    return [line.cells[0].text for line in table.lines]


def cents(text):
    digits = re.sub(r"[^\d.−]", "", text).replace("−", "-")
    return D(digits) if digits else D(0)


def test_the_blocks_read_as_committed(report):
    html = sections(render_monthly(report()))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(html, encoding="utf-8")
    assert html.count("<h2>") == 2
    assert html == GOLDEN.read_text(encoding="utf-8")


def test_the_largest_come_first_each_with_its_plan_and_the_column_adds_up(report):
    table = advice_block(report(), EUROS).table
    assert labels(table) == [
        "Delete ci-runner-9, which nobody uses", "Change web-3 from PRO2-L to PRO2-S",
        "Move orders-db to a volume of 40 GB", "… and 1 that save less than €1.00 each", "Total",
        "1 more that overlaps",
    ]  # fmt: skip
    assert [line.cells[0].code for line in table.lines[:3]] == ["finops plan a1", "finops plan c3", "finops plan d4"]
    *parts, whole, apart = [cents(line.cells[1].text) for line in table.lines]
    assert sum(parts) == whole == D("149.24")
    assert apart == D("60.10")
    assert table.lines[-1].cells[0].note == "not added: the same cost is saved by another action, that of b2 by a1"


def test_what_overlaps_is_told_beside_what_can_be_saved(report, advice_rows):
    block = advice_block(report(), EUROS)
    assert block.lead.startswith("4 actions would save €149.24 a month, ")
    assert "1 more overlaps with them; added up blindly all would come to €209.34" in block.overlap
    alone = advice_block(report(recommendations=[advice_rows[TABLE][2]]), EUROS)
    assert alone.lead.startswith("1 action would save €41.01 a month")
    assert alone.overlap == ""


def test_effort_sums_to_what_is_counted_and_an_owner_who_is_missing_is_a_finding(report):
    table = advice_block(report(), EUROS).effort
    assert labels(table) == ["Low", "High", "Total"]
    assert [line.cells[2].text for line in table.lines] == ["€125.74", "€23.50", "€149.24"]
    assert [(line.cells[5].text, line.cells[5].tone) for line in table.lines[:2]] == [("1", "finding"), ("—", "quiet")]


def test_advice_to_spend_stands_apart_and_is_in_no_sum(report):
    block = advice_block(report(), EUROS)
    [line] = block.spending.lines
    assert (line.cells[0].text, line.cells[1].text) == ("Change queue-1 from PRO2-XS to PRO2-S", "€30.00")
    assert "Change queue-1" not in " ".join(labels(block.table))


def test_a_line_says_risk_restart_way_back_window_owner_and_whose_price(report):
    delete, resize, *_ = advice_block(report(), EUROS).table.lines
    assert (delete.cells[1].note, delete.cells[4].note) == ("of €120.50, list\xa0price", "no way back, 98% sure")
    assert (delete.cells[6].text, delete.cells[6].tone) == ("no owner", "finding")
    assert resize.cells[4].note == "restart, can be undone, 98% sure"
    assert resize.cells[5].text.replace("\xa0", " ") == "20 Oct – 16 Nov"
    assert resize.cells[5].note == "28 days"
    assert resize.cells[6].note == "web-shop; accepted by ada"


def test_declined_is_counted_and_what_could_not_be_judged_names_the_metric(report):
    block = advice_block(report(), EUROS)
    assert block.aside == "Not shown: 1 rejected."
    assert block.unjudged_lead == (
        "2 resources of €50.50 a month could not be judged by at least one rule; what is missing most is "
        "node_memory_used_ratio."
    )
    assert [line.cells[0].text for line in block.unjudged.lines] == [
        "node_memory_used_ratio",
        "Its nodes are measured for less than … days",
    ]
    assert block.unjudged.lines[0].cells[1].text == "2"


def test_a_cost_that_is_not_known_is_a_dash_and_never_zero(report, advice_rows):
    unknown = advice_rows["gold.unjudged"][1]
    [line] = advice_block(report(unjudged=[unknown]), EUROS).unjudged.lines
    assert line.cells[2].text == "—"


def test_a_program_is_no_metric(report, advice_rows):
    row = advice_rows["gold.unjudged"][0] | {"reason": "node_exporter would tell"}
    assert commonest_metric(report(unjudged=[row]).advice.unjudged) is None


def test_savings_stand_by_state_with_interval_and_only_what_is_proved_and_harmless_counts(report):
    block = saved_block(report(), EUROS)
    assert block.lead == (
        "4 actions were done: €47.20 a month is proved of the €112.30 predicted. "
        "1 bounced back, 1 harmed its service, 1 waits for its first days on the bill."
    )
    assert [line.cells[5].text for line in block.table.lines[:4]] == ["verified", "harmed", "bounced back", "waiting"]
    verified, harmed, back, waiting, total = block.table.lines
    assert (verified.cells[3].note, verified.cells[4].text) == ("€44.10 to €50.30", "€47.20")
    assert (harmed.cells[4].text, harmed.cells[5].note) == ("€0.00", "2.00% of the requests fail, 0.10% did before")
    assert back.cells[5].note.startswith("since 2026-10-02")
    assert waiting.cells[3].text == "—"
    assert [total.cells[at].text for at in (2, 4)] == ["€112.30", "€47.20"]
    assert block.chart.title == "2 of 3 predictions lie within the 90 % interval of what was measured"
    assert [cell.text for cell in block.accuracy.lines[0].cells] == [
        "Oversized instance",
        "3",
        "€82.00",
        "€47.20",
        "0.84",
    ]


def test_the_key_figures_tell_what_can_be_saved_and_what_is(report):
    tile = saving_tile(report(), EUROS)
    assert (tile.value, tile.detail) == ("€149.24", "a month, by 4 actions; €47.20 saved and proved")
    assert saving_tile(report(without=(TABLE,)), EUROS) is None


def test_an_older_lake_says_in_one_line_that_it_comes_with_the_next_run(report):
    html = sections(render_monthly(report(without=(TABLE, SAVINGS))))
    assert html.count("<p") == 1
    assert "come with the next run: <code>finops run</code>" in html
    half = sections(render_monthly(report(without=(SAVINGS, "gold.rule_accuracy"))))
    assert "Nothing was proved yet: what actions saved comes with the next run" in half


def test_nothing_to_do_and_nothing_done_are_sentences(report):
    html = sections(render_monthly(report(recommendations=[], unjudged=[], savings=[], rule_accuracy=[])))
    assert "No rule advises to save anything now." in html
    assert "No action was marked as done, or seen done, so far." in html
    assert "would save" not in html


def test_currencies_stand_apart_and_what_has_none_stands_with_the_first(advice_rows):
    first, second = advice_rows[TABLE][:2]
    rows = {TABLE: [first | {"currency": "USD"}, second | {"currency": None}]}
    assert [row.recommendation_id for row in read_advice(rows, "EUR", is_first=True).rows] == ["b2"]
    assert [row.recommendation_id for row in read_advice(rows, "USD", is_first=False).rows] == ["a1"]


def test_a_table_of_other_columns_is_refused_by_name(advice_rows):
    row = {name: value for name, value in advice_rows[TABLE][0].items() if name != "effort"}
    with pytest.raises(UsageError, match=r"gold\.recommendations has no column effort"):
        read_advice({TABLE: [row]}, "EUR", is_first=True)


def test_a_reason_is_cut_at_its_first_sentence():
    assert first_sentence("It used 0.5 of 4 cores. Memory too.") == "It used 0.5 of 4 cores."
    assert first_sentence("No full stop") == "No full stop."
    assert first_sentence("") == ""


amounts = st.lists(st.decimals(min_value="0.001", max_value=10**5, places=4), min_size=1, max_size=25)


@settings(deadline=None, max_examples=40)
@given(amounts, st.integers(min_value=0, max_value=6))
def test_every_column_adds_up_to_the_cent_and_everything_is_in_a_line_or_counted(saved, apart):
    row = ROW | {"one_off_cost": D("0.005")}
    rows = [
        row | {"recommendation_id": f"{at:03d}", "monthly_saving": saving, "is_counted": at >= apart,
               "effort": ("low", "medium", "high")[at % 3]}
        for at, saving in enumerate(saved)
    ]  # fmt: skip
    advice = read_advice({TABLE: rows}, "EUR", is_first=True)
    table, effort = advice_table(advice, EUROS), effort_table(advice, EUROS)
    sums = [line for line in table.lines if line.kind == "total"]
    if not advice.counted:
        assert sums == []
        return
    until = table.lines.index(sums[0])
    for column in (1, 2):
        assert sum(cents(line.cells[column].text) for line in table.lines[:until]) == cents(sums[0].cells[column].text)
    for column in (2, 3):
        assert sum(cents(line.cells[column].text) for line in effort.lines[:-1]) == cents(
            effort.lines[-1].cells[column].text
        )
    told = [label for label in labels(table)[:until] if label != "… rounding"]
    counted = [re.search(r"and (\d+)", label) for label in told]
    assert sum(int(found[1]) if found else 1 for found in counted) == len(advice.counted)
    assert advice.counted_saving <= advice.naive_saving == sum(saved)


ROW: dict = {}


@pytest.fixture(autouse=True)
def _kept(advice_rows):
    ROW.update(advice_rows[TABLE][2])


def test_the_window_ends_the_day_before_its_exclusive_end(report, advice_rows):
    row = advice_rows[TABLE][2] | {"evaluation_start": date(2026, 11, 16), "evaluation_end": date(2026, 11, 17)}
    cell = advice_block(report(recommendations=[row]), EUROS).table.lines[0].cells[5]
    assert (cell.text, cell.note) == ("16\xa0Nov", "1 day")
