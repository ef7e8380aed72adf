"""Aggregates and lists: which rows count, in which order, and what of none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.generator import Generator
from sqlglot.helper import seq_get

from pipelines.lake.spark.arithmetic import NotPortable, decimal_of_steps
from pipelines.lake.spark.kinds import is_kind, scale_of

# --- aggregates; each takes the text of its filter


def _greatest_by(name: str) -> Callable[[Generator, exp.Expression, str], str]:
    """A row whose value is null does not count; Spark would answer null."""

    def made(to: Generator, node: exp.Expression, where: str) -> str:
        value, by = to.sql(node.this), to.sql(node.expression)
        return f"{name}({value}, IF(({value}) IS NULL, NULL, {by})){where}"

    return made


def _any(to: Generator, node: exp.Expression, where: str) -> str:
    return f"FIRST({to.sql(node.this)}, TRUE){where}"


def _mean(to: Generator, node: exp.Expression, where: str) -> str:
    value = to.sql(node.this)
    if is_kind(node.this, exp.DType.DOUBLE):
        return f"AVG({value}){where}"
    return f"(CAST(SUM({value}){where} AS DOUBLE) / NULLIF(COUNT({value}){where}, 0))"


def _quantile(to: Generator, node: exp.Expression, where: str) -> str:
    share = "0.5" if isinstance(node, exp.Median) else to.sql(node.expression)
    value = to.sql(node.this)
    scale = None
    if is_kind(node.this, exp.DType.DECIMAL):
        if not node.this.type.expressions:
            raise NotPortable(f"{node.sql('duckdb')}: the decimals of what it is taken of are not known; cast it")
        scale = scale_of(node.this.type)
    elif not is_kind(node.this, exp.DType.DOUBLE):
        value = f"CAST({value} AS DOUBLE)"
    return _interpolated(f"ARRAY_SORT(COLLECT_LIST({value}){where})", share, scale)


def _interpolated(ordered: str, share: str, scale: int | None) -> str:
    """Between the two nearest, in the steps DuckDB takes, so that not even the last bit differs; a decimal is cut."""
    at = f"(SIZE(v) - 1) * {share}D"
    low, high = (f"ELEMENT_AT(v, CAST({word}({at}) AS INT) + 1)" for word in ("FLOOR", "CEIL"))
    beyond = f"({at} - FLOOR({at}))"
    if scale is not None:
        low, high = (f"CAST({each} * 1{'0' * scale}BD AS DOUBLE)" for each in (low, high))
    between = f"{low} * (1 - {beyond}) + {high} * {beyond}"
    if scale is not None:
        between = decimal_of_steps(between, 38, scale)
    return f"ELEMENT_AT(TRANSFORM(ARRAY({ordered}), v -> IF(SIZE(v) = 0, NULL, {between})), 1)"


def _quantile_of_them(to: Generator, node: exp.Expression, where: str) -> str:
    return f"PERCENTILE_DISC({to.sql(node.expression)}) WITHIN GROUP (ORDER BY {to.sql(node.this)}){where}"


def _joined(to: Generator, node: exp.Expression, where: str) -> str:
    """Null where there is nothing to join. Spark's own LISTAGG fails beside another distinct aggregate."""
    word, value, keys = _ordered(to, node.this)
    separator = node.args.get("separator")
    if not keys:
        raise NotPortable(f"{node.sql('duckdb')}: without an order its text is left to chance")
    told = "','" if separator is None else to.sql(separator)
    return f"IF(COUNT({value}){where} = 0, NULL, ARRAY_JOIN({_sorted(word, value, keys, where)}, {told}))"


def _sorted(word: str, value: str, keys: list[str], where: str) -> str:
    name = "COLLECT_SET" if word else "COLLECT_LIST"
    ranks = "".join(f"({key}) IS NULL AS n{at}, {key} AS k{at}, " for at, key in enumerate(keys))
    kept = f"{name}(STRUCT({ranks}{value} AS v)){where}"
    return f"TRANSFORM({f'ARRAY_SORT({kept})' if keys else kept}, s -> s.v)"


def _gathered(to: Generator, node: exp.Expression, where: str) -> str:
    """Nulls are kept, and nothing gathered is null, not an empty list."""
    word, value, keys = _ordered(to, node.this)
    return f"IF(COUNT(1){where} = 0, NULL, {_sorted(word, value, keys, where)})"


def _ordered(to: Generator, node: exp.Expression) -> tuple[str, str, list[str]]:
    """Of what an aggregate takes: whether each only once, the value, and the keys of its order."""
    word, keys = "", []
    if isinstance(node, exp.Order):
        if any(each.args.get("desc") for each in node.expressions):
            raise NotPortable(f"{node.sql('duckdb')}: only an ascending order is known")
        keys = [to.sql(each.this) for each in node.expressions]
        node = node.this
    if isinstance(node, exp.Distinct):
        word, node = "DISTINCT ", node.expressions[0]
        if isinstance(node, exp.Order):
            keys = [to.sql(each.this) for each in node.expressions]
            node = node.this
    return word, to.sql(node), keys


AGGREGATES: dict[type[exp.Expression], Callable[[Generator, exp.Expression, str], str]] = {
    exp.ArgMax: _greatest_by("MAX_BY"),
    exp.ArgMin: _greatest_by("MIN_BY"),
    exp.AnyValue: _any,
    exp.Avg: _mean,
    exp.PercentileCont: _quantile,
    exp.Median: _quantile,
    exp.PercentileDisc: _quantile_of_them,
    exp.GroupConcat: _joined,
    exp.ArrayAgg: _gathered,
}


def _unfiltered(made: Callable[[Generator, exp.Expression, str], str]) -> Callable[[Generator, exp.Expression], str]:
    return lambda to, node: made(to, node, "")


def filtered(to: Generator, node: exp.Filter) -> str:
    """An aggregate of some rows."""
    inner = node.this
    if isinstance(inner, exp.IgnoreNulls) and isinstance(inner.this, exp.AnyValue):
        inner = inner.this
    where = f" FILTER (WHERE {to.sql(node.expression.this)})"
    made = AGGREGATES.get(type(inner))
    return made(to, inner, where) if made else f"{to.sql(inner)}{where}"


def ignoring_nulls(to: Generator, node: exp.IgnoreNulls) -> str:
    """`any_value` is so by itself."""
    if isinstance(node.this, exp.AnyValue):
        return to.sql(node.this)
    return f"{to.sql(node.this)} IGNORE NULLS"


# --- lists


def item(to: Generator, node: exp.Bracket) -> str:
    """Of a list by its place, null where there is none; of a struct or map by its name."""
    key = node.expressions[0]
    if is_kind(node.this, exp.DType.STRUCT) or (key.is_string and not is_kind(node.this, exp.DType.MAP)):
        return f"{to.sql(node.this)}.{key.name}"
    if is_kind(node.this, exp.DType.MAP):
        return f"{to.sql(node.this)}[{to.sql(key)}]"
    if not key.is_int:
        raise NotPortable(f"{node.sql('duckdb')}: a place is a number")
    return f"TRY_ELEMENT_AT({to.sql(node.this)}, {int(key.name) + 1 - int(node.args.get('offset') or 0)})"


def contains(to: Generator, node: exp.ArrayContains) -> str:
    """False, not null, where the list holds a null beside others."""
    values, value = to.sql(node.this), to.sql(node.expression)
    return f"IF(({values}) IS NULL OR ({value}) IS NULL, NULL, COALESCE(ARRAY_CONTAINS({values}, {value}), FALSE))"


def overlap(to: Generator, node: exp.ArrayOverlaps) -> str:
    """Whether two lists share a value; nulls are none."""
    return f"ARRAYS_OVERLAP(ARRAY_COMPACT({to.sql(node.this)}), ARRAY_COMPACT({to.sql(node.expression)}))"


def comprehension(to: Generator, node: exp.Comprehension) -> str:
    """`[f(x) for x in list]`."""
    if node.args.get("condition"):
        raise NotPortable(f"{node.sql('duckdb')}: a condition is not known")
    return f"TRANSFORM({to.sql(node.args['iterator'])}, {to.sql(node.expression)} -> {to.sql(node.this)})"


def written_out(to: Generator, node: exp.Array) -> str:
    """`[a, b]`; sqlglot also wraps a comprehension in one."""
    inner = [to.sql(each) for each in node.expressions]
    return inner[0] if isinstance(seq_get(node.expressions, 0), exp.Comprehension) else f"ARRAY({', '.join(inner)})"


def length(to: Generator, node: exp.Length) -> str:
    """Of a list or a text."""
    return f"{'SIZE' if is_kind(node.this, exp.DType.ARRAY) else 'LENGTH'}({to.sql(node.this)})"


def split(to: Generator, node: exp.Split) -> str:
    """At a text; Spark takes a pattern."""
    if not isinstance(node.expression, exp.Literal):
        raise NotPortable(f"{node.sql('duckdb')}: only a literal separates")
    quoted = exp.Literal.string(rf"\Q{node.expression.name}\E")
    return f"SPLIT({to.sql(node.this)}, {to.sql(quoted)})"


def _sum(value: str) -> str:
    return f"AGGREGATE({value}, CAST(NULL AS BIGINT), (a, b) -> COALESCE(a + b, a, b))"


TRANSFORMS: dict[Any, Callable[[Generator, Any], str]] = {
    **{kind: _unfiltered(made) for kind, made in AGGREGATES.items()},
    exp.Filter: filtered,
    exp.IgnoreNulls: ignoring_nulls,
    exp.Bracket: item,
    exp.ArrayContains: contains,
    exp.ArrayOverlaps: overlap,
    exp.Comprehension: comprehension,
    exp.Split: split,
    exp.ArrayDistinct: lambda to, node: f"ARRAY_DISTINCT(ARRAY_COMPACT({to.sql(node.this)}))",
    exp.ArraySort: lambda to, node: f"ARRAY_SORT({to.sql(node.this)})",
    exp.ArrayToString: lambda to, node: f"ARRAY_JOIN({to.sql(node.this)}, {to.sql(node.expression)})",
    exp.Flatten: lambda to, node: f"FLATTEN(ARRAY_COMPACT({to.sql(node.this)}))",
    exp.ArrayFilter: lambda to, node: f"FILTER({to.sql(node.this)}, {to.sql(node.expression)})",
    exp.ArrayConcat: lambda to, node: f"CONCAT({', '.join(to.sql(each) for each in [node.this, *node.expressions])})",
    exp.Array: written_out,
    exp.Length: length,
    exp.Tuple: lambda to, node: f"({', '.join(to.sql(each) for each in node.expressions)})",
}

FUNCTIONS: dict[str, Callable[..., str]] = {
    "list_extract": lambda values, at: f"TRY_ELEMENT_AT({values}, {at})",
    "list_sum": _sum,
    "map_entries": lambda value: f"MAP_ENTRIES({value})",
    "row": lambda *values: f"STRUCT({', '.join(values)})",
    "hash": lambda *values: f"XXHASH64({', '.join(values)})",
}
