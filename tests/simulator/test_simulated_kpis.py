"""The truth of key figures: parts add up, values are their parts, and rules hold where nobody wrote code."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from simulator.instants import seconds
from simulator.kpi_allocation import split
from simulator.kpi_figures import ratio
from simulator.kpi_idle import Billed, IdleHours, idle_figures
from simulator.kpi_requests import Entries
from simulator.loading import ScenarioError, load, parse
from simulator.savings_plan import is_eligible
from simulator.truth import key_figures, truth
from simulator.world import build

KPIS = ("cost_per_1k_requests", "cost_per_tenant", "cost_per_gb", "cost_per_job", "cost_per_query")
UNITS = {
    "cost_per_1k_requests": ("requests", 1000),
    "cost_per_gb": ("gb_months", 1),
    "cost_per_job": ("runs", 1),
    "cost_per_query": ("queries", 1),
}


def told(scenario):
    return truth(build(scenario), seconds(scenario.today))


@pytest.fixture(scope="module", params=["small", "depot"])
def world_truth(request):
    return told(load(request.param))


def total(amounts):
    return sum(map(Decimal, amounts.values()), Decimal(0))


def test_what_is_borne_and_what_nobody_bears_are_the_months_charges(world_truth):
    for month, kpis in world_truth["kpis"].items():
        borne = total(kpis["allocated"]) + total(kpis["unallocated"])
        assert borne == Decimal(world_truth["months"][month]["charges"])
        shares = kpis["environment_share"].values()
        assert sum(Decimal(each["cost"]) for each in shares) == borne
        assert {each["total"] for each in shares} == {f"{borne:.12f}"}
    assert list(world_truth["kpis"]) == list(world_truth["months"])
    assert any(kpis["pools"] for kpis in world_truth["kpis"].values())


def test_every_value_is_its_cost_over_its_units(world_truth):
    compared = 0
    for kpis in world_truth["kpis"].values():
        for kpi, (unit, per) in UNITS.items():
            for name, figure in kpis[kpi].items():
                if figure["value"] is None:
                    continue
                # the units may be rounded themselves, so the value is right to as many digits
                expected = per * Fraction(figure["cost_direct"]) / Fraction(figure[unit])
                assert abs(Fraction(figure["value"]) - expected) <= abs(expected) / 10**9 + Fraction(1, 10**12), name
                compared += 1
    assert compared >= 6


def test_tenants_bear_together_what_production_costs(world_truth):
    for kpis in world_truth["kpis"].values():
        tenants = {name: each for name, each in kpis["cost_per_tenant"].items() if "active" in each}
        everybody = kpis["cost_per_tenant"].get("all tenants")
        if everybody:
            assert sum(Decimal(each["cost_loaded"]) for each in tenants.values()) == Decimal(everybody["cost_loaded"])
            assert everybody["tenants"] >= sum(each["active"] for each in tenants.values()) > 0
        nobody = Decimal(kpis["cost_per_tenant"]["unattributed"]["cost_loaded"])
        production = [cost for name, cost in kpis["allocated"].items() if name.split("|")[1] in ("prod", "shared", "")]
        kept = total(kpis["unallocated"])
        borne = sum((Decimal(each["cost_loaded"]) for each in tenants.values()), nobody)
        assert borne == sum(map(Decimal, production), kept)


def test_jobs_cost_their_time_at_the_price_of_the_day():
    kpis = told(load("depot"))["kpis"]["2026-06"]
    job = kpis["cost_per_job"]["sort-mail"]
    # 2 vCPU at 0.00001 and 4 GB at 0.000001 a second
    used = told(load("depot"))["job_usage"]["2026-06"]["sort-mail"]
    assert Decimal(job["cost_direct"]) == used["seconds"] * (2 * Decimal("0.00001") + 4 * Decimal("0.000001"))
    assert job["runs"] == used["succeeded"] + used["failed"]
    assert job["failed"] == used["failed"] > 0


def test_windows_of_the_day_and_jobs_are_the_same_runs():
    for kpis in told(load("depot"))["kpis"].values():
        windows = dict(kpis["cost_per_job_by_window"])
        whole = windows.pop("all jobs")
        assert set(windows) == {"00-06", "12-18"}  # it runs at 2 and at 14
        for kinds in (windows, kpis["cost_per_job"]):
            assert sum(each["runs"] for each in kinds.values()) == whole["runs"]
            assert sum(Decimal(each["cost_direct"]) for each in kinds.values()) == Decimal(whole["cost_direct"])


def test_services_bear_together_what_deploys_cost(world_truth):
    compared = 0
    for kpis in world_truth["kpis"].values():
        services, whole = kpis["cost_per_deploy_by_service"].values(), kpis["cost_per_deploy"]
        for counted in ("deploys", "failed", "rolled_back"):
            assert sum(each[counted] for each in services) == whole[counted]
        if whole["deploys"]:
            assert sum(Decimal(each["cost_loaded"]) for each in services) == Decimal(whole["cost_loaded"])
            compared += 1
    assert compared >= 2


def test_intensities_are_what_is_emitted_over_what_is_paid_for_it_and_over_requests(world_truth):
    for month, kpis in world_truth["kpis"].items():
        for impact in ("carbon", "water"):
            by_cost, by_request = kpis[f"{impact}_per_currency"], kpis[f"{impact}_per_1k_requests"]
            whole = total(kpis[impact])
            assert {name: each["amount"] for name, each in by_cost.items() if name != "all"} == kpis[impact]
            assert Decimal(by_cost["all"]["amount"]) == Decimal(by_request["amount"]) == whole > 0
            assert 0 < Decimal(by_cost["all"]["cost"]) < Decimal(world_truth["months"][month]["charges"])
            for each, units in [*((one, one["cost"]) for one in by_cost.values()), (by_request, None)]:
                divisor = Fraction(units) if units else Fraction(by_request["requests"], 1000)
                assert each["value"] == ratio(Fraction(each["amount"]) / divisor)


def test_rests_go_to_the_largest_remainders_and_ties_to_the_first_names():
    assert split(10, {"b": Fraction(1), "a": Fraction(1), "c": Fraction(1)}) == {"a": 4, "b": 3, "c": 3}
    assert split(-5, {"a": Fraction(1), "b": Fraction(1)}) == {"a": -3, "b": -2}
    assert split(7, {"a": Fraction(1, 3), "b": Fraction(2, 3), "nobody": Fraction(0)}) == {"a": 2, "b": 5}
    assert split(7, {"a": Fraction(0)}) == {}
    assert ratio(Fraction(1, 3)) == "0.333333333333"
    assert ratio(Fraction(-5, 2 * 10**12)) == "-0.000000000002"


BAKERY = {
    "name": "bakery",
    "seed": 3,
    "currency": "CHF",
    "start": date(2027, 1, 1),
    "today": datetime(2027, 2, 1, tzinfo=UTC),
    "organization": {"id": "44444444-4444-4444-8444-444444444444", "name": "Bakery"},
    "projects": [
        {"name": "ovens", "tags": ["stage:production", "team-bread"]},
        {"name": "sandbox-cakes"},
        {"name": "street"},
    ],
    "prices": [
        {"sku": "/quantum/bread/{zone}", "price": "1", "unit": "loaf", "category": "Labs", "product": "Bread",
         "where": "nl-ams-1"}
    ],
    "resources": [
        {"name": name, "kind": "service", "project": project,
         "meters": [{"sku": "/quantum/bread/nl-ams-1", "amount": amount}]}
        for name, project, amount in [("rye", "ovens", 6), ("tart", "sandbox-cakes", 3), ("light", "street", 2)]
    ],
}  # fmt: skip


def test_tags_and_names_alone_decide_where_no_rules_were_written():
    kpis = told(parse(BAKERY))["kpis"]["2027-01"]
    assert kpis["allocated"] == {
        "|prod|bread|": "186.000000000000",
        "|sandbox||": "93.000000000000",
        "|||": "62.000000000000",
    }
    assert kpis["unallocated"] == kpis["pools"] == {}


RULES = """
[[allocation.rules]]
name = "cakes"
resource = "t?rt"
overrides_tags = true
sets = { product = "Cakes", environment = "production" }
[[allocation.projects]]
project = ["OVENS", "nowhere"]
sets = { product = "bread" }
[[allocation.pools]]
name = "light"
resource = "light"
split = "cost"
by = ["product"]
pools = ["till"]
[[allocation.pools]]
name = "till"
tag = "team-till"
split = "weight"
by = ["team"]
weights = { bread = 1 }
"""


@pytest.fixture
def bakery(tmp_path):
    def written(rules, table=BAKERY):
        path = tmp_path / "bakery.finops.toml"
        path.write_text(rules, encoding="utf-8")
        return parse(table).with_settings(path)

    return written


def test_rules_defaults_and_pools_of_a_file_beside_a_scenario_hold(bakery):
    kpis = told(bakery(RULES))["kpis"]["2027-01"]
    assert kpis["pools"] == {"light": "62.000000000000"}
    # 2 a day, in parts of 6 and 3
    assert kpis["allocated"] == {
        "bread|prod|bread|": "186.000000000000",
        "bread|||": "41.333333333323",
        "cakes|prod||": "93.000000000000",
        "cakes|||": "20.666666666677",
    }


def test_a_pool_nobody_can_bear_stays_where_it_is_and_a_rule_by_service_is_refused(bakery):
    kept = told(bakery(RULES.replace('by = ["product"]\npools', 'receivers = { team = "none" }\npools')))
    assert kept["kpis"]["2027-01"]["unallocated"] == {"light": "62.000000000000"}
    with pytest.raises(ScenarioError, match="by service cannot be followed"):
        told(bakery('[[allocation.rules]]\nname = "x"\nservice = "Bread"\nsets = { team = "y" }\n'))


# --- one way of counting a month


def counted(**days: range) -> Entries:
    """Entries of a product whose requests a way counted on some days."""
    found = Entries()
    for rank, told in days.items():
        for day in told:
            found.way(day, "shop", int(rank.removeprefix("rank_"))).requests += 10
    return found


@pytest.mark.parametrize(
    ("days", "rank", "told"),
    [
        ({"rank_2": range(13, 30), "rank_9": range(30)}, 2, 17),
        ({"rank_2": range(16, 30), "rank_9": range(30)}, 9, 30),
        ({"rank_1": range(20, 30), "rank_2": range(30), "rank_9": range(30)}, 2, 30),
        ({"rank_2": range(10), "rank_9": range(10, 25)}, 9, 15),
        ({"rank_2": range(10), "rank_9": range(10, 20)}, 2, 10),
    ],
)
def test_a_month_is_counted_in_the_first_way_that_covers_most_of_it(days, rank, told):
    entries = counted(**days).entries("shop", range(30))
    assert ({entry.rank for entry in entries.values()}, len(entries)) == ({rank}, told)
    assert counted(**days).entries("pay", range(30)) == {}


# --- by day


@pytest.mark.parametrize("name", ["small", "depot"])
def test_days_add_up_to_their_months(name):
    scenario = load(name)
    figures = key_figures(build(scenario), seconds(scenario.today))
    days = figures.days()
    for month, kpis in figures.months().items():
        own = [each for day, each in days.items() if day.startswith(month)]
        for kpi in ("allocated", "pools", "carbon", "water"):
            for key, value in kpis[kpi].items():
                assert sum(Decimal(each[kpi].get(key, 0)) for each in own) == Decimal(value), (month, kpi, key)
        for kpi, amounts in (("cost_per_query", ("cost_direct",)), ("idle_share", ("idle", "measured"))):
            for key, told in kpis[kpi].items():
                for each in amounts:
                    parts = sum(Decimal(day[kpi][key][each]) for day in own if key in day[kpi])
                    assert parts == Decimal(told[each]), (month, kpi, key)
        assert sum(day["cost_per_deploy"]["deploys"] for day in own) <= kpis["cost_per_deploy"]["deploys"]


# --- idle hours


def billed(hours, units=2400, service="Instances", thing="web"):
    return Billed(0, thing, service, units, hours)


def test_idle_hours_bear_their_part_of_what_measured_hours_cost():
    hours = {("web", 0, "cpu"): (12, 3), ("model", 0, "gpu"): (24, 24), ("model", 0, "cpu"): (24, 0)}
    told = idle_figures(
        [billed(24), billed(24, service="GPU Instances", thing="model"), billed(24, thing="unseen")], hours
    )
    # 12 of 24 hours are 1200, of which a quarter idled; the machine with GPUs is judged by these
    assert (told["Instances"]["idle"], told["Instances"]["measured"]) == ("0.000000000300", "0.000000001200")
    assert told["GPU Instances"]["value"] == "1.000000000000"
    assert (told["all"]["idle"], told["all"]["measured"]) == ("0.000000002700", "0.000000003600")
    assert idle_figures([billed(24, service="Block Storage")], hours) == {}


def test_a_higher_limit_finds_more_idle_hours_and_none_finds_none():
    world = build(load("small"))
    now = seconds(load("small").today)
    found = {below: IdleHours(world, now - 3 * 86_400, now, below).found() for below in (0.0, 0.05, 1.1)}
    assert {measured for measured, _ in found[0.05].values()} <= {*range(1, 25)}
    assert found[0.0].keys() == found[1.1].keys() == found[0.05].keys()
    assert all(idle == 0 for _, idle in found[0.0].values())
    assert all(idle == measured for measured, idle in found[1.1].values())
    assert any(idle > 0 for _, idle in found[0.05].values())


# --- savings and labels


def test_the_public_price_of_what_is_eligible_is_the_bills_quantity_at_it(world_truth):
    over = [kpis for kpis in world_truth["kpis"].values() if kpis["complete"]]
    plan = load(world_truth["scenario"]).savings_plan
    assert over
    for kpis in over:
        rate = kpis["effective_savings_rate"]
        cost, whole, net = (Decimal(rate[name]) for name in ("cost", "list_cost", "net_cost"))
        assert Decimal(rate["saved"]) == whole - net
        if plan is None:
            assert cost * Decimal("0.99") < whole <= cost == net  # a bill's quantity is rounded down
            assert (rate["coverage"], rate["utilisation"]) == (None, None)
        else:
            committed, covered = Decimal(rate["committed"]), min(whole, Decimal(rate["committed"]))
            assert abs(net - committed * (1 - plan.discount) - whole + covered) < Decimal("1e-6")
            assert rate["coverage"] == ratio(Fraction(covered) / Fraction(whole))
            assert rate["utilisation"] == ratio(Fraction(covered) / Fraction(committed))
    running = [kpis for kpis in world_truth["kpis"].values() if not kpis["complete"]]
    assert all("effective_savings_rate" not in kpis for kpis in running)


def test_only_machines_without_gpus_are_eligible_for_a_savings_plan():
    offers = [offer for offer in build(load("small")).book.offers.values() if offer.instance]
    eligible = {offer.instance.name for offer in offers if is_eligible(offer)}
    assert "DEV1-M" in eligible
    assert not {name for name in eligible if name.startswith(("COPARM1", "START1", "X64", "H100", "L4", "RENDER"))}


def test_cost_efficiency_leaves_out_support_and_takes_off_what_is_planted(world_truth):
    planted = [each["kind"] for each in world_truth["planted"]]
    assert planted
    for month, kpis in world_truth["kpis"].items():
        told = kpis["cost_efficiency"]
        cost, saving = Decimal(told["optimisable_cost"]), Decimal(told["planted_saving"])
        assert 0 < cost <= Decimal(world_truth["months"][month]["charges"])
        assert abs(Decimal(told["value"]) - (cost - saving) / cost) < Decimal("1e-12")


def test_resources_that_say_whose_they_are_are_counted_with_their_cost(world_truth):
    for kpis in world_truth["kpis"].values():
        for told in kpis["tag_coverage"].values():
            assert 0 < told["resources"] <= told["total_resources"]
            assert Decimal(told["cost"]) <= Decimal(told["total"])
            assert told["resource_value"] == ratio(Fraction(told["resources"], told["total_resources"]))
        assert len({told["total"] for told in kpis["tag_coverage"].values()}) == 1
