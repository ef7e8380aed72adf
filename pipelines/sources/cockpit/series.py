"""Samples as Prometheus tells them, in columns. A sample that is no finite number is no measurement: it is left out
and counted, so that a mean of it can never be mistaken for one."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from pipelines.errors import SourceUnavailable

Labels = Mapping[str, str]


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
            Sample(_labels(entry["metric"]), _milliseconds(entry["value"][0]), float(entry["value"][1]))
            for entry in result
            if "histogram" not in entry
        ]
    except (KeyError, IndexError, TypeError, ValueError):
        raise _unreadable(what) from None
    return tuple(sample for sample in samples if math.isfinite(sample.value))


def parsed_matrix(data: Any, what: str, shift: int = 0) -> Samples:
    """The finite values of a range query; their times are `shift` milliseconds earlier than told."""
    kind, result = _result(data, what)
    if kind != "matrix":
        raise SourceUnavailable(f"{what}: a {kind} came where a matrix was asked for; check the expression")
    labels: list[Labels] = []
    counts: list[int] = []
    times: list[int] = []
    values: list[float] = []
    try:
        for entry in result:
            if "histograms" in entry and "values" not in entry:
                raise SourceUnavailable(f"{what}: native histograms came; ask for histogram_quantile() of them")
            points = entry["values"]
            labels.append(_labels(entry["metric"]))
            counts.append(len(points))
            times += [round(point[0] * 1000) - shift for point in points]
            values += [float(point[1]) for point in points]
    except (KeyError, IndexError, TypeError, ValueError):
        raise _unreadable(what) from None
    return _samples(labels, counts, times, values)


def joined(parts: Iterable[Samples]) -> Samples:
    """One set of samples of several: the same labels are the same series, and each moment counts once."""
    known: dict[tuple[tuple[str, str], ...], int] = {}
    labels: list[Labels] = []
    frames, not_finite = [_samples([], [], [], []).frame], 0
    for part in parts:
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
    frame = pl.concat(frames).unique(["series", "at"], keep="first", maintain_order=True).sort("series", "at")
    return Samples(tuple(labels), frame, not_finite)


def _samples(labels: Sequence[Labels], counts: Sequence[int], times: Sequence[int], values: Sequence[float]) -> Samples:
    positions = pl.Series("series", range(len(counts)), dtype=pl.UInt32)
    repeated = pl.DataFrame({"series": positions, "count": pl.Series(counts, dtype=pl.UInt32)})
    series = repeated.select(pl.col("series").repeat_by("count").explode()).drop_nulls()["series"]
    frame = pl.DataFrame(
        {"series": series, "at": pl.Series(times, dtype=pl.Int64), "value": pl.Series(values, dtype=pl.Float64)}
    )
    finite = frame.filter(pl.col("value").is_finite())
    return Samples(tuple(labels), finite, frame.height - finite.height)


def _result(data: Any, what: str) -> tuple[str, list[Any]]:
    if not isinstance(data, dict) or not isinstance(data.get("result"), list):
        raise _unreadable(what)
    return str(data.get("resultType")), data["result"]


def _labels(metric: Any) -> Labels:
    if not isinstance(metric, dict):
        raise TypeError("labels are not an object")
    return {str(name): str(value) for name, value in metric.items()}


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _unreadable(what: str) -> SourceUnavailable:
    return SourceUnavailable(f"{what}: the result is not of the form Prometheus documents; check the address")
