"""Evaluates expressions of PromQL over the series of a data source."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import promql_parser as ast

from simulator.instants import DAY
from simulator.promql_binary import SETS, calculated, combined, matched, with_scalar
from simulator.promql_functions import (
    clamp,
    constant,
    elementwise,
    histogram_quantile,
    ordered,
    scalar_of,
)
from simulator.promql_grouping import aggregated
from simulator.promql_ranges import KEEPS_NAME, RANGED, WITHOUT_VALUES, count, quantile
from simulator.promql_select import MOST_SERIES, Selected, Store, matchers_of, window
from simulator.promql_syntax import LOOKBACK, Counted, counted, grouping, is_counted_only, matching, milliseconds, nodes
from simulator.promql_values import Value, Vector, failed
from simulator.telemetry_families import Crowd
from simulator.telemetry_noise import Flags, Floats, Whole

_MOST_AT_ONCE = 3_000_000  # samples, so that a long question takes no more memory than a short one


def pieces(tree: ast.Expr, store: Store, times: Whole) -> Iterator[Whole]:
    """The steps of a question in pieces that are answered one after the other."""
    step = int(times[1] - times[0]) if len(times) > 1 else DAY * 1_000
    cost = 1
    for node in () if is_counted_only(tree) else nodes(tree):
        selector = node.vector_selector if isinstance(node, ast.MatrixSelector) else node
        if not isinstance(selector, ast.VectorSelector):
            continue
        chosen = store.select(matchers_of(selector))
        series = sum(len(each.series) for each in chosen)
        if series > MOST_SERIES:
            raise failed(
                f"the query exceeded the maximum number of series (limit: {MOST_SERIES} series) "
                "(err-mimir-max-series-per-query)"
            )
        span = milliseconds(node.range) if isinstance(node, ast.MatrixSelector) else LOOKBACK
        scrape = 1_000 * min((each.family.scrape for each in chosen), default=DAY)
        cost = max(cost, series * max(span, min(step, DAY * 1_000)) // scrape)
    most = max(_MOST_AT_ONCE // cost, 1)
    for first in range(0, len(times), most):
        yield times[first : first + most]


class Evaluation:
    """One expression at some steps."""

    def __init__(self, store: Store, times: Whole) -> None:
        self._store = store
        self._times = times

    def value(self, node: Any) -> Value:
        """A vector, or a scalar by step."""
        if isinstance(node, ast.ParenExpr):
            return self.value(node.expr)
        if isinstance(node, ast.NumberLiteral):
            return np.full(len(self._times), node.val)
        if isinstance(node, ast.StringLiteral):
            return str(node.val)
        if isinstance(node, ast.VectorSelector):
            return self._selected(node, LOOKBACK, "last_over_time")
        if isinstance(node, ast.UnaryExpr):
            found = self.value(node.expr)
            if isinstance(found, Vector):
                return Vector(found.labels, found.names, -found.values, found.present).nameless()
            return -self._scalar(node.expr)
        if isinstance(node, ast.BinaryExpr):
            return self._binary(node)
        if isinstance(node, ast.AggregateExpr):
            return self._aggregate(node)
        return self._call(node)

    def _vector(self, node: Any) -> Vector:
        found = self.value(node)
        assert isinstance(found, Vector)
        return found

    def _scalar(self, node: Any) -> Floats:
        found = self.value(node)
        assert isinstance(found, np.ndarray)
        return found

    def _selected(self, node: ast.VectorSelector, span: int, function: str, share: Floats | None = None) -> Vector:
        """A function of the samples that each step sees."""
        times = self._times - (milliseconds(node.offset) if node.offset is not None else 0)
        parts = []
        for chosen in self._store.select(matchers_of(node)):
            seen = window(self._store, chosen, times, span, function not in WITHOUT_VALUES)
            if seen is None:
                continue
            if share is not None:
                values, present = quantile(seen, times, span, share)
            else:
                values, present = RANGED[function](seen, times, span)
            parts.append((chosen, values, present))
        found = _joined(parts, len(times))
        return found if function in KEEPS_NAME else found.nameless()

    def _call(self, node: ast.Call) -> Value:
        name, arguments = node.func.name, node.args
        if name == "time":
            return self._times / 1_000
        if name == "vector":
            return constant(self._scalar(arguments[0]))
        if name == "quantile_over_time":
            matrix = arguments[1]
            share = self._scalar(arguments[0])
            return self._selected(matrix.vector_selector, milliseconds(matrix.range), name, share)
        if name in RANGED:
            matrix = arguments[0]
            return self._selected(matrix.vector_selector, milliseconds(matrix.range), name)
        if name == "histogram_quantile":
            return histogram_quantile(self._scalar(arguments[0]), self._vector(arguments[1]))
        vector = self._vector(arguments[0])
        if name == "scalar":
            return scalar_of(vector)
        if name in ("sort", "sort_desc"):
            return ordered(vector, is_rising=name == "sort")
        scalars = [self._scalar(each) for each in arguments[1:]]
        return clamp(vector, *scalars) if name == "clamp" else elementwise(name, vector, *scalars)

    def _aggregate(self, node: ast.AggregateExpr) -> Vector:
        numbers = counted(node)
        if numbers is not None:
            return self._numbers(numbers)
        by, without = grouping(node)
        share = None if node.param is None else self._scalar(node.param)
        return aggregated(str(node.op), self._vector(node.expr), by, without, share)

    def _numbers(self, asked: Counted) -> Vector:
        """Series or samples, by name or altogether."""
        found: dict[str, Floats] = {}
        offset = asked.selector.offset
        times = self._times - (milliseconds(offset) if offset is not None else 0)
        for family in self._store.named(matchers_of(asked.selector)):
            if isinstance(family, Crowd):
                number = _tally(self._store, family, times, asked)
            else:
                chosen = Selected.of(family, np.arange(family.size))
                seen = window(self._store, chosen, times, asked.span, with_values=False)
                counts = np.zeros((1, len(times))) if seen is None else count(seen, times, asked.span)[0]
                number = (counts if asked.of_samples else counts > 0).sum(axis=0)
            key = family.name if asked.is_by_name else ""
            found[key] = found[key] + number if key in found else number.astype(np.float64)
        if not found:
            return Vector.empty(len(times))
        names = list(found) if asked.is_by_name else None
        values = np.array(list(found.values()))
        kept = values > 0
        return Vector([{}] * len(found), names, values, kept).of(
            np.flatnonzero(kept.any(axis=1)), kept[kept.any(axis=1)]
        )

    def _binary(self, node: ast.BinaryExpr) -> Value:
        operator, left, right = str(node.op), self.value(node.lhs), self.value(node.rhs)
        how = matching(node.modifier)
        if isinstance(left, Vector) and isinstance(right, Vector):
            if operator in SETS:
                return combined(operator, left, right, how)
            return matched(operator, left, right, how)
        if isinstance(left, Vector):
            return with_scalar(operator, left, self._as_scalar(right), False, how.is_bool)
        if isinstance(right, Vector):
            return with_scalar(operator, right, self._as_scalar(left), True, how.is_bool)
        return calculated(operator, self._as_scalar(left), self._as_scalar(right), how.is_bool)[0]

    @staticmethod
    def _as_scalar(value: Value) -> Floats:
        assert isinstance(value, np.ndarray)
        return value


def _tally(store: Store, family: Crowd, times: Whole, asked: Counted) -> Whole:
    """How many series or samples of a crowd each step sees."""
    scrape, offset = family.scrape * 1_000, family.offset * 1_000
    low = -((offset - np.maximum(times - asked.span, store.oldest * 1_000)) // scrape)
    high = (np.minimum(times, store.now * 1_000) - offset) // scrape
    alive, samples = family.tally(low, high)
    return samples if asked.of_samples else alive


def _joined(parts: Sequence[tuple[Selected, Floats, Flags | None]], steps: int) -> Vector:
    """The series of several families in one vector, without those that have no value at any step."""
    found: list[Vector] = []
    for chosen, values, present in parts:
        vector = Vector(chosen.labels, [chosen.family.name] * len(chosen.labels), values, present)
        if present is not None:
            if present.all():
                vector = Vector(vector.labels, vector.names, values, None)
            elif not (seen := present.any(axis=1)).all():
                vector = vector.of(np.flatnonzero(seen), present[seen])
        if len(vector):
            found.append(vector)
    if len(found) == 1:
        return found[0]
    if not found:
        return Vector.empty(steps)
    presence = None
    if any(vector.present is not None for vector in found):
        presence = np.concatenate([vector.there() for vector in found])
    return Vector(
        [labels for vector in found for labels in vector.labels],
        [name for vector in found for name in vector.names or ()],
        np.concatenate([vector.values for vector in found]),
        presence,
    )
