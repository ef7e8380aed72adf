"""The program that holds advised euros against what can be saved says which differ, and ends accordingly."""

import json
from decimal import Decimal

import pytest

from benchmarks.planted_storage import compare, told


def planted(saving, kind="lifecycle"):
    return {"planted": [{"id": "waste", "kind": kind, "resource_ids": ["b"], "monthly_saving": saving}]}


def row(saving, rule="storage_lifecycle", resource_id="b", **more):
    return {"rule": rule, "resource_id": resource_id, "monthly_saving": Decimal(saving), "status": "open", **more}


def estimate(saving, low, high):
    evidence = json.dumps({"saving_low": low, "saving_high": high})
    return row(saving, "unexpected_egress", evidence=evidence)


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
        (planted("100.00", "egress"), [row("100.9", "unexpected_egress")], False),
        (planted("100.00", "egress"), [estimate("100.9", 97, 104.5)], True),
        (planted("100.00", "egress"), [estimate("100.9", 100.1, 102)], False),
        (planted("100.00", "egress"), [estimate("103", 90, 116)], False),
        (planted("100.00", "ownership"), [row("100", "bucket_without_owner"), row("5")], True),
    ],
)
def test_euros_agree_to_the_cent_or_where_an_estimate_says_it_lies(truth, rows, agrees):
    (found,) = compare(truth, rows)
    assert found.agrees is agrees
    assert ("DIFFERS" in "\n".join(told([found]))) is not agrees


def test_what_has_no_cure_is_not_compared():
    assert compare(planted(None), [row("10")]) == []
