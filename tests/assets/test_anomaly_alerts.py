"""People are told what they should act on, once, by every destination that works; and no secret is ever seen."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from assets.anomalies_tables import ANOMALIES
from assets.anomaly_alerts import due_alerts, send_alerts
from assets.anomaly_feedback import Word, anomalies_now, say
from assets.anomaly_figures import amount
from finops.cli import main
from pipelines.alerts.sending import Delivery
from pipelines.anomalies.feedback import Verdict
from pipelines.settings import load_settings
from pipelines.settings_anomalies import Severity

from .anomaly_lake import DISKS, NOTEBOOK, NOW, ROWS, STORM, AnomalyLake, anomaly, mail_sink, webhook

PASSWORD, TOKEN = "correct-horse-battery", "tok-9f8e7d6c5b4a"


@pytest.fixture
def held(tmp_path) -> AnomalyLake:
    return AnomalyLake(tmp_path / "lake").fill()


@pytest.fixture
def told(monkeypatch):
    """`told({"mail": None, "hook": "it answered HTTP 500"})`: destinations that take everything, or refuse so."""
    monkeypatch.setenv("FINOPS_ALERT_URLS", "mail=fake://mail,hook=fake://hook")
    sent: list[tuple[str, str]] = []

    def run(held, problems=None, settings=None):
        def deliver(message, url):
            name = url.reveal().partition("://")[2]
            problem = (problems or {}).get(name)
            if problem is None:
                sent.append((name, message.subject))
            return Delivery(problem is None, problem)

        sent.clear()
        found = send_alerts(held.catalog, settings or load_settings(), lambda: NOW, deliver)
        return found, list(sent)

    return run


def test_only_what_somebody_should_act_on_is_told_and_the_most_severe_first(held):
    due, waiting = due_alerts(held.catalog, load_settings(), ["mail"])
    assert ([each.anomaly["anomaly_id"] for each in due], waiting) == ([NOTEBOOK, DISKS], 0)


def test_an_event_is_told_once_to_each_destination_whatever_is_repeated(held, told):
    first, sent = told(held)
    assert (first.sent, first.failures, len(sent)) == (4, (), 4)
    again, sent = told(held)
    assert (again.sent, again.failures, sent) == (0, (), [])
    rows = held.rows("select anomaly_id, destination, sent_at, severity from gold.anomaly_alerts order by all")
    assert [(row["anomaly_id"], row["destination"]) for row in rows] == [
        (NOTEBOOK, "hook"), (NOTEBOOK, "mail"), (DISKS, "hook"), (DISKS, "mail"),
    ]  # fmt: skip
    assert {row["alerted_on"] for row in anomalies_now(held.catalog) if row["anomaly_id"] == NOTEBOOK} == {NOW.date()}


def test_who_refused_is_named_left_alone_for_the_run_and_tried_again_by_the_next(held, told):
    found, sent = told(held, {"hook": "it answered HTTP 500"})
    assert (found.sent, {name for name, _ in sent}) == (2, {"mail"})
    assert found.failures == (
        "2 alerts to 'hook' of FINOPS_ALERT_URLS: it answered HTTP 500; the next run or `finops anomalies alert` "
        "tries again",
    )
    again, sent = told(held)
    assert (again.sent, {name for name, _ in sent}) == (2, {"hook"})


def test_what_is_closed_expected_or_suppressed_is_not_told_and_what_is_reopened_is(held, told):
    rows = {row["anomaly_id"]: row for row in anomalies_now(held.catalog)}
    say(held.catalog, rows[NOTEBOOK], Word(Verdict.closed, "stopped it", "mira"), NOW)
    say(held.catalog, rows[DISKS], Word(Verdict.expected, "migration", "mira", date(2026, 11, 30)), NOW)
    assert told(held)[0].sent == 0
    say(held.catalog, rows[STORM], Word(Verdict.reopened, "no test runs", "mira"), NOW)
    found, sent = told(held)
    assert (found.sent, all("shop › logs" in subject for _, subject in sent)) == (2, True)


def test_floors_of_severity_age_and_number_hold_and_what_waits_comes_with_the_next_run(held, told):
    settings = load_settings()

    def with_alerts(**changes):
        alerts = settings.anomalies.alerts.model_copy(update=changes)
        return settings.model_copy(update={"anomalies": settings.anomalies.model_copy(update={"alerts": alerts})})

    due, _ = due_alerts(held.catalog, with_alerts(least_severity=Severity.high), ["mail"])
    assert [each.anomaly["anomaly_id"] for each in due] == [NOTEBOOK]
    limited = with_alerts(most_per_run=1)
    first, sent = told(held, settings=limited)
    assert (first.waiting, len(sent), "sandbox" in sent[0][1]) == (1, 2, True)
    assert next(subject for _, subject in told(held, settings=limited)[1]).startswith("[FinOps] medium: shop")
    old = anomaly("ee55ee55ee55", last_day=date(2026, 11, 4) - timedelta(days=30), is_ongoing=False)
    held.give(ANOMALIES, *ROWS, old)
    assert told(held)[0].sent == 0


def test_without_a_destination_nothing_is_sent_and_nothing_is_written(held, monkeypatch):
    monkeypatch.delenv("FINOPS_ALERT_URLS", raising=False)
    found = send_alerts(held.catalog, load_settings(), lambda: NOW, lambda *_: pytest.fail("was sent"))
    assert (found.sent, held.lake.exists("gold.anomaly_alerts")) == (0, False)


def test_a_name_of_a_resource_can_break_neither_subject_nor_lines(held):
    held.give(ANOMALIES, anomaly(NOTEBOOK, root_cause="a\r\nBcc: all@example.org", owner="x\nSeverity      low"))
    (due,), _ = due_alerts(held.catalog, load_settings(), [])
    assert "\n" not in due.message.subject
    assert "\r" not in due.message.subject
    assert len([line for line in due.message.text.splitlines() if line.startswith("Severity ")]) == 1


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("1234.567", "EUR", "+€1,234.57"),
        ("-0.5", "EUR", "−€0.50"),
        ("110.2", "run (EUR)", "+€110 per run"),
        ("-0.012345", "thousand requests (EUR)", "−€0.0123 per thousand requests"),
        ("9000000000", "bytes", "+9 GB"),
        ("999", "bytes", "+999 bytes"),
        ("20386744.7", "requests", "+20,386,745 requests"),
        ("0.00123456", "samples", "+0.001235 samples"),
        ("0", "GB", "0 GB"),
    ],
)
def test_figures_have_the_digits_that_mean_something_and_their_unit(value, unit, words):
    assert amount(Decimal(value), unit, "en_IE", plus=True) == words


# --- the real thing: an SMTP server, an HTTP server, the command


@pytest.fixture
def place(held, monkeypatch, tmp_path, free_port):
    """The lake, a mail server and a webhook, and the environment that leads to them."""
    with mail_sink(free_port) as sink, webhook() as hook:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("FINOPS_LAKE", held.address)
        mail = f"mailto://127.0.0.1:{sink.port}?from=finops@example.org&to=team@example.org&mode=insecure"
        monkeypatch.setenv(
            "FINOPS_ALERT_URLS",
            f"team={mail},\n  json://hooker:{PASSWORD}@127.0.0.1:{hook.port}/in/{TOKEN}?+X-Key=header-{TOKEN}",
        )
        yield held, sink, hook


def everything_written(held, capsys) -> str:
    """All that was printed, and every file of the lake."""
    from pathlib import Path

    printed = capsys.readouterr()
    files = [path.read_bytes().decode("latin-1") for path in Path(held.address).rglob("*") if path.is_file()]
    return printed.out + printed.err + "".join(files)


def test_mail_and_webhook_get_everything_a_person_needs_once(place, capsys):
    _held, sink, hook = place
    assert main(["anomalies", "alert"]) == 0
    assert "Sent: 4 messages" in capsys.readouterr().out
    mail, other = sink.messages
    assert mail["Subject"] == "[FinOps] urgent: sandbox › GPU › H100-1-80G › notebook-7: +€193.20 (+413%)"
    assert mail["To"] == "team@example.org"
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert other["Subject"].startswith("[FinOps] medium: shop › Block Storage: +€20.00")
    wanted = (
        "Severity: urgent", "Owner: ml-team (dev)", "+€193.20 (+413%)", "€240.00", "€46.80, usually €30.00 to €60.00",
        "sandbox › GPU › H100-1-80G › notebook-7", "2026-11-02 new resource: H100-1-80G started",
        "open, since 2026-11-03: nothing known explains it", f"finops anomalies show {NOTEBOOK}",
        "https://wiki.example.org/spike", "ci-token", "2026-11-02 to 2026-11-04, 3 days, ongoing", "90% of such alarms",
    )  # fmt: skip
    assert [each for each in wanted if each not in text] == []
    assert 'href="https://wiki.example.org/spike"' in html
    assert len(html.encode()) < 80_000
    posted = hook.posts[0]
    assert (posted["title"], posted["type"]) == (mail["Subject"], "failure")
    assert f"finops anomalies show {NOTEBOOK}" in posted["message"]
    assert "Severity      urgent" in posted["message"]
    assert main(["anomalies", "alert"]) == 0
    assert (len(sink.messages), len(hook.posts)) == (2, 2)


def test_a_server_that_fails_is_one_clear_line_with_code_6_and_the_next_call_makes_up_for_it(place, capsys):
    _held, sink, hook = place
    hook.status = 503
    assert main(["anomalies", "alert"]) == 6
    complaint = capsys.readouterr().err.strip().splitlines()[-1]
    assert complaint == (
        "finops: not sent: 2 alerts to 'json' of FINOPS_ALERT_URLS: it answered HTTP 503; the next run or "
        "`finops anomalies alert` tries again"
    )
    assert (len(sink.messages), hook.posts, len(hook.paths)) == (2, [], 1)
    hook.status = 200
    assert main(["anomalies", "alert"]) == 0
    assert (len(sink.messages), len(hook.posts)) == (2, 2)


@pytest.mark.parametrize("status", [200, 500])
def test_no_secret_of_a_url_is_printed_logged_or_stored(place, capsys, caplog, status):
    held, _, hook = place
    hook.status = status
    caplog.set_level("DEBUG")
    main(["--debug", "--log-format", "json", "anomalies", "alert"])
    main(["anomalies", "alert", "--dry-run", "--json"])
    main(["config", "show", "--origin"])
    assert hook.paths[0].startswith(f"/in/{TOKEN}")
    written = everything_written(held, capsys)
    assert PASSWORD not in written + caplog.text
    shown = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("urllib3"))
    assert TOKEN not in written + shown


def test_a_recipient_that_is_refused_is_told_and_the_others_do_not_get_it_twice(place, monkeypatch, capsys):
    _, sink, _ = place
    url = f"mailto://127.0.0.1:{sink.port}?from=f@example.org&to=team@example.org,gone@example.org&mode=insecure"
    monkeypatch.setenv("FINOPS_ALERT_URLS", url)
    sink.refused = {"gone@example.org"}
    assert main(["anomalies", "alert"]) == 6
    assert "its mail server answered 550, for some of its recipients; it is not sent again" in capsys.readouterr().err
    assert main(["anomalies", "alert"]) == 0
    assert [mail["To"] for mail in sink.messages] == ["team@example.org"] * 2


def test_a_dry_run_shows_every_message_and_sends_none(place, capsys):
    held, sink, hook = place
    assert main(["anomalies", "alert", "--dry-run"]) == 0
    shown = capsys.readouterr()
    assert "To:      team, json" in shown.out
    assert "Subject: [FinOps] urgent: sandbox" in shown.out
    assert "2 alerts would be sent; nothing was" in shown.err
    assert (sink.messages, hook.paths, held.lake.exists("gold.anomaly_alerts")) == ([], [], False)


def test_nowhere_to_send_to_is_an_error_of_the_configuration(place, monkeypatch, capsys):
    monkeypatch.delenv("FINOPS_ALERT_URLS")
    assert main(["anomalies", "alert"]) == 3
    assert "FINOPS_ALERT_URLS is not set, so there is nobody to tell" in capsys.readouterr().err


def test_the_step_of_a_run_sends_and_what_it_could_not_send_makes_the_result_partial(place):
    import dagster as dg

    from assets.anomaly_alerts_assets import anomaly_alert_assets
    from assets.outcome import outcome_of
    from assets.resources import ClockResource, LakeResource
    from pipelines.errors import PartialResult

    held, sink, hook = place
    hook.status = 500
    resources = {"lake": LakeResource(address=held.address), "clock": ClockResource(now=NOW.isoformat())}
    outcome = outcome_of(dg.materialize(anomaly_alert_assets({}), resources=resources))
    assert (outcome.tables_written, outcome.rows_written, len(sink.messages)) == (["gold/anomaly_alerts"], 2, 2)
    with pytest.raises(PartialResult, match="2 alerts to 'json' of FINOPS_ALERT_URLS: it answered HTTP 500"):
        outcome.raise_if_failed()
    hook.status = 200
    again = outcome_of(dg.materialize(anomaly_alert_assets({}), resources=resources))
    assert (again.missing, again.rows_written, len(sink.messages), len(hook.posts)) == ((), 2, 2, 2)
    assert {row["sent_at"] for row in held.rows("select sent_at from gold.anomaly_alerts")} == {NOW}
