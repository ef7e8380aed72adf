"""Every configuration that is printed is taken by the program it is for, or by a parser of its language."""

import os
import re
import shutil
import subprocess
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipelines.telemetry.classes import PROTECTED_WORDS, LogClass
from pipelines.telemetry.configs import alloy, loki, otel, prometheus
from pipelines.telemetry.policy import ClassPolicy, Policy
from pipelines.telemetry.traces import TailSampling

NAMES = ["node_systemd_unit_state", "go_gc_duration_seconds", "odd:name"]
SERVICES = ["checkout-staging", 'odd "name"']


def promtool(kind, text, tmp_path):
    found = shutil.which("promtool")
    if found is None:
        reason = "promtool is not installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    path = tmp_path / "written.yml"
    path.write_text(text)
    ran = subprocess.run([found, "check", kind, str(path)], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize(("names", "seconds"), [(NAMES, None), ([], 60), (NAMES, 120)])
def test_prometheus_takes_the_relabelling(names, seconds, tmp_path):
    code, said = promtool("config", prometheus.scrape_config(names, seconds), tmp_path)
    assert code == 0, said


def test_prometheus_takes_the_aggregations(tmp_path):
    code, said = promtool("rules", prometheus.aggregation_rules([*NAMES, "node_interrupts_total"]), tmp_path)
    assert code == 0, said
    assert "4 rules found" in said


def test_promtool_refuses_a_broken_rule(tmp_path):
    text = prometheus.scrape_config(NAMES, 60).replace("action: drop", "action: lose")
    assert promtool("config", text, tmp_path)[0] != 0


@given(names=st.lists(st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:.+]{0,20}", fullmatch=True), min_size=1, max_size=6))
def test_exactly_the_names_match_what_is_dropped(names):
    job = yaml.safe_load(prometheus.scrape_config(names))["scrape_configs"][0]
    pattern = re.compile(job["metric_relabel_configs"][0]["regex"])
    assert all(pattern.fullmatch(name) for name in names)
    assert not any(pattern.fullmatch(f"{name}x") for name in names if f"{name}x" not in names)


COLLECTORS = {
    "metrics": otel.metric_filter(NAMES),
    "logs": otel.log_filter(SERVICES, LogClass.debug),
    "archive": otel.archived_logs(SERVICES, Decimal("0.25"), "log-archive", "fr-par"),
    "traces": otel.tail_sampling(TailSampling()),
}


@pytest.mark.parametrize("name", COLLECTORS)
def test_every_pipeline_of_a_collector_names_what_is_there_and_all_that_is_there_is_used(name):
    config = yaml.safe_load(COLLECTORS[name])
    pipelines = config["service"]["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        assert {each for pipeline in pipelines for each in pipeline[kind]} == set(config[kind])


def conditions(text):
    """Of every filter, in order."""
    config = yaml.safe_load(text)
    filters = [told for name, told in config["processors"].items() if name.startswith("filter/")]
    signals = [signal for told in filters for signal in told.values() if isinstance(signal, dict)]
    return [each for signal in signals for listed in signal.values() for each in listed]


def test_conditions_close_their_quotes_and_brackets_and_drop_no_record_without_severity():
    for name in ("metrics", "logs", "archive"):
        for condition in conditions(COLLECTORS[name]):
            bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", condition)
            assert '"' not in bare
            assert bare.count("(") == bare.count(")")
            assert not re.search(r"(?<!\$)\$(?!\$)", condition), "the collector would take it for a variable"
    assert all("SEVERITY_NUMBER_UNSPECIFIED" in each for each in conditions(COLLECTORS["logs"]))
    first, second, third = conditions(COLLECTORS["archive"])
    assert second == f"not ({third})", "what one pipeline drops the other takes"
    assert 'service.name"] == "checkout-staging"' in first


@pytest.mark.parametrize("log_class", [LogClass.error, LogClass.audit, LogClass.slow, LogClass.unknown])
def test_there_is_no_configuration_that_drops_a_protected_class(log_class):
    with pytest.raises(KeyError):
        otel.log_filter(SERVICES, log_class)


def test_traces_are_kept_when_they_failed_or_were_slow():
    config = yaml.safe_load(COLLECTORS["traces"])["processors"]["tail_sampling/finops"]
    told = {policy["name"]: policy for policy in config["policies"]}
    assert told["errors"]["status_code"] == {"status_codes": ["ERROR"]}
    assert told["slow"]["latency"] == {"threshold_ms": 1000}
    assert told["rest"]["probabilistic"] == {"sampling_percentage": 5.0}


ALLOYS = {
    "relabel": alloy.relabel(NAMES),
    "drop": alloy.log_stage(SERVICES, ["debug", "trace"], Decimal(0)),
    "sample": alloy.log_stage(["shop-api"], ["info"], Decimal("0.25")),
    "traces": alloy.tail_sampling(TailSampling(2.5, 0.1)),
}
_TOKEN = re.compile(
    r'\s*(?:(?P<raw>`[^`]*`)|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)'
    r"|(?P<sign>[{}\[\]=,]))"
)


def parsed(text):
    """A block after the other, by the grammar of Alloy: `name "label" { attribute = value … block … }`."""
    tokens = [(found.lastgroup, found[found.lastgroup]) for found in _TOKEN.finditer(text)]
    assert "".join(value for _, value in tokens) == re.sub(
        r"\s+(?=(?:[^`\"]|`[^`]*`|\"(?:[^\"\\]|\\.)*\")*$)", "", text
    )
    place = 0

    def take(kind, value=None):
        nonlocal place
        found = tokens[place]
        assert found[0] == kind, (found, kind, value)
        assert value is None or found[1] == value, (found, value)
        place += 1
        return found[1]

    def value():
        if tokens[place] == ("sign", "["):
            take("sign", "[")
            items = []
            while tokens[place] != ("sign", "]"):
                items.append(value())
                if tokens[place] == ("sign", ","):
                    take("sign", ",")
            take("sign", "]")
            return items
        if tokens[place] == ("sign", "{"):
            take("sign", "{")
            pairs = {}
            while tokens[place] != ("sign", "}"):
                name = take("word")
                take("sign", "=")
                pairs[name] = value()
                if tokens[place] == ("sign", ","):
                    take("sign", ",")
            take("sign", "}")
            return pairs
        return take(tokens[place][0])

    def body():
        held = []
        while place < len(tokens) and tokens[place] != ("sign", "}"):
            name = take("word")
            if tokens[place] == ("sign", "="):
                take("sign", "=")
                held.append((name, value()))
                continue
            name_of = take("text") if tokens[place][0] == "text" else ""
            take("sign", "{")
            held.append((name + name_of, body()))
            take("sign", "}")
        return held

    whole = body()
    assert place == len(tokens)
    return whole


@pytest.mark.parametrize("name", ALLOYS)
def test_alloy_texts_follow_its_grammar(name):
    (block,) = parsed(ALLOYS[name])
    assert '"finops"' in block[0]
    assert len(block[1]) >= 2


def test_the_parser_of_these_tests_refuses_what_is_broken():
    for wrong in (ALLOYS["drop"].replace("  }\n}\n", "}\n"), ALLOYS["relabel"].replace("`", "", 1)):
        with pytest.raises((AssertionError, IndexError)):
            parsed(wrong)


def test_the_words_that_protect_stand_before_every_block_that_drops():
    for name in ("drop", "sample"):
        ((_, held),) = parsed(ALLOYS[name])
        for stage, inner in held[1:]:
            assert stage == "stage.match"
            assert "!~" in dict(inner)["selector"]
            assert "traceback" in dict(inner)["selector"]


def test_agents_written_in_go_understand_the_expressions():
    for text in (PROTECTED_WORDS, alloy.LEVEL, alloy.LEVEL_WORD):
        re.compile(text)
        assert not re.search(r"\(\?[=!<](?!P)", text.replace("(?P<", "")), (
            "Go's expressions look neither ahead nor back"
        )


@given(
    days=st.dictionaries(st.sampled_from(LogClass), st.builds(ClassPolicy, st.integers(0, 900), st.integers(0, 900))),
    levels=st.lists(st.sampled_from(["debug", "info", "warn", "error", "fatal", "audit", "what"]), max_size=5),
)
def test_loki_shortens_no_level_that_must_be_kept(days, levels):
    policy = Policy(days)
    config = yaml.safe_load(loki.retention({"shop-api": levels}, policy))
    longest = policy.shortest(frozenset(LogClass))
    assert config["limits_config"]["retention_period"] == f"{24 * longest}h"
    for rule in config["limits_config"]["retention_stream"]:
        assert re.search(r'level="(debug|info|warn)"', rule["selector"])
        assert int(rule["period"].removesuffix("h")) >= 24
