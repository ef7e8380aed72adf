"""What is read from a real Prometheus equals what was put in."""

import json
import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest

from pipelines.errors import UsageError
from pipelines.sources.cockpit.api import QueryRefused
from pipelines.sources.cockpit.catalogue import load_catalogue
from pipelines.sources.cockpit.counting import counted, increases, requests_table
from pipelines.sources.cockpit.discovery import Presence, discovered, names_present, sampling_step, series_by_name
from pipelines.sources.cockpit.hourly import usage_hourly
from pipelines.sources.cockpit.prometheus import Limits, PrometheusClient
from pipelines.sources.cockpit.series import parsed_matrix
from pipelines.sources.cockpit.tables import REQUESTS_DAILY, USAGE_HOURLY
from pipelines.sources.cockpit.telemetry import samples_by_name, samples_by_origin
from pipelines.sources.cockpit.windows import MILLISECOND

MINUTE = timedelta(minutes=1)
DAY, NEXT_DAY = date(2026, 3, 2), date(2026, 3, 3)
CATALOGUE = load_catalogue()


def hours_of(samples):
    """Finite values by hour since 1970."""
    hours = {}
    for at, value in samples:
        if math.isfinite(value):
            hours.setdefault(int(at // 3600), []).append(value)
    return hours


def quantile(values, q):
    ordered, place = sorted(values), (len(values) - 1) * q
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def expected_hour(values):
    return {
        "samples": len(values),
        "mean": pytest.approx(math.fsum(values) / len(values), rel=1e-12),
        **{name: pytest.approx(quantile(values, q), rel=1e-12)
           for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p995", 0.995))},
        "max": max(values),
        "min": min(values),
    }  # fmt: skip


def told(rows, key):
    """Statistics of the rows by a key column and hour since 1970."""
    statistics = ("samples", "mean", "p50", "p95", "p99", "p995", "max", "min")
    return {(row[key], int(row["hour"].timestamp() // 3600)): {n: row[n] for n in statistics} for row in rows}


def growth(samples, since):
    """What a counter added from `since` on; a value below the one before is a restart from zero."""
    pairs = pairwise(samples)
    return sum((b - a if b >= a else b) for (_, a), (at, b) in pairs if at >= since)


def requests_daily(client, source, counts, since, until, now):
    return requests_table(source, [counted(client, entry, since, until, now) for entry in counts])


def test_hours_of_a_gauge_are_those_of_its_samples_gaps_stay_and_what_is_no_number_is_left_out(
    client, source, history, hours_after
):
    usage = usage_hourly(client, source, CATALOGUE.metrics["load_balancer_cpu_ratio"], hours_after(0), hours_after(48))
    rows = usage.table.to_pylist()
    assert usage.table.schema == USAGE_HOURLY
    assert usage.not_finite == 3
    known = history.of("load_balancer_lb_cpu_usage")
    assert told(rows, "resource_id") == {
        (dict(labels)["resource_id"], hour): expected_hour(values)
        for labels, samples in known.items()
        for hour, values in hours_of(samples).items()
    }
    gap = {row["hour"].hour: row["samples"] for row in rows if row["resource_name"] == "gap" and row["hour"].day == 2}
    assert 6 not in gap
    assert (gap[5], gap[7], gap[8]) == (10, 20, 60)
    assert {row["expected_samples"] for row in rows} == {60}
    assert {(row["usage_month"], row["region"], row["data_source_id"]) for row in rows} == {
        ("2026-03", "fr-par", "source-1")
    }
    assert json.loads(rows[0]["labels"])["resource_type"] == "load_balancer"


def test_hours_of_a_counter_are_the_rates_between_its_samples_and_a_restart_counts_from_zero(
    client, source, history, hours_after
):
    usage = usage_hourly(client, source, CATALOGUE.metrics["instance_cpu_ratio"], hours_after(0), hours_after(48))
    rates = {}
    for labels, samples in history.of("instance_server_cpu_seconds_total").items():
        pairs = pairwise(samples)
        per_second = [(at, (b - a if b >= a else b) / 60 / 4) for (_, a), (at, b) in pairs]
        rates |= {(dict(labels)["resource_id"], hour): expected_hour(v) for hour, v in hours_of(per_second).items()}
    assert told(usage.table.to_pylist(), "resource_id") == rates


def test_windows_of_any_size_tell_the_same_hours(prometheus_url, client, source, patient, hours_after):
    metric = CATALOGUE.metrics["load_balancer_cpu_ratio"]
    whole = usage_hourly(client, source, metric, hours_after(2), hours_after(15)).table
    order = [("labels", "ascending"), ("hour", "ascending")]
    for limits in (Limits(most_points=60), Limits(most_points=150), Limits(longest_span=timedelta(hours=5))):
        narrow = PrometheusClient(prometheus_url, limits=limits, manners=patient)
        parts = usage_hourly(narrow, source, metric, hours_after(2), hours_after(15)).table
        assert narrow.counters.calls > 1
        assert parts.sort_by(order).equals(whole.sort_by(order))
    with pytest.raises(UsageError, match="not whole hours"):
        usage_hourly(client, source, metric, hours_after(2) + MINUTE, hours_after(15))


def test_a_split_range_equals_one_query_and_respects_the_points_a_server_answers(
    prometheus_url, client, patient, history, hours_after
):
    step, day = timedelta(seconds=5), (hours_after(0), hours_after(24))
    unlimited = PrometheusClient(
        prometheus_url, limits=Limits(most_points=10**6, longest_span=timedelta(days=9)), manners=patient
    )
    with pytest.raises(QueryRefused, match="11,000 points"):
        next(unlimited.query_windows("every_five_seconds", *day, step, unit=timedelta(hours=24)))
    halved = unlimited.query_range("every_five_seconds", *day, step)
    split = client.query_range("every_five_seconds", *day, step)
    assert split.frame.equals(halved.frame)
    (samples,) = history.of("every_five_seconds").values()
    assert split.frame["at"].to_list() == [round(at * 1000) for at, _ in samples]
    assert split.frame["value"].to_list() == [value for _, value in samples]
    later = client.query_range("last_over_time(every_five_seconds[5s])", *day, step, step - MILLISECOND)
    assert later.frame.equals(split.frame)
    few = (hours_after(1), hours_after(3))
    single = unlimited.query_range("every_five_seconds", *few, step)
    narrow = PrometheusClient(prometheus_url, limits=Limits(most_points=7), manners=patient)
    assert narrow.query_range("every_five_seconds", few[0], few[0] + MINUTE * 3, step).frame.equals(
        single.frame.filter(single.frame["at"] < round((few[0] + MINUTE * 3).timestamp() * 1000))
    )


def test_what_is_wrong_with_a_question_is_told_by_class(client, hours_after):
    with pytest.raises(QueryRefused, match=r"HTTP 400: bad_data: .*parse error"):
        client.query("sum(", hours_after(1))
    with pytest.raises(QueryRefused, match="HTTP 422: execution"):
        client.query(
            'vllm:gpu_cache_usage_perc * on () label_replace({__name__=~"wide_a"}, "x", "1", "", "")', hours_after(24)
        )
    with pytest.raises(QueryRefused, match="too long for a GET"):
        client.query("x" * 8000, hours_after(1))


def test_series_labels_and_values_are_those_of_the_history_however_many_selectors_are_asked(
    client, history, hours_after
):
    span = (hours_after(0), hours_after(48))
    assert names_present(client, *span) == set(history.kinds)
    assert set(client.labels(*span)) >= {"__name__", "resource_id", "is_from_scaleway"}
    assert client.label_values("resource_instance", *span) == ["api-0", "api-1"]
    matches = [f'wide_a{{number="{number:03d}"}}' for number in range(40)] * 9
    calls = client.counters.calls
    assert {labels["number"] for labels in client.series(matches, *span)} == {f"{n:03d}" for n in range(40)}
    assert client.counters.calls - calls > 1
    assert client.metadata() == {}


def test_a_metric_is_present_renamed_or_unknown_and_its_step_is_measured(client, hours_after):
    present = names_present(client, hours_after(0), hours_after(48))
    found = {each.key: each for each in discovered(CATALOGUE.metrics.values(), present)}
    assert found["instance_cpu_ratio"].presence is Presence.PRESENT
    assert found["vllm_cache_usage_ratio"].presence is Presence.RENAMED
    assert found["vllm_cache_usage_ratio"].found_as == "vllm:gpu_cache_usage_perc"
    assert found["redis_cpu_ratio"].presence is Presence.UNKNOWN
    assert found["redis_cpu_ratio"].found_as is None
    assert sampling_step(client, "load_balancer_lb_cpu_usage", hours_after(3), hours_after(9)) == MINUTE
    assert sampling_step(client, "no_such_metric", hours_after(3), hours_after(9)) is None
    wide = series_by_name(client, hours_after(12), hours_after(24) - MILLISECOND)
    assert {name: wide[name] for name in ("wide_a", "wide_c")} == {"wide_a": 40, "wide_c": 10}


def test_a_renamed_metric_is_read_under_its_other_name_and_an_unknown_one_has_no_hours(client, source, hours_after):
    metric = CATALOGUE.metrics["vllm_cache_usage_ratio"]
    span = (hours_after(0), hours_after(2))
    assert usage_hourly(client, source, metric, *span).table.num_rows == 0
    rows = usage_hourly(client, source, metric, *span, found_as="vllm:gpu_cache_usage_perc").table.to_pylist()
    assert [(row["mean"], row["resource_name"], row["resource_id"]) for row in rows] == [(0.5, "m-8b", None)] * 2


def test_a_day_of_requests_is_what_counters_grew_and_rates_add_up_to(client, source, history, hours_after):
    table = requests_daily(
        client, source, CATALOGUE.requests.values(), date(2026, 3, 1), date(2026, 3, 5), hours_after(36)
    )
    assert table.schema == REQUESTS_DAILY
    rows = {(row["service_type"], row["day"].day): row for row in table.to_pylist()}
    assert sorted(rows) == [
        *(("generative_apis", day) for day in (2, 3)), *(("serverless_container", day) for day in (2, 3))
    ]  # fmt: skip
    second, noon = hours_after(24).timestamp(), hours_after(36).timestamp()
    for labels, samples in history.of("generative_apis_tokens_total").items():
        kind = dict(labels)["type"]
        assert rows["generative_apis", 2][kind] == growth([s for s in samples if s[0] < second], 0)
        assert rows["generative_apis", 3][kind] == growth([s for s in samples if s[0] < noon], second)
    rates = [s for samples in history.of("serverless_container_requests_per_second").values() for s in samples]
    assert rows["serverless_container", 2]["requests"] == 60 * sum(value for at, value in rates if at < second)
    assert rows["generative_apis", 2]["requests"] is None
    assert {day: rows["generative_apis", day]["is_complete"] for day in (2, 3)} == {2: True, 3: False}
    assert rows["serverless_container", 2]["coverage"] == 1.0


def test_a_day_with_a_gap_is_counted_as_far_as_it_was_seen_and_says_so(client, source, hours_after):
    entry = load_catalogue(
        {"requests": {"gap": {
            "name": "load_balancer_lb_cpu_usage", "reading": "rate", "measure": "requests",
            "service_type": "load_balancer", "confidence": "D"}}}
    ).requests["gap"]  # fmt: skip
    rows = requests_daily(client, source, [entry], date(2026, 3, 2), date(2026, 3, 3), hours_after(48)).to_pylist()
    coverage = {row["resource_name"]: (row["coverage"], row["is_complete"]) for row in rows}
    assert coverage == {"even": (1.0, True), "gap": (1290 / 1440, False), "odd": (1437 / 1440, True)}


def test_days_add_up_to_the_same_read_alone_or_together_and_in_windows_of_any_size(prometheus_url, source, patient):
    entries = [entry for entry in CATALOGUE.requests.values() if entry.origin == "scaleway"]
    now, days = datetime(2026, 3, 6, tzinfo=UTC), [date(2026, 3, day) for day in (1, 2, 3, 4)]
    limits = Limits(most_points=500)
    client, narrow = (PrometheusClient(prometheus_url, limits=each, manners=patient) for each in (None, limits))
    together = requests_daily(client, source, entries, days[0], days[-1] + timedelta(days=1), now)
    alone = [requests_daily(client, source, entries, day, day + timedelta(days=1), now) for day in days]
    assert together.num_rows == 4
    assert pa.concat_tables(alone).equals(together)
    assert requests_daily(narrow, source, entries, days[0], days[-1] + timedelta(days=1), now).equals(together)


def counter_of(*samples):
    """A counter of one series, from (minutes since midnight, value)."""
    points = [[1772409600 + 60 * minute, str(value)] for minute, value in samples]
    return parsed_matrix({"resultType": "matrix", "result": [{"metric": {}, "values": points}]}, "here")


def test_a_counter_grows_over_midnight_only_from_a_sample_shortly_before(hours_after):
    near = increases(counter_of((-4, 10), (1, 15), (2, 3)), hours_after(0), MINUTE)
    assert near["value"].to_list() == [5, 3]
    far = increases(counter_of((-6, 10), (1, 15), (2, 18)), hours_after(0), MINUTE)
    assert far["value"].to_list() == [None, 3]
    inside = increases(counter_of((1, 1), (900, 4), (1430, 5), (1446, 9), (1447, 11)), hours_after(0), MINUTE)
    assert inside["value"].to_list() == [None, 3, 1, None, 2]


def test_samples_of_a_day_are_told_by_origin_and_the_widest_metrics_by_name(client, source, history, hours_after):
    origin = samples_by_origin(client, source, CATALOGUE.telemetry, DAY, NEXT_DAY, hours_after(48)).to_pylist()
    day = [(dict(k), [s for s in v if s[0] < hours_after(24).timestamp()])
           for k, v in history.of("observability_cockpit_ingestion_samples_total").items()]  # fmt: skip
    assert {row["origin"]: row["samples"] for row in origin} == {
        {"true": "scaleway", "false": "custom"}[labels["is_from_scaleway"]]: growth(samples, 0)
        for labels, samples in day
    }
    both = samples_by_origin(client, source, CATALOGUE.telemetry, DAY, date(2026, 3, 5), hours_after(72)).to_pylist()
    assert [row for row in both if row["day"] == DAY] == origin
    assert {row["day"] for row in both} == {DAY, NEXT_DAY}
    names = samples_by_name(client, source, DAY, NEXT_DAY, hours_after(48), most=3).to_pylist()
    assert [(row["metric_name"], row["active_series"], row["samples"]) for row in names] == [
        ("wide_a", 40, 120.0), ("wide_b", 25, 75.0), ("wide_c", 10, 30.0)
    ]  # fmt: skip
    assert {row["retention_days"] for row in names} == {31}
    early = samples_by_name(client, source, DAY, NEXT_DAY, hours_after(12), most=3).to_pylist()
    assert [row["is_complete"] for row in early] == [False] * 3
    assert pa.Table.from_pylist(names).num_rows == 3


def test_every_expression_of_the_catalogue_is_one_that_prometheus_accepts(client, hours_after):
    for metric in CATALOGUE.metrics.values():
        client.query(metric.query(), hours_after(1) - MILLISECOND)
    for count in CATALOGUE.requests.values():
        client.query(count.query(), hours_after(1) - MILLISECOND)
