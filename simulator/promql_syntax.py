"""What an expression of PromQL is made of, and which expressions are refused.

What nothing here evaluates is refused as Prometheus refuses what it does not know, never answered wrongly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import promql_parser as ast

from simulator.promql_binary import ARITHMETIC, COMPARED, SETS, Matching
from simulator.promql_functions import ELEMENTWISE
from simulator.promql_grouping import CHOSEN, REDUCED
from simulator.promql_ranges import RANGED
from simulator.promql_select import matchers_of
from simulator.promql_values import NAME, QueryError

LOOKBACK = 300_000
_OTHERS = ("clamp", "histogram_quantile", "quantile_over_time", "scalar", "sort", "sort_desc", "time", "vector")


@lru_cache(maxsize=512)
def parsed(text: str) -> ast.Expr:
    """The syntax tree of an expression; a QueryError for one that is wrong or that nothing here evaluates."""
    try:
        tree: ast.Expr = ast.parse(text)
    except ValueError as error:
        raise _unparsable(str(error)) from None
    _refuse_unknown(tree)
    return tree


def _unparsable(said: str) -> QueryError:
    return QueryError(f'invalid parameter "query": 1:1: parse error: {said}')


def _refuse_unknown(tree: ast.Expr) -> None:
    for node in nodes(tree):
        if isinstance(node, ast.SubqueryExpr):
            raise _unparsable("subqueries are not supported")
        if isinstance(node, ast.VectorSelector):
            matchers_of(node)
            if node.at is not None:
                raise _unparsable("@ modifier is disabled")
        if isinstance(node, ast.Call) and not (
            node.func.name in RANGED or node.func.name in ELEMENTWISE or node.func.name in _OTHERS
        ):
            raise _unparsable(f'unknown function with name "{node.func.name}"')
        if isinstance(node, ast.AggregateExpr) and str(node.op) not in (*REDUCED, *CHOSEN, "quantile"):
            raise _unparsable(f'unknown aggregation "{node.op}"')
        if isinstance(node, ast.BinaryExpr) and str(node.op) not in (*ARITHMETIC, *COMPARED, *SETS):
            raise _unparsable(f'unknown operator "{node.op}"')


def nodes(tree: Any) -> Iterator[Any]:
    """Every part of an expression."""
    yield tree
    children: Sequence[Any] = ()
    if isinstance(tree, ast.BinaryExpr):
        children = (tree.lhs, tree.rhs)
    elif isinstance(tree, ast.Call):
        children = tree.args
    elif isinstance(tree, ast.MatrixSelector):
        children = (tree.vector_selector,)
    elif isinstance(tree, ast.AggregateExpr):
        children = (tree.expr,) if tree.param is None else (tree.expr, tree.param)
    elif isinstance(tree, ast.ParenExpr | ast.UnaryExpr | ast.SubqueryExpr):
        children = (tree.expr,)
    for child in children:
        yield from nodes(child)


def kind_of(tree: ast.Expr) -> str:
    """What an expression is, in Prometheus' words."""
    while isinstance(tree, ast.ParenExpr):
        tree = tree.expr
    if isinstance(tree, ast.MatrixSelector):
        return "range vector"
    if isinstance(tree, ast.StringLiteral):
        return "string"
    if isinstance(tree, ast.NumberLiteral) or (isinstance(tree, ast.Call) and tree.func.name in ("time", "scalar")):
        return "scalar"
    if isinstance(tree, ast.BinaryExpr):
        return "scalar" if {kind_of(tree.lhs), kind_of(tree.rhs)} == {"scalar"} else "instant vector"
    return kind_of(tree.expr) if isinstance(tree, ast.UnaryExpr) else "instant vector"


def is_counted_only(tree: ast.Expr) -> bool:
    return any(isinstance(node, ast.AggregateExpr) and counted(node) is not None for node in nodes(tree))


def milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1_000)


@dataclass(frozen=True)
class Counted:
    """A question for numbers of series or samples by name, which needs neither values nor labels."""

    selector: ast.VectorSelector
    span: int
    is_by_name: bool
    of_samples: bool


def counted(node: ast.AggregateExpr) -> Counted | None:
    by, without = grouping(node)
    inner = node.expr
    while isinstance(inner, ast.ParenExpr):
        inner = inner.expr
    if without is not None or not set(by or ()) <= {NAME}:
        return None
    span, of_samples = LOOKBACK, False
    if isinstance(inner, ast.Call) and inner.func.name == "count_over_time" and str(node.op) in ("sum", "count"):
        span, of_samples = milliseconds(inner.args[0].range), str(node.op) == "sum"
        selector = inner.args[0].vector_selector
        if by:
            return None
    elif isinstance(inner, ast.VectorSelector) and str(node.op) == "count":
        selector = inner
    else:
        return None
    if any(label != NAME for label, _, _ in matchers_of(selector)):
        return None
    return Counted(selector, span, bool(by), of_samples)


def grouping(node: ast.AggregateExpr) -> tuple[Sequence[str] | None, Sequence[str] | None]:
    if node.modifier is None:
        return None, None
    labels = list(node.modifier.labels)
    return (labels, None) if str(node.modifier.type).endswith("By") else (None, labels)


def matching(modifier: ast.BinModifier | None) -> Matching:
    if modifier is None:
        return Matching()
    labels: tuple[str, ...] = ()
    is_on = False
    if modifier.matching is not None:
        labels = tuple(modifier.matching.labels)
        is_on = str(modifier.matching.type).endswith("Include")
    many = {"ManyToOne": "left", "OneToMany": "right"}.get(str(modifier.card).rpartition(".")[2], "")
    return Matching(labels, is_on, many, tuple(modifier.group_labels or ()), modifier.return_bool)
