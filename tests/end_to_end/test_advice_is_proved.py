"""From advice to proof: a leftover volume is found and deleted, and what that saved is read off the later bill."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

MONTHS = ["2026-04", "2026-05", "2026-06"]
BEFORE = datetime(2026, 6, 9, 6, tzinfo=UTC)
DAYS = (BEFORE, datetime(2026, 6, 12, 6, tzinfo=UTC), datetime(2026, 6, 24, 6, tzinfo=UTC))
SCENARIO = """
name = "proof"
seed = 11
start = 2026-04-01
today = 2026-06-24T06:00:00Z

[organization]
id = "22222222-2222-4222-8222-222222222222"
name = "Petit Atelier"

[[projects]]
name = "default"
id = "22222222-2222-4222-8222-222222222222"

[[projects]]
name = "lab"
environment = "dev"
team = "research"

[[resources]]
name = "bench"
kind = "instance"
project = "lab"
type = "PRO2-XXS"
charge = "day"

[[resources]]
name = "leftover"
kind = "block-volume"
project = "lab"
gb = 400
charge = "day"
from = 2026-04-01
detached_at = 2026-04-10
to = 2026-06-10
"""


@pytest.fixture(scope="module")
def proved(tmp_path_factory, session_state, serve_watched, finops_at, view):
    """The lake after these days, and what was advised on the first."""
    from assets.runs import run_build

    folder = tmp_path_factory.mktemp("proof")
    scenario = folder / "proof.toml"
    scenario.write_text(SCENARIO)
    lake = view(folder / "lake")
    with serve_watched(scenario) as scaleway, pytest.MonkeyPatch.context() as patch:
        for name, value in scaleway.sign_in.items():
            patch.setenv(name, value)
        for now in DAYS:
            scaleway.set_clock(now)
            run_build(MONTHS, session_state, now=now.isoformat(), lake=str(folder / "lake")).raise_if_failed()
            if now == BEFORE:
                advised = lake.rows("select * from gold.recommendations")
    finops = finops_at(folder, FINOPS_STATE=str(session_state), FINOPS_LAKE=str(folder / "lake"))
    return lake, advised, finops


def test_the_leftover_is_advised_on_with_what_it_really_costs(proved):
    _, advised, _ = proved
    (row,) = [row for row in advised if row["resource_name"] == "leftover"]
    assert (row["rule"], row["status"], row["is_counted"]) == ("unattached_volume", "open", True)
    assert row["monthly_saving"] == row["monthly_cost"] > 10


def test_what_was_done_is_seen_and_proved_on_the_bill(proved):
    lake, advised, _ = proved
    (before,) = [row for row in advised if row["resource_name"] == "leftover"]
    (saving,) = lake.rows("select * from gold.savings")
    assert saving["recommendation_id"] == before["recommendation_id"]
    assert (saving["state"], saving["is_harmed"]) == ("verified", False)
    assert saving["counted_saving"] == pytest.approx(before["monthly_saving"], rel=Decimal("0.001"))
    assert saving["low"] <= saving["monthly_saving"] <= saving["high"]


def test_the_days_of_the_proof_are_the_bills_own(proved):
    lake, _, _ = proved
    days = lake.rows("select charge_date, billed_cost from gold.action_days order by charge_date")
    leftover = "select resource_id from silver.resources where resource_name = 'leftover'"
    billed = lake.one(f"select sum(billed_cost) from silver.costs where resource_id in ({leftover})")
    assert sum(row["billed_cost"] for row in days) <= billed
    assert {row["billed_cost"] for row in days if row["charge_date"].isoformat() >= "2026-06-10"} == {0}


def test_a_person_sees_that_it_is_done(proved):
    _, _, finops = proved
    told = finops("recommendations", "--all", "--format", "json")
    assert told.code == 0, told.err
    (row,) = [row for row in json.loads(told.out)["rows"] if row["resource_name"] == "leftover"]
    assert row["status"] == "verified"
