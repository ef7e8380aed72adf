"""A real organisation's bill of another provider, imported as FOCUS lines, by the sessions it counted itself."""

import csv
import gzip
import json
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from assets.allocation_tables import rows_of
from assets.focus_files import import_focus
from assets.import_metrics import import_metrics
from assets.settings_tables import store
from assets.tables import open_catalog
from benchmarks.cost_per_session import built, figures
from pipelines.imports.kinds import kind_named
from pipelines.imports.read import Request
from pipelines.lake.address import parse_address
from pipelines.lake.store import Lake
from pipelines.settings_allocation import Allocation

SINCE = "2018-11-01"
TWELFTH = Decimal("0.000000000001")
DOUBLE = Decimal(2) ** -52


def lines_of(path):
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


# --- a daily bill and its sessions


@pytest.fixture(scope="module")
def raw(reference_data):
    """The published files' lines of the last three months; the bill begins two days before the count does."""
    folder = reference_data / "data" / "cost_daily"
    bill = lines_of(folder / "mybinder_gcp_daily_cost.csv.gz")
    return [row for row in bill if row["date"] >= SINCE], lines_of(folder / "mybinder_sessions_daily.csv.gz")


@pytest.fixture(scope="module")
def rows(raw, tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    for name, lines in zip(("bill.csv", "sessions.csv"), raw, strict=True):
        with (folder / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    return figures(folder, tmp_path_factory.mktemp("place"), "binder", "Google Cloud")


@pytest.fixture(scope="module")
def production(raw):
    """Cost of each day as it was published, of the project that is production; other dimensions say it again."""
    bill = [row for row in raw[0] if (row["dimension"], row["name"]) == ("project_id", "binder-prod")]
    return {date.fromisoformat(row["date"]): Decimal(row["cost_usd"]) for row in bill}


def test_a_session_costs_on_every_day_what_the_plain_division_of_the_published_numbers_says(raw, rows, production):
    sessions = {date.fromisoformat(row["date"]): int(row["sessions"]) for row in raw[1]}
    days = {row["period_start"]: row for row in rows if row["period"] == "day"}
    assert days.keys() == production.keys()
    assert len(days) == 92
    for day, cost in production.items():
        row = days[day]
        assert row["direct_cost"] == cost.quantize(TWELFTH), day
        assert (row["billing_currency"], row["providers"]) == ("USD", "Google Cloud"), day
        if day not in sessions:
            assert (row["units"], row["unit_cost"]) == (None, None), day
            assert row["reason"] == "no requests were counted where they enter it", day
            continue
        assert row["units"] * 1000 == sessions[day], day
        plain = cost * 1000 / sessions[day]
        assert abs(row["unit_cost"] - plain) <= TWELFTH + plain * DOUBLE, day
    assert sum(row["unit_cost"] is None for row in days.values()) == 2


def test_a_month_of_sessions_is_the_ratio_of_its_counted_days_and_says_which_were_not(raw, rows, production):
    sessions: dict[str, int] = defaultdict(int)
    costs: dict[str, Decimal] = defaultdict(Decimal)
    left: dict[str, Decimal] = defaultdict(Decimal)
    counted = {row["date"]: int(row["sessions"]) for row in raw[1]}
    for day, cost in production.items():
        sessions[f"{day:%Y-%m}"] += counted.get(str(day), 0)
        (costs if str(day) in counted else left)[f"{day:%Y-%m}"] += cost
    months = {row["billing_month"]: row for row in rows if row["period"] == "month"}
    assert list(months) == ["2018-11", "2018-12", "2019-01"]
    for month, row in months.items():
        assert abs(row["direct_cost"] - costs[month]) < TWELFTH
        assert abs(row["uncounted_direct_cost"] - left[month]) < TWELFTH
        plain = costs[month] * 1000 / sessions[month]
        assert abs(row["unit_cost"] - plain) <= TWELFTH + plain * DOUBLE
    assert [row["is_complete"] for row in months.values()] == [False, True, True]
    assert {row["units_source"] for row in months.values()} == {"imported: sessions, taken as production"}


# --- a published sample of another provider


@pytest.fixture(scope="module")
def sample(reference_data, tmp_path_factory):
    """The FOCUS 1.0 sample of AWS, its application tags as products, and a day's requests of one of them."""
    lake = Lake(parse_address(str(tmp_path_factory.mktemp("aws") / "lake")))
    import_focus(lake, reference_data / "data" / "focus" / "focus_1_0_aws_sample.csv.gz", lenient=True)
    counts = tmp_path_factory.mktemp("counts") / "requests.csv"
    days = "".join(
        f"2024-09-{day:02d},BrightPathMatrix,{env},{day}000\n" for day in range(1, 31) for env in ENVIRONMENTS
    )
    counts.write_text("day,service,environment,requests\n" + days)
    import_metrics(lake, [counts], Request(kind_named("requests"), "edge"), datetime(2024, 10, 1, tzinfo=UTC))
    store(lake, rows_of(Allocation.model_validate({"labels": {"product": ["application"]}})))
    catalog = open_catalog(lake)
    built(catalog, "gold.cost_per_request", "gold.imported_shares")
    return catalog


ENVIRONMENTS = ("prod", "staging", "dev")


def test_no_line_of_an_imported_bill_is_lost_or_told_twice_on_its_way_into_a_unit_cost(sample):
    asked = (
        "select {day} as day, billing_currency, cast(sum({cost}) as decimal(38, 12)) as cost from {table} {where} "
        "group by all order by all"
    )
    billed = sample.query(
        asked.format(day="charge_period_start::date", cost="billed_cost", table="bronze.focus_lines", where="")
    ).to_pylist()
    figure = {"cost": "direct_cost + uncounted_direct_cost", "table": "gold.cost_per_request", "day": "period_start"}
    found = sample.query(
        asked.format(where="where period = 'day' and billing_currency is not null", **figure)
    ).to_pylist()
    assert [(row["day"], row["billing_currency"]) for row in found] == [
        (row["day"], row["billing_currency"]) for row in billed
    ]
    for known, told in zip(billed, found, strict=True):
        assert abs(known["cost"] - told["cost"]) < TWELFTH * 500  # the bill has more decimals than a row of the figure
    assert abs(sum(row["cost"] for row in found) - Decimal("18.006639")) < Decimal("0.000001")
    months = sample.query(
        "select sum(direct_cost + uncounted_direct_cost) as cost from gold.cost_per_request "
        "where period = 'month' and billing_currency is not null"
    ).to_pylist()
    assert abs(months[0]["cost"] - sum(row["cost"] for row in found)) < TWELFTH * 500


def test_a_product_of_an_imported_bill_costs_by_the_request_what_its_tagged_lines_say(sample):
    tagged = sample.query(
        "select charge_period_start::date as day, billed_cost, "
        "json_extract_string(tags, '$.environment') as environment "
        "from bronze.focus_lines where json_extract_string(tags, '$.application') = 'BrightPathMatrix'"
    ).to_pylist()
    costs: dict[tuple, Decimal] = defaultdict(Decimal)
    for row in tagged:
        costs[row["day"], row["environment"]] += row["billed_cost"]
    rows = sample.query(
        "select * from gold.cost_per_request "
        "where product = 'brightpathmatrix' and period = 'day' and billing_currency is not null"
    ).to_pylist()
    found = {(row["period_start"], row["environment"]): row for row in rows}
    known = {key: cost for key, cost in costs.items() if key[1] in ENVIRONMENTS}
    assert len(known) > 5
    for (day, environment), cost in known.items():
        row = found[day, environment]
        assert abs(row["direct_cost"] - cost) <= TWELFTH
        assert abs(row["unit_cost"] - cost / day.day) <= TWELFTH * 2
        assert row["providers"] == "AWS"


def test_environments_of_an_imported_bill_share_all_of_it_and_labels_cover_what_is_tagged(sample):
    lines = sample.query("select billed_cost, tags from bronze.focus_lines").to_pylist()
    whole = sum(row["billed_cost"] for row in lines)
    tagged = sum(row["billed_cost"] for row in lines if "application" in json.loads(row["tags"] or "{}"))
    rows = sample.query("select * from gold.imported_shares where period = 'month'").to_pylist()
    environments = {row["label"]: row for row in rows if row["share"] == "environment"}
    assert {"dev", "unknown"} <= environments.keys()
    assert abs(sum(row["numerator"] for row in environments.values()) - whole) < TWELFTH * 10
    assert abs(sum(row["value"] for row in environments.values()) - 1) < TWELFTH * 10
    assert abs(sum(row["loaded_value"] for row in environments.values()) - 1) < TWELFTH * 10
    (product,) = (row for row in rows if (row["share"], row["label"]) == ("label", "product"))
    assert product["loaded_value"] is None
    assert abs(product["numerator"] - tagged) < TWELFTH * 10
    assert abs(product["value"] - tagged / whole) < TWELFTH * 10
    assert product["value"] > 1  # the one credit of this bill carries no tag


def test_an_environment_of_an_imported_bill_has_a_share_of_what_it_is_charged_and_of_what_it_bears(build):
    def line(number: int, environment: str | None, amount: str) -> dict:
        return {
            "source_file": "bill.csv",
            "line_number": number,
            "charge_date": date(2026, 9, 30),
            "project_id": "p",
            "environment": environment or "unknown",
            "billed_cost": amount,
            "billing_currency": "USD",
            "billing_month": "2026-09",
        }

    def borne(environment: str | None, amount: str) -> dict:
        told = line(0, "", amount) | {"environment": environment, "is_direct": True}
        return {name: value for name, value in told.items() if name not in ("source_file", "line_number")}

    rows = build(
        "gold.imported_shares",
        given={
            "silver.label_imported_costs": [line(1, "prod", "6"), line(2, "dev", "2"), line(3, None, "2")],
            # what nobody knows the environment of is a pool
            "gold.allocated_imports": [borne("prod", "7"), borne("dev", "2"), borne("staging", "1")],
            "silver.unit_providers": [{"project_id": "p", "providers": "AWS", "billing_month": "2026-09"}],
        },
    )
    found = {
        row["label"]: (row["numerator"], row["value"], row["loaded_value"])
        for row in rows
        if (row["share"], row["period"]) == ("environment", "month")
    }
    assert found == {
        "prod": (6, Decimal("0.6"), Decimal("0.7")),
        "dev": (2, Decimal("0.2"), Decimal("0.2")),
        "staging": (0, 0, Decimal("0.1")),
        "unknown": (2, Decimal("0.2"), 0),
    }
    assert {row["cost_coverage"] for row in rows if row["share"] == "environment"} == {Decimal("0.8")}
    labelled = {row["label"]: row["value"] for row in rows if (row["share"], row["period"]) == ("label", "day")}
    assert labelled == {"owner": 0, "team": 0, "environment": Decimal("0.8"), "product": 0}
