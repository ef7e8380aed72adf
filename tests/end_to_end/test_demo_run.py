"""The organisation of `make demo`: thirteen complete months and the running one, held against what is true."""

from decimal import Decimal

import pytest


@pytest.fixture(scope="module")
def demo(tmp_path_factory, finops_at, session_state, view):
    """What `finops demo` said the first and the second time, the lake it left, and the truth."""
    from simulator.loading import load
    from simulator.truth import truth
    from simulator.world import build

    folder = tmp_path_factory.mktemp("demo")
    finops = finops_at(folder, FINOPS_STATE=str(session_state))
    words = ("demo", "--lake", str(folder / "lake"), "--out", str(folder / "out"))
    first = finops(*words)
    lake = view(folder / "lake")
    before = lake.versions()
    second = finops(*words)
    world = build(load("demo"))
    told = truth(world, int(world.scenario.today.timestamp()))
    return first, second, before, lake, told


def test_the_demo_equals_its_truth_reconciles_and_commits_nothing_again(demo):
    first, second, before, lake, told = demo
    assert first.code == second.code == 0, first.err + second.err
    assert "Open: " in first.out
    assert lake.versions() == before
    assert "Nothing was new" in second.err

    months = told["months"]
    assert sum(month["complete"] for month in months.values()) == 13
    assert len(months) == 14
    costs = lake.rows("select billing_month, sum(billed_cost) as cost from gold.daily_costs group by all")
    assert {row["billing_month"]: row["cost"] for row in costs} == {
        month: Decimal(true["charges"]) for month, true in months.items()
    }

    bills = {row["billing_month"]: row for row in lake.rows("select * from gold.invoice_reconciliation")}
    for month, true in months.items():
        assert bills[month]["consumed_cost"] == Decimal(true["consumption"]), month
        assert bills[month]["alarms"] == 0, month
        if true["invoice"]:
            assert bills[month]["invoiced_cost"] == Decimal(true["invoice"]["undiscount"]), month
            assert bills[month]["consumption_residual"] == 0, month
    assert lake.one("select count(*) from gold.reconciliation where explanation is null or is_alarm") == 0

    effects = lake.rows("select billing_month, sum(price_effect) as effect from gold.cost_movers group by all")
    for row in effects:
        assert row["effect"] == Decimal(months[row["billing_month"]]["list_price_change_effect"]), row


def test_everything_unusual_that_was_planted_is_told_where_it_happened_and_at_most_one_thing_besides(demo):
    from benchmarks.planted_anomalies import compare, is_urgent, planted

    *_, lake, told = demo
    tables = (lake.rows(f"select * from {name}") for name in ("gold.anomalies", "gold.anomaly_causes"))
    found = compare(told, *tables)
    assert found.missed == []
    assert found.trapped == []
    assert len(found.others) <= 1, found.others
    urgent = {item["id"] for item in planted(told) if is_urgent(item)}
    assert urgent <= {name for name, row in found.found.items() if row["severity"] == "urgent"}
    assert all(row["impact"] > 0 for row in found.found.values())


def test_every_planted_waste_is_advised_on_and_no_trap_is(demo):
    from benchmarks.planted_waste import MOST_EXTRAS, compare

    *_, lake, told = demo
    found = compare(told, lake.rows("select * from gold.recommendations"))
    assert (found.missed, found.trapped) == ([], {})
    assert len(found.extras) <= MOST_EXTRAS * found.advised, found.extras
    assert lake.one("select count(*) from gold.recommendations where monthly_saving > coalesce(monthly_cost, 0)") == 0


def test_what_planted_storage_and_telemetry_wastes_can_save_is_what_the_advice_says(demo):
    from benchmarks.planted_storage import compare

    *_, lake, told = demo
    found = compare(told, lake.rows("select * from gold.recommendations"))
    assert len(found) == 11
    assert [each for each in found if not each.agrees] == []
