"""How alarms are matched with labelled events, and what follows: precision, recall and F1.

An event is a run of labelled points, an alarm a run of flagged points. An event is found when at least one flagged
point lies within it, an alarm is right when at least one of its points lies within an event: no tolerance before or
behind, nothing is joined over a hole, and all files count together, an event in one as much as in another.
"""

from dataclasses import dataclass

from benchmarks.anomaly_series import Flags, Stream, runs


@dataclass(frozen=True)
class Count:
    """Events found of all events, alarms right of all alarms."""

    found: int = 0
    events: int = 0
    right: int = 0
    alarms: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.found + other.found, self.events + other.events, self.right + other.right, self.alarms + other.alarms
        )

    @property
    def recall(self) -> float:
        """Share of the events that were found."""
        return self.found / self.events if self.events else 0.0

    @property
    def precision(self) -> float:
        """Share of the alarms that are right."""
        return self.right / self.alarms if self.alarms else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def matched(flags: Flags, stream: Stream) -> Count:
    """What the flags of one stream found."""
    alarms = runs(flags)
    found = sum(bool(flags[first : last + 1].any()) for first, last in stream.events)
    right = sum(any(first <= end and last >= start for start, end in stream.events) for first, last in alarms)
    return Count(found, len(stream.events), right, len(alarms))
