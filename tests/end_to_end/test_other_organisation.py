"""An organisation nobody wrote code for: other names, months, currency and prices, one product out of reach."""

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

SCENARIO = """
name = "workshop"
seed = 4211
start = 2025-01-01
today = 2025-03-12
currency = "USD"

[organization]
id = "99999999-1111-4222-8333-444444444444"
name = "Tide & Sons"
access_key = "SCWTIDE0000000000000"
secret_key = "7e57ab1e-5ec2-4e70-8888-0123456789ab"

[invoicing]
delay_days = 2

[[projects]]
name = "harbour"
environment = "production"
team = "quay"
tags = ["env={environment}", "team={team}"]

[[projects]]
name = "lighthouse"
environment = "dev"

[[projects]]
name = "empty for now"

[[prices]]
sku = "/compute/dev1_s/run_par1"
price = "0.123456789/3"
unit = "minute"
category = "compute"
product_type = "Instance"
product_category = "Compute"
product = "DEV1-S"
where = "fr-par-1"

[[resources]]
name = "crane"
kind = "instance"
project = "harbour"
count = 3
type = "PRO2-XS"
volumes = [{ gb = 20 }]

[[resources]]
name = "lamp"
kind = "instance"
project = "lighthouse"
type = "DEV1-S"
volumes = [{ gb = 20, type = "l_ssd" }]
from = 2025-01-20T03:00:00Z

[[resources]]
name = "fog"
kind = "block-snapshot"
project = "lighthouse"
gb = 30

[[price_changes]]
skus = ["/compute/pro2_xs/*"]
on = 2025-02-01
unit = "hour"
old = 0.2

[[faults]]
kind = "403"
path = "/block/v1"
"""
SINCE, UNTIL = ("--since", "2025-01-01"), ("--until", "2025-03-12")
CHARGES = "/billing/v2beta1/charges"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory, serve_watched):
    """The organisation's pretend Scaleway."""
    file = tmp_path_factory.mktemp("scenario") / "workshop.toml"
    file.write_text(SCENARIO)
    with serve_watched(file) as scaleway:
        yield scaleway


@pytest.fixture(scope="module")
def read(workshop, tmp_path_factory, session_state, finops_at):
    """One run of `finops run` on it, and the command to go on with."""
    folder = tmp_path_factory.mktemp("workshop")
    variables = {"FINOPS_STATE": str(session_state), "FINOPS_LAKE": str(folder / "lake")}
    finops = finops_at(folder, **variables, **workshop.sign_in)
    return finops, finops("run", *SINCE, *UNTIL, "--json"), folder / "lake"


def test_one_forbidden_product_is_named_and_all_the_rest_is_done(read):
    _, ran, _ = read
    assert ran.code == 6
    assert "block" in ran.complaint
    told = json.loads(ran.out)
    assert told["failures"] == []
    assert told["months_read"][:3] == ["2025-01", "2025-02", "2025-03"]
    assert all("block" in line for line in told["missing"])
    assert {"gold/monthly_summary", "gold/top_spenders", "gold/invoice_waterfall"} <= set(told["tables_written"])


def test_its_months_equal_the_truth_in_its_own_currency(read, workshop, view):
    lake = view(read[2])
    rows = lake.rows("select billing_month, billing_currency, billed_cost, owned_cost from gold.monthly_summary")
    true = {month: Decimal(told["charges"]) for month, told in workshop.truth["months"].items()}
    assert {(row["billing_month"], row["billing_currency"]): row["billed_cost"] for row in rows} == {
        (month, "USD"): cost for month, cost in true.items()
    }
    bills = lake.rows(
        "select billing_month, consumed_cost, consumption_residual, alarms from gold.invoice_reconciliation"
    )
    for row in bills:
        told = workshop.truth["months"][row["billing_month"]]
        assert row["consumed_cost"] == Decimal(told["consumption"])
        assert (row["consumption_residual"] or 0, row["alarms"]) == (0, 0)


def test_what_is_out_of_reach_is_unknown_and_never_guessed(read, view):
    """Volumes could not be listed, so their tags are not known; the machines' are."""
    rows = view(read[2]).rows("select distinct project_name, service_name, environment from gold.monthly_costs")
    placed = {(row["project_name"], row["service_name"]): row["environment"] for row in rows}
    assert placed["harbour", "Instances"] == "prod"
    assert placed["harbour", "Block Storage"] == "unknown"
    assert {project for project, _ in placed} == {"harbour", "lighthouse"}


def test_a_charge_outside_its_month_is_refused_and_the_old_gold_stays(read, workshop, tmp_path, view):
    """A fault in the source: one charge of February now says it ran in January."""
    finops, _, lake = read
    copy = Path(shutil.copytree(lake, tmp_path / "lake"))
    before, gold = view(copy).versions(), view(copy).contents()

    def misdated(path, parameters, body):
        if path == CHARGES and parameters["start_date_after"][0].startswith("2025-02-10"):
            return body.replace(b'"2025-02-10T', b'"2025-01-10T')
        return body

    workshop.change = misdated
    try:
        ran = finops("backfill", "--since", "2025-02-01", "--until", "2025-03-01", FINOPS_LAKE=str(copy))
    finally:
        workshop.change = None
    assert ran.code == 4
    assert "charges_lie_in_their_month" in ran.complaint or "silver" in ran.complaint
    after = view(copy)
    unchanged = {name: version for name, version in after.versions().items() if name.startswith("gold.")}
    changed = {name for name, version in unchanged.items() if version != before[name]}
    assert changed <= {"gold.data_freshness"}
    assert after.contents()["gold.monthly_summary"] == gold["gold.monthly_summary"]
    answer = finops(
        "sql", "select count(*) as months from gold.monthly_summary", "--format", "csv", FINOPS_LAKE=str(copy)
    )
    assert answer.out == "months\n3\n"


def test_dry_runs_write_nothing_and_ask_nothing(read, workshop, tmp_path, files_in):
    finops, _, lake = read
    line = tmp_path / "bill.csv"
    line.write_text("BilledCost\n1\n")
    workshop.asked.clear()
    places = (finops.folder, lake, Path(finops.variables["FINOPS_STATE"]))
    before = [files_in(place) for place in places]
    for words in (
        ("demo", "--dry-run"),
        ("run", "--dry-run"),
        ("backfill", *SINCE, "--dry-run"),
        ("report", "monthly", "--dry-run"),
        ("export", "focus", "--dry-run"),
        ("export", "parquet", "--dry-run"),
    ):
        ran = finops(*words)
        assert ran.code == 0, (words, ran.err)
        assert ran.out, words
    assert [files_in(place) for place in places] == before
    assert workshop.asked == []


def test_an_export_leaves_the_lake_as_it_was_and_adds_up(read, tmp_path, workshop, files_in):
    finops, _, lake = read
    before = files_in(lake)
    assert finops("export", "focus", "--out", str(tmp_path / "focus")).code == 0
    assert finops("export", "parquet", "--out", str(tmp_path / "plain")).code == 0
    assert files_in(lake) == before
    import duckdb

    true = sum(Decimal(told["charges"]) for told in workshop.truth["months"].values())
    for files, cost in (
        (tmp_path / "focus", "BilledCost"),
        (tmp_path / "plain" / "gold" / "daily_costs", "billed_cost"),
    ):
        query = f"select sum({cost}) from read_parquet('{files}/**/*.parquet')"
        assert duckdb.sql(query).fetchone() == (true,), files
