"""The program that holds advised euros against what can be saved says which differ, and ends accordingly."""

from decimal import Decimal

import pytest

from benchmarks.planted_storage import compare, told


def planted(saving, kind="lifecycle"):
    return {"planted": [{"id": "waste", "kind": kind, "resource_ids": ["b"], "monthly_saving": saving}]}


def row(saving, rule="storage_lifecycle", resource_id="b", **more):
    return {"rule": rule, "resource_id": resource_id, "monthly_saving": Decimal(saving), "status": "open", **more}


@pytest.mark.parametrize(
    ("truth", "rows", "agrees"),
    [
        (planted("10.00"), [row("10.005")], True),
        (planted("10.00"), [row("10.02")], False),
        (planted("10.00"), [row("6"), row("4", "incomplete_uploads")], True),
        (planted("10.00"), [row("10", resource_id="other")], False),
        (planted("10.00"), [row("10", status="gone")], False),
        (planted("10.00"), [row("10", "idle_instance")], False),
        (planted("0.00"), [], False),
        (planted("100.00", "egress"), [row("100.9", "unexpected_egress")], True),
        (planted("100.00", "egress"), [row("101.1", "unexpected_egress")], False),
        (planted("100.00", "ownership"), [row("100", "bucket_without_owner"), row("5")], True),
    ],
)
def test_euros_agree_to_the_cent_but_where_something_must_be_estimated(truth, rows, agrees):
    (found,) = compare(truth, rows)
    assert found.agrees is agrees
    assert ("DIFFERS" in "\n".join(told([found]))) is not agrees


def test_what_has_no_cure_is_not_compared():
    assert compare(planted(None), [row("10")]) == []
