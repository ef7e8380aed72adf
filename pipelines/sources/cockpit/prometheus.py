"""Questions to Prometheus or Mimir: instant and range queries, series, labels, metadata.

A range is asked in windows small enough for the server. `evaluated_later` is how much later than its own time each
moment is evaluated: with the step less a millisecond, `last_over_time(metric[step])` at a moment sees the samples
of [moment, moment + step), so a sample counts in the hour it was taken in and nothing fills a gap.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from pipelines.errors import SourceUnavailable
from pipelines.secrets import Secret
from pipelines.sources.asking import Counters, Manners
from pipelines.sources.cockpit.api import LONGEST_QUERY, QueryRefused, TelemetryApi
from pipelines.sources.cockpit.series import Sample, Samples, joined, labels_of, parsed_matrix, parsed_vector
from pipelines.sources.cockpit.windows import DAY, MILLISECOND, MOST_POINTS, Window, moments, seconds_text, windows

_AT_ONCE = timedelta(0)


@dataclass(frozen=True)
class Limits:
    """What one range query may ask for: points of a series, time, and (where it is read window by window) samples of
    all series together, which bounds memory."""

    most_points: int = MOST_POINTS
    longest_span: timedelta = DAY
    most_samples: int = 500_000


class PrometheusClient:
    """One Prometheus, without its `/api/v1`. Cockpit's is at `<data source url>/prometheus`: see `of_cockpit`."""

    def __init__(
        self,
        url: str,
        token: Secret | str | None = None,
        *,
        header: str = "X-Token",
        limits: Limits | None = None,
        manners: Manners | None = None,
    ) -> None:
        self._api = TelemetryApi(url, token, header=header, manners=manners)
        self._limits = limits or Limits()

    @classmethod
    def of_cockpit(cls, data_source_url: str, token: Secret | str | None, **settings: Any) -> "PrometheusClient":
        """The metrics of a Cockpit data source, whose `url` the Cockpit API tells."""
        return cls(data_source_url.rstrip("/") + "/prometheus", token, **settings)

    def __repr__(self) -> str:
        return f"PrometheusClient({self._api.url})"

    @property
    def counters(self) -> Counters:
        """What was asked so far."""
        return self._api.counters

    def query(self, expression: str, at: datetime) -> tuple[Sample, ...]:
        """The finite values of an expression at one moment."""
        data = self._api.data("/api/v1/query", [("query", expression), ("time", seconds_text(at))])
        return parsed_vector(data, self._named(expression))

    def query_range(
        self,
        expression: str,
        since: datetime,
        until: datetime,
        step: timedelta,
        evaluated_later: timedelta = _AT_ONCE,
    ) -> Samples:
        """The values at every multiple of the step in [since, until)."""
        return joined(self.query_windows(expression, since, until, step, evaluated_later))

    def query_windows(
        self,
        expression: str,
        since: datetime,
        until: datetime,
        step: timedelta,
        evaluated_later: timedelta = _AT_ONCE,
        unit: timedelta | None = None,
        series: int | None = None,
    ) -> Iterator[Samples]:
        """The same, one window after the other, cut at multiples of `unit` (the step, unless given). A window that
        the server refuses as too much is asked in halves, down to one unit. With a unit, the first window is as long
        as so many `series` suggest, one unit where they are not known, and each other as the one before suggests."""
        least = unit or step
        longest = max(self._limits.longest_span, least)
        width = longest
        if unit is not None:
            width = min(longest, max(self.span_of(series, step) // unit, 1) * unit) if series else unit
        while since < until:
            most = self._limits.most_points
            window = next(windows(since, until, step, most_points=most, longest=width, unit=least))
            found = 0
            for samples in self._halving(expression, window, step, evaluated_later, least):
                found += len(samples)
                yield samples
            since = window.until
            if unit is not None:
                fitting = window.span * (self._limits.most_samples / max(found, 1))
                width = min(longest, max(fitting // least, 1) * least)

    def span_of(self, series: int, step: timedelta) -> timedelta:
        """The time in which so many series have as many samples as a window may hold."""
        return step * (self._limits.most_samples / max(series, 1))

    def series(self, matches: Sequence[str], since: datetime, until: datetime) -> list[Mapping[str, str]]:
        """The label sets of the series that match any selector, in as many requests as their length takes."""
        found: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
        for batch in _batches([("match[]", each) for each in matches]):
            span = [("start", seconds_text(since)), ("end", seconds_text(until - MILLISECOND))]
            for labels in map(labels_of, self._list("/api/v1/series", [*batch, *span], dict)):
                found.setdefault(tuple(sorted(labels.items())), labels)
        return list(found.values())

    def labels(self, since: datetime, until: datetime) -> list[str]:
        """The names of all labels in use."""
        span = [("start", seconds_text(since)), ("end", seconds_text(until - MILLISECOND))]
        return self._list("/api/v1/labels", span, str)

    def label_values(
        self, label: str, since: datetime | None = None, until: datetime | None = None, match: str | None = None
    ) -> list[str]:
        """The values of one label; `__name__` gives the names of all metrics."""
        parameters = [("match[]", match)] if match else []
        if since is not None:
            parameters.append(("start", seconds_text(since)))
        if until is not None:
            parameters.append(("end", seconds_text(until - MILLISECOND)))
        return self._list(f"/api/v1/label/{quote(label, safe='')}/values", parameters, str)

    def metadata(self) -> Mapping[str, list[Mapping[str, str]]]:
        """Type, help and unit by metric name, as far as the server knows them; often it knows none."""
        data = self._api.data("/api/v1/metadata")
        if not isinstance(data, dict):
            raise SourceUnavailable(f"{self._api.url}/api/v1/metadata: not an object; check the address")
        return data

    def _halving(
        self, expression: str, window: Window, step: timedelta, later: timedelta, unit: timedelta
    ) -> Iterator[Samples]:
        try:
            yield self._window(expression, window, step, later)
        except QueryRefused as error:
            halves = window.halves(unit) if _is_too_much(error) else None
            if halves is None:
                raise
            for half in halves:
                yield from self._halving(expression, half, step, later, unit)

    def _window(self, expression: str, window: Window, step: timedelta, later: timedelta) -> Samples:
        found = moments(window, step)
        if found is None:
            return joined(())
        first, last = found
        asked = [
            ("query", expression),
            ("start", seconds_text(first + later)),
            ("end", seconds_text(last + later)),
            ("step", f"{step // MILLISECOND / 1000:.3f}"),
        ]
        parse = partial(parsed_matrix, what=self._named(expression), shift=later // MILLISECOND)
        return self._api.data("/api/v1/query_range", asked, parse)

    def _list(self, path: str, parameters: list[tuple[str, str]], kind: type) -> list[Any]:
        data = self._api.data(path, parameters)
        if not isinstance(data, list) or not all(isinstance(each, kind) for each in data):
            raise SourceUnavailable(f"{self._api.url}{path}: not a list of what was asked for; check the address")
        return data

    def _named(self, expression: str) -> str:
        return f"{self._api.url}: {' '.join(expression.split())[:200]}"


def _is_too_much(error: QueryRefused) -> bool:
    told = str(error).lower()
    return any(word in told for word in ("too many", "exceed", "limit", "too large", "resolution"))


def _batches(pairs: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """The parameters in groups that fit in a request."""
    batch: list[tuple[str, str]] = []
    for pair in pairs:
        if batch and len(urlencode([*batch, pair])) > LONGEST_QUERY - 100:
            yield batch
            batch = []
        batch.append(pair)
    if batch:
        yield batch
