"""The program that holds advice against what a scenario planted: it finds, misses and counts extras as it should."""

from decimal import Decimal

from benchmarks.planted_waste import compare, told

TRUTH = {
    "planted": [
        {"id": "idle-box", "kind": "idle", "resource_ids": ["a", "a-disk"], "expected_monthly_cost": "50"},
        {"id": "ha", "kind": "database", "resource_ids": ["db"], "expected_monthly_cost": "20"},
        {"id": "spike", "kind": "anomaly", "resource_ids": ["s"], "expected_monthly_cost": "9"},
    ],
    "traps": [
        {"id": "replica", "kind": "idle", "resource_ids": ["r"], "expected_monthly_cost": "7"},
        {"id": "sales", "kind": "anomaly", "resource_ids": ["x"], "expected_monthly_cost": "7"},
    ],
}


def row(rule, resource_id, saving=10, **more):
    told = {
        "recommendation_id": f"{rule} {resource_id}", "rule": rule, "resource_id": resource_id,
        "saves_on": [resource_id],
        "monthly_saving": Decimal(saving), "is_counted": True, "status": "open", "action": f"do {resource_id}",
        "reason": "idle",
    }  # fmt: skip
    return told | more


def test_a_rule_of_its_kind_finds_it_and_any_other_does_not():
    found = compare(TRUTH, [row("idle_instance", "a", 40, saves_on=["a", "a-disk"]), row("oversized_database", "db")])
    assert found.missed == ["ha"]
    idle, database = found.wastes
    assert (idle.touched, idle.saving, database.saving) == (2, 40, 0)
    assert [each["rule"] for each in database.others] == ["oversized_database"]
    assert not found.is_kept
    assert not found.extras


def test_extras_are_on_what_nobody_planted_and_traps_are_named():
    rows = [row("idle_instance", "a"), row("highly_available_outside_production", "db"), row("idle_instance", "r")]
    found = compare(TRUTH, [*rows, row("oversized_instance", "x"), row("idle_instance", "gone", status="gone")])
    assert (list(found.trapped), [each["resource_id"] for each in found.extras]) == (["replica"], ["r", "x"])
    assert (found.missed, found.advised, found.is_kept) == ([], 4, False)
    lines = "\n".join(told(found))
    assert "trap replica: do r (10.00)" in lines
    assert "extras of oversized_instance: 1, 10.00 a month" in lines
    assert compare(TRUTH, rows[:2]).is_kept


def test_what_is_not_counted_saves_nothing_and_still_is_found():
    found = compare(TRUTH, [row("idle_instance", "a", is_counted=False), row("highly_available", "db", saves_on=None)])
    assert (found.missed, found.wastes[0].saving) == ([], 0)
