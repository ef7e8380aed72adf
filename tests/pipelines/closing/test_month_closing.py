"""When a month may be closed, what its manifest is, and what differs later."""

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from pipelines.closing.differences import causes, changed_answers, differences
from pipelines.closing.manifest import Answer, Figure, Input, Manifest, exact, from_json
from pipelines.closing.permission import MonthState, refuse_unclosable
from pipelines.errors import QualityGateError

READY = MonthState("2026-06", date(2026, 7, 1), 30, is_complete=True, invoice_state="issued", is_final=True)
TOTAL = Figure("billed cost", "", "EUR", "EUR", Decimal("12.50"))
MANIFEST = Manifest(
    month="2026-06",
    is_preliminary=False,
    inputs=(Input("silver.costs", "2026-06", "a"), Input("silver.prices", "", "b")),
    answers=(Answer("billing.charges", "q1", "x"), Answer("billing.charges", "q2", "y", "2026-07-01T06:00:00+00:00")),
    models={"silver.costs": "1"},
    code="c",
    settings={"billing.reconciliation_tolerance": "0.01"},
    product_version="1.0",
    figures=(TOTAL, Figure("cost per request", "shop", "EUR", "thousand requests", None)),
    versions={"silver.costs": 4},
)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_complete": False}, "2026-06 is not complete: charges are known until 2026-07-01"),
        ({"days_read": 29}, "29 of its 30 days were read; run `finops backfill --since 2026-06-01`"),
        ({"failed_checks": ("a on t", "b on u")}, "a on t and 1 more; run `finops report quality`"),
        (
            {"is_final": False, "invoice_state": "draft"},
            "its invoice is draft; wait for it, or close with --preliminary",
        ),
        ({"is_final": False, "invoice_state": None}, "its invoice is not issued yet"),
    ],
)
def test_a_month_is_refused_with_reason_and_remedy(changes, reason):
    refuse_unclosable(READY, preliminary=False)
    with pytest.raises(QualityGateError) as refused:
        refuse_unclosable(replace(READY, **changes), preliminary=False)
    assert reason in str(refused.value)


def test_preliminary_lifts_the_invoice_and_nothing_else():
    refuse_unclosable(replace(READY, is_final=False, invoice_state=None), preliminary=True)
    for changes in ({"is_complete": False}, {"days_read": 29}, {"failed_checks": ("a",)}):
        with pytest.raises(QualityGateError):
            refuse_unclosable(replace(READY, is_final=False, **changes), preliminary=True)


def test_order_digits_and_versions_do_not_change_the_hash_and_contents_do():
    shuffled = random.Random(1)
    parts = {name: list(getattr(MANIFEST, name)) for name in ("inputs", "answers", "figures")}
    for part in parts.values():
        shuffled.shuffle(part)
    same = replace(MANIFEST, versions={"silver.costs": 9}, **{name: tuple(part) for name, part in parts.items()})
    assert same.hash == MANIFEST.hash
    written = replace(TOTAL, value=Decimal("12.500000000000"))
    assert replace(MANIFEST, figures=(written, MANIFEST.figures[1])).hash == MANIFEST.hash
    others = [
        replace(MANIFEST, inputs=(Input("silver.costs", "2026-06", "z"), *MANIFEST.inputs[1:])),
        replace(MANIFEST, answers=MANIFEST.answers[:1]),
        replace(MANIFEST, models={"silver.costs": "2"}),
        replace(MANIFEST, code="d"),
        replace(MANIFEST, settings={}),
        replace(MANIFEST, product_version="1.1"),
        replace(MANIFEST, figures=MANIFEST.figures[:1]),
        replace(MANIFEST, figures=(replace(TOTAL, value=Decimal("12.500000000001")), MANIFEST.figures[1])),
        replace(MANIFEST, is_preliminary=True),
    ]
    assert len({MANIFEST.hash, *(each.hash for each in others)}) == len(others) + 1


def test_a_kept_manifest_is_the_same_when_it_is_read():
    read = from_json(MANIFEST.to_json())
    assert read.hash == MANIFEST.hash
    assert read.figures[0].value == Decimal("12.5")
    assert read.figures[1].value is None
    assert read.versions == MANIFEST.versions
    assert {each.asked_at for each in read.answers} == {"", "2026-07-01T06:00:00+00:00"}


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("-0.00", "0"), ("1E+3", "1000"), ("100.00", "100"), ("-3.10", "-3.1"), ("0.000000000001",) * 2],
)
def test_equal_numbers_are_one_text(value, text):
    assert exact(Decimal(value)) == text


def test_figures_that_changed_came_or_went_differ_once_told_no_more_until_they_change_again():
    gone, new = Figure("change by new", "", "EUR", "EUR", Decimal(1)), Figure("x", "", "EUR", "EUR", Decimal(2))
    now = (replace(TOTAL, value=Decimal(13)), new)
    found = {each.figure.name: each for each in differences((TOTAL, gone), now)}
    assert {name: each.amount for name, each in found.items()} == {
        "billed cost": Decimal("0.50"),
        "change by new": None,
        "x": None,
    }
    told = {each.figure.key: each.present for each in found.values()}
    assert differences((TOTAL, gone), now, told) == []
    [again] = differences((TOTAL, gone), (replace(TOTAL, value=Decimal("12.5")), new), told)
    assert (again.closed, again.present, again.amount) == (Decimal("12.50"), Decimal("12.5"), 0)


def test_what_changed_is_named_from_answers_to_tables():
    answers = (MANIFEST.answers[0], Answer("billing.charges", "q2", "z"), Answer("billing.taxes", "q3", "t"))
    later = replace(
        MANIFEST, answers=answers, settings={}, inputs=(*MANIFEST.inputs[:1], Input("silver.prices", "", "new"))
    )
    assert [each.question for each in changed_answers(MANIFEST, later)] == ["q2", "q3"]
    assert causes(MANIFEST, later) == ["answers", "settings", "silver.prices"]
    assert causes(MANIFEST, MANIFEST) == []
