"""A server of telemetry is asked with patience and its own token, and its refusals tell what to do."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.errors import ConfigurationError, PermissionDenied, SourceUnavailable
from pipelines.secrets import Secret
from pipelines.sources.cockpit.api import NotServed, QueryRefused, TelemetryApi
from pipelines.sources.cockpit.prometheus import Limits, PrometheusClient
from pipelines.sources.cockpit.series import joined, parsed_matrix, parsed_vector

AT = datetime(2026, 3, 2, tzinfo=UTC)
TOKEN = "a-cockpit-token-of-some-length"
QUERY = "/prometheus/api/v1/query"


@pytest.fixture
def cockpit(server, patient):
    return PrometheusClient.of_cockpit(server.url, Secret(TOKEN), manners=patient)


def vector(*samples):
    return {
        "status": "success",
        "data": {"resultType": "vector", "result": [{"metric": m, "value": [1.5, v]} for m, v in samples]},
    }


def test_the_token_goes_to_the_data_source_alone_and_shows_nowhere(server, reply, cockpit, patient):
    server.script(QUERY, reply(vector(({"a": "b"}, "2"))), reply(vector(({"a": "b"}, "2"))))
    assert [(s.labels, s.at, s.value) for s in cockpit.query("up", AT)] == [({"a": "b"}, 1500, 2.0)]
    PrometheusClient.of_cockpit(server.url, TOKEN, header="Authorization", manners=patient).query("up", AT)
    first, second = server.asked
    assert (first.headers["X-Token"], first.query["time"]) == (TOKEN, ["1772409600.000"])
    assert second.headers["Authorization"] == f"Bearer {TOKEN}"
    api = cockpit._api
    import requests

    for address in (server.url.replace("127.0.0.1", "localhost"), "http://other.example.org"):
        prepared = api._session.prepare_request(requests.Request("GET", address))
        assert TOKEN not in str(prepared.headers)
    assert TOKEN not in repr(cockpit) + repr(api) + repr(api._token) + str(vars(api)) + str(vars(api._token))


def test_a_redirect_is_not_followed_and_a_token_is_not_sent_without_encryption(server, reply, cockpit):
    server.script(QUERY, reply(status=302, headers={"Location": "/elsewhere"}))
    with pytest.raises(SourceUnavailable, match="a redirect, which is not followed"):
        cockpit.query("up", AT)
    assert len(server.asked) == 1
    with pytest.raises(ConfigurationError, match="without encryption"):
        PrometheusClient("http://prometheus.example.org", TOKEN)
    PrometheusClient("http://prometheus.example.org")
    with pytest.raises(ConfigurationError, match="not an address"):
        PrometheusClient("ftp://user:pass@host", TOKEN)


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (401, b"", PermissionDenied, "scw cockpit token create token-scopes.0=read_only_metrics"),
        (403, b'{"status":"error","error":"wrong scope"}', PermissionDenied, "wrong scope; the Cockpit token was"),
        (404, b"<html>not here</html>", NotServed, "no reason given; no such API at this address"),
        (422, b'{"status":"error","errorType":"execution","error":"many-to-many"}', QueryRefused, "execution: many"),
        (400, b"parse error at line 1", QueryRefused, "parse error at line 1"),
        (418, b"", SourceUnavailable, "HTTP 418"),
    ],
)
def test_a_refusal_is_told_by_class_and_not_asked_again(server, reply, cockpit, status, body, error, said):
    server.script(QUERY, reply(body, status=status))
    with pytest.raises(error, match=said):
        cockpit.query("up", AT)
    assert len(server.asked) == 1


def test_a_refusal_that_is_cut_off_is_asked_for_again_since_its_reason_counts(server, reply, cockpit):
    told = json.dumps({"status": "error", "errorType": "execution", "error": "too many samples"}).encode()
    server.script(QUERY, reply(told[:40], 422), reply(told, 422))
    with pytest.raises(QueryRefused, match="execution: too many samples"):
        cockpit.query("up", AT)
    assert len(server.asked) == 2


def test_without_a_token_the_refusal_says_that_none_was_given(server, reply, patient):
    server.script("/api/v1/query", reply(b"", status=401))
    with pytest.raises(PermissionDenied, match="no Cockpit token was given"):
        PrometheusClient(server.url, manners=patient).query("up", AT)


def test_an_echoed_token_is_masked(server, reply, cockpit):
    server.script(QUERY, reply(f"bad token {TOKEN}".encode(), status=401))
    with pytest.raises(PermissionDenied) as caught:
        cockpit.query("up", AT)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("bad", [{"status": 503}, {"body": b'{"status": "succ'}, {"body": b"[]"}, {"status": 429}])
def test_what_may_pass_is_asked_again_and_then_answers(server, reply, cockpit, bad):
    server.script(QUERY, reply(**bad), reply(vector(({}, "1"))))
    assert len(cockpit.query("up", AT)) == 1
    assert (cockpit.counters.calls, cockpit.counters.retries) == (2, 1)


def test_what_does_not_pass_is_one_error_after_the_allowed_attempts(server, reply, cockpit):
    server.script(QUERY, reply(b"", status=500))
    with pytest.raises(SourceUnavailable, match="HTTP 500 after 2 attempts"):
        cockpit.query("up", AT)


def test_an_error_with_status_200_is_an_error(server, reply, cockpit):
    server.script(QUERY, reply({"status": "error", "errorType": "timeout", "error": "query timed out"}))
    with pytest.raises(SourceUnavailable, match="timeout: query timed out"):
        cockpit.query("up", AT)


def test_a_window_refused_as_too_much_is_asked_in_halves_down_to_its_unit(server, reply, cockpit):
    asked = []

    def answer(query):
        start, end = float(query["start"][0]), float(query["end"][0])
        if end - start > 3 * 3600:
            return reply({"status": "error", "errorType": "execution", "error": "too many samples"}, status=422)
        asked.append((start, end))
        return reply({"status": "success", "data": {"resultType": "matrix", "result": []}})

    server.answer("/prometheus/api/v1/query_range", answer)
    cockpit.query_range("up", AT, AT + timedelta(hours=24), timedelta(hours=1))
    moments = [start + 3600 * n for start, end in asked for n in range(int(end - start) // 3600 + 1)]
    assert moments == [AT.timestamp() + 3600 * n for n in range(24)]
    server.script("/prometheus/api/v1/query_range", reply({"error": "too many samples"}, status=422))
    with pytest.raises(QueryRefused, match="too many samples"):
        cockpit.query_range("up", AT, AT + timedelta(hours=2), timedelta(hours=1))


def test_windows_read_one_by_one_grow_until_they_hold_as_many_samples_as_allowed(server, reply, patient):
    spans = []

    def answer(query):
        start, end = int(float(query["start"][0])), int(float(query["end"][0]))
        spans.append((end - start) // 3600 + 1)
        values = [[at, "1"] for at in range(start, end + 1, 60)]
        result = [{"metric": {"n": str(number)}, "values": values} for number in range(5)]
        return reply({"status": "success", "data": {"resultType": "matrix", "result": result}})

    server.answer("/api/v1/query_range", answer)
    client = PrometheusClient(server.url, limits=Limits(most_samples=5 * 60 * 10), manners=patient)
    hour = timedelta(hours=1)
    parts = list(client.query_windows("up", AT, AT + 24 * hour, timedelta(minutes=1), unit=hour))
    assert spans == [1, 10, 10, 3]
    assert sum(len(part) for part in parts) == 24 * 60 * 5


def test_values_are_exact_and_what_is_no_finite_number_is_counted_not_told():
    result = [{"metric": {"n": "1"}, "values": [[1, "0.1"], [2.5, "NaN"], [3, "+Inf"], [4, "-Inf"], [5, "1e-320"]]}]
    samples = parsed_matrix({"resultType": "matrix", "result": result}, "here")
    assert samples.frame.rows() == [(0, 1000, 0.1), (0, 5000, 1e-320)]
    assert samples.not_finite == 3
    assert parsed_vector({"resultType": "vector", "result": [{"metric": {}, "value": [1, "NaN"]}]}, "here") == ()
    assert parsed_vector({"resultType": "scalar", "result": [1, "4"]}, "here")[0].value == 4


def test_parts_join_to_one_series_for_equal_labels_and_one_sample_for_a_moment():
    def part(labels, *points):
        return parsed_matrix({"resultType": "matrix", "result": [{"metric": labels, "values": points}]}, "here")

    whole = joined(
        [part({"a": "1"}, [1, "1"], [2, "2"]), part({"b": "1"}, [1, "9"]), part({"a": "1"}, [2, "2"], [3, "3"])]
    )
    assert whole.labels == ({"a": "1"}, {"b": "1"})
    assert whole.frame.rows() == [(0, 1000, 1.0), (0, 2000, 2.0), (0, 3000, 3.0), (1, 1000, 9.0)]


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"resultType": "matrix"},
        {"resultType": "vector", "result": []},
        {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "one"]]}]},
        {"resultType": "matrix", "result": [{"metric": [], "values": []}]},
        {"resultType": "matrix", "result": [{"metric": {}, "histograms": []}]},
    ],
)
def test_a_result_of_another_form_is_refused(data):
    with pytest.raises(SourceUnavailable):
        parsed_matrix(data, "here")


def test_numbers_are_parsed_as_the_caller_wants(server, reply, patient):
    server.script("/allocation", reply({"code": 200, "data": []}))
    api = TelemetryApi(server.url, manners=patient)
    assert api.get("/allocation", parse=lambda body: {"told": json.loads(body)["code"]}) == {"told": 200}
