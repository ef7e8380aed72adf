"""The Audit Trail: one call for each thing that was done, none for what happens inside a machine."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from scaleway import Client
from scaleway.audit_trail.v1alpha1 import AuditTrailV1Alpha1API
from scaleway.audit_trail.v1alpha1.types import Event, ListEventsRequestOrderBy

from simulator.instants import parse_rfc3339
from simulator.loading import ScenarioError, load, parse
from simulator.world import build

PATH = "/audit-trail/v1alpha1/regions/{}/events"


@pytest.fixture(scope="module")
def running(run_simulator):
    return run_simulator(build(load("depot")))


@pytest.fixture
def depot(running):
    running.clock.now = running.world.scenario.today
    return running


@pytest.fixture
def trail(depot):
    """`trail(region, **asked)`: every page of the events since the beginning, oldest first."""

    def ask(region="fr-par", **asked):
        asked = {"recorded_after": "2026-05-01T00:00:00Z", "order_by": "recorded_at_asc", "page_size": 100} | asked
        answer = depot.json(PATH.format(region), organization_id=depot.organization_id, **asked)
        events = answer["events"]
        while token := answer.get("next_page_token"):
            answer = depot.json(PATH.format(region), organization_id=depot.organization_id, page_token=token, **asked)
            events += answer["events"]
        return events

    return ask


def _acts(events, name):
    return [
        (each["method_name"], each["request_body"].get("action"), each["recorded_at"][:16])
        for each in events
        if each["resources"][0]["name"] == name
    ]


def test_a_guest_that_powers_itself_off_leaves_no_trace_and_a_power_on_does(trail):
    assert _acts(trail(), "old-desk") == [
        ("ServerAction", "poweron", "2026-05-11T08:00"),
        ("UpdateServer", None, "2026-06-01T00:00"),
    ]
    tags = trail(method_name="UpdateServer")[0]["request_body"]["tags"]
    assert tags == ["desk", "owner=nobody"]


def test_a_stolen_key_is_seen_by_who_calls_from_where(depot, trail):
    events = trail()
    theirs = [each for each in events if each["source_ip"] == "185.220.101.4"]
    assert [each["method_name"] for each in theirs] == ["CreateServer", "ServerAction"]
    assert {each["locality"] for each in theirs} == {"pl-waw-2"}
    assert {each["user_agent"] for each in theirs} == {"python-requests/2.31.0"}
    (principal,) = {each["principal"]["id"] for each in theirs}
    assert principal not in {each["principal"]["id"] for each in events if each not in theirs}
    (deleted,) = trail(method_name="DeleteServer")
    assert deleted["resources"][0]["id"] == theirs[0]["resources"][0]["id"]
    assert deleted["principal"]["id"] != principal
    assert trail(principal_id=principal) == trail(source_ip="185.220.101.4") == theirs


def test_what_is_made_and_deleted_is_what_the_inventory_gains_and_loses(depot, trail):
    """Before its creation a machine is not listed, after it it is, and after its deletion no more."""
    for each in trail(product_name="instance"):
        if each["method_name"] not in ("CreateServer", "DeleteServer"):
            continue
        moment = datetime.fromisoformat(each["recorded_at"][:19]).replace(tzinfo=UTC)
        listed = []
        for seconds in (-1, 1):
            depot.clock.now = moment + timedelta(seconds=seconds)
            servers = depot.json(f"/instance/v1/zones/{each['locality']}/servers", per_page=100)["servers"]
            listed.append(each["resources"][0]["id"] in {server["id"] for server in servers})
        assert listed == ([False, True] if each["method_name"] == "CreateServer" else [True, False])
    depot.clock.now = depot.world.scenario.today


def test_scheduled_machines_are_switched_by_calls_at_the_hours_they_are_billed(depot, trail):
    actions = [act for act in _acts(trail(), "learner") if act[0] == "ServerAction"]
    switched = [(action, moment) for _, action, moment in actions]
    assert [action for action, _ in switched] == ["poweron", "poweroff"] * (len(switched) // 2)
    rows = depot.charges("2026-05-01T00:00:00Z", "2026-07-02T00:00:00Z")
    billed = [
        moment[:16]
        for row in rows
        if row["resource_name"] == "learner"
        for moment in (row["start_date"], _exclusive(row["end_date"]))
    ]
    assert sorted(moment for _, moment in switched) == sorted(billed)
    assert len(switched) > 80


def _exclusive(end):
    return (datetime.fromisoformat(end.replace("Z", "+00:00")) + timedelta(microseconds=1)).strftime("%Y-%m-%dT%H:%M")


def test_nodes_of_a_pool_are_its_resizes_and_a_database_keeps_its_identifier(depot, trail):
    events = trail()
    sizes = [each["request_body"]["size"] for each in events if each["method_name"] == "UpdatePool"]
    assert sizes == [3, 5]
    assert not any("quay-blue" in (each["resources"][0]["name"] or "") for each in events)
    (upgrade,) = [each for each in events if each["method_name"] == "UpgradeInstance"]
    databases = depot.json("/rdb/v1/regions/fr-par/instances")["instances"]
    (ledger,) = [row for row in databases if row["name"] == "ledger"]
    assert (upgrade["resources"][0]["id"], upgrade["recorded_at"][:19]) == (ledger["id"], "2026-06-03T02:00:00")
    assert ledger["node_type"].lower() == "db-dev-m"
    depot.clock.now = datetime(2026, 6, 2, tzinfo=UTC)
    (before,) = [row for row in depot.json("/rdb/v1/regions/fr-par/instances")["instances"] if row["name"] == "ledger"]
    assert (before["id"], before["created_at"]) == (ledger["id"], ledger["created_at"])
    assert before["node_type"].lower() == "db-dev-s"


def test_every_redeploy_of_a_container_is_a_call_at_the_moment_its_image_changes(depot, trail):
    calls = trail(product_name="serverless-containers", method_name="UpdateContainer")
    assert len(calls) > 20
    for call in calls[:: max(1, len(calls) // 6)]:
        depot.clock.now = datetime.fromtimestamp(parse_rfc3339(call["recorded_at"]), UTC) + timedelta(seconds=1)
        (container,) = depot.json("/containers/v1/regions/fr-par/containers")["containers"]
        assert container["image"].endswith(call["request_body"]["image"])
        assert container["updated_at"][:19] == call["recorded_at"][:19]


def test_by_default_the_last_hour_is_told_newest_first(depot):
    depot.clock.now = datetime(2026, 6, 6, 1, 30, tzinfo=UTC)
    answer = depot.json(PATH.format("fr-par"), organization_id=depot.organization_id)
    assert [each["method_name"] for each in answer["events"]] == ["ServerAction", "CreateServer"]
    assert "next_page_token" not in answer
    depot.clock.now = datetime(2026, 6, 6, 2, 0, 20, tzinfo=UTC)
    answer = depot.json(PATH.format("fr-par"), organization_id=depot.organization_id)
    assert [each["method_name"] for each in answer["events"]] == ["ServerAction"]


@pytest.mark.parametrize("order", ["recorded_at_asc", "recorded_at_desc"])
def test_pages_of_any_size_give_every_event_once_in_order(trail, order):
    whole = trail(order_by=order)
    assert trail(order_by=order, page_size=9) == whole
    assert len({each["id"] for each in whole}) == len(whole) > 100
    moments = [each["recorded_at"][:19] for each in whole]
    assert moments == sorted(moments, reverse=order.endswith("desc"))


def test_events_are_told_where_the_trail_is_kept(depot, trail):
    assert {each["locality"][:6] for each in trail("fr-par")} == {"fr-par", "pl-waw"}
    assert trail("nl-ams") == []
    for region in ("pl-waw", "it-mil"):
        assert depot.get(PATH.format(region), organization_id=depot.organization_id).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"organization_id": ""}, 400),
        ({"organization_id": "99999999-9999-4999-8999-999999999999"}, 403),
        ({"recorded_after": "yesterday"}, 400),
        ({"page_token": "bogus"}, 400),
        ({"page_size": "many"}, 400),
    ],
)
def test_a_wrong_question_is_refused(depot, asked, status):
    answer = depot.get(PATH.format("fr-par"), **({"organization_id": depot.organization_id} | asked))
    assert answer.status_code == status


def test_a_key_that_is_wrong_learns_nothing(depot):
    answer = depot.session.get(depot.address + PATH.format("fr-par"), headers={"X-Auth-Token": "wrong"}, timeout=5)
    assert answer.status_code == 401


def test_scaleways_own_client_reads_every_field(depot):
    organization = depot.world.scenario.organization
    client = Client(
        access_key="SCW00000000000000000", secret_key=organization.secret_key, api_url=depot.address,
        default_organization_id=organization.id, default_region="fr-par",
    )  # fmt: skip
    told = AuditTrailV1Alpha1API(client).list_events(
        recorded_after="2026-05-01T00:00:00Z",  # a datetime it would write without the T that Scaleway wants
        order_by=ListEventsRequestOrderBy.RECORDED_AT_ASC,
        page_size=100,
    )
    assert told.next_page_token
    assert len(told.events) == 100
    for event in told.events:
        missing = [each.name for each in dataclasses.fields(Event) if getattr(event, each.name) is None]
        assert missing == []
        assert event.resources[0].type_


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"actor": "nobody"}, "resources.after.actor: no such name 'nobody'"),
        ({"continues": "nothing"}, "resources.after.continues: no such name 'nothing'"),
        ({"start": datetime(2026, 1, 20, tzinfo=UTC)}, "resources.after.continues: it has to begin when before ends"),
        ({"kind": "ip", "meters": []}, "it needs a service group before it with as many members"),
        ({"count": 2}, "it needs a service group before it with as many members"),
    ],
)
def test_a_resize_that_cannot_be_is_one_line(change, problem):
    day, sku = datetime(2026, 1, 10, tzinfo=UTC), "/network/vpc/public-gateway/ip/fr-par-1"
    common = {"kind": "service", "project": "all", "meters": [{"sku": sku}]}
    later = {**common, "name": "after", "from": day, "continues": "before", **change}
    if "start" in later:
        later["from"] = later.pop("start")
    table = {
        "name": "two", "seed": 1, "start": datetime(2026, 1, 1, tzinfo=UTC), "today": datetime(2026, 2, 1, tzinfo=UTC),
        "organization": {"id": "55555555-5555-4555-8555-555555555555", "name": "Two"},
        "projects": [{"name": "all"}],
        "resources": [{**common, "name": "before", "to": day}, later],
    }  # fmt: skip
    with pytest.raises(ScenarioError, match=problem):
        build(parse(table))
