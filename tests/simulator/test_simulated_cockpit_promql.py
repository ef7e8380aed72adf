"""Every kind of question is answered as a real Prometheus answers it, on the simulator's own samples."""

import math
import os
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import requests

from pipelines.sources.cockpit.catalogue import load_catalogue
from simulator.instants import seconds
from simulator.loading import parse
from simulator.telemetry_world import TelemetryWorld
from simulator.world import build

SCRAPE = 300
TODAY = datetime(2026, 4, 2, 18, tzinfo=UTC)
FIRST = datetime(2026, 3, 31, 9, tzinfo=UTC)
FROM, TO = datetime(2026, 4, 1, 6, tzinfo=UTC), datetime(2026, 4, 2, 4, tzinfo=UTC)
HOUR = 3_600
REGION = "fr-par"


def service(name, *meters, **more):
    """A service by its SKUs, or by SKUs with amounts."""
    told = [{"sku": each} if isinstance(each, str) else {"sku": each[0], "amount": each[1]} for each in meters]
    return {"name": name, "kind": "service", "project": "shop", "meters": told, **more}


def instance(name, kind="PRO2-XS", **more):
    return {"name": name, "kind": "instance", "project": "shop", "type": kind, **more}


def one_of_each():
    """A world of one project in one region with one of everything that is measured."""
    ai, rdb = "/ai/generative_apis/consumption/mistral_small32_24b", "/storage/rdb"
    balancer, custom = "/network/loadbalancer/loadbalancer-s/par1", "/observability/cockpit/custom-sample/fr-par"
    resized = datetime(2026, 4, 1, 13, 7, tzinfo=UTC)
    return parse({
        "name": "each", "seed": 11, "start": datetime(2026, 3, 1, tzinfo=UTC), "today": TODAY,
        "organization": {"id": "55555555-5555-4555-8555-555555555555", "name": "Each"},
        "telemetry": {"scrape_seconds": SCRAPE, "metrics_days": 31},
        "projects": [{"name": "shop", "environment": "prod"}],
        "resources": [
            instance("web", count=2, usage={"agent": True, "cpu": 0.3, "cpu_p95": 0.6}, volumes=[{"gb": 40}]),
            instance("by-day", usage={"steal": 0.1}, load={"shape": "business-hours", "first_hour": 7}),
            instance("node", count=3, kapsule={"cluster": "k", "pool": "p"}),
            instance("gpu", "L4-1-24G", zone="fr-par-2", serves={"per_day": 9_000, "model": "m-8b"}),
            service("cluster", "/k8s/control-plane/kapsule-dedicated-4/fr-par", kapsule={"cluster": "k"}),
            service("lb", balancer, count=2,
                    serves={"per_day": 40_000, "routes": {"/a": 0.5}, "tenants": {"t": 0.25}}),
            service("gone-lb", balancer, detached_at=datetime(2026, 3, 5, tzinfo=UTC)),
            service("gw", "/network/vpc/public-gateway/vpc-gw-s/fr-par-1"),
            service("sql-before", f"{rdb}/instance/db-pro2-xs/fr-par", to=resized),
            service("sql", f"{rdb}/instance/db-pro2-s/fr-par", (f"{rdb}/node/db-pro2-s/fr-par1", 2),
                    **{"from": resized}, continues="sql-before"),
            service("redis", "/storage/redis/main-node/RED1-S/fr-par-1"),
            service("mongo", "/storage/mgdb/instance/mgdb-pro2-xs/fr-par"),
            service("sqldb", ("/paas/serverless_sqldb/cpu_consumption/fr-par", 40_000)),
            service("app", ("/paas/caas/vcpu/fr-par", 250_000), ("/paas/faas/memory/fr-par", 90_000),
                    serves={"per_day": 300_000}),
            service("files", ("/storage/obj/storage/standard/fr-par", 700), identified_by="name"),
            service("sent-files", ("/storage/obj/bandwidth/to-external/fr-par", 30),
                    ("/storage/obj/bandwidth/to-internal/fr-par", 4), identified_by="name"),
            service("model", (f"{ai}_input/fr-par", 900_000), (f"{ai}_output/fr-par", 90_000)),
            service("pushed", (custom, 90_000), collects={"exporters": ["node", "gpu", "vllm"], "projects": ["shop"]}),
        ],
    })  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return build(one_of_each())


@pytest.fixture(scope="module")
def telemetry(world):
    return TelemetryWorld(world)


@pytest.fixture(scope="module")
def asked(run_simulator, world):
    """`asked(origin, path, …)`: the simulator's answer of its metrics of that origin."""
    simulator = run_simulator(world)
    project = world.project_ids["shop"]
    clock = simulator.json("/simulator/clock")
    token = clock["cockpit_tokens"][f"{project}/{REGION}"]
    listed = simulator.json(f"/cockpit/v1/regions/{REGION}/data-sources", project_id=project)["data_sources"]
    urls = {each["origin"]: each["url"] for each in listed if each["type"] == "metrics"}
    session = requests.Session()

    def get(origin, path, **parameters):
        return session.get(
            f"{urls[origin]}/prometheus/api/v1/{path}", params=parameters, headers={"X-Token": token}, timeout=20
        )

    return get


def openmetrics(telemetry, now):
    """Every sample of every series since FIRST, as Prometheus reads them in."""
    lines = []
    for source in telemetry.of_signal("metrics"):
        for name, families in telemetry.holdings(source).by_name.items():
            lines.append(f"# TYPE {name} unknown")
            for family in families:
                days = family.calendar.days(seconds(FIRST), now, family.scrape)
                values, present = family.block(np.arange(family.size), days, with_values=True)
                for row, labels in enumerate(family.labels):
                    spelled = ",".join(f'{key}="{value}"' for key, value in labels.items())
                    at = days.numbers * family.scrape + int(family.offsets[row])
                    kept = (at >= seconds(FIRST)) & (at <= now) & (True if present is None else present[row])
                    lines += [
                        f"{name}{{{spelled}}} {value!r} {moment}"
                        for value, moment in zip(values[row][kept].tolist(), at[kept].tolist(), strict=True)
                    ]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def prometheus(telemetry, tmp_path_factory):
    """The address of a real Prometheus that holds the same samples."""
    found = {name: shutil.which(name) for name in ("prometheus", "promtool")}
    if None in found.values():
        reason = "prometheus not present: apt-get install --no-install-recommends prometheus"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "history.txt").write_text(openmetrics(telemetry, seconds(TODAY)))
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    backfill = ["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=720h", "--quiet"]
    subprocess.run(
        [found["promtool"], *backfill, str(folder / "history.txt"), str(folder / "data")],
        check=True, capture_output=True, timeout=90,
    )  # fmt: skip
    command = [
        *(found["prometheus"], f"--config.file={folder / 'prometheus.yml'}", "--web.listen-address=127.0.0.1:0"),
        *(f"--storage.tsdb.path={folder / 'data'}", "--storage.tsdb.retention.time=100y", "--log.level=info"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={**os.environ, "GOMAXPROCS": "1"})
    try:
        yield ready(process, folder / "log") + "/api/v1/"
    finally:
        process.terminate()
        process.wait(10)


def ready(process, log):
    for _ in range(300):
        assert process.poll() is None, log.read_text()[-500:]
        lines = [line for line in log.read_text(errors="replace").splitlines() if 'msg="Listening on"' in line]
        url = "http://" + lines[0].rpartition("address=")[2].strip() if lines else ""
        try:
            if url and requests.get(f"{url}/-/ready", timeout=2).ok:
                return url
        except requests.RequestException:
            pass
        time.sleep(0.1)
    return pytest.fail(f"prometheus was not ready: {log.read_text()[-500:]}")


def told(answer):
    """Values by labels and time, and where there is none, nothing."""
    body = answer.json()
    assert body["status"] == "success", body
    kind, result = body["data"]["resultType"], body["data"]["result"]
    if kind in ("scalar", "string"):
        return kind, {((), result[0]): result[1]}
    found = {}
    for series in result:
        labels = tuple(sorted(series["metric"].items()))
        for at, value in series.get("values") or [series["value"]]:
            assert (labels, at) not in found
            found[labels, at] = value
    return kind, found


def same(value, other):
    first, second = float(value), float(other)
    return (math.isnan(first) and math.isnan(second)) or math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-9)


def assert_equal(mine, theirs, query):
    assert mine[0] == theirs[0], query
    assert mine[1].keys() == theirs[1].keys(), query
    wrong = {key: (value, theirs[1][key]) for key, value in mine[1].items() if not same(value, theirs[1][key])}
    assert not wrong, (query, len(wrong), next(iter(wrong.items())))


def catalogued():
    """Each entry of the catalogue with its question, at the step its samples have."""
    catalogue = load_catalogue()
    for entry in (*catalogue.metrics.values(), *catalogue.requests.values()):
        yield entry, replace(entry, step=max(entry.step, SCRAPE))


def test_whatever_the_catalogue_asks_is_answered_as_by_a_real_prometheus(asked, prometheus, telemetry):
    names = {s.origin: set(telemetry.holdings(s).by_name) for s in telemetry.of_signal("metrics")}
    compared = Counter()
    for original, entry in catalogued():
        name = next((each for each in (entry.name, *entry.aliases) if each in names[entry.origin]), None)
        if name is None:
            compared["unknown"] += not original.key.startswith(("tgi", "triton"))  # models are served by vLLM here
            continue
        for step in (entry.step, HOUR):
            parameters = {
                "query": replace(entry, step=step).query(name),
                "start": f"{FROM.timestamp() + step - 0.001:.3f}",
                "end": f"{TO.timestamp() - 0.001:.3f}",
                "step": step,
            }
            theirs = told(requests.get(f"{prometheus}query_range", params=parameters, timeout=20))
            assert_equal(told(asked(entry.origin, "query_range", **parameters)), theirs, parameters["query"])
            assert theirs[1], (original.key, "has no sample here, so nothing was compared")
            compared["questions"], compared["values"] = compared["questions"] + 1, compared["values"] + len(theirs[1])
    assert compared["questions"] >= 140
    assert compared["values"] >= 50_000
    # MySQL, OpenSearch, a data warehouse and a VPN are not in this world
    assert compared["unknown"] <= 12


CPU, SERVERS = "instance_server_cpu_seconds_total", "instance_server_vcpu_count"
LB, HTTP = "load_balancer_lb_cpu_usage", "load_balancer_lb_frontend_http_requests_total"
NEIGHBOURS = [
    f'sum(count_over_time({{__name__="{CPU}"}}[1h]))',
    f'quantile(0.5, count_over_time({{__name__="{CPU}"}}[1h]))',
    'count by (__name__) ({__name__=~"load_balancer_.*"})',
    'count({__name__=~"node_.+"})',
    f"{LB}",
    f'{LB}{{resource_name=~"lb-.*", resource_name!~".*02", region="fr-par", nothing=""}}',
    f'{{__name__=~"{LB}|{SERVERS}", resource_type!="load_balancer"}}',
    f"{LB} offset 37m",
    f"avg_over_time({LB}[47m] offset -10m)",
    f"rate({HTTP}[20m])",
    f"rate({CPU}[17m])",
    f"increase({HTTP}[3h])",
    f"delta({LB}[31m])",
    f"idelta({LB}[11m])",
    f"irate({CPU}[11m]) * 100 / {SERVERS}",
    *(f"{name}_over_time({LB}[2h13m])" for name in ("avg", "min", "max", "sum", "count", "last", "present")),
    f"quantile_over_time(0.83, {LB}[2h])",
    f"changes({HTTP}[1h]) + resets({HTTP}[1h])",
    f"sum({HTTP})",
    f"sum by (resource_name, route) (increase({HTTP}[1h]))",
    f"avg without (frontend_name, tenant, route) ({HTTP})",
    f"min by (region) ({LB}) or max by (resource_name) ({LB})",
    f"quantile by (resource_type) (0.25, {LB})",
    f"bottomk by (resource_type) (1, {LB})",
    f"group by (az) ({CPU})",
    f"topk(2, {LB})",
    f"{LB} > 0.05",
    f"{LB} > bool 0.05",
    f"0.05 < {LB}",
    f"{SERVERS} * on (resource_id) group_left (resource_type) irate({CPU}[11m])",
    f"irate({CPU}[11m]) / on (resource_id, az) {SERVERS}",
    f"sum by (resource_name) (irate({CPU}[11m])) / on (resource_name) group_right () {SERVERS}",
    f"{LB} - ignoring (resource_id, resource_name) group_left () max by (resource_type, project_id, region) ({LB})",
    f"{HTTP} and on (resource_id) ({LB} > 0.05)",
    f"{HTTP} unless on (resource_id) ({LB} > 0.05)",
    f'irate({CPU}[11m]) and {SERVERS}{{resource_name="web-01"}}',
    f"-{LB} ^ 2 % 0.03",
    f"clamp({LB}, 0.02, 0.05) + clamp_min({LB}, 0.04) + clamp_max({LB}, 0.03)",
    f"round({LB}, 0.01) + ceil({LB}) + floor({LB}) + abs(-{LB}) + sqrt({LB}) + ln({LB}) + sgn({LB})",
    f"scalar(sum({LB})) * {LB}",
    f"scalar({LB})",
    f"vector(scalar(max({LB}))) / 3",
    "time() / 7 - 2 * 3",
    "1 / 0 > bool 3",
    "histogram_quantile(0.5, rate(object_storage_bucket_http_response_time_seconds_bucket[11m]))",
    "histogram_quantile(1.5, sum by (le) (object_storage_bucket_http_response_time_seconds_bucket))",
    "sum by (resource_name, datname) (rdb_instance_postgresql_pg_stat_database_numbackends)",
    "nothing_of_this_name",
    "sum(nothing_of_this_name) or vector(0)",
    "serverless_container_requests_per_second",
    "sum without (resource_instance) (serverless_container_requests_per_second) * 300",
]


@pytest.mark.parametrize("query", NEIGHBOURS)
def test_the_usual_neighbours_are_answered_so_too(asked, prometheus, query):
    origin = "custom" if "node_" in query else "scaleway"
    ranged = {"query": query, "start": int(FROM.timestamp()) + 61, "end": int(TO.timestamp()), "step": 407}
    single = {"query": query, "time": f"{FROM.timestamp() + 5_017.5}"}
    for path, parameters in (("query_range", ranged), ("query", single)):
        theirs = told(requests.get(f"{prometheus}{path}", params=parameters, timeout=20))
        assert_equal(told(asked(origin, path, **parameters)), theirs, query)


def test_series_are_counted_by_name_as_by_a_real_prometheus(asked, prometheus):
    """Also where they are so many that they are counted without being made."""
    parameters = {"query": 'count by (__name__) ({__name__!=""})', "start": START, "end": TO.timestamp(), "step": 1_800}
    theirs = told(requests.get(f"{prometheus}query_range", params=parameters, timeout=20))
    kind, scaleway = told(asked("scaleway", "query_range", **parameters))
    custom = told(asked("custom", "query_range", **parameters))[1]
    assert not scaleway.keys() & custom.keys()
    assert_equal((kind, {**scaleway, **custom}), theirs, parameters["query"])
    most = {"query": 'topk(5, count by (__name__) ({__name__!=""}))', "time": START}
    counts = [float(value) for value in told(asked("custom", "query", **most))[1].values()]
    assert counts == sorted((float(v) for (_, at), v in custom.items() if at == START), reverse=True)[:5]


START = FROM.timestamp()
WRONG = [
    ("query", {"query": "sum("}),
    ("query", {"query": ""}),
    ("query", {"query": "rate(up)"}),
    ("query", {"query": "no_such_function(up)"}),
    ("query", {"query": '{a=~".*"}'}),
    ("query", {"query": 'up{a=~"("}'}),
    ("query", {"query": "1 == 2"}),
    ("query", {"query": "up", "time": "yesterday"}),
    ("query_range", {"query": "up", "start": 0, "end": 100_000, "step": 1}),
    ("query_range", {"query": "up", "start": 10, "end": 1, "step": 1}),
    ("query_range", {"query": "up", "start": 0, "end": 10, "step": 0}),
    ("query_range", {"query": "up", "start": 0, "end": 10}),
    ("query_range", {"query": "up[5m]", "start": 0, "end": 10, "step": 1}),
    ("query_range", {"query": f"{HTTP} / on (resource_type) {LB}", "start": START, "end": START + HOUR, "step": 900}),
    ("query_range", {"query": f"{LB} / on (resource_type) {LB}", "start": START, "end": START + HOUR, "step": 900}),
    ("query", {"query": f'last_over_time({{__name__=~"{LB}|load_balancer_lb_memory_usage"}}[1h]) * 2', "time": START}),
    ("series", {}),
    ("series", {"match[]": "sum(up)"}),
    ("labels", {"start": "x"}),
]


@pytest.mark.parametrize(("path", "parameters"), WRONG)
def test_what_is_wrong_is_refused_with_the_same_status_and_kind(asked, prometheus, path, parameters):
    theirs = requests.get(f"{prometheus}{path}", params=parameters, timeout=20)
    mine = asked("scaleway", path, **parameters)
    assert mine.status_code == theirs.status_code >= 400
    body, other = mine.json(), theirs.json()
    assert (body["status"], body["errorType"]) == (other["status"], other["errorType"])
    assert body["error"][:24] == other["error"][:24]


@pytest.mark.parametrize("query", ["deriv(up[5m])", "rate(up[5m])[1h:5m]", "stddev(up)", "up @ 5", "absent(up)"])
def test_what_is_right_and_not_evaluated_here_is_refused_and_never_guessed(asked, query):
    answer = asked("scaleway", "query", query=query)
    assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")
    assert "parse error" in answer.json()["error"]


def test_labels_series_and_values_are_those_of_a_real_prometheus(asked, prometheus):
    span = {"start": FROM.timestamp(), "end": TO.timestamp()}
    for path, parameters in (
        ("label/mode/values", {"match[]": "rdb_instance_postgresql_node_cpu_seconds_total"}),
        ("label/resource_name/values", {"match[]": '{resource_type="load_balancer"}'}),
        ("labels", {"match[]": HTTP}),
        ("labels", {"match[]": '{__name__=~"instance_server_.*"}'}),
    ):
        theirs = requests.get(f"{prometheus}{path}", params={**parameters, **span}, timeout=20).json()["data"]
        assert theirs
        assert asked("scaleway", path, **parameters, **span).json()["data"] == theirs
    parameters = {"match[]": [HTTP, 'rdb_instance_postgresql_node_filesystem_size_bytes{instance=~".*"}'], **span}
    answers = (
        asked("scaleway", "series", **parameters),
        requests.get(f"{prometheus}series", params=parameters, timeout=20),
    )
    mine, theirs = ({tuple(sorted(row.items())) for row in answer.json()["data"]} for answer in answers)
    assert mine == theirs != set()
    listed = [asked(origin, "label/__name__/values", **span).json()["data"] for origin in ("scaleway", "custom")]
    names = requests.get(f"{prometheus}label/__name__/values", params=span, timeout=20).json()["data"]
    assert sorted({*listed[0], *listed[1]}) == names
