"""The catalogue names what is read; discovery says what is there; neither ever takes missing for zero."""

import json
from datetime import timedelta

import pytest

from pipelines.errors import ConfigurationError
from pipelines.sources.answers import items_of
from pipelines.sources.cockpit.account import data_source_of
from pipelines.sources.cockpit.catalogue import as_sampled, load_catalogue
from pipelines.sources.cockpit.discovery import Presence, discovered, names_in_rules
from pipelines.sources.cockpit.promql import metric_names

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("up", ("up",)),
        ('1 - avg by (instance, le) (irate(a_total{mode="idle"}[5m])) > 0.8', ("a_total",)),
        ("sum without (x) (rate(a[1m])) / on (x) group_left () b offset 1h", ("a", "b")),
        ('{__name__="odd name", x="y"} and vllm:tokens_total', ("odd name", "vllm:tokens_total")),
        ('label_replace(a, "dst", "c d", "src", "(e)")', ("a",)),
        ("topk(5, count by (__name__) (a)) # not b", ("a",)),
        ("a > bool 1e9 or -Inf", ("a",)),
    ],
)
def test_the_metrics_of_an_expression_are_found(expression, names):
    assert metric_names(expression) == names


def test_every_metric_of_a_recorded_rule_is_in_the_catalogue_but_for_limits_and_states(reference_data):
    rules = []
    for path in sorted((reference_data / "fixtures/scaleway-recorded").glob("cockpit_v1_list_alerts*.json")):
        items, _ = items_of("cockpit.alerts", path.read_bytes())
        assert len(items) == json.loads(path.read_text())["total_count"]
        rules += items
    named = names_in_rules(rules)
    assert len(named) == 32
    ours = {name for metric in CATALOGUE.metrics.values() for name in metric.names}
    assert named - ours == {
        "kubernetes_cluster_k8s_shoot_controlplane_cpu_limit",
        "kubernetes_cluster_k8s_shoot_controlplane_memory_limit_bytes",
        "load_balancer_lb_backend_agg_server_check_status",
        "load_balancer_lb_backend_status",
        "observability_cockpit_cortex_distributor_received_samples_total",
        "rdb_instance_mysql_mysql_global_variables_max_connections",
        "rdb_instance_postgresql_pg_settings_max_connections",
    }
    found = {each.key: each for each in discovered(CATALOGUE.metrics.values(), (), named)}
    assert found["instance_cpu_ratio"].in_rules
    assert found["instance_cpu_ratio"].presence is Presence.UNKNOWN


def test_every_recorded_data_source_is_read(reference_data):
    count = 0
    for path in (reference_data / "fixtures/scaleway-recorded").glob("cockpit_v1_list_data_sources*.json"):
        for item in items_of("cockpit.data_sources", path.read_bytes())[0]:
            source = data_source_of(item)
            assert (source.signal in ("metrics", "logs", "traces"), source.origin in ("scaleway", "custom")) == (
                True,
                True,
            )
            assert source.url.startswith("https://")
            count += 1
    assert count > 10


def test_a_metric_that_needs_two_names_is_unknown_while_one_is_missing_and_candidates_are_only_told():
    present = {"instance_server_cpu_seconds_total", "rkv_cluster_redis_memory_used_byte"}
    found = {each.key: each for each in discovered(CATALOGUE.metrics.values(), present)}
    cpu = found["instance_cpu_ratio"]
    assert (cpu.presence, cpu.missing) == (Presence.UNKNOWN, ("instance_server_vcpu_count",))
    memory = found["redis_memory_used_bytes"]
    assert (memory.presence, memory.found_as) == (Presence.UNKNOWN, None)
    assert memory.candidates == ("rkv_cluster_redis_memory_used_byte",)
    requests = discovered(CATALOGUE.requests.values(), {"generative_apis_tokens_total"})
    assert [each.key for each in requests if each.presence is Presence.PRESENT] == ["generative_apis"]


def test_a_deployment_sets_single_fields_adds_entries_and_leaves_entries_out():
    over = {
        "metrics": {
            "gpu_power_watts": {"name": "gpu_watts", "step": 15},
            "redis_cpu_ratio": False,
            "queue": {"name": "jobs_waiting", "resource_type": "app", "confidence": "A", "origin": "custom"},
        }
    }
    found = load_catalogue(over).metrics
    assert found["gpu_power_watts"].query() == "last_over_time(gpu_watts[15s])"
    assert found["gpu_power_watts"].unit == "W"
    assert "redis_cpu_ratio" not in found
    assert found["queue"].query("other") == "last_over_time(other[60s])"
    assert CATALOGUE.metrics["vllm_requests"].query() == "irate(vllm:request_success_total[120s])"
    assert CATALOGUE.metrics["tgi_decode_seconds"].query() == (
        'irate(tgi_batch_inference_duration_sum{method="decode"}[120s])'
    )
    assert CATALOGUE.metrics["vllm_inter_token_p95_seconds"].query("vllm:time_per_output_token_seconds_bucket") == (
        "histogram_quantile(0.95, sum by (le, instance, model_name) "
        "(rate(vllm:time_per_output_token_seconds_bucket[120s])))"
    )
    assert CATALOGUE.metrics["instance_cpu_ratio"].query() == (
        "irate(instance_server_cpu_seconds_total[120s]) / last_over_time(instance_server_vcpu_count[60s])"
    )


@pytest.mark.parametrize(("measured", "step"), [(15, 60), (60, 60), (61, 72), (300, 300), (301, 360), (7200, 3600)])
def test_a_longer_step_that_was_measured_is_used_and_divides_an_hour(measured, step):
    for entry in (CATALOGUE.metrics["vllm_requests"], CATALOGUE.requests["vllm"]):
        sampled = as_sampled(entry, timedelta(seconds=measured))
        assert sampled.step == step
    assert as_sampled(CATALOGUE.metrics["vllm_requests"], timedelta(minutes=5)).query().endswith("[600s])")
    assert as_sampled(CATALOGUE.metrics["vllm_requests"], None) is CATALOGUE.metrics["vllm_requests"]


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"metric": {}}, "unknown table 'metric'"),
        ({"metrics": {"x": {"name": "x"}}}, "metrics.x: confidence is missing"),
        ({"metrics": {"gpu_power_watts": {"nam": "x"}}}, "unknown field 'nam'"),
        ({"metrics": {"gpu_power_watts": {"kind": "meter"}}}, "kind = 'meter'; expected one of gauge"),
        ({"metrics": {"gpu_power_watts": {"step": 7}}}, "step = 7; expected seconds that divide an hour"),
        ({"metrics": {"gpu_power_watts": {"kind": "histogram"}}}, "a histogram needs an expression"),
        ({"requests": {"vllm": {"measure": "cost"}}}, "'cost' is no measure"),
        ({"requests": {"generative_apis": {"measure": "requests"}}}, "set either measure or measures"),
        ({"telemetry": {"x": 1}}, "unknown field 'x'"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(tables, told):
    with pytest.raises(ConfigurationError, match=told):
        load_catalogue(tables)
