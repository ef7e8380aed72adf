"""The report's block of budgets and the forecast: bands, both figures, sums to the cent, and what is unknown."""

import re
from datetime import date
from decimal import Decimal as D

import pytest

from pipelines.reporting.monthly import render_monthly

HEAD = {"made_on": date(2026, 11, 18), "known_until": date(2026, 11, 18), "billing_currency": "EUR"}
PERIODS = {
    "month_end": (date(2026, 11, 1), date(2026, 12, 1)),
    "next_month": (date(2026, 12, 1), date(2027, 1, 1)),
    "next_quarter": (date(2027, 1, 1), date(2027, 4, 1)),
}


def forecast(project: str | None, period: str, cost: str, **more: object) -> dict:
    start, end = PERIODS[period]
    return {
        **HEAD, "level": "project" if project else "organization", "project_id": project, "project_name": project,
        "period": period, "period_start": start, "period_end": end, "known_cost": D(cost) / 2, "expected_cost": D(cost),
        "low_cost": D(cost) - 10, "high_cost": D(cost) + 20, "interval_percent": 80, "run_rate_cost": D(cost) + 1,
        "seasonal_naive_cost": D(cost) + 2, "beats_naive": True, "reason": None, **more,
    }  # fmt: skip


def budget(name: str, kind: str, scope: str | None, amount: str, **more: object) -> dict:
    return {
        "budget_name": name, "billing_month": "2026-11", "billing_currency": "EUR", "source": "finops.toml",
        "scope_kind": kind, "scope": scope, "known_until": date(2026, 11, 18), "budget_amount": D(amount),
        "basis": "before discounts, without VAT", "amount_as_cost": D(amount), "amount_as_invoiced": None,
        "actual_cost": D(100), "expected_cost": D(600), "low_cost": D(590), "high_cost": D(620),
        "expected_as_invoiced": None, "variance_percent": D("20.00"), "chance_of_overrun": 0.999999,
        "state": "expected over", "band": "escalate", "is_breached": False, "expected_breach_on": date(2026, 11, 26),
        "reason": None, **more,
    }  # fmt: skip


@pytest.fixture
def outlook() -> dict[str, list[dict]]:
    """Three projects of a third of a euro each more, so that rounding shows, and budgets of every kind."""
    third = D("600.333333333333")
    rows = [forecast(name, period, str(third)) for name in ("shop", "data", "lab") for period in PERIODS]
    rows += [forecast(None, period, str(3 * third)) for period in PERIODS]
    unknown = {"state": "unknown", "amount_as_cost": None, "actual_cost": None, "expected_cost": None, "low_cost": None,
               "high_cost": None, "variance_percent": None, "chance_of_overrun": None, "band": None,
               "is_breached": None, "expected_breach_on": None, "reason": "check its name"}  # fmt: skip
    return {
        "gold.forecasts": rows,
        "gold.budgets": [
            budget("shop", "project", "shop", "500"),
            budget("Scaleway", "organization", None, "3000", amount_as_cost=D(2600), basis="after discounts, with VAT",
                   variance_percent=D("-30.7"), band="note", chance_of_overrun=0.000001, expected_breach_on=None),
            budget("Scaleway", "organization", None, "40000", billing_month="2026-10"),
            budget("nobody's", "team", "nobody", "50", **unknown),
        ],
        "gold.forecast_accuracy": [
            {"level": "organization", "project_id": None, "billing_currency": "EUR", "target": "month_end",
             "first_day_ahead": 1, "last_day_ahead": 13, "forecasts": 69, "wape": 0.0092, "bias": -0.0053,
             "coverage": 0.772, "interval_percent": 80, "run_rate_wape": 0.015, "seasonal_naive_wape": 0.0139,
             "beats_naive": True, "reason": None},
        ],
        "gold.voucher_burn_down": [
            {"discount_id": "v1", "voucher_name": "START<3K>", "billing_currency": "EUR", "remaining_value": D(400),
             "expires_on": date(2026, 12, 1), "used_up_on": None, "unused_value": D("100.5")},
        ],
    }  # fmt: skip


def page(build, rows: dict, outlook: dict) -> str:
    html = render_monthly(build({**rows, **outlook}))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    return text.replace("\u2060", "")


def test_forecast_budget_band_chance_and_crossing_stand_in_one_row(build, rows, outlook):
    text = page(build, rows, outlook)
    assert "Where November 2026 ends" in text
    assert "shop €300.17 €600.33 €590.33 – €620.33 €500.00 +20.0% ▲ escalate &gt;99% 26 Nov expected" in text
    assert "€2,600.00 €3,000.00 after discounts, with VAT −30.7% within &lt;1% not this month" in text


def test_rows_and_total_add_up_to_the_cent(build, rows, outlook):
    text = page(build, rows, outlook)
    assert "… rounding −€0.01 €0.01" in text
    assert "Total €900.50 €1,801.00" in text


def test_key_figures_show_budget_and_forecast_with_their_periods(build, rows, outlook):
    text = page(build, rows, outlook)
    assert re.search(r"Budget €40,000 [+−]€[\d,.]+ \([+−][\d.]+%\) [▲▼] actual against it October 2026", text)
    assert (
        "Forecast, month end €1,801 80 %: €1,791 to €1,821; over its budget: &lt;1% November 2026, 17 of 30 days"
        in text
    )


def test_an_unknown_budget_says_why_and_names_are_text(build, rows, outlook):
    text = page(build, rows, outlook)
    assert "team nobody — — — €50.00 unknown check its name" in text
    assert "Voucher START&lt;3K&gt; has €400.00 left; it ends on 1 Dec 2026, with €100.50 unused." in text
    assert "rest of the month (13 days) 0.9% −0.5% 77.2% 1.5% 1.4% 69" in text


def test_without_a_forecast_there_is_no_block_and_no_tile(build, rows):
    text = page(build, rows, {})
    assert "Forecast, month end" not in text
    assert "Where November" not in text


def test_known_changes_are_lines_that_add_up_and_a_band_that_was_not_measured_says_so(build, rows, outlook):
    changes = {"new list": ("0", "33.333", "100"), "lab closes": ("-5.01", "-7", "-21")}
    for name, effects in changes.items():
        outlook["gold.forecasts"] += [
            forecast(None, period, effect, level="known_change", known_change=name, low_cost=None, high_cost=None,
                     run_rate_cost=None, seasonal_naive_cost=None, beats_naive=None, method=f"what {name} does")
            for period, effect in zip(PERIODS, effects, strict=True)
        ]  # fmt: skip
    sums = {period: sum(D(effects[at]) for effects in changes.values()) for at, period in enumerate(PERIODS)}
    for row in outlook["gold.forecasts"]:
        if row["level"] == "organization":
            row["known_changes_cost"] = sums[row["period"]]
        if row["period"] == "next_quarter":
            row["low_cost"] = row["high_cost"] = None
    text = page(build, rows, outlook)
    assert "Known changes, in the figures above" in text
    assert "new list what new list does €0.00 +€33.33 +€100.00" in text
    assert "lab closes what lab closes does −€5.01 −€7.00 −€21.00" in text
    assert re.search(r"Total −€5.01 \+€26.33 \+€79.00", text)
    assert "€1,801.00 not measured" in text
    assert "Changes that are known to come make up −€5.01 of it." in text
