"""The type DuckDB gives each part of a select, as far as a translation depends on it.

Of a decimal only the scale is kept, where it is known.
"""

from __future__ import annotations

import json

from sqlglot import exp

DECIMAL = exp.DType.DECIMAL.into_expr()
DOUBLE = exp.DType.DOUBLE.into_expr()
TEXT = exp.DType.VARCHAR.into_expr()
BIGINT = exp.DType.BIGINT.into_expr()
BOOLEAN = exp.DType.BOOLEAN.into_expr()
TIMESTAMP = exp.DType.TIMESTAMP.into_expr()
MOMENT = exp.DType.TIMESTAMPTZ.into_expr()
INTERVAL = exp.DType.INTERVAL.into_expr()

EXACT = (exp.DType.DECIMAL, exp.DType.INT128)
"""Kinds that Spark holds as decimals."""
HUGE = exp.DType.INT128.into_expr()

_SAME = {
    exp.DType.TEXT: exp.DType.VARCHAR,
    exp.DType.JSON: exp.DType.VARCHAR,
    exp.DType.FLOAT: exp.DType.DOUBLE,
    exp.DType.SMALLINT: exp.DType.INT,
    exp.DType.TINYINT: exp.DType.INT,
}


def decimal(scale: int) -> exp.DataType:
    """Of as many digits as there can be."""
    return exp.DataType.build(f"decimal(38, {scale})", dialect="duckdb")


def scale_of(kind: exp.DataType) -> int:
    """Of a decimal whose scale is known."""
    return int(kind.expressions[1].name)


def is_kind(node: exp.Expression | None, *kinds: exp.DType) -> bool:
    """Whether the node is known to be of one of these types."""
    return node is not None and node.type is not None and node.type.this in kinds


def plain(kind: exp.DataType) -> exp.DataType:
    """The type with no more digits than its scale, and what Spark does not tell apart as one."""
    if kind.this == exp.DType.DECIMAL and len(kind.expressions) == 2:
        return decimal(scale_of(kind))
    if kind.this in (exp.DType.ARRAY, exp.DType.LIST, exp.DType.MAP):
        inner = [plain(each) for each in kind.expressions]
        return exp.DataType(this=kind.this, expressions=inner, nested=True)
    if kind.this == exp.DType.STRUCT:
        fields = [exp.ColumnDef(this=each.this.copy(), kind=plain(each.args["kind"])) for each in kind.expressions]
        return exp.DataType(this=kind.this, expressions=fields, nested=True)
    return exp.DataType(this=_SAME.get(kind.this, kind.this))


def listed(kind: exp.DataType) -> exp.DataType:
    """A list of that."""
    return exp.DataType(this=exp.DType.ARRAY, expressions=[kind], nested=True)


def element(kind: exp.DataType | None) -> exp.DataType | None:
    """What a list holds."""
    return kind.expressions[0] if kind is not None and kind.this == exp.DType.ARRAY and kind.expressions else None


def told_structure(literal: str) -> exp.DataType:
    """The type that the structure of a `json_transform` stands for."""

    def made(told: object) -> exp.DataType:
        if isinstance(told, str):
            return plain(exp.DataType.build(told, dialect="duckdb"))
        if isinstance(told, list):
            return listed(made(told[0]))
        assert isinstance(told, dict)
        fields = [exp.ColumnDef(this=exp.to_identifier(name), kind=made(kind)) for name, kind in told.items()]
        return exp.DataType(this=exp.DType.STRUCT, expressions=fields, nested=True)

    return made(json.loads(literal))
