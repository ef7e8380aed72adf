"""What expressions of PromQL come to: vectors of series over the steps of a query, and errors in Prometheus' words."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from simulator.telemetry_noise import Flags, Floats, Whole

Labels: TypeAlias = Mapping[str, str]
Scalar: TypeAlias = Floats
NAME = "__name__"


class QueryError(Exception):
    """An answer that is an error: its status, its type and what it says."""

    def __init__(self, said: str, kind: str = "bad_data", status: int = 400) -> None:
        super().__init__(said)
        self.said = said
        self.kind = kind
        self.status = status


def failed(said: str) -> QueryError:
    """An expression that is right and cannot be carried out."""
    return QueryError(said, "execution", 422)


@dataclass(frozen=True)
class Steps:
    """The moments at which an expression is evaluated, in milliseconds since 1970."""

    times: Whole

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True)
class Vector:
    """Series in rows, steps in columns. `present` says where there is a value, None that there is one everywhere.

    The names of the metrics are apart from the labels, since most expressions lose them.
    """

    labels: Sequence[Labels]
    names: Sequence[str] | None
    values: Floats
    present: Flags | None

    @staticmethod
    def empty(steps: int) -> "Vector":
        return Vector([], None, np.empty((0, steps)), None)

    def __len__(self) -> int:
        return len(self.labels)

    def there(self) -> Flags:
        """Presence, spelled out."""
        return np.ones(self.values.shape, dtype=bool) if self.present is None else self.present

    def of(self, rows: Whole, present: Flags | None) -> "Vector":
        """Some of the series, present where it says."""
        numbers = [int(row) for row in rows]
        names = None if self.names is None else [self.names[row] for row in numbers]
        return Vector([self.labels[row] for row in numbers], names, self.values[numbers], present)

    def value_of(self, label: str, row: int) -> str:
        """A label's value, the name among them; empty where there is none."""
        if label == NAME:
            return self.names[row] if self.names is not None else ""
        return self.labels[row].get(label, "")

    def full(self, row: int) -> dict[str, str]:
        """All labels of a series, the name first."""
        name = self.names[row] if self.names is not None else ""
        return {NAME: name, **self.labels[row]} if name else dict(self.labels[row])

    def key(self, row: int) -> Hashable:
        """Equal for series with the same name and labels."""
        return (self.names[row] if self.names is not None else "", frozenset(self.labels[row].items()))

    def nameless(self) -> "Vector":
        """Without the names; an error where that makes two series one."""
        if self.names is None:
            return self
        found = Vector(self.labels, None, self.values, self.present)
        if len(set(self.names)) > 1:
            found.check()
        return found

    def check(self) -> None:
        """Refuses series that have the same labels and a value at the same step."""
        rows: dict[Hashable, list[int]] = {}
        for row in range(len(self)):
            rows.setdefault(self.key(row), []).append(row)
        there = self.there()
        for same in rows.values():
            if len(same) > 1 and (there[same].sum(axis=0) > 1).any():
                raise failed("vector cannot contain metrics with the same labelset")


Value: TypeAlias = Vector | Floats | str


def overlapping(first: Flags | None, second: Flags | None) -> Flags | None:
    """Present in both."""
    if first is None or second is None:
        return second if first is None else first
    return first & second
