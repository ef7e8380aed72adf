"""Who still asks, by what each import itself knows of its last four weeks."""

from datetime import date, timedelta

import pytest

DAY = date(2026, 11, 17)


def told(service, back, queries=10, **more):
    row = {"kind": "queries", "service": service, "resource_id": "w", "source": "grafana", "is_whole_month": False,
           "usage_date": DAY - timedelta(back), "queries": queries}  # fmt: skip
    return {**row, **more}


@pytest.fixture
def rows(selected):
    def run(*given):
        found = selected("gold.telemetry_dashboards", given={"silver.business_numbers": list(given)})
        return {row["service"]: row for row in found}

    return run


def test_what_asked_before_and_not_in_four_weeks_is_unused(rows):
    found = rows(
        *(told("daily", back) for back in range(60)),
        *(told("silent", back) for back in range(28, 60)),
        *(told("zeros", back, 0 if back < 30 else 7) for back in range(60)),
        told("edge", 27),
        told("long gone", 119),
        told("never", 3, 0),
        told("no count", 3, None),
        told("other kind", 40, kind="requests"),
    )
    assert {name: row["is_unused"] for name, row in found.items()} == {
        "daily": False, "silent": True, "zeros": True, "edge": False}  # fmt: skip
    silent = found["silent"]
    assert (silent["last_asked"], silent["queries"], silent["queries_before"]) == (DAY - timedelta(28), 0, 320)
    assert (silent["known_until"], found["daily"]["queries"]) == (DAY + timedelta(1), 280)


def test_an_import_that_ended_marks_nothing_and_every_source_has_a_say(rows):
    found = rows(
        told("new", 0),
        told("old", 50, source="hand"),
        told("both", 40),
        told("both", 55, source="hand"),
        told("both quiet", 40),
    )
    assert {name: row["is_unused"] for name, row in found.items()} == {
        "new": False, "old": False, "both": False, "both quiet": True}  # fmt: skip
