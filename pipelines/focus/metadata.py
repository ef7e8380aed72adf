"""The metadata FOCUS asks for beside a dataset: who made it, which columns it has, how recent it is."""

from datetime import UTC, datetime
from typing import Any

from pipelines.focus.columns import BY_NAME, FocusColumn

_DATA_TYPES = {
    "money": "DECIMAL",
    "quantity": "DECIMAL",
    "unit_price": "DECIMAL",
    "timestamp": "DATETIME",
    "json": "JSON",
}


def dataset_metadata(
    columns: list[FocusColumn],
    extra: list[str],
    *,
    version: str,
    dataset_id: str,
    dataset_name: str,
    schema_id: str,
    created_at: datetime,
    generator: str,
    generator_version: str,
    months: list[str],
) -> dict[str, Any]:
    """Data generator and schema; from 1.3 on also the dataset instance and its recency."""
    created = _moment(created_at)
    schema: dict[str, Any] = {
        "SchemaId": schema_id,
        "FocusVersion": version,
        "CreationDate": created,
        "DataGeneratorVersion": generator_version,
        "ColumnDefinition": [_definition(column) for column in columns]
        + [{"ColumnName": name, "DataType": "STRING", "StringEncoding": "UTF-8"} for name in extra],
    }
    metadata: dict[str, Any] = {"DataGenerator": {"DataGenerator": generator}}
    if version >= "1.3":
        instance = {"DatasetInstanceId": dataset_id, "DatasetInstanceName": dataset_name}
        metadata["DatasetInstance"] = [{**instance, "FocusDatasetId": "CostAndUsage"}]
        metadata["Recency"] = [_recency(dataset_id, created_at, months)]
        schema = {"SchemaId": schema_id, "DatasetInstanceId": dataset_id, **schema}
    metadata["Schema"] = [schema]
    return metadata


def _definition(column: FocusColumn) -> dict[str, Any]:
    kind = _DATA_TYPES.get(column.kind, "STRING")
    definition: dict[str, Any] = {"ColumnName": column.name, "DataType": kind}
    if kind == "DECIMAL":
        definition |= {"NumericPrecision": 38, "NumberScale": 18}
    if kind == "STRING":
        definition |= {"StringEncoding": "UTF-8"}
    if column.name == "Tags":
        definition["ProviderTagPrefixes"] = []
    assert column.name in BY_NAME
    return definition


def _recency(dataset_id: str, created_at: datetime, months: list[str]) -> dict[str, Any]:
    """A month counts as complete once it is over; its charges may still be restated until the invoice."""
    sectors = []
    for month in months:
        start, end = _bounds(month)
        sectors.append(
            {
                "TimeSectorStart": _moment(start),
                "TimeSectorEnd": _moment(end),
                "TimeSectorComplete": end <= created_at,
                "TimeSectorLastUpdated": _moment(created_at),
            }
        )
    return {
        "DatasetInstanceId": dataset_id,
        "DatasetInstanceLastUpdated": _moment(created_at),
        "RecencyLastUpdated": _moment(created_at),
        "DatasetInstanceComplete": all(sector["TimeSectorComplete"] for sector in sectors),
        "TimeSectors": sectors,
    }


def _bounds(month: str) -> tuple[datetime, datetime]:
    year, number = map(int, month.split("-"))
    start = datetime(year, number, 1, tzinfo=UTC)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return start, end


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
