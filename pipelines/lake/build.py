"""Runs a SQL model over the partitions whose inputs changed, and commits only what came out different."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from pipelines.errors import QualityGateError
from pipelines.lake.content import ContentDigest
from pipelines.lake.dated import content_in_month, holds_by_day, learn_months
from pipelines.lake.engine import Catalog, Demand
from pipelines.lake.engines import BATCH_ROWS, Question, engine_named
from pipelines.lake.files import NewFiles, parted
from pipelines.lake.sql_models import ALL, NOW, SqlModel
from pipelines.lake.store import WHOLE, PartitionState

READ_AT_ONCE = 32 * 1024**2
"""Parquet; in memory its rows and their order take some twenty times as much."""
_MONTHS = frozenset({"billing_month", "usage_month"})


@dataclass(frozen=True)
class Built:
    """What a build did: partitions looked at, partitions written, rows written."""

    table: str
    asked: tuple[str, ...]
    written: tuple[str, ...]
    rows_written: int


def build(catalog: Catalog, model: SqlModel, months: Sequence[str]) -> Built:
    """Bring `model` up to date for `months` ('YYYY-MM'; ignored by a table without partitions).

    A view needs no work. When the select's columns changed, every stored partition is made anew.
    """
    asked = tuple(sorted(months)) if model.partition_by else (WHOLE,)
    if not model.is_stored:
        return Built(model.table, asked, (), 0)
    state = catalog.state(model.table)
    inputs = {partition: _inputs_fingerprint(catalog, model, partition) for partition in asked}
    stale = [p for p in asked if p not in state.partitions or state.partitions[p].inputs != inputs[p]]
    if not stale:
        return Built(model.table, asked, (), 0)
    changed: list[str] = []
    rows_written = 0
    for some in _affordable(catalog, model, stale):
        done = _brought_up_to_date(catalog, model, some, inputs, asked)
        changed += done.written
        rows_written += done.rows_written
        if done.asked != tuple(some):  # all were made anew
            break
    return Built(model.table, asked, tuple(sorted(changed)), rows_written)


def _brought_up_to_date(
    catalog: Catalog, model: SqlModel, stale: Sequence[str], inputs: Mapping[str, str], asked: Sequence[str]
) -> Built:
    """In one commit the partitions that hold other rows now; every stored one where the columns are others."""
    state = catalog.state(model.table)
    with ExitStack() as opened:
        files, content = _run(catalog, model, stale, opened)
        is_remade = state.delta is not None and files.delta_schema != state.delta.schema()
        if is_remade:
            stale = changed = sorted({*asked, *state.partitions})
            inputs = {p: _inputs_fingerprint(catalog, model, p) for p in stale}
            files, content = _run(catalog, model, stale, opened)
        else:
            changed = [p for p in stale if p not in state.partitions or state.partitions[p].content != content[p]]
        if not changed and not is_worth_telling(stale, asked):
            return Built(model.table, tuple(stale), (), 0)
        states = {p: PartitionState(content[p], inputs[p]) for p in stale}
        same = {p: states.pop(p) for p in set(stale) - set(changed)}
        files.leave_out(same.keys())
        # of what was found equal a commit made anyway tells the new inputs
        lake = catalog.lake
        written = lake.remake(files, states) if is_remade else lake.replace_files(files, states, same)
    catalog.forget(model.table)
    return Built(model.table, tuple(stale), tuple(changed), written)


def is_worth_telling(equal: Sequence[str], asked: Sequence[str]) -> bool:
    """Whether that partitions were found equal is worth a commit of its own.

    The newest is looked at in each run. An earlier month that did not keep its new inputs would be due again in every
    run to come, and with it all months after it.
    """
    return any(partition != WHOLE and partition != max(asked) for partition in equal)


def _affordable(catalog: Catalog, model: SqlModel, partitions: Sequence[str]) -> Iterator[list[str]]:
    """The partitions in groups, each of which reads no more than `READ_AT_ONCE` of its own months, or is one alone.

    So a long history takes no more memory than a short one, and what was made of it before a run was cut off stays.
    """
    group: list[str] = []
    size = 0
    for partition in partitions:
        demand = _demand(catalog, model, [partition])
        read = sum(
            file.size
            for table, wanted in demand.items()
            if wanted is not None
            for file in catalog.state(table).files_in(wanted)
        )
        if group and size + read > READ_AT_ONCE:
            yield group
            group, size = [], 0
        group.append(partition)
        size += read
    yield group


def stale_months(catalog: Catalog, months: Sequence[str]) -> list[str]:
    """Of `months`, those in which a stored table is not what its inputs and its select would make it now."""
    models = [model for model in catalog.models if model.is_stored and model.partition_by]
    demands = [_demand(catalog, model, months[:1]) for model in models]
    for table in sorted({table for demand in demands for table, wanted in demand.items() if wanted is None}):
        if holds_by_day(catalog, table):
            learn_months(catalog, table, months)

    def is_stale(model: SqlModel, month: str) -> bool:
        known = catalog.state(model.table).partitions.get(month)
        return known is None or known.inputs != _inputs_fingerprint(catalog, model, month)

    return [month for month in months if any(is_stale(model, month) for model in models)]


def _inputs_fingerprint(catalog: Catalog, model: SqlModel, partition: str) -> str:
    """Hash of the select, of the views it reads through and of its input partitions' contents."""
    parts = [model.fingerprint]
    for read in sorted(model.reads):
        parts += [view.fingerprint for view in views_of(catalog, read)]
    demand = _demand(catalog, model, [partition])
    for table, wanted in sorted(demand.items()):
        state = catalog.state(table)
        if model.months_back.get(table) == NOW and partition < _newest(catalog, demand):
            continue
        if wanted is None and partition != WHOLE and holds_by_day(catalog, table):
            parts.append(f"{table} in {partition}={content_in_month(catalog, table, partition)}")
            continue
        names = sorted(state.partitions) if wanted is None else wanted
        parts += [f"{table}/{name}={state.partitions[name].content}" for name in names if name in state.partitions]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def _newest(catalog: Catalog, demand: Demand) -> str:
    """The newest month that the inputs by month hold."""
    months = (catalog.state(table).partitions for table, wanted in demand.items() if wanted is not None)
    return max((month for held in months for month in held), default="")


def views_of(catalog: Catalog, table: str) -> list[SqlModel]:
    """The views behind a name, itself first; none where it is a stored table."""
    model = catalog.models.by_name.get(table)
    if model is None or model.is_stored:
        return []
    return [model, *(view for read in sorted(model.reads) for view in views_of(catalog, read))]


def _demand(catalog: Catalog, model: SqlModel, partitions: Sequence[str]) -> dict[str, list[str] | None]:
    """Which partitions of each stored input this model needs to build `partitions`; None means all."""
    demand: dict[str, list[str] | None] = {}
    for read in sorted(model.reads):
        for table in catalog.physical(read):
            back = model.months_back.get(table, model.months_back.get(read, 0))
            if back in (ALL, NOW) or not _same_months(model.partition_by, _partition_of(catalog, table)):
                demand[table] = None
            elif demand.get(table, []) is not None:
                wanted = {month for p in partitions for month in _months_until(p, back)}
                demand[table] = sorted({*(demand.get(table) or []), *wanted})
    return demand


def _same_months(mine: str | None, its: str | None) -> bool:
    """Whether two tables are divided alike: a month of usage is a month of the bill, both in UTC."""
    return mine is not None and (mine == its or {mine, its} <= _MONTHS)


def _partition_of(catalog: Catalog, table: str) -> str | None:
    model = catalog.models.by_name.get(table)
    return catalog.state(table).partition_by if model is None else model.partition_by


def _months_until(month: str, back: int) -> list[str]:
    year, number = int(month[:4]), int(month[5:])
    ordinals = range(year * 12 + number - 1 - back, year * 12 + number)
    return [f"{ordinal // 12:04d}-{ordinal % 12 + 1:02d}" for ordinal in ordinals]


def _run(
    catalog: Catalog, model: SqlModel, partitions: Sequence[str], opened: ExitStack
) -> tuple[NewFiles, dict[str, str]]:
    """Rows of these partitions in a canonical order, as files yet to be stored, and the content hash of each."""
    demand = _demand(catalog, model, partitions)
    # where what is read tells of no other partitions a condition only costs memory
    is_wider = any(wanted is None or set(wanted) - set(partitions) for wanted in demand.values())
    question = Question(model, demand, partitions if is_wider else None)
    with data_errors(model.table), engine_named(catalog.engine).rows(catalog, question) as rows:
        files = opened.enter_context(catalog.lake.new_files(model.table, rows.schema, model.partition_by, held=True))
        return files, _digested(rows, model.partition_by, partitions, files)


@contextmanager
def data_errors(table: str) -> Iterator[None]:
    """Turn DuckDB's error about a value into one line that names the table: what a source sent there is no number, time
    or text of the kind it documents, and a sum without it would be wrong."""
    try:
        yield
    except (duckdb.DataError, duckdb.InvalidInputException) as error:
        reason = " ".join(str(error).split())[:300]
        raise QualityGateError(f"{table} cannot be built: {reason}; look at what it reads, and report it") from error


def content_hashes(
    connection: duckdb.DuckDBPyConnection, relation: str, partition_by: str | None, partitions: Sequence[str]
) -> dict[str, str]:
    """Hash of each partition's rows, whatever their order; a partition without rows has one too."""
    rows = connection.execute(f"select * from {relation} order by all").to_arrow_reader(BATCH_ROWS)
    return _digested(rows, partition_by, partitions)


def _digested(
    rows: pa.RecordBatchReader, partition_by: str | None, partitions: Sequence[str], files: NewFiles | None = None
) -> dict[str, str]:
    """Hash of the sorted rows of each partition; on the way `files` take them."""
    digests = {partition: ContentDigest(rows.schema) for partition in partitions}
    for batch in rows:
        for value, part in parted(pa.Table.from_batches([batch]), partition_by):
            partition = WHOLE if partition_by is None else value
            if partition in digests:
                digests[partition].add(part)
                if files is not None:
                    files.take(value, part)
    return {partition: digest.hexdigest() for partition, digest in digests.items()}
