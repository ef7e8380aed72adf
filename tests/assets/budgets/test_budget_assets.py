"""Budgets in the lake: thresholds speak once, both figures are told, the unknown says why, a policy fails a run."""

from datetime import date, timedelta
from decimal import Decimal as D

import pytest

from assets.budgets import update_budgets
from assets.budgets_tables import BUDGET_TABLES
from assets.forecasts import update_forecasts
from finops.cli import main
from pipelines.settings import Settings
from pipelines.settings_budgets import BillingTerms

FIRST = date(2026, 8, 1)
PLAN = ("shop", "Instances", "runtime")


def settings(*budgets: dict, **more: object) -> Settings:
    return Settings(budgets=budgets, **more)


def steady(held, until: date, per_day: object = 10) -> None:
    """So much a day until then, forecast as of then."""
    held.costs(FIRST, until, lambda day: {PLAN: per_day(day) if callable(per_day) else per_day})
    update_forecasts(held.catalog, until, "none")


def told(held) -> list[tuple]:
    rows = held.rows("select * from gold.budget_alerts order by first_seen, kind, threshold_percent")
    return [(row["first_seen"].day, row["kind"], int(row["threshold_percent"]), row["amount"]) for row in rows]


def test_each_threshold_speaks_once_over_runs_and_restated_days(held):
    wanted = settings({"name": "all", "amount": 200, "thresholds": [50, 80, 150]})
    for until in (date(2026, 11, 4), date(2026, 11, 4), date(2026, 11, 12), date(2026, 11, 13)):
        steady(held, until)
        update_budgets(held.catalog, wanted, until)
    before = told(held)
    october = [(4, "spent", 50, D(310)), (4, "spent", 80, D(310)), (4, "spent", 150, D(310))]
    expected = [(4, "expected", 50, D(300)), (4, "expected", 80, D(300)), (4, "expected", 150, D(300))]
    assert before == [*expected, *october, (12, "spent", 50, D(110))]

    fallen = date(2026, 11, 14)  # the days are restated: the month falls under the threshold
    steady(held, fallen, lambda day: 5 if day >= date(2026, 11, 1) else 10)
    assert update_budgets(held.catalog, wanted, fallen).new_alerts == 0
    risen = date(2026, 11, 17)
    steady(held, risen)
    made = update_budgets(held.catalog, wanted, risen)
    assert made.new_alerts == 1
    assert told(held)[-1] == (17, "spent", 80, D(160))
    assert len(told(held)) == len(before) + 1


def test_a_month_that_is_over_speaks_of_what_was_spent_only(held):
    wanted = settings({"name": "october", "months": {"2026-10": 300}, "thresholds": [100]})
    steady(held, date(2026, 11, 4))
    update_budgets(held.catalog, wanted, date(2026, 11, 4))
    assert told(held) == [(4, "spent", 100, D(310))]
    (row,) = held.rows("select * from gold.budgets")
    assert (row["billing_month"], row["state"], row["expected_breach_on"]) == ("2026-10", "over", date(2026, 10, 31))


def test_a_budget_of_scaleway_shows_its_own_figure_and_the_cost_it_stands_for(held):
    until = date(2026, 11, 11)
    held.give("silver.budgets", [{"budget_id": "b1", "is_enabled": True, "taxed_limit": 312,
                                  "alert_thresholds": "[50, 100]"}])  # fmt: skip
    held.give("silver.taxes", [{"billing_month": "2026-10", "billing_currency": "EUR", "tax_rate": "0.2"}])
    held.give("silver.vouchers", [{"discount_id": "v1", "coupon": "START", "is_voucher": True, "is_current": True,
                                   "granted_value": 100, "remaining_value": 30, "starts_at": date(2026, 1, 1),
                                   "ends_at": date(2027, 1, 1), "valid_from": until}])  # fmt: skip
    held.give("silver.invoices", [{"billing_month": "2026-10", "invoice_type": "periodic", "invoice_state": "issued",
                                   "discount": -70, "billing_currency": "EUR"}])  # fmt: skip
    steady(held, until)
    update_budgets(held.catalog, settings(), until)
    october, november = held.rows("select * from gold.budgets order by billing_month")
    # 312 with 20 % VAT is 260, and what vouchers pay comes on top
    assert (november["budget_amount"], november["amount_as_cost"], november["amount_as_invoiced"]) == (312, 290, 312)
    assert (october["amount_as_cost"], october["vouchers"]) == (330, 70)
    assert (november["actual_cost"], november["actual_as_counted"]) == (100, D(70) * D("1.2"))
    assert (november["expected_cost"], november["expected_as_invoiced"]) == (300, D(270) * D("1.2"))
    assert (november["state"], november["band"]) == ("expected over", "note")
    assert (october["actual_as_invoiced"], october["state"]) == (D(240) * D("1.2"), "kept")


def test_without_a_tax_rate_a_budget_with_vat_is_not_judged_and_says_what_to_set(held):
    until = date(2026, 11, 11)
    steady(held, until)
    wanted = {"name": "all", "amount": 100, "basis": "after discounts with tax"}
    update_budgets(held.catalog, settings(wanted), until)
    rows = held.rows("select * from gold.budgets")
    assert {(row["state"], row["amount_as_cost"], row["reason"]) for row in rows} == {
        ("unknown", None, "no tax rate is known; set billing_terms.tax_rate")
    }
    assert told(held) == []
    update_budgets(held.catalog, settings(wanted, billing_terms=BillingTerms(tax_rate=D("0.25"))), until)
    assert {row["amount_as_cost"] for row in held.rows("select * from gold.budgets")} == {80}


def test_a_budget_that_will_break_says_when_and_how_likely_and_its_days_burn_down(held):
    until = date(2026, 11, 11)
    steady(held, until, lambda day: 10 + day.toordinal() * 7 % 3)
    wanted = settings({"name": "shop", "scope": "project", "value": "shop", "amount": 250, "thresholds": [100]})
    update_budgets(held.catalog, wanted, until)
    row = held.rows("select * from gold.budgets where billing_month = '2026-11'")[0]
    assert (row["state"], row["is_breached"], row["band"]) == ("expected over", False, "escalate")
    assert date(2026, 11, 21) <= row["expected_breach_on"] <= date(2026, 11, 24)
    assert row["earliest_breach_on"] <= row["expected_breach_on"]
    assert 0.5 < row["chance_of_overrun"] < 1
    (said,) = held.rows("select * from gold.forecasts where level = 'project' and period = 'month_end'")
    assert row["expected_cost"] == said["expected_cost"]
    assert (row["low_cost"], row["high_cost"]) == (said["low_cost"], said["high_cost"])
    days = held.rows("select * from gold.budget_burn_down where billing_month = '2026-11' order by charge_date")
    assert [day["spent_cost"] is None for day in days] == [number >= 10 for number in range(30)]
    assert (days[-1]["planned_cost"], days[-1]["expected_cost"]) == (250, row["expected_cost"])


def test_what_cannot_be_judged_says_why(held):
    until = date(2026, 11, 11)
    steady(held, until)
    update_budgets(
        held.catalog,
        settings(
            {"name": "team", "scope": "team", "value": "nobody", "amount": 5},
            {"name": "tag", "scope": "tag", "value": "env=prod", "amount": 5},
            {"name": "typo", "scope": "project", "value": "shpo", "amount": 5},
            {"name": "unit", "scope": "kpi", "value": "cost_per_request=shop", "amount": 5},
        ),
        until,
    )
    reasons = {row["budget_name"]: row["reason"] for row in held.rows("select * from gold.budgets order by as_of")}
    assert reasons["team"] == "costs are not allocated to a team yet; `finops run` does it"
    assert reasons["tag"] == "no cost in EUR is known of tag env=prod; check its name"
    assert reasons["typo"] == "no cost in EUR is known of project shpo; check its name"
    assert reasons["unit"].startswith("no figure of cost_per_request=shop is known in 2026-1")
    assert {row["state"] for row in held.rows("select state from gold.budgets")} == {"unknown"}


def test_a_key_figure_is_held_against_its_ratio_of_sums_and_where_it_ends(held):
    until = date(2026, 11, 11)
    steady(held, until)
    days = [FIRST + timedelta(days=number) for number in range((until - FIRST).days)]
    common = {"kpi": "cost_per_request", "scope": "shop", "billing_currency": "EUR", "is_complete": True}
    held.give("gold.kpis", [
        *({**common, "period": "day", "period_start": day, "numerator": 10, "denominator": 5} for day in days),
        {**common, "period": "month", "period_start": date(2026, 11, 1), "value": 2},
        {**common, "period": "month", "period_start": date(2026, 10, 1), "value": 4},
    ])  # fmt: skip
    wanted = {"name": "unit", "scope": "kpi", "value": "cost_per_request", "amount": "1.9", "thresholds": [100]}
    update_budgets(held.catalog, settings(wanted), until)
    october, november = held.rows("select * from gold.budgets order by billing_month")
    assert (october["state"], october["actual_cost"], october["variance_percent"]) == ("over", 4, D("110.526315789474"))
    assert (november["state"], november["actual_cost"], november["expected_cost"]) == ("expected over", 2, 2)


def test_missing_days_leave_a_month_unknown(held):
    until = date(2026, 11, 11)
    held.costs(FIRST, until, lambda day: {PLAN: 10}, unread=[date(2026, 11, 3)])
    update_forecasts(held.catalog, until, "none")
    update_budgets(held.catalog, settings({"name": "all", "months": {"2026-11": 500}}), until)
    (row,) = held.rows("select * from gold.budgets")
    assert (row["state"], row["expected_cost"]) == ("unknown", None)
    assert row["reason"].startswith("2026-11-03 of the month: neither a cost nor a forecast")


def test_a_voucher_ends_with_a_rest_and_the_bill_without_credits_stands_beside(held):
    until = date(2026, 11, 11)
    held.give("silver.vouchers", [{"discount_id": "v1", "description": "Launch", "is_voucher": True,
                                   "is_current": True, "granted_value": 500, "remaining_value": 400,
                                   "starts_at": date(2026, 10, 1), "ends_at": date(2026, 12, 1),
                                   "valid_from": until}])  # fmt: skip
    held.give("silver.calendar", [{"resource_id": "v1", "date_kind": "voucher_end", "subject": "Launch",
                                   "ends_at": date(2026, 12, 1)}])  # fmt: skip
    held.give("silver.invoices", [{"billing_month": "2026-10", "invoice_type": "periodic", "invoice_state": "paid",
                                   "discount": -100, "billing_currency": "EUR"}])  # fmt: skip
    steady(held, until)
    update_budgets(held.catalog, settings(), until)
    days = held.rows("select * from gold.voucher_burn_down order by charge_date")
    assert (days[0]["charge_date"], days[0]["remaining_value"]) == (date(2026, 11, 1), 390)
    assert [day["is_known"] for day in days] == [number < 10 for number in range(30)]
    assert {(day["unused_value"], day["used_up_on"], day["expires_on"]) for day in days} == {
        (100, None, date(2026, 12, 1))
    }
    bills = held.rows("select * from gold.voucher_bills order by billing_month limit 2")
    assert [(bill["cost_without_credits"], bill["cost_with_credits"]) for bill in bills] == [(300, 0), (310, 310)]
    (due,) = held.rows("select * from gold.commitment_calendar")
    assert (due["days_left"], due["amount"], due["note"]) == (20, 100, "the amount expires unused")


def test_a_contract_tells_its_shortfall_and_the_calendar_comes_soonest_first(held):
    until = date(2026, 11, 11)
    steady(held, until)
    more = {
        "commitments": [{"name": "frame", "minimum": 1600, "starts_on": FIRST, "ends_on": date(2026, 12, 31)},
                        {"name": "older", "minimum": 10, "starts_on": date(2026, 1, 1), "ends_on": date(2027, 1, 1)}],
        "end_dates": [{"subject": "rack", "on": date(2026, 11, 30), "amount": 50},
                      {"subject": "gone", "on": date(2026, 11, 1)}],
    }  # fmt: skip
    update_budgets(held.catalog, settings(**more), until)
    rack, frame, older = held.rows("select * from gold.commitment_calendar order by due_on")
    assert (rack["subject"], rack["days_left"], rack["amount"], rack["minimum_cost"]) == ("rack", 19, 50, None)
    assert (frame["spent_cost"], frame["to_spend_cost"], frame["expected_shortfall"]) == (1020, 580, 80)
    assert frame["chance_of_shortfall"] == 1
    assert older["spent_cost"] is None
    assert "212 days from 2026-01-01 on were not read" in older["note"]


def test_a_second_run_on_unchanged_data_makes_no_commit(held):
    until = date(2026, 11, 11)
    steady(held, until)
    wanted = settings({"name": "all", "amount": 250}, commitments=[
        {"name": "frame", "minimum": 1600, "starts_on": FIRST, "ends_on": date(2026, 12, 31)}
    ])  # fmt: skip
    update_budgets(held.catalog, wanted, until)
    versions = held.versions(*BUDGET_TABLES)
    assert set(update_budgets(held.catalog, wanted, until).rows.values()) == {0}
    assert held.versions(*BUDGET_TABLES) == versions
    update_budgets(held.catalog, wanted, until + timedelta(days=1))
    days = held.rows("select distinct as_of from gold.budgets order by 1")
    assert [row["as_of"] for row in days] == [until, until + timedelta(days=1)]


@pytest.fixture
def account(held, monkeypatch, tmp_path) -> None:
    """Settings that lead to the lake, a key, and a run that has nothing to read."""
    from assets import runs
    from assets.outcome import Outcome

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINOPS_LAKE", held.address)
    monkeypatch.setenv("SCW_ACCESS_KEY", "SCWXXXXXXXXXXXXXXXXX")
    for name in ("SCW_SECRET_KEY", "SCW_DEFAULT_ORGANIZATION_ID"):
        monkeypatch.setenv(name, "11111111-1111-4111-8111-111111111111")
    monkeypatch.setattr(runs, "run_build", lambda *_, **__: Outcome((), 0, (), missing=("telemetry is off",)))


def test_a_run_fails_with_ten_on_a_broken_budget_in_one_line(held, account, capsys):
    until = date(2026, 11, 11)
    steady(held, until)
    update_budgets(held.catalog, settings({"name": "all", "amount": 250}), until)
    assert main(["run", "--fail-on", "budget"]) == 10
    complaint = capsys.readouterr().err.strip().splitlines()[-1]
    assert complaint == (
        "finops: budget 'all' of 2026-11 is expected over: 100.00 of 250.00 EUR, 300.00 expected (+20.0 %), "
        "above it on 2026-11-26"
    )
    assert main(["run"]) == 6  # what is missing is told without the policy
    update_budgets(held.catalog, settings({"name": "all", "amount": 350}), until)
    assert main(["run", "--fail-on", "budget"]) == 6  # October, over as it was, is no longer to be saved
    assert main(["run", "--fail-on", "budgets"]) == 2


def test_budgets_are_listed_for_eyes_and_exactly(held, account, capsys):
    until = date(2026, 11, 11)
    assert main(["budgets", "list"]) == 2
    assert "set [[budgets]] in finops.toml" in capsys.readouterr().err
    steady(held, until, lambda day: D("10.123456") + day.toordinal() % 2)
    update_budgets(held.catalog, settings({"name": "all", "amount": 250}), until)
    capsys.readouterr()
    assert main(["budgets", "list"]) == 0
    table = capsys.readouterr().out
    assert "expected over" in table
    assert "106.23" in table
    assert main(["budgets", "list", "--month", "2026-10", "--format", "csv"]) == 0
    header, line = capsys.readouterr().out.splitlines()
    assert dict(zip(header.split(","), line.split(",", header.count(",")), strict=False))["budget_name"] == "all"
    assert "328.827136000000" in line
