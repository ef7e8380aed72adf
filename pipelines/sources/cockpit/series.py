"""Samples as Prometheus tells them, in columns. A sample that is no finite number is no measurement: it is left out
and counted, so that a mean of it can never be mistaken for one."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl

from pipelines.errors import SourceUnavailable

Labels = Mapping[str, str]
_AT, _VALUE = itemgetter(0), itemgetter(1)


@dataclass(frozen=True)
class Sample:
    """One value of one series; `at` is in milliseconds since 1970."""

    labels: Labels
    at: int
    value: float


@dataclass(frozen=True)
class Samples:
    """Many values of many series: `frame` has `series` (a position in `labels`), `at` (milliseconds) and `value`,
    in the order of series and time. `not_finite` counts NaN and infinite values that were left out."""

    labels: tuple[Labels, ...]
    frame: pl.DataFrame = field(repr=False)
    not_finite: int = 0

    def __len__(self) -> int:
        return self.frame.height


def parsed_vector(data: Any, what: str) -> tuple[Sample, ...]:
    """The finite values of an instant query; a scalar has no labels."""
    kind, result = _result(data, what)
    if kind == "scalar":
        result = [{"metric": {}, "value": result}]
    elif kind != "vector":
        raise SourceUnavailable(f"{what}: a {kind} came where a vector was asked for; check the expression")
    try:
        samples = [
            Sample(labels_of(entry["metric"]), _milliseconds(entry["value"][0]), float(entry["value"][1]))
            for entry in result
            if "histogram" not in entry
        ]
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        raise _unreadable(what) from None
    return tuple(sample for sample in samples if math.isfinite(sample.value))


def parsed_matrix(data: Any, what: str, shift: int = 0) -> Samples:
    """The finite values of a range query; their times are `shift` milliseconds earlier than told."""
    kind, result = _result(data, what)
    if kind != "matrix":
        raise SourceUnavailable(f"{what}: a {kind} came where a matrix was asked for; check the expression")
    labels: list[Labels] = []
    counts: list[int] = []
    times: list[float] = []
    values: list[str] = []
    try:
        for entry in result:
            if "histograms" in entry and "values" not in entry:
                raise SourceUnavailable(f"{what}: native histograms came; ask for histogram_quantile() of them")
            labels.append(labels_of(entry["metric"]))
            counts.append(len(entry["values"]))
            # whole series at once: a statement for each sample would cost more than all else together
            times += map(_AT, entry["values"])
            values += map(_VALUE, entry["values"])
        return _samples(labels, counts, times, values, shift)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        raise _unreadable(what) from None


def joined(parts: Iterable[Samples]) -> Samples:
    """One set of samples of several: the same labels are the same series, and each moment counts once."""
    given = list(parts)
    if len(given) == 1:
        return given[0]
    known: dict[tuple[tuple[str, str], ...], int] = {}
    labels: list[Labels] = []
    frames, not_finite = [_samples([], [], [], [], 0).frame], 0
    for part in given:
        positions = []
        for each in part.labels:
            key = tuple(sorted(each.items()))
            if key not in known:
                known[key] = len(labels)
                labels.append(each)
            positions.append(known[key])
        renumbered = pl.Series("series", positions, dtype=pl.UInt32)
        frames.append(part.frame.with_columns(series=renumbered.gather(part.frame["series"])))
        not_finite += part.not_finite
    frame = pl.concat(frames)
    if not _is_in_turn(frames):
        frame = frame.unique(["series", "at"], keep="first", maintain_order=True)
    return Samples(tuple(labels), frame.sort("series", "at"), not_finite)


def _is_in_turn(frames: Iterable[pl.DataFrame]) -> bool:
    """Whether each part begins after the one before it ended, as windows do: then no moment is in two of them."""
    spans = [(frame["at"].min(), frame["at"].max()) for frame in frames if frame.height]
    return all(last < first for (_, last), (first, _) in pairwise(spans))  # type: ignore[operator]


def _samples(
    labels: Sequence[Labels], counts: Sequence[int], times: Sequence[float], values: Sequence[str], shift: int
) -> Samples:
    at = (pl.Series("at", times, dtype=pl.Float64) * 1000).round().cast(pl.Int64) - shift
    value = pl.Series("value", values, dtype=pl.String).cast(pl.Float64)
    series = pl.Series("series", np.repeat(np.arange(len(counts), dtype=np.uint32), counts))
    is_finite = value.is_finite()
    frame = pl.DataFrame([series, at, value])
    if is_finite.all():
        return Samples(tuple(labels), frame)
    return Samples(tuple(labels), frame.filter(is_finite), int((~is_finite).sum()))


def _result(data: Any, what: str) -> tuple[str, list[Any]]:
    if not isinstance(data, dict) or not isinstance(data.get("result"), list):
        raise _unreadable(what)
    return " ".join(str(data.get("resultType")).split())[:40], data["result"]


def labels_of(metric: Any) -> Labels:
    """Names and values as text. Raises TypeError where there is no object."""
    if not isinstance(metric, dict):
        raise TypeError("labels are not an object")
    return {str(name): str(value) for name, value in metric.items()}


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _unreadable(what: str) -> SourceUnavailable:
    return SourceUnavailable(f"{what}: the result is not of the form Prometheus documents; check the address")
