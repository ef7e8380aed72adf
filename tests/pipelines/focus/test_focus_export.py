"""Exporting: exact values, spec order, one folder per month, the same bytes every time."""

import csv
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.focus.columns import FOCUS_LINES_SCHEMA, SILVER_COLUMNS, columns_of, mandatory_of
from pipelines.focus.export import export_focus
from pipelines.focus.read import read_focus

NOON = datetime(2026, 11, 18, 6, tzinfo=UTC)


def export(rows, out, version="1.2", file_format="csv"):
    return export_focus(rows.to_batches, version=version, out=out, file_format=file_format, created_at=NOON)


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("version", ["1.2", "1.4"])
@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_what_is_exported_is_read_back_exactly(scaleway_rows, tmp_path, version, file_format):
    done = export(scaleway_rows, tmp_path / "out", version, file_format)
    batch = read_focus(tmp_path / "out")
    assert (batch.quarantined.num_rows, batch.accepted.num_rows, batch.version) == (0, done.rows, version)
    for column in columns_of(version):
        assert batch.accepted[column.snake].to_pylist() == scaleway_rows[column.snake].to_pylist(), column.name
    assert done.totals == {"EUR": pc.sum(scaleway_rows["billed_cost"]).as_py()}


def test_columns_are_in_spec_order_with_every_mandatory_one_and_custom_ones_last(scaleway_rows, tmp_path):
    done = export(scaleway_rows, tmp_path / "out", "1.4")
    ours = [name for name in done.columns if name.startswith("x_")]
    assert list(done.columns) == sorted(set(done.columns) - set(ours)) + ours
    assert ours == ["x_QuantitySource"]
    assert set(mandatory_of("1.4")) <= set(done.columns)
    assert {"ChargeFrequency", "InvoiceId", "ServiceSubcategory"} <= set(done.columns)
    assert not {"ProviderName", "PublisherName", "ContractedUnitPrice"} & set(done.columns)


def test_each_billing_month_has_its_folder_and_only_its_lines(scaleway_rows, tmp_path):
    done = export(scaleway_rows, tmp_path / "out")
    assert [path.parent.name for path in done.files[:-1]] == ["billing_period=2026-09", "billing_period=2026-10"]
    for path in done.files[:-1]:
        starts = {row["BillingPeriodStart"] for row in read_csv(path)}
        assert starts == {path.parent.name.removeprefix("billing_period=") + "-01T00:00:00Z"}


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_the_same_rows_give_the_same_bytes_and_a_second_export_replaces_the_first(scaleway_rows, tmp_path, file_format):
    first = {p.relative_to(tmp_path): p.read_bytes() for p in export(scaleway_rows, tmp_path, "1.4", file_format).files}
    september = scaleway_rows.filter(pc.less(scaleway_rows["charge_period_start"], datetime(2026, 10, 1, tzinfo=UTC)))
    assert len(export(september, tmp_path, "1.4", file_format).files) == 2
    assert not (tmp_path / "billing_period=2026-10").exists()
    again = {p.relative_to(tmp_path): p.read_bytes() for p in export(scaleway_rows, tmp_path, "1.4", file_format).files}
    assert first == again


def test_a_folder_that_holds_anything_else_is_refused_and_left_alone(scaleway_rows, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match=r"holds 'thesis\.txt'"):
        export(scaleway_rows, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_export_that_breaks_leaves_the_earlier_one_whole(scaleway_rows, tmp_path):
    done = export(scaleway_rows, tmp_path / "out")
    before = {path: path.read_bytes() for path in done.files}

    calls = []

    def broken():
        calls.append(1)
        yield from scaleway_rows.to_batches()
        if len(calls) == 2:
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        export_focus(broken, version="1.2", out=tmp_path / "out", file_format="csv", created_at=NOON)
    with pytest.raises(UsageError, match="no costs to export"):
        export(scaleway_rows.slice(0, 0), tmp_path / "out")
    assert {path: path.read_bytes() for path in done.files} == before
    assert export(scaleway_rows, tmp_path / "out") == done


def test_a_folder_that_cannot_be_written_and_wrong_words_are_usage_errors(scaleway_rows, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        export(scaleway_rows, tmp_path / "file" / "below")
    with pytest.raises(UsageError, match=r"an export is 1\.2 or 1\.4"):
        export(scaleway_rows, tmp_path / "out", "1.3")
    with pytest.raises(UsageError, match="csv or parquet"):
        export(scaleway_rows, tmp_path / "out", "1.2", "xlsx")
    with pytest.raises(UsageError, match="lack list_cost"):
        export(scaleway_rows.drop_columns("list_cost"), tmp_path / "out")


def test_numbers_and_times_are_plain_text_and_names_are_not_touched(scaleway_rows, tmp_path):
    row = scaleway_rows.slice(0, 1).to_pylist()[0]
    row |= {
        "billed_cost": Decimal("-0.000000000000000001"),
        "effective_cost": Decimal(100),
        "list_cost": Decimal("1200.5"),
        "resource_name": "=1+1",
        "charge_period_start": datetime(2026, 9, 1, 2, tzinfo=timezone(timedelta(hours=2))),
    }
    export(pa.Table.from_pylist([row], scaleway_rows.schema), tmp_path / "out")
    (text,) = read_csv(tmp_path / "out" / "billing_period=2026-09" / "focus.csv")
    assert (text["BilledCost"], text["EffectiveCost"], text["ListCost"]) == ("-0.000000000000000001", "100.0", "1200.5")
    assert (text["ResourceName"], text["ChargePeriodStart"]) == ("=1+1", "2026-09-01T00:00:00Z")
    assert text["ChargeClass"] == ""


def test_the_metadata_describes_every_column_and_from_1_4_the_dataset_and_its_recency(scaleway_rows, tmp_path):
    done = export(scaleway_rows, tmp_path / "out", "1.4")
    metadata = json.loads(done.files[-1].read_text())
    (schema,) = metadata["Schema"]
    assert [column["ColumnName"] for column in schema["ColumnDefinition"]] == list(done.columns)
    assert (schema["FocusVersion"], schema["CreationDate"]) == ("1.4", "2026-11-18T06:00:00Z")
    kinds = {column["ColumnName"]: column for column in schema["ColumnDefinition"]}
    assert kinds["BilledCost"] == {
        "ColumnName": "BilledCost",
        "DataType": "DECIMAL",
        "NumericPrecision": 38,
        "NumberScale": 18,
    }
    assert kinds["Tags"]["ProviderTagPrefixes"] == []
    (instance,) = metadata["DatasetInstance"]
    (recency,) = metadata["Recency"]
    assert instance["FocusDatasetId"] == "CostAndUsage"
    assert schema["DatasetInstanceId"] == recency["DatasetInstanceId"] == instance["DatasetInstanceId"]
    assert [sector["TimeSectorEnd"] for sector in recency["TimeSectors"]] == [
        "2026-10-01T00:00:00Z",
        "2026-11-01T00:00:00Z",
    ]
    assert recency["DatasetInstanceComplete"] is True
    older = json.loads(export(scaleway_rows, tmp_path / "older").files[-1].read_text())
    assert set(older) == {"DataGenerator", "Schema"}
    assert older["Schema"][0]["SchemaId"] != schema["SchemaId"]


def test_an_open_month_is_not_called_complete(scaleway_rows, tmp_path):
    middle = datetime(2026, 10, 15, tzinfo=UTC)
    done = export_focus(
        scaleway_rows.to_batches, version="1.4", out=tmp_path / "out", file_format="csv", created_at=middle
    )
    (recency,) = json.loads(done.files[-1].read_text())["Recency"]
    assert [sector["TimeSectorComplete"] for sector in recency["TimeSectors"]] == [True, False]
    assert recency["DatasetInstanceComplete"] is False


def test_an_imported_bill_leaves_as_it_came(reference_data, tmp_path):
    imported = read_focus(reference_data / "data" / "focus" / "focus_1_0_aws_sample.csv.gz").accepted
    export(imported, tmp_path / "out")
    again = read_focus(tmp_path / "out").accepted
    same = [name for name, _ in SILVER_COLUMNS if "x_" not in name]
    assert again.num_rows == 942
    for name in same:
        if name not in ("service_provider_name", "host_provider_name"):
            assert again[name].to_pylist() == imported[name].to_pylist(), name


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(
    lambda text: text not in ("NULL", "null")
)
MONEY = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**19), max_value=10**19)
TIME = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.fixed_dictionaries(
            {
                "billed_cost": MONEY,
                "list_unit_price": st.none() | MONEY,
                "charge_period_start": TIME,
                "resource_name": st.none() | TEXT,
                "charge_description": st.none() | TEXT,
            }
        ),
        min_size=1,
        max_size=5,
    ),
    version=st.sampled_from(["1.2", "1.4"]),
    file_format=st.sampled_from(["csv", "parquet"]),
)
def test_any_decimal_time_and_text_survives_export_and_import(tmp_path, scaleway_rows, values, version, file_format):
    base = scaleway_rows.slice(0, 1).to_pylist()[0]
    rows = [base | value | {"charge_period_end": value["charge_period_start"]} for value in values]
    export(pa.Table.from_pylist(rows, scaleway_rows.schema), tmp_path / "out", version, file_format)
    batch = read_focus(tmp_path / "out")
    assert batch.accepted.num_rows == len(rows), batch.quarantined.to_pylist()
    for name in values[0]:
        assert batch.accepted[name].to_pylist() == [row[name] for row in rows]
    assert batch.accepted.schema == FOCUS_LINES_SCHEMA


def test_the_parquet_export_has_exact_types(scaleway_rows, tmp_path):
    done = export(scaleway_rows, tmp_path / "out", "1.4", "parquet")
    schema = pq.read_schema(done.files[0])
    assert schema.field("BilledCost").type == pa.decimal128(38, 18)
    assert schema.field("ChargePeriodStart").type == pa.timestamp("us", "UTC")
    assert schema.field("Tags").type == pa.string()
