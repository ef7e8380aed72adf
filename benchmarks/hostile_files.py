"""Readers of files that are tables: bills, business numbers, series."""

import csv
import gzip
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.hostile_case import Counts, Reader
from benchmarks.hostile_grammar import ENUMS, NUMBERS, TEXTS, TIMES, damaged, encoded, mutated, spelled
from benchmarks.hostile_server import GIGABYTE, gzip_bomb
from pipelines.focus.columns import columns_of
from pipelines.focus.read import read_focus
from pipelines.imports.kinds import KINDS
from pipelines.imports.read import Request, open_numbers

WORDS = (*TEXTS, *NUMBERS, *TIMES, *ENUMS)
_SPACES = b" " * (1 << 20)
Table = tuple[list[str], list[list[str]]]


# --- how a table is written, and spoilt


def _spoilt(rng: Random, table: Table) -> Table:
    """Some cells hostile, now and then a column renamed, doubled or left out."""
    names, rows = list(table[0]), [list(row) for row in table[1]]
    for _ in range(rng.randint(1, 6)):
        if rows and names:
            rng.choice(rows)[rng.randrange(len(names))] = rng.choice(WORDS)
    how = rng.randrange(20)
    if how == 0:
        names[rng.randrange(len(names))] = rng.choice(WORDS)
    elif how == 1:
        names[rng.randrange(len(names))] = rng.choice(names)
    elif how == 2:
        at = rng.randrange(len(names))
        names, rows = [*names[:at], *names[at + 1 :]], [[*row[:at], *row[at + 1 :]] for row in rows]
    return names, rows


def _as_csv(rng: Random, table: Table) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=rng.choice(",,,;\t|"), lineterminator=rng.choice(["\n", "\r\n"]))
    writer.writerow(table[0])
    writer.writerows(table[1])
    return encoded(out.getvalue())


def _as_json_lines(rng: Random, table: Table) -> bytes:
    rows = [dict(zip(table[0], row, strict=True)) for row in table[1]]
    return encoded("\n".join(spelled(mutated(rng, row, 2) if rng.random() < 0.5 else row) for row in rows))


def _as_parquet(rng: Random, table: Table) -> bytes:
    columns: dict[str, Any] = {}
    for at, name in enumerate(table[0]):
        texts = [row[at].encode("utf-8", "replace").decode() for row in table[1]]
        kinds: list[Any] = [
            texts,
            pa.array(texts).dictionary_encode(),
            pa.array([float(len(text)) for text in texts]),
            pa.array([{"a": [text]} for text in texts]),
            pa.array([text.encode()[:3] + b"\xff" for text in texts]),
            pa.array([rng.choice([-(2**63), 0, 2**63 - 1]) for _ in texts], pa.timestamp("us", tz="UTC")),
            pa.array([rng.choice([-(2**31), 0, 2**31 - 1]) for _ in texts], pa.date32()),
            pa.array([Decimal(rng.randint(-(10**30), 10**30)).scaleb(-9) for _ in texts], pa.decimal256(60, 9)),
            pa.nulls(len(texts)),
            pa.array([rng.choice([0, 86_399_999_999]) for _ in texts], pa.time64("us")),
            pa.array([rng.choice([0, 2**62]) for _ in texts], pa.duration("us")),
        ]
        columns[name] = kinds[0] if rng.random() < 0.85 else rng.choice(kinds)
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def _received(rng: Random, file: Path, body: bytes, intact: int | None, packed: bool = False) -> int | None:
    """Write the file, spoilt on the way one time in three; how many lines it holds for certain."""
    how = rng.randrange(300)
    file.unlink(missing_ok=True)
    if how < 2:
        write_large(file, body, packed and how == 0)
        return None
    if how < 100:
        body, intact = damaged(rng, body), None
    if packed:
        body = gzip.compress(body, mtime=0)
        if rng.random() < 0.15:
            body, intact = damaged(rng, body), None
    file.write_bytes(body)
    return intact


def write_large(file: Path, body: bytes, is_bomb: bool) -> None:
    """The body and a gigabyte of spaces, packed if it is to be a bomb; the spaces lie there once for all cases."""
    if is_bomb:
        file.write_bytes(gzip.compress(body, mtime=0) + gzip_bomb())
        return
    spaces = file.parent / ".spaces"
    if not spaces.exists():
        with spaces.open("wb") as stream:
            for _ in range(GIGABYTE // len(_SPACES)):
                stream.write(_SPACES)
    with spaces.open("r+b") as stream:
        stream.write(body[: len(_SPACES)].ljust(len(_SPACES)))
    file.hardlink_to(spaces)


# --- bills


def _bill(rng: Random) -> Table:
    version = rng.choice(["1.0", "1.2", "1.4"])
    columns = columns_of(version)
    values = {
        "money": "12.340000001",
        "quantity": "1440",
        "unit_price": "0.008",
        "timestamp": "2026-06-02T00:00:00Z",
        "json": '{"env":"prod"}',
        "string": "x",
    }
    special = {
        "BillingCurrency": "EUR",
        "ChargeCategory": "Usage",
        "BillingPeriodStart": "2026-06-01T00:00:00Z",
        "BillingPeriodEnd": "2026-07-01T00:00:00Z",
        "ChargePeriodEnd": "2026-06-03T00:00:00Z",
    }
    rows = [[special.get(c.name, values[c.kind]) for c in columns] for _ in range(rng.randint(1, 8))]
    for number, row in enumerate(rows):
        row[0] = f"{row[0]}{number}" if columns[0].kind == "string" else row[0]
    return [c.name for c in columns], rows


def _focus(form: Callable[[Random, Table], bytes], name: str, packed: bool = False) -> Reader:
    def read(rng: Random, folder: Path) -> Counts:
        table = _spoilt(rng, _bill(rng))
        received = _received(rng, folder / name, form(rng, table), len(table[1]), packed)
        found = read_focus(folder / name, lenient=rng.random() < 0.5)
        counted = found.received if received is None else received
        return Counts(counted, found.accepted.num_rows, found.quarantined.num_rows)

    return Reader(f"focus {name.partition('.')[2]}", read)


# --- business numbers


_OF_TYPE = {
    "text": "web",
    "day": "2026-06-02",
    "end": "2026-06-03",
    "month": "2026-06",
    "time": "2026-06-02T10:00:00Z",
    "count": "12",
    "amount": "1.5",
    "money": "99.99",
    "flag": "true",
    "mark": "false",
    "currency": "EUR",
    "ids": "a;b",
}


def _numbers_table(rng: Random, kind_name: str) -> Table:
    kind = KINDS[kind_name]
    rows = []
    for number in range(rng.randint(1, 8)):
        row = [next(iter(each.choices), _OF_TYPE.get(each.type, "x")) for each in kind.fields]
        at = next((at for at, each in enumerate(kind.fields) if each.type == "text"), 0)
        row[at] = f"{row[at]}{number}"
        rows.append(row)
    return [each.name for each in kind.fields], rows


def _numbers(form: Callable[[Random, Table], bytes], name: str, packed: bool = False) -> Reader:
    def read(rng: Random, folder: Path) -> Counts:
        kind = rng.choice(sorted(KINDS))
        table = _spoilt(rng, _numbers_table(rng, kind))
        received = _received(rng, folder / name, form(rng, table), len(table[1]), packed)
        request = Request(KINDS[kind], "import", time_zone=rng.choice([None, "Europe/Paris"]))
        reading = open_numbers(folder / name, name, request)
        accepted = quarantined = 0
        for good, bad in reading.batches():
            accepted, quarantined = accepted + good.num_rows, quarantined + bad.num_rows
        if (accepted, quarantined) != (sum(reading.accepted.values()), reading.quarantined):
            raise AssertionError(f"counts {reading.accepted}, {reading.quarantined} are not the rows handed out")
        return Counts(
            reading.received if received is None or form is _as_json_lines else received, accepted, quarantined
        )

    return Reader(f"numbers {name.partition('.')[2]}", read)


# --- series


def _series(rng: Random) -> Table:
    rows = [
        [f"2026-{1 + at // 28:02d}-{1 + at % 28:02d}", str(100 + at % 7)] for at in range(rng.choice([3, 40, 100, 200]))
    ]
    return ["day", "value"], rows


def _anomalies_check(rng: Random, folder: Path) -> Counts:
    from finops.commands.anomalies_check import CheckFormat, check

    name = rng.choice(["series.csv", "series.csv.gz"])
    table = _spoilt(rng, _series(rng))
    received = _received(rng, folder / name, _as_csv(rng, table), len(table[1]), name.endswith("gz"))
    check(folder / name, None, None, [], CheckFormat.csv, False, None, 0.0, 0, None)
    return Counts(received or 0, received or 0)


def _forecast_check(rng: Random, folder: Path) -> Counts:
    from finops.commands.forecast import check_forecast
    from finops.streams import TableFormat

    form, name = rng.choice([(_as_csv, "series.csv"), (_as_csv, "series.csv.gz"), (_as_parquet, "series.parquet")])
    table = _spoilt(rng, _series(rng))
    received = _received(rng, folder / name, form(rng, table), len(table[1]), name.endswith("gz"))
    check_forecast(folder / name, 7, 80.0, TableFormat.csv, None, None, [], "none", None)
    return Counts(received or 0, received or 0)


def file_readers() -> list[Reader]:
    """One for each kind of table."""
    return [
        _focus(_as_csv, "bill.csv"),
        _focus(_as_csv, "bill.csv.gz", packed=True),
        _focus(_as_parquet, "bill.parquet"),
        _numbers(_as_csv, "numbers.csv"),
        _numbers(_as_csv, "numbers.csv.gz", packed=True),
        _numbers(_as_json_lines, "numbers.jsonl"),
        _numbers(_as_json_lines, "numbers.jsonl.gz", packed=True),
        _numbers(_as_parquet, "numbers.parquet"),
        Reader("anomalies check", _anomalies_check),
        Reader("forecast check", _forecast_check),
    ]
