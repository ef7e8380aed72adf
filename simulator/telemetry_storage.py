"""Object Storage: what lies in each bucket, what goes in and out of it, and how many requests it answers."""

from collections.abc import Sequence

import numpy as np

from simulator.instants import DAY
from simulator.resources import Resource
from simulator.s3_objects import daily_totals
from simulator.telemetry_families import Labels, Metric
from simulator.telemetry_flows import Flow
from simulator.telemetry_landscape import Board, Landscape
from simulator.telemetry_noise import Floats, Whole
from simulator.telemetry_requests import Traffic, rhythm, served_by, traffic
from simulator.telemetry_usage import by_environment
from simulator.telemetry_values import ByDay, Counter, Increase, Values

_OBJECTS, _STORAGE, _BANDWIDTH = "/storage/obj/", "/storage/obj/storage/", "/storage/obj/bandwidth/"
_OFFER = "/storage/obj/offer/"
_INWARD = "to-internal"
_GB = 10**9
_USUAL_OBJECT = 4_000_000
_USUAL_ANSWER = 180_000
_USUAL_REQUESTS = by_environment(4_000, 300, 400, 50, 1_500)
_RESPONSES = {
    "0.025": 0.42,
    "0.05": 0.68,
    "0.1": 0.86,
    "0.25": 0.95,
    "0.5": 0.985,
    "1": 0.995,
    "2.5": 0.999,
    "+Inf": 1.0,
}
_MEAN_SECONDS = 0.062


def buckets(land: Landscape, resources: Sequence[Resource]) -> tuple[list[Metric], Traffic | None]:
    """The families of buckets, and the requests they answer."""
    rows = [row for row in resources if is_bucket(row)]
    if not rows:
        return [], None
    things = land.things(rows)
    board = Board(things, [land.labels(row, "object_storage_bucket") for row in rows])
    objects, held, parts = (
        np.array(each, dtype=np.float64) for each in zip(*(_held(land, row) for row in rows), strict=True)
    )
    for name, about, table in (
        ("usage_bytes_total", "Bytes that lie there", held),
        ("objects_total", "Objects and their versions", objects),
        ("parts_total", "Parts of incomplete uploads", parts),
    ):
        _daily(board, f"object_storage_bucket_{name}", about, table)
    outward, inward = (np.array([_moved(land, row, way) for row in rows], dtype=np.int64) for way in (False, True))
    said = [served_by(row, _usual(row, outward[index])) for index, row in enumerate(rows)]
    signal = rhythm(land, things, said)
    for name, moved in (("egress", outward), ("ingress", inward)):
        flow = Flow.of(things, np.arange(len(rows)), moved, signal)
        _moving(board, f"object_storage_bucket_bandwidth_{name}_bytes", flow)
    counted = traffic(land, things, said, [row.id for row in rows])
    histogram(board, "object_storage_bucket_http_response_time_seconds", counted, _RESPONSES, _MEAN_SECONDS)
    return board.made, counted


def is_bucket(row: Resource) -> bool:
    """Whether its meters are those of a bucket."""
    skus = [meter.sku for meter in row.meters if not meter.sku.startswith(_OFFER)]
    return row.kind == "service" and any(sku.startswith(_OBJECTS) for sku in skus)


def histogram(board: Board, name: str, counted: Traffic, shares: dict[str, float], mean: float) -> None:
    """A classic histogram of the requests of each line: buckets, count and sum."""

    def repeated(member: Whole, parts: Sequence[float]) -> Values:
        return Counter(counted.flow, np.arange(len(member)) // len(parts), np.tile(parts, len(member) // len(parts)))

    def by_bound(row: int) -> list[Labels]:
        return [{**labels, "le": bound} for labels in counted.labels_of(row) for bound in shares]

    bounds = list(shares.values())
    board.add(f"{name}_bucket", "histogram", "Response times", lambda rows: repeated(rows, bounds), by_bound)
    board.add(f"{name}_count", "histogram", "Response times", lambda rows: repeated(rows, [1.0]), counted.labels_of)
    board.add(f"{name}_sum", "histogram", "Response times", lambda rows: repeated(rows, [mean]), counted.labels_of)


def _daily(board: Board, name: str, about: str, table: Floats) -> None:
    board.add(name, "gauge", about, lambda member: ByDay(table, member))


def _moving(board: Board, name: str, flow: Flow) -> None:
    board.add(name, "gauge", "Bytes since the sample before", lambda member: Increase(flow, member, 1.0))


def _held(land: Landscape, row: Resource) -> tuple[list[int], list[int], list[int]]:
    """Objects, bytes and parts by day: of the bucket as it is served, else of what is billed."""
    days = range(land.calendar.start, land.calendar.end, DAY)
    stored = land.world.storage.buckets.get(row.id)
    if stored is not None:
        totals = daily_totals(stored.held, days).values()
        return [t.objects for t in totals], [t.bytes + t.part_bytes for t in totals], [t.parts for t in totals]
    meters = [meter for meter in row.meters if meter.sku.startswith(_STORAGE)]
    held = [sum(land.billed(row, meter.amount * _GB, day) for meter in meters) for day in days]
    return [size // _USUAL_OBJECT for size in held], held, [0] * len(held)


def _moved(land: Landscape, row: Resource, inward: bool) -> list[int]:
    """Bytes by day, as they are billed."""
    days = range(land.calendar.start, land.calendar.end, DAY)
    meters = [
        meter
        for meter in row.meters
        if meter.sku.startswith(_BANDWIDTH) and (_INWARD in meter.sku) is inward and meter.per == "day"
    ]
    return [sum(land.billed(row, meter.amount * _GB, day) for meter in meters) for day in days]


def _usual(row: Resource, outward: Whole) -> int:
    """Requests a day that go with what leaves a bucket."""
    least = _USUAL_REQUESTS.get(row.project.environment, 0)
    return max(least, int(outward[-1]) // _USUAL_ANSWER)
