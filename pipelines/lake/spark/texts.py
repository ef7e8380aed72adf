"""Texts, patterns and JSON: the same characters, by other functions."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache

from sqlglot import exp, jsonpath
from sqlglot.generator import Generator

from pipelines.lake.spark import lists, times
from pipelines.lake.spark.arithmetic import NotPortable
from pipelines.lake.spark.kinds import is_kind, told_structure

# --- patterns


def _pattern(to: Generator, node: exp.Expression) -> str:
    """RE2's `$` is the end of the text alone; Java's also stands before a last line break."""
    if not isinstance(node, exp.Literal):
        return to.sql(node)
    told, inside, text = "", False, node.name
    at = 0
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            told += text[at : at + 2]
            at += 2
            continue
        inside = sign == "[" or (inside and sign != "]")
        told += r"\z" if sign == "$" and not inside else sign
        at += 1
    return to.sql(exp.Literal.string(told))


def matches(to: Generator, node: exp.RegexpLike) -> str:
    """Anywhere in the text."""
    return f"REGEXP_LIKE({to.sql(node.this)}, {_pattern(to, node.expression)})"


def matches_whole(to: Generator, node: exp.RegexpFullMatch) -> str:
    """The text from end to end."""
    pattern = _pattern(to, node.expression)
    return f"REGEXP_LIKE({to.sql(node.this)}, CONCAT('^(?:', {pattern}, r')\\z'))"


def extract(to: Generator, node: exp.RegexpExtract) -> str:
    """A group of the first match, '' without one."""
    group = node.args.get("group")
    return (
        f"REGEXP_EXTRACT({to.sql(node.this)}, {_pattern(to, node.expression)}, "
        f"{'0' if group is None else to.sql(group)})"
    )


def replace(to: Generator, node: exp.RegexpReplace) -> str:
    """All, or the first where a pattern bound to an end of the text has but one."""
    pattern = node.expression.name
    modifiers = node.text("modifiers")
    is_bound = (pattern.startswith("^") or pattern.endswith("$")) and "|" not in re.sub(r"\(.*?\)", "", pattern)
    if modifiers not in ("", "g") or (modifiers != "g" and not is_bound):
        raise NotPortable(f"{node.sql('duckdb')}: Spark replaces each match; bind the pattern to an end, or write 'g'")
    new = exp.Literal.string(re.sub(r"\\([0-9])", r"$\1", node.args["replacement"].name))
    return f"REGEXP_REPLACE({to.sql(node.this)}, {_pattern(to, node.expression)}, {to.sql(new)})"


# --- JSON


def _path(node: exp.Expression) -> list[exp.Expression]:
    if isinstance(node, exp.Literal):
        node = jsonpath.parse(node.name)
    if not isinstance(node, exp.JSONPath):
        raise NotPortable(f"{node.sql('duckdb')}: a path is a literal")
    return [each for each in node.expressions if not isinstance(each, exp.JSONPathRoot)]


def _pointed(node: exp.Expression) -> exp.Expression | None:
    """The key of `'/' || replace(replace(key, '~', '~0'), '/', '~1')`, a pointer to a key worked out."""
    if isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.DPipe) and node.this.name == "/" and isinstance(node.expression, exp.Replace):
        inner = node.expression.this
        return inner.this if isinstance(inner, exp.Replace) else None
    return None


def _step(node: exp.Expression) -> str:
    if isinstance(node, exp.JSONPathKey) and isinstance(node.this, str):
        return f".{node.this}" if re.fullmatch(r"\w+", node.this) else f"['{node.this}']"
    if isinstance(node, exp.JSONPathSubscript) and isinstance(node.this, int):
        return f"[{node.this}]"
    raise NotPortable(f"{node.sql('duckdb')}: a step of a path is a key or a place")


def extracted(to: Generator, node: exp.JSONExtract | exp.JSONExtractScalar) -> str:
    """What a path leads to; with a `*`, all of that, one key deep at most; of several paths, a list."""
    value = to.sql(node.this)
    if isinstance(node.expression, exp.Array):
        each_said = ", ".join(_got(value, _path(each)) for each in node.expression.expressions)
        return f"IF(({value}) IS NULL, NULL, ARRAY({each_said}))"
    if (key := _pointed(node.expression)) is not None:
        return f"TO_JSON(TRY_ELEMENT_AT(FROM_JSON({value}, 'MAP<STRING, VARIANT>'), {to.sql(key)}))"
    steps = _path(node.expression)
    stars = [at for at, step in enumerate(steps) if isinstance(step.this, exp.JSONPathWildcard)]
    if not stars:
        return _got(value, steps)
    (at,) = stars
    before = _got(value, steps[:at]) if at else value
    is_map = isinstance(steps[at], exp.JSONPathKey)
    after = steps[at + 1 :]
    kind = f"STRUCT<{after[0].this}: STRING>" if after else "STRING"
    told = f"FROM_JSON({before}, '{f'MAP<STRING, {kind}>' if is_map else f'ARRAY<{kind}>'}')"
    inner = f"MAP_VALUES({told})" if is_map else told
    found = f"ARRAY_COMPACT({inner}.{after[0].this})" if after else inner
    return f"IF(({value}) IS NULL, NULL, COALESCE({found}, ARRAY()))"


def _got(value: str, steps: list[exp.Expression]) -> str:
    path = exp.Literal.string("$" + "".join(_step(step) for step in steps)).sql("spark")
    return f"GET_JSON_OBJECT({value}, {path})"


def _structured(to: Generator, value: exp.Expression, told: exp.Expression) -> str:
    return f"FROM_JSON({to.sql(value)}, '{to.sql(told_structure(told.name))}')"


def structured(to: Generator, node: exp.FromJson) -> str:
    """By the structure told."""
    return _structured(to, node.this, node.expression)


def kind_of(to: Generator, node: exp.JSONType) -> str:
    """OBJECT, ARRAY or another word for what is neither."""
    value = (
        to.sql(node.this) if node.args.get("expression") is None else _got(to.sql(node.this), _path(node.expression))
    )
    other = f"IF(({value}) IS NULL, NULL, 'VARCHAR')"
    return f"CASE LEFT({value}, 1) WHEN '{{' THEN 'OBJECT' WHEN '[' THEN 'ARRAY' ELSE {other} END"


def document(to: Generator, node: exp.JSONObject) -> str:
    """Keys in their order, nulls among them."""
    parts = []
    for at, each in enumerate(node.expressions):
        key = json.dumps(each.this.name, ensure_ascii=False) + ":"
        parts += [to.sql(exp.Literal.string(("," if at else "{") + key)), _as_json(to, each.expression)]
    return f"CONCAT({', '.join(parts)}, '}}')"


def _as_json(to: Generator, node: exp.Expression) -> str:
    if isinstance(node, exp.Cast) and node.args["to"].this == exp.DType.JSON:
        return f"COALESCE(GET_JSON_OBJECT({to.sql(node.this)}, '$'), 'null')"
    return f"COALESCE({_text_as_json(to.sql(node))}, 'null')"


def _merged(to: Generator, node: exp.Anonymous) -> str:
    """Keys of both, the second's values where both have one; a null takes its key away."""
    first, second = node.expressions
    if isinstance(first, exp.Literal) and first.name == "{}" and isinstance(second, exp.JSONObject):
        pairs = ", ".join(f"{to.sql(each.this)}, {to.sql(each.expression)}" for each in second.expressions)
        return f"TO_JSON(NAMED_STRUCT({pairs}), MAP('ignoreNullFields', 'true'))"
    one, other = (f"FROM_JSON({to.sql(each)}, 'MAP<STRING, VARIANT>')" for each in node.expressions)
    both = f"MAP_CONCAT(COALESCE({one}, MAP()), {other})"
    is_taken = f"COALESCE(IS_VARIANT_NULL(TRY_ELEMENT_AT({other}, k)), FALSE)"
    return f"TO_JSON(MAP_FILTER({both}, (k, v) -> NOT {is_taken}))"


# --- functions sqlglot has no node for


def _length(value: str) -> str:
    return f"IF(({value}) IS NULL, NULL, COALESCE(JSON_ARRAY_LENGTH({value}), 0))"


@cache
def _accents() -> tuple[str, str]:
    """Letters with an accent and the letters without, then the accents that stand alone."""
    plain, bare = [], []
    lone = []
    for code in range(0xA0, 0x10000):
        sign = chr(code)
        parts = unicodedata.normalize("NFD", sign)
        if unicodedata.combining(sign):
            lone.append(sign)
        elif parts != sign and len(left := "".join(each for each in parts if not unicodedata.combining(each))) == 1:
            plain.append(sign)
            bare.append(left)
    return "".join(plain) + "".join(lone), "".join(bare)


def _without_accents(value: str) -> str:
    accented, bare = (exp.Literal.string(each).sql("spark") for each in _accents())
    return f"TRANSLATE({value}, {accented}, {bare})"


def _text_as_json(value: str) -> str:
    """Null stays null."""
    told = f"TO_JSON(NAMED_STRUCT('v', {value}))"
    return f"IF(({value}) IS NULL, NULL, SUBSTRING({told}, 6, LENGTH({told}) - 6))"


def _to_json(to: Generator, node: exp.Expression) -> str:
    value = to.sql(node)
    return _text_as_json(value) if is_kind(node, exp.DType.VARCHAR) else f"TO_JSON({value})"


def named(to: Generator, node: exp.Anonymous) -> str:
    """By name; one that is not known is no part of the portable subset."""
    name = node.name.lower()
    if name == "json_transform":
        return _structured(to, *node.expressions)
    if name == "json_array_length":
        value = to.sql(node.expressions[0])
        if len(node.expressions) == 2:
            value = f"GET_JSON_OBJECT({value}, {to.sql(node.expressions[1])})"
        return _length(value)
    if name == "json_merge_patch":
        return _merged(to, node)
    if name == "to_json":
        return _to_json(to, node.expressions[0])
    known = FUNCTIONS.get(name)
    if known is None:
        raise NotPortable(f"{node.sql('duckdb')}: {name} has no counterpart in Spark")
    return known(*(to.sql(each) for each in node.expressions))


FUNCTIONS: dict[str, Callable[..., str]] = {
    **times.FUNCTIONS,
    **lists.FUNCTIONS,
    "strip_accents": _without_accents,
    "json_valid": lambda value: f"(TRY_PARSE_JSON({value}) IS NOT NULL)",
    "explode": lambda value: f"EXPLODE({value})",
    "inline": lambda value: f"INLINE({value})",
    "arrays_zip": lambda *values: f"ARRAYS_ZIP({', '.join(values)})",
}

TRANSFORMS = {
    exp.RegexpLike: matches,
    exp.RegexpFullMatch: matches_whole,
    exp.RegexpExtract: extract,
    exp.RegexpReplace: replace,
    exp.JSONExtract: extracted,
    exp.JSONExtractScalar: extracted,
    exp.FromJson: structured,
    exp.JSONType: kind_of,
    exp.JSONObject: document,
    exp.JSONKeys: lambda to, node: f"JSON_OBJECT_KEYS({to.sql(node.this)})",
    exp.Anonymous: named,
}
