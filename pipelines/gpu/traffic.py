"""A log of requests to a model, and what it says of bursts, of shape and of hours without work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import UsageError

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Requests:
    """Requests in the order they arrived: second of arrival, tokens of the prompt that no cache answered, and of the
    answer. The arrays have one length; NaN where tokens were not told."""

    arrivals: Floats
    inputs: Floats
    outputs: Floats

    @classmethod
    def of(cls, arrivals: Sequence[float], inputs: Sequence[float | None], outputs: Sequence[float | None]) -> Requests:
        """From seconds in any order. Raises UsageError for none at all, or columns of different lengths."""
        if not len(arrivals):
            raise UsageError("there is no request to measure; import a log with at least one line")
        if not len(arrivals) == len(inputs) == len(outputs):
            raise UsageError("arrivals and tokens are not of one length; give every request all three, null if unknown")
        seconds = np.asarray(arrivals, dtype=np.float64)
        order = np.argsort(seconds, kind="stable")
        return cls(seconds[order], _known(inputs)[order], _known(outputs)[order])

    def __len__(self) -> int:
        return len(self.arrivals)

    @property
    def seconds(self) -> float:
        """From the first to the last arrival."""
        return float(self.arrivals[-1] - self.arrivals[0])

    @property
    def hourly(self) -> float | None:
        """Requests per hour between the first and the last; None where all came at once."""
        return 3600 * len(self) / self.seconds if self.seconds > 0 else None

    @property
    def shape(self) -> Shape | None:
        """Mean tokens of a request that told them; None where none did."""
        inputs, outputs = (values[~np.isnan(values)] for values in (self.inputs, self.outputs))
        if not len(inputs) and not len(outputs):
            return None
        return Shape(_mean(inputs), _mean(outputs))


@dataclass(frozen=True)
class Shape:
    """Mean tokens of a request."""

    input_tokens: Decimal
    output_tokens: Decimal

    @property
    def tokens(self) -> Decimal:
        """Both together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Bursts:
    """Arrivals in one window of `window_seconds`, windows without any included."""

    window_seconds: float
    mean: float
    p50: float
    p95: float
    p99: float
    most: float

    @property
    def peak_factor(self) -> float:
        """How much busier the busiest of a hundred windows is than the mean one."""
        return self.p99 / self.mean if self.mean > 0 else 1.0


def counts(arrivals: Floats, window_seconds: float) -> NDArray[np.int64]:
    """Arrivals by window, from the window of the first to that of the last. Arrivals are in order, and at least one."""
    windows = np.floor((arrivals - arrivals[0]) / window_seconds).astype(np.int64)
    return np.bincount(windows).astype(np.int64)


def bursts(requests: Requests, window_seconds: float = 1.0) -> Bursts:
    """How many arrive at once. Quantiles are nearest-rank: a number of arrivals that was really seen."""
    found = counts(requests.arrivals, window_seconds)
    p50, p95, p99 = (float(np.quantile(found, q, method="inverted_cdf")) for q in (0.5, 0.95, 0.99))
    return Bursts(window_seconds, float(found.mean()), p50, p95, p99, float(found.max()))


def working_share(by_hour: Sequence[float]) -> float | None:
    """Share of the hours in which anything was asked: what a fleet that scales to zero is on. None of no hours."""
    return sum(each > 0 for each in by_hour) / len(by_hour) if len(by_hour) else None


def _known(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _mean(values: Floats) -> Decimal:
    return Decimal(int(values.sum())) / len(values) if len(values) else Decimal(0)
