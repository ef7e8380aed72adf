"""The metrics of a data source over HTTP, as Prometheus and Mimir answer."""

from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import parse_qsl

import numpy as np
import promql_parser as ast
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.cockpit_tokens import TokenGate
from simulator.instants import DAY, parse_rfc3339
from simulator.promql_engine import Evaluation, pieces
from simulator.promql_json import error, instant, matrix, success
from simulator.promql_select import Matcher, Selected, Store, matchers_of
from simulator.promql_syntax import kind_of, parsed
from simulator.promql_values import NAME, QueryError, failed
from simulator.telemetry_families import Crowd
from simulator.telemetry_noise import Whole
from simulator.telemetry_world import TelemetryWorld
from simulator.world import Clock

MOST_POINTS = 11_000
_MOST_LABEL_SETS = 50_000
_PATH = "/cockpit/{source}/prometheus/api/v1"
_SUFFIXES = ("_bucket", "_count", "_sum")


class Parameters:
    """What was asked, in the address or in the body."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def get(self, name: str, default: str = "") -> str:
        return next((value for key, value in self._pairs if key == name), default)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def time(self, name: str, default: int | None = None) -> int:
        """Milliseconds since 1970."""
        text = self.get(name)
        if not text and default is not None:
            return default
        try:
            return round(float(text) * 1_000)
        except (ValueError, OverflowError):
            pass
        try:
            return round(parse_rfc3339(text) * 1_000)
        except ValueError:
            raise _invalid(name, f'cannot parse "{text}" to a valid timestamp') from None

    def step(self) -> int:
        text = self.get("step")
        try:
            return round(float(text) * 1_000)
        except (ValueError, OverflowError):
            pass
        try:
            return round(ast.parse_duration(text).total_seconds() * 1_000)
        except ValueError:
            raise _invalid("step", f'cannot parse "{text}" to a valid duration') from None


def _invalid(name: str, said: str) -> QueryError:
    return QueryError(f'invalid parameter "{name}": {said}')


def metric_routes(telemetry: TelemetryWorld, clock: Clock, gate: TokenGate) -> list[Route]:
    api = PrometheusApi(telemetry, clock, gate)
    methods = ["GET", "POST"]
    return [
        Route(f"{_PATH}/query", api.endpoint(api.query), methods=methods),
        Route(f"{_PATH}/query_range", api.endpoint(api.query_range), methods=methods),
        Route(f"{_PATH}/series", api.endpoint(api.series), methods=methods),
        Route(f"{_PATH}/labels", api.endpoint(api.labels), methods=methods),
        Route(f"{_PATH}/label/{{label}}/values", api.endpoint(api.label_values), methods=["GET"]),
        Route(f"{_PATH}/metadata", api.endpoint(api.metadata), methods=["GET"]),
    ]


class PrometheusApi:
    """Answers /cockpit/{data source}/prometheus/api/v1/…"""

    def __init__(self, telemetry: TelemetryWorld, clock: Clock, gate: TokenGate) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._gate = gate
        self._stores: dict[str, Store] = {}

    def endpoint(
        self, answer: Callable[[Store, Parameters, Request], bytes]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Checks the token, reads the parameters, and writes errors as Prometheus does."""

        async def endpoint(request: Request) -> Response:
            store = self._store(request)
            pairs = list(request.query_params.multi_items())
            if request.method == "POST":
                pairs += parse_qsl((await request.body()).decode(errors="replace"))
            try:
                body, status = answer(store, Parameters(pairs), request), 200
            except QueryError as wrong:
                body, status = error(wrong.kind, wrong.said), wrong.status
            return Response(body, status, media_type="application/json")

        return endpoint

    def _store(self, request: Request) -> Store:
        """The data source as of the clock."""
        source = self._gate.source(request, "metrics")
        store = self._stores.get(source.id)
        if store is None:
            store = self._stores[source.id] = Store(self._telemetry.holdings(source), 0, 0)
        store.now = self._clock.instant
        store.oldest = store.now - self._telemetry.land.settings.metrics_days * DAY
        return store

    def query(self, store: Store, asked: Parameters, _: Request) -> bytes:
        time = asked.time("time", store.now * 1_000)
        tree = parsed(asked.get("query"))
        if kind_of(tree) == "range vector":
            raise _invalid("query", "1:1: parse error: range vectors are not answered as they are")
        times = np.array([time], dtype=np.int64)
        for _part in pieces(tree, store, times):
            pass
        return instant(Evaluation(store, times).value(tree), time)

    def query_range(self, store: Store, asked: Parameters, _: Request) -> bytes:
        times = _steps(asked)
        tree = parsed(asked.get("query"))
        kind = kind_of(tree)
        if kind not in ("scalar", "instant vector"):
            raise QueryError(f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector')
        found = []
        for part in pieces(tree, store, times):
            value = Evaluation(store, part).value(tree)
            assert not isinstance(value, str)
            found.append((value, part))
        return matrix(found)

    def series(self, store: Store, asked: Parameters, _: Request) -> bytes:
        if not asked.all("match[]"):
            raise QueryError("no match[] parameter provided")
        found: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        for chosen, rows in self._seen(store, asked):
            for row in rows:
                labels = {NAME: chosen.family.name, **chosen.labels[int(row)]}
                found.setdefault(tuple(sorted(labels.items())), labels)
            if len(found) > _MOST_LABEL_SETS:
                raise failed(f"the response exceeded the limit of {_MOST_LABEL_SETS} series; narrow the selector")
        return success(list(found.values()))

    def labels(self, store: Store, asked: Parameters, _: Request) -> bytes:
        names: set[str] = set()
        for chosen, rows in self._seen(store, asked):
            alike = isinstance(chosen.family, Crowd)
            names |= {NAME, *(name for row in rows[: 1 if alike else None] for name in chosen.labels[int(row)])}
        return success(sorted(names))

    def label_values(self, store: Store, asked: Parameters, request: Request) -> bytes:
        label = request.path_params["label"]
        if label == NAME:
            return success(sorted({chosen.family.name for chosen, _ in self._seen(store, asked)}))
        values = {chosen.labels[int(row)].get(label) for chosen, rows in self._seen(store, asked) for row in rows}
        return success(sorted(value for value in values if value))

    def metadata(self, store: Store, asked: Parameters, _: Request) -> bytes:
        told = {
            _family_name(family.name, family.kind): [{"type": family.kind, "help": family.about, "unit": ""}]
            for family in store.holdings.families
        }
        wanted = asked.get("metric")
        return success({name: each for name, each in sorted(told.items()) if wanted in ("", name)})

    def _seen(self, store: Store, asked: Parameters) -> Iterator[tuple[Selected, Whole]]:
        """Series that match any selector and have a sample in the period."""
        start = max(asked.time("start", 0) // 1_000, store.oldest)
        end = min(asked.time("end", store.now * 1_000) // 1_000, store.now)
        if end < start:
            return
        for matchers in [_selector(text) for text in asked.all("match[]")] or [()]:
            for chosen in store.select(matchers):
                seen = np.flatnonzero(chosen.family.seen(start, end + 1)[chosen.series])
                rows = seen if chosen.rows is None else np.unique(chosen.rows[seen])
                if len(rows):
                    yield chosen, rows


def _selector(text: str) -> tuple[Matcher, ...]:
    try:
        tree = parsed(text)
    except QueryError as wrong:
        raise QueryError(wrong.said.replace('"query"', '"match[]"', 1)) from None
    if not isinstance(tree, ast.VectorSelector):
        raise _invalid("match[]", "1:1: parse error: expected a series selector")
    return matchers_of(tree)


def _steps(asked: Parameters) -> Whole:
    """The moments of a range query."""
    start, end = asked.time("start"), asked.time("end")
    if end < start:
        raise _invalid("end", "end timestamp must not be before start time")
    step = asked.step()
    if step <= 0:
        raise _invalid("step", "zero or negative query resolution step widths are not accepted. Try a positive integer")
    if (end - start) // step > MOST_POINTS:
        raise QueryError(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
            "(?step=XX)"
        )
    return np.arange(start, end + 1, step, dtype=np.int64)


def _family_name(name: str, kind: str) -> str:
    """A histogram's parts are one family."""
    if kind != "histogram":
        return name
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)
