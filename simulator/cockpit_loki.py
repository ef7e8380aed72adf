"""The logs of a data source over HTTP, as Loki answers: counts, labels and volumes, no lines."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

import numpy as np
import promql_parser as ast
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from simulator.cockpit_logs import LogWorld
from simulator.cockpit_tokens import TokenGate
from simulator.instants import DAY, HOUR, parse_rfc3339
from simulator.loki_query import LogQuery, matching, parsed_query, parsed_selector
from simulator.loki_streams import Stream
from simulator.promql_json import instant, matrix, success
from simulator.promql_values import Labels, QueryError, Vector
from simulator.telemetry_noise import Floats, Whole
from simulator.world import Clock

LONGEST = 30 * DAY + HOUR
MOST_POINTS = 11_000
_PATH = "/cockpit/{source}/loki/api/v1"
_NANO = 10**9
_LATE_NANOS = 10**16  # what is larger is not in seconds
_USUAL_SPAN = HOUR
_MOST_VOLUMES = 100


@dataclass(frozen=True)
class Kept:
    """The streams of a data source as of an instant: what is still kept of them."""

    streams: Sequence[Stream]
    oldest: int
    now: int

    def amounts(self, stream: Stream, starts: Whole, ends: Whole, of_bytes: bool) -> Whole:
        """Bytes or lines from each start to each end, in seconds."""
        first, last = (np.clip(each, self.oldest, self.now) for each in (starts, ends))
        until = stream.bytes_until if of_bytes else stream.lines_until
        return until(np.maximum(last, first)) - until(first)


def log_routes(logs: LogWorld, clock: Clock, gate: TokenGate) -> list[Route]:
    api = LokiApi(logs, clock, gate)
    methods = ["GET", "POST"]
    return [
        Route(f"{_PATH}/query", api.endpoint(api.query), methods=methods),
        Route(f"{_PATH}/query_range", api.endpoint(api.query_range), methods=methods),
        Route(f"{_PATH}/labels", api.endpoint(api.labels), methods=methods),
        Route(f"{_PATH}/label/{{label}}/values", api.endpoint(api.label_values), methods=methods),
        Route(f"{_PATH}/series", api.endpoint(api.series), methods=methods),
        Route(f"{_PATH}/index/volume", api.endpoint(api.volume), methods=methods),
    ]


class LokiApi:
    """Answers /cockpit/{data source}/loki/api/v1/…"""

    def __init__(self, logs: LogWorld, clock: Clock, gate: TokenGate) -> None:
        self._logs = logs
        self._clock = clock
        self._gate = gate

    def endpoint(self, answer: Callable[[Kept, "Asked"], bytes]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            source = self._gate.source(request, "logs")
            now = self._clock.instant
            kept = Kept(self._logs.streams(source), now - self._logs.kept_days * DAY, now)
            pairs = list(request.query_params.multi_items())
            if request.method == "POST":
                pairs += parse_qsl((await request.body()).decode(errors="replace"))
            try:
                body = answer(kept, Asked(dict(pairs), request.path_params.get("label", ""), now))
            except QueryError as wrong:
                return PlainTextResponse(wrong.said, wrong.status)
            return Response(body, 200, media_type="application/json")

        return endpoint

    def query(self, kept: Kept, asked: "Asked") -> bytes:
        time = asked.nanos("time", asked.now * _NANO) // 10**6
        query = parsed_query(asked.text("query"))
        return instant(_evaluated(kept, query, np.array([time], dtype=np.int64)), time)

    def query_range(self, kept: Kept, asked: "Asked") -> bytes:
        start, end = asked.span(_USUAL_SPAN)
        asked.check(start, end)
        step = asked.step(end - start)
        if (end - start) // step > MOST_POINTS:
            raise QueryError(
                "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step "
                "parameter"
            )
        times = np.arange(start, end + 1, step, dtype=np.int64)
        return matrix([(_evaluated(kept, parsed_query(asked.text("query")), times), times)])

    def labels(self, kept: Kept, asked: "Asked") -> bytes:
        return success(sorted({name for stream in _seen(kept, asked) for name in stream.labels}))

    def label_values(self, kept: Kept, asked: "Asked") -> bytes:
        values = {stream.labels.get(asked.label) for stream in _seen(kept, asked)}
        return success(sorted(value for value in values if value))

    def series(self, kept: Kept, asked: "Asked") -> bytes:
        return success([dict(stream.labels) for stream in _seen(kept, asked)])

    def volume(self, kept: Kept, asked: "Asked") -> bytes:
        """Bytes by the labels that are asked for, else by those of the selector."""
        start, end = asked.span(_USUAL_SPAN)
        asked.check(start, end)
        matchers = parsed_selector(asked.text("query"))
        wanted = [name for name in asked.text("targetLabels").split(",") if name] or [name for name, _, _ in matchers]
        found: dict[tuple[tuple[str, str], ...], int] = {}
        test = matching(matchers)
        for stream in kept.streams:
            if not test(dict(stream.labels)):
                continue
            size = kept.amounts(stream, np.array([start // 1_000]), np.array([end // 1_000]), of_bytes=True)[0]
            key = tuple((name, stream.labels[name]) for name in wanted if name in stream.labels)
            if size and key:
                found[key] = found.get(key, 0) + int(size)
        limit = asked.whole("limit", _MOST_VOLUMES)
        largest = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]
        values = np.array([[float(size)] for _, size in largest]).reshape(len(largest), 1)
        return instant(Vector([dict(key) for key, _ in largest], None, values, None), end)


@dataclass(frozen=True)
class Asked:
    """What was asked."""

    pairs: dict[str, str]
    label: str
    now: int

    def text(self, name: str) -> str:
        return self.pairs.get(name, "")

    def whole(self, name: str, default: int) -> int:
        text = self.text(name)
        if text and not text.isdigit():
            raise QueryError(f'strconv.Atoi: parsing "{text}": invalid syntax')
        return int(text or default)

    def nanos(self, name: str, default: int) -> int:
        """Nanoseconds since 1970, from those, from seconds or from a date."""
        text = self.text(name)
        if not text:
            return default
        try:
            if text.isdigit():
                return int(text) if int(text) > _LATE_NANOS else int(text) * _NANO
            return round(float(text) * _NANO)
        except (ValueError, OverflowError):
            pass
        try:
            return round(parse_rfc3339(text) * _NANO)
        except ValueError:
            raise QueryError(f'could not parse "{name}" parameter: {text}') from None

    def span(self, usual: int) -> tuple[int, int]:
        """Begin and end in milliseconds."""
        end = self.nanos("end", self.now * _NANO) // 10**6
        return self.nanos("start", end * 10**6 - usual * _NANO) // 10**6, end

    def check(self, start: int, end: int) -> None:
        if end < start:
            raise QueryError("end timestamp must not be before or equal to start time")
        if end - start > LONGEST * 1_000:
            length = f"{(end - start) // 3_600_000}h"
            raise QueryError(
                f"the query time range exceeds the limit (query length: {length}, limit: {LONGEST // HOUR}h)"
            )

    def step(self, span: int) -> int:
        text = self.text("step")
        if not text:
            return max(span // 250_000 * 1_000, 1_000)
        try:
            found = round(float(text) * 1_000)
        except (ValueError, OverflowError):
            try:
                found = round(ast.parse_duration(text).total_seconds() * 1_000)
            except ValueError:
                raise QueryError(f'cannot parse "{text}" to a valid duration') from None
        if found <= 0:
            raise QueryError("zero or negative query resolution step widths are not accepted. Try a positive integer")
        return found


def _evaluated(kept: Kept, query: LogQuery, times: Whole) -> Vector:
    """The sums of a query at some moments, in milliseconds; what is nothing is not told."""
    ends = times // 1_000
    starts = (times - query.span) // 1_000
    sums: dict[tuple[tuple[str, str], ...], Floats] = {}
    test = matching(query.matchers)
    for stream in kept.streams:
        if test(dict(stream.labels)):
            amounts = kept.amounts(stream, starts, ends, query.is_of_bytes).astype(np.float64)
            key = tuple(sorted(_labels(stream, query).items()))
            sums[key] = sums[key] + amounts if key in sums else amounts
    if not sums:
        return Vector.empty(len(times))
    values = np.array(list(sums.values()))
    present = values > 0
    if query.is_rate:
        values /= query.span / 1_000
    return Vector([dict(key) for key in sums], None, values, present)


def _labels(stream: Stream, query: LogQuery) -> Labels:
    if query.by is not None:
        return {name: stream.labels[name] for name in query.by if name in stream.labels}
    dropped = query.without or ()
    return {name: value for name, value in stream.labels.items() if name not in dropped}


def _seen(kept: Kept, asked: Asked) -> Iterator[Stream]:
    """Streams with a line in the period."""
    start, end = asked.span(6 * HOUR)
    test = matching(parsed_selector(asked.text("query"))) if asked.text("query") else None
    for stream in kept.streams:
        if test is not None and not test(dict(stream.labels)):
            continue
        if kept.amounts(stream, np.array([start // 1_000]), np.array([end // 1_000]), of_bytes=True)[0]:
            yield stream
