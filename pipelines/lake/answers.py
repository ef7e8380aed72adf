"""Keeps what a source answered: an answer is stored when it differs from the last one to the same question.

Rows are written before the answer they came from, and once per distinct answer. So a run that dies between the
two commits leaves rows that no answer points at; the next run finds them there and writes the answer only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa

from pipelines.lake.build import content_hashes
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake
from pipelines.lake.tables import PYTHON_TABLES
from pipelines.lake.tables.bronze import ANSWERS, ITEM_SCHEMA


class Question(Protocol):
    """What was asked, without paging."""

    @property
    def source(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def parameters(self) -> Sequence[tuple[str, str]]: ...
    @property
    def billing_month(self) -> str | None: ...
    @property
    def question_hash(self) -> str: ...


class Listing(Protocol):
    """One whole answer, all its pages."""

    @property
    def question(self) -> Question: ...
    @property
    def pages(self) -> Sequence[bytes]: ...
    @property
    def items(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def extra(self) -> Mapping[str, Any]: ...
    @property
    def asked_at(self) -> datetime: ...
    @property
    def answer_hash(self) -> str: ...


@dataclass(frozen=True)
class Recorded:
    """Listings asked for, those that were new, and rows written."""

    asked: int
    new: int
    rows: int


def record(lake: Lake, table: str, listings: Sequence[Listing]) -> Recorded:
    """Append to `table` and `bronze.answers` the listings whose content is new; two commits, or none."""
    catalog = Catalog(lake, Layered({}))
    last = last_answers(catalog)
    new = [listing for listing in listings if last.get(listing.question.question_hash) != listing.answer_hash]
    if not new and catalog.state(table).delta is not None:
        return Recorded(len(listings), 0, 0)
    known = _hashes_in(catalog, table)
    rows: list[dict[str, Any]] = []
    for listing in new:
        if listing.answer_hash not in known:
            known.add(listing.answer_hash)
            rows += _item_rows(listing)
    _append(lake, table, pa.Table.from_pylist(rows, schema=ITEM_SCHEMA))
    answers = [row for listing in new for row in _answer_rows(listing)]
    _append(lake, ANSWERS.name, pa.Table.from_pylist(answers, schema=ANSWERS.schema))
    return Recorded(len(listings), len(new), len(rows))


def last_answers(catalog: Catalog) -> dict[str, str]:
    """Hash of the newest stored answer by question."""
    sql = "select question_hash, arg_max(answer_hash, asked_at) as answer_hash from bronze.answers group by all"
    return {row["question_hash"]: row["answer_hash"] for row in catalog.query(sql).to_pylist()}


def last_asked(lake: Lake, sources: Sequence[str]) -> datetime | None:
    """When one of these sources last gave an answer that was stored; None before the first."""
    listed = ", ".join(f"'{source}'" for source in sources)
    sql = f"select max(asked_at) as last_asked from bronze.answers where source in ({listed})"
    found: datetime | None = Catalog(lake, Layered({})).query(sql).to_pylist()[0]["last_asked"]
    return found


def _hashes_in(catalog: Catalog, table: str) -> set[str]:
    rows = catalog.query(f"select distinct answer_hash from {table}").to_pylist()
    return {row["answer_hash"] for row in rows}


def _append(lake: Lake, table: str, rows: pa.Table) -> None:
    partition_by = PYTHON_TABLES[table].partition_by
    months = sorted(set(rows[partition_by].to_pylist())) if partition_by else [""]
    connection = connect()
    with connection:
        connection.register("appended", rows)
        hashes = content_hashes(connection, "appended", partition_by, months)
    lake.append(table, rows, hashes, partition_by)


def _month(listing: Listing) -> str:
    return listing.question.billing_month or listing.asked_at.strftime("%Y-%m")


def _item_rows(listing: Listing) -> list[dict[str, Any]]:
    return [
        {
            "answer_hash": listing.answer_hash,
            "source": listing.question.source,
            "path": listing.question.path,
            "position": position,
            "item": _json(item),
            "billing_month": _month(listing),
        }
        for position, item in enumerate(listing.items)
    ]


def _answer_rows(listing: Listing) -> list[dict[str, Any]]:
    question = listing.question
    return [
        {
            "answer_hash": listing.answer_hash,
            "question_hash": question.question_hash,
            "source": question.source,
            "path": question.path,
            "parameters": json.dumps(dict(question.parameters)),
            "page": page,
            "status": 200,
            "asked_at": listing.asked_at,
            "extra": _json(listing.extra),
            "body": body.decode("utf-8"),
            "billing_month": _month(listing),
        }
        for page, body in enumerate(listing.pages, start=1)
    ]


def _json(value: Mapping[str, Any]) -> str:
    """JSON text; a number with a fraction becomes a string, so that no digit is lost."""
    return json.dumps(value, default=_exact, ensure_ascii=False, separators=(",", ":"))


def _exact(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} in an answer")
