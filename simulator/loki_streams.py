"""Logs: how many bytes and lines each stream of each data source takes in over any time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulator.instants import DAY, HOUR, seconds
from simulator.resources import CONTROL_PLANE, Resource
from simulator.service_parts import meter
from simulator.telemetry_calendar import SHAPES, Calendar
from simulator.telemetry_landscape import Landscape
from simulator.telemetry_network import BALANCER
from simulator.telemetry_noise import Floats, Whole
from simulator.telemetry_scenario import LogStream
from simulator.telemetry_serverless import CONTAINER, FUNCTION
from simulator.telemetry_shapes import profiles
from simulator.telemetry_sources import COCKPIT, Source
from simulator.telemetry_storage import is_bucket
from simulator.telemetry_world import Holdings

_GB = 10**9
_CUSTOM, _OWN = f"{COCKPIT}custom-log/", f"{COCKPIT}scw-log/"
_TRACES = f"{COCKPIT}custom-trace/"
_USUAL_LEVELS = {"info": 0.93, "warn": 0.05, "error": 0.02}
_LEVELS_OF_ACCESS = {"info": 0.985, "warn": 0.012, "error": 0.003}
# what the resources of a product log on a day: their type, bytes of a request, bytes besides
_RDB, _REDIS = "/storage/rdb/instance/", "/storage/redis/main-node/"
_STEADY = {_RDB: ("rdb_instance_postgresql", 38_000_000), CONTROL_PLANE: ("kubernetes_cluster", 260_000_000)}
_SERVING = {BALANCER: ("load_balancer", 190), CONTAINER: ("serverless_container", 340)}
_FUNCTION_BYTES, _BUCKET_BYTES = 280, 410
_REST = "kubernetes_cluster"
_LINE_BYTES = 230
_HOURS = DAY // HOUR


@dataclass(frozen=True)
class Stream:
    """One stream of a log source; `daily` are its bytes by day of the calendar."""

    calendar: Calendar
    labels: Mapping[str, str]
    daily: Whole
    shape: str
    line_bytes: int

    def bytes_until(self, times: Whole) -> Whole:
        """Bytes from the beginning until each instant, in seconds since 1970."""
        since = np.clip(times - self.calendar.start, 0, self.calendar.size * DAY)
        day = np.minimum(since // DAY, self.calendar.size - 1)
        second = since - day * DAY
        hour = np.minimum(second // HOUR, _HOURS - 1)
        kinds = self.calendar.kinds[SHAPES.index(self.shape)][day]
        at_hour = np.floor(self._running[kinds, hour] * self.daily[day])
        after = np.floor(self._running[kinds, hour + 1] * self.daily[day])
        part = np.floor((after - at_hour) * ((second - hour * HOUR) / HOUR))
        found: Whole = self._before[day] + (at_hour + part).astype(np.int64)
        return found

    def lines_until(self, times: Whole) -> Whole:
        found: Whole = self.bytes_until(times) // self.line_bytes
        return found

    def daily_lines(self) -> Whole:
        """Lines of each day of the calendar."""
        ends = np.append(self.calendar.midnights, self.calendar.end)
        found: Whole = np.diff(self.lines_until(ends))
        return found

    @cached_property
    def _before(self) -> Whole:
        found: Whole = np.cumsum(self.daily) - self.daily
        return found

    @cached_property
    def _running(self) -> Floats:
        """The part of a day's bytes until each full hour, by kind of day."""
        curve = profiles(HOUR)[SHAPES.index(self.shape)]
        running = np.cumsum(curve, axis=1) / curve.sum(axis=1, keepdims=True)
        running[:, -1] = 1.0
        return np.concatenate([np.zeros((len(running), 1)), running], axis=1)


def billed_bytes(land: Landscape, row: Resource, word: str = _CUSTOM) -> Whole:
    """Bytes that are billed on each day."""
    amounts = [each.amount * _GB for each in row.meters if each.sku.startswith(word) and each.per == "day"]
    days = range(land.calendar.start, land.calendar.end, DAY)
    return np.array([sum(land.billed(row, amount, day) for amount in amounts) for day in days], dtype=np.int64)


def traced_bytes(land: Landscape, row: Resource) -> Whole:
    return billed_bytes(land, row, _TRACES)


def custom_streams(land: Landscape, source: Source) -> list[Stream]:
    """What a custom source takes in, dealt out to the services of its group. One with dates of its own takes its share
    of the whole while it lasts, and the others divide the rest."""
    row = source.resources[0]
    total = billed_bytes(land, row)
    said = row.group.logs or [LogStream(service=source.name, share=1, levels=_USUAL_LEVELS)]
    dated = [_active(land.calendar, each) for each in said]
    taken = np.zeros(land.calendar.size)
    for each, active in zip(said, dated, strict=True):
        if active is not None:
            taken += float(each.share) * active
    steady = sum(float(each.share) for each, active in zip(said, dated, strict=True) if active is None)
    made: list[Stream] = []
    left = total.copy()
    for position, (each, active) in enumerate(zip(said, dated, strict=True)):
        is_last = position == len(said) - 1
        share = float(each.share) * active if active is not None else float(each.share) / steady * (1 - taken)
        part = left.copy() if is_last else np.floor(total * np.clip(share, 0, 1)).astype(np.int64)
        left -= part
        made += _by_level(land.calendar, {"service_name": each.service}, part, each)
    return made


def _active(calendar: Calendar, stream: LogStream) -> Floats | None:
    """1 on the days a stream with dates of its own lasts."""
    if stream.start is None and stream.end is None:
        return None
    first = seconds(stream.start) if stream.start else calendar.start
    last = seconds(stream.end) if stream.end else calendar.end
    found: Floats = ((calendar.midnights >= first) & (calendar.midnights < last)).astype(np.float64)
    return found


def _by_level(calendar: Calendar, labels: Mapping[str, str], total: Whole, said: LogStream) -> list[Stream]:
    made, left = [], total.copy()
    levels = list(said.levels.items())
    for position, (level, share) in enumerate(levels):
        is_last = position == len(levels) - 1
        part = left.copy() if is_last else np.floor(total * float(share)).astype(np.int64)
        left -= part
        made.append(Stream(calendar, {**labels, "detected_level": level}, part, said.shape, said.line_bytes))
    return made


def own_streams(land: Landscape, source: Source, held: Holdings) -> list[Stream]:
    """What Scaleway's products log for a project in a region: by request, or steadily; where it is billed, so much."""
    made = [stream for row in source.resources for stream in _of_resource(land, row, held)]
    billed = sum((billed_bytes(land, row, _OWN) for row in source.resources), np.zeros(land.calendar.size, np.int64))
    known = sum((stream.daily for stream in made), np.zeros(land.calendar.size, np.int64))
    rest = np.maximum(billed - known, 0)
    if rest.any():
        said = LogStream.model_validate({"service": _REST, "share": 1, "levels": _USUAL_LEVELS})
        labels = {**_place(source), "resource_type": _REST, "service_name": _REST}
        made += _by_level(land.calendar, labels, rest, said)
    return made


def _of_resource(land: Landscape, row: Resource, held: Holdings) -> Iterator[Stream]:
    if row.kind != "service":
        return
    alive = land.things([row]).counts(np.zeros(1, dtype=np.int64), slice(0, land.calendar.size))[0]
    share = alive / (DAY / land.scrape)
    for prefix, (kind, size) in _STEADY.items():
        if meter(row, prefix):
            yield from _streams(land, row, kind, np.floor(size * share).astype(np.int64), _USUAL_LEVELS)
    told = [(kind, row.id, size) for prefix, (kind, size) in _SERVING.items() if meter(row, prefix)]
    if meter(row, FUNCTION):
        own = land.world.identity.uuid("function", row.id) if meter(row, CONTAINER) else row.id
        told.append(("serverless_function", own, _FUNCTION_BYTES))
    if is_bucket(row):
        told.append(("object_storage_bucket", row.id, _BUCKET_BYTES))
    for kind, identifier, size in told:
        counted = held.counts.get((kind, identifier), {}).get("requests")
        if counted is not None:
            yield from _streams(land, row, kind, counted * size, _LEVELS_OF_ACCESS, identifier)


def _streams(
    land: Landscape, row: Resource, kind: str, daily: Whole, levels: Mapping[str, float], identifier: str = ""
) -> Sequence[Stream]:
    labels = {**land.labels(row, kind), "service_name": kind}
    if identifier:
        labels["resource_id"] = identifier
    said = LogStream.model_validate({"service": kind, "share": 1, "levels": levels, "line_bytes": _LINE_BYTES})
    return _by_level(land.calendar, labels, daily, said)


def _place(source: Source) -> dict[str, str]:
    return {"project_id": source.project_id, "region": source.region}
