"""Tail sampling: a trace is judged when it is over, so every slow and every failed one is kept, and few of the rest.

The share of the rest starts at one in twenty, as Grafana's Adaptive Traces does. Which of them are kept depends on the
trace's own id, so that every collector decides alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from pipelines.telemetry.classes import SLOW_SECONDS


@dataclass(frozen=True)
class Trace:
    """One trace that is over; `seconds` is None where its end was not seen, and then it counts as slow."""

    trace_id: str
    seconds: float | None
    has_error: bool
    bytes: int = 0


@dataclass(frozen=True)
class TailSampling:
    """From when on a trace is slow, and what share of the others is kept, between 0 and 1."""

    slow_seconds: float = SLOW_SECONDS
    share: float = 0.05

    def keeps(self, trace: Trace) -> bool:
        """Whether a trace is kept; any reason to keep it wins."""
        if trace.has_error or trace.seconds is None or trace.seconds >= self.slow_seconds:
            return True
        return int.from_bytes(sha256(trace.trace_id.encode()).digest()[:8]) < self.share * 2**64


@dataclass(frozen=True)
class Sampled:
    """What tail sampling does to some traces; `protected` are the slow and failed ones, all of which are kept."""

    traces: int
    kept: int
    protected: int
    bytes: int
    kept_bytes: int


def sampled(traces: Iterable[Trace], sampling: TailSampling) -> Sampled:
    """Counts over traces."""
    seen = list(traces)
    kept = [trace for trace in seen if sampling.keeps(trace)]
    never = TailSampling(sampling.slow_seconds, 0.0)
    return Sampled(
        len(seen),
        len(kept),
        sum(never.keeps(trace) for trace in seen),
        sum(trace.bytes for trace in seen),
        sum(trace.bytes for trace in kept),
    )
