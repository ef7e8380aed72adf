from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import pytest

from simulator.instants import seconds
from simulator.loading import load
from simulator.truth import truth
from simulator.world import build

MONTHS = ["2026-05", "2026-06", "2026-07"]
CENT = Decimal("0.01")


def _amount(money):
    return Decimal(0) if money is None else Decimal(money["units"]) + Decimal(money["nanos"]).scaleb(-9)


def _after(month):
    return f"{month[:5]}{int(month[5:]) + 1:02}-01T00:00:00Z"


def _lines(simulator, month):
    asked = {"organization_id": simulator.organization_id, "billing_period": month}
    return simulator.json("/billing/v2beta1/consumptions", **asked)["consumptions"]


def _charged(simulator, month):
    """Charges of a month by project and SKU, exactly."""
    sums = {}
    rows = simulator.charges(f"{month}-01T00:00:00Z", _after(month), clamp_to_time_range="false")
    for row in rows:
        key = row["project_id"], row["sku"]
        sums[key] = sums.get(key, Decimal(0)) + _amount(row["price"])
    return sums


@pytest.mark.parametrize("month", MONTHS)
def test_consumption_is_the_charges_rounded_to_the_cent_and_the_truth_names_every_exception(simulator, month):
    now = seconds(simulator.clock.now)
    residuals = truth(simulator.world, now)["residuals"].get(month, {})
    charged, lines = _charged(simulator, month), _lines(simulator, month)
    consumed = {(line["project_id"], line["sku"]): _amount(line["value"]) for line in lines}
    assert len(consumed) == len(lines), "one line per project and SKU"
    explained = {tuple(key.split("|")) for key in residuals}
    assert charged.keys() <= consumed.keys()
    differing = {
        key for key, value in consumed.items() if value != charged.get(key, Decimal(0)).quantize(CENT, ROUND_HALF_EVEN)
    }
    assert differing == explained


def test_the_small_scenario_has_each_kind_of_residual(simulator):
    simulator.clock.now = datetime(2026, 7, 10, 6, tzinfo=UTC)
    residuals = truth(simulator.world, seconds(simulator.clock.now))["residuals"]
    assert {kind for month in residuals.values() for kind in month.values()} == {"contract", "unexplained", "late"}


@pytest.mark.parametrize("month", MONTHS)
def test_every_line_is_whole_cents_and_whole_units(simulator, month):
    for line in _lines(simulator, month):
        assert line["value"]["nanos"] % 10_000_000 == 0
        assert line["billed_quantity"] == str(int(line["billed_quantity"]))
        assert line["consumer_id"] == simulator.organization_id


def test_a_months_invoice_is_the_sum_of_its_lines(simulator):
    invoices = simulator.json("/billing/v2beta1/invoices", invoice_type="periodic")["invoices"]
    assert [row["billing_period"][:7] for row in invoices] == ["2026-06", "2026-05"]
    for row in invoices:
        total = sum(_amount(line["value"]) for line in _lines(simulator, row["billing_period"][:7]))
        assert _amount(row["total_undiscount"]) == total
        assert _amount(row["total_untaxed"]) == total + _amount(row["total_discount"])
        assert _amount(row["total_tax"]) == (_amount(row["total_untaxed"]) / 5).quantize(CENT, ROUND_HALF_EVEN)
        assert _amount(row["total_taxed"]) == _amount(row["total_untaxed"]) + _amount(row["total_tax"])
        assert row["stop_date"].endswith("T23:59:59.999999Z")
        assert simulator.json(f"/billing/v2beta1/invoices/{row['id']}") == row


def test_the_truth_is_what_the_api_serves(simulator):
    told = truth(simulator.world, seconds(simulator.clock.now))
    assert list(told["months"]) == MONTHS
    today = simulator.clock.now.replace(hour=0)
    for month, said in told["months"].items():
        by_project, by_sku = {}, {}
        day = datetime.fromisoformat(f"{month}-01T00:00:00+00:00")
        while f"{day:%Y-%m}" == month and day < today:
            after = day + timedelta(1)
            rows = simulator.charges(
                f"{day:%Y-%m-%dT%H:%M:%SZ}", f"{after:%Y-%m-%dT%H:%M:%SZ}", clamp_to_time_range="true"
            )
            for row in rows:
                for sums, key in ((by_project, row["project_id"]), (by_sku, row["sku"])):
                    sums[key] = sums.get(key, Decimal(0)) + _amount(row["price"])
            day = after
        assert {key: Decimal(value) for key, value in said["by_project"].items()} == by_project
        assert {key: Decimal(value) for key, value in said["by_sku"].items()} == by_sku
        assert Decimal(said["charges"]) == sum(by_sku.values())
        assert Decimal(said["consumption"]) == sum(_amount(line["value"]) for line in _lines(simulator, month))


def test_the_truth_knows_the_invoices_and_what_is_invoiced_apart(simulator):
    told = truth(simulator.world, seconds(simulator.clock.now))["months"]
    rows = simulator.json("/billing/v2beta1/invoices")["invoices"]
    for month in MONTHS:
        served = {row["type"]: row for row in rows if row["billing_period"].startswith(month)}
        apart = _amount(served["purchase"]["total_untaxed"])
        assert Decimal(told[month]["invoiced_apart"]) == apart == Decimal("24.99")
        said = told[month]["invoice"]
        if "periodic" in served:
            assert said["id"] == served["periodic"]["id"]
            assert Decimal(said["taxed"]) == _amount(served["periodic"]["total_taxed"])
            assert said["state"] == served["periodic"]["state"]
        else:
            assert said is None
    (note,) = [row for row in rows if row["type"] == "credit_note"]
    assert _amount(note["total_untaxed"]) == Decimal(told["2026-05"]["credit_notes"]) == Decimal("-7.50")


def test_the_effect_of_a_price_change_is_usage_times_difference(simulator):
    told = truth(simulator.world, seconds(simulator.clock.now))
    assert Decimal(told["months"]["2026-06"]["list_price_change_effect"]) == 30 * 24 * Decimal("0.0375")
    assert Decimal(told["months"]["2026-07"]["list_price_change_effect"]) == 0
    change = next(c for c in told["price_changes"] if c["sku"] == "/compute/l4_1_24g/run_fr-par-2")
    assert (Decimal(change["old"]), Decimal(change["new"]), change["unit"]) == (
        Decimal("0.0125"),
        Decimal("0.013125"),
        "minute",
    )


def test_an_invoice_is_a_draft_then_issued_then_paid(simulator):
    states = {}
    for moment in ("2026-06-30T23:00", "2026-07-01T00:00", "2026-07-04T09:00", "2026-07-04T11:00", "2026-07-14T11:00"):
        simulator.clock.now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        rows = simulator.json("/billing/v2beta1/invoices", invoice_type="periodic")["invoices"]
        june = [row for row in rows if row["billing_period"].startswith("2026-06")]
        states[moment] = (june[0]["state"], june[0]["issued_date"] is None) if june else None
    assert list(states.values()) == [None, ("draft", True), ("draft", True), ("issued", False), ("paid", False)]


def test_a_voucher_is_used_up_by_issued_invoices(simulator):
    remaining = {}
    for moment in (datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 5, tzinfo=UTC)):
        simulator.clock.now = moment
        (row,) = simulator.json("/billing/v2beta1/discounts")["discounts"]
        assert row["value_used"] + row["value_remaining"] == row["value"] == 60.0
        remaining[moment.day] = row["value_remaining"]
    assert remaining == {1: 60.0, 5: 0.0}
    asked = {"organization_id": simulator.organization_id, "billing_period": "2026-05"}
    assert simulator.json("/billing/v2beta1/consumptions", **asked)["total_discount_untaxed_value"] == 60.0


def test_a_rate_voucher_takes_its_share_of_its_category(small):
    from simulator.bill import Bill
    from simulator.bill_scenario import Voucher

    half = {"description": "Half of AI", "mode": "rate", "value": 50, "category": "AI"}
    voucher = Voucher.model_validate(half | {"from": small.start, "to": small.today})
    world = build(small.model_copy(update={"vouchers": [voucher]}))
    bill, now = Bill(world), seconds(small.today)
    may = world.months[0]
    category = sum(line.cents for line in bill.lines(may, now) if line.category == "AI")
    assert category > 0
    assert bill.discount(may, now) == -round(Decimal(category) / 2)


def test_only_the_open_month_says_it_was_updated_today(simulator):
    updates = {}
    for hour in (1, 7, 13):
        simulator.clock.now = datetime(2026, 7, 10, hour, 30, tzinfo=UTC)
        for month in ("2026-06", "2026-07"):
            asked = {"organization_id": simulator.organization_id, "billing_period": month}
            updates.setdefault(month, []).append(simulator.json("/billing/v2beta1/consumptions", **asked)["updated_at"])
    assert len(set(updates["2026-06"])) == 1
    assert updates["2026-07"] == ["2026-07-10T00:00:00Z", "2026-07-10T06:00:00Z", "2026-07-10T12:00:00Z"]


def test_taxes_and_budgets_have_the_shapes_scaleway_gives_them(simulator):
    asked = {"organization_id": simulator.organization_id, "billing_period": "2026-06"}
    (tax,) = simulator.json("/billing/v2beta1/taxes", **asked)["taxes"]
    told = truth(simulator.world, seconds(simulator.clock.now))["months"]["2026-06"]["invoice"]
    assert (tax["rate"], str(tax["total_tax_value"])) == (0.2, told["tax"])
    (budget,) = simulator.json("/billing/v2/budgets")["budgets"]
    assert budget["consumption_limit"] == {"currency_code": "", "nanos": 0, "units": 500}


def test_consumption_can_be_narrowed_and_paged(simulator):
    asked = {"organization_id": simulator.organization_id, "billing_period": "2026-06"}
    everything = simulator.json("/billing/v2beta1/consumptions", **asked)
    paged = []
    for page in range(1, 20):
        answer = simulator.json("/billing/v2beta1/consumptions", **asked, page=page, page_size=4)
        assert answer["total_count"] == everything["total_count"] == len(everything["consumptions"])
        paged += answer["consumptions"]
    assert paged == everything["consumptions"]
    network = simulator.json("/billing/v2beta1/consumptions", **asked, category_name="Managed Databases")
    assert {row["category_name"] for row in network["consumptions"]} == {"Managed Databases"}
    project = everything["consumptions"][0]["project_id"]
    one = simulator.json("/billing/v2beta1/consumptions", project_id=project, billing_period="2026-06")
    assert {row["project_id"] for row in one["consumptions"]} == {project}


def test_the_demo_is_the_organisation_it_promises():
    scenario = load("demo")
    world = build(scenario)
    now = seconds(scenario.today)
    told = truth(world, now)
    complete = {name: month for name, month in told["months"].items() if month["complete"]}
    assert len(complete) == 13
    assert len(told["months"]) == 14
    days = (date(2026, 11, 1) - date(2025, 10, 1)).days
    per_day = sum(Decimal(month["charges"]) for month in complete.values()) / days
    assert 850 < per_day < 950
    assert 300 <= sum(1 for _ in world.living(now)) <= 400
    assert len(scenario.projects) == 12
    october = complete["2026-10"]
    legacy = Decimal(october["by_project"][scenario.organization.id]) / Decimal(october["charges"])
    assert Decimal("0.13") < legacy < Decimal("0.17")
    assert set(told["residuals"]["2026-10"].values()) == {"contract"}
    groups = {name for item in [*scenario.planted, *scenario.traps] for name in item.groups}
    found = {r.id for r in world.resources if r.group.name in groups and r.start <= now}
    assert found == {one for item in [*told["planted"], *told["traps"]] for one in item["resource_ids"]}
    assert all(item["expected_monthly_cost"] != "0.00" for item in told["planted"])
