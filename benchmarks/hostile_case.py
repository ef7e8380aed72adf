"""One hostile case: what a reader is given, what came of it, and when that is a failure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

ACCEPTED, REFUSED, FAILED = "accepted", "refused", "failed"


@dataclass(frozen=True)
class Counts:
    """Records of one case that was read to its end; `received` is counted by the program, not by the reader."""

    received: int
    accepted: int
    quarantined: int = 0

    @property
    def add_up(self) -> bool:
        """Whether every record is accounted for once."""
        return self.accepted + self.quarantined == self.received


@dataclass(frozen=True)
class Reader:
    """A reader of the product under the name that repeats its cases. `read` makes a case of the generator, reads it,
    and returns its counts; a FinopsError is a refusal, anything else that is raised is a failure. Of all cases it gets
    a share by its `weight`."""

    name: str
    read: Callable[[Random, Path], Counts]
    weight: int = 3


@dataclass
class Outcome:
    """What came of one case, with what it cost."""

    reader: str
    case: int
    kind: str
    told: str = ""
    counts: Counts | None = None
    seconds: float = 0.0
    mebibytes: int = 0


@dataclass
class Tally:
    """All cases of one reader."""

    cases: int = 0
    kinds: dict[str, int] = field(default_factory=lambda: dict.fromkeys((ACCEPTED, REFUSED, FAILED), 0))
    received: int = 0
    accepted: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    mebibytes: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.cases += 1
        self.kinds[outcome.kind] += 1
        self.seconds = max(self.seconds, outcome.seconds)
        self.mebibytes = max(self.mebibytes, outcome.mebibytes)
        if outcome.counts is not None:
            self.received += outcome.counts.received
            self.accepted += outcome.counts.accepted
            self.quarantined += outcome.counts.quarantined

    @property
    def row(self) -> tuple[Any, ...]:
        """Its figures in the order of the table's columns."""
        counted = (self.received, self.accepted, self.quarantined)
        return (self.cases, *self.kinds.values(), *counted, f"{self.seconds:.1f}", self.mebibytes)


def random_of(seed: int, reader: str, case: int) -> Random:
    """The generator of one case: the same whichever cases ran before it."""
    return Random(f"{seed} {reader} {case}")  # noqa: S311 (it chooses mutations)
