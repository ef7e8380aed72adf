"""`[anomalies]` of `finops.toml`: typed, refused with the remedy, and no address of an alert in it or about it."""

import pickle
from datetime import date

import pytest

from pipelines.errors import ConfigurationError
from pipelines.secrets import masked
from pipelines.settings import load_settings, unknown_variables
from pipelines.settings_anomalies import Severity, alert_urls


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Settings of a file with this text."""

    def load(text: str):
        (tmp_path / "finops.toml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("FINOPS_CONFIG", str(tmp_path / "finops.toml"))
        return load_settings().anomalies

    return load


def test_floors_runbook_suppressions_and_alerts_are_read(written):
    found = written(
        '[anomalies]\npercent_floor = 20\nrunbook = "https://wiki.example.org/{kind}?p={project}"\n'
        '[[anomalies.suppressions]]\nproject = "sandbox"\nreason = "play"\nowner = "ml"\nuntil = 2026-12-31\n'
        '[anomalies.alerts]\nleast_severity = "high"\nsubject_prefix = "[cost]"\n'
    )
    (suppression,) = found.suppressions
    assert (found.percent_floor, found.alerts.least_severity) == (20, Severity.high)
    assert (suppression.project, suppression.service, suppression.until) == ("sandbox", "*", date(2026, 12, 31))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("percent_flor = 5", "unknown key anomalies.percent_flor; did you mean anomalies.percent_floor?"),
        ("percent_floor = -1", "anomalies.percent_floor"),
        ("false_discovery_rate = 1", "expected less than 1"),
        ('runbook = "wiki/{kind}"', "expected a URL such as https://wiki.example.org/runbooks/{kind}"),
        ('runbook = "https://wiki.example.org/{team}"', "expected a URL such as"),
        ('runbook = "https://wiki.example.org/{kind"', "expected a URL"),
        ('[[anomalies.suppressions]]\nkind = "spike"\nowner = "a"\nuntil = 2026-12-01', "reason: Field required"),
        ('[[anomalies.suppressions]]\nkind = "spike"\nreason = "a"\nuntil = 2026-12-01', "owner: Field required"),
        ('[[anomalies.suppressions]]\nkind = "spike"\nreason = "a"\nowner = "b"', "until: Field required"),
        (
            '[[anomalies.suppressions]]\nreason = "a"\nowner = "b"\nuntil = 2026-12-01',
            "suppression 'a' leaves out everything; set one of project, service, sku or kind",
        ),
        (
            '[[anomalies.suppressions]]\nprojct = "x"\nreason = "a"\nowner = "b"\nuntil = 2026-12-01',
            "did you mean anomalies.suppressions.0.project?",
        ),
        ('[anomalies.alerts]\nleast_severity = "huge"', "expected 'urgent', 'high', 'medium' or 'low'"),
        (
            '[anomalies.alerts]\ntokens = "x"',
            "keys and secrets come only from the environment or the scw profile, take it out of the file",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(written, text, complaint):
    with pytest.raises(ConfigurationError) as refused:
        written(f"[anomalies]\n{text}\n")
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_urls_are_told_apart_and_named():
    found = alert_urls(
        {"FINOPS_ALERT_URLS": "team=mailtos://u:p@h?to=a@x.org,b@x.org, json://h/1,\n json://h/2 chat=slack://a/b/c,"}
    )
    assert {name: url.reveal() for name, url in found.items()} == {
        "team": "mailtos://u:p@h?to=a@x.org,b@x.org",
        "json": "json://h/1",
        "json-2": "json://h/2",
        "chat": "slack://a/b/c",
    }
    assert alert_urls({}) == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("hidden-word", "entry 1 is no address"),
        ("json://h/x,a=json://hidden word", "entry 2 is no address"),
        ("a=json://h/hidden,a=json://h/hidden2", "two entries are named 'a'"),
    ],
)
def test_what_is_no_url_is_refused_without_showing_it(text, complaint):
    with pytest.raises(ConfigurationError) as refused:
        alert_urls({"FINOPS_ALERT_URLS": text})
    assert complaint in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_a_url_and_its_password_show_nowhere(monkeypatch):
    monkeypatch.setenv("FINOPS_ALERT_URLS", "mailtos://me:hidden%20word@h.example.org?to=a@example.org")
    found = load_settings().alert_urls()
    assert "hidden" not in repr(found) + str(found) + f"{found}" + repr(load_settings())
    assert "hidden" not in masked("sign in with hidden word or hidden%20word")
    assert unknown_variables() == []
    with pytest.raises(TypeError):
        pickle.dumps(found)
