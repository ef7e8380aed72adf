"""Reads the types of a whole select off DuckDB's types of what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.annotate_types import TypeAnnotator
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from pipelines.lake.spark.answers import answers
from pipelines.lake.spark.kinds import DECIMAL, plain, scale_of

Columns = Mapping[str, str]
"""Name to DuckDB type of each column of a table, in their order."""

_NUMBERS = (exp.DType.INT, exp.DType.BIGINT, exp.DType.INT128, exp.DType.DECIMAL, exp.DType.DOUBLE)
"""From narrow to wide."""


def typed(tree: exp.Expr, schema: Mapping[str, Columns]) -> exp.Query:
    """The select with each column qualified, each star written out and each node's `type` set."""
    for expand_alias_refs in (False, True):  # a name is a column where there is one, and an alias only else
        tree = qualify(
            tree,
            schema=_nested(schema),
            dialect="duckdb",
            expand_alias_refs=expand_alias_refs,
            quote_identifiers=False,
            validate_qualify_columns=False,
        )
        if all(column.table for column in tree.find_all(exp.Column)):
            break
    found = _Annotator(_nested(schema), answers()).annotate(tree)  # type: ignore[arg-type]
    assert isinstance(found, exp.Query)
    return found


class _Annotator(TypeAnnotator):
    """Knows what DuckDB makes of numbers of two kinds."""

    def _maybe_coerce(self, type1: Any, type2: Any) -> Any:
        one, other = (each if isinstance(each, exp.DataType) else each.into_expr() for each in (type1, type2))
        if one.this == other.this == exp.DType.DECIMAL:
            return max(one, other, key=scale_of) if one.expressions and other.expressions else DECIMAL
        if one.this in _NUMBERS and other.this in _NUMBERS:
            return max(one, other, key=lambda kind: _NUMBERS.index(kind.this))
        return super()._maybe_coerce(type1, type2)


def _nested(schema: Mapping[str, Columns]) -> MappingSchema:
    tables: dict[str, dict[str, dict[str, exp.DataType]]] = {}
    for table, columns in schema.items():
        layer, name = table.split(".")
        tables.setdefault(layer, {})[name] = {column: _kind(kind) for column, kind in columns.items()}
    return MappingSchema(dict(tables), dialect="duckdb", normalize=False)


@cache
def _kind(kind: str) -> exp.DataType:
    return plain(exp.DataType.build(kind, dialect="duckdb"))
