"""The files of `sql/`: what each says of itself, and the order they build in.

One file holds one `select`, written as if for all time. One that looks back on other months may spare itself to work
these out: `getvariable('built_months')` lists those that are asked for, and is null where all are. The header tells the
rest:

    -- first lines: what the table means
    -- grain: charge_date, project_id
    -- partition: billing_month | usage_month | none
    -- reads: silver.costs 1 month back      (default: the same partition; `all` lifts the limit)
    -- reads: gold.recommendations now       (a whole table; that it changed makes only the newest month anew)
    -- holds: valid_from until valid_to      (which days a row speaks of; a month is made anew when its rows differ)
    -- holds: on deploy_date                 (the same of what happens on a day)
    -- stored: table | view
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from graphlib import TopologicalSorter
from itertools import takewhile
from pathlib import Path

import sqlglot
from sqlglot import exp

from pipelines.errors import ConfigurationError

SQL_FOLDER = Path(__file__).parents[2] / "sql"
LAYERS = ("bronze", "silver", "gold")
ALL, NOW = -1, -2
"""Months back of an input that is read whole; and of one whose changes reach the newest month only."""

_KEYS = ("grain", "partition", "reads", "holds", "stored", "checks", "severity", "figure")


@dataclass(frozen=True)
class Holds:
    """From which day a row holds, an expression, and the columns that say until when; the first bounds it.

    Without such columns it speaks of that day only.
    """

    since: str
    until: tuple[str, ...]


@dataclass(frozen=True)
class SqlModel:
    """One file of `sql/silver` or `sql/gold`."""

    layer: str
    name: str
    sql: str
    description: str
    grain: tuple[str, ...]
    partition_by: str | None
    months_back: Mapping[str, int] = field(default_factory=dict)
    is_stored: bool = True
    holds: Holds | None = None

    @property
    def table(self) -> str:
        """The word people say: `gold.daily_costs`."""
        return f"{self.layer}.{self.name}"

    @cached_property
    def reads(self) -> frozenset[str]:
        """Tables of the lake in its from clauses."""
        return tables_read(self.sql)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the select or its header changes."""
        text = f"{self.sql}|{self.grain}|{self.partition_by}|{sorted(self.months_back.items())}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Layered:
    """All models by table name, in the order they can be built."""

    by_name: Mapping[str, SqlModel]

    def __iter__(self) -> Iterator[SqlModel]:
        graph = {name: set(model.reads) for name, model in self.by_name.items()}
        for name in TopologicalSorter(graph).static_order():
            if name in self.by_name:
                yield self.by_name[name]


@dataclass(frozen=True)
class SqlCheck:
    """One file of `sql/checks`, whose rows are the offending ones, or of `sql/gates`, whose rows are judged."""

    name: str
    sql: str
    description: str
    table: str
    is_blocking: bool


@dataclass(frozen=True)
class SqlEvidence:
    """One file of `sql/trace`: the rows whose `amount` adds up to the figure of a table, by its grain.

    The file names the grain of a table that Python makes; that of a model is the model's. One that reads `chosen`,
    the rows asked for, finds what belongs to them itself; rows of the others are matched by the grain.
    """

    table: str
    sql: str
    figure: str
    grain: tuple[str, ...] = ()

    @property
    def reads_chosen(self) -> bool:
        """Whether it is about the rows asked for alone."""
        tables = sqlglot.parse_one(self.sql, dialect="duckdb").find_all(exp.Table)
        return any(table.name == "chosen" and not table.db for table in tables)


@lru_cache(maxsize=2048)
def tables_read(sql: str) -> frozenset[str]:
    """Qualified tables of the lake in a query (DuckDB's own function would bind it, and fail on missing ones)."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return frozenset(
        f"{table.db}.{table.name}".lower()
        for table in tree.find_all(exp.Table)
        if table.db and table.db.lower() in LAYERS
    )


def load_models(folder: Path = SQL_FOLDER) -> Layered:
    """Read every file of `silver/` and `gold/`."""
    models = [_model(layer, path) for layer in LAYERS for path in sorted((folder / layer).glob("*.sql"))]
    return Layered({model.table: model for model in models})


def load_checks(folder: Path = SQL_FOLDER) -> list[SqlCheck]:
    """Read every file of `checks/`."""
    return _checks(folder / "checks")


def load_gates(folder: Path = SQL_FOLDER) -> dict[str, SqlCheck]:
    """Read every file of `gates/`: projections of a table, small enough to be judged row by row."""
    return {gate.name: gate for gate in _checks(folder / "gates")}


def _checks(folder: Path) -> list[SqlCheck]:
    checks = []
    for path in sorted(folder.glob("*.sql")):
        description, header, sql = _parts(path)
        checks.append(
            SqlCheck(
                path.stem,
                sql,
                description,
                header["checks"][0],
                header.get("severity", ["error"])[0] == "error",
            )
        )
    return checks


def load_evidence(folder: Path = SQL_FOLDER) -> dict[str, SqlEvidence]:
    """Read every file of `trace/`; each is named after the gold table it explains."""
    found = {}
    for path in sorted((folder / "trace").glob("*.sql")):
        _, header, sql = _parts(path)
        grain = tuple(column.strip() for line in header.get("grain", []) for column in line.split(","))
        found[f"gold.{path.stem}"] = SqlEvidence(f"gold.{path.stem}", sql, header["figure"][0], grain)
    return found


def _model(layer: str, path: Path) -> SqlModel:
    description, header, sql = _parts(path)
    for key in ("grain", "partition"):
        if key not in header:
            raise ConfigurationError(f"{path.name}: no `-- {key}:` line; every model says its {key}")
    partition = header["partition"][0]
    return SqlModel(
        layer=layer,
        name=path.stem,
        sql=sql,
        description=description,
        grain=tuple(column.strip() for column in header["grain"][0].split(",")),
        partition_by=None if partition == "none" else partition,
        months_back=dict(_months_back(path, line) for line in header.get("reads", [])),
        is_stored=header.get("stored", ["table"])[0] == "table",
        holds=_holds(path, header["holds"][0]) if "holds" in header else None,
    )


def _holds(path: Path, line: str) -> Holds:
    if line.startswith("on "):
        return Holds(line.removeprefix("on "), ())
    since, word, until = line.partition(" until ")
    if not word:
        raise ConfigurationError(f"{path.name}: `-- holds: {line}`; write `valid_from until valid_to` or `on a_day`")
    return Holds(since, tuple(column.strip() for column in until.split(",")))


def _months_back(path: Path, line: str) -> tuple[str, int]:
    found = re.fullmatch(r"(\w+\.\w+) (?:(\d+) months? back|(all|now))", line)
    if found is None:
        raise ConfigurationError(
            f"{path.name}: `-- reads: {line}`; write `silver.costs 1 month back`, `… all` or `… now`"
        )
    table, months, word = found.groups()
    return table, int(months) if months else {"all": ALL, "now": NOW}[word]


def _parts(path: Path) -> tuple[str, dict[str, list[str]], str]:
    """Description, header keys and the select of one file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = list(takewhile(lambda line: line.startswith("--"), lines))
    description: list[str] = []
    header: dict[str, list[str]] = {}
    for line in head:
        text = line.removeprefix("--").strip()
        key, colon, value = text.partition(":")
        if colon and key in _KEYS:
            header.setdefault(key, []).append(value.strip())
        else:
            description.append(text)
    sql = "\n".join(lines[len(head) :]).strip().rstrip(";")
    return " ".join(description).strip(), header, sql
