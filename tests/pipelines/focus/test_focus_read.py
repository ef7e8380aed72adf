"""Importing bills: every published digit arrives, in every container and version."""

import csv
import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.focus.columns import FOCUS_LINES_SCHEMA, QUARANTINE_SCHEMA, columns_of
from pipelines.focus.read import read_focus


def line(**other):
    """One usable line with the columns of FOCUS 1.2, as text."""
    values = dict.fromkeys([column.name for column in columns_of("1.2")], "")
    values |= {
        "BilledCost": "1.5",
        "BillingAccountId": "account",
        "BillingCurrency": "EUR",
        "BillingPeriodStart": "2026-09-01T00:00:00Z",
        "BillingPeriodEnd": "2026-10-01T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargePeriodStart": "2026-09-03T00:00:00Z",
        "ChargePeriodEnd": "2026-09-04T00:00:00Z",
        "ProviderName": "Cloud",
        "PublisherName": "Vendor",
    }
    return values | other


def write_csv(path, lines, delimiter=","):
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(lines[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(lines)
    return path


def only(batch):
    assert batch.accepted.num_rows == 1, batch.quarantined.to_pylist()
    return batch.accepted.to_pylist()[0]


def test_the_published_aws_bill_arrives_line_by_line_and_digit_by_digit(reference_data):
    path = reference_data / "data" / "focus" / "focus_1_0_aws_sample.csv.gz"
    batch = read_focus(path)
    assert (batch.received, batch.accepted.num_rows, batch.quarantined.num_rows) == (942, 942, 0)
    assert batch.version == "1.0"
    assert pc.sum(batch.accepted["billed_cost"]).as_py() == Decimal("18.0066386184")
    credits = batch.accepted.filter(pc.equal(batch.accepted["charge_category"], "Credit")).to_pylist()
    assert [credit["billed_cost"] for credit in credits] == [Decimal("-2.6137")]
    assert pc.sum(pc.is_valid(batch.accepted["tags"])).as_py() == 653
    assert len(batch.accepted["sub_account_id"].unique()) == 66

    with gzip.open(path, "rt", newline="") as stream:
        published = list(csv.DictReader(stream))
    decimals = [column for column in columns_of("1.0") if column.kind in ("money", "quantity", "unit_price")]
    for row, text in zip(batch.accepted.to_pylist(), published, strict=True):
        for column in decimals:
            given = text[column.name]
            assert row[column.snake] == (None if given == "NULL" else Decimal(given))
        assert row["charge_description"] == text["ChargeDescription"]
        assert json.loads(row["x_columns"]) == {"Id": text["Id"]}


def test_a_bill_with_fifteen_decimals_keeps_them_all(tmp_path):
    row = only(read_focus(write_csv(tmp_path / "bill.csv", [line(ConsumedQuantity="123456.789012345678901")])))
    assert row["consumed_quantity"] == Decimal("123456.789012345678901")


def test_null_spelled_out_or_empty_is_no_value_and_other_words_are_kept(tmp_path):
    row = only(read_focus(write_csv(tmp_path / "bill.csv", [line(SkuId="NULL", SkuMeter="null", RegionId="None")])))
    assert (row["sku_id"], row["sku_meter"], row["resource_id"], row["region_id"]) == (None, None, None, "None")


def test_times_without_a_zone_are_utc_and_noted_and_others_are_brought_to_utc(tmp_path):
    times = {"ChargePeriodStart": "2026-09-03 00:00:00", "ChargePeriodEnd": "2026-09-04T01:30:00+02:00"}
    batch = read_focus(write_csv(tmp_path / "bill.csv", [line(**times)]))
    row = only(batch)
    assert row["charge_period_start"] == datetime(2026, 9, 3, tzinfo=UTC)
    assert row["charge_period_end"] == datetime(2026, 9, 3, 23, 30, tzinfo=UTC)
    assert "1 times without a zone, taken as UTC" in batch.notes


def test_the_billing_month_is_that_of_the_billing_period_in_utc(tmp_path):
    row = only(read_focus(write_csv(tmp_path / "bill.csv", [line(BillingPeriodStart="2026-09-01T01:00:00+02:00")])))
    assert row["billing_month"] == "2026-08"


def test_scientific_notation_is_read_exactly(tmp_path):
    row = only(read_focus(write_csv(tmp_path / "bill.csv", [line(BilledCost="1.25E-7", ListCost="3e2")])))
    assert (row["billed_cost"], row["list_cost"]) == (Decimal("0.000000125"), Decimal(300))


def test_either_generation_of_provider_columns_fills_the_other(tmp_path):
    old = only(read_focus(write_csv(tmp_path / "old.csv", [line()])))
    assert (old["service_provider_name"], old["host_provider_name"]) == ("Vendor", "Cloud")
    new = line(ServiceProviderName="Vendor", HostProviderName="Cloud")
    del new["ProviderName"], new["PublisherName"]
    batch = read_focus(write_csv(tmp_path / "new.csv", [new]))
    row = only(batch)
    assert batch.version == "1.4"
    assert (row["publisher_name"], row["provider_name"]) == ("Vendor", "Cloud")


def test_unknown_columns_are_kept_as_json_and_named(tmp_path):
    batch = read_focus(write_csv(tmp_path / "bill.csv", [line(x_Discount='7 "off"', Extra="NULL")]))
    assert json.loads(only(batch)["x_columns"])["x_Discount"] == '7 "off"'
    assert "kept in x_columns: x_Discount, Extra" in batch.notes


def test_compression_and_separator_change_nothing_about_the_lines(tmp_path):
    plain = write_csv(tmp_path / "bill.csv", [line(ChargeDescription='several\nlines, "quoted"')])
    packed = tmp_path / "bill.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    semicolons = write_csv(tmp_path / "other.csv", [line(ChargeDescription='several\nlines, "quoted"')], ";")
    rows = [only(read_focus(path)) for path in (plain, packed, semicolons)]
    assert rows[0]["source_hash"] == rows[1]["source_hash"] != rows[2]["source_hash"]
    assert [row["source_file"] for row in rows] == ["bill.csv", "bill.csv.gz", "other.csv"]
    for row in rows:
        del row["source_file"], row["source_hash"]
    assert rows[0] == rows[1] == rows[2]


def test_the_same_content_has_the_same_hash_under_another_name(tmp_path):
    hashes = {only(read_focus(write_csv(tmp_path / name, [line()])))["source_hash"] for name in ("a.csv", "b.csv")}
    assert len(hashes) == 1


def test_parquet_keeps_decimals_and_says_where_it_met_floats(tmp_path):
    texts = line(SkuId="sku")
    columns = {name: pa.array([value or None]) for name, value in texts.items()}
    columns["BilledCost"] = pa.array([Decimal("0.123456789012345678")], pa.decimal128(38, 18))
    columns["ListCost"] = pa.array([0.1], pa.float64())
    columns["ChargePeriodStart"] = pa.array([datetime(2026, 9, 3, tzinfo=UTC)], pa.timestamp("ns", "Europe/Paris"))
    columns["ChargePeriodEnd"] = pa.array(["2026-09-04"]).cast(pa.timestamp("us"))
    columns["Tags"] = pa.array([[("env", "prod")]], pa.map_(pa.string(), pa.string()))
    columns["ProviderName"] = columns["ProviderName"].dictionary_encode()
    path = tmp_path / "bill.parquet"
    pq.write_table(pa.table(columns), path)
    batch = read_focus(path)
    row = only(batch)
    assert (row["billed_cost"], row["list_cost"]) == (Decimal("0.123456789012345678"), Decimal("0.1"))
    assert row["charge_period_start"] == datetime(2026, 9, 3, tzinfo=UTC)
    assert (row["provider_name"], json.loads(row["tags"])) == ("Cloud", {"env": "prod"})
    assert "floating point in ListCost: taken as its shortest decimal spelling" in batch.notes


def test_a_folder_is_read_file_by_file_each_with_its_own_hash(tmp_path):
    for month in ("09", "10"):
        folder = tmp_path / f"billing_period=2026-{month}"
        folder.mkdir()
        write_csv(folder / "part.csv", [line(BilledCost=month)])
    (tmp_path / "metadata.json").write_text("{}")
    batch = read_focus(tmp_path)
    assert batch.received == 2
    assert sorted(batch.accepted["source_file"].to_pylist()) == [
        "billing_period=2026-09/part.csv",
        "billing_period=2026-10/part.csv",
    ]
    assert len(batch.accepted["source_hash"].unique()) == 2


def test_two_currencies_stay_side_by_side_and_the_notes_say_so(tmp_path):
    batch = read_focus(write_csv(tmp_path / "bill.csv", [line(), line(BillingCurrency="USD")]))
    assert batch.accepted["billing_currency"].to_pylist() == ["EUR", "USD"]
    assert any("never added: EUR, USD" in note for note in batch.notes)


def test_equal_lines_are_charges_unless_a_unique_id_proves_them_one(tmp_path):
    twice = read_focus(write_csv(tmp_path / "twice.csv", [line(), line(BilledCost="2"), line()]))
    assert (twice.accepted.num_rows, twice.quarantined.num_rows) == (3, 0)
    assert any(note.startswith("1 lines equal to an earlier one, kept") for note in twice.notes)

    lines = [line(x_LineItemId="a"), line(x_LineItemId="b", BilledCost="2"), line(x_LineItemId="a")]
    proven = read_focus(write_csv(tmp_path / "proven.csv", lines))
    assert (proven.accepted.num_rows, proven.received) == (2, 3)
    (refused,) = proven.quarantined.to_pylist()
    assert (refused["line_number"], refused["reason"]) == (4, "repeats line 2, x_LineItemId included")
    assert "account" in refused["raw_line"]


def test_an_id_shared_by_different_lines_proves_nothing(tmp_path):
    lines = [line(x_ServiceId="a"), line(x_ServiceId="a", BilledCost="2"), line(x_ServiceId="a")]
    assert read_focus(write_csv(tmp_path / "bill.csv", lines)).accepted.num_rows == 3


def test_the_tables_have_the_schemas_the_lake_stores(tmp_path):
    batch = read_focus(write_csv(tmp_path / "bill.csv", [line(), line(BilledCost="x")]))
    assert batch.accepted.schema == FOCUS_LINES_SCHEMA
    assert batch.quarantined.schema == QUARANTINE_SCHEMA
