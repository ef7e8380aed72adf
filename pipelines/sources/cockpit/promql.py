"""What an expression of PromQL is about: the metrics it names. Nothing here evaluates one."""

import re

_QUOTED = r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`'
_NAME_MATCHER = re.compile(rf"__name__\s*=\s*({_QUOTED})")
_LABEL_LISTS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", re.IGNORECASE)
_IDENTIFIER = re.compile(r"(?<![\w:.$])[A-Za-z_:][\w:]*(?!\s*\()(?![\w:])")
_COMMENT = re.compile(r"#[^\n]*")
_KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end"}
_GROUPINGS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_AGGREGATIONS = {"sum", "min", "max", "avg", "group", "count", "quantile", "topk", "bottomk"} | {
    "stddev",
    "stdvar",
    "count_values",
}
_WORDS = _KEYWORDS | _GROUPINGS | _AGGREGATIONS


def metric_names(expression: str) -> tuple[str, ...]:
    """The names of the metrics in an expression, in the order of their first mention."""
    found = [match[1][1:-1] for match in _NAME_MATCHER.finditer(expression)]
    bare = re.sub(_QUOTED, '""', expression)
    bare = re.sub(r"\{[^{}]*\}|\[[^\[\]]*\]", " ", _COMMENT.sub(" ", bare))
    bare = _LABEL_LISTS.sub(" ", bare)
    found += [match[0] for match in _IDENTIFIER.finditer(bare) if match[0].lower() not in _WORDS]
    return tuple(dict.fromkeys(found))


def selector(name: str) -> str:
    """A selector of one metric by its name, whatever characters it holds."""
    return f"{{__name__={quoted(name)}}}"


def quoted(text: str) -> str:
    """A string literal of PromQL and LogQL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
