"""A select written for DuckDB, as Spark's SQL that answers the same rows.

sqlglot's own translation changes numbers without a word: exact quantiles become approximate, casts cut instead of
rounding, lists lose their order and their nulls. Here each such node has a translation that keeps the meaning, or is
refused with `NotPortable`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.generators.spark import SparkGenerator

from pipelines.lake.spark import arithmetic, lists, texts, times
from pipelines.lake.spark.annotate import Columns, typed
from pipelines.lake.spark.arithmetic import NotPortable
from pipelines.lake.spark.kinds import is_kind

__all__ = ["NotPortable", "float_sums", "spark_name", "spark_type", "translate"]


_OWN: Final[dict[Any, Any]] = {
    **arithmetic.TRANSFORMS,
    **times.TRANSFORMS,
    **lists.TRANSFORMS,
    **texts.TRANSFORMS,
}


class _Generator(SparkGenerator):
    TRANSFORMS: ClassVar[dict[Any, Any]] = {**SparkGenerator.TRANSFORMS, **_OWN}
    TYPE_MAPPING: ClassVar[dict[Any, str]] = {
        **SparkGenerator.TYPE_MAPPING,
        exp.DType.TIMESTAMP: "TIMESTAMP_NTZ",
        exp.DType.TIMESTAMPTZ: "TIMESTAMP",
        exp.DType.INT128: "DECIMAL(38, 0)",
        **dict.fromkeys((exp.DType.UBIGINT, exp.DType.UINT), "BIGINT"),
        **dict.fromkeys((exp.DType.JSON, exp.DType.TEXT, exp.DType.VARCHAR), "STRING"),
    }


class SparkOfDuckDB(Spark):
    """Spark's SQL of a tree that was read as DuckDB's and typed."""

    Generator = _Generator


_SAME = frozenset({
    exp.Abs, exp.Alias, exp.And, exp.Between, exp.Boolean, exp.CTE, exp.Case, exp.Ceil, exp.Coalesce,
    exp.Column, exp.ConcatWs, exp.Contains, exp.Count, exp.DPipe, exp.DataType, exp.DataTypeParam, exp.Day,
    exp.DenseRank, exp.Distinct, exp.Dot, exp.EQ, exp.Escape, exp.Exists, exp.Exp, exp.Explode, exp.FirstValue,
    exp.Floor, exp.From, exp.GT, exp.GTE, exp.Greatest, exp.Group, exp.Grouping, exp.GroupingSets, exp.Having,
    exp.Hour, exp.ILike, exp.Identifier, exp.If, exp.In, exp.Interval, exp.Is, exp.JSONKeyValue, exp.JSONPath,
    exp.JSONPathKey, exp.JSONPathRoot, exp.JSONPathSubscript, exp.JSONPathWildcard, exp.LT, exp.LTE, exp.Lag,
    exp.Lambda, exp.LastValue, exp.Lead, exp.Least, exp.Left, exp.Like, exp.Literal, exp.Ln, exp.LogicalAnd,
    exp.LogicalOr, exp.Lower, exp.MD5, exp.Max, exp.Min, exp.Mod, exp.Mul, exp.NEQ, exp.Neg, exp.Not, exp.Null,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.Nullif, exp.Or, exp.Order, exp.Ordered, exp.Pad, exp.Paren, exp.Pi,
    exp.Pow, exp.PropertyEQ, exp.Qualify, exp.Replace, exp.Round, exp.RowNumber, exp.SHA2, exp.Select,
    exp.SplitPart, exp.Sqrt, exp.Star, exp.StartsWith, exp.Struct, exp.Subquery, exp.Sum, exp.Table,
    exp.TableAlias, exp.Transform, exp.Trim, exp.Union, exp.Upper, exp.Values, exp.Var, exp.VariancePop,
    exp.Where, exp.Window, exp.WindowSpec, exp.With,
})  # fmt: skip
"""What means the same in both once its parts are translated, as sqlglot writes it."""


def spark_name(table: str) -> str:
    """The name of a table of the lake in Spark, whose temporary views have no schema."""
    return table.replace(".", "__")


def spark_type(kind: str) -> str:
    """The type that DuckDB calls `kind`."""
    return SparkOfDuckDB().generate(exp.DataType.build(kind, dialect="duckdb"))


def translate(sql: str, schema: Mapping[str, Columns], variables: Mapping[str, Sequence[str] | None]) -> str:
    """The select in Spark's SQL; `schema` holds the columns of what it reads. Raises NotPortable."""
    tree = typed(_without_variables(sql, variables), schema)
    _refuse_unknown(tree)
    for table in list(tree.find_all(exp.Table)):
        if table.db:
            alias = table.alias_or_name
            table.replace(exp.alias_(exp.to_table(spark_name(f"{table.db}.{table.name}")), alias, table=True))
    for select in list(tree.find_all(exp.Select)):
        tree = _kept(select, tree)
    for union in reversed(list(tree.find_all(exp.SetOperation))):
        if union.args.get("by_name"):
            _by_place(union)
    for select in list(tree.find_all(exp.Select)):
        _unnested(select)
    return SparkOfDuckDB().generate(tree, copy=False)


def float_sums(sql: str, schema: Mapping[str, Columns]) -> list[str]:
    """Sums and means of floating-point numbers, whose last bits depend on the order in which an engine adds them."""
    tree = typed(_without_variables(sql, {}), schema)
    return [node.sql("duckdb") for node in tree.find_all(exp.Sum, exp.Avg) if is_kind(node.this, exp.DType.DOUBLE)]


def _refuse_unknown(tree: exp.Query) -> None:
    """What was never held against DuckDB's answer is no part of the subset, whatever sqlglot makes of it."""
    for node in tree.walk():
        if isinstance(node, exp.Join):
            if node.args.get("method"):
                raise NotPortable(f"{node.method.lower()} join: write a join and row_number()")
        elif isinstance(node, exp.Lambda) and isinstance(node.this, exp.Literal):
            raise NotPortable(f"{node.sql('duckdb')}: read as a function of one value; write json_extract(…)")
        elif isinstance(node, exp.In) and isinstance(node.this, exp.Tuple) and node.expressions:
            raise NotPortable(f"{node.sql('duckdb')[:80]}: types of rows differ in Spark; compare their values")
        elif type(node) not in _SAME and type(node) not in _OWN:
            raise NotPortable(f"{node.sql('duckdb')[:80]}: {type(node).__name__} was never compared on both engines")


def _without_variables(sql: str, variables: Mapping[str, Sequence[str] | None]) -> exp.Expr:
    """With the values of what `getvariable` names."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for node in list(tree.find_all(exp.Anonymous)):
        if node.name.lower() == "getvariable":
            value = variables.get(node.expressions[0].name)
            told: exp.Expression = exp.cast(exp.null(), "text[]", dialect="duckdb")
            if value is not None:
                told = exp.array(*(exp.Literal.string(each) for each in value))
            node.replace(told)
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.GenerateSeries):
            _as_rows(table)
    for select in list(tree.find_all(exp.Select)):
        _as_values(select)
    return tree


def _as_rows(table: exp.Table) -> None:
    """`from generate_series(…) as t (name)`: a list unnested."""
    (column,) = table.args["alias"].columns
    rows = exp.select(exp.alias_(exp.Explode(this=table.this), column.name))
    table.replace(exp.Subquery(this=rows, alias=exp.TableAlias(this=table.args["alias"].this)))


def _as_values(select: exp.Select) -> None:
    """`select unnest([{…}, {…}], recursive := true)`: a table written out."""
    (only, *others) = select.expressions
    if others or not isinstance(only, exp.Explode) or not only.expressions:
        return
    structs = only.this.expressions
    names = [each.name for each in structs[0].expressions]
    rows = [exp.Tuple(expressions=[each.expression.copy() for each in struct.expressions]) for struct in structs]
    alias = exp.TableAlias(this=exp.to_identifier("told"), columns=[exp.to_identifier(name) for name in names])
    select.set("expressions", [exp.column(name) for name in names])
    select.set("from_", exp.From(this=exp.Values(expressions=rows, alias=alias)))


def _kept(select: exp.Select, tree: exp.Query) -> exp.Query:
    """`qualify` as a condition on the rows of the select without it; the tree is returned, which may be that select."""
    qualify = select.args.pop("qualify", None)
    if qualify is None:
        return tree
    names = [column.alias_or_name for column in select.expressions]
    place = exp.Placeholder()
    whole = exp.select(*(exp.column(name, "told") for name in names))
    if select is tree:
        tree = whole
        for part in ("with_", "order", "limit"):
            whole.set(part, select.args.pop(part, None))
    else:
        select.replace(place)
    if distinct := select.args.pop("distinct", None):
        whole.set("distinct", distinct)
    select.append("expressions", exp.alias_(qualify.this, "is_kept"))
    whole.set("from_", exp.From(this=exp.Subquery(this=select, alias=exp.TableAlias(this=exp.to_identifier("told")))))
    whole.set("where", exp.Where(this=exp.column("is_kept", "told")))
    if place.parent is not None:
        place.replace(whole)
    return tree


def _by_place(union: exp.SetOperation) -> None:
    """`union all by name` as one by place; a column that only one part has is null in the other."""
    sides = [_branches(union.this), _branches(union.expression)]
    names = list(dict.fromkeys(column.alias_or_name for branches in sides for column in branches[0].expressions))
    for branches in sides:
        own = [column.alias_or_name for column in branches[0].expressions]
        for select in branches:
            found = dict(zip(own, select.expressions, strict=True))
            columns = [found.get(name) or exp.alias_(exp.null(), name) for name in names]
            select.set("expressions", columns)
    union.set("by_name", False)


def _branches(query: exp.Expression) -> list[exp.Select]:
    if isinstance(query, exp.Subquery):
        return _branches(query.this)
    if isinstance(query, exp.SetOperation):
        return [*_branches(query.this), *_branches(query.expression)]
    assert isinstance(query, exp.Select)
    return [query]


def _unnested(select: exp.Select) -> None:
    """Lists unnested among the columns as one lateral view, side by side as DuckDB does it."""
    found = [node for column in select.expressions for node in column.find_all(exp.Explode)]
    if not found:
        return
    names = [f"item{at}" for at, _ in enumerate(found)]
    lists_of = [node.this.copy() for node in found]
    kinds = [node.type for node in found]
    for node, name, kind in zip(found, names, kinds, strict=True):
        column = exp.column(name, "unnested")
        column.type = kind
        node.replace(column)
    if len(found) == 1:
        made: exp.Expression = exp.Anonymous(this="EXPLODE", expressions=lists_of)
    else:
        made = exp.Anonymous(this="INLINE", expressions=[exp.Anonymous(this="ARRAYS_ZIP", expressions=lists_of)])
    alias = exp.TableAlias(this=exp.to_identifier("unnested"), columns=[exp.to_identifier(name) for name in names])
    select.append("laterals", exp.Lateral(this=made, view=True, alias=alias))
