"""What Cockpit tells of itself, and what fills a custom data source besides what anybody reads."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulator.instants import DAY
from simulator.resources import STEADY, Resource
from simulator.telemetry_families import Crowd, Family, Kind, Labels, Metric
from simulator.telemetry_flows import Flow
from simulator.telemetry_landscape import Board, Landscape
from simulator.telemetry_noise import Whole, seed_of
from simulator.telemetry_sources import COCKPIT, Source
from simulator.telemetry_values import Counter

_PREFIX = "observability_cockpit_"
INGESTED, RECEIVED = f"{_PREFIX}ingestion_samples_total", f"{_PREFIX}cortex_distributor_received_samples_total"
_SAMPLES = f"{COCKPIT}custom-sample/"
_FLAG = "is_from_scaleway"
# metrics that machines and clusters push unless somebody drops them: name, label, share of the rest
_OF_MACHINES: tuple[tuple[str, str, Kind, float], ...] = (
    ("node_systemd_unit_state", "name", "gauge", 0.21),
    ("container_cpu_usage_seconds_total", "pod", "counter", 0.13),
    ("container_memory_working_set_bytes", "pod", "gauge", 0.12),
    ("container_network_receive_bytes_total", "pod", "counter", 0.10),
    ("container_fs_reads_total", "pod", "counter", 0.09),
    ("namedprocess_namegroup_num_procs", "groupname", "gauge", 0.08),
    ("namedprocess_namegroup_cpu_seconds_total", "groupname", "counter", 0.08),
    ("node_schedstat_running_seconds_total", "cpu", "counter", 0.05),
    ("node_interrupts_total", "type", "counter", 0.05),
    ("node_filesystem_files_free", "mountpoint", "gauge", 0.04),
    ("node_network_flags", "device", "gauge", 0.03),
    ("node_scrape_collector_duration_seconds", "collector", "gauge", 0.02),
)
_OF_PROGRAMS: tuple[tuple[str, str, Kind, float], ...] = (
    ("http_server_request_duration_seconds_bucket", "uri", "counter", 0.34),
    ("http_client_request_duration_seconds_bucket", "uri", "counter", 0.17),
    ("db_query_duration_seconds_bucket", "statement", "counter", 0.15),
    ("jvm_memory_used_bytes", "pool", "gauge", 0.09),
    ("go_gc_duration_seconds", "quantile", "gauge", 0.07),
    ("queue_depth", "queue", "gauge", 0.07),
    ("http_server_requests_total", "uri", "counter", 0.06),
    ("feature_flag_evaluations_total", "flag", "counter", 0.05),
)


def billed_samples(land: Landscape, source: Source) -> Whole:
    """Samples that a custom source is billed for, by day."""
    row = source.resources[0]
    amounts = [each.amount for each in row.meters if each.sku.startswith(_SAMPLES) and each.per == "day"]
    days = range(land.calendar.start, land.calendar.end, DAY)
    return np.array([sum(land.billed(row, amount, day) for amount in amounts) for day in days], dtype=np.int64)


def crowd(
    land: Landscape, source: Source, told: Sequence[Family], machines: Sequence[Resource], job: str
) -> list[Family]:
    """Series that bring what is stored to what is billed, to within the samples of one series a day."""
    known = sum((family.samples_by_day() for family in told), np.zeros(land.calendar.size, dtype=np.int64))
    left = np.maximum(billed_samples(land, source) - known, 0) // (DAY // land.scrape)
    kinds = _OF_MACHINES if machines else _OF_PROGRAMS
    names = tuple(sorted({row.name for row in machines})) or (f"{source.name}-1", f"{source.name}-2")
    made: list[Family] = []
    rest = left.copy()
    for position, (name, label, kind, share) in enumerate(kinds):
        is_last = position == len(kinds) - 1
        counts = rest.copy() if is_last else np.floor(left * share).astype(np.int64)
        rest -= counts
        seed = seed_of(land.world.identity, source.id, name)
        offset = 1 + seed % max(land.scrape - 1, 1)
        common: Labels = {"job": job}
        about = "Pushed, and read by nobody"
        made.append(
            Crowd(name, kind, about, land.scrape, land.calendar, offset, seed >> 1, counts, label, common, names)
        )
    return made


def ingestion(
    land: Landscape, source: Source, told: Sequence[Family], custom: Sequence[Source]
) -> tuple[list[Metric], Flow]:
    """Samples that Cockpit counted for a place: those of Scaleway's own metrics, these counters among them, and those
    of each custom source."""
    rows = [_lasting(source), *(each.resources[0] for each in custom)]
    things = land.things(rows)
    counts = things.counts(np.arange(len(rows)), slice(0, land.calendar.size))
    own = sum((family.samples_by_day() for family in told), 2 * counts.sum(axis=0))
    totals = np.array([own, *(billed_samples(land, each) for each in custom)], dtype=np.int64)
    flow = Flow.of(things, np.arange(len(rows)), totals, None)
    board = Board(things, [_labels(each) for each in (source, *custom)])
    told_of = [[{_FLAG: "false" if each.is_custom else "true"}] for each in (source, *custom)]
    origins = [[{"origin": each.origin}] for each in (source, *custom)]
    every = np.ones(len(rows))
    for name, variants in ((INGESTED, told_of), (RECEIVED, origins)):
        labels: Sequence[Sequence[Labels]] = variants
        board.add(name, "counter", "Samples taken in", lambda rows: Counter(flow, rows, every), labels.__getitem__)
    return board.made, flow


def _labels(source: Source) -> Labels:
    return {
        "resource_id": source.id,
        "resource_name": source.name,
        "resource_type": "observability_cockpit",
        "project_id": source.project_id,
        "region": source.region,
    }


def _lasting(source: Source) -> Resource:
    """Something that lives as long as anything of a data source does."""
    first = source.resources[0]
    return replace(first, id=source.id, start=source.start, end=source.end, kind="service", load=STEADY)
