"""Questions to Loki: counts over logs, labels, volumes, and lines as far as its limits allow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from pipelines.errors import SourceUnavailable
from pipelines.secrets import Secret
from pipelines.sources.asking import Counters, Manners
from pipelines.sources.cockpit.api import TelemetryApi
from pipelines.sources.cockpit.series import Labels, Sample, Samples, joined, labels_of, parsed_matrix, parsed_vector
from pipelines.sources.cockpit.windows import DAY, EPOCH, HOUR, MILLISECOND, MOST_POINTS, moments, windows

LONGEST_SPAN = 30 * DAY + HOUR
MOST_LINES = 5_000
_ANSWER_SECONDS = (5.0, 65.0)  # the server gives up after a minute and says so


@dataclass(frozen=True)
class Line:
    """One line of a log; `at` is in nanoseconds since 1970."""

    labels: Labels
    at: int
    text: str


class LokiClient:
    """One Loki: the `url` of a Cockpit data source for logs, or any other without its `/loki`."""

    def __init__(
        self,
        url: str,
        token: Secret | str | None = None,
        *,
        header: str = "X-Token",
        longest_span: timedelta = LONGEST_SPAN,
        most_lines: int = MOST_LINES,
        manners: Manners | None = None,
    ) -> None:
        manners = manners or Manners(timeout=_ANSWER_SECONDS)
        self._api = TelemetryApi(url, token, header=header, scope="read_only_logs", manners=manners)
        self._longest_span = longest_span
        self._most_lines = most_lines

    def __repr__(self) -> str:
        return f"LokiClient({self._api.url})"

    @property
    def counters(self) -> Counters:
        """What was asked so far."""
        return self._api.counters

    def query(self, expression: str, at: datetime) -> tuple[Sample, ...]:
        """The values of a metric expression at one moment."""
        data = self._api.data("/loki/api/v1/query", [("query", expression), ("time", str(_nanoseconds(at)))])
        return parsed_vector(data, self._named(expression))

    def query_range(self, expression: str, since: datetime, until: datetime, step: timedelta) -> Samples:
        """The values of a metric expression over each whole step of [since, until), told at the step's start.

        The expression's own range must be the step: Loki evaluates it at the end of each.
        """
        return joined(self._ranges(expression, since, until, step))

    def lines(self, selector: str, since: datetime, until: datetime) -> Iterator[Line]:
        """The lines of [since, until) in the order of time, page after page."""
        for window in windows(since, until, HOUR, longest=self._longest_span):
            yield from self._lines(selector, _nanoseconds(window.since), _nanoseconds(window.until))

    def labels(self, since: datetime, until: datetime) -> list[str]:
        """The names of the labels in use."""
        return self._texts("/loki/api/v1/labels", since, until)

    def label_values(self, label: str, since: datetime, until: datetime) -> list[str]:
        """The values of one label."""
        return self._texts(f"/loki/api/v1/label/{quote(label, safe='')}/values", since, until)

    def volume(
        self, selector: str, since: datetime, until: datetime, by: Sequence[str], most: int = 1000
    ) -> tuple[Sample, ...]:
        """Bytes by label from the index, without reading a line. Raises NotServed where the server has no such
        endpoint."""
        asked = [("query", selector), *_span(since, until), ("limit", str(most)), ("targetLabels", ",".join(by))]
        return parsed_vector(self._api.data("/loki/api/v1/index/volume", asked), self._named(selector))

    def _ranges(self, expression: str, since: datetime, until: datetime, step: timedelta) -> Iterator[Samples]:
        for window in windows(since, until, step, most_points=MOST_POINTS, longest=self._longest_span):
            found = moments(window, step)
            if found is None:
                continue
            # the server may round to multiples of the step, so only those are asked for
            asked = [("query", expression), ("start", str(_nanoseconds(found[0] + step)))]
            asked += [("end", str(_nanoseconds(found[1] + step))), ("step", f"{step // MILLISECOND / 1000:g}")]
            data = self._api.data("/loki/api/v1/query_range", asked)
            yield parsed_matrix(data, self._named(expression), step // MILLISECOND)

    def _lines(self, selector: str, start: int, end: int) -> Iterator[Line]:
        seen: set[tuple[str, str]] = set()
        while start < end:
            asked = [("query", selector), ("start", str(start)), ("end", str(end)), ("direction", "forward")]
            page = parsed_lines(
                self._api.data("/loki/api/v1/query_range", [*asked, ("limit", str(self._most_lines))]),
                self._named(selector),
            )
            # the page begins with the lines of its first nanosecond that were already told
            yield from (line for line in page if _mark(line) not in seen)
            if len(page) < self._most_lines:
                return
            last = page[-1].at
            if last == start:
                raise SourceUnavailable(
                    f"{self._named(selector)}: more than {self._most_lines} lines in a nanosecond; narrow the selector"
                )
            seen = {_mark(line) for line in page if line.at == last}
            start = last

    def _texts(self, path: str, since: datetime, until: datetime) -> list[str]:
        data = self._api.data(path, _span(max(since, until - self._longest_span), until))
        if data is not None and not isinstance(data, list):
            raise SourceUnavailable(f"{self._api.url}{path}: not a list; check the address")
        return [str(each) for each in data or []]

    def _named(self, expression: str) -> str:
        return f"{self._api.url}: {' '.join(expression.split())[:200]}"


def parsed_lines(data: Any, what: str) -> list[Line]:
    """The lines of an answer in the order of time; structured metadata beside a line is left out."""
    if not isinstance(data, dict) or data.get("resultType") != "streams":
        raise SourceUnavailable(f"{what}: no streams came; ask for lines, not for numbers")
    try:
        found = [
            Line(labels_of(stream["stream"]), int(value[0]), str(value[1]))
            for stream in data["result"]
            for value in stream["values"]
        ]
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        raise SourceUnavailable(f"{what}: the streams are not of the form Loki documents; check the address") from None
    return sorted(found, key=lambda line: line.at)


def _mark(line: Line) -> tuple[str, str]:
    return repr(sorted(line.labels.items())), f"{line.at} {line.text}"


def _span(since: datetime, until: datetime) -> list[tuple[str, str]]:
    return [("start", str(_nanoseconds(since))), ("end", str(_nanoseconds(until)))]


def _nanoseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
