"""A Cockpit is read day by day: a small API that lists data sources, before a real Prometheus with two known days."""

import importlib.util
import json
import re
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from assets.bronze import telemetry
from assets.runs import run_build
from assets.tables import open_catalog
from pipelines.errors import LakeUnavailable
from pipelines.lake.address import parse_address
from pipelines.lake.measurements import keep
from pipelines.lake.store import Lake
from pipelines.settings import load_settings
from pipelines.sources.asking import Manners
from pipelines.sources.transport import Scaleway

from .conftest import Place


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("a_prometheus_for_tests", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_cockpit = _module(Path(__file__).parents[1] / "pipelines/sources/cockpit/conftest.py")
prometheus_url = _cockpit.prometheus_url

SHOP, LAB = _cockpit.PROJECT, "205bdce1-64c0-48ab-899d-868455867ecf"
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
TUESDAY_MORNING = datetime(2026, 3, 3, 6, tzinfo=UTC)
WEDNESDAY_MORNING = TUESDAY_MORNING + timedelta(days=1)
ORGANIZATION = "22222222-2222-2222-2222-222222222222"
TOKENS = {f"{SHOP}/fr-par": "token-of-the-shop", f"{LAB}/fr-par": "token-of-the-lab"}
COMMON = {"project_id": SHOP, "region": "fr-par"}


@pytest.fixture(scope="session")
def history():
    """What the readers' own tests know, and machines and models that are sampled every 300 seconds."""
    found = _cockpit.known_history()
    times = _cockpit._times(300)
    for name in ("web-1", "web-2"):
        samples = [(at, 16e9) for at in times]
        found.add("node_memory_MemTotal_bytes", "gauge", samples, **COMMON, instance=f"{name}:9100")
    counts = _cockpit._counter(40, times, (100, 300))
    found.add("vllm:request_success_total", "counter", counts, **COMMON, instance="gpu-1:8000", model_name="m-8b")
    return found


@dataclass
class Cockpit:
    """The API of an organisation, and its data sources, which lead to the Prometheus. `broken` maps a part of an
    asked address to the status it gets; every call is in `asked`, without its host."""

    prometheus: str
    sources: list[dict[str, Any]] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    overview: dict[str, Any] = field(default_factory=dict)
    month_to_date: int = 0
    url: str = ""

    def add(self, name: str, kind: str, project: str = SHOP, origin: str = "scaleway", **more: Any) -> None:
        url = f"{self.url}/of/{name}"
        item = {"id": name, "project_id": project, "region": "fr-par", "type": kind, "origin": origin, "url": url}
        self.sources.append({**item, "retention_days": 31, **more})

    def calls(self, part: str) -> list[str]:
        return [each for each in self.asked if part in each]

    def days(self, source: str) -> set[date]:
        """Days that range queries for an hour's or a day's rows spoke of."""
        spans = [parse_qs(urlsplit(each).query) for each in self.calls(f"/of/{source}/prometheus/api/v1/query_range")]
        ends = [datetime.fromtimestamp(float(span[name][0]), UTC) for span in spans for name in ("start", "end")]
        return {each.date() for each in ends}

    def answer(self, path: str, token: str | None) -> tuple[int, bytes]:
        self.asked.append(path)
        for part, status in self.broken.items():
            if part in path:
                return status, json.dumps({"status": "error", "errorType": "execution", "error": "broken"}).encode()
        found = re.match(r"/of/([\w-]+)(/\w+)(/.*)", path)
        if not found:
            return 200, json.dumps(self._of_the_api(urlsplit(path))).encode()
        (source,) = [each for each in self.sources if each["id"] == found[1]]
        if token != TOKENS[f"{source['project_id']}/fr-par"]:
            return 401, b"unauthorized"
        if found[2] == "/loki":
            return 200, json.dumps({"status": "success", "data": self._logs(urlsplit(path))}).encode()
        return self._measured(found[3])

    def _of_the_api(self, asked: Any) -> dict[str, Any]:
        query = parse_qs(asked.query)
        if asked.path.endswith("/projects"):
            projects = [{"id": SHOP, "name": "shop"}, {"id": LAB, "name": "lab"}]
            return {"projects": projects, "total_count": len(projects)}
        if asked.path.endswith("/data-sources"):
            place = (query["project_id"][0], asked.path.split("/")[4])
            found = [each for each in self.sources if (each["project_id"], each["region"]) == place]
            return {"data_sources": found, "total_count": len(found)}
        if asked.path.endswith("/alerts"):
            return {"alerts": [{"rule": "load_balancer_lb_cpu_usage > 0.9"}], "total_count": 1}
        if asked.path.endswith("/usage-overview"):
            return self.overview.get(query["project_id"][0], {})
        if asked.path.endswith("/pipelines"):
            return {"pipelines": [{"id": "p", "project_id": SHOP}], "total_count": 1}
        if "/billing/" in asked.path:
            return {"current_plan_waf_usage": self.month_to_date, "extra_waf_usage": 0}
        return {"code": 200, "data": [{"shop/web": self._allocation(query["window"][0])}]}

    def _allocation(self, window: str) -> dict[str, Any]:
        start, end = window.split(",")
        return {"name": "shop/web", "window": {"start": start, "end": end}, "totalCost": 1.25, "cpuCoreHours": 12}

    def _logs(self, asked: Any) -> Any:
        if asked.path.endswith("/labels"):
            return ["service_name"]
        query = parse_qs(asked.query)
        hours = range(int(query["start"][0]) // 10**9, int(query["end"][0]) // 10**9 + 1, 3600)
        value = "50" if "bytes_over_time" in query["query"][0] else "2"
        values = [[hour, value] for hour in hours]
        return {"resultType": "matrix", "result": [{"metric": {"service_name": "api"}, "values": values}]}

    def _measured(self, path: str) -> tuple[int, bytes]:
        try:
            with urlopen(self.prometheus + path) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()


@pytest.fixture
def cockpit(prometheus_url, monkeypatch):
    """A shop with metrics of both origins and logs, and a lab with Scaleway's metrics; all tokens are set."""
    found = Cockpit(prometheus_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20

        def do_GET(self) -> None:
            status, body = found.answer(self.path, self.headers.get("X-Token"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    found.add("shop-metrics", "metrics")
    found.add("shop-custom", "metrics", origin="custom")
    found.add("shop-logs", "logs", retention_days=2)
    found.add("lab-metrics", "metrics", LAB)
    opened(monkeypatch, **TOKENS)
    yield found
    server.shutdown()
    server.server_close()


def opened(monkeypatch: pytest.MonkeyPatch, **tokens: str) -> None:
    pairs = [f"{place}={token}" for place, token in tokens.items()]
    monkeypatch.setenv("FINOPS_COCKPIT_TOKENS", ", ".join(pairs))


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(parse_address(str(tmp_path / "lake")))


@pytest.fixture
def read(cockpit, lake):
    """`read(telemetry.read_usage, now)`: one run of a reader, as a process of its own would do it."""

    def run(reader: Any, now: datetime = WEDNESDAY_MORNING, **settings: Any) -> Any:
        given = {"cockpit.history_days": 3, "cockpit.request_history_days": 3, "scaleway.attempts": 2}
        given |= {"cockpit.requests_per_second": 0, "cockpit.metric_names": 3}
        given |= {name.replace("__", "."): value for name, value in settings.items()}
        asked_by = {"requests_per_second": 0, "clock": lambda: now, "attempts": 1}
        scaleway = Scaleway("SCW00000000000000000", LAB, ORGANIZATION, cockpit.url, **asked_by)
        cockpit.asked.clear()
        return reader(lake, scaleway, load_settings(given), now)

    return run


def rows(lake: Lake, sql: str) -> list[dict[str, Any]]:
    return open_catalog(lake).query(sql).to_pylist()


def newest(table: str, source: str, what: str) -> str:
    """A question to the rows of the newest readings."""
    return (
        f"select {what} from bronze.{table} inner join silver.latest_measurements as latest "
        f"on {table}.reading_hash = latest.reading_hash and latest.source = '{source}'"
    )


def known(lake: Lake, source: str) -> list[dict[str, Any]]:
    """What the lake knows of each place and day."""
    return rows(lake, f"select * from silver.latest_measurements where source = '{source}'")


def versions(lake: Lake) -> dict[str, int]:
    tables = ("usage_hourly", "metric_findings", "requests_daily", "telemetry_daily", "cluster_allocations")
    return {table: lake.state(f"bronze.{table}").version for table in (*tables, "measurements")}


READERS = (telemetry.read_usage, telemetry.read_requests, telemetry.read_telemetry)


def test_the_first_run_reads_complete_days_once_and_the_second_asks_no_data_source_and_commits_nothing(
    read, cockpit, lake
):
    told = read(telemetry.read_usage)["usage_hourly"]
    assert (told.missing, list(told.days)) == ((), [date(2026, 3, 1), MONDAY, TUESDAY])
    assert told.calls == len(cockpit.asked)
    counted = rows(
        lake,
        newest("usage_hourly", "cockpit.usage", "place, metric, usage_hourly.day, count(*) as n, min(expected_samples)")
        .replace("usage_hourly.day", "latest.day") + " group by all order by all",
    )  # fmt: skip
    found = {tuple(each.values())[:3]: tuple(each.values())[3:] for each in counted}
    assert found["shop-metrics", "load_balancer_cpu_ratio", MONDAY] == (24 + 23 + 24, 60)
    assert found["lab-metrics", "load_balancer_cpu_ratio", TUESDAY] == (72, 60)
    assert found["shop-custom", "node_memory_bytes", TUESDAY] == (48, 12), "sampled every 300 seconds"
    assert ("shop-custom", "load_balancer_cpu_ratio", MONDAY) not in found, "of the other origin"
    kept = versions(lake)
    again = read(telemetry.read_usage)
    assert (again["usage_hourly"].kept.asked, versions(lake)) == (0, kept)
    assert cockpit.calls("/of/") == cockpit.calls("/alerts") == []


def test_the_next_day_reads_that_day_alone(read, cockpit, lake):
    for reader in READERS:
        read(reader, TUESDAY_MORNING)
    for reader in READERS:
        told = read(reader, WEDNESDAY_MORNING)
        assert {tuple(table.days) for table in told.values() if table.calls} == {(TUESDAY,)}
        assert cockpit.days("shop-metrics") <= {TUESDAY, MONDAY}
        spans = [parse_qs(urlsplit(each).query) for each in cockpit.calls("shop-metrics/prometheus/api/v1/query_range")]
        start = datetime(2026, 3, 3, tzinfo=UTC).timestamp()
        assert all(float(span["start"][0]) >= start - 5 * 60 for span in spans), "but for a counter's baseline"
    days = rows(
        lake, "select source, place, count(*) as n, count(distinct day) as days from bronze.measurements group by all"
    )
    assert [each for each in days if each["n"] != each["days"]] == []


def test_what_each_data_source_holds_is_found_and_what_is_not_there_is_unknown(read, lake):
    read(telemetry.read_usage)
    found = {
        (each["data_source_id"], each["metric"]): each
        for each in rows(lake, "select * from bronze.metric_findings where usage_month = '2026-03'")
    }
    balancer = found["shop-metrics", "load_balancer_cpu_ratio"]
    assert (balancer["presence"], balancer["in_rules"], balancer["step_seconds"]) == ("present", True, 60)
    assert found["shop-custom", "node_memory_bytes"]["step_seconds"] == 300
    renamed = found["shop-custom", "vllm_cache_usage_ratio"]
    assert (renamed["presence"], renamed["found_as"]) == ("present under another name", "vllm:gpu_cache_usage_perc")
    unknown = found["shop-metrics", "redis_cpu_ratio"]
    assert (unknown["presence"], unknown["missing_names"]) == ("unknown", ["rkv_cluster_node_cpu_seconds_total"])
    assert found["shop-custom", "requests.vllm"]["presence"] == "present"
    assert {each["day"] for each in found.values()} == {WEDNESDAY_MORNING.date()}
    assert ("shop-custom", "redis_cpu_ratio") not in found


def test_a_project_without_a_token_costs_one_line_and_a_gap_and_the_rest_is_read(read, cockpit, lake, monkeypatch):
    opened(monkeypatch, **{f"{LAB}/fr-par": TOKENS[f"{LAB}/fr-par"]})
    lines = {line for reader in READERS for table in read(reader).values() for line in table.missing}
    (line,) = lines
    assert line.startswith("Cockpit: shop in fr-par: no Cockpit token for this project and region; make one")
    assert cockpit.calls("/of/shop") == []
    gaps = rows(
        lake, "select source, place, day, note from bronze.measurements where reading_hash is null order by all"
    )
    assert [(each["source"], each["place"]) for each in gaps] == [
        ("cockpit.logs", "shop-logs"),
        *(("cockpit.requests", each) for each in ("shop-custom", "shop-metrics")),
        ("cockpit.telemetry", "shop-metrics"),
        *(("cockpit.telemetry_names", each) for each in ("shop-custom", "shop-metrics")),
        *(("cockpit.usage", each) for each in ("shop-custom", "shop-metrics")),
    ]
    assert {(each["day"], each["note"]) for each in gaps} == {(TUESDAY, "no Cockpit token for this project and region")}
    opened(monkeypatch, **TOKENS)
    read(telemetry.read_usage)
    assert {
        each["place"]
        for each in rows(
            lake, "select distinct place from bronze.usage_hourly inner join bronze.measurements using (reading_hash)"
        )
    } >= {"shop-metrics", "lab-metrics"}


def test_a_refused_token_closes_its_data_sources_with_one_line_after_one_call_each(read, cockpit, monkeypatch):
    opened(monkeypatch, **{**TOKENS, f"{SHOP}/fr-par": "another"})
    told = read(telemetry.read_usage)["usage_hourly"]
    (line,) = told.missing
    assert line.startswith(
        "Cockpit: 2 places (custom metrics of shop in fr-par; scaleway metrics of shop in fr-par): HTTP 401"
    )
    assert "token-scopes" in line
    assert TOKENS[f"{SHOP}/fr-par"] not in line
    assert Counter(each.split("/")[2] for each in cockpit.calls("/of/shop")) == {"shop-metrics": 1, "shop-custom": 1}
    assert told.kept.rows > 0


@pytest.mark.parametrize("broken", ["/of/shop-metrics/", "/of/shop-metrics/prometheus/api/v1/query_range?query=last"])
def test_a_data_source_that_is_dead_or_dies_is_not_asked_for_every_metric(read, cockpit, lake, broken):
    cockpit.broken = {broken: 503}
    told = read(telemetry.read_usage)["usage_hourly"]
    (line,) = told.missing
    assert line.startswith("Cockpit: scaleway metrics of shop in fr-par: HTTP 503 after 2 attempts")
    assert len(cockpit.calls(broken)) <= 4, "two attempts each of at most two questions"
    (kept,) = rows(lake, "select * from bronze.measurements where reading_hash is null")
    assert (kept["place"], kept["day"], kept["is_final"]) == ("shop-metrics", TUESDAY, False)
    cockpit.broken = {}
    assert read(telemetry.read_usage)["usage_hourly"].missing == ()
    lines = known(lake, "cockpit.usage")
    assert sum(each["place"] == "shop-metrics" and each["is_final"] for each in lines) == 3


def test_one_metric_that_is_refused_is_named_and_the_others_are_read(read, cockpit, lake):
    cockpit.broken = {"query=last_over_time%28load_balancer_lb_cpu_usage": 422}
    told = read(telemetry.read_usage)["usage_hourly"]
    (line,) = told.missing
    assert line == (
        "Cockpit: 2 places (load_balancer_cpu_ratio of scaleway metrics of shop in fr-par; "
        "load_balancer_cpu_ratio of scaleway metrics of lab in fr-par): HTTP 422: execution: broken"
    )
    metrics = {each["metric"] for each in rows(lake, "select distinct metric from bronze.usage_hourly")}
    assert "instance_cpu_ratio" in metrics
    assert "load_balancer_cpu_ratio" not in metrics
    notes = {
        (each["note"], each["is_final"]) for each in known(lake, "cockpit.usage") if each["place"] == "lab-metrics"
    }
    assert notes == {("load_balancer_cpu_ratio: HTTP 422: execution: broken", True)}


def test_a_first_run_that_is_killed_goes_on_where_it_was(read, cockpit, lake, monkeypatch):
    append, lines = Lake.append, []

    def dying(self, table, *arguments):
        lines.append(table)
        if lines.count("bronze.measurements") > 3:
            raise LakeUnavailable("killed")
        return append(self, table, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(telemetry, "keep", partial(keep, flush_lines=1))
        patch.setattr(Lake, "append", dying)
        with pytest.raises(LakeUnavailable):
            read(telemetry.read_requests)
    done = {(each["place"], each["day"]) for each in rows(lake, "select place, day from bronze.measurements")}
    assert len(done) == 3
    read(telemetry.read_requests)
    assert not any(f"/of/{place}/" in each for place in {place for place, _ in done} for each in cockpit.asked)
    again = rows(lake, "select place, day, count(*) as n from bronze.measurements group by all having n > 1")
    assert again == []
    counted = rows(lake, "select * from bronze.requests_daily")
    assert len({(each["reading_hash"], each["service_type"], each["resource_id"]) for each in counted}) == len(counted)


def test_requests_of_days_are_those_of_the_history_and_edge_services_tell_their_month(read, cockpit, lake, history):
    cockpit.month_to_date = 700
    assert read(telemetry.read_requests)["requests_daily"].missing == ()
    found = rows(lake, newest("requests_daily", "cockpit.requests", "requests_daily.*, latest.place"))
    tokens = {(each["place"], each["day"]): each for each in found if each["service_type"] == "generative_apis"}
    for labels, samples in history.of("generative_apis_tokens_total").items():
        grown = [(at, b - a if b >= a else b) for (_, a), (at, b) in pairwise(samples)]
        for day in (MONDAY, TUESDAY):
            start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
            truth = sum(value for at, value in grown if start <= at < start + 86_400)
            assert tokens["shop-metrics", day][dict(labels)["type"]] == truth
    (model,) = [each for each in found if each["service_type"] == "vllm" and each["day"] == TUESDAY]
    assert (model["place"], model["resource_id"], model["coverage"]) == ("shop-custom", "gpu-1:8000", 1.0)
    (edge,) = rows(lake, newest("requests_daily", "edge_services.requests", "requests_daily.*"))
    assert (edge["requests"], edge["day"], edge["project_id"]) == (700.0, WEDNESDAY_MORNING.date(), SHOP)
    cockpit.month_to_date = 800
    read(telemetry.read_requests)
    assert cockpit.calls("/billing/") == [], "once a day"


def test_the_volume_of_telemetry_is_told_by_origin_name_service_and_by_cockpit_itself(read, cockpit, lake):
    cockpit.overview = {SHOP: {"external_metrics_usage": {
        "project_id": SHOP, "data_source_id": "shop-custom", "data_source_origin": "external", "region": "fr-par",
        "data_source_type": "metrics", "unit": "samples", "quantity_over_interval": 123,
    }}}  # fmt: skip
    told = read(telemetry.read_telemetry)["telemetry_daily"]
    assert told.missing == ()

    def of(source: str) -> list[dict[str, Any]]:
        return rows(lake, newest("telemetry_daily", source, "telemetry_daily.*, latest.place") + " order by all")

    assert {(each["place"], each["origin"], each["day"]) for each in of("cockpit.telemetry")} == {
        (place, origin, day)
        for place in ("shop-metrics", "lab-metrics")
        for origin in ("scaleway", "custom")
        for day in (MONDAY, TUESDAY)
    }
    # what Scaleway sends is free, so only names that are billed are read back
    named = of("cockpit.telemetry_names")
    assert {(each["place"], each["day"]) for each in named if each["origin"] == "scaleway"} == {
        ("shop-metrics", TUESDAY), ("lab-metrics", TUESDAY)}  # fmt: skip
    assert {(each["place"], each["day"]) for each in named if each["origin"] == "custom"} == {
        ("shop-custom", MONDAY), ("shop-custom", TUESDAY)}  # fmt: skip
    assert len(named) == 12
    (logs,) = of("cockpit.logs")
    assert (logs["day"], logs["service_name"], logs["bytes"], logs["lines"]) == (TUESDAY, "api", 1200.0, 48.0)
    (overview,) = of("cockpit.usage_overview")
    assert (overview["place"], overview["samples"], overview["retention_days"]) == (f"{SHOP}/fr-par", 123.0, 31)
    kept = versions(lake)
    assert read(telemetry.read_telemetry)["telemetry_daily"].kept.asked == 0
    assert versions(lake) == kept


def test_days_beyond_what_a_data_source_kept_or_existed_for_are_not_asked_and_are_no_gap(read, cockpit, lake):
    cockpit.sources.clear()
    cockpit.add("short", "metrics", retention_days=2)
    cockpit.add("new", "metrics", LAB, retention_days=None, created_at="2026-03-03T11:00:00Z")
    read(telemetry.read_usage, cockpit__history_days=31)
    assert {(each["place"], each["day"]) for each in known(lake, "cockpit.usage")} == {
        ("new", TUESDAY), ("short", TUESDAY)
    }  # fmt: skip


def test_clusters_with_opencost_are_read_day_by_day_and_one_that_is_dead_is_named(read, cockpit, lake):
    cockpit.broken = {"/dead/": 500}
    clusters = {"cluster-1": f"{cockpit.url}/opencost", "cluster-2": f"{cockpit.url}/dead/"}
    given = {"opencost__clusters": clusters, "opencost__history_days": 2}
    told = read(telemetry.read_allocations, **given)["cluster_allocations"]
    assert [line.partition(" after")[0] for line in told.missing] == ["OpenCost: cluster cluster-2: HTTP 500"]
    found = rows(
        lake, newest("cluster_allocations", "opencost.allocations", "cluster_id, window_start, estimated_cost")
    )
    assert {(each["cluster_id"], each["window_start"].date(), str(each["estimated_cost"])) for each in found} == {
        ("cluster-1", day, "1.250000000000") for day in (MONDAY, TUESDAY)
    }
    assert read(telemetry.read_allocations, **given)["cluster_allocations"].kept.new == 0
    assert not cockpit.calls("/opencost/")


def test_where_no_cluster_answers_that_is_one_trouble_and_nothing_is_stored(read, cockpit, lake):
    cockpit.broken = {"/dead-1/": 500, "/dead-2/": 503}
    clusters = {f"cluster-{number}": f"{cockpit.url}/dead-{number}/" for number in (1, 2)}
    (line,) = read(telemetry.read_allocations, opencost__clusters=clusters)["cluster_allocations"].missing
    assert line.startswith("OpenCost: 2 places (cluster cluster-1; cluster cluster-2): HTTP 500 after 2 attempts; ")
    assert set(versions(lake).values()) == {-1}


def test_servers_that_are_all_silent_are_only_probed_by_the_next_reader_and_have_one_cause(read, cockpit, lake):
    cockpit.broken = {"/of/shop-metrics/": 500, "/of/shop-custom/": 502, "/of/lab-metrics/": 503}
    manners = Manners(0, attempts=5, backoff=(0.0, 0.0))
    asked = {}

    def one_after_the_other(*given):
        for reader in (telemetry.read_usage, telemetry.read_requests):
            cockpit.asked.clear()
            told = reader(*given, manners)
            asked[reader] = len(cockpit.calls("/of/"))
        return told

    (line,) = read(one_after_the_other)["requests_daily"].missing
    assert asked == {telemetry.read_usage: 3 * 5, telemetry.read_requests: 3 * 3}
    assert line.startswith("Cockpit: 3 places (custom metrics of shop in fr-par; ")
    lines = rows(lake, "select distinct reading_hash, is_final from bronze.measurements where source like 'cockpit.%'")
    assert lines == [{"reading_hash": None, "is_final": False}]
    cockpit.broken = {}
    assert read(telemetry.read_requests)["requests_daily"].missing == ()


def test_a_cockpit_that_is_not_wanted_is_not_asked(read, cockpit, lake):
    for reader in READERS:
        assert {(table.missing, table.calls) for table in read(reader, cockpit__enabled=False).values()} == {((), 0)}
        assert cockpit.asked == []


def test_a_run_of_the_graph_reads_metrics_and_telemetry_and_says_what_is_missing(cockpit, tmp_path, monkeypatch):
    cockpit.broken = {"/of/lab-metrics/": 403}
    for name, value in {
        "SCW_ACCESS_KEY": "SCW00000000000000000", "SCW_SECRET_KEY": LAB, "SCW_DEFAULT_ORGANIZATION_ID": ORGANIZATION,
        "SCW_API_URL": cockpit.url, "FINOPS_COCKPIT_HISTORY_DAYS": "3", "FINOPS_COCKPIT_REQUESTS_PER_SECOND": "0",
            "FINOPS_COCKPIT_REQUEST_HISTORY_DAYS": "3", "FINOPS_COCKPIT_METRIC_NAMES": "3",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    place = Place(tmp_path / "lake", tmp_path / "state")
    wanted = {"now": WEDNESDAY_MORNING.isoformat(), "lake": str(place.lake), "only": ["metrics", "telemetry"]}
    outcome = run_build(["2026-03"], place.state, **wanted)
    assert outcome.failures == ()
    (line,) = outcome.missing
    assert line.startswith("Cockpit: scaleway metrics of lab in fr-par: HTTP 403: execution: broken")
    assert "bronze/usage_hourly" in outcome.tables_written
    assert place.told("bronze.usage_hourly")["days_read"] == "2026-03-01 to 2026-03-03"
