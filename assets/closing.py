"""Closes a month, and tells later what became another figure.

Figures are written before the close that names their manifest, so a close that was cut short leaves rows that nothing
points at, and the next one finds them there. A closed month stays closed: what changes after is a restatement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from assets.closed_lake import ClosedCatalog
from assets.closing_figures import is_untouched, manifest_of
from assets.closing_tables import CLOSED_FIGURES, MONTH, MONTH_CLOSES, RESTATEMENTS
from assets.made_tables import content_of
from assets.reports import failed_checks
from pipelines.closing.differences import Difference, causes, changed_answers, differences
from pipelines.closing.manifest import Answer, Figure, Manifest, from_json
from pipelines.closing.permission import MonthState, refuse_unclosable
from pipelines.errors import FinopsError, UsageError
from pipelines.lake.engine import Catalog
from pipelines.lake.tables import PythonTable
from pipelines.settings import Settings

_CHARGES = "billing.charges"


@dataclass(frozen=True)
class Close:
    """One close as it is kept."""

    month: str
    closed_at: datetime
    manifest: Manifest
    manifest_hash: str


@dataclass(frozen=True)
class Closing:
    """What came of closing: the manifest now, the close that was there before, and what differs from it."""

    manifest: Manifest
    before: Close | None
    differing: tuple[Difference, ...]
    is_new: bool


def close_month(
    catalog: Catalog, month: str, settings: Settings, now: datetime, *, preliminary: bool = False, dry_run: bool = False
) -> Closing:
    """Freeze the month, or say what is so of it already. Raises QualityGateError when it may not be closed.

    A month closed as preliminary is closed again once its invoice is issued.
    """
    state = month_state(catalog, month)
    refuse_unclosable(state, preliminary=preliminary)
    manifest = manifest_of(catalog, month, settings, is_preliminary=not state.is_final)
    before = closes(catalog).get(month)
    if before is not None and not (before.manifest.is_preliminary and state.is_final):
        return Closing(manifest, before, tuple(differences(before.manifest.figures, manifest.figures)), is_new=False)
    if not dry_run:
        _keep(catalog, manifest, state, now)
    return Closing(manifest, before, (), is_new=True)


def month_state(catalog: Catalog, month: str) -> MonthState:
    """How far the month is known, and which blocking checks do not hold in it."""
    rows = catalog.query(f"select * from silver.billing_months where billing_month = '{month}'").to_pylist()
    if not rows:
        raise UsageError(f"month {month} is not in the lake; run `finops run --since {month}-01` first")
    failed = [f"{each.check_name} on {each.table_name}" for each in failed_checks(catalog, month) if each.is_blocking]
    row = rows[0]
    return MonthState(
        month,
        row["charges_until"],
        row["days_read"],
        row["is_complete"],
        row["invoice_state"],
        row["is_final"],
        tuple(failed),
    )


def closes(catalog: Catalog) -> dict[str, Close]:
    """The newest close of each closed month."""
    rows = catalog.query("select * from gold.month_closes order by closed_at, manifest_hash").to_pylist()
    return {
        row[MONTH]: Close(row[MONTH], row["closed_at"], from_json(row["manifest"]), row["manifest_hash"])
        for row in rows
    }


def note_restatements(catalog: Catalog, settings: Settings, now: datetime) -> int:
    """Append what became another figure since it was last told of; the number of lines written."""
    found: list[dict[str, Any]] = []
    for month, close in sorted(closes(catalog).items()):
        told = _told(catalog, close)
        if not told and is_untouched(catalog, close.manifest):
            continue
        present = manifest_of(catalog, month, settings, is_preliminary=close.manifest.is_preliminary)
        differing = differences(close.manifest.figures, present.figures, told)
        answers = _answers_behind(catalog, close, present) if differing else []
        found += [_restated(close, present, each, answers, now) for each in differing]
    _append(catalog, RESTATEMENTS, found)
    return len(found)


def restated_rows(catalog: Catalog, close: Close, settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """All figures that differ from the closed ones now, as lines of `gold.restatements`; each first seen as noted."""
    present = manifest_of(catalog, close.month, settings, is_preliminary=close.manifest.is_preliminary)
    noted = catalog.query(
        "select figure, scope, billing_currency, first_seen_at from gold.restatements "
        f"where manifest_hash = '{close.manifest_hash}' order by noted_at desc"
    ).to_pylist()
    seen = {(row["figure"], row["scope"], row["billing_currency"]): row["first_seen_at"] for row in noted}
    answers = _answers_behind(catalog, close, present)
    lines = []
    for each in differences(close.manifest.figures, present.figures):
        line = _restated(close, present, each, answers, now)
        lines.append(line | {"first_seen_at": seen.get(each.figure.key, line["first_seen_at"])})
    return lines


def _told(catalog: Catalog, close: Close) -> dict[tuple[str, str, str], Decimal | None]:
    """The value each restated figure was last told with."""
    rows = catalog.query(
        "select figure, scope, billing_currency, present_value from gold.restatements "
        f"where manifest_hash = '{close.manifest_hash}' order by noted_at"
    ).to_pylist()
    return {(row["figure"], row["scope"], row["billing_currency"]): row["present_value"] for row in rows}


def _answers_behind(catalog: Catalog, close: Close, present: Manifest) -> list[Answer]:
    """Answers that say something else of costs than those at the close did; where that cannot be told, all others.

    When an invoice is issued every charge gets its number, and no cost changes by that.
    """
    answers = changed_answers(close.manifest, present)
    try:
        then = _costs_by_answer(ClosedCatalog(catalog, close.manifest.versions), close.month)
    except (FinopsError, duckdb.Error):
        return answers
    now = _costs_by_answer(catalog, close.month)
    before = {(each.source, each.question): each.answer for each in close.manifest.answers}
    return [
        each
        for each in answers
        if each.source != _CHARGES or then.get(before.get((each.source, each.question), "")) != now.get(each.answer)
    ]


def _costs_by_answer(catalog: Catalog, month: str) -> dict[str, set[tuple[Any, ...]]]:
    rows = catalog.query(
        "select answer_hash, charge_date, project_id, sku, resource_id, sum(billed_cost) as billed_cost "
        f"from silver.costs where billing_month = '{month}' group by all"
    ).to_pylist()
    found: dict[str, set[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row["answer_hash"], set()).add(tuple(row.values())[1:])
    return found


def _restated(
    close: Close, present: Manifest, difference: Difference, answers: Sequence[Answer], now: datetime
) -> dict[str, Any]:
    seen = max((datetime.fromisoformat(each.asked_at) for each in answers), default=now)
    figure = difference.figure
    return {
        "manifest_hash": close.manifest_hash,
        "figure": figure.name,
        "scope": figure.scope,
        "billing_currency": figure.currency,
        "unit": figure.unit,
        "closed_value": difference.closed,
        "present_value": difference.present,
        "difference": difference.amount,
        "causes": ", ".join(causes(close.manifest, present)),
        "answers": json.dumps([[each.source, each.answer, each.asked_at] for each in answers]),
        "first_seen_at": seen.astimezone(UTC),
        "noted_at": now,
        MONTH: close.month,
    }


def _keep(catalog: Catalog, manifest: Manifest, state: MonthState, now: datetime) -> None:
    known = catalog.query(
        f"select count(*) as rows from gold.closed_figures where manifest_hash = '{manifest.hash}'"
    ).to_pylist()
    if not known[0]["rows"]:
        _append(catalog, CLOSED_FIGURES, [_frozen(each, manifest) for each in manifest.figures])
    close = {
        "manifest_hash": manifest.hash,
        "closed_at": now,
        "is_preliminary": manifest.is_preliminary,
        "invoice_state": state.invoice_state,
        "figures": len(manifest.figures),
        "product_version": manifest.product_version,
        "manifest": manifest.to_json(),
        MONTH: manifest.month,
    }
    _append(catalog, MONTH_CLOSES, [close])


def _frozen(figure: Figure, manifest: Manifest) -> dict[str, Any]:
    return {
        "manifest_hash": manifest.hash,
        "figure": figure.name,
        "scope": figure.scope,
        "billing_currency": figure.currency,
        "unit": figure.unit,
        "value": figure.value,
        MONTH: manifest.month,
    }


def _append(catalog: Catalog, table: PythonTable, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    content = pa.Table.from_pylist([dict(row) for row in rows], schema=table.schema)
    hashes = {month: content_of(_of(content, month)) for month in sorted(set(_texts(content[MONTH])))}
    catalog.lake.append(table.name, content, hashes, table.partition_by)
    catalog.forget(table.name)


def _of(rows: pa.Table, month: str) -> pa.Table:
    return rows.filter(pa.array([each == month for each in _texts(rows[MONTH])]))


def _texts(column: pa.ChunkedArray) -> Iterable[str]:
    return [str(each) for each in column.to_pylist()]
