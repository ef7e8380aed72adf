"""`finops report … --send`: one e-mail per period and recipient, none of a run that was cut short."""

import importlib.util
import re
import shutil
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from assets.tables import open_catalog
from pipelines.lake.address import parse_address
from pipelines.lake.build import stale_months
from pipelines.lake.store import Lake, PartitionState

from ..assets.anomaly_lake import mail_sink  # noqa: TID252 - tests are no package

ROOT = Path(__file__).parents[2]

_spec = importlib.util.spec_from_file_location("small_lake_for_mails", ROOT / "tests" / "end_to_end" / "conftest.py")
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)

# the same folder, lock and marker as there: whoever comes first makes the lake, the other finds it
small = _shared.small
MONTH = ("report", "monthly", "--period", "2026-06", "--out", "out")
PEOPLE = ["Finance <finance@example.org>", "cto@example.org"]


@pytest.fixture
def lake(small, tmp_path) -> str:
    """A lake of one's own, since who was sent what is written into it."""
    return str(shutil.copytree(small.lake, tmp_path / "lake"))


@pytest.fixture
def send(finops, lake, project, free_port):
    """Runs a command that sends through a server on this port, which tests start."""
    (project / "finops.toml").write_text(
        f"""[mail]
sender = "FinOps <finops@example.org>"
monthly_to = {PEOPLE}
host = "127.0.0.1"
port = {free_port}
security = "none"
pictures = false
timeout_seconds = 5
"""
    )
    return lambda *words: finops(*words, "--lake", lake)


def without_time(page: str) -> str:
    """A page without the minute it was made in."""
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "", page)


def test_a_review_is_sent_once_to_each_and_the_file_says_the_same(send, project, free_port):
    with mail_sink(free_port) as sink:
        sink.refused.add("cto@example.org")
        code, _, err = send(*MONTH, "--send")
        assert code == 6
        assert 'the e-mail to "cto@example.org": the mail server refused the recipient with 550' in err
        sink.refused.clear()
        for _ in range(2):
            code, out, err = send(*MONTH, "--send")
            assert code == 0, err
    assert "2 of 2 had it already" in err
    assert sorted(mail["To"] for mail in sink.messages) == sorted(PEOPLE)
    assert len({mail["Message-ID"] for mail in sink.messages}) == 2
    page, draft = map(Path, out.split())
    assert page.is_file()
    written = message_from_bytes(draft.read_bytes(), policy=policy.default)
    [mail, *_] = sink.messages
    assert written["Subject"] == mail["Subject"]
    pages = {without_time(each.get_body(("html",)).get_content()) for each in (written, mail)}
    assert len(pages) == 1
    assert "June 2026" in written["Subject"]
    assert {*(project / "out").iterdir()} == {page, draft}


def test_tables_of_a_run_that_was_cut_short_are_not_sent(send, lake, free_port):
    shutil.rmtree(Path(lake) / "gold" / "monthly_costs")
    with mail_sink(free_port) as sink:
        code, _, err = send(*MONTH, "--send")
    assert code == 4
    assert "run `finops run` to its end, then send" in err
    assert sink.messages == []


def test_a_table_that_came_out_as_it_was_is_sent_though_its_inputs_are_others(send, lake, free_port):
    opened, name, month = Lake(parse_address(lake)), "gold.monthly_costs", "2026-06"
    state = opened.state(name)
    rows = open_catalog(opened).query(f"select * from {name} where billing_month = '{month}'")
    known = PartitionState(state.partitions[month].content, "what it was made from before")
    opened.replace(name, rows, {month: known}, state.partition_by)
    assert stale_months(open_catalog(opened), [month]) == [month]
    with mail_sink(free_port) as sink:
        code, _, err = send(*MONTH, "--send")
    assert code == 0, err
    assert len(sink.messages) == len(PEOPLE)


def test_who_sends_and_who_gets_it_must_be_set(finops, small, project):
    code, _, err = finops(*MONTH, "--lake", str(small.lake), "--send")
    assert code == 3
    assert "mail.host is not set" in err
    (project / "finops.toml").write_text('[mail]\nhost = "mail.example.org"\nsecurity = "none"\nsender = "a@b.org"\n')
    code, _, err = finops(*MONTH, "--lake", str(small.lake), "--send")
    assert code == 3
    assert "set security to tls or starttls" in err


def test_a_kill_while_sending_never_makes_a_second_mail_under_another_name():
    from benchmarks.mail_kills import kill_and_look

    assert all(verdict.is_good for verdict in kill_and_look(3, seed=7))
