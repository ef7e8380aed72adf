"""The page as text.

After an intended change: `UPDATE_GOLDEN=1 python -m pytest tests/pipelines/reporting`, then review the diff.
"""

import json
import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.reporting.money import MoneyFormat
from pipelines.reporting.monthly import FailedCheck, monthly_input, render_monthly
from pipelines.reporting.monthly_rows import MoverRow
from pipelines.reporting.monthly_tables import daily_table, movers_table, spenders_table

EUROS = MoneyFormat("EUR")
GOLDEN = Path(__file__).with_name("monthly_report.golden.html")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>&\u2028'\""


class Page(HTMLParser):
    """Elements, visible text and scripts of a page."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.scripts, self.words, self._in = [], [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag in ("script", "style", "title"):
            self._in.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        if self._in and self._in[-1] == tag:
            self._in.pop()

    def handle_data(self, data):
        if self._in and self._in[-1] == "script":
            self.scripts[-1] += data
        elif not self._in:
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.words)).strip()


def without_assets(html):
    """The page less library, own script, style, their hashes and the figures' JSON."""
    html = re.sub(r"(<script[^>]*>).*?(</script>)", r"\1\2", html, flags=re.S)
    html = re.sub(r"(<style>).*?(</style>)", r"\1\2", html, flags=re.S)
    return re.sub(r"sha256-[\w+/=]+", "sha256-…", html)


def cents(text):
    """The amount a cell shows; an empty or dashed cell adds nothing."""
    digits = re.sub(r"[^\d.−]", "", text).replace("−", "-")
    return Decimal(digits) if digits else Decimal(0)


def test_the_page_reads_as_committed(small_rows, build):
    page = without_assets(render_monthly(build(small_rows)))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(page, encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    assert page == GOLDEN.read_text(encoding="utf-8")


def test_the_page_is_one_file_that_asks_nothing_of_the_network(rows, build):
    html = render_monthly(build(rows))
    page = Page(html)
    assert html.count('id="plotly-js"') == 1
    assert not [a for tag, a in page.attributes if tag in ("link", "img", "iframe") or "src" in a]
    assert not [a["href"] for tag, a in page.attributes if tag == "a" and not a["href"].startswith("#")]
    policy = next(a["content"] for _, a in page.attributes if a.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert len([a for _, a in page.attributes if a.get("class") == "chart"]) == 4


def test_names_from_users_stay_text_in_tables_labels_and_figures(rows, build):
    clean = Page(render_monthly(build(rows)))
    for table in rows.values():
        for row in table:
            for name in ("project_name", "item_name", "owner", "service_name", "sku", "step", "explanation", "source"):
                if row.get(name) and row[name] != "consumption":
                    row[name] = f"{HOSTILE} {row[name]}"
    page = Page(render_monthly(build(rows, organization_name=HOSTILE)))
    assert page.tags == clean.tags
    assert len(page.scripts) == 6
    figures = [json.loads(script) for script in page.scripts if script.startswith("{")]
    assert len(figures) == 4
    assert "<script" not in json.dumps(figures)
    assert HOSTILE.replace("\u2028", " ") in page.text


def test_every_row_with_a_figure_says_which_gold_row_it_shows(rows, build):
    page = Page(render_monthly(build(rows)))
    sources = [a for tag, a in page.attributes if tag == "tr" and a.get("data-table")]
    assert {a["data-table"] for a in sources} >= {
        "gold.total_bridge", "gold.top_spenders", "gold.daily_costs", "gold.monthly_summary",
        "gold.invoice_waterfall", "gold.reconciliation", "gold.tag_coverage", "gold.data_freshness",
    }  # fmt: skip
    assert all("=" in a["data-keys"] for a in sources)
    assert "finops trace gold.daily_costs charge_date=2026-10-31 billing_currency=EUR" in page.text


money_parts = st.decimals(min_value=-(10**7), max_value=10**7, places=6)


EFFECTS = ("price", "volume", "mix", "efficiency", "new", "gone", "not_separable")


@settings(deadline=None)
@given(st.lists(st.tuples(*[money_parts] * len(EFFECTS)), min_size=1, max_size=30))
def test_shown_and_folded_movers_add_up_across_and_down_to_the_cent(rows_effects):
    report = typed_report(rows_effects)
    *lines, whole = movers_table(report, EUROS).lines
    for column in (2, *range(4, 11)):
        assert sum(cents(line.cells[column].text) for line in lines) == cents(whole.cells[column].text)
    for line in (*lines, whole):
        assert sum(cents(cell.text) for cell in line.cells[4:]) == cents(line.cells[2].text)
    assert cents(whole.cells[2].text) == EUROS.rounded(report.summary.delta_cost)


def typed_report(rows_effects):
    """A report whose movers have the given effects, and whose total is theirs."""
    report = BASE[0]
    model = report.movers[0]
    names = tuple(f"{cause}_effect" for cause in EFFECTS)
    movers = tuple(
        replace(model, project_id=str(i), delta_cost=sum(effects, Decimal(0)), **dict(zip(names, effects, strict=True)))
        for i, effects in enumerate(rows_effects)
    )
    whole = sum((row.delta_cost for row in movers), Decimal(0))
    return replace(report, movers=movers, summary=replace(report.summary, delta_cost=whole))


BASE: list = []


@pytest.fixture(autouse=True)
def _base(rows, build):
    if not BASE:
        BASE.append(build(rows))


@settings(deadline=None)
@given(st.lists(money_parts, min_size=1, max_size=25))
def test_shown_and_folded_spenders_add_up_to_the_month_to_the_cent(costs):
    model = BASE[0].top_spenders[0]
    spenders = tuple(replace(model, item_id=str(i), billed_cost=cost, rank=i) for i, cost in enumerate(costs))
    whole = sum(costs, Decimal(0))
    report = replace(BASE[0], top_spenders=spenders, summary=replace(BASE[0].summary, billed_cost=whole))
    *lines, last = spenders_table(report, EUROS).lines
    assert sum(cents(line.cells[2].text) for line in lines) == cents(last.cells[2].text) == EUROS.rounded(whole)
    assert len(lines) <= 12


def test_movers_that_do_not_explain_the_whole_change_say_so(rows, build):
    report = build(rows)
    report = replace(report, movers=report.movers[1:])
    labels = [line.cells[0].text for line in movers_table(report, EUROS).lines]
    assert labels[-2:] == ["Unattributed", "Total change"]


def test_services_are_folded_so_that_each_day_adds_up(rows, build):
    report = build(rows)
    table = daily_table(report, EUROS)
    assert [column.label for column in table.columns[1:]] == [
        "Instances", "GPU Instances", "Managed Databases", "Object Storage", "Other services", "Total",
    ]  # fmt: skip
    for line in table.lines:
        *parts, whole = [cents(cell.text) for cell in line.cells[1:]]
        assert sum(parts) == whole


def test_a_failed_gate_gives_the_check_and_no_figure(rows, build):
    failed = FailedCheck("row_count_matches", "silver.costs", "12 of 300 charges are missing")
    page = Page(render_monthly(build(rows, checks_failed=[failed])))
    assert "silver.costs" in page.text
    assert "12 of 300 charges are missing" in page.text
    assert "€" not in page.text
    assert not [a for _, a in page.attributes if "data-keys" in a]


def test_a_warning_keeps_the_figures_and_is_shown_in_the_trust_strip(rows, build):
    failed = FailedCheck("owners_known", "gold.tag_coverage", "two owners left", is_blocking=False)
    text = Page(render_monthly(build(rows, checks_failed=[failed]))).text
    assert "€27,639" in text
    assert "owners_known on gold.tag_coverage" in text


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"invoice_state": "issued"}, "Final The invoice is issued."),
        ({"invoice_state": None, "is_final": False}, "Preliminary The month is over, its invoice is not issued yet"),
        ({"is_complete": False, "is_final": False}, "Month to date 31 of 31 days"),
    ],
)
def test_the_status_follows_the_invoice(rows, build, changes, status):
    rows["gold.monthly_summary"][-1] |= changes
    assert status in Page(render_monthly(build(rows))).text


def test_an_open_month_without_a_like_window_shows_no_bridge_and_three_charts_all_the_same(rows, build):
    rows["gold.monthly_summary"][-1] |= {
        "is_complete": False,
        "is_final": False,
        "charged_days": 17,
        "previous_days": 30,
    }
    page = Page(render_monthly(build(rows)))
    charts = [a["id"] for _, a in page.attributes if a.get("class") == "chart"]
    assert charts == ["EUR-daily", "EUR-history", "EUR-invoice"]
    assert "The month is open, and its 17 days have no like window in September." in page.text
    spenders = spenders_table(build(rows), EUROS)
    assert {line.cells[4].text for line in spenders.lines} <= {"—", ""}


def test_an_open_month_is_bridged_from_the_same_first_days(rows, build):
    changes = {"is_complete": False, "is_final": False, "charged_days": 17, "previous_days": 17}
    rows["gold.monthly_summary"][-1] |= changes
    page = Page(render_monthly(build(rows)))
    assert "October so far cost €1,508 more than the first 17 days of September" in page.text
    assert "Largest changes against the first 17 days of September, and why" in page.text
    assert len([a for _, a in page.attributes if a.get("class") == "chart"]) == 4


def test_an_alarm_is_unexplained_money_and_a_finding(rows, build):
    rows["gold.reconciliation"][2] |= {"is_alarm": True, "explanation": "unexplained"}
    rows["gold.invoice_reconciliation"][0] |= {"alarms": 1, "consumption_residual": Decimal("0.02")}
    text = Page(render_monthly(build(rows))).text
    assert "! Consumption − charges€1.20€1.20 of it not explained" in text
    assert "! Alarms1" in text
    assert "Consumption − invoice, not reconciled; 1 alarm" in text


def test_a_year_known_from_later_on_says_since_when(rows, build):
    rows["gold.monthly_summary"][-1]["year_known_from"] = date(2026, 4, 1)
    assert "April to October 2026" in Page(render_monthly(build(rows))).text


def test_missing_figures_are_dashes_and_an_absent_invoice_is_awaited(rows, build):
    rows["gold.invoice_reconciliation"] = []
    rows["gold.tag_coverage"][2] |= {"resource_coverage": None}
    rows["gold.monthly_summary"] = rows["gold.monthly_summary"][-1:]
    rows["gold.monthly_summary"][0] |= dict.fromkeys(
        (
            "previous_cost",
            "previous_days",
            "previous_cost_per_day",
            "delta_cost",
            "delta_cost_per_day",
            "delta_per_day_ratio",
        )
    )
    text = Page(render_monthly(build(rows))).text
    assert "there is no month before it" in text
    assert "no invoice yet" in text
    assert "— of resources" in text
    assert "None" not in text


def test_a_month_without_any_row_but_its_summary_is_a_page(rows, build):
    page = Page(render_monthly(build({"gold.monthly_summary": rows["gold.monthly_summary"][-2:]})))
    assert "No charges in this month." in page.text
    assert "No rows in this month." in page.text


def test_currencies_stand_side_by_side_and_are_never_added(rows, build):
    for table in list(rows.values()):
        table += [row | {"billing_currency": "USD"} for row in table if "billing_currency" in row]
    page = Page(render_monthly([build(rows), build(rows, currency="USD")]))
    assert "You spent €27,639" in page.text
    assert "You spent US$27,639" in page.text
    assert "55,278" not in page.text
    ids = [a["id"] for _, a in page.attributes if "id" in a]
    assert len(ids) == len(set(ids))


def test_reports_of_two_months_are_not_one_page(rows, build):
    report = build(rows)
    with pytest.raises(UsageError, match="one organisation and one month"):
        render_monthly([report, replace(report, month="2026-09")])


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("billed_cost", 1.5, r"gold.total_bridge.billed_cost is float 1.5"),
        ("billed_cost", None, r"gold.total_bridge.billed_cost is null"),
        ("sku", 7, r"gold.total_bridge.sku is int 7"),
    ],
)
def test_rows_of_a_wrong_type_are_refused_by_name(rows, build, column, value, words):
    rows["gold.total_bridge"][3][column] = value
    with pytest.raises(UsageError, match=words):
        build(rows)


def test_a_missing_column_a_naive_time_and_an_unknown_month_are_refused(rows, build):
    with pytest.raises(UsageError, match=r"no EUR row for 2031-01 in gold.monthly_summary"):
        build(rows, month="2031-01")
    rows["gold.data_freshness"][0]["last_answer_at"] = datetime(2026, 11, 18, 6)  # noqa: DTZ001
    with pytest.raises(UsageError, match="time without zone"):
        build(rows)
    del rows["gold.top_spenders"][0]["owner"]
    with pytest.raises(UsageError, match=r"gold.top_spenders has no column owner"):
        build(rows)


def test_rows_come_as_duckdb_and_polars_return_them():
    import duckdb

    connection = duckdb.connect()
    query = connection.sql(
        "select '2026-10' as billing_month, 'p' as project_id, null as project_name, '' as product,"
        " 's' as sku, 'x' as service_name,"
        " null as owner, null as reason, 'EUR' as billing_currency, 31::bigint as days, 30 as previous_days,"
        + ", ".join(
            f"1.5::decimal(38, 12) as {name}"
            for name in MoverRow.__annotations__
            if name.endswith(("_cost", "_effect", "_per_day"))
        )
    )
    names = [column[0] for column in query.description]
    from_duckdb = [dict(zip(names, row, strict=True)) for row in query.fetchall()]
    from_polars = query.pl().to_dicts()
    summary = {"gold.monthly_summary": [SUMMARY]}
    for found in (from_duckdb, from_polars):
        report = monthly_input(
            {**summary, "gold.total_bridge": found},
            "2026-10",
            "EUR",
            organization_name="o",
            as_of=datetime(2026, 11, 18, tzinfo=UTC),
            product_version="0",
        )
        assert report.movers[0].billed_cost == Decimal("1.5")


SUMMARY = {
    "billing_month": "2026-10", "billing_currency": "EUR", "billed_cost": Decimal(1), "charged_days": 31,
    "cost_per_day": None, "previous_cost": None, "previous_days": None, "previous_cost_per_day": None,
    "delta_cost": None,    "delta_cost_per_day": None, "delta_per_day_ratio": None, "year_to_date_cost": Decimal(1),
    "year_known_from": None, "is_complete": True,
    "invoice_state": None, "is_final": False, "charges_until": date(2026, 11, 1), "owned_cost": None,
    "owned_cost_ratio": None,
}  # fmt: skip


def test_the_inventorys_lists_are_one_line_with_their_newest_answer(rows, build):
    seen = [datetime(2026, 11, 18, hour, tzinfo=UTC) for hour in (3, 5, 4)]
    names = ("instance.servers", "instance.ips", "rdb.instances")
    rows["gold.data_freshness"] = [
        {"source": name, "last_answer_at": at, "data_until": None, "answers": 2}
        for name, at in zip(names, seen, strict=True)
    ]
    html = without_assets(render_monthly(build(rows)))
    table = html[html.index("3 lists of 2 products") :]
    assert "2026-11-18 05:00" in table
    assert "rdb.instances" not in html
