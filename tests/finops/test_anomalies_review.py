"""`finops anomalies list|show|explain|close|reopen`, and what a run fails on: a person's work with anomalies."""

import csv
import io
import json

import pytest

from assets.anomalies_tables import ANOMALIES
from pipelines.anomalies.baselines import LONGEST
from pipelines.reporting.anomaly_words import USUAL_AFTER_DAYS

from ..assets.anomaly_lake import (  # noqa: TID252 - tests are no package
    CLOSED,
    DISKS,
    NOTEBOOK,
    STORM,
    AnomalyLake,
    D,
    anomaly,
)


@pytest.fixture
def held(project, monkeypatch) -> AnomalyLake:
    """A lake with four anomalies, and a person at the keyboard."""
    lake = AnomalyLake(project / "lake").fill()
    monkeypatch.setenv("FINOPS_LAKE", lake.address)
    monkeypatch.setenv("LOGNAME", "mira")
    return lake


def listed(out: str) -> list[str]:
    return [line.split()[0] for line in out.splitlines()[2:]]


def test_open_ones_are_listed_by_their_cost_and_the_rest_is_counted_in_one_line(held, finops):
    code, out, err = finops("anomalies", "list")
    assert (code, listed(out)) == (0, [NOTEBOOK, DISKS])
    first = out.splitlines()[2]
    assert "sandbox › GPU › H100-1-80G › notebook-7  +€193.20 (+413%)  ml-team" in first
    assert "2026-11-02 to 2026-11-04, ongoing" in first
    assert "no owner" in out
    assert err.strip().splitlines()[-1] == "2 anomalies listed; not listed: 1 explained, 1 suppressed (--state all)"


def test_all_are_ranked_by_money_and_then_what_has_no_price(held, finops):
    _, out, err = finops("anomalies", "list", "--state", "all")
    assert listed(out) == [CLOSED, NOTEBOOK, DISKS, STORM]
    assert err.strip().splitlines()[-1] == "4 anomalies listed"
    assert "+500 bytes" in out.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--project", "SHOP"), [DISKS]),
        (("--project", "id-sandbox"), [NOTEBOOK]),
        (("--severity", "high"), [NOTEBOOK]),
        (("--since", "2026-11-05"), []),
        (("--state", "suppressed"), [STORM]),
        (("--state", "all", "--actionable"), [NOTEBOOK, DISKS]),
        (("--state", "explained", "--since", "2026-10-03"), [CLOSED]),
    ],
)
def test_the_list_is_narrowed_by_state_day_project_and_severity(held, finops, words, found):
    code, out, _ = finops("anomalies", "list", *words, "--format", "csv")
    assert (code, [row["anomaly_id"] for row in csv.DictReader(io.StringIO(out))]) == (0, found)


def test_csv_and_json_hold_exact_figures(held, finops):
    _, out, _ = finops("anomalies", "list", "--json", "--state", "all")
    rows = json.loads(out)["rows"]
    assert (rows[0]["impact"], rows[0]["anomaly_id"]) == ("900.125000000000", CLOSED)
    assert {"low", "high", "expected", "state_reason", "is_actionable"} <= set(rows[0])


def test_bad_words_get_one_line_with_the_remedy(held, finops):
    for words, said in (
        (("list", "--project", "shopp"), "no anomaly was ever found in project 'shopp'; did you mean shop?"),
        (("list", "--since", "yesterday"), "--since 'yesterday' is not a day; write YYYY-MM-DD"),
        (("show", "zz"), f"no anomaly is called 'zz'; the largest are {CLOSED} ("),
        (("show", "aa11aa11ab11"), f"did you mean {NOTEBOOK} (sandbox › GPU › notebook-7, 2026-11-02)?"),
        (("show", "aa"), "'aa' begins 2 ids: "),
        (("close", "aa11", "--reason", " "), "a reason is wanted"),
        (("close", "aa11", "--reason", "x", "--expected-until", "2026-11-03"), "lasts until 2026-11-04, after"),
        (("close", "aa11", "--reason", "x", "--expected-until", "soon"), "'soon' is not a day"),
        (("close", "aa11", "--reason", "x", "--expected-until", "2027-01-01", "--false-alarm"), "exclude each other"),
        (("reopen", "aa11", "--reason", "x"), f"{NOTEBOOK} is open already"),
    ):
        code, out, err = finops("anomalies", *words)
        assert (code, out, len(err.strip().splitlines())) == (2, "", 1), words
        assert said in err, err


def test_before_anything_was_judged_the_way_there_is_told(project, finops):
    code, _, err = finops("anomalies", "list", "--lake", str(project / "empty"))
    assert (code, "no day was judged for anomalies yet; run `finops demo`" in err) == (2, True)


def test_show_tells_what_when_how_much_why_what_else_changed_and_who(held, finops):
    code, out, _ = finops("anomalies", "show", "aa11")
    assert code == 0
    wanted = (
        f"{NOTEBOOK}  urgent, open", "spike of cost, 2026-11-02 to 2026-11-04, 3 days, ongoing", "€240.00",
        "€46.80, usually €30.00 to €60.00", "+€193.20 (+413%)", "ml-team, dev",
        "1. sandbox › GPU › /compute/h100: +€193.20, 100% of it",
        "2026-11-02 new resource: H100-1-80G started on note book-7, by ci-token", "https://wiki.example.org/spike",
        "90% of such alarms", "2026-11-03  first judged to be unusual", "nothing known explains it",
    )  # fmt: skip
    assert [each for each in wanted if each not in out] == []
    _, out, _ = finops("anomalies", "show", NOTEBOOK, "--json")
    told = json.loads(out)
    assert (told["anomaly"]["impact"], len(told["days"]), told["causes"][0]["rank"]) == ("193.200000000000", 4, 1)


def test_explain_shows_the_days_against_their_bounds_and_says_why_it_is_one_or_not(held, finops):
    _, out, _ = finops("anomalies", "explain", NOTEBOOK)
    assert "2 of its 3 days lie outside of what was expected of them then." in out
    assert "Somebody should act: it is open, nothing known explains it." in out
    (day,) = [line for line in out.splitlines() if line.startswith("2026-11-02  ")]
    assert day.split() == ["2026-11-02", "€80.00", "€15.60", "€10.00", "€20.00", "◄", "unusual"]
    assert "neither usage nor a price nor a planned change" in out
    _, out, _ = finops("anomalies", "explain", CLOSED)
    assert "Nobody has to act: it is explained, explained by +38 % requests." in out
    assert "requests of shop: +38 % requests explain 96 % of it" in out
    _, out, _ = finops("anomalies", "explain", DISKS)
    assert "not listed" not in out


def test_what_the_causes_leave_and_what_became_usual_is_said(held, finops):
    held.give(
        ANOMALIES,
        anomaly(NOTEBOOK, impact=D("400"), duration_days=28, is_ongoing=False),
        anomaly(DISKS, is_actionable=False, severity="low"),
    )
    _, out, _ = finops("anomalies", "show", NOTEBOOK)
    assert "and in parts that are not listed: +€206.80, 52% of it" in out
    assert "28 days, usual since" in out
    _, out, _ = finops("anomalies", "explain", DISKS)
    assert "Nobody has to act: it is open, nothing known explains it, but its severity is low." in out
    assert LONGEST == USUAL_AFTER_DAYS


def test_what_is_closed_leaves_the_list_at_once_and_the_reason_stays(held, finops):
    code, out, _ = finops("anomalies", "close", "aa11", "--reason", "stopped the  notebook")
    assert (code, out.strip()) == (
        0,
        f"{NOTEBOOK} (sandbox › GPU › H100-1-80G › notebook-7): closed; closed by mira: stopped the notebook",
    )
    _, out, err = finops("anomalies", "list")
    assert listed(out) == [DISKS]
    assert "1 closed" in err
    _, out, _ = finops("anomalies", "show", "aa11")
    (row,) = held.rows("select * from gold.anomaly_feedback")
    assert f"{row['said_at'].date()}  closed by mira: stopped the notebook" in out
    assert (row["verdict"], row["project_id"], row["kind"], row["resource_id"]) == (
        "closed",
        "id-sandbox",
        "spike",
        "r-7",
    )
    code, _, err = finops("anomalies", "close", "aa11", "--reason", "stopped the notebook")
    assert (code, "It was said before; nothing was written." in err) == (0, True)
    assert len(held.rows("select * from gold.anomaly_feedback")) == 1


def test_false_alarm_expected_and_reopened_each_hold_until_the_next_word(held, finops):
    finops("anomalies", "close", "aa11", "--reason", "tags moved", "--false-alarm", "--by", "jo")
    _, out, _ = finops("anomalies", "list", "--state", "closed", "--json")
    assert json.loads(out)["rows"][0]["state_reason"] == "closed as a false alarm by jo: tags moved"
    _, out, _ = finops("anomalies", "reopen", "aa11", "--reason", "again", "--json")
    assert (json.loads(out)["state"], json.loads(out)["is_actionable"]) == ("reopened", True)
    finops("anomalies", "close", "aa11", "--reason", "training", "--expected-until", "2026-12-24")
    _, out, _ = finops("anomalies", "list", "--state", "expected", "--json")
    (row,) = json.loads(out)["rows"]
    assert (row["expected_until"], row["is_actionable"]) == ("2026-12-24", False)
    _, out, _ = finops("anomalies", "show", "aa11")
    history = out[out.index("History") :]
    assert history.index("closed as a false alarm by jo") < history.index("reopened by mira: again")
    assert "expected until 2026-12-24 by mira: training" in history


def test_a_dry_run_says_what_would_be_and_writes_nothing(held, finops):
    code, out, err = finops("anomalies", "close", "aa11", "--reason", "x", "--dry-run")
    assert (code, out.startswith(f"Would be {NOTEBOOK}"), "Nothing was written." in err) == (0, True, True)
    assert not held.lake.exists("gold.anomaly_feedback")


def test_who_says_so_is_asked_for_where_nobody_knows(held, finops, monkeypatch):
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_123_456)
    code, _, err = finops("anomalies", "close", "aa11", "--reason", "x")
    assert (code, "Write --by NAME" in err) == (2, True)


def test_a_run_fails_with_ten_in_one_line_while_somebody_should_act(held, finops, key, monkeypatch):
    from assets import runs
    from assets.outcome import Outcome

    monkeypatch.setattr(runs, "run_build", lambda *_, **__: Outcome((), 0, ()))
    assert finops("run")[0] == 0
    code, _, err = finops("run", "--fail-on", "budget", "--fail-on", "anomalies")
    assert code == 10
    assert err.strip().splitlines()[-1] == (
        f"finops: anomaly {NOTEBOOK}, sandbox › GPU › H100-1-80G › notebook-7: +€193.20 (+413%); and 1 more, "
        "see `finops anomalies list`"
    )
    for identifier in (NOTEBOOK, DISKS):
        finops("anomalies", "close", identifier, "--reason", "done")
    assert finops("run", "--fail-on", "anomalies")[0] == 0
    code, _, err = finops("run", "--fail-on", "weather")
    assert (code, "write --fail-on budget or --fail-on anomalies" in err) == (2, True)
