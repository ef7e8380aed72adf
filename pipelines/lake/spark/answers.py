"""What each function of DuckDB answers, where sqlglot's annotation leaves it open."""

from __future__ import annotations

from functools import cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.optimizer.annotate_types import TypeAnnotator

from pipelines.lake.spark.kinds import (
    BIGINT,
    BOOLEAN,
    DECIMAL,
    DOUBLE,
    EXACT,
    HUGE,
    INTERVAL,
    MOMENT,
    TEXT,
    TIMESTAMP,
    decimal,
    element,
    is_kind,
    listed,
    plain,
    told_structure,
)


def _set(annotator: TypeAnnotator, node: exp.Expression, kind: exp.DataType | None) -> None:
    annotator._set_type(node, kind)


def _cast(annotator: TypeAnnotator, node: exp.Expression) -> None:
    _set(annotator, node, plain(node.args["to"]))


def _number(annotator: TypeAnnotator, node: exp.Expression) -> None:
    if node.args.get("is_string"):
        _set(annotator, node, TEXT)
    elif "e" in node.name.lower():
        _set(annotator, node, DOUBLE)
    else:
        _, point, fraction = node.name.partition(".")
        is_long = len(node.name) > 9
        _set(annotator, node, decimal(len(fraction)) if point else BIGINT if is_long else exp.DType.INT.into_expr())


def _first(annotator: TypeAnnotator, node: exp.Expression) -> None:
    _set(annotator, node, None if node.this is None else node.this.type)


def _sum(annotator: TypeAnnotator, node: exp.Expression) -> None:
    _set(annotator, node, node.this.type if is_kind(node.this, exp.DType.DOUBLE, exp.DType.DECIMAL) else HUGE)


def _product(annotator: TypeAnnotator, node: exp.Mul) -> None:
    annotator._annotate_binary(node)
    if is_kind(node, exp.DType.DECIMAL):
        _set(annotator, node, DECIMAL)


def _quantile(annotator: TypeAnnotator, node: exp.Expression) -> None:
    _set(annotator, node, node.this.type if is_kind(node.this, exp.DType.DATE, exp.DType.DECIMAL) else DOUBLE)


def _extracted(annotator: TypeAnnotator, node: exp.Expression) -> None:
    is_list = isinstance(node.expression, exp.Array) or any(node.expression.find_all(exp.JSONPathWildcard))
    _set(annotator, node, listed(TEXT) if is_list else TEXT)


def _structured(annotator: TypeAnnotator, node: exp.Expression) -> None:
    told = node.expressions[1] if isinstance(node, exp.Anonymous) else node.expression
    _set(annotator, node, told_structure(told.name))


def _of_list(annotator: TypeAnnotator, node: exp.Expression) -> None:
    _set(annotator, node, listed(node.this.type or exp.DType.UNKNOWN.into_expr()))


def _item(annotator: TypeAnnotator, node: exp.Expression) -> None:
    kind = node.this.type
    key = node.expressions[0]
    if kind is not None and kind.this == exp.DType.STRUCT:
        found = next((each.args["kind"] for each in kind.expressions if each.name == key.name), None)
        _set(annotator, node, found)
    else:
        _set(annotator, node, element(kind))


def _flattened(annotator: TypeAnnotator, node: exp.Expression) -> None:
    _set(annotator, node, element(node.this.type))


def _series(annotator: TypeAnnotator, node: exp.Expression) -> None:
    start = node.args["start"]
    kind = start.type
    if is_kind(start, exp.DType.DATE):
        kind = TIMESTAMP
    _set(annotator, node, listed(kind if kind is not None and kind.this != exp.DType.INT else BIGINT))


def _truncated(annotator: TypeAnnotator, node: exp.Expression) -> None:
    _set(annotator, node, TIMESTAMP if is_kind(node.this, exp.DType.DATE) else node.this.type)


def _rounded(annotator: TypeAnnotator, node: exp.Expression) -> None:
    _set(annotator, node, node.this.type)


def _added(annotator: TypeAnnotator, node: exp.Expression) -> None:
    left, right = node.this, node.expression
    times = (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ)
    if is_kind(left, exp.DType.INTERVAL) and is_kind(right, *times):
        left, right = right, left
    if is_kind(left, *times):
        if is_kind(right, exp.DType.INTERVAL):
            _set(annotator, node, TIMESTAMP if is_kind(left, exp.DType.DATE) else left.type)
        elif is_kind(right, *times):
            _set(annotator, node, BIGINT if is_kind(left, exp.DType.DATE) else INTERVAL)
        else:
            _set(annotator, node, left.type)
        return
    annotator._annotate_binary(node)  # type: ignore[type-var]


def _named(annotator: TypeAnnotator, node: exp.Expression) -> None:
    name = node.name.lower()
    if name == "json_transform":
        _structured(annotator, node)
    elif name == "map_entries":
        kind = node.expressions[0].type
        inner = kind.expressions if kind is not None and kind.this == exp.DType.MAP else [TEXT, TEXT]
        fields = [
            exp.ColumnDef(this=exp.to_identifier(name), kind=each)
            for name, each in zip(("key", "value"), inner, strict=True)
        ]
        _set(annotator, node, listed(exp.DataType(this=exp.DType.STRUCT, expressions=fields, nested=True)))
    elif name == "list_extract":
        _set(annotator, node, element(node.expressions[0].type))
    elif name == "list_sum":
        inner = element(node.expressions[0].type)
        _set(annotator, node, DOUBLE if inner is not None and inner.this == exp.DType.DOUBLE else HUGE)
    elif name == "row":
        fields = [
            exp.ColumnDef(this=exp.to_identifier(f"col{at}"), kind=each.type)
            for at, each in enumerate(node.expressions, 1)
        ]
        _set(annotator, node, exp.DataType(this=exp.DType.STRUCT, expressions=fields, nested=True))
    else:
        _set(annotator, node, _ANSWERS.get(name))


_ANSWERS: dict[str, exp.DataType] = {
    "epoch_us": BIGINT,
    "yearweek": BIGINT,
    "hash": BIGINT,
    "json_array_length": BIGINT,
    "json_merge_patch": TEXT,
    "json_valid": BOOLEAN,
    "make_timestamptz": MOMENT,
    "strip_accents": TEXT,
    "to_json": TEXT,
    "to_microseconds": INTERVAL,
    "getvariable": listed(TEXT),
}


def _comprehended(annotator: TypeAnnotator, node: exp.Expression) -> None:
    _set(annotator, node, listed(BIGINT))


@cache
def answers() -> dict[type[exp.Expression], dict[str, object]]:
    told: dict[type[exp.Expression], object] = {
        exp.Cast: _cast, exp.TryCast: _cast, exp.Literal: _number, exp.Sum: _sum, exp.Mul: _product,
        exp.Add: _added, exp.Sub: _added,
        exp.ArgMax: _first, exp.ArgMin: _first, exp.AnyValue: _first, exp.FirstValue: _first, exp.LastValue: _first,
        exp.Lag: _first, exp.Lead: _first, exp.IgnoreNulls: _first, exp.Filter: _first, exp.Window: _first,
        exp.PercentileCont: _quantile, exp.Quantile: _quantile, exp.Median: _quantile, exp.PercentileDisc: _first,
        exp.JSONExtractScalar: _extracted, exp.JSONExtract: _extracted, exp.FromJson: _structured,
        exp.ArrayAgg: _of_list, exp.Flatten: _flattened, exp.ArrayDistinct: _first, exp.ArraySort: _first,
        exp.ArrayFilter: _first, exp.Bracket: _item, exp.GenerateSeries: _series, exp.TimestampTrunc: _truncated,
        exp.DateTrunc: _truncated, exp.Floor: _rounded, exp.Ceil: _rounded, exp.Round: _rounded, exp.Abs: _first,
        exp.Comprehension: _comprehended, exp.Anonymous: _named, exp.Order: _first, exp.Distinct: _distinct,
        exp.WithinGroup: _first, exp.Neg: _first, exp.Paren: _first, exp.IntDiv: _divided_whole,
    }  # fmt: skip
    fixed: dict[type[exp.Expression], exp.DataType] = {
        **dict.fromkeys((exp.Div, exp.Avg, exp.Exp, exp.Ln, exp.Log), DOUBLE),
        **dict.fromkeys((exp.RegexpExtract, exp.RegexpReplace, exp.Left, exp.JSONObject, exp.JSONType), TEXT),
        **dict.fromkeys((exp.SplitPart, exp.Replace, exp.Pad, exp.Trim, exp.MD5, exp.SHA2), TEXT),
        **dict.fromkeys((exp.DPipe, exp.ConcatWs, exp.GroupConcat, exp.ArrayToString, exp.TimeToStr), TEXT),
        **dict.fromkeys((exp.Split, exp.JSONKeys), listed(TEXT)),
        exp.LastDay: exp.DType.DATE.into_expr(), exp.Interval: INTERVAL, exp.ToDays: INTERVAL, exp.TimeToUnix: DOUBLE,
    }  # fmt: skip
    base = dict(Dialect.get_or_raise("duckdb").EXPRESSION_METADATA)
    base |= {node: {"returns": kind} for node, kind in fixed.items()}
    base |= {node: {"annotator": annotator} for node, annotator in told.items()}
    return base  # type: ignore[return-value]


def _distinct(annotator: TypeAnnotator, node: exp.Expression) -> None:
    _set(annotator, node, node.expressions[0].type if node.expressions else None)


def _divided_whole(annotator: TypeAnnotator, node: exp.Expression) -> None:
    is_wide = is_kind(node.this, *EXACT) or is_kind(node.expression, *EXACT)
    _set(annotator, node, HUGE if is_wide else BIGINT)
