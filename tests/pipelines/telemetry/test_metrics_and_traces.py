"""Which series may go: never a level of service, never one that is read; and every slow or failed trace stays."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.cockpit.catalogue import SHIPPED
from pipelines.telemetry.metrics import READ_HERE, Asked, Limits, Metric, MetricAction, Use, metric_steps, use_of
from pipelines.telemetry.traces import TailSampling, Trace, sampled

SERVICE_LEVELS = [
    "http_server_request_duration_seconds_bucket", "http_requests_total", "grpc_server_handled_total", "up",
    "rpc_client_duration_milliseconds_count", "checkout_errors_total", "slo:availability:ratio", "probe_success",
    "job:http_requests:rate5m", "db_query_duration_seconds_sum", "vllm:num_requests_running", "request_latency_seconds",
]  # fmt: skip


def many(name: str) -> Metric:
    return Metric(name, 10**9, 100_000, 15.0)


@pytest.mark.parametrize("name", SERVICE_LEVELS)
def test_a_level_of_service_stays_as_it_is_even_where_nothing_reads_it(name):
    (step,) = metric_steps([many(name)], Asked(("up",), is_complete=True))
    assert (step.action, step.samples_saved) == (MetricAction.keep, 0)


names = st.from_regex(r"[a-z_:]{1,25}(_total|_bucket|_seconds)?", fullmatch=True)
metrics = st.builds(
    Metric, names, st.integers(0, 10**12), st.none() | st.integers(0, 10**6), st.none() | st.floats(0, 600)
)


@given(
    some=st.lists(metrics, max_size=6),
    read=st.lists(names, max_size=3),
    listed=st.lists(names, max_size=3),
    is_complete=st.booleans(),
    limits=st.builds(Limits, st.integers(0, 10**5), st.floats(0, 300)),
)
def test_whatever_the_lists_say_service_levels_and_what_is_read_stay(some, read, listed, is_complete, limits):
    asked = Asked(tuple(f"rate({name}[5m])" for name in read), tuple(listed), is_complete)
    for step in metric_steps(some, asked, limits):
        assert 0 <= step.samples_saved <= step.metric.samples
        if step.keep_share == 0:
            assert step.metric.name not in {*read, *listed}
            assert step.use in (Use.unused, Use.unknown)
            assert step.action is (MetricAction.drop if is_complete else MetricAction.check_and_drop)
            assert is_complete or step.metric.active_series >= limits.many_series


def test_without_the_promise_that_the_lists_are_all_nothing_counts_as_unused():
    assert use_of("node_flags", Asked()) is Use.unknown
    assert use_of("node_flags", Asked(("up",), is_complete=True)) is Use.unused
    few, slow = Metric("node_flags", 10, 20, 120.0), Metric("node_systemd_unit_state", 10, 6000, 300.0)
    assert {step.metric.name: step.action for step in metric_steps([few, slow], Asked())} == {
        "node_flags": MetricAction.keep,
        "node_systemd_unit_state": MetricAction.check_and_drop,
    }


def test_a_name_is_read_by_itself_by_a_part_of_its_histogram_or_by_a_pattern():
    asked = Asked(
        ('sum(rate(queue_wait_bucket{job="a"}[5m]))', '{__name__=~"node_(load|boot).*"}', "foo > 1"), is_complete=True
    )
    assert [use_of(name, asked) for name in ("queue_wait_count", "node_load15", "foo", "node_flags", "fo")] == [
        Use.used, Use.used, Use.used, Use.unused, Use.unused,
    ]  # fmt: skip
    broken = Asked(('{__name__=~"node_(("}',), is_complete=True)
    assert use_of("anything", broken) is Use.used, "what cannot be read might read anything"


@pytest.mark.parametrize(
    ("expression", "is_anything"),
    [
        ('{job="api"}', True),
        ('count({job="api"}) by (job)', True),
        ('up and {job=~"a|b"}', True),
        ('{__name__!="up"}', True),
        ("rate($metric[5m])", True),
        ('sum(${metric}{job="api"})', True),
        ('{__name__=~"$metric", job="api"}', True),
        ('up{job="api"}', False),
        ('up {job=~"a{2}|b"}', False),
        ('sum by (job) (rate(up{job="$job"}[$__rate_interval])) > $limit', False),
        ('{__name__="up", job="{x}"}', False),
        ('{"http.server.duration", job="api"}', False),
        ("topk($n, up)", False),
    ],
)
def test_an_expression_that_names_no_metric_may_read_any(expression, is_anything):
    assert use_of("node_flags", Asked((expression,), is_complete=True)) is (Use.used if is_anything else Use.unused)


def test_a_name_that_must_be_quoted_is_read_where_it_is_quoted():
    asked = Asked(('sum({"http.server.active", job="api"})',), is_complete=True)
    assert use_of("http.server.active", asked) is Use.used
    assert use_of("http.client.active", asked) is Use.unused


def test_what_is_scraped_more_often_than_needed_is_scraped_less_and_nothing_is_lost_of_it():
    (step,) = metric_steps([Metric("queue_depth", 1000, 100, 15.0)], Asked())
    assert (step.action, step.samples_saved) == (MetricAction.scrape_less, 750)


def test_what_the_advice_on_machines_and_models_reads_is_known_as_read():
    told = tomllib.loads(SHIPPED.read_text())["metrics"].values()
    texts = [each["name"] for each in told] + [each.get("expression", "") for each in told]
    names = {name for text in texts for name in re.findall(r"(?<![\w$])(?:node_|DCGM_FI_|vllm:)\w+", text)}
    assert len(names) >= 15
    assert {name for name in names if not re.fullmatch(READ_HERE, name)} == set()


traces = st.builds(Trace, st.uuids().map(str), st.none() | st.floats(0, 100), st.booleans(), st.integers(0, 10**6))


@given(some=st.lists(traces, max_size=30), slow=st.floats(0.01, 50), share=st.floats(0, 1))
def test_every_slow_and_every_failed_trace_is_kept(some, slow, share):
    sampling = TailSampling(slow, share)
    for trace in some:
        if trace.has_error or trace.seconds is None or trace.seconds >= slow:
            assert sampling.keeps(trace)
    told = sampled(some, sampling)
    assert told.protected <= told.kept <= told.traces
    assert told.kept_bytes <= told.bytes


def test_of_the_others_about_the_share_is_kept_and_always_the_same_ones():
    calm = [Trace(f"trace-{number}", 0.1, False, 100) for number in range(20_000)]
    told = sampled(calm, TailSampling())
    assert 900 < told.kept < 1100
    assert told == sampled(calm, TailSampling())
    assert sampled(calm, TailSampling(share=1.0)).kept == 20_000
