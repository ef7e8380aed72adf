"""A message says the same as text and as HTML, and no name in it is ever markup."""

from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.alerts.message import Alert, message

ALERT = Alert(
    anomaly_id="aa11aa11aa11",
    severity="urgent",
    what="sandbox › GPU",
    kind="spike of cost",
    when="2026-11-02, 1 day, ongoing",
    actual="€240.00",
    expected="€46.80",
    impact="+€193.20 (+413%)",
    owner="ml-team",
    environment="dev",
    root_cause="sandbox › GPU › notebook-7",
    explanation="",
    state="open",
    confidence="",
    runbook="https://wiki.example.org/spike",
    causes=tuple(f"part {number}" for number in range(7)),
)


class Words(HTMLParser):
    """The text of a page and the names of its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self.elements, self.links = "", [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.links += [value for name, value in attributes if name == "href"]

    def handle_data(self, data):
        self.words += data


def test_both_forms_say_every_fact_that_is_known_and_no_other():
    made = message(ALERT, "[FinOps]")
    words = Words(made.html).words
    for fact in ("urgent", "ml-team (dev)", "€240.00", "€46.80", "+€193.20 (+413%)", "sandbox › GPU › notebook-7"):
        assert fact in made.text
        assert fact in words
    assert "Confidence" not in made.text + words
    assert "… and 2 more" in made.text
    assert "nothing that is recorded" in words
    assert made.subject == "[FinOps] urgent: sandbox › GPU: +€193.20 (+413%)"


def test_a_missing_owner_is_a_finding_and_a_missing_runbook_is_no_link():
    made = message(replace(ALERT, owner="", environment="", runbook=""), "")
    assert "nobody: this resource has no owner" in made.text
    assert "Runbook" not in made.text + made.html
    assert Words(message(replace(ALERT, runbook="javascript:alert(1)"), "").html).links == []


def test_a_subject_stays_short():
    assert len(message(replace(ALERT, what="x" * 500), "[FinOps]").subject) == 160


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60))
def test_a_name_is_never_markup(name):
    plain = Words(message(replace(ALERT, what="x", owner="y", causes=("z",)), "").html)
    named = Words(message(replace(ALERT, what=name or "x", owner=name or "y", causes=(name,)), "").html)
    assert named.elements == plain.elements
    assert named.links == plain.links
