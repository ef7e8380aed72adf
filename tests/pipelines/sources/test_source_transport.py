"""The transport against a server that does everything servers do on bad days."""

import json
import logging
import socket
import traceback
from datetime import UTC, date, datetime

import pytest
import structlog

from pipelines.errors import (
    ConfigurationError,
    FinopsError,
    NotOffered,
    PermissionDenied,
    SourceUnavailable,
    WriteRefused,
)
from pipelines.sources import billing, inventory
from pipelines.sources.endpoints import Endpoint
from pipelines.sources.paging import listing
from pipelines.sources.transport import Scaleway

BUDGETS = "/billing/v2/budgets"
GOOD = {"budgets": [{"id": "b-1"}], "total_count": 1}
SERVERS = next(each for each in inventory.INVENTORY_PRODUCTS if each.source == "instance.servers")
SERVERS_PATH = "/instance/v1/zones/fr-par-1/servers"


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"status": 429}, id="429 with an empty body"),
        pytest.param({"status": 502, "body": b"<html>Bad gateway</html>"}, id="502 in HTML"),
        pytest.param({"status": 503, "body": {"message": "busy"}}, id="503 in JSON"),
        pytest.param({"body": b'{"budgets": [{"id": "b-'}, id="200 with half of the JSON"),
        pytest.param({"body": b"<html>Maintenance</html>"}, id="200 with HTML"),
        pytest.param({"body": b"[]"}, id="200 with a JSON list"),
        pytest.param({"body": b'{"budgets": [NaN]}'}, id="200 with NaN"),
        pytest.param({"body": b"[" * 100_000}, id="200 nested without end"),
        pytest.param({"body": b"", "status": 204}, id="204"),
        pytest.param({"body": b'{"budgets"', "announced_bytes": 999}, id="connection cut in the body"),
        pytest.param({"hang": True}, id="a server that never answers"),
    ],
)
def test_a_passing_fault_is_asked_again_and_a_lasting_one_is_named(server, scaleway_at, reply, bad):
    scaleway = scaleway_at(server.url, timeout=(1, 0.5 if "hang" in bad else 10))
    server.script(BUDGETS, reply(**bad), reply(GOOD))
    assert billing.budgets(scaleway).items == ({"id": "b-1"},)
    assert scaleway.counters.calls == 2
    assert scaleway.counters.retries == 1
    assert scaleway.counters.pages == 1

    server.script(BUDGETS, reply(**bad))
    with pytest.raises(SourceUnavailable, match=r"GET /billing/v2/budgets\?.* after 3 attempts; ") as raised:
        billing.budgets(scaleway)
    assert scaleway.counters.calls == 2 + 3
    if bad.get("status", 200) >= 400:
        assert f"HTTP {bad['status']}" in str(raised.value)
    assert "https://status.scaleway.com" in str(raised.value)


def test_a_silent_address_is_only_probed_until_it_answers_again(server, scaleway_at, reply):
    scaleway = scaleway_at(server.url, timeout=(1, 10), attempts=8)
    server.script(BUDGETS, *[reply(status=503)] * (8 + 3), reply(GOOD), *[reply(status=503)] * 7, reply(GOOD))
    for attempts in (8, 3):
        with pytest.raises(SourceUnavailable, match=f"after {attempts} attempts"):
            billing.budgets(scaleway)
    assert billing.budgets(scaleway).items
    assert billing.budgets(scaleway).items
    assert scaleway.counters.calls == 8 + 3 + 1 + 8


def test_retry_after_holds_the_whole_product_back(server, scaleway, reply, slept):
    server.script(BUDGETS, reply(status=429, headers={"Retry-After": "7"}), reply(GOOD))
    billing.budgets(scaleway)
    assert len(slept) == 1
    assert 5 < slept[0] <= 7


def test_retry_after_may_be_a_date(server, scaleway_at, reply, slept):
    scaleway = scaleway_at(server.url, clock=lambda: datetime(2026, 11, 18, 6, tzinfo=UTC), timeout=(1, 10))
    later = "Wed, 18 Nov 2026 06:00:09 GMT"
    server.script(BUDGETS, reply(status=503, headers={"Retry-After": later}), reply(GOOD))
    billing.budgets(scaleway)
    assert len(slept) == 1
    assert 7 < slept[0] <= 9


@pytest.mark.parametrize("told", ["soon", "-3", "", "Wed, 18 Nov 1993 06:00:09 GMT"])
def test_a_useless_retry_after_is_not_heeded(server, scaleway, reply, slept, told):
    server.script(BUDGETS, reply(status=429, headers={"Retry-After": told}), reply(GOOD))
    assert billing.budgets(scaleway).items
    assert slept == []


def test_a_server_that_wants_a_day_of_patience_is_not_waited_for(server, scaleway, reply, slept):
    server.script(BUDGETS, reply(status=429, headers={"Retry-After": "86400"}))
    with pytest.raises(SourceUnavailable, match="asks to wait 86400 s"):
        billing.budgets(scaleway)
    assert slept == []
    assert scaleway.counters.calls == 1


def test_waits_grow_are_jittered_and_bounded(server, scaleway_at, reply, monkeypatch):
    waits = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    server.script(BUDGETS, reply(status=500))
    with pytest.raises(SourceUnavailable, match="after 5 attempts"):
        billing.budgets(scaleway_at(server.url, attempts=5, backoff=(0.5, 3.0), timeout=(1, 10)))
    assert len(waits) == 4
    assert 0.5 <= waits[0] <= 1.0 <= waits[1] <= 1.5
    assert 2.0 <= waits[2] <= 2.5
    assert waits[3] == 3.0


def test_calls_to_one_product_are_kept_apart_and_other_products_are_not_held_back(server, scaleway_at, reply, slept):
    scaleway = scaleway_at(server.url, requests_per_second=0.01, timeout=(1, 10))
    server.script(BUDGETS, reply(GOOD))
    server.script("/account/v3/projects", reply({"projects": [], "total_count": 0}))
    billing.budgets(scaleway)
    inventory.projects(scaleway)
    assert slept == []
    billing.budgets(scaleway)
    billing.budgets(scaleway)
    assert len(slept) == 2
    assert 60 < slept[0] <= 100 < slept[1] <= 200


def test_a_redirect_is_not_followed_and_the_token_stays_home(server, scaleway, reply):
    other = type(server)()
    try:
        server.script(BUDGETS, reply(status=302, headers={"Location": f"{other.url}{BUDGETS}"}))
        other.script(BUDGETS, reply(GOOD))
        with pytest.raises(SourceUnavailable, match=r"HTTP 302, a redirect.*SCW_API_URL"):
            billing.budgets(scaleway)
        assert other.asked == []
        assert scaleway.counters.calls == 1
    finally:
        other.close()


def test_the_token_is_sent_to_the_configured_host_only(server, scaleway, reply, secret_key):
    server.script(BUDGETS, reply(GOOD))
    billing.budgets(scaleway)
    assert server.asked[0].headers["X-Auth-Token"] == secret_key
    prepared = scaleway._session.prepare_request(_get("http://localhost.example.org/billing/v2/budgets"))
    assert "X-Auth-Token" not in prepared.headers


def _get(url):
    import requests

    return requests.Request("GET", url)


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (
            401,
            {"message": "authentication is denied", "method": "api_key", "reason": "not_found"},
            PermissionDenied,
            ["HTTP 401", SERVERS_PATH, "not_found", "SCW_SECRET_KEY"],
        ),
        (
            403,
            {"details": [{"action": "read", "resource": "server"}], "message": "insufficient permissions"},
            PermissionDenied,
            ["HTTP 403", "instance", SERVERS_PATH, "InstancesReadOnly", "read server"],
        ),
        (404, b"", NotOffered, ["HTTP 404", SERVERS_PATH, "instance.servers"]),
        (501, {"message": "not implemented"}, NotOffered, ["HTTP 501"]),
        (
            400,
            {
                "details": [{"argument_name": "per_page", "help_message": "must be at most 100"}],
                "message": "invalid argument(s)",
            },
            FinopsError,
            ["HTTP 400", "per_page: must be at most 100"],
        ),
        (
            400,
            {"type": "invalid_request_error", "message": "Validation Error", "fields": {"page": ["not a number"]}},
            FinopsError,
            ["Validation Error", "page", "not a number"],
        ),
        (412, {"message": "precondition is not respected", "help_message": "locked"}, FinopsError, ["locked"]),
    ],
)
def test_a_refusal_is_not_asked_again_and_says_what_to_do(server, scaleway, reply, status, body, error, words):
    server.script(SERVERS_PATH, reply(body, status=status))
    with pytest.raises(FinopsError) as raised:
        listing(scaleway, SERVERS, zone="fr-par-1")
    assert type(raised.value) is error
    assert all(word in str(raised.value) for word in words), str(raised.value)
    assert "\n" not in str(raised.value)
    assert scaleway.counters.calls == 1


def test_a_404_without_a_locality_means_the_wrong_address(server, scaleway):
    with pytest.raises(SourceUnavailable, match=r"HTTP 404, no such API at this address; check SCW_API_URL"):
        billing.budgets(scaleway)


def test_an_unreachable_address_is_named_with_a_remedy(scaleway_at):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    scaleway = scaleway_at(url, attempts=2)
    with pytest.raises(SourceUnavailable) as raised:
        billing.budgets(scaleway)
    assert f"{url} cannot be reached" in str(raised.value)
    assert "refused" in str(raised.value)
    assert "after 2 attempts; check SCW_API_URL" in str(raised.value)


@pytest.mark.parametrize(
    ("api", "method", "arguments"),
    [
        ("billing.v2beta1.BillingV2Beta1API", "redeem_coupon", {"code": "GIFT"}),
        ("instance.v1.InstanceV1API", "delete_server", {"zone": "fr-par-1", "server_id": "s-1"}),
        ("instance.v1.InstanceV1API", "server_action", {"zone": "fr-par-1", "server_id": "s-1"}),
        ("instance.v1.InstanceV1API", "_update_server", {"zone": "fr-par-1", "server_id": "s-1"}),
        ("instance.v1.InstanceV1API", "set_security_group_rules", {"zone": "fr-par-1", "security_group_id": "s"}),
        ("block.v1.BlockV1API", "create_snapshot", {"zone": "fr-par-1", "volume_id": "v-1", "public": False}),
    ],
)
def test_a_call_that_would_change_something_is_refused_before_a_socket_is_opened(
    server, scaleway, api, method, arguments
):
    endpoint = Endpoint("any.things", f"scaleway.{api}", method, None)
    with pytest.raises(WriteRefused, match="only GET is ever sent"):
        scaleway.request(endpoint, **arguments)
    assert server.asked == []
    assert scaleway.counters.calls == 0


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("access_key", "SECRET", "SCW_ACCESS_KEY"),
        ("secret_key", "not-a-uuid-but-maybe-secret", "SCW_SECRET_KEY"),
        ("organization_id", "SECRET-and-more", "SCW_DEFAULT_ORGANIZATION_ID"),
        ("api_url", "api.scaleway.com", "SCW_API_URL"),
        ("api_url", "https://user:SECRET@api.scaleway.com", "SCW_API_URL"),
        ("api_url", "https://api.scaleway.com?next=evil", "SCW_API_URL"),
        ("api_url", "ftp://api.scaleway.com", "SCW_API_URL"),
        ("api_url", "https://api.scaleway.com:port", "SCW_API_URL"),
        ("api_url", "https://", "SCW_API_URL"),
    ],
)
def test_a_malformed_setting_is_refused_without_showing_a_key(secret_key, key, value, remedy):
    settings = {
        "access_key": "SCW00000000000000000",
        "secret_key": secret_key,
        "organization_id": "22222222-2222-2222-2222-222222222222",
        "api_url": "https://api.scaleway.com",
    }
    settings[key] = value.replace("SECRET", secret_key)
    with pytest.raises(ConfigurationError, match=remedy) as raised:
        Scaleway(**settings)
    assert secret_key not in str(raised.value)
    assert "maybe-secret" not in str(raised.value)


def test_a_trailing_slash_in_the_address_does_no_harm(server, scaleway_at, reply):
    server.script(BUDGETS, reply(GOOD))
    assert billing.budgets(scaleway_at(server.url + "/")).items
    assert server.asked[0].path == BUDGETS


def test_the_secret_key_appears_in_no_error_log_or_representation(
    server, scaleway_at, reply, secret_key, caplog, capsys
):
    caplog.set_level(logging.DEBUG)
    echo = {"message": f"unknown token {secret_key.upper()}", "details": [{"argument_name": secret_key}]}
    faults = [reply(echo, status=status) for status in (400, 401, 403, 404, 429, 500)]
    faults += [reply(json.dumps(echo).encode()), reply(hang=True), reply(status=301, headers={"Location": secret_key})]
    scaleway = scaleway_at(server.url, attempts=1)
    told = [repr(scaleway), repr(scaleway._credentials), str(vars(scaleway)), repr(scaleway._client)]
    with structlog.testing.capture_logs() as logged:
        for fault in faults:
            server.script(BUDGETS, fault)
            with pytest.raises(FinopsError) as raised:
                billing.budgets(scaleway)
            told.append("".join(traceback.format_exception(raised.value)))
    told += [str(logged), caplog.text, *capsys.readouterr()]
    assert len(server.asked) == len(faults)
    assert [text for text in told if secret_key in text.lower()] == []


def test_each_call_leaves_one_line_in_the_log(server, scaleway, reply):
    server.script("/billing/v2beta1/charges", reply(status=502), reply({"charges": []}))
    with structlog.testing.capture_logs() as logged:
        billing.charges(scaleway, date(2026, 2, 28))
    calls = [entry for entry in logged if entry["event"] == "scaleway_call"]
    assert [(entry["status"], entry["attempt"], entry["page"]) for entry in calls] == [(502, 1, 1), (200, 2, 1)]
    assert calls[1]["path"] == "/billing/v2beta1/charges"
    assert calls[1]["bytes"] == scaleway.counters.bytes == len(b'{"charges": []}')
    assert calls[1]["duration_ms"] >= 0


def test_a_connection_serves_many_calls(server, scaleway, reply):
    server.script(BUDGETS, reply(GOOD))
    for _ in range(5):
        billing.budgets(scaleway)
    pools = scaleway._session.get_adapter(server.url).poolmanager.pools
    assert [pools[key].num_connections for key in pools.keys()] == [1]  # noqa: SIM118  (not a dict)
