"""Advice on telemetry: what it finds, what it leaves alone, and that euros come from the bill."""

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import ConfigurationError
from pipelines.recommendations.changes.change import as_mapping
from pipelines.recommendations.recommendation import Basis, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.custom_metrics import CUSTOM_METRICS
from pipelines.recommendations.rules.debug_logs import DEBUG_LOGS
from pipelines.recommendations.rules.telemetry import SAMPLES, STREAMS, streams
from pipelines.recommendations.rules.telemetry_budget import TELEMETRY_BUDGET
from pipelines.recommendations.rules.telemetry_retention import TELEMETRY_RETENTION
from pipelines.recommendations.world import World

from ..rule_contract import answers_of, problems_of, shuffled, without  # noqa: TID252 - beside the rules' other tests
from ..small_world import resource  # noqa: TID252

D = Decimal
UNTIL, FROM = date(2026, 11, 18), date(2026, 10, 21)
GB = 10**9
RULES = (CUSTOM_METRICS, DEBUG_LOGS, TELEMETRY_RETENTION, TELEMETRY_BUDGET)
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("usage_month", "data_source_id", "project_id", "region_id", "signal")),
        *((name, pa.string()) for name in ("origin", "service_name", "level", "metric_name", "source")),
        *((name, pa.date32()) for name in ("known_from", "known_until", "last_seen")),
        ("is_billed", pa.bool_()),
        *((name, pa.int64()) for name in ("days", "seen_days", "samples", "bytes", "lines", "active_series")),
        *((name, pa.int64()) for name in ("source_samples", "source_bytes", "last_week_bytes", "last_week_samples")),
        *((name, pa.int64()) for name in ("last_week_days", "ingested_samples", "ingested_days", "retention_days")),
        ("ingested_meanwhile", pa.int64()),
        ("scrape_seconds", pa.decimal128(38, 12)),
    ]
)


def row(source, signal, **more):
    told = {
        "usage_month": "2026-11", "known_from": FROM, "known_until": UNTIL, "data_source_id": source,
        "signal": signal, "origin": "custom", "is_billed": True, "days": 28, "seen_days": 28,
        "retention_days": 30, "last_week_days": 7,
    }  # fmt: skip
    return {**told, **more}


def logs(source, sizes, **more):
    """Gigabytes of four weeks by service and level."""
    whole = sum(sizes.values()) * GB
    return [
        row(source, "logs", service_name=service, level=level, bytes=size * GB, source_bytes=whole,
            last_week_bytes=whole // 4, **more)
        for (service, level), size in sizes.items()
    ]  # fmt: skip


def metrics(source, counts, ingested=None, **more):
    """Samples of a day and series by name."""
    whole = sum(samples for samples, _ in counts.values())
    return [
        row(source, "metrics", metric_name=name, samples=samples, active_series=series, days=1, source_samples=whole,
            ingested_samples=28 * whole if ingested is None else ingested, ingested_days=28, scrape_seconds=D(300),
            **{"retention_days": 400, **more})
        for name, (samples, series) in counts.items()
    ]  # fmt: skip


def source(name, cost, sku="/observability/cockpit/custom-log/fr-par", kind="logs"):
    costs = {} if cost is None else {sku: D(cost)}
    return resource(
        name, None, resource_type="cockpit_data_source", resource_class=kind, tags=(), costs=costs,
        monthly_cost=None if cost is None else D(cost),
    )  # fmt: skip


def metric_source(name, cost):
    return source(name, cost, "/observability/cockpit/custom-sample/fr-par", "metrics")


def world(things, rows, until=UNTIL):
    table = pa.Table.from_pylist([{name: each.get(name) for name in SCHEMA.names} for each in rows], schema=SCHEMA)
    return World(until, until, {each.resource_id: each for each in things}, {STREAMS: table})


LOGS = {("checkout", "debug"): 40, ("checkout", "info"): 20, ("pay", "error"): 30, ("pay", "audit"): 10}
SERIES = {
    "node_systemd_unit_state": (600, 9000),
    "node_cpu_seconds_total": (300, 9000),
    "http_requests_total": (100, 9000),
}


def texts_of(answer):
    return {file.name: file.text for file in answer.change.files}


def only(rule, seen, **thresholds):
    rule = replace(rule, thresholds=replace(rule.thresholds, **thresholds))
    assert problems_of(rule, seen) == []
    (answer,) = answers_of(rule, seen)
    return answer


def test_debug_lines_cost_their_share_of_what_was_charged_and_nothing_else_goes():
    answer = only(DEBUG_LOGS, world([source("logs", 200)], logs("logs", LOGS)))
    assert (answer.monthly_saving, answer.saves_on) == (D(80), frozenset({"logs"}))
    assert answer.evidence["debug_bytes"] == 40 * GB
    text = "\n".join([*answer.change.cli, *texts_of(answer).values()])
    assert "checkout" in text
    assert "pay" not in text.replace("payments", "")


@pytest.mark.parametrize(
    ("rows", "cost", "kind"),
    [
        (logs("logs", {("a", "info"): 90, ("a", "debug"): 10}), 20, NothingToDo),
        (logs("logs", LOGS), None, NothingToDo),
        (logs("logs", LOGS, is_billed=False), 200, None),
        (logs("logs", LOGS, days=13), 200, Unjudged),
        (logs("logs", {("a", None): 90}), 200, Unjudged),
        ([row("logs", "logs", service_name="a", level="debug", bytes=None, source_bytes=GB)], 200, NothingToDo),
    ],
)
def test_debug_that_is_little_free_or_not_measured_is_no_advice(rows, cost, kind):
    answers = answers_of(DEBUG_LOGS, world([source("logs", cost)], rows))
    assert [type(each) for each in answers] == ([] if kind is None else [kind])


def test_series_nobody_listed_are_pointed_at_with_a_check_first_and_what_is_read_stays():
    answer = only(CUSTOM_METRICS, world([metric_source("m", 100)], metrics("m", SERIES)))
    assert answer.monthly_saving == pytest.approx(D(60), abs=D("0.01"))
    assert [each["metric"] for each in answer.evidence["taken_away"]] == ["node_systemd_unit_state"]
    assert answer.change.cli[0].startswith("# First make sure that nothing reads them")
    assert (answer.risk, "once it is sure" in answer.action) == ("medium", True)


def test_with_complete_lists_unused_series_go_however_few_they_are():
    counts = {**SERIES, "node_flags": (500, 10), "node_boot_time_seconds": (500, 10)}
    seen = world([metric_source("m", 100)], metrics("m", counts))
    answer = only(CUSTOM_METRICS, seen, expressions=("time() - node_boot_time_seconds",), expressions_are_all=True)
    assert {each["metric"] for each in answer.evidence["taken_away"]} == {"node_systemd_unit_state", "node_flags"}
    assert (answer.monthly_saving, answer.risk) == (pytest.approx(D(55), abs=D("0.01")), "low")
    kept = only(CUSTOM_METRICS, seen, service_levels=("node_flags",), expressions_are_all=True)
    assert "node_flags" not in {each["metric"] for each in kept.evidence["taken_away"]}


def test_the_cheapest_tier_goes_first_so_half_of_much_saves_less_than_half():
    counts = {"node_systemd_unit_state": (500, 9000), "up": (500, 10)}
    few = world([metric_source("m", 1000)], metrics("m", counts, ingested=28 * 10**8))
    much = world([metric_source("m", 1000)], metrics("m", counts, ingested=28 * 10**10))
    assert only(CUSTOM_METRICS, few).monthly_saving == D(500)
    assert only(CUSTOM_METRICS, much).monthly_saving < D(460)


def test_what_ended_a_week_ago_is_no_waste_and_what_was_not_counted_by_name_is_part_of_the_whole():
    rows = metrics("m", SERIES)
    seen = [{**row, "last_seen": UNTIL - timedelta(days=1)} for row in rows]
    answer = only(CUSTOM_METRICS, world([metric_source("m", 100)], seen))
    assert answer.evidence["share_of_samples"] == D("0.6")
    more = [{**row, "ingested_meanwhile": 2000} for row in seen]
    assert only(CUSTOM_METRICS, world([metric_source("m", 100)], more)).evidence["share_of_samples"] == D("0.3")
    ended = [{**row, "last_seen": UNTIL - timedelta(days=8)} for row in seen[:1]]
    assert isinstance(only(CUSTOM_METRICS, world([metric_source("m", 100)], ended + seen[1:])), NothingToDo)


def test_tiers_are_those_of_all_data_sources_together():
    small = metrics("small", {"node_flags": (1000, 9000)}, ingested=28 * 10**7)
    large = metrics("large", {"up": (1000, 9000)}, ingested=28 * 10**10)
    alone = only(CUSTOM_METRICS, world([metric_source("small", "45")], small))
    (_, beside) = answers_of(
        CUSTOM_METRICS, world([metric_source("large", 30000), metric_source("small", "45")], small + large)
    )
    assert alone.monthly_saving == D(45)
    assert 0 < beside.monthly_saving < D(45)


@settings(max_examples=40, deadline=None)
@given(
    counts=st.dictionaries(
        st.sampled_from([*SERIES, "a", "b", "go_threads"]), st.tuples(st.integers(0, 10**9), st.integers(0, 10**5))
    ),
    cost=st.decimals(0, 10**6, places=2),
    lists=st.booleans(),
)
def test_no_advice_on_metrics_saves_more_than_was_charged_for_samples(counts, cost, lists):
    seen = world([metric_source("m", cost)], metrics("m", counts))
    rule = replace(CUSTOM_METRICS, thresholds=replace(CUSTOM_METRICS.thresholds, expressions_are_all=lists))
    assert problems_of(rule, seen) == []
    for answer in answers_of(rule, seen):
        if isinstance(answer, Recommendation):
            assert 0 < answer.monthly_saving <= cost


NAMES = st.sampled_from(
    ["node_flags", "checkout_carts", "carts_bucket", "http.server.size", "http_requests_total", "slo:carts:ratio",
     "up", "payment_latency_seconds", "node_cpu_seconds_total"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    counts=st.dictionaries(NAMES, st.tuples(st.integers(10**6, 10**9), st.integers(0, 10**5)), min_size=1),
    seen_in=st.dictionaries(
        NAMES, st.sampled_from(["rate({}[5m])", '{{"{}"}} > 1', "{}=3", "level", '{{__name__=~"{}"}}'])
    ),
    is_all=st.booleans(),
)
def test_no_configuration_drops_a_level_of_service_or_what_a_query_a_dashboard_or_an_alert_names(
    counts, seen_in, is_all
):
    told = {name: (form, form.format(name)) for name, form in seen_in.items()}
    rule = replace(
        CUSTOM_METRICS,
        thresholds=replace(
            CUSTOM_METRICS.thresholds,
            expressions=tuple(text for form, text in told.values() if form not in ("{}=3", "level")),
            queries=tuple(text for form, text in told.values() if form == "{}=3"),
            service_levels=tuple(name for name, (form, _) in told.items() if form == "level"),
            expressions_are_all=is_all,
        ),
    )
    levels = {"http_requests_total", "slo:carts:ratio", "up", "payment_latency_seconds", "node_cpu_seconds_total"}
    for answer in answers_of(rule, world([metric_source("m", 10_000)], metrics("m", counts))):
        if isinstance(answer, Recommendation):
            (job,) = yaml.safe_load(texts_of(answer)["prometheus.yml"])["scrape_configs"]
            for relabelled in job.get("metric_relabel_configs", []):
                assert not [name for name in {*levels, *seen_in} if re.fullmatch(relabelled["regex"], name)]


def test_a_count_of_queries_that_is_none_is_refused_by_the_name_of_its_setting():
    with pytest.raises(ConfigurationError, match=r"rules\.custom_metrics\.queries"):
        only(CUSTOM_METRICS, world([metric_source("m", 100)], metrics("m", SERIES)), queries=("up",))


def test_logs_with_audit_lines_are_kept_longer_whatever_that_costs():
    answer = only(TELEMETRY_RETENTION, world([source("logs", 200)], logs("logs", LOGS)))
    assert (answer.target, answer.basis) == ("retention=365", Basis.list_price)
    months = D(730) / 24 / 28
    assert answer.monthly_saving == pytest.approx(-100 * months * (365 - 30) * D("0.002"), abs=D("0.02"))
    assert answer.change.cli[0] == ("scw cockpit data-source update logs retention-days=365 region=fr-par")
    assert "retention-days=30 " in answer.change.undo_cli[0]


def test_what_is_kept_too_long_is_advised_only_where_the_bill_has_a_line_for_it():
    plain = {("a", "info"): 50, ("a", "error"): 50}
    rows = logs("logs", plain, retention_days=367)
    assert isinstance(only(TELEMETRY_RETENTION, world([source("logs", 200)], rows)), NothingToDo)
    billed = replace(source("logs", 236), costs={"/custom-log/": D(200), "/cockpit/log-retention/fr-par": D(36)})
    answer = only(TELEMETRY_RETENTION, world([billed], rows))
    assert (answer.target, answer.monthly_saving) == ("retention=30", D("33.70"))


def test_a_policy_cannot_ask_for_errors_to_go_early():
    rows = logs("logs", {("a", "error"): 50}, retention_days=7)
    answer = only(TELEMETRY_RETENTION, world([source("logs", 200)], rows), error_days=1)
    assert answer.target == "retention=30"


@pytest.mark.parametrize("days", [None, 31, 400])
def test_metrics_are_never_asked_to_be_kept_longer(days):
    answer = only(TELEMETRY_RETENTION, world([metric_source("m", 9)], metrics("m", SERIES, retention_days=days)))
    assert isinstance(answer, Unjudged if days is None else NothingToDo)


def test_without_a_budget_nothing_is_said_and_within_it_nothing_is_done():
    seen = world([source("logs", 200)], logs("logs", LOGS))
    assert answers_of(TELEMETRY_BUDGET, seen) == []
    assert isinstance(only(TELEMETRY_BUDGET, seen, budgets=("logs=200",)), NothingToDo)


def test_beyond_its_budget_the_least_valuable_streams_go_first_and_protected_ones_never():
    seen = world([source("logs", 200)], logs("logs", LOGS))
    little = only(TELEMETRY_BUDGET, seen, budgets=("logs-1=150",))
    assert [(each["service"], each["class"]) for each in little.evidence["steps"]] == [("checkout", "debug")]
    most = only(TELEMETRY_BUDGET, seen, budgets=("logs=1",))
    assert [each["class"] for each in most.evidence["steps"]] == ["debug", "info"]
    assert D(80) < most.monthly_saving < D(110)
    assert "YOUR_LOG_ARCHIVE" in texts_of(most)["otel-archive.yaml"]
    assert list(texts_of(most)) == ["logs.alloy", "otel-logs.yaml", "otel-archive.yaml"]
    kept = only(TELEMETRY_BUDGET, seen, budgets=("logs=1",), queries=("checkout=1000",))
    assert isinstance(kept, Unjudged), "what is asked for often is kept, budget or not"


def test_a_week_that_runs_ahead_counts_before_the_month_is_over():
    rows = logs("logs", LOGS)
    fast = [{**each, "last_week_bytes": 50 * GB} for each in rows]
    assert isinstance(only(TELEMETRY_BUDGET, world([source("logs", 200)], rows), budgets=("logs=300",)), NothingToDo)
    answer = only(TELEMETRY_BUDGET, world([source("logs", 200)], fast), budgets=("logs=300",))
    assert answer.evidence["expected_per_month"] == D(400)


@pytest.mark.parametrize(
    ("cost", "told", "is_advised"),
    [(21, {}, True), (20, {}, False), (21, {"sampled": ("traces",)}, False), (21, {"budgets": ("traces=30",)}, False),
     (9, {"traces_without_budget": D(5)}, True)],
)  # fmt: skip
def test_traces_that_cost_much_are_told_without_a_budget_unless_they_are_sampled(cost, told, is_advised):
    traces = source("traces", cost, "/observability/cockpit/custom-trace/fr-par", "traces")
    answer = only(TELEMETRY_BUDGET, world([traces], []), **told)
    assert isinstance(answer, Recommendation if is_advised else NothingToDo)
    if is_advised:
        assert "without a budget" in answer.reason
        sampling = yaml.safe_load(texts_of(answer)["otel-traces.yaml"])
        kinds = {each["type"] for each in sampling["processors"]["tail_sampling/finops"]["policies"]}
        assert {"latency", "status_code", "probabilistic"} <= kinds


def test_traces_beyond_their_budget_are_sampled_when_they_are_over():
    traces = source("traces", 100, "/observability/cockpit/custom-trace/fr-par", "traces")
    answer = only(TELEMETRY_BUDGET, world([traces], []), budgets=("traces=20",))
    assert (answer.monthly_saving, answer.evidence["saving_at_most_per_month"]) == (0, D(95))
    assert all("status_code" in text for text in texts_of(answer).values())


@pytest.mark.parametrize("told", ["logs", "logs=much", "=3", "logs=-1", "logs=NaN"])
def test_a_budget_that_is_none_is_refused_with_its_text(told):
    with pytest.raises(ConfigurationError, match="budgets"):
        only(TELEMETRY_BUDGET, world([source("logs", 200)], logs("logs", LOGS)), budgets=(told,))


EVERYTHING = world(
    [source("logs", 200), metric_source("m", 100)],
    [*logs("logs", LOGS), *metrics("m", SERIES)],
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_order_does_not_matter_and_a_null_never_makes_advice_of_nothing(rule):
    rule = replace(rule, thresholds=replace(rule.thresholds, budgets=("logs=1",))) if rule is TELEMETRY_BUDGET else rule
    first = [repr(each) for each in answers_of(rule, EVERYTHING)]
    assert [repr(each) for each in answers_of(rule, shuffled(EVERYTHING, 7))] == first
    for column in SCHEMA.names:
        assert problems_of(rule, without(EVERYTHING, STREAMS, column)) == []
    for column in ("bytes", "samples", "days", "known_from", "known_until", "is_billed", "data_source_id"):
        if rule in (DEBUG_LOGS, CUSTOM_METRICS):
            told = answers_of(rule, without(EVERYTHING, STREAMS, column))
            measure = "samples" if rule is CUSTOM_METRICS else "bytes"
            if column in (measure, "days", "known_from", "known_until", "is_billed", "data_source_id"):
                assert not [each for each in told if isinstance(each, Recommendation)], column


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_days_that_are_not_charged_yet_are_not_told_as_looked_at(rule):
    late = world(list(EVERYTHING.resources.values()), EVERYTHING.rows(STREAMS), until=date(2026, 11, 10))
    assert problems_of(rule, late) == []
    early = world(list(EVERYTHING.resources.values()), EVERYTHING.rows(STREAMS), until=date(2026, 10, 1))
    assert not [each for each in answers_of(rule, early) if isinstance(each, Recommendation)]


def test_every_file_is_named_once_has_a_step_and_parses_as_what_its_ending_says():
    traces = source("traces", 100, "/observability/cockpit/custom-trace/fr-par", "traces")
    seen = world([*EVERYTHING.resources.values(), traces], EVERYTHING.rows(STREAMS))
    budget = replace(TELEMETRY_BUDGET, thresholds=replace(TELEMETRY_BUDGET.thresholds, budgets=("logs=1", "traces=1")))
    found = [each for rule in (*RULES[:3], budget) for each in answers_of(rule, seen)]
    written = {}
    for each in found:
        if isinstance(each, Recommendation):
            files = each.change.files
            assert len({file.name for file in files}) == len(files)
            assert {file.step for file in files} <= set(each.change.cli)
            assert [file["name"] for file in as_mapping(each.change).get("files", [])] == [f.name for f in files]
            written |= texts_of(each)
    assert set(written) == {
        *("prometheus.yml", "metrics.alloy", "otel-metrics.yaml", "prometheus-rules.yml", "logs.alloy"),
        *("otel-logs.yaml", "otel-archive.yaml", "traces.alloy", "otel-traces.yaml", "loki.yaml"),
    }
    for name, text in written.items():
        if name.endswith(("yml", "yaml")):
            assert isinstance(yaml.safe_load(text), dict), name
    for word in (
        "scrape_configs",
        "tail_sampling/finops",
        "filter/finops",
        "awss3/finops",
        "retention_stream",
        "groups:",
    ):
        assert any(word in text for text in written.values()), word
    assert all(part in written[name] for part, name in (("loki.process", "logs.alloy"),
               ("prometheus.relabel", "metrics.alloy"), ("tail_sampling", "traces.alloy")))  # fmt: skip


def test_only_what_is_billed_and_known_is_looked_at():
    rows = [*metrics("m", SERIES), *metrics("gone", SERIES), *metrics("free", SERIES, is_billed=False)]
    seen = world([metric_source("m", 1), metric_source("free", 1)], rows)
    assert list(streams(seen, "metrics")) == ["m"]
    assert SAMPLES in "/observability/cockpit/custom-sample/fr-par"
