"""The footprint API: days add up to months, places to projects, and all of it to the truth."""

import base64
from decimal import Decimal

import pytest

from simulator.footprint_truth import footprint_truth
from simulator.instants import DAY, month_named, seconds, zulu
from simulator.loading import load
from simulator.world import build

QUERY = "/environmental-footprint/v1alpha1/data/query"


@pytest.fixture(scope="module")
def depot_world():
    return build(load("depot"))


@pytest.fixture(scope="module")
def depot(run_simulator, depot_world):
    return run_simulator(depot_world)


def asked(simulator, start, end, **more):
    return simulator.json(
        QUERY, organization_id=simulator.organization_id, start_date=zulu(start), end_date=zulu(end), **more
    )


def amounts(impact):
    return Decimal(repr(impact["kg_co2_equivalent"])), Decimal(repr(impact["m3_water_usage"]))


def added(impacts):
    found = [amounts(impact) for impact in impacts]
    return sum(kg for kg, _ in found), sum(m3 for _, m3 in found)


def test_days_add_up_to_the_month_and_the_month_is_the_truth(depot, depot_world):
    told = footprint_truth(depot_world, seconds(depot_world.scenario.today))
    for name, true in told.items():
        month = month_named(name)
        days = [
            asked(depot, day, day + DAY)["total_impact"]
            for day in range(month.start, min(month.end, depot.clock.instant), DAY)
        ]
        expected = (Decimal(true["kg_co2_equivalent"]), Decimal(true["m3_water_usage"]))
        assert added(days) == expected
        assert min(expected) > 0


def test_every_level_is_the_sum_of_what_is_below_it(depot):
    month = month_named("2026-06")
    answer = asked(depot, month.start, month.end)
    assert added(p["total_project_impact"] for p in answer["projects"]) == amounts(answer["total_impact"])
    zones_seen = 0
    for project in answer["projects"]:
        assert added(r["total_region_impact"] for r in project["regions"]) == amounts(project["total_project_impact"])
        for region in project["regions"]:
            below = [sku["total_sku_impact"] for sku in region["skus"]]
            below += [zone["total_zone_impact"] for zone in region["zones"]]
            assert added(below) == amounts(region["total_region_impact"])
            for zone in region["zones"]:
                zones_seen += 1
                assert zone["zone"].startswith(region["region"])
                assert added(s["total_sku_impact"] for s in zone["skus"]) == amounts(zone["total_zone_impact"])
    assert zones_seen > 2


def test_filters_keep_their_part_and_complete_days_only(depot, depot_world):
    month = month_named("2026-06")
    whole = asked(depot, month.start, month.end)
    parts = [
        asked(depot, month.start, month.end, project_ids=project)["total_impact"]
        for project in depot_world.project_ids.values()
    ]
    assert added(parts) == amounts(whole["total_impact"])
    only = asked(depot, month.start, month.end, product_categories=["object_storage", "serverless_jobs"])
    skus = {
        sku["sku"]: sku["product_category"]
        for project in only["projects"]
        for region in project["regions"]
        for sku in [*region["skus"], *(s for zone in region["zones"] for s in zone["skus"])]
    }
    assert set(skus.values()) == {"object_storage", "serverless_jobs"}
    today = depot.clock.instant
    assert asked(depot, today - today % DAY, today + DAY)["projects"] == []


def test_a_span_that_runs_backwards_and_a_foreign_organisation_are_refused(depot):
    backwards = depot.get(QUERY, start_date="2026-06-02", end_date="2026-06-01")
    assert backwards.status_code == 400
    assert depot.get(QUERY, organization_id="00000000-0000-4000-8000-000000000000").status_code == 403


def test_a_report_can_be_had_of_every_month_that_is_over_and_of_no_other(depot):
    path = "/environmental-footprint/v1alpha1/reports"
    known = depot.json(f"{path}/availability", organization_id=depot.organization_id)
    assert known == {
        "month_summary_reports": ["2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"],
        "yearly_summary_reports": [],
    }
    address = depot.address + f"{path}/download"
    report = depot.session.post(
        address, json={"date": known["month_summary_reports"][0], "type": "monthly"}, timeout=10
    )
    assert base64.b64decode(report.json()["content"]).startswith(b"%PDF-1.4\n")
    assert depot.session.post(address, json={"date": "2026-07-01T00:00:00Z"}, timeout=10).status_code == 404


def test_the_sdk_reads_the_answer(depot, depot_world):
    from scaleway import Client
    from scaleway.environmental_footprint.v1alpha1 import EnvironmentalFootprintV1Alpha1UserAPI

    organization = depot_world.scenario.organization
    client = Client(
        access_key=organization.access_key,
        secret_key=organization.secret_key,
        api_url=depot.address,
        default_organization_id=organization.id,
    )
    answer = EnvironmentalFootprintV1Alpha1UserAPI(client).get_impact_data()
    assert answer.total_impact.kg_co2_equivalent > 0
    assert {project.project_id for project in answer.projects} <= set(depot_world.project_ids.values())
