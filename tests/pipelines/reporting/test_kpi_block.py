"""Key figures on the page: value, month before, change, coverage, and the reason where there is no value.

After an intended change: `UPDATE_GOLDEN=1 python -m pytest tests/pipelines/reporting`, then review the diff.
"""

import json
import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.reporting.kpi_rows import KpiRow, kpi_month
from pipelines.reporting.kpi_words import points_shown, ratio_cell, three_digits
from pipelines.reporting.money import NOTHING, MoneyFormat
from pipelines.reporting.monthly import render_monthly
from pipelines.reporting.monthly_kpis import kpi_block

EUROS = MoneyFormat("EUR")
GOLDEN = Path(__file__).with_name("kpi_block.golden.html")
MONTHS = [f"2026-{number:02d}" for number in range(4, 11)]
D = Decimal


def kpi(name, scope="all", month="2026-10", **fields):
    row = {
        "kpi": name,
        "period": "month",
        "period_start": date.fromisoformat(f"{month}-01"),
        "scope": scope,
        "billing_currency": "EUR",
        "numerator": D(100),
        "denominator": D(50),
        "unit": "share of cost",
        "value": None,
        "loaded_value": None,
        "cost_coverage": D("0.97"),
        "units_source": "charges",
        "units_coverage": D(1),
        "is_complete": True,
        "is_marked": False,
        "reason": None,
        "billing_month": month,
    }
    unknown = set(fields) - set(row)
    assert not unknown
    return row | fields


def requests(product, month, cost, thousands, **fields):
    value = (D(cost) / D(thousands)).quantize(D(10) ** -12)
    told = {"unit": "thousand requests", "numerator": D(cost), "denominator": D(thousands), "value": value}
    loaded = {"loaded_value": value * D("1.25")}
    return kpi("cost_per_request", f"{product} / prod", month, **{**told, **loaded, **fields})


def kpis():
    """Seven months of requests, and the newest two of the rest."""
    rows = [
        requests("shop", month, 3000 + 100 * at, 90000 + 5000 * at, is_complete=month != "2026-07")
        for at, month in enumerate(MONTHS)
    ]
    for month, scale in (("2026-09", D(1)), ("2026-10", D("1.1"))):
        tenant = {"unit": "tenant", "value": D("200.5"), "numerator": D("200.5"), "denominator": D(1)}
        rows += [
            kpi(
                "cost_per_tenant",
                "all tenants",
                month,
                unit="active tenant",
                value=D(300) * scale,
                numerator=D(1200) * scale,
                denominator=D(4),
                is_marked=True,
                cost_coverage=D("0.741"),
            ),
            kpi("cost_per_tenant", "tenant tenant-abcd2345", month, **tenant, loaded_value=D(400) * scale),
            kpi("cost_per_tenant", "tenant tenant-wxyz6723", month, **tenant, loaded_value=None),
            kpi("cost_per_gb", "object / standard", month, unit="GB and month", value=D("0.0146"), numerator=D(9)),
            kpi("non_production_share", "non-production", month, value=D("0.274") * scale),
            kpi("idle_share", month=month, value=D("0.22"), is_marked=True, cost_coverage=D("0.41")),
            kpi("carbon", month=month, unit="kg CO2e", value=D(103) * scale, units_source="estimated"),
            kpi("water", month=month, unit="m3 of water", value=D("0.00712"), units_source="estimated"),
            kpi("carbon_per_currency", month=month, unit="kg CO2e per EUR", value=D("0.0123")),
            kpi("tag_coverage_by_cost", "owner", month, value=D("0.632")),
        ]
    return [
        *rows,
        kpi("cost_per_request", "api / prod", reason="no requests were counted where they enter it"),
        kpi("cost_per_deploy", "all services", reason="no deploys are known"),
        kpi("cost_efficiency", reason="no recommendations have been made yet"),
        kpi("effective_savings_rate", reason="billing.charges_are_net is not set"),
        kpi("commitment_utilisation", reason="billing.savings_plans names none"),
        kpi("carbon_per_1k_requests", unit="kg CO2e per thousand requests", reason="no requests of production"),
    ]


@pytest.fixture
def with_kpis(small_rows):
    return small_rows | {"gold.kpis": kpis()}


def section(html):
    """The sections of key figures, less the figures' JSON."""
    parts = re.findall(r'<section class="kpis">.*?</section>', html, flags=re.S)
    return re.sub(r"(<script[^>]*>).*?(</script>)", r"\1\2", "\n".join(parts), flags=re.S)


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_block_reads_as_committed(with_kpis, build):
    block = section(render_monthly(build(with_kpis)))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(block, encoding="utf-8")
    assert block.count("<section") == 3
    assert block == GOLDEN.read_text(encoding="utf-8")


def test_without_key_figures_the_page_is_as_it_was(small_rows, build):
    assert 'class="kpis"' not in render_monthly(build(small_rows))
    assert 'class="kpis"' not in render_monthly(build(small_rows | {"gold.kpis": [kpi("carbon", month="2026-09")]}))


def block_of(build, rows, small_rows):
    return kpi_block(build(small_rows | {"gold.kpis": rows}), EUROS)


def cells(table):
    return {line.cells[0].text: [cell.text for cell in line.cells[1:]] for line in table.lines}


def notes(table):
    return {line.cells[0].text: line.cells[0].note for line in table.lines}


def test_a_unit_cost_stands_beside_the_month_before_with_its_change_and_coverage(build, small_rows):
    units = block_of(build, kpis(), small_rows).units
    assert cells(units)["Requests: shop"] == ["€0.0300", "€0.0304", "−1.4%", "€0.0375", "120,000", "97.0%"]
    assert cells(units)["Tenant: on average"][:3] == ["€330", "€300", "+10.0%"]
    marked = next(line for line in units.lines if line.cells[0].text == "Tenant: on average")
    assert (marked.cells[-1].text, marked.cells[-1].tone) == ("74.1%", "finding")


def test_what_is_not_known_is_a_dash_with_the_reason_and_never_nought(build, small_rows):
    block = block_of(build, kpis(), small_rows)
    assert cells(block.units)["Deploy: to production"][:5] == [NOTHING] * 5
    assert notes(block.units)["Deploy: to production"] == "not known: no deploys are known"
    assert notes(block.units)["Requests: 1 product more"].endswith("no requests were counted where they enter it")
    assert notes(block.units)["Queries"] == "not known: no numbers of queries were imported"
    assert cells(block.shares)["Cost efficiency"][:5] == [NOTHING] * 5
    assert notes(block.shares)["Cost efficiency"] == "not known: no recommendations have been made yet"
    assert "Commitment used" not in cells(block.shares)
    assert notes(block.footprint)["Carbon of requests"] == "not known: no requests of production"


def test_an_estimated_footprint_is_named_one(build, small_rows):
    estimated = notes(block_of(build, kpis(), small_rows).footprint)["Carbon"]
    assert estimated == "kg CO2e, an estimate from the price list"
    told = [row | {"units_source": "reported"} for row in kpis()]
    assert notes(block_of(build, told, small_rows).footprint)["Carbon"] == "kg CO2e, as Scaleway reports it"


def test_a_trend_has_every_month_there_is_and_marks_those_that_are_not_complete(build, small_rows):
    cost, unit = block_of(build, kpis(), small_rows).trends[0]
    line = json.loads(unit.figure_json)["data"][0]
    assert [each[:7] for each in line["x"]] == MONTHS
    assert line["marker"]["symbol"].count("circle-open") == 1
    assert unit.title == "A thousand requests cost €0.0300, 1.4% less than in September"
    assert cost.title == "shop in production cost €3,600 in October 2026"
    assert len(unit.table.lines) == len(MONTHS)


def test_a_gap_breaks_the_line_and_tells_its_reason(build, small_rows):
    rows = kpis()
    gap = next(row for row in rows if row["kpi"] == "cost_per_request" and row["billing_month"] == "2026-06")
    gap |= {"value": None, "reason": "nobody counted"}
    unit = block_of(build, rows, small_rows).trends[0][1]
    assert json.loads(unit.figure_json)["data"][0]["y"][2] is None
    assert notes(unit.table)["June 2026"] == "not known: nobody counted"


def test_names_of_products_stay_text(small_rows, build):
    hostile = "</script><script>alert(1)</script><img src=x>"
    rows = [
        row | {"scope": f"{hostile} / prod"} if row["scope"] == "shop / prod" else row
        for row in kpis()
    ]  # fmt: skip
    html = section(render_monthly(build(small_rows | {"gold.kpis": rows})))
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "alert(1)" in words(html)


def test_only_months_up_to_the_reports_count(build, small_rows):
    rows = [*kpis(), requests("shop", "2026-11", 9, 9)]
    assert block_of(build, rows, small_rows) == block_of(build, kpis(), small_rows)


def test_january_follows_december():
    fields = KpiRow.__dataclass_fields__
    rows = [KpiRow(**{name: kpi("carbon", month=month)[name] for name in fields}) for month in ("2025-12", "2026-01")]
    found = kpi_month(rows, "2026-01")
    assert found.before(found.current[0]) == rows[0]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value="1e-9", max_value="1e15"))
def test_three_digits_are_within_half_a_per_cent(value):
    shown = D(three_digits(value, "en_IE").replace(",", ""))
    assert abs(shown - value) <= value * D("0.005")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0"),
        ("31", "31"),
        ("114137", "114,137"),
        ("0.99961", "1.00"),
        ("1234.5", "1,230"),
        ("-0.004125", "−0.00412"),
    ],
)
def test_counts_stay_exact_and_other_numbers_have_three_digits(value, shown):
    assert three_digits(D(value), "en_IE") == shown
    assert three_digits(None, "en_IE") == NOTHING


def test_changes_have_a_sign_and_a_shape_and_shares_change_in_points():
    assert (ratio_cell(D("0.1"), EUROS).text, ratio_cell(D("0.1"), EUROS).arrow) == ("+10.0%", "▲")
    assert ratio_cell(D("-0.00001"), EUROS).tone == "quiet"
    assert ratio_cell(None, EUROS).text == NOTHING
    assert points_shown(D("-0.0121"), EUROS).text == "−1.2\xa0pp"
    assert points_shown(D("0.0121"), MoneyFormat("EUR", "fr_FR")).text == "+1,2\xa0pp"
