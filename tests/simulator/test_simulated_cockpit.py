"""Cockpit as it is served: what it counts is the truth, what it says agrees with the bill, and it keeps its manners."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
import requests

from pipelines.sources.asking import Manners
from pipelines.sources.cockpit.account import data_source_of
from pipelines.sources.cockpit.catalogue import as_sampled, load_catalogue
from pipelines.sources.cockpit.counting import counted
from pipelines.sources.cockpit.prometheus import PrometheusClient
from simulator.__main__ import main
from simulator.instants import DAY, seconds
from simulator.loading import SCENARIOS, load, parse
from simulator.telemetry_truth import telemetry_truth
from simulator.world import build

PATIENT = Manners(requests_per_second=0, attempts=1)
CATALOGUE = load_catalogue()
REGIONS = ("fr-par", "nl-ams", "pl-waw")
SINCE, UNTIL = date(2026, 11, 13), date(2026, 11, 17)  # from a Friday to a Monday


@pytest.fixture(scope="module")
def demo():
    return build(load("demo"))


@pytest.fixture(scope="module")
def truth(demo):
    return telemetry_truth(demo, seconds(demo.scenario.today))


@pytest.fixture(scope="module")
def running(run_simulator, demo):
    return run_simulator(demo)


@pytest.fixture
def cockpit(running):
    running.clock.now = running.world.scenario.today
    return Cockpit(running)


class Cockpit:
    """Data sources of a running simulator, and clients that bring the right token."""

    def __init__(self, running):
        self.running = running
        self.now = running.clock.now
        self.tokens = running.json("/simulator/clock")["cockpit_tokens"]

    def sources(self, signal=None, project=None):
        projects = [project] if project else list(self.running.world.project_ids)
        for name in projects:
            for region in REGIONS:
                rows = self.running.json(
                    f"/cockpit/v1/regions/{region}/data-sources",
                    project_id=self.running.world.project_ids[name],
                    page_size=100,
                )["data_sources"]
                yield from (data_source_of(row) for row in rows if signal in (None, row["type"]))

    def source(self, project, signal="metrics", origin="scaleway", region="fr-par", name=""):
        (found,) = [
            each
            for each in self.sources(signal, project)
            if (each.origin, each.region) == (origin, region) and (not name or self.named(each) == name)
        ]
        return found

    def named(self, source):
        return next(row.name for row in self.running.world.resources if row.id == source.id)

    def token(self, source):
        return self.tokens[f"{source.project_id}/{source.region}"]

    def metrics(self, source):
        return PrometheusClient.of_cockpit(source.url, self.token(source), manners=PATIENT)

    def ask(self, source, path, token=None, **parameters):
        headers = {"X-Token": token or self.token(source)}
        return requests.get(f"{source.url}/{path}", params=parameters, headers=headers, timeout=20)

    def values(self, source, query, since, until, step=300):
        """One array of values for each series, by its labels."""
        asked = {
            "query": query,
            "start": since.timestamp() + step - 0.001,
            "end": until.timestamp() - 0.001,
            "step": step,
        }
        answer = self.ask(source, "prometheus/api/v1/query_range", **asked)
        assert answer.status_code == 200, answer.text
        return [
            (each["metric"], np.array([float(value) for _, value in each["values"]]), [at for at, _ in each["values"]])
            for each in answer.json()["data"]["result"]
        ]

    def logged(self, source, day):
        """Bytes and lines of a day by service and level, hour by hour."""
        found = {}
        for measure, function in (("bytes", "bytes_over_time"), ("lines", "count_over_time")):
            query = f'sum by (service_name, detected_level) ({function}({{service_name=~".+"}}[1h]))'
            start = seconds(moment(day))
            asked = {
                "query": query,
                "start": f"{start + 3_600}000000000",
                "end": f"{start + DAY}000000000",
                "step": "3600",
            }
            answer = self.ask(source, "loki/api/v1/query_range", **asked)
            assert answer.status_code == 200, answer.text
            for each in answer.json()["data"]["result"]:
                row = found.setdefault((each["metric"]["service_name"], each["metric"]["detected_level"]), {})
                row[measure] = sum(int(value) for _, value in each["values"])
        return found


def moment(day, hour=0):
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def test_requests_and_tokens_of_every_service_and_day_are_the_truths(cockpit, truth):
    """Read by the readers that the pipelines use: counters that restart, rates, tokens, several series for one."""
    found = {}
    for source in cockpit.sources("metrics"):
        client = cockpit.metrics(source)
        present = set(client.label_values("__name__", moment(SINCE), moment(UNTIL)))
        for entry in CATALOGUE.requests.values():
            if entry.origin != source.origin or entry.name not in present:
                continue
            told = counted(client, as_sampled(entry, timedelta(seconds=300)), SINCE, UNTIL, cockpit.now)
            for number, labels in enumerate(told.labels):
                name = labels.get(entry.resource_id) or labels[entry.resource_name]
                part = told.added.filter(pl.col("series") == number).group_by("day").agg(pl.col("value").sum())
                for milliseconds, value in part.iter_rows():
                    day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)).date().isoformat()
                    row = found.setdefault(day, {}).setdefault(f"{entry.service_type}|{name}", {})
                    measure = entry.measure_of(labels)
                    row[measure] = row.get(measure, 0.0) + value
    wanted = {day: truth["requests"][day] for day in ("2026-11-13", "2026-11-14", "2026-11-15", "2026-11-16")}
    rounded = {
        day: {k: {m: round(v) for m, v in row.items()} for k, row in rows.items()} for day, rows in found.items()
    }
    assert rounded == wanted
    assert max(abs(v - round(v)) for rows in found.values() for row in rows.values() for v in row.values()) < 1e-6
    services = {key.split("|")[0] for key in wanted["2026-11-13"]}
    served_otherwise = {"tgi", "triton"}
    assert services == {entry.service_type for entry in CATALOGUE.requests.values()} - served_otherwise


def billed(world, sku, day, group=""):
    """Units of a SKU that the charges of one day come to."""
    start = seconds(moment(day))
    charges = [c for c in world.overlapping(start, start + DAY) if c.line.offer.sku == sku]
    wanted = [c for c in charges if group in ("", c.line.resource.group.name)]
    return sum(c.units(max(c.start, start), min(c.end, start + DAY)) for c in wanted) / 1_000_000


def test_custom_samples_are_billed_as_they_are_counted_and_stored(cockpit, demo, truth):
    day = date(2026, 11, 16)
    sku = "/observability/cockpit/custom-sample/fr-par"
    (place,) = {s.project_id for s in cockpit.sources("metrics", "platform")}
    told = truth["telemetry"][day.isoformat()][f"{place}|fr-par|custom"]["samples"]
    groups = ("cockpit-metrics", "cockpit-node-exporter")
    assert told == pytest.approx(sum(billed(demo, sku, day, group) for group in groups), abs=2)
    start, end = moment(day), moment(day + timedelta(days=1))
    own = cockpit.source("platform")
    name = "observability_cockpit_ingestion_samples_total"
    by_origin = {}
    for labels, values, _ in cockpit.values(own, f"last_over_time({name}[300s])", start - timedelta(minutes=5), end):
        origin = labels["is_from_scaleway"]
        by_origin[origin] = by_origin.get(origin, 0) + values[-1] - values[0]
    scaleway = truth["telemetry"][day.isoformat()][f"{place}|fr-par|scaleway"]["samples"]
    assert by_origin == {"true": scaleway, "false": told}
    for source in (own, *(cockpit.source("platform", origin="custom", name=group) for group in groups)):
        amount = scaleway if source is own else billed(demo, sku, day, cockpit.named(source))
        series = cockpit.values(
            source, 'topk(500, count by (__name__) ({__name__!=""}))', end - timedelta(minutes=5), end
        )
        stored = 0
        for name in sorted(labels["__name__"] for labels, _, _ in series):
            query = f'sum(count_over_time({{__name__="{name}"}}[1h]))'
            stored += sum(v.sum() for _, v, _ in cockpit.values(source, query, start, end, step=3_600))
        assert stored == pytest.approx(amount, abs=0 if source is own else 288)
        if source is not own:
            assert sum(values[-1] for _, values, _ in series) == pytest.approx(amount / 288, rel=0.02)


def test_tokens_are_counted_as_they_are_billed(demo, truth):
    shorts = {"llama-3.3-70b-instruct": "llama33_70b", "bge-multilingual-gemma2": "bge_multilingual_gemma2"}
    for model, short in shorts.items():
        for day in (date(2026, 3, 6), date(2026, 11, 15)):
            row = truth["requests"][day.isoformat()][f"generative_apis|{model}"]
            for kind, word in (("input_tokens", "input"), ("output_tokens", "output")):
                amount = billed(demo, f"/ai/generative_apis/consumption/{short}_{word}/fr-par", day)
                assert row.get(kind, 0) == pytest.approx(amount, abs=1)


def test_buckets_hold_and_send_what_storage_and_bill_say(cockpit, demo):
    found = {}
    for source in cockpit.sources("metrics"):
        if source.origin == "scaleway":
            for sample in cockpit.metrics(source).query('{__name__=~"object_storage_bucket_.*_total"}', cockpit.now):
                key = (sample.labels["resource_id"], sample.labels["__name__"].split("_")[3])
                found[key] = sample.value
    checked = 0
    for name, bucket in demo.storage.buckets.items():
        snapshot = bucket.at(seconds(cockpit.now))
        if bucket.resource.exists(seconds(cockpit.now)):
            kept = [entry for entry in snapshot.versions if not entry.is_marker]
            parts = sum(len(upload.sizes) for upload in snapshot.uploads)
            size = sum(e.size for e in kept) + sum(sum(u.sizes) for u in snapshot.uploads)
            assert (found[name, "objects"], found[name, "usage"], found[name, "parts"]) == (len(kept), size, parts)
            checked += 1
    assert checked > 15
    day = date(2026, 11, 14)
    source = cockpit.source("shop-prod")
    name = 'object_storage_bucket_bandwidth_egress_bytes{resource_id="shop-media"}'
    ((_, sent, _),) = cockpit.values(source, name, moment(day), moment(day + timedelta(days=1)))
    skus = ("/storage/obj/bandwidth/to-external/fr-par", "/storage/obj/bandwidth/to-fr-par/fr-par")
    assert sent.sum() / 1e9 == pytest.approx(sum(billed(demo, sku, day, "shop-media") for sku in skus), abs=1e-6)


CPU_SHARE = (
    "irate(instance_server_cpu_seconds_total{{{0}}}[600s]) / last_over_time(instance_server_vcpu_count{{{0}}}[300s])"
)


def cpu(cockpit, project, group, since, until, region="fr-par"):
    source = cockpit.source(project, region=region)
    series = cockpit.values(source, CPU_SHARE.format(f'resource_name=~"{group}(-[0-9]+)?"'), since, until)
    assert series, group
    return series


@pytest.mark.parametrize("group", ["shop-worker", "pay-api", "poc", "shop-dev-machine", "runner", "crm", "cron"])
def test_half_of_the_time_and_at_the_95th_percentile_machines_use_what_the_scenario_says(cockpit, demo, group):
    (told,) = [each for each in demo.scenario.resources if each.name == group]
    parts = []
    for start in (moment(date(2026, 10, 21)), moment(date(2026, 11, 4))):
        parts += [values for _, values, _ in cpu(cockpit, told.project, group, start, start + timedelta(days=14))]
    half, most = np.quantile(np.concatenate(parts), [0.5, 0.95])
    assert half == pytest.approx(told.usage.cpu, rel=0.17, abs=0.01)
    assert most == pytest.approx(told.usage.cpu_p95, rel=0.17, abs=0.01)
    assert 0 <= min(map(min, parts)) <= max(map(max, parts)) <= 1 + 1e-4  # seconds are told to the hundredth


def test_machines_have_samples_only_while_they_run_and_nobody_works_at_an_abandoned_one(cockpit, demo):
    friday, monday = moment(date(2026, 11, 13)), moment(date(2026, 11, 17))
    (runner, *_) = cpu(cockpit, "platform", "runner", friday, monday)
    hours = {datetime.fromtimestamp(at, UTC).strftime("%a %H") for at in runner[2]}
    assert {hour[:3] for hour in hours} == {"Fri", "Mon"}
    assert {int(hour[4:]) for hour in hours} == set(range(7, 20))
    before, after = moment(date(2026, 8, 7), 16), moment(date(2026, 8, 7), 18)
    ((_, _, times),) = cpu(cockpit, "default", "legacy-erp", before, after)
    assert datetime.fromtimestamp(times[-1], UTC) < datetime(2026, 8, 7, 16, 45, tzinfo=UTC)
    gpu = 'DCGM_FI_DEV_GPU_UTIL{Hostname="notebook-h100"}'
    exporter = cockpit.source("ml-prod", origin="custom")
    start, quiet = moment(date(2026, 10, 23), 14), datetime(2026, 10, 23, 19, 10, tzinfo=UTC)
    ((_, busy, _),) = cockpit.values(exporter, gpu, start, quiet)
    ((_, idle, _),) = cockpit.values(exporter, gpu, quiet + timedelta(minutes=5), moment(date(2026, 10, 26), 8))
    assert np.median(busy) > 40 > 10 > idle.max()
    held = 'DCGM_FI_DEV_FB_USED{Hostname=~"inference-staging.*"} / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)'
    for _, memory, _ in cockpit.values(exporter, held, friday, monday):
        assert memory.min() > 0.6
    lb = 'sum by (resource_name) (increase(load_balancer_lb_frontend_http_requests_total{resource_name=~"old-.*"}[1d]))'
    unused = cockpit.values(cockpit.source("default"), lb, friday, monday, step=86_400)
    assert len(unused) == 3
    assert max(values.max() for _, values, _ in unused) == 0


def test_requests_rise_at_a_shift_and_are_split_by_route_and_tenant(cockpit, truth):
    name = "load_balancer_lb_frontend_http_requests_total"
    day = moment(date(2026, 11, 16))
    for project, label, share in (("shop-prod", "route", 0.64), ("payments-prod", "tenant", 0.21)):
        query = f"sum by ({label}) (increase({name}[1d]))"
        rows = cockpit.values(cockpit.source(project), query, day, day + timedelta(days=1), step=86_400)
        parts = {labels.get(label, ""): values[0] for labels, values, _ in rows}
        assert "" in parts
        assert len(parts) >= 4
        assert max(size for name, size in parts.items() if name) / sum(parts.values()) == pytest.approx(share, abs=0.01)
    key = next(
        k for k, row in truth["requests"]["2026-03-16"].items() if k.startswith("load_b") and row["requests"] > 10**6
    )
    before = np.mean([truth["requests"][f"2026-03-{day:02}"][key]["requests"] for day in (11, 12, 13, 16)])
    after = np.mean([truth["requests"][f"2026-03-{day:02}"][key]["requests"] for day in (18, 19, 20, 23)])
    assert after / before == pytest.approx(1.22, rel=0.07)


def test_logs_are_counted_by_service_and_level_as_they_are_billed(cockpit, demo, truth):
    day = date(2026, 11, 16)
    source = cockpit.source("platform", "logs", "custom")
    rows = cockpit.logged(source, day)
    place = f"{source.project_id}|fr-par|custom"
    wanted = {key: row for key, row in truth["logs"][day.isoformat()].items() if key.startswith(place)}
    assert {f"{place}|{service}|{level}": row for (service, level), row in rows.items()} == wanted
    total = sum(row["bytes"] for row in rows.values())
    assert total == pytest.approx(billed(demo, "/observability/cockpit/custom-log/fr-par", day) * 1e9, abs=1_000)
    assert rows["checkout-staging", "debug"]["bytes"] / total > 0.35
    span = {"start": seconds(moment(day)), "end": seconds(moment(day)) + DAY}
    asked = {"query": '{service_name=~".+"}', "targetLabels": "service_name", **span}
    volumes = cockpit.ask(source, "loki/api/v1/index/volume", **asked).json()["data"]["result"]
    by_service = {each["metric"]["service_name"]: int(each["value"][1]) for each in volumes}
    assert next(iter(by_service)) == "checkout-staging"
    assert by_service == {
        name: sum(row["bytes"] for (service, _), row in rows.items() if service == name) for name in by_service
    }
    assert sum(by_service.values()) == total
    told = cockpit.ask(source, "loki/api/v1/label/service_name/values", **span).json()["data"]
    assert told == sorted(by_service)
    own = {service for service, _ in cockpit.logged(cockpit.source("shop-prod", "logs"), day)}
    assert {"load_balancer", "serverless_container", "object_storage_bucket", "kubernetes_cluster"} <= own


def test_a_storm_of_logs_is_one_services_debug_level(running, cockpit):
    running.clock.now = datetime(2026, 7, 25, tzinfo=UTC)
    source = cockpit.source("platform", "logs", "custom")
    before, storm = (cockpit.logged(source, date(2026, 7, day)) for day in (20, 22))
    assert ("shop-api", "debug") not in before
    totals = [sum(row["bytes"] for row in rows.values()) for rows in (before, storm)]
    assert storm["shop-api", "debug"]["bytes"] / totals[1] == pytest.approx(0.66, abs=0.01)
    assert totals[1] / totals[0] == pytest.approx(3, rel=0.25)


@pytest.mark.parametrize(
    ("path", "parameters", "said"),
    [
        ("query_range", {"query": '{service_name="x"}'}, "parse error"),
        ("query_range", {"query": 'sum by (a) (rate({b="c"}[1h]'}, "parse error"),
        ("query_range", {"query": 'count_over_time({a=~".*"}[1h])'}, "at least one"),
        ("query_range", {"query": 'count_over_time({a="b"}[1y])', "start": 0, "end": 10**9}, "exceeds the limit"),
        ("query_range", {"query": 'rate({a="b"}[1h])', "start": 0, "end": 10**6, "step": 1}, "maximum resolution"),
        ("labels", {"start": "yesterday"}, "could not parse"),
    ],
)
def test_what_logs_are_not_asked_for_is_refused_in_plain_text(cockpit, path, parameters, said):
    answer = cockpit.ask(cockpit.source("platform", "logs"), f"loki/api/v1/{path}", **parameters)
    assert answer.status_code == 400
    assert said in answer.text
    assert not answer.text.startswith("{")


def test_a_token_opens_the_data_sources_of_its_own_project_and_region(cockpit):
    mine, other = cockpit.source("payments-prod"), cockpit.source("payments-prod", region="nl-ams")
    assert cockpit.ask(mine, "prometheus/api/v1/labels").status_code == 200
    assert cockpit.ask(mine, "prometheus/api/v1/labels", token=cockpit.token(other)).status_code == 403
    assert (
        cockpit.ask(mine, "prometheus/api/v1/labels", token="11111111-1111-1111-1111-111111111111").status_code == 403
    )
    assert requests.get(f"{mine.url}/prometheus/api/v1/labels", timeout=20).status_code == 401
    bearer = {"Authorization": f"Bearer {cockpit.token(mine)}"}
    assert requests.get(f"{mine.url}/prometheus/api/v1/labels", headers=bearer, timeout=20).status_code == 200
    posted = requests.post(f"{mine.url}/prometheus/api/v1/query", data={"query": "1"}, headers=bearer, timeout=20)
    assert posted.json()["data"]["resultType"] == "scalar"
    assert cockpit.ask(mine, "loki/api/v1/labels").status_code == 404
    assert requests.get(f"{mine.url}0/prometheus/api/v1/labels", headers=bearer, timeout=20).status_code == 404


def test_nothing_is_told_of_the_future_or_of_what_is_no_longer_kept(cockpit, running):
    source = cockpit.source("shop-prod")
    query = "count(last_over_time(load_balancer_lb_cpu_usage[300s]))"
    kept = cockpit.now - timedelta(days=running.world.scenario.telemetry.metrics_days)
    ((_, _, recent),) = cockpit.values(source, query, cockpit.now - timedelta(hours=2), cockpit.now + timedelta(days=1))
    assert max(recent) <= cockpit.now.timestamp() + 300
    ((_, _, oldest),) = cockpit.values(source, query, kept - timedelta(days=2), kept + timedelta(hours=1))
    assert min(oldest) >= kept.timestamp()
    window = (moment(date(2026, 9, 1)), moment(date(2026, 9, 2)))
    today = cockpit.values(source, "sum(load_balancer_lb_frontend_http_requests_total)", *window)
    running.clock.now = datetime(2026, 9, 20, tzinfo=UTC)
    then = cockpit.values(source, "sum(load_balancer_lb_frontend_http_requests_total)", *window)
    assert [values.tolist() for _, values, _ in today] == [values.tolist() for _, values, _ in then]


def test_a_long_question_is_answered_as_its_days_and_a_boundless_one_is_refused(cockpit):
    source = cockpit.source("shop-prod")
    query = "sum by (resource_name) (irate(instance_server_cpu_seconds_total[600s]))"
    first, last = moment(date(2026, 10, 20)), moment(date(2026, 11, 15))
    whole = {m["resource_name"]: v.tolist() for m, v, _ in cockpit.values(source, query, first, last)}
    parts = {}
    while first < last:
        for labels, values, _ in cockpit.values(source, query, first, first + timedelta(days=1)):
            parts.setdefault(labels["resource_name"], []).extend(values.tolist())
        first += timedelta(days=1)
    assert whole == parts
    crowded = cockpit.source("platform", origin="custom", name="cockpit-node-exporter")
    answer = cockpit.ask(crowded, "prometheus/api/v1/query", query='sum({__name__!=""})')
    assert (answer.status_code, answer.json()["errorType"]) == (422, "execution")
    counted_only = cockpit.ask(crowded, "prometheus/api/v1/query", query='count({__name__!=""})').json()
    assert int(counted_only["data"]["result"][0]["value"][1]) > 200_000


def test_data_sources_and_rules_have_the_recorded_shapes(cockpit, running, reference_data):
    folder = reference_data / "fixtures" / "scaleway-recorded"
    recorded = json.loads((folder / "cockpit_v1_list_data_sources__fr-par__10.json").read_text())["data_sources"][0]
    rules = json.loads((folder / "cockpit_v1_list_alerts__fr-par.json").read_text())
    place = {"project_id": running.world.project_ids["platform"]}
    rows = running.json("/cockpit/v1/regions/fr-par/data-sources", **place)["data_sources"]
    assert {frozenset(row) for row in rows} == {frozenset(recorded)}
    assert {(row["type"], row["origin"]) for row in rows} == {
        ("metrics", "scaleway"), ("logs", "scaleway"), ("metrics", "custom"), ("logs", "custom"), ("traces", "custom"),
    }  # fmt: skip
    only = running.json(
        "/cockpit/v1/regions/fr-par/data-sources", **place, origin="custom", types=["metrics", "traces"]
    )
    assert {(row["type"], row["origin"]) for row in only["data_sources"]} == {
        ("metrics", "custom"),
        ("traces", "custom"),
    }
    told = running.json("/cockpit/v1/regions/fr-par/alerts", **place, is_preconfigured=True)
    assert sorted(alert["rule"] for alert in told["alerts"]) == sorted(alert["rule"] for alert in rules["alerts"])
    assert {frozenset(alert) for alert in told["alerts"]} == {frozenset(alert) for alert in rules["alerts"]}
    assert running.json("/cockpit/v1/regions/fr-par/alerts", **place, is_preconfigured=False)["alerts"] == []


def test_usage_at_midnight_is_the_truth_of_the_day_and_edge_services_count_the_month(cockpit, running, truth):
    running.clock.now = datetime(2026, 11, 17, tzinfo=UTC)
    project = running.world.project_ids["platform"]
    path = "/cockpit/v1/regions/fr-par/usage-overview"
    usage = running.json(path, project_id=project, interval="86400s")
    day = truth["telemetry"]["2026-11-16"]
    assert usage["scaleway_metrics_usage"]["quantity_over_interval"] == day[f"{project}|fr-par|scaleway"]["samples"]
    assert usage["external_metrics_usage"]["quantity_over_interval"] == day[f"{project}|fr-par|custom"]["samples"]
    logs = [
        row["bytes"] for key, row in truth["logs"]["2026-11-16"].items() if key.startswith(f"{project}|fr-par|custom")
    ]
    assert usage["external_logs_usage"]["quantity_over_interval"] == sum(logs)
    assert usage["external_traces_usage"]["unit"] == "bytes"
    assert running.get(path, project_id=project, interval="a day").status_code == 400
    shop = running.world.project_ids["shop-prod"]
    month = running.json(f"/edge-services/v1beta1/billing/{shop}")
    days = [f"2026-11-{day:02}" for day in range(1, 17)]
    counted_so_far = month["current_plan_waf_usage"] + month["extra_waf_usage"]
    assert counted_so_far == sum(truth["edge_requests"][day][shop] for day in days)
    assert running.json(f"/edge-services/v1beta1/billing/{project}")["pipeline_number"] == 0


def test_allocations_of_a_cluster_come_to_what_its_machines_cost(cockpit, running, demo):
    ((cluster, path),) = running.json("/simulator/clock")["opencost"].items()
    asked = {"aggregate": "namespace,controller", "includeIdle": "true", "accumulate": "true"}
    window = {"window": "2026-11-15T00:00:00Z,2026-11-16T00:00:00Z"}
    (found,) = running.json(f"{path}/allocation", **asked, **window)["data"]
    machines = [
        r for r in demo.resources if r.kind == "instance" and r.group.kapsule and r.group.kapsule.cluster == "shop"
    ]
    price = sum(demo.book.offers[row.meters[0].sku].nanos(seconds(moment(date(2026, 11, 15)))) * 24 for row in machines)
    assert sum(row["totalCost"] for row in found.values()) == pytest.approx(price / 1e9, rel=1e-9)
    assert found["__idle__"]["cpuCoreHours"] > 0
    wasted = found["shop/deployment:recommender"]
    assert (wasted["cpuCoreRequestAverage"], wasted["cpuCoreUsageAverage"] < 1) == (12.0, True)
    by_namespace = running.json(f"{path}/allocation", **{**asked, "aggregate": "namespace"}, **window)["data"][0]
    assert sum(row["totalCost"] for row in by_namespace.values()) == pytest.approx(price / 1e9, rel=1e-9)
    assert running.get(f"{path}/allocation", **asked, window="yesterday").status_code == 400
    assert running.get(f"/opencost/{cluster}0/allocation", **asked, **window).status_code == 404


def test_the_same_scenario_answers_the_same_bytes_and_another_seed_others(run_simulator, small):
    answers = []
    for scenario in (small, small, small.model_copy(update={"seed": 8})):
        cockpit = Cockpit(run_simulator(build(scenario)))
        source = cockpit.source("shop")
        asked = {"query": "instance_server_memory_used", "start": 1_783_000_000, "end": 1_783_060_000, "step": 300}
        answers.append(cockpit.ask(source, "prometheus/api/v1/query_range", **asked).json()["data"]["result"])
    values = [[each["values"] for each in answer] for answer in answers]
    assert answers[0] == answers[1]
    assert len(values[0]) == len(values[2]) == 2
    assert values[0] != values[2]


@pytest.mark.parametrize(
    ("wrong", "right", "expected"),
    [
        ("scrape_seconds = 300", "scrape_seconds = 7", "telemetry: scrape_seconds 7 does not divide an hour"),
        ("cpu_p95 = 0.5", "cpu_p95 = 0.1", "resources[0].usage: cpu_p95 0.1 is less than cpu 0.2"),
        ('shape = "consumer"', 'shape = "comsumer"', "resources[0].usage.shape: input should be"),
        ("cpu = 0.2, ", "cpus = 0.2, ", "unknown key resources[0].usage.cpus; did you mean cpu?"),
        ("per_day = 90000", "per_day = -1", "serves.per_day: input should be greater than or equal to 0"),
        ("growth = 3, shifts", 'routes = { "/a" = 0.7, "/b" = 0.7 }, shifts', "the shares are more than 1 together"),
        ("serves = {", 'collects = { groups = ["wep"] }\nserves = {', "collects.groups: no such name 'wep'; did you"),
    ],
)  # fmt: skip
def test_a_wrong_load_ends_in_one_line(tmp_path, capsys, wrong, right, expected):
    text = (SCENARIOS / "small.toml").read_text(encoding="utf-8")
    assert wrong in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(wrong, right, 1), encoding="utf-8")
    assert main(["truth", "--scenario", str(path)]) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


def test_a_machine_that_comes_and_goes_counts_from_its_second_sample(run_simulator):
    """The first sample of a counter is only a beginning, so the truth has nothing before it either."""
    table = {
        "name": "brief", "seed": 3, "start": date(2026, 5, 1), "today": datetime(2026, 5, 20, tzinfo=UTC),
        "organization": {"id": "66666666-6666-4666-8666-666666666666", "name": "Brief"},
        "telemetry": {"scrape_seconds": 3600},
        "projects": [{"name": "p", "environment": "prod"}],
        "resources": [{
            "name": "lb", "kind": "service", "project": "p", "serves": {"per_day": 24_000, "noise": 0, "shape": "flat"},
            "from": datetime(2026, 5, 3, 21, 30, tzinfo=UTC), "to": datetime(2026, 5, 5, 2, tzinfo=UTC),
            "meters": [{"sku": "/network/loadbalancer/loadbalancer-s/par1"}],
        }, {"name": "other", "kind": "instance", "project": "p", "type": "PRO2-XS"}],
    }  # fmt: skip
    world = build(parse(table))
    told = telemetry_truth(world, seconds(world.scenario.today))["requests"]
    (key,) = told["2026-05-04"]
    assert [told[f"2026-05-{day:02}"].get(key) for day in (2, 6)] == [None, None]
    assert told["2026-05-04"][key]["requests"] == 24_000
    cockpit = Cockpit(run_simulator(world))
    name = "load_balancer_lb_frontend_http_requests_total"
    ((_, values, times),) = cockpit.values(
        cockpit.source("p"),
        f"last_over_time({name}[1h])",
        moment(date(2026, 5, 1)),
        moment(date(2026, 5, 8)),
        step=3_600,
    )
    assert (values[0], len(times)) == (0, 29)
    assert values[-1] == sum(row[key]["requests"] for row in told.values() if key in row)
    assert Decimal(values[-1]) > 24_000
