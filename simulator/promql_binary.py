"""Operators between scalars and vectors, with the rules by which two vectors are matched."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.promql_values import Labels, Vector, failed, overlapping
from simulator.telemetry_noise import Flags, Floats

Operation = Callable[[Floats, Floats], Floats]
Comparison = Callable[[Floats, Floats], Flags]
ARITHMETIC: dict[str, Operation] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARED: dict[str, Comparison] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}
SETS = ("and", "or", "unless")


@dataclass(frozen=True)
class Matching:
    """How series of two vectors find each other: by all labels, by some (`on`) or by all others (`ignoring`).
    `many` is the side that may have several for one, and `included` are labels it takes over."""

    labels: tuple[str, ...] = ()
    is_on: bool = False
    many: str = ""
    included: tuple[str, ...] = ()
    is_bool: bool = False

    def key(self, labels: Labels) -> Hashable:
        if self.is_on:
            return tuple(labels.get(label, "") for label in self.labels)
        if not self.labels:
            return frozenset(labels.items())
        return frozenset((k, v) for k, v in labels.items() if k not in self.labels)

    def shown(self, labels: Labels) -> str:
        """The labels of a match in an error."""
        kept = {k: v for k, v in labels.items() if (k in self.labels) is self.is_on}
        return "{" + ", ".join(f'{k}="{v}"' for k, v in sorted(kept.items())) + "}"


def calculated(operator: str, left: Floats, right: Floats, is_bool: bool) -> tuple[Floats, Flags | None]:
    """Values of an operation, and where it holds: a comparison without `bool` keeps the left side where it is true."""
    with np.errstate(all="ignore"):
        if operator in ARITHMETIC:
            return ARITHMETIC[operator](left, right), None
        holds = COMPARED[operator](left, right)
    if is_bool:
        return holds.astype(np.float64), None
    return np.broadcast_to(left, holds.shape), holds


def with_scalar(operator: str, vector: Vector, scalar: Floats, is_swapped: bool, is_bool: bool) -> Vector:
    """A vector and a scalar; a comparison that filters keeps the vector's value on whichever side it is."""
    left, right = (scalar[None, :], vector.values) if is_swapped else (vector.values, scalar[None, :])
    values, holds = calculated(operator, left, right, is_bool)
    if holds is not None:
        return _kept(Vector(vector.labels, vector.names, vector.values, overlapping(vector.present, holds)))
    return Vector(vector.labels, vector.names, values, vector.present).nameless()


def matched(operator: str, left: Vector, right: Vector, how: Matching) -> Vector:
    """Two vectors, series by series."""
    if how.many == "right":
        one, many = left, right
    else:
        one, many = right, left
    partners = _index(one, how)
    _refuse_several(one, partners, how, "left" if how.many == "right" else "right")
    rows, others = [], []
    for row, labels in enumerate(many.labels):
        for other in partners.get(how.key(labels), ()):
            rows.append(row)
            others.append(other)
    if not rows:
        return Vector.empty(left.values.shape[1])
    mine, theirs = many.values[rows], one.values[others]
    operands = (theirs, mine) if how.many == "right" else (mine, theirs)
    values, holds = calculated(operator, *operands, how.is_bool)
    present = overlapping(_of(many.present, rows), _of(one.present, others))
    keeps_names = holds is not None and not how.is_bool and many.names is not None
    names = [many.names[row] for row in rows] if keeps_names and many.names is not None else None
    labels_found = [_labels(many.labels[row], one.labels[other], how) for row, other in zip(rows, others, strict=True)]
    if not how.many and how.is_on:
        names = None
    found = _kept(Vector(labels_found, names, values, overlapping(present, holds)))
    _refuse_same(found, how)
    return found


def combined(operator: str, left: Vector, right: Vector, how: Matching) -> Vector:
    """`and`, `or` and `unless`: what is there, step by step."""
    there, other = _presence(left, how), _presence(right, how)
    steps = left.values.shape[1]
    nowhere = np.zeros(steps, dtype=bool)
    if operator == "or":
        seen = [~there.get(how.key(labels), nowhere) for labels in right.labels]
        added = right.there() & np.array(seen).reshape(len(right), steps)
        values = np.concatenate([left.values, right.values])
        names = None
        if left.names is not None or right.names is not None:
            names = [*(left.names or [""] * len(left)), *(right.names or [""] * len(right))]
        labels = [*left.labels, *right.labels]
        return _kept(Vector(labels, names, values, np.concatenate([left.there(), added])))
    seen = [other.get(how.key(labels), nowhere) for labels in left.labels]
    mask = np.array(seen, dtype=bool).reshape(len(left), steps)
    present = left.there() & (mask if operator == "and" else ~mask)
    return _kept(Vector(left.labels, left.names, left.values, present))


def _presence(vector: Vector, how: Matching) -> dict[Hashable, Flags]:
    there = vector.there()
    return {key: np.logical_or.reduce(there[rows], axis=0) for key, rows in _index(vector, how).items()}


def _index(vector: Vector, how: Matching) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = {}
    for row, labels in enumerate(vector.labels):
        found.setdefault(how.key(labels), []).append(row)
    return found


def _refuse_several(one: Vector, partners: dict[Hashable, list[int]], how: Matching, side: str) -> None:
    there = None
    for rows in partners.values():
        if len(rows) > 1:
            there = one.there() if there is None else there
            if (there[rows].sum(axis=0) > 1).any():
                group = how.shown(one.labels[rows[0]])
                raise failed(
                    f"found duplicate series for the match group {group} on the {side} hand-side of the operation: "
                    f"{[one.full(row) for row in rows[:2]]};many-to-many matching not allowed: matching labels must be "
                    "unique on one side"
                )


def _refuse_same(found: Vector, how: Matching) -> None:
    rows: dict[Hashable, list[int]] = {}
    for row in range(len(found)):
        rows.setdefault(found.key(row), []).append(row)
    for same in rows.values():
        if len(same) > 1 and (found.there()[same].sum(axis=0) > 1).any():
            if how.many:
                raise failed("multiple matches for labels: grouping labels must ensure unique matches")
            raise failed("multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")


def _labels(many: Labels, one: Labels, how: Matching) -> Labels:
    """The labels of a result."""
    if not how.many:
        if how.is_on:
            return {label: many[label] for label in how.labels if label in many}
        return {k: v for k, v in many.items() if k not in how.labels} if how.labels else many
    found = dict(many)
    for label in how.included:
        found.pop(label, None)
        if one.get(label):
            found[label] = one[label]
    return found


def _of(present: Flags | None, rows: Sequence[int]) -> Flags | None:
    return None if present is None else present[list(rows)]


def _kept(vector: Vector) -> Vector:
    """Without series that are nowhere."""
    if vector.present is None:
        return vector
    rows = np.flatnonzero(vector.present.any(axis=1))
    if len(rows) == len(vector):
        return vector
    return vector.of(rows, vector.present[rows])
