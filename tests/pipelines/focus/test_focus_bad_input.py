"""Bad bills: one clear sentence, or a quarantined line with its number and reason; nothing is lost."""

import csv
import gzip
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.focus.columns import columns_of
from pipelines.focus.read import read_focus

GOOD = dict.fromkeys([column.name for column in columns_of("1.2")], "") | {
    "BilledCost": "1.5",
    "BillingAccountId": "account",
    "BillingCurrency": "EUR",
    "BillingPeriodStart": "2026-09-01T00:00:00Z",
    "BillingPeriodEnd": "2026-10-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-09-03T00:00:00Z",
    "ChargePeriodEnd": "2026-09-04T00:00:00Z",
}
HEADER = ",".join(GOOD)


def text_of(*lines):
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(GOOD))
    writer.writeheader()
    writer.writerows(lines)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (HEADER.encode(), "has a header and no line"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
        (b"PK\x03\x04\x00\x00 a spreadsheet", "is not a UTF-8 CSV"),
        ("BilledCost,Tags\n1,2\n".encode("utf-16"), "is not a UTF-8 CSV"),
        (b"name,amount\nx,1\n", "is not a FOCUS bill"),
        (HEADER.encode() + b"\n" + b"caf\xe9,\n" * 3, "is not UTF-8 text"),
        (HEADER.encode() + b"\nonly one field\n", "is not a CSV: 1 of 1 lines"),
        ((HEADER + ",BilledCost\n").encode(), "column 'BilledCost' appears twice"),
        (gzip.compress(HEADER.encode() * 50, mtime=0)[:40], "damaged gzip"),
        (b"PAR1 and then nothing", "damaged Parquet"),
    ],
)
def test_what_is_no_bill_ends_in_one_line_that_names_the_file_and_a_remedy(tmp_path, content, says):
    path = tmp_path / "bill.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=says) as error:
        read_focus(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_path_that_is_not_there_and_a_folder_without_bills_are_named(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        read_focus(tmp_path / "nothing.csv")
    with pytest.raises(UsageError, match=r"holds no \.csv"):
        read_focus(tmp_path)


def test_missing_columns_are_named_and_a_lenient_import_takes_them_as_empty(tmp_path):
    path = tmp_path / "bill.csv"
    lines = [{name: value for name, value in GOOD.items() if name not in ("ListCost", "ServiceName")}]
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    with pytest.raises(UsageError, match=r"lacks ListCost, ServiceName, mandatory in FOCUS 1\.2"):
        read_focus(path)
    batch = read_focus(path, lenient=True)
    assert batch.accepted.num_rows == 1
    assert any("lacks them: ListCost, ServiceName" in note for note in batch.notes)


def test_the_specifications_examples_are_incomplete_bills_read_only_leniently(reference_data):
    refused = []
    for path in sorted((reference_data / "data" / "focus" / "spec_examples").glob("*.csv")):
        with pytest.raises(UsageError, match="lacks BillingAccountId"):
            read_focus(path)
        batch = read_focus(path, lenient=True)
        assert batch.received == batch.accepted.num_rows + batch.quarantined.num_rows
        refused += [(path.stem, row["line_number"], row["reason"]) for row in batch.quarantined.to_pylist()]
    hour_30 = "ChargePeriodEnd '2023-02-01T30:00:00Z' is not a date of the calendar"  # as published
    assert refused == [
        ("commitment_discount_purchase_scenario_2", 4, hour_30),
        ("commitment_discount_purchase_scenario_3", 5, hour_30),
    ]


def test_bills_in_a_providers_own_format_are_told_apart_from_focus(reference_data):
    for path in sorted((reference_data / "data" / "billing_native").glob("*.csv.gz")):
        with pytest.raises(UsageError, match="is not a FOCUS bill"):
            read_focus(path)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("BilledCost", "1,5", "BilledCost '1,5' is not a number"),
        ("BilledCost", "NaN", "BilledCost 'NaN' is not a number"),
        ("BilledCost", "", "BilledCost is missing"),
        ("BilledCost", "NULL", "BilledCost is missing"),
        ("BilledCost", "0.1234567890123456789", "has more than 18 decimals"),
        ("BilledCost", "1e-19", "has more than 18 decimals"),
        ("BilledCost", "123456789012345678901", "has more than 20 digits before the point"),
        ("BilledCost", "1e999", "has more than 20 digits before the point"),
        ("BillingCurrency", "", "BillingCurrency is missing"),
        ("BillingCurrency", "Euro", "BillingCurrency 'Euro' is not a currency code"),
        ("ChargePeriodStart", "", "ChargePeriodStart is missing"),
        ("ChargePeriodStart", "03/09/2026", "is not a date and time"),
        ("ChargePeriodStart", "2026-02-30T00:00:00Z", "is not a date of the calendar"),
        ("ChargePeriodStart", "2026-09-01T00:00:00.123456789Z", "is finer than a microsecond"),
        ("ChargePeriodEnd", "2026-09-02T00:00:00Z", "ChargePeriodEnd 2026-09-02"),
        ("BillingPeriodEnd", "2026-08-01T00:00:00Z", "is before BillingPeriodStart"),
        ("ConsumedQuantity", "many", "ConsumedQuantity 'many' is not a number"),
    ],
)
def test_a_line_that_cannot_be_used_is_set_apart_with_its_number_reason_and_text(tmp_path, column, value, reason):
    path = tmp_path / "bill.csv"
    path.write_text(text_of(GOOD, GOOD | {column: value}, GOOD))
    batch = read_focus(path)
    assert (batch.received, batch.accepted.num_rows) == (3, 2)
    (refused,) = batch.quarantined.to_pylist()
    assert (refused["source_file"], refused["line_number"]) == ("bill.csv", 3)
    assert reason in refused["reason"]
    assert refused["raw_line"] == text_of(GOOD | {column: value}).splitlines()[1]
    assert batch.accepted["line_number"].to_pylist() == [2, 4]


def test_trailing_zeros_beyond_eighteen_decimals_lose_nothing_and_are_accepted(tmp_path):
    path = tmp_path / "bill.csv"
    path.write_text(text_of(GOOD | {"BilledCost": "0.5" + "0" * 40}))
    assert str(read_focus(path).accepted["billed_cost"][0].as_py().normalize()) == "0.5"


def test_a_line_with_too_few_or_too_many_fields_is_set_apart_and_the_others_keep_their_numbers(tmp_path):
    good = text_of(GOOD).splitlines()[1]
    path = tmp_path / "bill.csv"
    path.write_text("\n".join([HEADER, good, "a,b", good, good + ",more", good]) + "\n")
    batch = read_focus(path)
    assert batch.accepted["line_number"].to_pylist() == [2, 4, 6]
    refused = {row["line_number"]: row["reason"] for row in batch.quarantined.to_pylist()}
    assert refused == {3: "2 fields where the header has 57", 5: "58 fields where the header has 57"}


NASTY = st.one_of(
    st.sampled_from(
        ["", "NULL", "null", "-", "1", "-0.5", "1e5", "2026-09-05", "EUR", "Usage", "=1+1", '"', "é", "a\nb"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.dictionaries(st.sampled_from(list(GOOD)), NASTY, max_size=6), min_size=1, max_size=8),
    broken=st.lists(st.sampled_from(["a,b", "x"]), max_size=1),
)
def test_every_line_received_is_either_accepted_or_set_apart(tmp_path, changes, broken):
    path = tmp_path / "bill.csv"
    lines = [GOOD | change for change in changes]
    path.write_bytes((text_of(GOOD, *lines) + "".join(f"{row}\r\n" for row in broken)).encode())
    batch = read_focus(path)
    assert batch.accepted.num_rows + batch.quarantined.num_rows == batch.received == 1 + len(lines) + len(broken)
    numbers = batch.accepted["line_number"].to_pylist() + batch.quarantined["line_number"].to_pylist()
    assert sorted(numbers) == list(range(2, batch.received + 2))
    assert not batch.accepted["billed_cost"].null_count
    assert all(reason for reason in batch.quarantined["reason"].to_pylist())
