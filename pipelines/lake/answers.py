"""Keeps what a source answered: an answer is stored when it differs from the one before it to the same question.

Rows are written before the answer they came from, and once per distinct answer. So a run that dies between the
two commits leaves rows that no answer points at; the next run finds them there and writes the answer only.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import accumulate
from typing import Any, Protocol

import pyarrow as pa

from pipelines.lake.engine import Catalog
from pipelines.lake.files import NewFiles
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake
from pipelines.lake.tables import PYTHON_TABLES
from pipelines.lake.tables.bronze import ANSWERS, ITEM_SCHEMA

FLUSH_ROWS = 100_000
"""More than a month of most bills: a first run commits every few months, a daily one once."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER = pa.int64()


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
    def texts(self) -> Sequence[bytes]: ...
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


def record(lake: Lake, table: str, listings: Iterable[Listing], flush_rows: int = FLUSH_ROWS) -> Recorded:
    """Append to `table` and `bronze.answers` the listings whose content is new; two commits, or none.

    Listings are taken one by one and written to files at once, so that a long history needs no memory. The files
    count from their commit on; there is one for each `flush_rows`, so that a reading cut off keeps what it has.
    """
    catalog = Catalog(lake, Layered({}))
    told = _answers_by_question(catalog)
    known = _hashes_in(catalog, table)
    remaining = iter(listings)
    recorded = Recorded(0, 0, 0)
    while True:
        part = _record_some(lake, table, remaining, _Known(told, known), flush_rows)
        recorded = Recorded(recorded.asked + part.asked, recorded.new + part.new, recorded.rows + part.rows)
        if part.rows < flush_rows:
            for each in (table, ANSWERS.name) if recorded.new else ():
                lake.settle(each)
            return recorded


@dataclass(frozen=True)
class _Known:
    """What is stored: the answers to each question, and the answers whose rows are there."""

    answers: Mapping[str, Sequence[tuple[datetime, str]]]
    rows: set[str]


def _record_some(lake: Lake, table: str, listings: Iterator[Listing], known: _Known, most_rows: int) -> Recorded:
    """Record until there are so many new rows, or no more listings."""
    new_answers: dict[str, list[str]] = {}
    new_rows: dict[str, list[str]] = {}
    asked = 0
    with _files(lake, table) as rows, _files(lake, ANSWERS.name) as answers:
        while rows.rows < most_rows and (listing := next(listings, None)) is not None:
            asked += 1
            if _is_known(known.answers.get(listing.question.question_hash, ()), listing):
                continue
            month = _month(listing)
            answers.add(_answer_rows(listing))
            new_answers.setdefault(month, []).append(f"{listing.answer_hash} {listing.asked_at.isoformat()}")
            if listing.answer_hash not in known.rows:
                known.rows.add(listing.answer_hash)
                rows.add(_item_rows(listing))
                new_rows.setdefault(month, []).append(listing.answer_hash)
        lake.append_files(rows, _contents(new_rows))
        lake.append_files(answers, _contents(new_answers))
        return Recorded(asked, sum(map(len, new_answers.values())), rows.rows)


def _files(lake: Lake, table: str) -> NewFiles:
    return lake.new_files(table, PYTHON_TABLES[table].schema, PYTHON_TABLES[table].partition_by)


def _contents(told: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The hash of what is added to each month; `told` names the answers it came from, which stand for it."""
    return {month: sha256("|".join(answers).encode()).hexdigest()[:32] for month, answers in told.items()}


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


def _month(listing: Listing) -> str:
    return listing.question.billing_month or listing.asked_at.strftime("%Y-%m")


def _item_rows(listing: Listing) -> pa.RecordBatch:
    count = len(listing.texts)
    columns = [
        _texts([listing.answer_hash.encode()] * count),
        _texts([listing.question.source.encode()] * count),
        _texts([listing.question.path.encode()] * count),
        _numbers(range(count)),
        _texts(listing.texts),
        _texts([_month(listing).encode()] * count),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=ITEM_SCHEMA)


def _answer_rows(listing: Listing) -> pa.RecordBatch:
    """One row a page, as received; no page at all means that the product is not offered in this locality."""
    question, pages = listing.question, listing.pages or (b"",)
    shared = {
        "answer_hash": listing.answer_hash,
        "question_hash": question.question_hash,
        "source": question.source,
        "path": question.path,
        "parameters": json.dumps(dict(question.parameters)),
        "extra": json.dumps(listing.extra, default=_exact, ensure_ascii=False, separators=(",", ":")),
        "billing_month": _month(listing),
    }
    asked_at = (listing.asked_at - _EPOCH) // timedelta(microseconds=1)
    columns = {
        **{name: _texts([text.encode()] * len(pages)) for name, text in shared.items()},
        "page": _numbers(range(1, len(pages) + 1)),
        "status": _numbers([200 if listing.pages else 404] * len(pages)),
        "asked_at": _numbers([asked_at] * len(pages), ANSWERS.schema.field("asked_at").type),
        "body": _texts(pages),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in ANSWERS.schema.names], schema=ANSWERS.schema)


def _numbers(values: Sequence[int], kind: pa.DataType = _INTEGER) -> pa.Array:
    """Made from memory: `pa.array` loads pandas, to ask whether it was given some of it."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(array("q", values))])


def _texts(values: Sequence[bytes]) -> pa.Array:
    """As `_numbers`. Raises for what is no UTF-8."""
    ends = array("i", accumulate(map(len, values), initial=0))
    texts = pa.Array.from_buffers(pa.string(), len(values), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(values))])
    texts.validate(full=True)
    return texts


def _exact(value: object) -> str:
    """A number with a fraction becomes a string, so that no digit is lost."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} in an answer")
