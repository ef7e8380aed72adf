"""One small organisation, read by the real command: the lake says what is true, and so does the report."""

import json
import os
import re
import shlex
from collections import defaultdict
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden" / "small-report.txt"
INVOICE_STEPS = {
    "consumption": "undiscount",
    "vouchers": "discount",
    "untaxed invoice": "untaxed",
    "tax": "tax",
    "taxed invoice": "taxed",
}
MONTHS = ["2026-05", "2026-06", "2026-07"]


def by_month(rows, *keys):
    """Nested: month, key, value of the last column; zero sums are left out, as a price of zero is."""
    found = defaultdict(dict)
    for row in rows:
        values = list(row.values())
        if values[-1]:
            found[row["billing_month"]][tuple(row[key] for key in keys)] = values[-1]
    return dict(found)


def amounts(of_truth):
    return {key: Decimal(value) for key, value in of_truth.items() if Decimal(value)}


def test_the_run_ends_well_and_says_where_to_look(small):
    assert small.ran.code == 0, small.ran.err
    assert str(small.report) in small.ran.out
    assert small.report.is_file()
    assert "2026-06: 1121.62 EUR" in small.ran.out


@pytest.mark.parametrize(
    "table",
    ["silver.costs", "silver.labelled_costs", "gold.daily_costs", "gold.monthly_costs", "gold.monthly_summary"],
)
def test_every_month_costs_exactly_what_is_true(small, table):
    rows = small.rows(f"select billing_month, sum(billed_cost) as cost from {table} group by all")
    assert {row["billing_month"]: row["cost"] for row in rows} == {
        month: Decimal(told["charges"]) for month, told in small.truth["months"].items()
    }


def test_every_project_and_every_sku_costs_exactly_what_is_true(small):
    costs = small.rows("select billing_month, project_id, sum(billed_cost) as cost from gold.daily_costs group by all")
    assert by_month(costs, "project_id") == {
        month: {(project,): cost for project, cost in amounts(told["by_project"]).items()}
        for month, told in small.truth["months"].items()
    }
    true = {
        month: {(sku,): cost for sku, cost in amounts(told["by_sku"]).items()}
        for month, told in small.truth["months"].items()
    }
    rows = small.rows("select billing_month, sku, sum(charged_cost) as cost from gold.reconciliation group by all")
    assert by_month(rows, "sku") == true
    del true["2026-05"]  # before the first month there is none to compare it with
    rows = small.rows("select billing_month, sku, sum(billed_cost) as cost from gold.cost_movers group by all")
    assert by_month(rows, "sku") == true


def test_the_bill_equals_consumption_and_invoice_of_every_month(small):
    rows = {row["billing_month"]: row for row in small.rows("select * from gold.invoice_reconciliation")}
    assert sorted(rows) == MONTHS
    for month, told in small.truth["months"].items():
        row, invoice = rows[month], told["invoice"]
        assert row["consumed_cost"] == Decimal(told["consumption"])
        assert row["charged_cost"] == Decimal(told["charges"])
        assert row["invoiced_apart_cost"] == Decimal(told["invoiced_apart"])
        assert row["credit_note_cost"] == Decimal(told["credit_notes"])
        assert row["consumption_residual"] == (None if invoice is None else 0)
        assert row["invoice_state"] == (invoice and invoice["state"])


def test_every_step_to_the_taxed_invoice_is_the_invoices(small):
    rows = small.rows("select billing_month, step, amount from gold.invoice_waterfall")
    found = {(row["billing_month"], row["step"]): row["amount"] for row in rows}
    for month, told in small.truth["months"].items():
        for step, key in INVOICE_STEPS.items():
            if told["invoice"] is not None:
                assert found[month, step] == Decimal(told["invoice"][key]), (month, step)
            elif step != "consumption":
                assert (month, step) not in found


def test_the_price_effect_is_what_changed_list_prices_cost(small):
    rows = small.rows("select billing_month, sum(price_effect) as effect from gold.cost_movers group by all")
    found = {row["billing_month"]: row["effect"] for row in rows}
    for month, told in small.truth["months"].items():
        effect = found.get(month, Decimal(0)).quantize(Decimal("1e-9"))
        assert effect == Decimal(told["list_price_change_effect"]), month
    assert found["2026-06"] == 27


def test_movers_add_up_to_the_change_of_the_month_to_the_last_digit(small):
    effects = "price_effect + usage_effect + new_effect + gone_effect + not_separable_effect"
    rows = small.rows(f"select billing_month, sum({effects}) as moved from gold.cost_movers group by all")
    changes = small.rows("select billing_month, delta_cost from gold.monthly_summary where delta_cost is not null")
    moved = {row["billing_month"]: row["moved"] for row in rows}
    assert len(changes) == 2
    assert all(moved[row["billing_month"]] == row["delta_cost"] for row in changes)


def test_every_residual_is_explained_and_an_alarm_is_only_what_nothing_explains(small):
    rows = small.rows("select * from gold.reconciliation")
    assert [row for row in rows if row["residual"] and not row["explanation"]] == []
    final = {month for month, told in small.truth["months"].items() if told["invoice"] is not None}
    alarms = {f"{row['billing_month']}|{row['project_id']}|{row['sku']}" for row in rows if row["is_alarm"]}
    planted = {
        f"{month}|{line}"
        for month in final
        for line, kind in small.truth["residuals"].get(month, {}).items()
        if kind == "unexplained"
    }
    assert alarms == planted
    assert len(planted) == 1


def test_rows_and_answers_of_bronze_lead_to_each_other(small):
    for table in ("charges", "consumptions", "invoices", "products", "resources"):
        orphans = small.view.one(
            f"select count(*) from bronze.{table} where answer_hash not in (select answer_hash from bronze.answers)"
        )
        assert orphans == 0
    assert small.view.one("select count(*) from silver.costs where charge_key is null") == 0
    assert small.view.one("select count(*) - count(distinct charge_key) from silver.costs") == 0


# --- run again


@pytest.fixture(scope="module")
def again(small, tmp_path_factory, session_state, finops_at):
    """The same demo on a copy of the lake, every call logged as JSON."""
    import shutil

    folder = tmp_path_factory.mktemp("again")
    lake = Path(shutil.copytree(small.lake, folder / "lake"))
    before = small.view.versions()
    finops = finops_at(folder, FINOPS_STATE=str(session_state))
    ran = finops("--debug", "--log-format", "json", "demo", "--scenario", "small", "--lake", str(lake))
    return before, ran, lake


def test_a_second_run_commits_nothing_and_says_so(again, view):
    before, ran, lake = again
    assert ran.code == 0, ran.err
    assert view(lake).versions() == before
    assert "Nothing was new; no table changed." in ran.err


def test_a_second_run_asks_for_months_without_invoice_only(again):
    _, ran, _ = again
    calls = [json.loads(line) for line in ran.err.splitlines() if line.startswith("{") and "scaleway_call" in line]
    asked = defaultdict(set)
    for call in calls:
        asked[call["path"]].update(re.findall(r"(?:start_date_after|billing_period)=(\d{4}-\d\d)", call["query"]))
    assert asked["/billing/v2beta1/charges"] == {"2026-07"}
    assert asked["/billing/v2beta1/consumptions"] == {"2026-07"}
    assert asked["/billing/v2beta1/taxes"] == {"2026-07"}


# --- the report


class Page(HTMLParser):
    """Visible text by block, and every traced row: its table, its keys and its cells by label."""

    BLOCKS = frozenset({"p", "li", "tr", "h1", "h2", "h3", "caption", "figcaption", "summary", "div", "section", "dt"})

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.lines, self.traced, self._hidden, self._row, self._label = [""], [], 0, None, None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._hidden += tag in ("script", "style")
        if tag in self.BLOCKS:
            self.lines.append("")
        if tag in ("td", "th"):
            self.lines[-1] += " | "
        if tag in ("tr", "li"):
            self._row = None
            if "data-table" in given and given.get("class") != "fold":  # a rest leads to the whole it is left of
                self._row = (given["data-table"], shlex.split(given["data-keys"]), defaultdict(str))
                self.traced.append(self._row)
        if tag in ("td", "th", "li"):
            self._label = given.get("data-label", "")

    def handle_endtag(self, tag):
        self._hidden -= tag in ("script", "style")
        if tag in self.BLOCKS:
            self.lines.append("")
        if tag in ("tr", "li"):
            self._row = None

    def handle_data(self, data):
        if self._hidden:
            return
        self.lines[-1] += data
        if self._row is not None:
            self._row[2][self._label] += data

    @property
    def text(self):
        lines = (" ".join(line.split()).removeprefix("| ") for line in self.lines)
        return "\n".join(line for line in lines if line) + "\n"


@pytest.fixture(scope="module")
def page(small):
    return Page(small.report.read_text(encoding="utf-8"))


def test_the_report_reads_as_agreed(page):
    text = re.sub(r"\b\d+\.\d+\.\d+(?:[-.+]\w+)*\b", "VERSION", page.text)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8"), "look at the difference; UPDATE_GOLDEN=1 accepts it"


def test_every_amount_of_the_report_is_the_one_in_gold(page, small):
    """Totals of tables, spenders, movers, days and the invoice's steps, as cells with cents."""
    columns = {
        "gold.top_spenders": {"Cost": "billed_cost"},
        "gold.daily_costs": {"Total": "billed_cost"},
        "gold.total_bridge": {"Change": "delta_cost", "Price": "price_effect", "Volume": "volume_effect"},
        "gold.invoice_waterfall": {"Amount": "amount"},
        "gold.tag_coverage": {"Labelled cost": "labelled_cost"},
    }
    compared = 0
    for table, keys, cells in page.traced:
        where = " and ".join(f"{name}::varchar = '{value}'" for name, value in (key.split("=", 1) for key in keys))
        if table == "gold.total_bridge" and not any(key.startswith("project_id=") for key in keys):
            continue  # a cause of the whole change, in the column of the change
        for label, column in columns.get(table, {}).items():
            text = cells.get(label, "").strip()
            if not re.search(r"\d", text):
                continue
            amount = small.view.one(f"select sum({column}) from {table} where {where}")
            written = Decimal(re.sub(r"[^\d.]", "", text)) * (-1 if "−" in text else 1)
            assert abs(written - amount) <= Decimal("0.01"), (table, keys, label, text, amount)
            compared += 1
    assert compared > 60


NOT_SUMS = {"gold.data_freshness"}
"""Tables of the report that hold dates and counts."""


@pytest.fixture
def trace(small, finops_at, tmp_path):
    """Traces as a person does, and answers the JSON."""
    finops = finops_at(tmp_path, FINOPS_STATE=str(tmp_path), FINOPS_LAKE=str(small.lake))

    def run(table, *keys):
        ran = finops("trace", table, *keys, "--json")
        assert ran.code == 0, (table, keys, ran.err)
        return json.loads(ran.out)

    return run


def test_every_kind_of_figure_in_the_report_traces_to_rows_that_add_up_exactly(page, trace):
    kinds = {}
    for table, keys, _ in page.traced:
        if table not in NOT_SUMS:
            kinds.setdefault((table, len(keys)), (table, keys))
    assert len(kinds) >= 7
    sums = 0
    for table, keys in kinds.values():
        told = trace(table, *keys)
        if "figure" not in told:  # no sum of charges: it leads to its rows, and to the tables they are made from
            assert told["rows"], (table, keys)
            continue
        sums += 1
        rows = sum((Decimal(row["amount"]) for row in told["evidence"] if row["amount"]), Decimal(0))
        assert rows == Decimal(told["figure"]), (table, keys)
        recorded = {row["path"] is not None for row in told["evidence"] if row["evidence"] != "rounding"}
        assert recorded <= {True}, (table, keys)
    assert sums >= 7


def test_a_month_traces_to_every_charge_of_it_and_each_stands_in_a_recorded_answer(small, trace):
    told = trace("gold.monthly_summary", "billing_month=2026-06", "billing_currency=EUR")
    assert Decimal(told["figure"]) == Decimal(small.truth["months"]["2026-06"]["charges"])
    charges = {row["evidence_key"]: row for row in told["evidence"]}
    assert len(charges) == len(told["evidence"])
    rows = small.rows("select charge_key, answer_hash from silver.costs where billing_month = '2026-06'")
    assert {row["charge_key"]: row["answer_hash"] for row in rows} == {
        key: row["answer_hash"] for key, row in charges.items()
    }
    bodies = small.rows("select answer_hash, body from bronze.answers where source = 'billing.charges'")
    body = {row["answer_hash"]: row["body"] for row in bodies}
    assert all(f'"{row["sku"]}"' in body[row["answer_hash"]] for row in charges.values())


def test_every_unusual_cost_traces_to_charges_that_add_up_exactly(small):
    from pipelines.lake.trace import trace

    found = small.rows(
        "select anomaly_id, unit, kind from gold.anomalies where subject = 'cost' and actual is not null"
    )
    assert found
    for row in found:
        told = trace(small.view.catalog, "gold.anomalies", [row["anomaly_id"]])
        assert told.adds_up, row
        assert told.evidence.num_rows, row


# --- secrets


def test_the_secret_key_is_nowhere(small, view):
    from simulator.loading import load

    secret = load("small").organization.secret_key
    assert secret not in small.ran.out + small.ran.err
    assert "scaleway_call" in small.ran.err  # it was logged, at length
    for path in small.folder.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    catalog = small.view.catalog
    for name in catalog.names():  # compressed files hide text, so every column is read
        found = small.view.one(f"select count(*) from {name} as line where contains(line::varchar, '{secret}')")
        assert found == 0, name
