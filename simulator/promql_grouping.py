"""Aggregations: several series become one, by the labels they share."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.promql_ranges import quantile_of
from simulator.promql_values import NAME, Labels, QueryError, Vector
from simulator.telemetry_noise import Flags, Floats, Whole

_Number = TypeVar("_Number", np.float64, np.int64)
REDUCED = ("sum", "avg", "min", "max", "count", "group")
CHOSEN = ("topk", "bottomk")


def aggregated(
    operator: str, vector: Vector, by: Sequence[str] | None, without: Sequence[str] | None, share: Floats | None
) -> Vector:
    """One of the aggregations. `share` is the parameter of those that have one, by step."""
    if not len(vector):
        return Vector.empty(vector.values.shape[1])
    groups, labels, names = _groups(vector, by, without)
    if operator in CHOSEN:
        assert share is not None
        return _chosen(vector, groups, share, is_top=operator == "topk")
    there = vector.there()
    seen = _reduced(there.astype(np.int64), groups, np.add)
    if operator == "quantile":
        assert share is not None
        values = _quantile(vector, there, groups, len(labels), share)
    else:
        values = _values(operator, vector.values, there, groups, seen)
    present = seen > 0
    return Vector(labels, names, values, None if present.all() else present)


def _values(operator: str, values: Floats, there: Flags, groups: Whole, seen: Whole) -> Floats:
    if operator == "count":
        return seen.astype(np.float64)
    if operator == "group":
        return np.ones(seen.shape)
    if operator in ("sum", "avg"):
        found = _reduced(np.where(there, values, 0.0), groups, np.add)
        return found / np.maximum(seen, 1) if operator == "avg" else found
    if operator in ("min", "max"):
        worst, better = (np.inf, np.fmin) if operator == "min" else (-np.inf, np.fmax)
        found = _reduced(np.where(there, values, worst), groups, better)
        numbers = _reduced((there & ~np.isnan(values)).astype(np.int64), groups, np.add)
        return np.where(numbers > 0, found, np.nan)
    raise QueryError(f'invalid parameter "query": 1:1: parse error: unsupported aggregation {operator}')


def _reduced(values: NDArray[_Number], groups: Whole, operation: np.ufunc) -> NDArray[_Number]:
    """One row for each group, in their order; each has a member."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    found: NDArray[_Number] = operation.reduceat(values[order], starts, axis=0)
    return found


def _quantile(vector: Vector, there: Flags, groups: Whole, number: int, share: Floats) -> Floats:
    found = np.empty((number, vector.values.shape[1]))
    values = np.where(there, vector.values, np.inf)
    for group in range(number):
        rows = np.flatnonzero(groups == group)
        found[group] = quantile_of(values[rows], there[rows].sum(axis=0), share)
    return found


def _chosen(vector: Vector, groups: Whole, share: Floats, is_top: bool) -> Vector:
    """The series with the largest or smallest values of each group, step by step; they keep their labels."""
    there = vector.there()
    score = np.where(np.isnan(vector.values), -np.inf, vector.values if is_top else -vector.values)
    score = np.where(there, score, -np.inf)
    kept = np.zeros(there.shape, dtype=bool)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        order = np.argsort(-score[rows], axis=0, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(len(rows))[:, None], axis=0)
        kept[rows] = there[rows] & (rank < np.trunc(share)[None, :])
    rows = np.flatnonzero(kept.any(axis=1))
    if vector.values.shape[1] == 1:
        rows = rows[np.argsort(-score[rows, 0], kind="stable")]
    return vector.of(rows, kept[rows])


def _groups(
    vector: Vector, by: Sequence[str] | None, without: Sequence[str] | None
) -> tuple[Whole, list[Labels], list[str] | None]:
    """The group of each series; labels and names of the groups."""
    if without is not None:
        dropped = {*without, NAME}
        keys: list[Hashable] = [
            tuple(sorted((k, v) for k, v in labels.items() if k not in dropped)) for labels in vector.labels
        ]
        return _numbered(keys, lambda row: {k: v for k, v in vector.labels[row].items() if k not in dropped}, None)
    wanted = sorted(set(by or ()))
    if not wanted:
        return np.zeros(len(vector), dtype=np.int64), [{}], None
    keys = [tuple(vector.value_of(label, row) for label in wanted) for row in range(len(vector))]
    kept = [label for label in wanted if label != NAME]

    def labels_of(row: int) -> Labels:
        return {label: value for label in kept if (value := vector.labels[row].get(label))}

    return _numbered(keys, labels_of, vector.names if NAME in wanted else None)


def _numbered(
    keys: Sequence[Hashable], labels_of: Callable[[int], Labels], names: Sequence[str] | None
) -> tuple[Whole, list[Labels], list[str] | None]:
    known: dict[Hashable, int] = {}
    groups = np.empty(len(keys), dtype=np.int64)
    labels: list[Labels] = []
    told: list[str] = []
    for row, key in enumerate(keys):
        number = known.get(key)
        if number is None:
            number = known[key] = len(labels)
            labels.append(labels_of(row))
            told.append(names[row] if names is not None else "")
        groups[row] = number
    return groups, labels, told if names is not None else None
