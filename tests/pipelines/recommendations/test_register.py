"""The register: what is advised, done, gone and why, what people said, and nothing that is lost or told twice."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.recommendations.engine import Policy, ask
from pipelines.recommendations.recommendation import Recommendation
from pipelines.recommendations.register import Aside, Day, registered, unjudged_rows
from pipelines.recommendations.said import Said, Word

from .small_world import (
    DAY,
    NothingToDo,
    Unjudged,
    advice,
    resource,
    rule,
    world,
)

DELETE = advice("idle", "web", "delete")
RESIZE = advice("size", "web", "PRO2-S", 30)
IDLE, SIZE = DELETE.recommendation_id, RESIZE.recommendation_id


def day_of(*answers, today=DAY, things=None, said=(), asides=(), rules=None, tables=None, protected=()) -> Day:
    """A day with what each rule answered; both rules are asked unless the test says otherwise."""
    seen = world(*(things if things is not None else (resource("web", resource_class="PRO2-M"),)), today=today)
    seen = replace(seen, resources={} if things == () else seen.resources, tables=tables or {})
    asked = rules or [rule(name, *(each for each in answers if each.rule == name)) for name in ("idle", "size")]
    return Day(seen, ask(seen, asked, Policy(protected)), {each.recommendation_id: each for each in said}, asides)


def word(recommendation_id: str, word: Word, day: date = DAY, **more) -> Said:
    return Said(
        recommendation_id, datetime(day.year, day.month, day.day, 9, tzinfo=UTC), "mira", word, "as said", **more
    )


def later(days: int) -> date:
    return DAY + timedelta(days=days)


def only(rows):
    (row,) = rows
    return row


def test_a_new_recommendation_is_open_and_an_old_one_keeps_its_first_day():
    first = only(registered([], day_of(DELETE)))
    assert (first["status"], first["first_seen"], first["last_seen"], first["is_counted"]) == ("open", DAY, DAY, True)
    second = only(registered([first], day_of(replace(DELETE, reason="still idle"), today=later(3))))
    assert (second["first_seen"], second["last_seen"], second["reason"]) == (DAY, later(3), "still idle")


def test_a_deleted_resource_is_seen_done_where_that_was_the_advice_and_else_gone():
    before = registered([], day_of(DELETE, RESIZE))
    found = {row["recommendation_id"]: row for row in registered(before, day_of(today=later(1), things=()))}
    assert (found[IDLE]["status"], found[IDLE]["status_reason"]) == (
        "done",
        "deleted: the inventory no longer shows it",
    )
    assert (found[SIZE]["status"], found[SIZE]["status_reason"]) == ("gone", "its resource no longer exists")
    assert found[IDLE]["status_since"] == later(1)
    assert registered(list(found.values()), day_of(today=later(9), things=())) == list(found.values())


def test_a_resource_of_the_advised_class_is_seen_done():
    before = registered([], day_of(RESIZE))
    row = only(registered(before, day_of(today=later(1), things=(resource("web", resource_class="pro2-s"),))))
    assert (row["status"], row["status_reason"]) == ("done", "the inventory shows pro2-s")


def test_what_is_no_longer_advised_is_gone_and_says_why():
    before = registered([], day_of(DELETE))
    quiet = only(registered(before, day_of(NothingToDo("idle", "web"), today=later(1))))
    assert (quiet["status"], quiet["status_reason"], quiet["is_counted"]) == ("gone", "no longer advised", False)
    other = registered(before, day_of(advice("idle", "web", "stop"), today=later(1)))
    assert {row["status_reason"] for row in other} == {"advised instead: stop", ""}
    left_out = only(registered(before, day_of(rules=[rule("size")], today=later(1))))
    assert left_out["status_reason"] == "its rule is no longer asked"
    things = (resource("web", tags=("finops:keep",)),)
    kept = only(registered(before, day_of(DELETE, things=things, protected=("finops:keep",), today=later(1))))
    assert kept["status_reason"] == "protected by the tag finops:keep"


def test_what_could_not_be_judged_stays_as_it_was_with_the_day_it_last_was():
    before = registered([], day_of(DELETE))
    row = only(registered(before, day_of(Unjudged("idle", "web", "no cpu metric"), today=later(2))))
    assert (row["status"], row["judged_on"], row["last_seen"]) == ("open", DAY, DAY)
    assert (row["status_reason"], row["is_counted"]) == (f"last judged on {DAY}: no cpu metric", True)
    nothing = {"gold.load": pa.table({"x": pa.nulls(0)})}
    silent = day_of(rules=[rule("idle", reads=("gold.load",))], tables=nothing, today=later(3))
    assert only(registered([row], silent))["status"] == "open"
    back = only(registered([row], day_of(DELETE, today=later(4))))
    assert (back["status"], back["status_reason"], back["judged_on"], back["returned_on"]) == (
        "open",
        "",
        later(4),
        None,
    )


def test_what_comes_back_is_open_again_and_says_so():
    rows = registered([], day_of(DELETE))
    rows = registered(rows, day_of(today=later(1)))
    accepted = word(IDLE, Word.accepted)
    row = only(registered(rows, day_of(DELETE, today=later(5), said=[accepted])))
    assert (row["status"], row["first_seen"], row["returned_on"]) == ("open", DAY, later(5))
    assert row["status_reason"] == f"it is back: no longer advised since {later(1)}, and advised again since {later(5)}"
    declined = word(IDLE, Word.rejected)
    assert only(registered(rows, day_of(DELETE, today=later(5), said=[declined])))["status"] == "rejected"


@pytest.mark.parametrize(
    ("said", "status", "is_counted"),
    [
        (word(IDLE, Word.accepted), "accepted", True),
        (word(IDLE, Word.done), "done", False),
        (word(IDLE, Word.rejected), "rejected", False),
        (word(IDLE, Word.suppressed, until=later(3), owner="ops"), "suppressed", True),
        (word(IDLE, Word.reopened), "open", True),
    ],
)
def test_what_people_say_holds(said, status, is_counted):
    before = registered([], day_of(DELETE))
    row = only(registered(before, day_of(DELETE, today=later(2), said=[said])))
    assert (row["status"], row["status_reason"], row["is_counted"]) == (status, "as said", is_counted)


def test_a_suppression_ends_on_its_day_and_is_open_again():
    said = word(IDLE, Word.suppressed, until=later(3), owner="ops")
    row = only(registered([], day_of(DELETE, today=later(3), said=[said])))
    assert (row["status"], row["status_until"], row["status_owner"]) == ("suppressed", later(3), "ops")
    row = only(registered([row], day_of(DELETE, today=later(4), said=[said])))
    assert (row["status"], row["status_reason"]) == ("open", f"it was suppressed until {later(3)}: as said")


def test_done_that_is_still_advised_after_its_window_is_open_again():
    said = word(IDLE, Word.done)
    rows = registered([], day_of(DELETE))
    assert only(registered(rows, day_of(DELETE, today=later(35), said=[said])))["status"] == "done"
    row = only(registered(rows, day_of(DELETE, today=later(36), said=[said])))
    assert row["status"] == "open"
    assert row["status_reason"] == f"said to be done on {DAY} by mira, yet still advised on {later(36)}"
    assert only(registered(rows, day_of(today=later(36), said=[said])))["status"] == "done"


def test_what_later_bills_show_is_verified_and_only_where_it_is_done():
    proof = {IDLE: "later bills show 38.00 EUR a month", SIZE: "x"}
    rows = registered([], day_of(DELETE, RESIZE))
    day = replace(day_of(RESIZE, today=later(9), said=[word(IDLE, Word.done)]), proofs=proof)
    found = {row["recommendation_id"]: row for row in registered(rows, day)}
    assert (found[IDLE]["status"], found[IDLE]["status_reason"]) == ("verified", proof[IDLE])
    assert (found[IDLE]["status_since"], found[SIZE]["status"]) == (DAY, "open")


def test_settings_set_aside_what_they_mean_until_their_day_and_a_word_goes_before_them():
    aside = Aside("load test", "ops", later(1), rule="id*", project="SHOP", tag="env:prod")
    row = only(registered([], day_of(DELETE, asides=[aside])))
    assert (row["status"], row["status_reason"], row["status_owner"]) == ("suppressed", "load test", "ops")
    later_row = only(registered([row], day_of(DELETE, asides=[aside], today=later(1))))
    assert later_row["status_since"] == DAY
    assert only(registered([row], day_of(DELETE, asides=[aside], today=later(2))))["status"] == "open"
    told = word(IDLE, Word.accepted)
    assert only(registered([row], day_of(DELETE, asides=[aside], said=[told])))["status"] == "accepted"
    for other in (replace(aside, rule="size"), replace(aside, resource="db*"), replace(aside, tag="env=dev")):
        assert only(registered([], day_of(DELETE, asides=[other])))["status"] == "open"


def test_of_two_on_one_machine_the_larger_is_counted_until_it_is_declined():
    rows = {row["recommendation_id"]: row for row in registered([], day_of(DELETE, RESIZE))}
    assert (rows[IDLE]["is_counted"], rows[SIZE]["is_counted"]) == (True, False)
    assert (rows[IDLE]["conflicts_with"], rows[SIZE]["conflicts_with"]) == ([SIZE], [IDLE])
    declined = day_of(DELETE, RESIZE, said=[word(IDLE, Word.rejected)])
    rows = {row["recommendation_id"]: row for row in registered(list(rows.values()), declined)}
    assert (rows[IDLE]["is_counted"], rows[SIZE]["is_counted"], rows[SIZE]["conflicts_with"]) == (False, True, [])


def test_unjudged_things_tell_since_when_and_all_their_reasons_once():
    first = unjudged_rows([], day_of(Unjudged("idle", "web", "no cpu"), Unjudged("idle", "web", "no disk")))
    assert (only(first)["reason"], only(first)["since"], only(first)["monthly_cost"]) == ("no cpu; no disk", DAY, 100)
    second = unjudged_rows(first, day_of(Unjudged("idle", "web", "no cpu"), today=later(4)))
    assert (only(second)["since"], only(second)["judged_on"]) == (DAY, later(4))
    assert unjudged_rows(second, day_of(today=later(5))) == []


things = st.sampled_from(["web", "db"])
answers = st.builds(
    lambda name, target, saving: advice("idle", name, target, saving),
    things,
    st.sampled_from(["delete", "stop", "PRO2-M"]),
    st.integers(-50, 90),
)
days = st.lists(st.one_of(answers, st.builds(Unjudged, st.just("idle"), things, st.just("no metric"))), max_size=4)


@given(st.lists(days, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_nothing_is_ever_lost_and_a_second_judgement_of_a_day_changes_nothing(history, random):
    rows, known = [], set()
    for number, told in enumerate(history):
        unique = {getattr(each, "recommendation_id", each.resource_id): each for each in told}
        of_day = list(unique.values())
        random.shuffle(of_day)
        day = day_of(*of_day, today=later(number), things=(resource("web"), resource("db", resource_class="PRO2-S")))
        rows = registered(rows, day)
        advised = {each.recommendation_id for each in of_day if isinstance(each, Recommendation)}
        known |= advised
        assert {row["recommendation_id"] for row in rows} == known
        assert {row["recommendation_id"] for row in rows if row["judgement"] == "advised"} == advised
        assert registered(rows, day) == rows
        for row in rows:
            assert row["first_seen"] <= row["last_seen"] <= row["judged_on"] <= later(number)
            assert row["status"] != "gone" or row["status_reason"]
        counted = [row for row in rows if row["is_counted"]]
        assert len({name for row in counted for name in row["saves_on"]}) == sum(
            len(row["saves_on"]) for row in counted
        )
        assert all(isinstance(row["monthly_saving"], Decimal) for row in rows)
