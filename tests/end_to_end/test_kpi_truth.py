"""After one run of the real command every key figure of every month and day is true, to the last decimal.

The truth is worked out from the world itself and the same finops.toml, by code that shares nothing with the product's.
`benchmarks.kpi_truth` compares any lake in this way, and says what nobody who reads Scaleway's answers can know.
"""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from assets.settings_tables import KPI_SETTINGS, store
from benchmarks.kpi_compare import compared
from benchmarks.kpi_impacts import ESTIMATED
from benchmarks.kpi_savings import FOUND, RUNNING, UNVERIFIED, open_saving
from benchmarks.kpi_shares import CLUSTERS, TAGLESS
from benchmarks.kpi_sides import BEFORE_COUNTS, WAITED_FOR
from benchmarks.kpi_truth import comparisons, lines
from benchmarks.kpi_units import FROM_BILL
from pipelines.lake.address import parse_address
from pipelines.lake.build import build as build_table
from pipelines.lake.store import Lake
from pipelines.lake.tables.decisions import RECOMMENDATIONS
from pipelines.lake.trace import trace
from simulator.loading import load
from simulator.world import build

NOT_KNOWABLE = {
    ("cost_per_gb", "month"): {FROM_BILL},
    ("cost_per_gb", "day"): {FROM_BILL},
    ("carbon", "day"): {ESTIMATED},
    ("water", "day"): {ESTIMATED},
    ("carbon_per_currency", "day"): {ESTIMATED},
    ("water_per_currency", "day"): {ESTIMATED},
    ("carbon_per_1k_requests", "day"): {ESTIMATED},
    ("water_per_1k_requests", "day"): {ESTIMATED},
    ("tag_coverage_by_cost", "month"): {TAGLESS},
    ("tag_coverage_by_count", "month"): {TAGLESS},
    ("effective_savings_rate, denominator", "month"): {RUNNING},
    ("effective_savings_rate", "month"): {RUNNING, UNVERIFIED},
    ("commitment_coverage", "month"): {RUNNING},
    ("commitment_utilisation", "month"): {RUNNING},
    ("cost_efficiency, planted", "month"): {FOUND},
}
"""What a reader of this world cannot know, and why; everything else has to be there and equal."""

NOTHING_OF = {
    ("unallocated", "month"),  # every pool finds a receiver
    ("unallocated", "day"),
    ("cost_per_job", "month"),  # no jobs run here
    ("cost_per_job", "day"),
    ("effective_savings_rate", "month"),
    ("commitment_coverage", "month"),  # nothing is committed to
    ("commitment_utilisation", "month"),
    ("cost_efficiency, planted", "month"),
    ("cost_per_inference", "month"),  # no model is served
    ("cost_per_inference", "day"),
}


@pytest.fixture(scope="module")
def world():
    return build(load("small"))


@pytest.fixture(scope="module")
def told(small, world):
    """What came of every key figure, by its name and the kind of period."""
    return {(each.kpi, each.period): each for each in comparisons(world, small.rows)}


def test_every_key_figure_of_every_month_and_day_is_true(told):
    assert [line for each in told.values() if each.different for line in lines(each)] == []


def test_nothing_is_left_out_but_what_nobody_can_know(told):
    assert {name: set(each.unknown) for name, each in told.items() if each.unknown} == NOT_KNOWABLE
    assert {name for name, each in told.items() if not each.compared} == NOTHING_OF
    assert sum(each.compared for each in told.values()) > 3_000
    assert not {CLUSTERS, BEFORE_COUNTS, WAITED_FOR} & {reason for each in told.values() for reason in each.unknown}


def test_every_key_figure_of_the_list_is_compared(small, told):
    known = {row["kpi"] for row in small.rows("select distinct kpi from gold.kpis where value is not null")}
    assert known <= {kpi for kpi, _ in told}


def test_sizes_that_follow_from_the_bill_are_right_to_six_digits(told):
    apart = [told["cost_per_gb", period].apart[FROM_BILL] for period in ("month", "day")]
    assert max(apart) < Decimal("1e-6")


def test_what_agreed_prices_save_is_true_once_somebody_says_that_charges_are_net(small_copy, view, world):
    store(
        Lake(parse_address(str(small_copy))),
        {KPI_SETTINGS: [{"charges_are_net": True, "idle_below": Decimal("0.05")}]},
    )
    catalog = view(small_copy).catalog
    build_table(catalog, catalog.models.by_name["gold.effective_savings_rate"], ["2026-05", "2026-06", "2026-07"])
    found = {(each.kpi, each.period): each for each in comparisons(world, view(small_copy).rows)}
    rate = found["effective_savings_rate", "month"]
    assert (rate.exact, rate.different, set(rate.unknown)) == (2, [], {RUNNING})


def test_cost_efficiency_is_what_the_savings_that_are_found_leave_of_the_true_spend(small_copy, view, world):
    def advice(name, saving, status="open", first=date(2026, 6, 3), is_counted=True):
        return {
            **dict.fromkeys(RECOMMENDATIONS.schema.names),
            "recommendation_id": name,
            "monthly_saving": Decimal(saving),
            "currency": "EUR",
            "is_counted": is_counted,
            "status": status,
            "first_seen": first,
            "last_seen": date(2026, 7, 9),
        }

    made = [advice("resize", 30, is_counted=False), advice("delete", "40.125"), advice("done", 99, status="done")]
    store(Lake(parse_address(str(small_copy))), {RECOMMENDATIONS: [*made, advice("late", 7, first=date(2026, 7, 2))]})
    catalog = view(small_copy).catalog
    # later advice makes only the newest month anew; here June has to be as it was told in June
    shutil.rmtree(Path(small_copy) / "gold" / "cost_efficiency")
    build_table(catalog, catalog.models.by_name["gold.cost_efficiency"], ["2026-05", "2026-06", "2026-07"])
    found = {(each.kpi, each.period): each for each in comparisons(world, view(small_copy).rows)}
    efficiency = found["cost_efficiency", "month"]
    # nothing was recommended before June
    assert (efficiency.compared, efficiency.different, efficiency.empty) == (2, [], 1)
    savings = view(small_copy).rows("select billing_month, open_saving from gold.cost_efficiency")
    assert {row["billing_month"]: row["open_saving"] for row in savings}["2026-06"] == Decimal("40.125")


def test_the_change_of_a_key_figure_traces_to_what_its_cost_is_made_of(small):
    rows = small.rows(
        "select distinct on (kpi, scope) * from gold.kpi_bridge where change <> 0 "
        "order by kpi, scope, billing_month desc, abs(change) desc"
    )
    assert {row["kpi"] for row in rows} == {"cost_per_request"}
    for row in rows:
        keys = [f"{name}={row[name] or ''}" for name in ("billing_month", "kpi", "scope", "item", "billing_currency")]
        told = trace(small.view.catalog, "gold.kpi_bridge", keys)
        assert (told.figure, told.adds_up) == (row["change"], True), keys
        charges = [each for each in told.evidence.to_pylist() if each["evidence"].startswith("charge")]
        assert {each["path"] is not None for each in charges} <= {True}


def test_what_a_forecast_knows_already_traces_to_its_charges(small):
    rows = small.rows("select distinct on (level, period) * from gold.forecasts where known_cost > 0")
    assert {row["level"] for row in rows} >= {"organization", "project", "project_service", "behaviour"}
    grain = (
        "made_on",
        "level",
        "project_id",
        "service_name",
        "behaviour",
        "known_change",
        "billing_currency",
        "period",
    )
    for row in rows:
        told = trace(small.view.catalog, "gold.forecasts", [f"{name}={row[name] or ''}" for name in grain])
        assert (told.figure, told.total) == (row["known_cost"], row["known_cost"])
        assert {each["charge_date"] >= row["period_start"] for each in told.evidence.to_pylist()} == {True}


def test_margins_fall_on_both_sides_of_the_target(small):
    rows = small.rows("select is_below_target from gold.tenant_margins where reason is null")
    assert {row["is_below_target"] for row in rows} == {True, False}


def test_the_settings_split_in_several_ways_and_months_say_whether_they_are_over(small):
    methods = small.rows("select distinct allocation_method from gold.allocated_costs where not is_direct")
    assert len(methods) >= 3
    rows = small.rows(
        "select billing_month, is_complete from gold.kpis "
        "where period = 'month' and kpi = 'cost_per_request' and scope like '% / prod' and value is not null"
    )
    complete = {month: kpis["complete"] for month, kpis in small.truth["kpis"].items()}
    assert {row["billing_month"]: row["is_complete"] for row in rows} == complete


# --- the comparison itself


def test_a_figure_that_differs_is_missing_or_is_too_many_is_told():
    true = {("2026-05", name): {"cost": Decimal(1), "value": Decimal("0.5")} for name in ("kept", "changed", "missing")}
    found = {
        ("2026-05", "kept"): {"cost": Decimal(1), "value": Decimal("0.5")},
        ("2026-05", "changed"): {"cost": Decimal("1.000000000001"), "value": Decimal("0.5")},
        ("2026-05", "more"): {"cost": Decimal(2), "value": Decimal(1)},
        ("2026-05", "silent"): {"cost": Decimal(2), "value": None},
    }
    result = compared("kpi", "month", found, true, {})
    assert {(each.key[1], each.name) for each in result.different} == {
        ("changed", "cost"),
        ("missing", "row"),
        ("more", "row"),
    }
    assert (result.exact, result.empty, result.compared) == (1, 1, 4)
    hidden = compared(
        "kpi", "month", found, true, {("2026-05", name): "why" for name in ("changed", "missing", "more")}
    )
    assert (hidden.different, dict(hidden.unknown)) == ([], {"why": 3})


@pytest.mark.parametrize(("found", "is_same"), [("0.5", True), ("0.500000000001", True), ("0.500000000002", False)])
def test_only_the_last_decimal_of_a_quotient_may_be_rounded_the_other_way(found, is_same):
    key = ("2026-05", "shop")
    result = compared("kpi", "month", {key: {"value": Decimal(found)}}, {key: {"value": Decimal("0.5")}}, {})
    assert (not result.different) == is_same
    assert result.exact == (found == "0.5")


def test_of_savings_that_overlap_the_counted_ones_stand_in_it_while_they_lie_open():
    def advice(saving, is_counted=True, status="open", last=date(2026, 6, 30)):
        return {
            "monthly_saving": Decimal(saving),
            "is_counted": is_counted,
            "status": status,
            "first_seen": date(2026, 6, 3),
            "last_seen": last,
        }

    made = [
        advice(30, is_counted=False),
        advice(40),
        advice(25, status="suppressed"),
        advice(99, status="done"),
        advice(-10),
        advice(50, last=date(2026, 5, 31)),
    ]
    assert open_saving(made, date(2026, 6, 1), date(2026, 7, 1)) == 65
    assert open_saving(made, date(2026, 5, 1), date(2026, 6, 1)) == 0
