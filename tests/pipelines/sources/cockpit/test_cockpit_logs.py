"""Logs are counted and read within Loki's limits; the small Loki here evaluates what it is asked."""

import json
import random
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.errors import PermissionDenied, SourceUnavailable
from pipelines.sources.cockpit.api import QueryRefused
from pipelines.sources.cockpit.catalogue import load_catalogue
from pipelines.sources.cockpit.loki import LONGEST_SPAN, LokiClient, parsed_lines
from pipelines.sources.cockpit.telemetry import logs_by_service

START = datetime(2026, 3, 2, tzinfo=UTC)
NANO = 10**9
BEGIN = int(START.timestamp()) * NANO
NAMES = load_catalogue().telemetry
HOUR_NANOS = 3600 * NANO
DAY = (date(2026, 3, 2), date(2026, 3, 3))


class SmallLoki:
    """Lines in memory; answers labels, metric queries of one hour's range, and lines; refuses what is too much."""

    def __init__(self, reply, lines, has_volume=False, refuses_counts=False):
        self.reply, self.lines = reply, sorted(lines)
        self.has_volume, self.refuses_counts = has_volume, refuses_counts
        self.spans = []

    def serve(self, server):
        server.answer(
            "/loki/api/v1/labels", lambda _: self._success(sorted({k for _, ls, _ in self.lines for k, _ in ls}))
        )
        server.answer("/loki/api/v1/query_range", self.query_range)
        if self.has_volume:
            server.answer("/loki/api/v1/index/volume", self.volume)
        return server.url

    def query_range(self, query):
        start, end = int(query["start"][0]), int(query["end"][0])
        self.spans.append(timedelta(microseconds=(end - start) / 1000))
        if end - start > 721 * HOUR_NANOS:
            return self.reply(b"the query time range exceeds the limit (query length: 999h, limit: 721h)", status=400)
        found = re.fullmatch(r"sum by \((.*)\) \((\w+)_over_time\(\{.*\}\[1h\]\)\)", query["query"][0])
        if not found:
            return self._lines(start, end, int(query["limit"][0]))
        if self.refuses_counts:
            return self.reply(b"the query hit the max number of series limit (limit: 500)", status=400)
        return self._counts(found[1].split(", "), found[2], start, end, int(float(query["step"][0]) * NANO))

    def volume(self, query):
        start, end = int(query["start"][0]), int(query["end"][0])
        label, sums = query["targetLabels"][0], {}
        for at, labels, text in self.lines:
            if start <= at < end:
                sums[dict(labels)[label]] = sums.get(dict(labels)[label], 0) + len(text)
        result = [{"metric": {label: name}, "value": [end / NANO, str(size)]} for name, size in sums.items()]
        return self._success({"resultType": "vector", "result": result})

    def _counts(self, by, function, start, end, step):
        result = {}
        for moment in range(start, end + 1, step):
            for at, labels, text in self.lines:
                if moment - HOUR_NANOS < at <= moment:
                    key = tuple((k, v) for k, v in labels if k in by)
                    point = result.setdefault(key, {}).setdefault(moment, [0])
                    point[0] += len(text) if function == "bytes" else 1
        return self._success({
            "resultType": "matrix",
            "result": [
                {"metric": dict(key), "values": [[m // NANO, str(value[0])] for m, value in sorted(points.items())]}
                for key, points in result.items()
            ],
        })  # fmt: skip

    def _lines(self, start, end, limit):
        assert limit <= 5000
        streams = {}
        for at, labels, text in [each for each in self.lines if start <= each[0] < end][:limit]:
            streams.setdefault(labels, []).append([str(at), text])
        result = [{"stream": dict(labels), "values": values} for labels, values in streams.items()]
        return self._success({"resultType": "streams", "result": result})

    def _success(self, data):
        return self.reply({"status": "success", "data": data})


def some_lines(count, days=2, seed=3):
    chance = random.Random(seed)
    return [
        (
            BEGIN + chance.randrange(-36_000, days * 24 * 36_000) * NANO // 10 + 1,
            (("detected_level", chance.choice(["info", "error"])), ("service_name", chance.choice(["api", "web"]))),
            "x" * chance.randint(1, 30),
        )
        for _ in range(count)
    ]


def test_a_day_of_logs_is_counted_by_service_and_level(server, reply, patient, source):
    lines = some_lines(400)
    client = LokiClient(SmallLoki(reply, lines).serve(server), "cockpit-secret", manners=patient)
    table = logs_by_service(client, source, NAMES, *DAY, START + timedelta(days=3))
    truth = {}
    for at, labels, text in lines:
        if BEGIN <= at < BEGIN + 24 * HOUR_NANOS:
            found = truth.setdefault((dict(labels)["service_name"], dict(labels)["detected_level"]), [0, 0])
            found[0], found[1] = found[0] + len(text), found[1] + 1
    told = {(row["service_name"], row["level"]): [row["bytes"], row["lines"]] for row in table.to_pylist()}
    assert told == truth
    assert {row["is_complete"] for row in table.to_pylist()} == {True}
    both = logs_by_service(client, source, NAMES, DAY[0], date(2026, 3, 4), START + timedelta(days=3)).to_pylist()
    assert [row for row in both if row["day"] == DAY[0]] == table.to_pylist()
    assert sum(row["lines"] for row in both) == sum(BEGIN <= at < BEGIN + 48 * HOUR_NANOS for at, *_ in lines)
    assert server.asked[-1].headers["X-Token"] == "cockpit-secret"


def test_a_day_that_is_too_much_to_count_is_told_by_the_index_without_level_and_lines(server, reply, patient, source):
    lines = [line for line in some_lines(100, days=1) if line[0] >= BEGIN]
    client = LokiClient(SmallLoki(reply, lines, has_volume=True, refuses_counts=True).serve(server), manners=patient)
    rows = logs_by_service(client, source, NAMES, *DAY, START + timedelta(days=3)).to_pylist()
    for service in ("api", "web"):
        size = sum(len(text) for _, labels, text in lines if dict(labels)["service_name"] == service)
        (row,) = [row for row in rows if row["service_name"] == service]
        assert (row["bytes"], row["lines"], row["level"], row["source"]) == (size, None, None, "log index")


def test_without_an_index_a_refusal_is_told_and_without_a_service_label_there_are_no_rows(
    server, reply, patient, source
):
    client = LokiClient(SmallLoki(reply, some_lines(5), refuses_counts=True).serve(server), manners=patient)
    with pytest.raises(QueryRefused, match="max number of series"):
        logs_by_service(client, source, NAMES, *DAY, START + timedelta(days=3))
    with pytest.raises(QueryRefused, match="max number of series"):
        logs_by_service(client, source, NAMES, DAY[0], date(2026, 3, 4), START + timedelta(days=3))
    server.script("/loki/api/v1/labels", reply({"status": "success", "data": ["filename"]}))
    assert logs_by_service(client, source, NAMES, *DAY, START + timedelta(days=3)).num_rows == 0


def test_no_question_spans_more_than_the_server_allows(server, reply, patient):
    lines = some_lines(50, days=70)
    loki, inside = SmallLoki(reply, lines), [at for at, *_ in lines if at >= BEGIN]
    client = LokiClient(loki.serve(server), manners=patient)
    expression = 'sum by (service_name) (count_over_time({service_name=~".+"}[1h]))'
    found = client.query_range(expression, START, START + timedelta(days=70), timedelta(hours=1))
    assert found.frame["value"].sum() == len(inside)
    assert set(found.frame["at"]) == {at // HOUR_NANOS * 3_600_000 for at in inside}
    assert len(loki.spans) == 3
    assert max(loki.spans) <= LONGEST_SPAN
    assert len(list(client.lines('{service_name=~".+"}', START, START + timedelta(days=70)))) == len(inside)


def test_lines_come_once_each_page_after_page_even_when_a_page_ends_inside_a_moment(server, reply, patient):
    labels = (("service_name", "api"),)
    lines = [(BEGIN + number // 3, labels, f"line {number}") for number in range(50)]
    client = LokiClient(SmallLoki(reply, lines).serve(server), most_lines=7, manners=patient)
    told = [line.text for line in client.lines('{service_name="api"}', START, START + timedelta(hours=1))]
    assert sorted(told) == sorted(text for _, _, text in lines)
    crowded = LokiClient(server.url, most_lines=3, manners=patient)
    with pytest.raises(SourceUnavailable, match="lines in a nanosecond"):
        list(crowded.lines('{service_name="api"}', START, START + timedelta(hours=1)))


def test_a_refused_token_is_told_with_the_command_that_makes_one(server, reply, patient):
    server.script("/loki/api/v1/labels", reply(b"no org id\n", status=401))
    with pytest.raises(PermissionDenied, match=r"no org id; the Cockpit token was refused.*=read_only_logs"):
        LokiClient(server.url, "cockpit-secret", manners=patient).labels(START, START + timedelta(hours=1))


def test_a_recorded_answer_of_loki_is_read_to_its_last_line(reference_data):
    recorded = reference_data / "fixtures/scaleway-recorded/cockpit_logs_loki_api_v1_query_range__fr-par.json"
    document = json.loads(recorded.read_text())
    lines = parsed_lines(document["data"], "recorded")
    assert len(lines) == sum(len(stream["values"]) for stream in document["data"]["result"]) > 10
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert {line.labels["resource_type"] for line in lines} == {"serverless_container"}
    assert "Docker" in " ".join(line.text for line in lines)
