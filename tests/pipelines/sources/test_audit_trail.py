"""The Audit Trail: whole days, each asked for once, without what people typed into their calls."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from assets.bronze.reading_audit import read_audit_events
from assets.tables import open_catalog
from pipelines.lake.address import parse_address
from pipelines.lake.build import build
from pipelines.lake.store import Lake
from pipelines.sources import audit
from pipelines.sources.transport import Scaleway
from simulator.audit_events import Trail

PARIS, AMSTERDAM = (f"/audit-trail/v1alpha1/regions/{region}/events" for region in ("fr-par", "nl-ams"))
DAY = date(2026, 10, 5)
LAST_KEPT_DAYS = audit.HISTORY_DAYS - 1


def event(number, at="2026-10-05T09:00:00Z", **fields):
    return {"id": f"e-{number}", "recorded_at": at, "method_name": "ServerAction", "resources": [], **fields}


@pytest.fixture
def lake(tmp_path):
    return Lake(parse_address(str(tmp_path / "lake")))


@pytest.fixture
def at(scaleway_at, server):
    """`at("2026-10-06")`: the account on the morning of a day."""

    def make(day):
        morning = datetime.fromisoformat(f"{day}T06:00:00+00:00")
        return scaleway_at(server.url, timeout=(1, 10), clock=lambda: morning)

    return make


@pytest.fixture
def quiet(server, reply):
    """Both regions answer, and nothing happened."""
    for path in (PARIS, AMSTERDAM):
        server.script(path, reply({"events": [], "next_page_token": None}))


def days_asked(server, path):
    return [asked.query["recorded_after"][0][:10] for asked in server.asked if asked.path == path]


def test_a_day_is_asked_for_from_midnight_to_midnight_and_followed_to_its_last_page(server, scaleway, reply):
    pages = {None: ([event(1)], "t1"), "t1": ([event(2)], "t2"), "t2": ([event(3)], None)}

    def answer(query):
        events, token = pages[query.get("page_token", [None])[0]]
        return reply({"events": events, "next_page_token": token})

    server.answer(PARIS, answer)
    found = audit.events(scaleway, "fr-par", DAY)
    assert [item["id"] for item in found.items] == ["e-1", "e-2", "e-3"]
    assert found.question.billing_month == "2026-10"
    asked = server.asked[0].query
    assert (asked["recorded_after"], asked["recorded_before"]) == (["2026-10-05T00:00:00Z"], ["2026-10-06T00:00:00Z"])
    assert asked["organization_id"] == [scaleway.organization_id]
    assert "project_id" not in asked


def test_of_a_body_only_what_tells_of_starts_and_sizes_is_kept_in_item_and_page(server, scaleway, reply):
    body = {"action": "poweroff", "password": "hunter2", "image": {"deep": "hunter2"}, "size": 3, "user_data": ""}
    named = {"id": "s-1", "name": "web", "account_user_info": {"email": "hunter2@example.org"}}
    told = event(1, request_body=body, resources=[named], principal={"id": "u"}, source_ip="192.0.2.1")
    server.script(PARIS, reply({"events": [told, event(2, request_body="hunter2")], "next_page_token": None}))
    found = audit.events(scaleway, "fr-par", DAY)
    assert "hunter2" not in json.dumps(found.items)
    assert b"hunter2" not in b"".join(found.pages)
    first = found.items[0]
    assert (first["request_body"]["action"], first["request_body"]["size"]) == ("poweroff", 3)
    assert (first["principal"], first["source_ip"]) == ({"id": "u"}, "192.0.2.1")
    assert (first["resources"][0]["id"], first["resources"][0]["name"]) == ("s-1", "web")
    assert json.loads(found.pages[0])["events"] == list(found.items)


def test_each_complete_day_is_asked_for_once_as_far_back_as_scaleway_keeps_it(server, lake, at, quiet):
    first = read_audit_events(lake, at("2026-10-06"))
    asked = days_asked(server, PARIS)
    assert (len(asked), asked[0], asked[-1]) == (LAST_KEPT_DAYS, "2026-07-09", "2026-10-05")
    assert days_asked(server, AMSTERDAM) == asked
    assert (first.recorded.asked, first.missing) == (2 * LAST_KEPT_DAYS, [])
    assert first.months == ["2026-07", "2026-08", "2026-09", "2026-10"]
    server.asked.clear()
    again = read_audit_events(lake, at("2026-10-06"))
    assert (again.recorded.asked, again.recorded.new, server.asked) == (0, 0, [])
    read_audit_events(lake, at("2026-10-08"))
    assert days_asked(server, PARIS) == ["2026-10-06", "2026-10-07"]


def test_events_lie_in_the_month_of_their_day(server, address, at, reply, quiet):
    lake = Lake(address)

    def answer(query):
        day = query["recorded_after"][0][:10]
        return reply({"events": [event(day, f"{day}T10:00:00Z")], "next_page_token": None})

    server.answer(PARIS, answer)
    read_audit_events(lake, at("2026-10-02"))
    rows = open_catalog(lake).query(
        "select billing_month, count(*) as events, min(json_extract_string(item, '$.recorded_at'))[:7] as first "
        "from bronze.audit_events group by all order by all"
    )
    assert [tuple(row.values()) for row in rows.to_pylist()] == [
        ("2026-07", 27, "2026-07"),
        ("2026-08", 31, "2026-08"),
        ("2026-09", 30, "2026-09"),
        ("2026-10", 1, "2026-10"),
    ]


def test_a_missing_permission_is_one_line_that_names_it_and_no_call_is_repeated(server, lake, at, reply):
    for path in (PARIS, AMSTERDAM):
        server.script(path, reply({"message": "insufficient permissions"}, status=403))
    found = read_audit_events(lake, at("2026-10-06"))
    (line,) = found.missing
    assert line.startswith("audit_trail.events is left out in fr-par, nl-ams: ")
    assert "AuditTrailReadOnly" in line
    assert "\n" not in line
    assert len(server.asked) == 2
    assert found.recorded.rows == 0


def test_a_region_without_the_product_is_nothing_and_none_with_it_is_one_line(server, lake, at, reply, quiet):
    server.script(AMSTERDAM, reply({"message": "not found"}, status=404))
    assert read_audit_events(lake, at("2026-10-06")).missing == []
    server.script(PARIS, reply({"message": "not found"}, status=404))
    (line,) = read_audit_events(lake, at("2026-10-07")).missing
    assert "fr-par, nl-ams" in line
    assert "not offered" in line


def test_a_day_that_fails_is_not_there_and_the_next_run_goes_on_from_it(server, lake, at, reply, quiet):
    def answer(query):
        if query["recorded_after"][0] >= "2026-10-01":
            return reply(b"<html>down</html>", status=503)
        return reply({"events": [], "next_page_token": None})

    server.answer(PARIS, answer)
    found = read_audit_events(lake, at("2026-10-06"))
    (line,) = found.missing
    assert line.startswith("audit_trail.events is left out in fr-par: ")
    server.script(PARIS, reply({"events": [event(1)], "next_page_token": None}))
    server.asked.clear()
    again = read_audit_events(lake, at("2026-10-06"))
    assert again.missing == []
    assert days_asked(server, PARIS) == [f"2026-10-0{day}" for day in range(1, 6)]
    assert days_asked(server, AMSTERDAM) == []


def test_every_call_of_the_simulated_organisation_is_an_event_of_its_month(simulator, lake):
    running = simulator("small")
    morning = datetime.fromtimestamp(running.clock.instant, UTC)
    who = running.world.scenario.organization
    scaleway = Scaleway(
        who.access_key, who.secret_key, who.id, running.url, requests_per_second=0, clock=lambda: morning
    )  # fmt: skip
    found = read_audit_events(lake, scaleway)
    assert found.missing == []
    catalog = open_catalog(lake)
    build(catalog, catalog.models.by_name["silver.audit_events"], found.months)
    rows = catalog.query("select recorded_at, resource_id, method_name, action from silver.audit_events").to_pylist()
    midnight = morning.replace(hour=0, minute=0)
    window = (midnight - timedelta(days=LAST_KEPT_DAYS)).timestamp(), midnight.timestamp()
    called = [event for event in Trail(running.world).events if window[0] <= event.at < window[1]]
    assert len(called) > 50
    assert sorted((int(row["recorded_at"].timestamp()), row["resource_id"], row["method_name"]) for row in rows) == (
        sorted((event.at, event.touched.id, event.method) for event in called)
    )
    assert {row["action"] for row in rows} >= {"poweron", "poweroff"}
