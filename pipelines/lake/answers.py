"""Keeps what a source answered: an answer is stored when it differs from the one before it to the same question.

Rows are written before the answer they came from, and once per distinct answer. So a run that dies between the
two commits leaves rows that no answer points at; the next run finds them there and writes the answer only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Protocol

import pyarrow as pa

from pipelines.lake.engine import Catalog
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
    def plain_texts(self) -> Sequence[str | None]: ...
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


def record(lake: Lake, table: str, listings: Iterable[Listing]) -> Recorded:
    """Append to `table` and `bronze.answers` the listings whose content is new; two commits, or none.

    Listings are taken one by one and let go, so that a long history needs the memory of its rows only.
    """
    catalog = Catalog(lake, Layered({}))
    told = _answers_by_question(catalog)
    known = _hashes_in(catalog, table)
    rows: list[pa.RecordBatch] = []
    answers: list[pa.RecordBatch] = []
    new_answers: dict[str, list[str]] = {}
    new_rows: dict[str, list[str]] = {}
    asked = 0
    for listing in listings:
        asked += 1
        if _is_known(told.get(listing.question.question_hash, ()), listing):
            continue
        month = _month(listing)
        answers.append(pa.RecordBatch.from_pylist(_answer_rows(listing), schema=ANSWERS.schema))
        new_answers.setdefault(month, []).append(f"{listing.answer_hash} {listing.asked_at.isoformat()}")
        if listing.answer_hash not in known:
            known.add(listing.answer_hash)
            rows.append(_item_rows(listing))
            new_rows.setdefault(month, []).append(listing.answer_hash)
    _append(lake, table, pa.Table.from_batches(rows, schema=ITEM_SCHEMA), new_rows)
    _append(lake, ANSWERS.name, pa.Table.from_batches(answers, schema=ANSWERS.schema), new_answers)
    return Recorded(asked, len(answers), sum(batch.num_rows for batch in rows))


def _answers_by_question(catalog: Catalog) -> dict[str, list[tuple[datetime, str]]]:
    """When each question got which answer, oldest first."""
    told: dict[str, list[tuple[datetime, str]]] = {}
    sql = "select distinct question_hash, asked_at, answer_hash from bronze.answers order by asked_at"
    for row in catalog.query(sql).to_pylist():
        told.setdefault(row["question_hash"], []).append((row["asked_at"], row["answer_hash"]))
    return told


def _is_known(told: Sequence[tuple[datetime, str]], listing: Listing) -> bool:
    """True when the newest answer stored for that moment says the same; later ones do not count."""
    before = [(asked_at, answer_hash) for asked_at, answer_hash in told if asked_at <= listing.asked_at]
    return bool(before) and (before[-1][0], listing.answer_hash) in before


def questions_by_month(lake: Lake, source: str) -> dict[str, int]:
    """How many different questions of this source were ever answered, by billing month."""
    sql = (
        "select billing_month, count(distinct question_hash) as questions "
        f"from bronze.answers where source = '{source}' group by all"
    )
    rows = Catalog(lake, Layered({})).query(sql).to_pylist()
    return {row["billing_month"]: row["questions"] for row in rows}


def _hashes_in(catalog: Catalog, table: str) -> set[str]:
    rows = catalog.query(f"select distinct answer_hash from {table}").to_pylist()
    return {row["answer_hash"] for row in rows}


def _append(lake: Lake, table: str, rows: pa.Table, told: Mapping[str, Sequence[str]]) -> None:
    """Add rows; `told` names per month the answers they came from, which stand for the content."""
    hashes = {month: sha256("|".join(answers).encode()).hexdigest()[:32] for month, answers in told.items()}
    lake.append(table, rows, hashes, PYTHON_TABLES[table].partition_by)


def _month(listing: Listing) -> str:
    return listing.question.billing_month or listing.asked_at.strftime("%Y-%m")


def _item_rows(listing: Listing) -> pa.RecordBatch:
    count = len(listing.items)
    plain = zip(listing.plain_texts, listing.items, strict=True)
    columns = {
        "answer_hash": [listing.answer_hash] * count,
        "source": [listing.question.source] * count,
        "path": [listing.question.path] * count,
        "position": range(count),
        "item": [_json(item) if text is None else text for text, item in plain],
        "billing_month": [_month(listing)] * count,
    }
    return pa.RecordBatch.from_pydict(columns, schema=ITEM_SCHEMA)


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
            # no page at all: the product is not offered in this locality
            "status": 200 if listing.pages else 404,
            "asked_at": listing.asked_at,
            "extra": _json(listing.extra),
            "body": body.decode("utf-8"),
            "billing_month": _month(listing),
        }
        for page, body in enumerate(listing.pages or (b"",), start=1)
    ]


def _json(value: Mapping[str, Any]) -> str:
    """JSON text; a number with a fraction becomes a string, so that no digit is lost."""
    return json.dumps(value, default=_exact, ensure_ascii=False, separators=(",", ":"))


def _exact(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} in an answer")
