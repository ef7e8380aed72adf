"""Casts and arithmetic: where Spark cuts, DuckDB rounds; and an exact number stays exact."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.generator import Generator

from pipelines.lake.spark.kinds import EXACT, is_kind

_WHOLE = (exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT, exp.DType.TINYINT, exp.DType.UBIGINT)
_DIGITS = 38
_WORD = 2**32
_STEP, _UNSTEP = "10000000000BD", "0.0000000001BD"


_ODD = r"""[,'"()\[\]{}:=]|^$|^\s|\s\z|^(?i:null)\z"""
_COMMA = ", ', ', "
_TEXTS = (exp.DType.TEXT, exp.DType.VARCHAR)


class NotPortable(ValueError):
    """A part of a select that has no counterpart of the same meaning in Spark; says which."""


def cast(to: Generator, node: exp.Cast) -> str:
    """A number is rounded half away from zero, or half to even where DuckDB does so, as it is in DuckDB."""
    told = node.args["to"]
    value = to.sql(node.this)
    word = "TRY_CAST" if isinstance(node, exp.TryCast) else "CAST"
    if told.this == exp.DType.DECIMAL and is_kind(node.this, exp.DType.DOUBLE):
        digits, scale = (int(each.name) for each in told.expressions)
        return _decimal_of_double(value, digits, scale)
    if told.this in _WHOLE:
        kind = to.sql(told)
        if is_kind(node.this, *EXACT):
            return f"{word}(ROUND({value}) AS {kind})"
        if is_kind(node.this, exp.DType.DOUBLE):
            return f"{word}(RINT({value}) AS {kind})"
        if is_kind(node.this, exp.DType.VARCHAR):
            return f"{word}(ROUND({word}({value} AS DECIMAL({_DIGITS}, 9))) AS {kind})"
    if told.this in _TEXTS:
        if isinstance(node.this, exp.JSONExtract) and is_kind(node.this, exp.DType.ARRAY):
            return f"CONCAT('[', ARRAY_JOIN({value}, ', ', 'NULL'), ']')"
        if isinstance(node.this, exp.Anonymous) and node.this.name.lower() == "row":
            return _row_as_text(to, node.this)
    if told.this in _TEXTS and is_kind(
        node.this, exp.DType.DOUBLE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.STRUCT, exp.DType.ARRAY
    ):
        raise NotPortable(f"{node.sql('duckdb')}: a {node.this.type} is written differently as a text")
    return f"{word}({value} AS {to.sql(told)})"


def _row_as_text(to: Generator, node: exp.Anonymous) -> str:
    """`(a, b, NULL)`, in which DuckDB quotes a text that could be read otherwise."""
    odd, quote, slash, escaped_quote, escaped_slash = (
        to.sql(exp.Literal.string(each)) for each in (_ODD, "'", "\\", "\\'", "\\\\")
    )
    parts = []
    for each in node.expressions:
        value = to.sql(each)
        if is_kind(each, exp.DType.VARCHAR):
            inner = f"REPLACE(REPLACE({value}, {slash}, {escaped_slash}), {quote}, {escaped_quote})"
            parts.append(
                f"COALESCE(IF(REGEXP_LIKE({value}, {odd}), CONCAT({quote}, {inner}, {quote}), {value}), 'NULL')"
            )
        elif is_kind(each, exp.DType.DATE, exp.DType.BOOLEAN, *_WHOLE):
            parts.append(f"COALESCE(CAST({value} AS STRING), 'NULL')")
        else:
            raise NotPortable(f"{node.sql('duckdb')}: a {each.type} is written differently as a text")
    return f"CONCAT('(', {_COMMA.join(parts)}, ')')"


def _decimal_of_double(value: str, digits: int, scale: int) -> str:
    """The binary value in full, as DuckDB takes it; Spark alone would take the shortest text that stands for it."""
    return decimal_of_steps(f"ROUND(({value}) * 1E{scale})" if scale else f"ROUND({value})", digits, scale)


def decimal_of_steps(steps: str, digits: int, scale: int) -> str:
    """So many of the smallest steps of a decimal, told as a double; a fraction of one is cut."""
    high = f"CAST(CAST(v / {_WORD}D AS BIGINT) AS DECIMAL(38, 0)) * {_WORD}BD"
    low = f"CAST(CAST(v % {_WORD}D AS BIGINT) AS DECIMAL(38, 0))"
    unit = f" * 0.{'0' * (scale - 1)}1BD" if scale else ""
    return _once(f"CAST(({high} + {low}){unit} AS DECIMAL({digits}, {scale}))", steps)


def _once(expression: str, value: str) -> str:
    """The expression of `v`, worked out once."""
    return f"ELEMENT_AT(TRANSFORM(ARRAY({value}), v -> {expression}), 1)"


def divide(to: Generator, node: exp.Div) -> str:
    """Always between doubles."""
    return f"{_double(to, node.this)} / {_double(to, node.expression)}"


def _double(to: Generator, node: exp.Expression) -> str:
    value = to.sql(node)
    return value if is_kind(node, exp.DType.DOUBLE) else f"CAST({value} AS DOUBLE)"


def divide_whole(to: Generator, node: exp.IntDiv) -> str:
    """Cut towards zero, null when divided by zero; of huge integers without Spark's limit of 64 bits."""
    left, right = to.sql(node.this), to.sql(node.expression)
    if not is_kind(node, *EXACT):
        return f"({left}) DIV NULLIF({right}, 0)"
    # long division in two steps, since Spark's quotient has 20 digits at most
    high, low = f"CAST((v.a - v.a % {_STEP}) * {_UNSTEP} AS DECIMAL(38, 0))", f"(v.a % {_STEP})"
    rest = f"({high} % v.b * {_STEP} + {low})"
    parts = [f"CAST(({each} - {each} % v.b) / v.b AS DECIMAL(38, 0))" for each in (high, rest)]
    whole = f"CAST({left} AS DECIMAL(38, 0)) AS a, CAST(NULLIF({right}, 0) AS DECIMAL(38, 0)) AS b"
    return _once(f"CAST({parts[0]} * {_STEP} + {parts[1]} AS DECIMAL(38, 0))", f"STRUCT({whole})")


def logarithm(to: Generator, node: exp.Log) -> str:
    """To a base, by way of ten as DuckDB does it."""
    if node.expression is None:
        return f"LOG10({_double(to, node.this)})"
    return f"(LOG10({_double(to, node.expression)}) / LOG10({_double(to, node.this)}))"


TRANSFORMS = {
    exp.Cast: cast,
    exp.TryCast: cast,
    exp.Div: divide,
    exp.IntDiv: divide_whole,
    exp.Log: logarithm,
}
