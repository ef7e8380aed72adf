"""Bills of other providers through the command: each line kept as it is or set apart with its reason, none lost."""

import csv
import io
import json
from decimal import Decimal

import pytest

from finops.cli import main
from pipelines.focus.columns import columns_of

LINE = dict.fromkeys([column.name for column in columns_of("1.2")], "") | {
    "BilledCost": "1.5",
    "BillingAccountId": "account",
    "BillingCurrency": "EUR",
    "BillingPeriodStart": "2026-09-01T00:00:00Z",
    "BillingPeriodEnd": "2026-10-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-09-03T00:00:00Z",
    "ChargePeriodEnd": "2026-09-04T00:00:00Z",
    "ProviderName": "Cloud",
    "PublisherName": "Cloud",
}


@pytest.fixture
def bill(project):
    """`bill({...}, {...})` writes a bill whose lines differ from a good one as told; columns may be left out."""

    def write(*changes, name="bill.csv", without=()):
        stream = io.StringIO()
        writer = csv.DictWriter(stream, [column for column in LINE if column not in without], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(LINE | change for change in changes)
        (project / name).write_text(stream.getvalue())
        return name

    return write


@pytest.fixture
def asked(finops):
    """Rows of a question, as exact text."""

    def rows(sql):
        code, out, err = finops("sql", sql, "--format", "json")
        assert code == 0, err
        return json.loads(out)["rows"]

    return rows


def complaint(err):
    last = err.splitlines()[-1]
    assert last.startswith("finops: ")
    assert "Traceback" not in err
    return last


def test_currencies_stay_side_by_side_and_are_never_added(finops, bill, asked):
    file = bill({"BilledCost": "1.25"}, {"BilledCost": "2.50", "BillingCurrency": "USD"}, {"BilledCost": "-0.25"})
    code, _, err = finops("import", "focus", file)
    assert code == 0, err
    sums = asked("select billing_currency, sum(billed_cost) as c from silver.focus_costs group by all order by all")
    assert [(row["billing_currency"], Decimal(row["c"])) for row in sums] == [
        ("EUR", Decimal(1)),
        ("USD", Decimal("2.5")),
    ]


def test_lines_that_cannot_be_used_are_set_apart_and_the_code_is_6(finops, bill, asked):
    file = bill(
        {},
        {"BilledCost": "NULL"},
        {"ChargePeriodStart": "2026-09-03 00:00:00"},
        {"BilledCost": "1,5"},
        {"ResourceName": "NULL", "ResourceId": "r-1"},
    )
    code, out, err = finops("import", "focus", file, "--json")
    [told] = json.loads(out)["files"]
    assert told["received"] == 5
    assert told["accepted"] + told["quarantined"] == told["received"]
    apart = asked("select line_number, reason from bronze.focus_quarantine order by line_number")
    assert told["quarantined"] == len(apart) > 0
    assert code == 6
    assert f"{len(apart)} lines could not be used" in complaint(err)
    for row in apart:
        assert f"{file}, line {row['line_number']}: {row['reason']}" in err
    kept = asked("select resource_name from silver.focus_costs where resource_id = 'r-1'")
    assert [row["resource_name"] for row in kept] == [None]  # NULL is a missing name, not a name


def test_a_naive_time_is_taken_as_utc_and_told_about(finops, bill, asked):
    file = bill({"ChargePeriodStart": "2026-09-03T00:00:00", "ChargePeriodEnd": "2026-09-04T00:00:00"})
    code, _, err = finops("import", "focus", file)
    assert code == 0, err
    starts = asked("select charge_period_start from silver.focus_costs")
    assert [row["charge_period_start"] for row in starts] == ["2026-09-03T00:00:00Z"]
    assert "UTC" in err


def test_equal_lines_are_all_counted_and_told_about(finops, bill, asked):
    code, _, err = finops("import", "focus", bill({}, {}, {}))
    assert code == 0, err
    [total] = asked("select count(*) as lines, sum(billed_cost) as cost from silver.focus_costs")
    assert (int(total["lines"]), Decimal(total["cost"])) == (3, Decimal("4.5"))
    assert "equal" in err or "duplicate" in err


def test_a_file_imported_again_changes_nothing_and_a_corrected_one_replaces_it(finops, bill, asked):
    finops("import", "focus", bill({"BilledCost": "1"}, {"BilledCost": "2"}))
    _, out, _ = finops("import", "focus", "bill.csv", "--json")
    assert json.loads(out)["files"][0]["changed"] is False
    _, out, _ = finops("import", "focus", bill({"BilledCost": "1"}), "--json")
    assert json.loads(out)["files"][0]["changed"] is True
    assert [Decimal(row["billed_cost"]) for row in asked("select billed_cost from silver.focus_costs")] == [1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name,amount\nx,1\n", "not a FOCUS bill"),
        (b"PK\x03\x04\x00\x00 a spreadsheet", "not a UTF-8 CSV"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_bill_is_exit_2_and_leaves_no_lake(finops, project, content, said):
    (project / "bill.csv").write_bytes(content)
    code, out, err = finops("import", "focus", "bill.csv")
    assert (code, out) == (2, "")
    assert said in complaint(err)
    assert [path.name for path in project.iterdir()] == ["bill.csv"]


def test_missing_columns_are_named_and_lenient_takes_them_as_empty(finops, bill, asked):
    file = bill({}, without=("PublisherName", "BillingAccountName"))
    code, _, err = finops("import", "focus", file)
    assert code == 2
    assert "PublisherName" in complaint(err) or "BillingAccountName" in complaint(err)
    assert finops("import", "focus", file, "--lenient")[0] == 0
    assert len(asked("select 1 from silver.focus_costs")) == 1


def test_a_dry_import_writes_nothing(finops, bill, project):
    file = bill({}, {"BilledCost": "x"})
    code, out, _ = finops("import", "focus", file, "--dry-run", "--json")
    assert code == 6
    assert json.loads(out)["files"][0]["quarantined"] == 1
    assert [path.name for path in project.iterdir()] == [file]


def test_the_published_aws_bill_goes_in_and_out_digit_by_digit(finops, reference_data, asked, project):
    code, out, err = finops(
        "import", "focus", str(reference_data / "data" / "focus" / "focus_1_0_aws_sample.csv.gz"), "--json"
    )
    assert code == 0, err
    [told] = json.loads(out)["files"]
    assert (told["received"], told["accepted"], told["quarantined"]) == (942, 942, 0)
    [total] = asked("select count(*) as lines, sum(billed_cost) as cost from silver.focus_costs")
    assert (int(total["lines"]), Decimal(total["cost"])) == (942, Decimal("18.0066386184"))
    [credit] = asked("select billed_cost from silver.focus_costs where charge_category = 'Credit'")
    assert Decimal(credit["billed_cost"]) == Decimal("-2.6137")
    code, out, err = finops("export", "focus", "--out", "out", "--format", "csv", "--all-providers")
    assert code == 0, err
    assert "18.0066386184" in out


# --- the lake


def test_a_question_has_one_form_per_format(finops, bill, monkeypatch):
    finops("import", "focus", bill({"BilledCost": "0.10"}))
    question = "select billing_currency, billed_cost from silver.focus_costs"
    _, shown, _ = finops("sql", question, "--format", "csv")
    assert shown == "billing_currency,billed_cost\nEUR,0.100000000000000000\n"
    _, shown, _ = finops("sql", question, "--format", "json")
    assert json.loads(shown)["rows"] == [{"billing_currency": "EUR", "billed_cost": "0.100000000000000000"}]
    _, shown, _ = finops("sql", question)
    assert shown.splitlines()[-1].split() == ["EUR", "0.10"]
    import pyarrow.parquet as pq

    stdout = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stdout", stdout)
    assert main(["sql", question, "--format", "parquet"]) == 0
    rows = pq.read_table(io.BytesIO(stdout.buffer.getvalue())).to_pylist()
    assert rows == [{"billing_currency": "EUR", "billed_cost": Decimal("0.1")}]


def test_an_empty_lake_is_whole_and_its_tables_are_listed(finops, project):
    code, out, err = finops("lake", "check")
    assert code == 0
    assert "empty" in err
    code, out, _ = finops("lake", "tables", "--json")
    rows = {row["table"]: row for row in json.loads(out)["rows"]}
    assert code == 0
    assert {"bronze.charges", "silver.costs", "gold.daily_costs", "silver.focus_costs"} <= set(rows)
    assert all(row["meaning"] for row in rows.values())
    assert list(project.iterdir()) == []
