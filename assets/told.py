"""What a materialisation tells of its table: rows, money and dates first, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import dagster as dg

from assets.column_words import meaning
from assets.lens import Lens
from pipelines.lake.build import Built
from pipelines.lake.sql_models import SqlModel

COST_COLUMNS = ("billed_cost", "charged_cost", "consumed_cost")
"""Of these, the first a table has is its money."""

_COUNTED_TWICE = frozenset({"dimension", "label", "step_number"})
"""A table with one of these in its grain shows the same money several times, so it has no total."""

_PREVIEW_ROWS = 8
_PREVIEW_COLUMNS = 8
_SHOWN_CHARACTERS = 48
_NOT_FOR_EYES = ("_hash", "_key", "_json", "_id")
_FRACTIONS = ("_ratio", "_share", "_coverage")


@dataclass(frozen=True)
class Told:
    """Metadata of the run, and of each month it asked for."""

    shared: Mapping[str, Any]
    by_month: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def told_of_view(model: SqlModel) -> Told:
    """A view holds nothing; it says what it is called."""
    return Told({"dagster/table_name": model.table, "rows_written": 0, "written": False})


def told_of_table(lens: Lens, model: SqlModel, built: Built) -> Told:
    """Rows, money and dates of the table as it is now, whether this run wrote it or found it up to date."""
    columns = lens.columns(model.table)
    shared: dict[str, Any] = {
        "rows_written": built.rows_written,
        "written": bool(built.written),
        "dagster/table_name": model.table,
        "dagster/uri": lens.catalog.lake.uri(model.table),
        "delta_version": lens.catalog.state(model.table).version,
    }
    if model.partition_by:
        shared["months_written"] = ", ".join(built.written) or "none: nothing it is made of has changed"
    shown = {
        "preview": dg.MetadataValue.md(_preview(lens, model, columns, built.asked)),
        "dagster/column_schema": _schema(model, columns),
    }
    measured = _measured(lens, model, columns, built.asked)
    if model.partition_by is None:
        return Told({**measured.get("", {"dagster/row_count": 0}), **shared, **shown})
    by_month = {month: dict(measured.get(month, {"dagster/partition_row_count": 0})) for month in built.asked}
    newest = max(built.asked)
    by_month[newest] |= shown  # the newest month is the page that opens; the others stay small
    return Told(shared, by_month)


def _of_months(model: SqlModel, months: Sequence[str]) -> str:
    """The rows of what was asked for; to tell of all months would take longer every month."""
    if model.partition_by is None:
        return model.table
    return f"{model.table} where {model.partition_by} in ({', '.join(repr(month) for month in months)})"


def _measured(
    lens: Lens, model: SqlModel, columns: Mapping[str, str], months: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Facts by month, or under '' for a table without months."""
    month = model.partition_by or "''"
    rows = lens.query(
        f"select {month} as month, {_measures(model, columns)} from {_of_months(model, months)} "
        "group by 1, 2 order by 1, 2"
    ).to_pylist()
    count = "dagster/partition_row_count" if model.partition_by else "dagster/row_count"
    facts: dict[str, dict[str, Any]] = {}
    for row in rows:
        told = facts.setdefault(row["month"], {})
        told[count] = told.get(count, 0) + row["rows_of_it"]
        for name in ("min_date", "max_date", "distinct_projects", "null_owner_pct"):
            if row.get(name) is not None:
                told[name] = row[name]
        for name in ("total_cost", "cost_per_day", "delta_cost"):
            if row["currency"] and row.get(name) is not None:
                told[f"{name}_{row['currency']}"] = row[name]
    return facts


def _measures(model: SqlModel, columns: Mapping[str, str]) -> str:
    """Aggregates of what the table has; numbers are doubles here, since the pages plot nothing else."""
    measures = ["billing_currency as currency" if "billing_currency" in columns else "'' as currency"]
    measures.append("count(*) as rows_of_it")
    cost = _money(model, columns)
    if cost:
        measures.append(f"cast(round(sum({cost}), 2) as double) as total_cost")
    if "delta_cost" in columns and not _COUNTED_TWICE & set(model.grain):
        measures.append("cast(round(sum(delta_cost), 2) as double) as delta_cost")
    if "charge_date" in columns:
        measures += ["min(charge_date)::varchar as min_date", "max(charge_date)::varchar as max_date"]
        if cost:
            measures.append(f"cast(round(sum({cost}) / count(distinct charge_date), 2) as double) as cost_per_day")
    if "project_id" in columns:
        measures.append("count(distinct project_id) as distinct_projects")
    if "owner" in columns:
        measures.append("cast(100.0 * count(*) filter (where owner is null) / count(*) as double) as null_owner_pct")
    return ", ".join(measures)


def _money(model: SqlModel, columns: Mapping[str, str]) -> str | None:
    """The column whose sum is the table's money."""
    if _COUNTED_TWICE & set(model.grain):
        return None
    return next((name for name in COST_COLUMNS if name in columns), None)


def _schema(model: SqlModel, columns: Mapping[str, str]) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[dg.TableColumn(name, kind, _words(model, name)) for name, kind in columns.items()],
        constraints=dg.TableConstraints([f"one row per {', '.join(model.grain)}"]),
    )


def _words(model: SqlModel, column: str) -> str | None:
    told = (meaning(model.table, column), "Part of the grain." if column in model.grain else None)
    return " ".join(filter(None, told)) or None


def _preview(lens: Lens, model: SqlModel, columns: Mapping[str, str], months: Sequence[str]) -> str:
    """The largest rows of the newest month, the columns a person reads."""
    names = _for_eyes(model, columns)
    cost = next((name for name in COST_COLUMNS if name in columns), None)
    order = [f"{model.partition_by} desc"] if model.partition_by else []
    order += [f"{cost} desc nulls last"] if cost else []
    ordered = f"order by {', '.join(order)}" if order else ""
    listed = ", ".join(f'"{name}"' for name in names)
    source = _of_months(model, months)
    rows = lens.query(f"select {listed} from {source} {ordered} limit {_PREVIEW_ROWS}").to_pylist()
    return markdown_table(names, rows)


def _for_eyes(model: SqlModel, columns: Mapping[str, str]) -> list[str]:
    """The month first and the money in sight; words before keys, and keys only where there is room."""
    first = [name for name in (model.partition_by,) if name in columns]
    money = [name for name in (*COST_COLUMNS, "billing_currency") if name in columns]
    others = [name for name in columns if name not in (*first, *money)]
    readable = [name for name in others if not name.endswith(_NOT_FOR_EYES)]
    keys = [name for name in others if name.endswith("_id")]
    room = max(_PREVIEW_COLUMNS - len(first) - len(money), 1)
    chosen = set((readable + keys)[:room])
    rest = [name for name in others if name in chosen]
    return [str(name) for name in (*first, *rest, *money)]


def markdown_table(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as Markdown; numbers to the right, money with two decimals, fractions as percent."""
    if not rows:
        return "no rows"
    numeric = [any(isinstance(row[name], int | Decimal | float) for row in rows) for name in names]
    lines = [" | ".join(names), " | ".join("--:" if right else "---" for right in numeric)]
    lines += [" | ".join(_shown(name, row[name]) for name in names) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _shown(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        if name.endswith(_FRACTIONS):
            return f"{value:.1%}"
        return f"{value:,.6f}".rstrip("0") if name.endswith("_unit_price") else f"{value:,.2f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = " ".join(str(value).split()).replace("|", "\\|")
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
