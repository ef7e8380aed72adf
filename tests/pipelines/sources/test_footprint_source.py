"""The footprint API: whole windows, recorded as received; what refuses costs one line, and the estimates stand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from assets.bronze.reading_footprint import read_footprints, windows
from assets.tables import open_catalog
from pipelines.errors import PermissionDenied, SourceUnavailable
from pipelines.lake.address import parse_address
from pipelines.lake.build import build
from pipelines.lake.store import Lake
from pipelines.sources import footprint
from pipelines.sources.transport import Scaleway
from simulator.footprint_truth import footprint_truth

PATH = "/environmental-footprint/v1alpha1/data/query"
TODAY = date(2026, 11, 4)


def impact(kg, water):
    return {"kg_co2_equivalent": kg, "m3_water_usage": water}


def sku(name, kg, water="0"):
    return {
        "sku": name,
        "service_category": "compute",
        "product_category": "instances",
        "total_sku_impact": impact(kg, water),
    }


def told(*projects, total=None):
    return {
        "start_date": "2026-10-01T00:00:00Z",
        "end_date": "2026-11-01T00:00:00Z",
        "total_impact": total or impact(1, 2),
        "projects": list(projects),
    }


def project(name, *regions):
    return {"project_id": name, "total_project_impact": impact(1, 2), "regions": list(regions)}


def region(name, skus=(), zones=()):
    return {
        "region": name,
        "total_region_impact": impact(1, 2),
        "skus": list(skus),
        "zones": [
            {"zone": zone, "total_zone_impact": impact(1, 2), "skus": list(skus_there)} for zone, skus_there in zones
        ],
    }


@pytest.fixture
def lake(tmp_path):
    return Lake(parse_address(str(tmp_path / "lake")))


def read(lake, scaleway, months=("2026-10", "2026-11"), today=TODAY):
    return read_footprints(lake, scaleway, list(months), today)


def spans(server):
    return [(asked.query["start_date"][0][:10], asked.query["end_date"][0][:10]) for asked in server.asked]


def test_a_month_that_is_over_is_one_window_and_the_running_one_a_window_a_day():
    (whole,) = windows("2026-02", date(2026, 3, 1))
    assert (whole.since, whole.until) == (date(2026, 2, 1), date(2026, 3, 1))
    days = windows("2026-02", date(2026, 2, 4))
    assert [day.since.day for day in days] == [1, 2, 3]
    assert all(day.until - day.since == timedelta(days=1) for day in days)
    assert windows("2026-02", date(2026, 2, 1)) == []


def test_a_window_is_asked_for_with_an_exclusive_end_and_no_project(server, scaleway, reply):
    server.script(PATH, reply(told(project("p1"))))
    listing = footprint.impact(scaleway, date(2026, 10, 1), date(2026, 11, 1))
    (asked,) = server.asked
    assert asked.query["start_date"] == ["2026-10-01T00:00:00Z"]
    assert asked.query["end_date"] == ["2026-11-01T00:00:00Z"]
    assert asked.query["organization_id"]
    assert "project_ids" not in asked.query
    assert [item["project_id"] for item in listing.items] == ["p1"]
    assert listing.question.billing_month == "2026-10"
    assert listing.extra["total_impact"]["kg_co2_equivalent"] == 1


def test_answers_are_kept_as_received_and_an_equal_one_is_not_kept_again(server, scaleway, reply, lake):
    server.script(PATH, reply(told(project("p1", region("fr-par", zones=[("fr-par-1", [sku("/a", 0.25)])])))))
    assert read(lake, scaleway).recorded.new == 4  # a month and three days of the running one
    assert spans(server) == [
        ("2026-10-01", "2026-11-01"),
        ("2026-11-01", "2026-11-02"),
        ("2026-11-02", "2026-11-03"),
        ("2026-11-03", "2026-11-04"),
    ]
    assert read(lake, scaleway).recorded.new == 0
    bodies = open_catalog(lake).query("select distinct body from bronze.answers").to_pylist()
    assert len(bodies) == 1
    assert '"kg_co2_equivalent": 0.25' in bodies[0]["body"]


def test_a_month_known_by_its_days_alone_is_asked_for_as_a_whole_once_it_is_over(server, scaleway, reply, lake):
    server.script(PATH, reply(told()))
    read(lake, scaleway, ["2026-07"], date(2026, 7, 3))
    server.asked.clear()
    long_after = date(2026, 12, 20)
    read(lake, scaleway, ["2026-07"], long_after)
    assert spans(server) == [("2026-07-01", "2026-08-01")]
    server.asked.clear()
    read(lake, scaleway, ["2026-07"], long_after)
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "named"), [(403, "EnvironmentalImpactReadOnly"), (401, "SCW_ACCESS_KEY"), (404, "no such API")]
)
def test_a_refusal_is_one_line_and_asks_no_further(server, scaleway, reply, lake, status, named):
    server.script(PATH, reply({"message": "insufficient permissions"}, status=status))
    result = read(lake, scaleway)
    assert len(server.asked) == 1
    (line,) = result.missing
    assert named in line
    assert "environmental_footprint.projects" in line
    assert "estimated" in line
    assert "\n" not in line
    assert result.recorded.new == 0


def test_what_was_read_before_the_source_broke_off_is_kept(server, scaleway, reply, lake):
    server.script(PATH, reply(told(project("p1"))), reply(status=503))
    result = read(lake, scaleway)
    assert result.recorded.new == 1
    assert len(result.missing) == 1


def test_an_answer_in_another_shape_is_refused_and_not_taken_for_nothing(server, scaleway, reply):
    server.script(PATH, reply({"impacts": []}))
    with pytest.raises(SourceUnavailable, match="projects"):
        footprint.impact(scaleway, date(2026, 10, 1), date(2026, 11, 1))


def test_a_missing_permission_says_which_set_to_add(server, scaleway, reply):
    server.script(PATH, reply({"message": "no"}, status=403))
    with pytest.raises(PermissionDenied, match="EnvironmentalImpactReadOnly"):
        footprint.impact(scaleway, date(2026, 10, 1), date(2026, 11, 1))


def reported(lake, *months):
    catalog = open_catalog(lake)
    build(catalog, catalog.models.by_name["silver.footprint_reported"], months)
    return catalog.query("select * from silver.footprint_reported order by window_end, project_id, sku").to_pylist()


def test_every_place_becomes_a_row_and_a_sku_told_of_zone_and_region_counts_once(server, scaleway, reply, lake):
    there = region(
        "fr-par",
        skus=[sku("/bucket", "0.5", "1e-7"), sku("/server", "2.25", "1.4790768e-07")],
        zones=[("fr-par-1", [sku("/server", "1.25", "1.4790768e-07")]), ("fr-par-2", [sku("/server", 1)])],
    )
    server.script(PATH, reply(told(project("p1", there), project("p2", region("nl-ams")))))
    read(lake, scaleway, ["2026-10"])
    rows = [
        (row["availability_zone"], row["sku"], row["kg_co2e"], row["m3_water"]) for row in reported(lake, "2026-10")
    ]
    assert sorted(rows, key=str) == sorted(
        [
            (None, "/bucket", Decimal("0.5"), Decimal("0.0000001")),
            ("fr-par-1", "/server", Decimal("1.25"), Decimal("0.00000014790768")),
            ("fr-par-2", "/server", Decimal(1), Decimal(0)),
        ],
        key=str,
    )


def test_a_corrected_answer_supersedes_the_one_before_it(server, scaleway_at, reply, lake):
    def there(kg):
        return reply(told(project("p1", region("fr-par", skus=[sku("/a", kg)]))))

    server.script(PATH, there(1), there(3))
    for hour in (6, 7):
        now = datetime(2026, 11, 1, hour, tzinfo=UTC)
        read(lake, scaleway_at(server.url, timeout=(1, 10), clock=lambda now=now: now), ["2026-10"], now.date())
    assert [row["kg_co2e"] for row in reported(lake, "2026-10")] == [3]


def test_what_the_simulator_tells_of_a_month_adds_up_to_its_truth(simulator, lake):
    running = simulator("small")
    organization = running.world.scenario.organization
    scaleway = Scaleway(
        organization.access_key, organization.secret_key, organization.id, running.url, requests_per_second=0
    )
    result = read_footprints(lake, scaleway, ["2026-06"], date(2026, 7, 10))
    assert result.missing == []
    rows = reported(lake, "2026-06")
    truth = footprint_truth(running.world, running.clock.instant)["2026-06"]
    assert len({row["sku"] for row in rows}) == len(truth["by_sku"]) > 3
    for column, name in (("kg_co2e", "kg_co2_equivalent"), ("m3_water", "m3_water_usage")):
        # the API answers in floating point
        assert abs(sum(row[column] for row in rows) - Decimal(truth[name])) < Decimal("1e-9")
