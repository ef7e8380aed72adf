"""What plans for buckets stand on: cells of the newest listing, how a bucket is set up and read, and usual traffic."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from simulator.identity import Identity
from simulator.loads import usage
from simulator.scenario import Load

D = Decimal
LISTED = date(2026, 11, 18)
WORLDS = 96
PLACE = {"region_id": "fr-par", "project_id": "p", "bucket": "media", "usage_month": "2026-11"}


@pytest.fixture(scope="module")
def build(selected):
    return selected


def listing(as_of=LISTED, **more):
    return {**PLACE, "as_of": as_of, "is_sample": False, "covers_versions": True, "objects": 9, "bytes": 900, **more}


def cell(prefix, as_of=LISTED, **more):
    told = {"storage_class": "STANDARD", "state": "current", "age_days_from": 30, "age_days_to": 60,
            "size_bytes_from": 131_072, "size_bytes_to": 1_000_000, "objects": 1, "bytes": 100}  # fmt: skip
    return {**PLACE, "as_of": as_of, "prefix": prefix, **told, **more}


def test_cells_are_of_the_newest_listing_by_first_part_of_keys(build):
    cells = [
        cell("logs/2026/"), cell("logs/2025/"), cell("", size_bytes_to=10_000_000), cell("(other)", size_bytes_to=None),
        cell("logs/2026/", as_of=date(2026, 11, 11), bytes=7),
    ]  # fmt: skip
    uploads = [
        {**PLACE, "as_of": LISTED, "storage_class": "STANDARD", "age_days_from": 7, "age_days_to": 30, "uploads": 3,
         "bytes": None},
        {**PLACE, "as_of": LISTED, "age_days_from": None, "uploads": 0, "bytes": 0, "bucket": "empty"},
    ]  # fmt: skip
    given = {
        "silver.storage_listings": [listing(), listing(date(2026, 11, 11))],
        "silver.storage_histograms": cells,
        "silver.storage_uploads": uploads,
    }
    rows = build("gold.storage_cells", given=given)
    assert {(row["prefix"], row["state"], row["is_small"], row["objects"], row["bytes"]) for row in rows} == {
        ("logs/", "current", True, 2, 200),
        ("", "current", False, 1, 100),
        (None, "current", False, 1, 100),
        (None, "incomplete_upload", False, 3, None),
    }
    assert {row["resource_id"] for row in rows} == {"media"}


def price(sku, value, since=date(2026, 1, 1), until=None):
    return {"sku": f"/storage/obj/{sku}", "list_unit_price": D(value), "billing_currency": "EUR", "valid_from": since,
            "valid_to": until}  # fmt: skip


def read(day, value, samples=12):
    return {"resource_id": "media", "metric": "bucket_egress_bytes", "usage_date": day, "mean_value": value,
            "expected_samples": samples, "usage_month": f"{day:%Y-%m}"}  # fmt: skip


def setup(until=None, **more):
    return {"bucket": "media", "region_id": "fr-par", "project_id": "p", "versioning": "never", "lifecycle_rules": "[]",
            "tags": "{}", "valid_from": date(2026, 1, 1), "valid_to": until, "is_current": until is None,
            "created_at": datetime(2025, 1, 1, tzinfo=UTC), **more}  # fmt: skip


def outlook(build, **given):
    told = {
        "silver.storage_listings": [listing()],
        "silver.storage_histograms": [],
        "silver.buckets": [setup()],
        "silver.usage_hourly": [],
        "silver.labelled_costs": [],
        "silver.prices": [],
    }
    (row,) = build(
        "gold.storage_outlook", given={**told, **{name.replace("__", "."): rows for name, rows in given.items()}}
    )
    return row


def test_reads_are_what_left_in_four_weeks_and_null_where_nobody_measured(build):
    days = [LISTED, LISTED - timedelta(1), LISTED - timedelta(28), LISTED - timedelta(29)]
    row = outlook(build, silver__usage_hourly=[read(day, 10) for day in days])
    assert (row["egress_bytes"], row["egress_days"]) == (D(240), 2)
    row = outlook(build, silver__usage_hourly=[read(days[1], None)])
    assert row["egress_bytes"] is row["egress_days"] is None


def test_prices_are_of_the_region_and_day_by_the_month(build):
    row = outlook(
        build,
        silver__prices=[
            price("storage/standard/fr-par", "0.00002", until=date(2026, 11, 18)),
            price("storage/standard/fr-par", "0.00003", since=date(2026, 11, 18)),
            price("storage/standard/nl-ams", "9"),
            price("restore/glacier/fr-par", "0.009"),
        ],
    )
    assert (row["standard_price"], row["restore_price"]) == (D("0.0219"), D("0.009"))
    assert row["onezone_price"] is row["glacier_price"] is None


def stored(day, gigabytes, hours=24):
    return [{**read(day, gigabytes * 10**9), "metric": "bucket_bytes"} for _ in range(hours)]


def charge(day, cost, sku="storage/standard/fr-par"):
    return {"resource_id": "media", "sku": f"/storage/obj/{sku}", "charge_date": day, "billed_cost": D(cost),
            "billing_currency": "EUR", "billing_month": f"{day:%Y-%m}"}  # fmt: skip


def test_what_is_charged_of_the_list_price_is_that_of_the_bytes_of_its_own_day(build):
    days = [LISTED - timedelta(back) for back in range(1, 4)]
    prices = [price("storage/standard/fr-par", "0.5"), price("storage/glacier/fr-par", "0.1")]
    # it doubles day by day, and a tenth is taken off; the charge of one class comes late on the last day
    usage = [row for day, size in zip(days, (40, 20, 10), strict=True) for row in stored(day, size)]
    # of the 24 hours of a day half of the bytes in each class
    costs = [charge(day, size * D("5.4")) for day, size in zip(days, (40, 20, 10), strict=True)]
    cold = [charge(day, size * D("1.08"), "storage/glacier/fr-par") for day, size in ((days[1], 20), (days[2], 10))]
    away = [charge(days[0], 99, "bandwidth/to-external/fr-par"), charge(LISTED - timedelta(8), 99)]
    given = {"silver__prices": prices, "silver__labelled_costs": [*costs, *cold, *away]}
    assert outlook(build, silver__usage_hourly=usage, **given)["charged_share"] == D("0.9")
    assert outlook(build, silver__usage_hourly=stored(days[0], 40, hours=23), **given)["charged_share"] is None
    assert outlook(build, silver__usage_hourly=usage)["charged_share"] is None


def test_a_bucket_is_as_it_was_set_up_when_it_was_listed(build):
    row = outlook(
        build,
        silver__buckets=[setup(until=date(2026, 11, 1), versioning="enabled"), setup(valid_from=date(2026, 11, 1))],
        silver__storage_histograms=[
            cell("", newest_at=datetime(2026, 10, 2, tzinfo=UTC)),
            cell("", state="noncurrent", newest_at=datetime(2026, 11, 2, tzinfo=UTC)),
        ],
    )
    assert (row["versioning"], row["last_written_at"]) == ("never", datetime(2026, 10, 2, tzinfo=UTC))


def test_of_two_places_with_one_name_the_newest_listing_holds(build):
    listings = [listing(date(2026, 11, 2), project_id="old", bytes=1), listing()]
    assert outlook(build, silver__storage_listings=listings)["bytes"] == 900


def all_egress(build, costs):
    """Rows by bucket of (bucket, days ago, cost)."""
    charges = [
        {"resource_id": bucket, "sku": "/storage/obj/bandwidth/to-external/fr-par", "billing_currency": "EUR",
         "charge_date": LISTED - timedelta(days), "billed_cost": D(cost),
         "billing_month": f"{LISTED - timedelta(days):%Y-%m}"}
        for bucket, days, cost in costs
    ]  # fmt: skip
    months = [{"billing_month": "2026-11", "charges_until": LISTED}]
    rows = build("gold.storage_egress", given={"silver.billing_months": months, "silver.labelled_costs": charges})
    return {row["resource_id"]: row for row in rows}


def egress(build, costs):
    return all_egress(build, [("media", days, cost) for days, cost in costs]).get("media")


def test_the_usual_of_even_weeks_is_as_it_was(build):
    row = egress(build, [*((days, 9) for days in range(1, 60)), *((days, 4) for days in range(60, 169)), (169, 1000)])
    assert (row["median_daily_cost"], row["usual_days"], row["usual_weeks"]) == (4, 140, 15)
    assert row["usual_daily_cost"] == pytest.approx(4)
    assert row["usual_weekly_growth"] == pytest.approx(0)
    assert (row["recent_cost"], row["recent_days"]) == (9 * 28, 28)
    assert row["rising_since"] == LISTED - timedelta(59)


def test_the_usual_goes_on_growing_beside_a_rise_and_no_single_week_bends_it(build):
    def level(days):
        return 4 * 1.01 ** ((168 - days) // 7) * (1.4 if days % 7 < 2 else 1)

    costs = {days: level(days) * (3 if days < 50 else 1) for days in range(1, 169)}
    peak = {**costs, **{days: costs[days] * 10 for days in range(100, 107)}}
    gap = {days: cost for days, cost in costs.items() if days != 80}
    usual = sum(level(days) for days in range(1, 29)) / 28
    for told, weeks in ((costs, 17), (peak, 17), (gap, 16)):
        row = egress(build, [(days, f"{cost:.9f}") for days, cost in told.items()])
        assert (row["usual_weeks"], row["rising_since"]) == (weeks, LISTED - timedelta(49))
        assert float(row["usual_weekly_growth"]) == pytest.approx(0.01, rel=0.05)
        assert float(row["usual_daily_cost"]) == pytest.approx(usual, rel=0.01)


def test_where_too_few_weeks_are_known_before_a_rise_the_usual_is_the_median_day_before_it(build):
    row = egress(build, [(days, 9 if days < 30 else 4) for days in range(1, 80)])
    assert (row["usual_daily_cost"], row["usual_weeks"], row["usual_weekly_growth"]) == (4, None, None)
    assert row["rising_since"] == LISTED - timedelta(29)


def test_what_is_beyond_the_usual_is_what_the_simulator_decided_whatever_the_seed(build):
    """Worlds of days up to 6 % off, with growth from -1 to 3 % a month and rises 5 to 10 weeks old."""
    end = datetime.combine(LISTED, datetime.min.time(), UTC)
    truth, costs = {}, []
    for seed in range(WORLDS):
        factor, back = ("1.8", "2.4", "4")[seed % 3], 36 + seed * 35 // WORLDS
        burst = {"from": end - timedelta(back), "to": end + timedelta(90), "factor": factor}
        load = Load(growth=seed % 5 - 1, noise=6, shape="weekly", weekend=("0.4", "1.3")[seed % 2], bursts=[burst])
        born = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
        days = {
            ago: usage(load, int((end - timedelta(ago)).timestamp()), born, Identity(seed), "media")
            for ago in range(1, 169)
        }
        costs += [(f"seed {seed}", ago, D(used) / 10**5) for ago, used in days.items()]
        truth[f"seed {seed}"] = sum(D(days[ago]) for ago in range(1, 29)) / 10**5 * (1 - 1 / D(factor))
    rows = all_egress(build, costs)
    off = sorted(
        abs(float((rows[name]["recent_cost"] - 28 * rows[name]["usual_daily_cost"]) / saved) - 1)
        for name, saved in truth.items()
    )
    assert off[len(off) // 2] < 0.01
    assert off[-1] < 0.06
    held = sum(
        row["usual_daily_cost_low"] <= row["recent_cost"] / 28 - truth[name] / 28 <= row["usual_daily_cost_high"]
        for name, row in rows.items()
    )
    assert 0.85 <= held / len(rows) <= 0.97


def test_traffic_that_fell_back_is_not_rising_and_its_usual_is_the_median_day(build):
    row = egress(build, [(1, 4), *((days, 9) for days in range(2, 30)), *((days, 4) for days in range(30, 100))])
    assert (row["rising_since"], row["usual_daily_cost"], row["usual_weeks"]) == (None, 4, None)


def test_a_bucket_without_billed_traffic_has_no_row(build):
    assert egress(build, []) is None


def policies(build, *periods):
    rows = [
        {"bucket": "media", "region_id": "fr-par", "created_at": datetime(2025, 1, 1, tzinfo=UTC),
         "versioning": "never", **told, "is_current": told.get("valid_to") is None}
        for told in periods
    ]  # fmt: skip
    return build("gold.storage_policies", given={"silver.buckets": rows})


def period(first, last, rules, **more):
    return {
        "valid_from": date(2026, first, 1),
        "valid_to": last and date(2026, last, 1),
        "lifecycle_rules": rules,
        **more,
    }


@pytest.mark.parametrize(
    ("periods", "changed"),
    [
        ([period(1, None, "[1]")], None),
        (
            [period(1, 5, "[1]"), period(5, 7, "[2]"), period(7, None, "[2]", tags='{"a": "b"}')],
            (date(2026, 5, 1), "[1]"),
        ),
        ([period(1, 5, "[1]"), period(5, 7, "[2]"), period(7, None, "[3]")], (date(2026, 7, 1), "[2]")),
        ([period(1, 5, "[1]"), period(5, None, "[1]", versioning="enabled")], (date(2026, 5, 1), "[1]")),
        ([period(1, 5, None), period(5, None, "[1]")], None),
        ([period(1, 4, "[1]"), period(5, None, "[2]")], None),
        ([period(1, 5, "[1]"), period(5, None, "[2]", created_at=datetime(2026, 5, 1, tzinfo=UTC))], None),
    ],
)
def test_a_change_of_rules_has_its_day_and_what_was_before(build, periods, changed):
    (row,) = policies(build, *periods)
    assert (row["changed_on"] and (row["changed_on"], row["previous_rules"])) == changed
    assert row["lifecycle_rules"] == periods[-1]["lifecycle_rules"]


def test_a_bucket_that_is_gone_has_no_policy(build):
    assert policies(build, period(1, 5, "[1]")) == []


def test_tags_of_the_registry_are_those_that_exist_with_their_image_and_namespace(build):
    def item(kind, key, until=None, **told):
        return {"resource_id": key, "resource_type": kind, "valid_to": until, "item": json.dumps(told)}

    rows = [
        item("registry_image", "i", namespace_id="n", name="api"),
        item("registry_tag", "t", image_id="i", name="2026.01.02-3", created_at="2026-01-02T10:00:00Z"),
        item("registry_tag", "gone", date(2026, 5, 1), image_id="i", name="old", created_at="2025-01-02T10:00:00Z"),
        item("registry_tag", "undated", image_id="i", name="x"),
        item("registry_tag", "lost", image_id="unknown", name="x"),
    ]
    found = {row["tag_id"]: row for row in build("gold.registry_tags", given={"silver.resource_periods": rows})}
    assert set(found) == {"t", "undated"}
    assert (found["t"]["namespace_id"], found["t"]["image_name"], found["t"]["tag_name"]) == (
        "n",
        "api",
        "2026.01.02-3",
    )
    assert found["undated"]["created_at"] is None


def test_traffic_is_told_by_day_beside_the_usual_one(build):
    traffic = "/storage/obj/bandwidth/to-external/fr-par"
    told = {"resource_id": "media", "billing_currency": "EUR", "usual_daily_cost": D(4), "billing_month": "2026-11",
            "median_daily_cost": D(4), "known_from": LISTED - timedelta(28), "known_until": LISTED}  # fmt: skip
    costs = [
        {"resource_id": "media", "sku": traffic, "billing_currency": "EUR", "charge_date": LISTED - timedelta(back),
         "billed_cost": D(money)}
        for back, money in ((0, 99), (1, 5), (1, 2), (2, 6), (28, 1), (29, 99))
    ]  # fmt: skip
    given = {"gold.storage_egress": [told], "silver.labelled_costs": costs}
    rows = sorted(build("gold.storage_egress_days", given=given), key=lambda row: row["charge_date"], reverse=True)
    assert [(row["billed_cost"], row["usual_factor"], row["is_beyond"]) for row in rows] == [
        (7, D("1.75"), True), (6, D("1.5"), False), (1, D("0.25"), False)]  # fmt: skip
