"""The part of LogQL that is answered: counts of lines and bytes over a range, summed by labels."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import promql_parser as ast

from simulator.promql_select import Matcher, tester
from simulator.promql_values import QueryError

_MATCHER = re.compile(r'\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*("(?:\\.|[^"\\])*"|`[^`]*`)\s*')
_RANGED = re.compile(r"\s*(\w+)\s*\(\s*(\{.*\})\s*\[([^\]]+)\]\s*\)\s*", re.DOTALL)
_SUM = re.compile(
    r"\s*sum\s*(?:(by|without)\s*\(([^()]*)\)\s*)?\((.*)\)\s*(?:(by|without)\s*\(([^()]*)\)\s*)?", re.DOTALL
)
FUNCTIONS = ("bytes_over_time", "count_over_time", "bytes_rate", "rate")


@dataclass(frozen=True)
class LogQuery:
    """A function of the streams that match, over `span` milliseconds. `by` sums by labels, None leaves each stream."""

    function: str
    matchers: tuple[Matcher, ...]
    span: int
    by: tuple[str, ...] | None
    without: tuple[str, ...] | None

    @property
    def is_of_bytes(self) -> bool:
        return self.function.startswith("bytes")

    @property
    def is_rate(self) -> bool:
        return self.function.endswith("rate")


@lru_cache(maxsize=256)
def parsed_query(text: str) -> LogQuery:
    """The query; a QueryError for anything else, as Loki words it."""
    by: tuple[str, ...] | None = None
    without: tuple[str, ...] | None = None
    summed = _SUM.fullmatch(text)
    inner = text
    if summed is not None:
        word, labels = (summed[1], summed[2]) if summed[1] else (summed[4], summed[5])
        names = tuple(name.strip() for name in (labels or "").split(",") if name.strip())
        by, without = (None, names) if word == "without" else (names, None)
        inner = summed[3]
    ranged = _RANGED.fullmatch(inner)
    if ranged is None or ranged[1] not in FUNCTIONS:
        raise QueryError("parse error : only counts over a range of log streams are answered, such as "
                         'sum by (service_name) (bytes_over_time({service_name=~".+"}[1h]))')  # fmt: skip
    try:
        span = round(ast.parse_duration(ranged[3]).total_seconds() * 1_000)
    except ValueError:
        raise QueryError(f'parse error : not a valid duration string: "{ranged[3]}"') from None
    return LogQuery(ranged[1], parsed_selector(ranged[2]), span, by, without)


@lru_cache(maxsize=256)
def parsed_selector(text: str) -> tuple[Matcher, ...]:
    """The matchers in braces."""
    body, found = text.strip(), []
    if not (body.startswith("{") and body.endswith("}")):
        raise QueryError("parse error : syntax error: a selector of log streams is expected")
    body = body[1:-1]
    while body:
        match = _MATCHER.match(body)
        if match is None:
            raise QueryError(f"parse error : syntax error: unexpected {body[:20]!r}")
        quoted = match[3]
        value = quoted[1:-1] if quoted[0] == "`" else re.sub(r"\\(.)", _unescaped, quoted[1:-1])
        found.append((match[1], match[2], value))
        body = body[match.end() :]
        if body and not body.startswith(","):
            raise QueryError(f"parse error : syntax error: unexpected {body[:20]!r}")
        body = body[1:]
    if all(tester(operator, value)("") for _, operator, value in found):
        raise QueryError(
            "parse error : queries require at least one regexp or equality matcher that does not have an "
            "empty-compatible value"
        )
    return tuple(found)


def matching(matchers: Sequence[Matcher]) -> Callable[[dict[str, str]], bool]:
    """Whether the labels of a stream satisfy all."""
    tests = [(label, tester(operator, value)) for label, operator, value in matchers]
    return lambda labels: all(test(labels.get(label, "")) for label, test in tests)


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t"}.get(match[1], match[1])
