"""Readers of Prometheus, Loki, OpenCost and Object Storage against the same hostile server."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import orjson

from benchmarks.hostile_api import DAY, NOON, play, server
from benchmarks.hostile_case import Counts, Reader
from benchmarks.hostile_grammar import ENUMS, NUMBERS, TEXTS, TIMES, encoded
from benchmarks.hostile_seeds import ORGANIZATION, xml
from benchmarks.hostile_server import Answer, hostile_answer
from pipelines.errors import PartialResult
from pipelines.lifecycle.limits import limits_of, problems
from pipelines.lifecycle.plan import merged
from pipelines.lifecycle.rules import parse_rules, written
from pipelines.sources.asking import Manners
from pipelines.sources.cockpit.loki import LokiClient
from pipelines.sources.cockpit.opencost import OpenCostClient
from pipelines.sources.cockpit.prometheus import PrometheusClient
from pipelines.sources.objects.buckets import Bucket, described, named
from pipelines.sources.objects.client import ObjectStorage, S3Key
from pipelines.sources.objects.listing import ListingRules, list_objects
from pipelines.sources.objects.rows import bucket_table, histogram_table, listing_table, upload_table
from pipelines.sources.objects.uploads import incomplete_uploads

_MANNERS = Manners(0, (2, 5), 2, (0.0, 0.0), 10.0, lambda: NOON, lambda _: None)
_HOUR = timedelta(hours=1)
_SINCE = NOON - _HOUR
_LABELS = {"__name__": "cpu_seconds_total", "instance": "web-1", "resource_id": ORGANIZATION}
_SECONDS = int(_SINCE.timestamp())


@cache
def _prometheus() -> PrometheusClient:
    return PrometheusClient(server().url, manners=_MANNERS)


@cache
def _loki() -> LokiClient:
    return LokiClient(server().url, manners=_MANNERS, most_lines=3)


@cache
def _opencost() -> OpenCostClient:
    return OpenCostClient(server().url, "cluster", "EUR", manners=_MANNERS)


def _success(kind: str, result: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}, "warnings": ["w"]}


def _vector(rng: Random) -> dict[str, Any]:
    if rng.random() < 0.1:
        return _success("scalar", [_SECONDS, "1"])
    return _success("vector", [{"metric": _LABELS, "value": [_SECONDS, str(n)]} for n in range(rng.randint(0, 4))])


def _matrix(rng: Random) -> dict[str, Any]:
    values = [[_SECONDS + 60 * n, rng.choice(["1.5", "NaN", "+Inf", "0", "1e300"])] for n in range(rng.randint(1, 9))]
    return _success("matrix", [{"metric": {**_LABELS, "n": str(n)}, "values": values} for n in range(2)])


def _streams(rng: Random) -> dict[str, Any]:
    values = [[str((_SECONDS + n) * 10**9), f"line {n}"] for n in range(rng.randint(0, 2))]
    return _success("streams", [{"stream": {"service_name": "web"}, "values": values}])


def _asked(name: str, made: Callable[[Random], Any], ask: Callable[[], int]) -> Reader:
    """A reader whose answer is one document; what it makes of it is counted."""

    def read(rng: Random, _: Path) -> Counts:
        play(rng, [made(rng)])
        found = ask()
        return Counts(found, found)

    return Reader(name, read)


def _range(rng: Random, _: Path) -> Counts:
    document = _matrix(rng)
    play(rng, [document])
    found = _prometheus().query_range("up", _SINCE, NOON, timedelta(minutes=1))
    served = orjson.loads(server().script.answers[0].body) if _is_plain(server().script.answers[0]) else None
    told = len(found) + found.not_finite
    received = sum(len(each["values"]) for each in served["data"]["result"]) if served else told
    return Counts(received, len(found), found.not_finite)


def _is_plain(answer: Answer) -> bool:
    return answer.body[:1] == b"{"


def _allocation(rng: Random) -> dict[str, Any]:
    numbers = {"cpuCoreHours": 1.5, "totalCost": 0.123456789012345, "cpuCost": 1e-9, "minutes": 1440}
    window = {"start": "2026-06-01T00:00:00Z", "end": "2026-06-02T00:00:00Z"}
    each = {"properties": {"namespace": "shop", "controller": "web"}, "window": window, **numbers}
    return {"code": 200, "data": [{"shop/web": each, "__idle__": each}]}


def telemetry_readers() -> list[Reader]:
    """One for each kind of answer of Prometheus, Loki and OpenCost."""
    names = {"status": "success", "data": ["up", "cpu_seconds_total"]}
    labels = {"status": "success", "data": [_LABELS, _LABELS]}
    kinds = {"status": "success", "data": {"up": [{"type": "gauge", "help": "h", "unit": ""}]}}
    ask, tell = _prometheus, _loki
    return [
        _asked("prometheus.query", _vector, lambda: len(ask().query("up", NOON))),
        Reader("prometheus.query_range", _range),
        _asked("prometheus.series", lambda _: labels, lambda: len(ask().series(["up"], _SINCE, NOON))),
        _asked(
            "prometheus.labels", lambda _: names, lambda: len(ask().label_values("x")) + len(ask().labels(_SINCE, NOON))
        ),
        _asked("prometheus.metadata", lambda _: kinds, lambda: len(ask().metadata())),
        _asked("loki.query", _vector, lambda: len(tell().query("x", NOON))),
        _asked("loki.query_range", _matrix, lambda: len(tell().query_range("x", _SINCE, NOON, _HOUR))),
        _asked("loki.lines", _streams, lambda: len(list(tell().lines("{a='b'}", _SINCE, NOON)))),
        _asked("loki.labels", lambda _: names, lambda: len(tell().labels(_SINCE, NOON))),
        _asked("loki.volume", _vector, lambda: len(tell().volume("{a='b'}", _SINCE, NOON, ["service_name"]))),
        _asked("opencost.allocation", _allocation, lambda: _opencost().allocations(NOON - 24 * _HOUR, NOON).num_rows),
    ]


_ENTITIES = (
    '<!DOCTYPE a [<!ENTITY a "xxxxxxxxxx">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9))
    + "]>",
    '<!DOCTYPE a [<!ENTITY j SYSTEM "file:///etc/passwd">]>',
)
_WORDS = (*TEXTS[:20], *NUMBERS, *TIMES, *ENUMS, "true", "TRUE", "&j;", "&amp;", "<a/>", "<![CDATA[<x>]]>", "-5", "1.5")


def xml_mutated(rng: Random, text: str) -> str:
    """XML with some of its texts replaced, elements left out, doubled or nested, or entities that grow."""
    for _ in range(rng.randint(1, 3)):
        how = rng.randrange(8)
        held = list(re.finditer(r">([^<>]+)<", text))
        whole = list(re.finditer(r"<(\w+)>[^<>]*</\1>", text))
        if how <= 3 and held:
            found = rng.choice(held)
            word = rng.choice(_WORDS).replace("\0", "&#0;")
            text = text[: found.start(1)] + word + text[found.end(1) :]
        elif how == 4 and whole:
            found = rng.choice(whole)
            text = text[: found.start()] + text[found.end() :]
        elif how == 5 and whole:
            found = rng.choice(whole)
            text = text[: found.start()] + found[0] * rng.choice([2, 20]) + text[found.end() :]
        elif how == 6:
            deep = rng.choice([100, 20_000])
            inner = "<a>" * deep + "</a>" * deep
            text = re.sub(r"(</\w+>\s*)$", rf"{inner}\1", text)
        else:
            text = text.replace("?>", f"?>{rng.choice(_ENTITIES)}", 1)
            text = re.sub(r">([^<>]+)<", ">&j;<", text, count=1)
    return text


@cache
def _storage() -> ObjectStorage:
    key = S3Key("SCW00000000000000000", "11111111-1111-1111-1111-111111111111", ORGANIZATION)
    return ObjectStorage(
        key,
        "fr-par",
        f"{server().url}/{{region}}",
        requests_per_second=0,
        timeout=(2, 5),
        attempts=2,
        sleep=lambda _: None,
        backoff=(0.0, 0.0),
    )


def _play_xml(rng: Random, roots: Sequence[str]) -> None:
    spoilt = rng.randrange(len(roots))
    answers = []
    for number, root in enumerate(roots):
        text = xml(rng, root)
        if number != spoilt:
            answers.append(Answer(encoded(text), headers=(("Content-Type", "application/xml"),)))
            continue
        text = xml_mutated(rng, text) if rng.random() < 0.85 else text
        answers.append(hostile_answer(rng, encoded(text), "application/xml"))
    server().play(*answers)


def _served(tag: str) -> int | None:
    """Elements of this name in the answers that were sent, where they are plain enough to count."""
    script = server().script
    bodies = [answer.body for answer in script.answers[: script.asked]]
    if script.asked != len(script.answers) or any(b"<!DOCTYPE" in each or b"CDATA" in each for each in bodies):
        return None
    return sum(len(re.findall(rb"<" + tag.encode() + rb"[\s/>]", each)) for each in bodies)


def _buckets(rng: Random, _: Path) -> Counts:
    _play_xml(rng, ["ListAllMyBucketsResult"])
    found = named(_storage())
    return Counts(len(found), len(found))


def _configuration(rng: Random, _: Path) -> Counts:
    _play_xml(rng, ["Tagging", "VersioningConfiguration", "LifecycleConfiguration"])
    found = described(_storage(), "logs", NOON)
    table = bucket_table([found], DAY)
    rules = parse_rules(found.lifecycle_rules or "[]")
    limits = limits_of("fr-par", DAY)
    for rule in merged(rules, rules):
        problems(rule, limits)
    written(rules)
    if any("\n" in gap for gap in found.gaps):
        raise AssertionError(f"more than one line: {found.gaps}")
    return Counts(1, table.num_rows)


def _objects(root: str, versioning: str, tag: str) -> Callable[[Random, Path], Counts]:
    def read(rng: Random, _: Path) -> Counts:
        _play_xml(rng, [root])
        bucket = Bucket("fr-par", ORGANIZATION, "logs", NOON, {}, versioning, "[]", ())
        listed = list_objects(_storage(), bucket, DAY, ListingRules(most_requests=20))
        listing_table([listed])
        histogram_table([listed])
        counted = _served(tag)
        if listed.is_sample:
            raise PartialResult(listed.statement)
        return Counts(listed.objects if counted is None else counted, listed.objects)

    return read


def _uploads(rng: Random, _: Path) -> Counts:
    _play_xml(rng, ["ListMultipartUploadsResult", "ListPartsResult"])
    bucket = Bucket("fr-par", ORGANIZATION, "logs", NOON, {}, "never", "[]", ())
    found = incomplete_uploads(_storage(), "logs", DAY, most_requests=20)
    upload_table([(bucket, found)], DAY)
    return Counts(found.count, found.count)


def storage_readers() -> list[Reader]:
    """One for each kind of answer of Object Storage."""
    return [
        Reader("s3.buckets", _buckets),
        Reader("s3.configuration", _configuration),
        Reader("s3.objects", _objects("ListBucketResult", "never", "Contents")),
        Reader("s3.versions", _objects("ListVersionsResult", "enabled", "Version")),
        Reader("s3.uploads", _uploads),
    ]
